"""Kidney health evaluation in diabetes (CMS951v4, performance period 2026; HEDIS KED): an eGFR and a urine
albumin-creatinine ratio, both in the period. Urine albumin and urine creatinine at most four days apart count as a
ratio.
"""

from __future__ import annotations

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import DIABETES, ECQM_2026, PALLIATIVE, YEAR_2026
from app.core.measures.kind import Kind, Way, Window
from app.core.measures.rule import At, Exclusion, MeasureName, MeasureRule, Population
from app.core.terminology import HCPCS, ICD10CM, LOINC, codes
from app.core.words import words

#: The LOINC parts of the measure's value sets, but for urine creatine (2149-3, 2150-1), which is another substance.
EGFR = codes(
    LOINC, "48642-3", "48643-1", "50044-7", "50210-4", "62238-1", "69405-9", "70969-1", "77147-7", "88293-6", "88294-4",
    "94677-2", "98979-8", "98980-6",
)  # fmt: skip
RATIO = codes(
    LOINC, "13705-9", "14585-4", "14958-3", "14959-1", "30000-4", "30001-2", "32294-1", "44292-1", "59159-4", "76401-9",
    "77253-3", "77254-1", "9318-7",
)  # fmt: skip
ALBUMIN = codes(
    LOINC, "11218-5", "14956-7", "14957-5", "1754-1", "1755-8", "21059-1", "30003-8", "43605-5", "43606-3", "43607-1",
    "49002-9", "49023-5", "50209-6", "50949-7", "51190-7", "53530-2", "53531-0", "53532-8", "56553-1", "58448-2",
    "63474-1", "6941-9", "6942-7", "77940-5",
)  # fmt: skip
CREATININE = codes(
    LOINC, "14683-7", "20624-3", "2161-8", "25886-3", "30004-6", "35674-1", "55593-8", "57346-9", "58951-5"
)
LABORATORY = ("Observation",)

RULE = MeasureRule(
    key="kidney-evaluation",
    names=(
        MeasureName("CMS951FHIRKidneyHealthEval", ("1.0.000",)),
        MeasureName("CMS951FHIR", ("1.0.000",)),
        MeasureName("CMS951v4", ("4", "4.*")),
        MeasureName("KED", ("2026", "MY2026")),
    ),
    titles=frozenset({"kidney health evaluation", "kidney health evaluation for patients with diabetes"}),
    service="Kidney tests: eGFR and urine albumin",
    act="order-kidney-tests",
    act_out_of_range="",
    population=Population(
        "18 to 85 years at the period's start, with diabetes", (18, 85), at=At.START, diagnosis=DIABETES
    ),
    evidence=(
        Kind(
            "eGFR", LABORATORY, EGFR, Window(), 12,
            words(r"e?gfr\b", "glomerular filtration", "(?:estimated )?gfr"), True, act="order-egfr", number=True,
        ),
        Kind(
            "urine albumin-creatinine ratio", LABORATORY, RATIO, Window(), 12,
            words(r"u?acr\b", "(?:micro)?albumin ?[/-] ?creat", "albumin.{0,4}creatinine", unlike=("serum",)), True,
            act="order-urine-albumin", number=True,
        ),
        Kind("urine albumin", LABORATORY, ALBUMIN, Window(), 12, words("microalbumin", "urine albumin"), True,
             number=True),
        Kind("urine creatinine", LABORATORY, CREATININE, Window(), 12, words("urine creatinine"), True,
             number=True),
    ),
    ways=(
        Way(("eGFR", "urine albumin-creatinine ratio")),
        Way(("eGFR", "urine albumin", "urine creatinine"), near=("urine albumin", "urine creatinine"), days=4),
    ),
    order_days=30,
    order_types=("ServiceRequest",),
    urgency=Urgency.MONITORING,
    source=RuleSource("CMS951, Kidney Health Evaluation", "v4 (2026)", f"{ECQM_2026}/cms0951v4"),
    effective=YEAR_2026,
    statuses=(PALLIATIVE,),
    exclusions=(
        Exclusion("chronic kidney disease, stage 5", ("Condition",), (codes(ICD10CM, "N18.5", "N18.6"),), ever=False),
        Exclusion("dialysis", ("Procedure",), (codes(HCPCS, "S9339"),), ever=True),
    ),
)  # fmt: skip
