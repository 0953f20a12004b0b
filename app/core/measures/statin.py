"""Statin therapy for the prevention and treatment of cardiovascular disease (CMS347v9, performance period 2026): a
statin ordered, or a prescription that holds, in the period.

Four groups at high risk: cardiovascular disease at any age; LDL of 190 mg/dL or more, or familial
hypercholesterolaemia, from 20 to 75; diabetes from 40 to 75; a ten-year risk of 20 % or more from 40 to 75. Which of
them holds is the payer's to judge: none of them can be ruled out by age alone. HEDIS SPC and SPD count pharmacy claims
of certain strengths, and adherence beside them under one canonical: a prescription here settles neither.
Not checked: a documented medical reason for not ordering one, and adverse events.
"""

from __future__ import annotations

from app.core.flag import RuleSource, StatusKind, Urgency
from app.core.measures.common import ECQM_2026, PALLIATIVE, YEAR_2026
from app.core.measures.kind import Kind, Window
from app.core.measures.rule import ORDERED, Doubt, Exclusion, MeasureName, MeasureRule, Out, Population
from app.core.terminology import ICD10CM, RXNORM, below, codes
from app.core.words import phrases, words

NAMES = (
    "atorvastatin", "rosuvastatin", "simvastatin", "pravastatin", "lovastatin", "fluvastatin", "pitavastatin",
    "cerivastatin", "lipitor", "crestor", "zocor", "pravachol", "mevacor", "livalo", "lescol", "vytorin", "caduet",
    "roszet", "zypitamag", "ezallor", "altoprev", "atorvaliq", "flolipid", "liptruzet", "simcor", "advicor", "nikita",
)  # fmt: skip
#: By RxNorm's ingredients (SAB=RXNORM, term type IN; NLM), all seven of them. An order that is coded as a product only
#: is recognised by its words, and settles nothing until the practice imports the products
#: (`statin-therapy/statin prescription`).
INGREDIENTS = codes(
    RXNORM,
    "83367",  # atorvastatin
    "41127",  # fluvastatin
    "6472",  # lovastatin
    "861634",  # pitavastatin
    "42463",  # pravastatin
    "301542",  # rosuvastatin
    "36567",  # simvastatin
)
BRANDS = codes(RXNORM, "153165")  # Lipitor, as lists of allergies name it
#: An allergy to it in words or other codes (classes of First Databank or Medi-Span, SNOMED CT); a problem or flag that
#: tells of harm from it.
STATIN = phrases("statins?\\b", "hmg.?co.?a", *NAMES, unlike=("no known", r"nkda\b", r"nka\b"))
_DRUG = rf"(?:(?!nystatin)\w*statins?\b|{'|'.join(NAMES)})"
_HARM = (
    "(?:allerg|intoleran|myopath|myalg|myosit|muscle|adverse|contraindic|side.effect|induced|unable|not tolerat|"
    "sensitiv)"
)
HARMED = phrases(
    f"{_DRUG}.{{0,40}}{_HARM}", f"{_HARM}.{{0,40}}{_DRUG}", "rhabdomyol",
    unlike=("family", "no (?:known |history of )?(?:statin|allerg|adverse|intoleran|contraindic)", "denies"),
)  # fmt: skip
LIVER = below(
    ICD10CM, "B15", "B16", "B17", "B18", "B19", "K70", "K71", "K72", "K73", "K74", "O98.41"
) | codes(ICD10CM, "K75.4")  # fmt: skip

RULE = MeasureRule(
    key="statin-therapy",
    names=(
        MeasureName("CMS347FHIRStatinPreventionTxCVD", ("1.0.000",)),
        MeasureName("CMS347FHIR", ("1.0.000",)),
        MeasureName("CMS347v9", ("9", "9.*")),
    ),
    titles=frozenset(
        {
            "statin therapy for the prevention and treatment of cardiovascular disease",
        }
    ),
    service="Statin therapy",
    act="consider-statin",
    act_out_of_range="",
    population=Population(
        "cardiovascular disease at any age; from 20 to 75 years LDL of 190 or more or familial hypercholesterolaemia; "
        "from 40 to 75 diabetes or a ten-year risk of 20 % or more"
    ),
    evidence=(
        Kind(
            "statin prescription",
            ("MedicationRequest",),
            INGREDIENTS,
            Window(),
            12,
            words(*NAMES, unlike=("allerg", "intoleran")),
            lasts=True,
            intents=ORDERED,
        ),
    ),
    order_days=30,
    order_types=(),
    urgency=Urgency.MONITORING,
    source=RuleSource(
        "CMS347, Statin Therapy for the Prevention and Treatment of Cardiovascular Disease",
        "v9 (2026)",
        f"{ECQM_2026}/cms0347v9",
    ),
    effective=YEAR_2026,
    # Pregnancy is no exclusion of the measure of 2026, and one of HEDIS; nobody is asked to start a statin in it.
    statuses=(PALLIATIVE, Out(StatusKind.PREGNANCY, asks=True)),
    exclusions=(
        Exclusion(
            "breastfeeding",
            ("Condition",),
            (
                codes(
                    ICD10CM, "O91.03", "O91.13", "O91.23", "O92.03", "O92.13", "O92.5", "O92.70", "O92.79", "Z39.1"
                ),
            ),
            ever=False,
            lasts_days=300,
        ),
        Exclusion(
            "rhabdomyolysis", ("Condition",), (codes(ICD10CM, "M62.82") | below(ICD10CM, "T79.6XX"),), ever=False
        ),
        Exclusion(
            "muscle symptoms from a statin",
            ("Condition",),
            (codes(ICD10CM, "G72.0", "G72.9", "M60.9", "M79.10", "T46.6X5A", "T46.6X5D", "T46.6X5S"),),
            ever=False,
        ),
        Exclusion("statin allergy or intolerance", ("AllergyIntolerance",), (INGREDIENTS | BRANDS,), ever=True),
        Exclusion("liver disease", ("Condition",), (LIVER,), ever=False),
        Exclusion("end-stage kidney disease", ("Condition",), (codes(ICD10CM, "N18.6"),), ever=False),
    ),
    doubts=(
        Doubt("statin allergy", ("AllergyIntolerance",), STATIN, INGREDIENTS | BRANDS),  # not confirmed, too
        Doubt("harm from a statin", ("Condition", "Flag"), HARMED),
    ),
)  # fmt: skip
