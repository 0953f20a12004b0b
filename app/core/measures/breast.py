"""Breast cancer screening (CMS125v14, performance period 2026; HEDIS BCS): a mammogram from 1 October two years before
the period to the period's end (27 months). Screening, diagnostic, film, digital and tomosynthesis all count;
ultrasound and MRI do not.
"""

from __future__ import annotations

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import ECQM_2026, NOT_CHECKED, PALLIATIVE
from app.core.measures.rule import ORDER_TYPES, Exclusion, Kind, MeasureName, MeasureRule, Window
from app.core.terminology import ICD10CM, ICD10PCS, LOINC, codes
from app.core.words import words

#: Our own choice of LOINC's mammography terms: screening, diagnostic, views, tomosynthesis; both sides or one.
MAMMOGRAM = codes(
    LOINC, "24604-1", "24605-8", "24606-6", "24610-8", "26175-0", "26176-8", "26177-6", "26346-7", "26347-5",
    "26348-3", "36625-2", "36626-0", "36627-8", "37774-7", "38070-9", "38071-7", "39152-4", "39153-2", "39154-0",
    "42168-5", "42169-3", "42174-3", "46342-2", "46350-5", "46354-7", "46355-4", "46356-2", "48475-8", "48492-3",
    "72137-3", "72138-1", "72139-9", "72140-7", "72141-5", "72142-3", "86462-9", "86463-7",
)  # fmt: skip

RULE = MeasureRule(
    key="breast-screening",
    names=(
        MeasureName("CMS125FHIRBreastCancerScreening", ("0.3.000", "0.4.000")),
        MeasureName("CMS125FHIR", ("0.3.000", "0.4.000")),
        MeasureName("EXM125-FHIR", ()),
        MeasureName("CMS125v13", ("13", "13.*")),
        MeasureName("CMS125v14", ("14", "14.*")),
        MeasureName("BCS", ("2025", "2026", "MY2025", "MY2026")),
        MeasureName("BCS-E", ("2025", "2026", "MY2025", "MY2026")),
        MeasureName("https://northwind.example/Measure/breast", ("2026",)),
        MeasureName("https://lakeside.example/fhir/Measure/breast", ("2025",)),
    ),
    titles=frozenset({"breast cancer screening", "mammography screening"}),
    service="Mammogram",
    act="order-mammogram",
    act_out_of_range="",
    population=f"women of 42 to 74 years at the period's end; {NOT_CHECKED}",
    evidence=(
        Kind(
            "mammogram",
            ("Observation", "DiagnosticReport", "Procedure"),
            MAMMOGRAM,
            Window(years_before=2, from_month_day=(10, 1)),
            months=24,
            words=words("mammo", "breast tomosynthesis", unlike=("ultraso", "localization")),
        ),
    ),
    order_days=90,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource("CMS125, Breast Cancer Screening", "v14 (2026)", f"{ECQM_2026}/cms0125v14"),
    exclusions=(
        *PALLIATIVE,
        Exclusion("both breasts removed", ("Condition",), (codes(ICD10CM, "Z90.13"),), ever=True),
        Exclusion(
            "both breasts removed", ("Condition",), (codes(ICD10CM, "Z90.11"), codes(ICD10CM, "Z90.12")), ever=True
        ),
        Exclusion("both breasts removed", ("Procedure",), (codes(ICD10PCS, "0HTV0ZZ"),), ever=True),
        Exclusion(
            "both breasts removed",
            ("Procedure",),
            (codes(ICD10PCS, "0HTT0ZZ"), codes(ICD10PCS, "0HTU0ZZ")),
            ever=True,
        ),
    ),
)
