"""Statin therapy for the prevention and treatment of cardiovascular disease (CMS347v9, performance period 2026): a
statin ordered, or a prescription that holds, in the period.

Four groups at high risk: cardiovascular disease at any age; LDL of 190 mg/dL or more, or familial
hypercholesterolaemia, from 20 to 75; diabetes from 40 to 75; a ten-year risk of 20 % or more from 40 to 75. Which of
them holds is the payer's to judge: none of them can be ruled out by age alone. HEDIS SPC and SPD count pharmacy claims
of certain strengths, so a prescription here does not settle them: their names are known, no version was compared.
Not checked: a documented medical reason for not ordering one, and adverse events.
"""

from __future__ import annotations

from app.core.flag import RuleSource, StatusKind, Urgency
from app.core.measures.common import ECQM_2026, PALLIATIVE, YEAR_2026
from app.core.measures.kind import Kind, Window
from app.core.measures.rule import ORDERED, Exclusion, MeasureName, MeasureRule, Out, Population
from app.core.terminology import ICD10CM, RXNORM, below, codes
from app.core.words import words

#: Ingredients, as an order may name them, and every oral form of the measure's three intensities (RxNorm, NLM).
INGREDIENTS = codes(RXNORM, "301542", "36567", "41127", "42463", "6472", "83367", "861634")
FORMS = codes(
    RXNORM, "197903", "197904", "197905", "198211", "200345", "259255", "310404", "310405", "312961", "312962",
    "314231", "359731", "359732", "360507", "404011", "404013", "433849", "476345", "476349", "476350", "476351",
    "597967", "597971", "597974", "597977", "597980", "597984", "597987", "597990", "597993", "617310", "617311",
    "617312", "859419", "859424", "859747", "859751", "861643", "861648", "861652", "904458", "904467", "904475",
    "904481", "1422086", "1422093", "1422096", "1422099", "1790679", "1944264", "2001254", "2001262", "2001266",
    "2167557", "2167565", "2167569", "2167573", "2535745", "2535747", "2535749", "2535750", "2689112", "2689121",
    "2689125",
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
        MeasureName("SPC", ()),
        MeasureName("SPC-E", ()),
        MeasureName("SPD", ()),
        MeasureName("SPD-E", ()),
    ),
    titles=frozenset(
        {
            "statin therapy for the prevention and treatment of cardiovascular disease",
            "statin therapy for patients with cardiovascular disease",
            "statin therapy for patients with diabetes",
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
            INGREDIENTS | FORMS,
            Window(),
            12,
            words(
                "atorvastatin", "rosuvastatin", "simvastatin", "pravastatin", "lovastatin", "fluvastatin",
                "pitavastatin", "lipitor", "crestor", "zocor", "pravachol", "livalo", "lescol", "vytorin", "caduet",
                "roszet", "zypitamag", "ezallor", "altoprev", unlike=("allerg", "intoleran"),
            ),
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
    statuses=(PALLIATIVE, Out(StatusKind.PREGNANCY)),
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
        Exclusion("statin allergy or intolerance", ("AllergyIntolerance",), (INGREDIENTS,), ever=True),
        Exclusion("liver disease", ("Condition",), (LIVER,), ever=False),
        Exclusion("end-stage kidney disease", ("Condition",), (codes(ICD10CM, "N18.6"),), ever=False),
    ),
)  # fmt: skip
