"""Controlling high blood pressure (CMS165v14, performance period 2026; HEDIS CBP): below 140/90 on the newest day of
the period.

Of several readings on that day the lowest systolic and the lowest diastolic count. Readings from emergency and
inpatient encounters do not count. A day without both numbers is passed over.
"""

from __future__ import annotations

from decimal import Decimal

from app.core.flag import RuleSource, StatusKind, Urgency
from app.core.measures.common import ECQM_2026, NURSING_HOME, PALLIATIVE, YEARS_2025_2026
from app.core.measures.kind import Kind, Threshold, Window
from app.core.measures.rule import Exclusion, MeasureName, MeasureRule, Out, Population
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
        MeasureName("CMS165FHIRControllingHighBP", ("1.0.000",)),
        MeasureName("CMS165FHIR", ("0.4.000", "0.5.000", "1.0.000")),
        MeasureName("EXM165-FHIR", ()),
        MeasureName("CMS165v13", ("13", "13.*")),
        MeasureName("CMS165v14", ("14", "14.*")),
        MeasureName("CBP", ("2025", "2026", "MY2025", "MY2026")),
    ),
    titles=frozenset({"controlling high blood pressure", "blood pressure control"}),
    service="Blood pressure check",
    act="measure-blood-pressure",
    act_out_of_range="repeat-or-intensify",
    population=Population(
        "18 to 85 years at the period's end, with essential hypertension", (18, 85), diagnosis=codes(ICD10CM, "I10")
    ),
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
    effective=YEARS_2025_2026,
    statuses=(
        PALLIATIVE,
        NURSING_HOME,
        Out(StatusKind.FRAILTY, ages=(66, 80)),
        Out(StatusKind.FRAILTY, ages=(81, None), alone=True),
        Out(StatusKind.PREGNANCY),
    ),
    exclusions=(
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
    ),
    latest=True,
    targets=(
        Threshold(Decimal(140), UNITS, inclusive=False, codes=SYSTOLIC, plausible=PLAUSIBLE),
        Threshold(Decimal(90), UNITS, inclusive=False, codes=DIASTOLIC, plausible=PLAUSIBLE),
    ),
    months_out_of_range=1,  # ACC/AHA guideline: reassess in one month after a reading above goal
    in_person=True,
)
