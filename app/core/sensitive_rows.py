"""What is sensitive, as rows of data: by security label, by code, by the names of measures and categories, by words.

Sources, as read in November 2026:
- Labels: HL7 v3-Confidentiality and the information sensitivity codes of v3-ActCode (THO 7,
  http://terminology.hl7.org/CodeSystem/v3-Confidentiality, http://terminology.hl7.org/CodeSystem/v3-ActCode).
- Substance use: 42 CFR 2.11 (alcohol and drugs; not tobacco and caffeine),
  https://www.ecfr.gov/current/title-42/chapter-I/subchapter-A/part-2.
- Behavioural health, HIV, sexual and reproductive health, violence: what the states' laws on disclosure name, and the
  HL7 codes above are made for.
- Minors: 45 CFR 164.502(g)(3) leaves to state law what a minor may keep from a parent; the states' lists name
  sexual and reproductive health, mental health, substance use, and prevention of infections (the HPV vaccine) from
  twelve on.
Codes are ICD-10-CM, LOINC, RxNorm ingredients and CVX. They are few and the words are many: what only reads like it is
left off paper too. Not yet reviewed by a clinician or counsel; the law of the practice's state may name more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from app.core.measures.antidepressants import ANTIDEPRESSANTS
from app.core.measures.cervical import COLPOSCOPY, CYTOLOGY, HPV, HPV_16_18
from app.core.measures.depression import CARE, SCREENED
from app.core.terminology import CVX, ICD10CM, LOINC, RXNORM, CodeSet, below, codes
from app.core.words import Words, phrases


class Topic(StrEnum):
    """Why something is sensitive."""

    RESTRICTED = "restricted"  # the EHR says so, and not why
    BEHAVIOURAL = "behavioural-health"
    SUBSTANCE_USE = "substance-use"  # 42 CFR Part 2
    REPRODUCTIVE = "reproductive-health"
    SEXUAL = "sexual-health"
    HIV = "hiv"
    VIOLENCE = "violence"
    GENETIC = "genetic"
    MINOR = "minor-confidential"


#: meta.security codes. Everything that is not here (N, U, L, M; obligations, purposes) makes nothing sensitive.
LABELS: Mapping[str, Topic] = {
    **dict.fromkeys(
        ("R", "V", "SPI", "TBOO", "PRS", "PHY", "PDS", "DIA", "DRGIS", "CEL", "EMP", "TITLE38SECTION7332"),
        Topic.RESTRICTED,
    ),
    **dict.fromkeys(("ETH", "ETHUD", "OPIOIDUD", "SUD", "42CFRPart2"), Topic.SUBSTANCE_USE),
    **dict.fromkeys(("PSY", "PSYTHPN", "MH", "BH", "EMOTDIS", "COGN", "DVD"), Topic.BEHAVIOURAL),
    **dict.fromkeys(("SDV", "VIO", "MST"), Topic.VIOLENCE),
    **dict.fromkeys(("GDIS", "SCA", "SICKLE"), Topic.GENETIC),
    "HIV": Topic.HIV,
    "SEX": Topic.REPRODUCTIVE,
    "STD": Topic.SEXUAL,
    "ADOL": Topic.MINOR,
}

CODES: Mapping[Topic, CodeSet] = {
    Topic.SUBSTANCE_USE: below(
        ICD10CM, "F10", "F11", "F12", "F13", "F14", "F15", "F16", "F18", "F19", "F55", "O99.31", "O99.32", "R78.1",
        "R78.2", "R78.3", "R78.4", "T40.0", "T40.1", "T40.2", "T40.3", "T40.4", "T40.5", "T40.6", "T40.7", "T40.9",
        "Z71.41", "Z71.5",
    )
    | codes(RXNORM, "1819", "6813", "7243", "3554", "82819")  # buprenorphine … acamprosate
    | codes(LOINC, "72109-2", "75624-7", "75626-2", "82667-7"),  # AUDIT-C, AUDIT-C and AUDIT totals, DAST-10
    Topic.BEHAVIOURAL: below(
        ICD10CM, "F20", "F21", "F22", "F23", "F24", "F25", "F28", "F29", "F3", "F4", "F50", "F53", "F54", "F59", "F60",
        "F63", "F66", "F68", "F69", "F9", "R44", "R45.85", "R45.88", "T14.91", "X71", "X72", "X73", "X74", "X75", "X76",
        "X77", "X78", "X79", "X80", "X81", "X82", "X83", "Z91.5", "Z13.3", "Z86.51",
    )
    | SCREENED
    | CARE
    | ANTIDEPRESSANTS
    | codes(LOINC, "69737-5", "70274-6"),  # GAD-7
    Topic.REPRODUCTIVE: below(
        ICD10CM, "O", "Z30", "Z31", "Z32", "Z33", "Z34", "Z36", "Z37", "Z39", "Z3A", "Z64.0", "N46", "N87", "N96",
        "N97", "N98", "R87.6", "Z12.4", "Z01.4", "C53", "D06",
    )
    | CYTOLOGY
    | HPV
    | HPV_16_18
    | COLPOSCOPY
    | codes(LOINC, "82810-3", "11778-8", "11779-6", "11780-4", "2106-3", "2118-8", "21198-7"),  # pregnancy, hCG
    Topic.SEXUAL: below(
        ICD10CM, "A50", "A51", "A52", "A53", "A54", "A55", "A56", "A57", "A58", "A59", "A60", "A63", "A64", "F52",
        "F64", "F65", "N52", "Z11.3", "Z20.2", "Z70", "Z72.5", "Z87.890", "B97.7", "R37",
    )
    | codes(LOINC, "21613-5", "43304-5", "24111-7", "43305-2", "36902-5", "43403-5", "20507-0", "22461-8", "31147-2"),
    Topic.HIV: below(ICD10CM, "B20", "Z21", "R75", "O98.7", "B97.35", "Z11.4", "Z20.6", "Z71.7", "Z79.62")
    | codes(LOINC, "75622-1", "56888-1", "7918-6", "68961-2", "20447-9", "25836-8", "5223-3", "29893-5"),
    Topic.GENETIC: below(ICD10CM, "Z13.7", "Z14", "Z15", "D57", "G10"),
    Topic.VIOLENCE: below(ICD10CM, "T74", "T76", "Y07", "Z04.4", "Z04.7", "Z04.8", "Z69", "Z62.81", "Z63.0", "Z91.41"),
}  # fmt: skip

#: Words, each from the beginning of a word, in any case. What is `unlike` is taken out before they are looked for.
WORDS: Mapping[Topic, Words] = {
    Topic.SUBSTANCE_USE: phrases(
        "substance (?:use|abuse|misuse|depend|disorder)", "(?:un)?healthy alcohol", "alcohol", "alcoholi",
        "drug (?:use|abuse|misuse|depend|addict|screen|test|treat|rehab)", "illicit", "opioid", "opiate", "overdos",
        "addict", "detox", "naloxon", "narcan", "buprenorph", "suboxon", "methadon", "naltrexon", "vivitrol",
        "disulfiram", "acamprosat", "audit.?c\\b", "dast\\b", "cocain", "heroin", "(?:meth)?amphetamin", "cannabi",
        "marijuana", "sud\\b", "oud\\b", "aud\\b", "moud\\b", "sbirt", "sobriet", "recovery program",
        "part 2\\b", "42 ?cfr", "chemical depend", "medication.assisted",
        "mat (?:visit|follow|clinic|program|intake|refill)", "obot\\b", "otp\\b", "withdrawal", "intoxicat", "sober",
        "needle exchange", "12.?step", "recovery (?:cent|clinic|coach|house|services)", "sublocad", "fentanyl",
        unlike=("alcohol (?:swab|wipe|pad|prep|free)", "non.?alcoholic", "(?:steroid|caffeine) withdrawal"),
    ),
    Topic.BEHAVIOURAL: phrases(
        "depress(?:ion|ive)", "depressed mood", "phq", "gad.?7", "anxi", "psych", "neuropsych", "mental",
        "behaviou?ral", "bipolar", "mania", "manic", "schizo", "suicid", "self.?harm", "ptsd", "post.?traumatic stress",
        "adhd", "attention.deficit", "eating disorder", "anorexia nerv", "bulimi", "panic", "antidepress",
        "antipsychot", "personality disorder", "mood", "obsessive", "dissociat", "epds", "edinburgh postnatal",
        "lithium", "clozap", "ssri", "ketamin", "tms\\b", "transcranial", "bh\\b", "mh\\b", "lcsw", "lmft", "mdd\\b",
        "ocd\\b", "counsel", "psychotrop", "crisis (?:visit|interven|team|follow|cent)", "hallucinat", "paranoi",
        "emotional disturb", "dsf.?e\\b", "therapist", "ect\\b", "electroconvuls", "c-?ssrs", "columbia.suicid",
        unlike=(
            r"st.?(?:segment )?depression", "respiratory depress", "marrow depress",
            r"(?:nutrition|diet|weight|tobacco|smoking|exercise|travel|medication|pharmac|diabet|asthma)\w* counsel\w*",
            r"counsel\w* (?:for|on|about) (?:nutrition|physical|weight|diet|exercise|tobacco|smoking|fall)",
        ),
    ),
    Topic.REPRODUCTIVE: phrases(
        "pregnan", "gravid", "pre.?natal", "antenatal", "post.?partum", "post.?natal", "perinatal", "maternal",
        "maternity", "abort", "miscarr", "contracep", "birth control", "iud\\b", "intra.?uterine", "family planning",
        "fertil", "infertil", "ivf\\b", "obstetr", "ob.?gyn", "gyn\\b", "gyn(?:a)?ecolog", "pap\\b", "pap.?smear",
        "papanicol", "cervical (?:cancer|screen|cyto|dysplas|intra|smear|biops|patholog|cerclage)", "cervix",
        "colposcop", "hpv\\b", "papilloma", "well.?woman", "vasectom", "tubal", "sterili[sz]ation", "mifepris",
        "terminat", "(?:elective|medical|surgical) top\\b", "d ?(?:&|and) ?[ce]\\b", "ectopic", "hyperemesis",
        "f(?:o)?etal", "f(?:o)?etus", "midwi", "doula", "breast.?feed", "reproductiv", "planned parenthood",
        "plan b\\b", "morning.after", "ocps?\\b", "larc\\b", "nexplanon", "implanon", "mirena", "kyleena", "paragard",
        r"depo\b(?!.?medrol)", "nuva.?ring", "amenorr", "obgyn",
        "ob (?:visit|follow|f/?u|check|intake|new|return|us\\b|ultrasound|appoint)", "pelvic exam", "vagin",
        "(?:new|return|established|f/?u) ob\\b", "women.?s (?:health|clinic|cent)", "egg freez", "embryo", "misopros",
        "levonorgest", "medroxyprog", "depo.?prov", "hcg\\b", "ccs(?:-e)?\\b", "menstrua", "lactation",
        unlike=(
            "cervical (?:spine|radic|disc|collar|strain)", "soft tissue papilloma",
            r"terminat\w* of (?:service|employ|coverage|insurance|care|benefit)",
        ),
    ),
    Topic.SEXUAL: phrases(
        "sexual", "sex\\b", "sti\\b", "stis\\b", "stds?\\b", "chlamyd", "gonorr", "syphil", "rpr\\b", "genital",
        "trichomon", "venereal", "erectile", "libido", "gender (?:dysphor|identi|affirm|incongr)", "transgender",
        "herpes simplex", "hsv", "chl\\b", "sildenafil", "tadalafil", "viagra", "cialis", "doxy.?pep", "urethritis",
        "gender (?:care|clinic|health|service|program|transition|reassign|fluid|divers)", "trans (?:care|health)",
        "top surgery", "bottom surgery",
    ),
    Topic.HIV: phrases(
        "hiv\\b", "hiv[- ]?1", "human immunodef", "aids\\b", "anti.?retrovir", "cd4", "pre.?exposure proph",
        "post.?exposure proph",
        r"(?:on|start|starting|refill|daily|injectable) prep\b(?! (?:for|before) (?:col|sur|pro))",
        "prep (?:follow|f/?u|visit|refill|start|consult|clinic|lab|initiat|navigat|med|for hiv)", "npep\\b",
        "ryan white", "viral load", "apretude", "cabenuva", "truvada", "descovy", "biktarvy", "emtricitab",
        "tenofov", "dolutegrav", "cabotegrav",
        unlike=("(?:hearing|visual|decision|walking|mobility|sleep|digestive) aids",),
    ),
    Topic.VIOLENCE: phrases(
        "(?:domestic|intimate partner|interpersonal|partner|family|sexual|gender.based) violence", "domestic abuse",
        "sexual assault", "rape\\b", "(?:child|elder|spous\\w+|physical|emotional|sexual) (?:abuse|neglect|maltreat)",
        "abuse", "assault", "traffick", "maltreat", "battered", "ipv\\b", "dv\\b", "sane exam", "restraining order",
        "protective order", "child protect", "cps\\b", "safe house", "women.?s shelter",
        unlike=("ipv vaccin", r"ipv (?:dose|#|\d)", r"polio[^.;]{0,12}ipv"),
    ),
    Topic.GENETIC: phrases(
        "genetic", "brca", "huntington", "sickle.?cell", "carrier (?:screen|test|status)", "hereditary cancer",
        "lynch syndrome",
    ),
}  # fmt: skip

MINOR_AGES = (12, 17)  # both included; who is of unknown age may be one
MINOR_CODES: CodeSet = codes(CVX, "62", "118", "137", "165") | below(ICD10CM, "F17", "Z72.0", "Z11.3")  # HPV vaccines
MINOR_WORDS = phrases("hpv", "gardasil", "papillom", "tobacco", "vap(?:e|ing)", "e.?cigar", "nicotin", "confidential")

#: Our own measures, by the keys of their rules.
MEASURES: Mapping[str, Topic] = {
    "cervical-screening": Topic.REPRODUCTIVE,
    "depression-screening": Topic.BEHAVIOURAL,
}
#: What measures of others are called, where the name is letters only: HEDIS abbreviations and CMS numbers of 2026
#: (https://ecqi.healthit.gov/ep-ec).
NAMED: Mapping[Topic, re.Pattern[str]] = {
    Topic.BEHAVIOURAL: re.compile(
        r"\b(?:AMM|APM(?:-E)?|APP|ADD(?:-E)?|DMS-E|DRR-E|DSF-E|FUH|FUM|SAA|SMC|SMD|SSD|PDS-E|PND-E|CMS2|CMS128|CMS136|"
        r"CMS159|CMS161|CMS177)(?=\b|_|v\d|FHIR)"
    ),
    Topic.SUBSTANCE_USE: re.compile(r"\b(?:IET|FUA|FUI|POD|UOP|HDO|COU|ASF-E|CMS137|CMS460|CMS506)(?=\b|_|v\d|FHIR)"),
    Topic.REPRODUCTIVE: re.compile(r"\b(?:CCS(?:-E)?|PPC|PRS-E|CMS124|CMS334|CMS1028)(?=\b|_|v\d|FHIR)"),
    Topic.SEXUAL: re.compile(r"\b(?:CHL|CMS153)(?=\b|_|v\d|FHIR)"),
    Topic.HIV: re.compile(r"\b(?:HIV[A-Z]*|CMS349|CMS314|CMS1157|CMS1188)(?=\b|_|v\d|FHIR)"),
}
#: CMS-HCC categories by version of the model (V24: announcement of 2020; V28: announcement of 2024).
CATEGORIES: Mapping[tuple[str, str], Topic] = {
    **{("24", str(n)): Topic.SUBSTANCE_USE for n in (54, 55, 56)},
    **{("24", str(n)): Topic.BEHAVIOURAL for n in (57, 58, 59, 60)},
    **{("28", str(n)): Topic.SUBSTANCE_USE for n in (135, 136, 137, 138, 139)},
    **{("28", str(n)): Topic.BEHAVIOURAL for n in (151, 152, 153, 154, 155)},
    ("24", "1"): Topic.HIV,
    ("28", "1"): Topic.HIV,
}
