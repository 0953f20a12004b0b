"""Medication reconciliation after discharge (HEDIS TRC, medication reconciliation rate, 2026; MIPS 046): on the day of
an inpatient discharge (to 1 December) or within thirty days after it.

The service is coded in CPT II and SNOMED CT alone, which do not ship: without an imported list an entry that reads like
it leaves the row open, and nothing is offered to be sent. A discharge that the chart does not hold cannot be checked.
"""

from __future__ import annotations

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import YEAR_2026
from app.core.measures.kind import Kind, Window
from app.core.measures.rule import At, Event, MeasureName, MeasureRule, Population
from app.core.terminology import NO_CODES
from app.core.words import words

RULE = MeasureRule(
    key="medication-reconciliation",
    names=(
        MeasureName("TRC-MRP", ("2026", "MY2026")),
        MeasureName("MRP", ("2026", "MY2026")),
        MeasureName("MIPS046", ("2026",)),
    ),
    titles=frozenset(
        {
            "medication reconciliation post-discharge",
            "transitions of care: medication reconciliation post-discharge",
            "transitions of care - medication reconciliation post-discharge",
        }
    ),
    service="Medication reconciliation after discharge",
    act="reconcile-medications",
    act_out_of_range="",
    population=Population("18 years and older at the period's end, discharged from a hospital", (18, None), at=At.END),
    evidence=(
        Kind(
            "medication reconciliation",
            ("Procedure", "Encounter", "Observation"),
            NO_CODES,
            Window(),
            0,
            words(
                "(?:medication|med|drug)s? (?:list )?reconcil", "reconciliation of (?:discharge )?medic",
                "post.discharge medic", "transitional care management", r"tcm\b",
            ),
        ),
    ),
    order_days=30,
    order_types=(),
    urgency=Urgency.MONITORING,
    source=RuleSource(
        "HEDIS Transitions of Care (TRC), Medication Reconciliation Post-Discharge",
        "MY2026",
        "https://www.ncqa.org/report-cards/health-plans/state-of-health-care-quality-report/transitions-of-care-trc/",
    ),
    effective=YEAR_2026,
    event=Event(
        "hospital discharge", frozenset({"IMP", "ACUTE", "NONAC", "OBSENC"}), days=30, until_month_day=(12, 1)
    ),
)  # fmt: skip
