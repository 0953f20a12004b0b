"""Glycemic status assessment greater than 9% (CMS122v14, performance period 2026). Inverse measure.

The newest day decides; of several results on that day the lowest. 9.0 % exactly meets the target. HEDIS GSD is not
here: one canonical names both of its rates, and 8.5 % meets the one and misses the other.
"""

from __future__ import annotations

from decimal import Decimal

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import DIABETES, ECQM_2026, SENIORS, YEARS_2025_2026
from app.core.measures.kind import Kind, Threshold, Window
from app.core.measures.rule import MeasureName, MeasureRule, Population
from app.core.terminology import LOINC, codes
from app.core.words import words

#: HbA1c in percent (NGSP).
HBA1C = codes(LOINC, "4548-4", "4549-2", "17855-8", "17856-6", "96595-4")
GMI = codes(LOINC, "97506-0")
IFCC = codes(LOINC, "59261-8")  # in mmol/mol
#: Percent as laboratories write it. `mmol/mol` is never taken for it.
PERCENT = frozenset({"%", "percent", "%{Hb}", "%{HemoglobinA1C}", "% Hb", "% of total Hgb", "% of total hemoglobin"})
WORDS = words(
    r"(?:hb|hgb|ha?emoglobin) ?a1c\b", r"a1c\b", "glycated h", "glucose management", unlike=("goal", "target")
)

RULE = MeasureRule(
    key="glycaemic-status",
    names=(
        MeasureName("CMS122FHIRDiabetesAssessGreaterThan9Percent", ("0.4.000", "0.5.000")),
        MeasureName("CMS122FHIRDiabetesAssessGT9Pct", ("1.0.000",)),
        MeasureName("CMS122FHIR", ("0.4.000", "0.5.000", "1.0.000")),
        MeasureName("EXM122-FHIR", ()),
        MeasureName("CMS122v13", ("13", "13.*")),
        MeasureName("CMS122v14", ("14", "14.*")),
    ),
    titles=frozenset(
        {
            "diabetes: glycemic status assessment greater than 9%",
            "diabetes: hemoglobin a1c (hba1c) poor control (> 9%)",
            "diabetes: hba1c poor control (>9%)",
        }
    ),
    service="HbA1c test",
    act="order-hba1c",
    act_out_of_range="repeat-or-intensify",
    population=Population("18 to 75 years at the period's end, with diabetes", (18, 75), diagnosis=DIABETES),
    evidence=(Kind("HbA1c", ("Observation",), HBA1C | GMI, Window(), months=6, words=WORDS, other_scale=IFCC),),
    order_days=30,
    order_types=("ServiceRequest",),
    urgency=Urgency.MONITORING,
    source=RuleSource(
        "CMS122, Diabetes: Glycemic Status Assessment Greater Than 9%", "v14 (2026)", f"{ECQM_2026}/cms0122v14"
    ),
    effective=YEARS_2025_2026,
    statuses=SENIORS,
    latest=True,
    targets=(Threshold(Decimal(9), PERCENT, plausible=(Decimal(3), Decimal(25))),),
    months_out_of_range=3,  # ADA Standards of Care 2026, section 6: at least twice a year at goal, quarterly if not
    inverse=True,
)
