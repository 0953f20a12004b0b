"""Where a patient status shows, as rows of data: death is the patient record's; the rest stands here.

Sources: the libraries Hospice 6.18.000, PalliativeCare 1.18.000 and AdvancedIllnessandFrailty 1.27.000 of the 2026
measures (https://github.com/cqframework/dqm-content-qicore-2025), of which only the ICD-10-CM, HCPCS level II and LOINC
parts ship. Missing: the SNOMED CT and CPT parts, frailty devices, and dementia medicines as a sign of advanced illness;
where only those show it, the payer's own exclusion stands for it. One entry of frailty is enough, as in the eCQMs of
2026; HEDIS asks for two days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.measures.kind import Result
from app.core.terminology import HCPCS, ICD10CM, LOINC, NO_CODES, CodeSet, below, codes
from app.core.words import Words, phrases, words


class Sign(StrEnum):
    """What a row shows. Frailty and advanced illness make a status only together, or by age (`app.core.status`)."""

    HOSPICE = "hospice"
    PALLIATIVE = "palliative-care"
    PREGNANCY = "pregnancy"
    NURSING_HOME = "long-term-nursing-home"
    FRAILTY = "frailty"
    ADVANCED_ILLNESS = "advanced-illness"


@dataclass(frozen=True, slots=True)
class Row:
    """Where a sign shows: a resource type, with these statuses, by these codes or words, this many days back.

    `lasts`: an entry without an end still holds (a flag, a problem), for `lasts_days` if it says so; else it is what
    happened on its day. `answer`: counts only with this result. `period_years`: in a measure, how many years before
    the period it may lie. `both`: by code and by words, together. `asks`: what it finds may be the sign; it takes
    nobody out of anything, a person must look. `unless`: the answers that say it is not.
    """

    sign: Sign
    type: str
    statuses: frozenset[str]
    codes: CodeSet
    words: Words | None = None
    days: int = 365
    lasts: bool = False
    lasts_days: int | None = None
    answer: Result | None = None
    period_years: int = 0
    both: bool = False
    asks: bool = False
    unless: Result | None = None


FLAGGED = frozenset({"active"})
PRESENT = frozenset({"active", "recurrence", "relapse", ""})
VISITED = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
CARED = frozenset({"in-progress", "completed"})
ANSWERED = frozenset({"final", "amended", "corrected"})

# --- hospice ----------------------------------------------------------------------------------------------------------

#: Services that only hospice patients receive.
HOSPICE_SERVICES = codes(
    HCPCS, "G0182", "G9473", "G9474", "G9475", "G9476", "G9477", "G9478", "G9479", "Q5003", "Q5004", "Q5005", "Q5006",
    "Q5007", "Q5008", "Q5010", "S9126", "T2042", "T2043", "T2044", "T2045", "T2046",
)  # fmt: skip
HOSPICE_ASSESSMENT = codes(LOINC, "45755-6")  # Minimum Data Set: hospice care, answered yes
#: Somebody else's care: of a relative or friend, before or behind the word; or an occupation.
_KIN = (
    r"(?:husband|wife|spouse|partner|boyfriend|girlfriend|fianc|sons?\b|daughter|dtr\b|child(?:ren)?\b|brother|sister|"
    r"sibling|parents?\b|mother|father|mom\b|mum\b|dad\b|aunt|uncle|niece|nephew|cousin|grand(?:m|p|s|d|f)|"
    r"step.?(?:m|f|s|d)|in.laws?\b|relatives?\b|loved one|friend|room.?mate|neighbo)"
)
_JOB = r"(?:work(?:s|ed|ing)?\b|employ|occupation|retired|jobs?\b|career|caregiver (?:for|of|to))"
NOT_OWN = (
    rf"(?:{_KIN}|{_JOB})[^.;]{{0,30}}\b(?:hospice|palliative|pregnan|nursing home|snf)",
    rf"(?:hospice|palliative|nursing home)[^.;]{{0,20}}\b(?:for|of) (?:\w+ )?{_KIN}",
    "(?:hospice|palliative|nursing home) (?:employ|worker|volunteer)",
)
#: Hospice is enrolment, not a mention: a consult, an offer or a refusal is not care.
HOSPICE_WORDS = words(
    "hospice",
    unlike=(
        "palliative", "no hospice", "not ", "discuss", "inform", "evaluat", "eligib", "screen", "discharge[d]? from",
        "revok", "revoc", "graduat", "volunteer", "bereave", "consider", "offer", "mother", "father", "spouse",
        *NOT_OWN,
    ),
)  # fmt: skip
YES = Result(words=frozenset({"yes", "y", "true", "la33-6"}))

# --- palliative care, pregnancy, nursing home -------------------------------------------------------------------------

END_OF_LIFE = codes(ICD10CM, "Z51.5")  # encounter for palliative care; hospice has no code of its own
PALLIATIVE_SERVICES = codes(HCPCS, "G9054", "M1017")
_NOT = (
    "not ", "no ", "discuss", "inform", "evaluat", "eligib", "screen", "discharge[d]? from", "consider", "offer",
    "mother", "father", "spouse", "volunteer", "refer", "resolved", "ended", *NOT_OWN,
)  # fmt: skip
PALLIATIVE_WORDS = words("palliative", unlike=("hospice", *_NOT))
#: Pregnancy, childbirth and the puerperium, and supervision of it.
PREGNANT = below(ICD10CM, "O", "Z34") | codes(ICD10CM, "Z33.1")
PREGNANCY_STATUS = codes(LOINC, "82810-3")
PREGNANCY_WORDS = words(
    "pregnan", unlike=(*_NOT, "non.?pregnan", "prevent", "plan", "risk", "test", "previous", "prior", "post")
)
#: Whatever may mean a pregnancy of the patient's own now: enough to ask, not enough to say so.
PREGNANCY_READS = phrases(
    "pregnan", "gravid", "prenatal", "antenatal", "weeks?(?:'|’)? (?:of )?gestation",
    "gestation(?:al age|al period| period)", "intra.?uterine fetus", "(?:expected|estimated) date of delivery",
    unlike=(
        "not (?:currently )?(?:pregnan|gravid)", "no pregnan", "non.?pregnan", "negative pregnan", "denies",
        "pregnancy test(?:s|ing)?:? (?:is |was )?negative", "prevent", "post.?menopaus", "risk (?:of|for) pregnan",
        "^(?:personal |past )?(?:history|hx|h/o)", "^(?:previous|prior|past) pregnan", "pregnancy history",
        "(?:planning|plans|desires|wants|wishes) (?:a |for )?pregnan", *NOT_OWN,
    ),
)  # fmt: skip
#: Pregnancy status (82810-3): the answers by LOINC, and by the words of the codes that EHRs send (US Core Pregnancy
#: Status, https://hl7.org/fhir/us/core/StructureDefinition-us-core-observation-pregnancystatus.html).
IS_PREGNANT = Result(
    codes=codes(LOINC, "LA15173-0"),
    words=frozenset(
        {
            "pregnant",
            "pregnant (finding)",
            "currently pregnant",
            "patient currently pregnant",
            "patient currently pregnant (finding)",
        }
    ),
)
NOT_PREGNANT = Result(
    codes=codes(LOINC, "LA26683-5", "LA4489-6"),
    words=frozenset({"no", "n", "false", "unknown"}),
    like=phrases(
        "not (?:currently )?(?:pregnan|gravid)", "no (?:evidence of )?pregnan", "non.?pregnan", "negative", "unknown",
        "post.?menopaus", "not (?:known|applicable|asked)", "declin",
    ),
)  # fmt: skip
DELIVERY_DATE = codes(LOINC, "11778-8", "11779-6", "11780-4")
NURSING_HOME_WORDS = words(
    "nursing home", "long.?term care resident", "lives in (?:a )?nursing", "snf long", unlike=(*_NOT, "short", "rehab")
)
HOUSING = codes(LOINC, "71802-3")
LIVES_IN_NURSING_HOME = Result(
    words=frozenset({"lives in nursing home", "lives in nursing home (finding)", "nursing home"}),
    like=phrases("liv(?:es|ing) in (?:a |the )?nursing home", "long.?term nursing home", unlike=("not ", "no ")),
)

# --- frailty with advanced illness ------------------------------------------------------------------------------------

FRAIL_CONDITIONS = below(ICD10CM, "L89", "W01", "W06", "W07", "W08", "W10", "W18", "W19", "Z74", "Z99.3") | codes(
    ICD10CM, "M62.50", "M62.81", "M62.84", "R26.2", "R26.89", "R26.9", "R29.6", "R53.1", "R53.81", "R54", "R62.7",
    "R63.4", "R63.6", "R64", "Y92.199", "Z59.3", "Z73.6", "Z91.81", "Z99.11", "Z99.81", "Z99.89",
)  # fmt: skip
FRAIL_SERVICES = codes(
    HCPCS, "G0162", "G0299", "G0300", "G0493", "G0494", "S0271", "S0311", "S9123", "S9124", "T1000", "T1001", "T1002",
    "T1003", "T1004", "T1005", "T1019", "T1020", "T1021", "T1022", "T1030", "T1031",
)  # fmt: skip
ADVANCED_ILLNESS = below(
    ICD10CM, "A81.0", "C25", "C71", "C77", "C78", "C79", "F01", "F02", "F03", "G20", "G30", "I50", "J43", "J96.1",
    "J96.2", "J96.9", "K70.1", "K70.3", "K70.4",
) | codes(
    ICD10CM, "C91.00", "C91.02", "C92.00", "C92.02", "C93.00", "C93.02", "C93.90", "C93.92", "C93.Z0", "C93.Z2",
    "C94.30", "C94.32", "F04", "F10.27", "F10.96", "F10.97", "G10", "G12.21", "G31.01", "G31.09", "G31.83", "G35",
    "I09.81", "I11.0", "I12.0", "I13.0", "I13.11", "I13.2", "J68.4", "J84.10", "J84.112", "J84.170", "J84.178",
    "J98.2", "J98.3", "K70.2", "K70.9", "K74.00", "K74.01", "K74.02", "K74.1", "K74.2", "K74.4", "K74.5", "K74.60",
    "K74.69", "N18.5", "N18.6",
)  # fmt: skip

#: Hospice is looked for 90 days back: the first two benefit periods of Medicare hospice last 90 days each (42 CFR
#: 418.21). The others by the libraries named above: in the year; advanced illness in the year or the one before.
ROWS: tuple[Row, ...] = (
    Row(Sign.HOSPICE, "Flag", FLAGGED, HOSPICE_SERVICES, HOSPICE_WORDS, 90, lasts=True),
    Row(Sign.HOSPICE, "Encounter", VISITED, HOSPICE_SERVICES, HOSPICE_WORDS, 90),
    Row(Sign.HOSPICE, "Procedure", CARED, HOSPICE_SERVICES, HOSPICE_WORDS, 90),
    Row(Sign.HOSPICE, "ServiceRequest", FLAGGED, HOSPICE_SERVICES, HOSPICE_WORDS, 90),
    # A problem in words alone may be a relative's or an occupation: it asks, unless the code of palliative care agrees.
    Row(Sign.HOSPICE, "Condition", PRESENT, END_OF_LIFE, HOSPICE_WORDS, 90, lasts=True, both=True),
    Row(Sign.HOSPICE, "Condition", PRESENT, NO_CODES, HOSPICE_WORDS, 90, lasts=True, asks=True),
    Row(Sign.HOSPICE, "Observation", ANSWERED, HOSPICE_ASSESSMENT, None, 90, answer=YES),
    Row(Sign.PALLIATIVE, "Condition", PRESENT, END_OF_LIFE, lasts=True),
    Row(Sign.PALLIATIVE, "Encounter", VISITED, PALLIATIVE_SERVICES),
    Row(Sign.PALLIATIVE, "Procedure", CARED, PALLIATIVE_SERVICES),
    Row(Sign.PALLIATIVE, "Flag", FLAGGED, PALLIATIVE_SERVICES, PALLIATIVE_WORDS, lasts=True),
    # Problem lists keep a pregnancy for years.
    Row(Sign.PREGNANCY, "Condition", PRESENT, PREGNANT, None, 300, lasts=True, lasts_days=300),
    Row(Sign.PREGNANCY, "Observation", ANSWERED, PREGNANCY_STATUS, None, 120, answer=IS_PREGNANT),
    Row(Sign.PREGNANCY, "Flag", FLAGGED, NO_CODES, PREGNANCY_WORDS, 300, lasts=True, lasts_days=300),
    Row(Sign.PREGNANCY, "Condition", PRESENT, NO_CODES, PREGNANCY_READS, 300, lasts=True, lasts_days=300, asks=True),
    Row(Sign.PREGNANCY, "Flag", FLAGGED, NO_CODES, PREGNANCY_READS, 300, lasts=True, lasts_days=300, asks=True),
    Row(Sign.PREGNANCY, "Observation", ANSWERED, PREGNANCY_STATUS, None, 120, asks=True, unless=NOT_PREGNANT),
    Row(Sign.PREGNANCY, "Observation", ANSWERED, DELIVERY_DATE, None, 300, asks=True),
    Row(Sign.NURSING_HOME, "Observation", ANSWERED, HOUSING, answer=LIVES_IN_NURSING_HOME, lasts=True),
    Row(Sign.NURSING_HOME, "Flag", FLAGGED, NO_CODES, NURSING_HOME_WORDS, lasts=True),
    Row(Sign.FRAILTY, "Condition", PRESENT, FRAIL_CONDITIONS, lasts=True),
    Row(Sign.FRAILTY, "Encounter", VISITED, FRAIL_SERVICES),
    Row(Sign.ADVANCED_ILLNESS, "Condition", PRESENT, ADVANCED_ILLNESS, days=730, period_years=1),
)
#: The rows that show a sign, and those that only ask for it.
BY_SIGN: Mapping[Sign, tuple[Row, ...]] = {s: tuple(r for r in ROWS if r.sign is s and not r.asks) for s in Sign}
ASKING: Mapping[Sign, tuple[Row, ...]] = {s: tuple(r for r in ROWS if r.sign is s and r.asks) for s in Sign}
TYPES: tuple[str, ...] = tuple(dict.fromkeys(row.type for row in ROWS))
