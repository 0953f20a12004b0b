"""Controlling high blood pressure (CMS165v14, performance period 2026; HEDIS CBP): below 140/90 on the newest day of
the period.

Of several readings on that day the lowest systolic and the lowest diastolic count. Readings from emergency and
inpatient encounters do not count. A day without both numbers is passed over.
"""

from __future__ import annotations

from decimal import Decimal

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import ECQM_2026, NOT_CHECKED, PALLIATIVE
from app.core.measures.rule import Exclusion, Kind, MeasureName, MeasureRule, Threshold, Window
from app.core.terminology import HCPCS, ICD10CM, ICD10PCS, LOINC, below, codes
from app.core.words import words

SYSTOLIC = codes(LOINC, "8480-6")
DIASTOLIC = codes(LOINC, "8462-4")
#: 85354-9 is US Core's panel; 55284-4 its predecessor in older charts; some EHRs write the two numbers apart.
PANEL = codes(LOINC, "85354-9", "55284-4")
UNITS = frozenset({"mm[Hg]", "mmHg", "mm Hg"})
PLAUSIBLE = (Decimal(20), Decimal(350))

RULE = MeasureRule(
    key="blood-pressure",
    names=(
        MeasureName("CMS165FHIRControllingHighBloodPressure", ("0.4.000", "0.5.000")),
        MeasureName("CMS165FHIR", ("0.4.000", "0.5.000")),
        MeasureName("EXM165-FHIR", ()),
        MeasureName("CMS165v13", ("13", "13.*")),
        MeasureName("CMS165v14", ("14", "14.*")),
        MeasureName("CBP", ("2025", "2026", "MY2025", "MY2026")),
        MeasureName("https://northwind.example/Measure/blood-pressure", ("2026",)),
        MeasureName("https://lakeside.example/fhir/Measure/blood-pressure", ("2025",)),
    ),
    titles=frozenset({"controlling high blood pressure", "blood pressure control"}),
    service="Blood pressure check",
    act="measure-blood-pressure",
    act_out_of_range="repeat-or-intensify",
    population=f"18 to 85 years with hypertension; {NOT_CHECKED}",
    evidence=(
        Kind(
            "blood pressure",
            ("Observation",),
            PANEL | SYSTOLIC | DIASTOLIC,
            Window(),
            months=12,
            words=words(
                "blood pressure", r"bp\b", unlike=("mean", "cuff", "orthostatic", "method", "position", "site", "goal")
            ),
            not_settings=frozenset({"EMER", "IMP", "ACUTE", "NONAC", "PRENC", "SS", "OBSENC"}),
        ),
    ),
    order_days=30,
    order_types=(),
    urgency=Urgency.MONITORING,
    source=RuleSource("CMS165, Controlling High Blood Pressure", "v14 (2026)", f"{ECQM_2026}/cms0165v14"),
    exclusions=(
        *PALLIATIVE,
        Exclusion(
            "end-stage kidney disease or kidney transplant",
            ("Condition",),
            (codes(ICD10CM, "N18.5", "N18.6", "Z94.0", "Z99.2"),),
            ever=False,
        ),
        Exclusion(
            "dialysis or kidney transplant",
            ("Procedure",),
            (
                below(ICD10PCS, "0TY0", "0TY1") | codes(HCPCS, "G0257", "S9339"),
            ),  # not 5A1D: also dialysis of acute injury
            ever=True,
        ),
        Exclusion(
            "pregnancy",
            ("Condition",),
            (below(ICD10CM, "O", "Z34") | codes(ICD10CM, "Z33.1"),),
            ever=False,
            lasts_days=300,  # problem lists keep a pregnancy for years
        ),
    ),
    latest=True,
    targets=(
        Threshold(Decimal(140), UNITS, inclusive=False, codes=SYSTOLIC, plausible=PLAUSIBLE),
        Threshold(Decimal(90), UNITS, inclusive=False, codes=DIASTOLIC, plausible=PLAUSIBLE),
    ),
    months_out_of_range=1,  # ACC/AHA guideline: reassess in one month after a reading above goal
    in_person=True,
)
