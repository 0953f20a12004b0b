"""Hand-made rows for the morning schedule: one invented patient's chart and payers, seen at one appointment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.answers import Known
from app.core.chart import Chart, Concept, Fact, Name, Patient, When
from app.core.flag import Panel, PayerAnswers
from app.core.report import Measure
from app.core.schedule import rows
from app.core.schedule.appointment import Appointment, Mode
from app.core.schedule.row import Row, Step
from app.core.visit import Visit
from tests.core.made import ECQM, PATIENT, TODAY, build, chart, fact, on

START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

INFLUENZA = Measure("https://plan.example/Measure/AIS-E-Influenza", "2026", "Adult immunization status: influenza")
CERVICAL = Measure(ECQM + "CMS124FHIRCervicalCancerScreen", "1.0.000", "Cervical cancer screening")
DEPRESSION = Measure(ECQM + "CMS2FHIRPCSDepScreenAndFollowUp", "1.0.000", "Depression")
KIDNEY = Measure(ECQM + "CMS951FHIRKidneyHealthEval", "1.0.000", "Kidney health evaluation")
STATIN = Measure(ECQM + "CMS347FHIRStatinPreventionTxCVD", "1.0.000", "Statin therapy")
RECONCILED = Measure("https://plan.example/Measure/TRC-MRP", "2026", "Medication reconciliation post-discharge")


def appointment(**other: Any) -> Appointment:
    fields: dict[str, Any] = {
        "end": START + timedelta(minutes=20), "patients": ("Patient/ehr-1",), "practitioners": ("Practitioner/dr",),
    }  # fmt: skip
    return Appointment("Appointment/a1", "booked", START, **(fields | other))


def visited(when: str, setting: str = "AMB", **other: Any) -> Fact:
    """An encounter that took place; with `until` as text, a stay."""
    until = on(other.pop("until")) if "until" in other else None
    return fact(
        "Encounter", Concept(text=other.pop("text", "Office visit")), when, setting=setting, until=until, **other
    )


def panel_of(made: Chart, *payers: PayerAnswers, mode: Mode = Mode.IN_PERSON, **other: Any) -> Panel:
    """The panel as the schedule builds it: for a visit of the appointment's mode."""
    visit = Visit(TODAY, "AMB" if mode is Mode.IN_PERSON else "VR")
    return build(made, *payers, **{"visit": visit, **other})


def row(
    *payers: PayerAnswers, facts: tuple[Fact, ...] = (), at: Appointment | None = None, made: Chart | None = None,
    **other: Any,
) -> Row:  # fmt: skip
    """The row of a chart that has answered everything, beside these payers."""
    made, at = made or chart(*facts), at or appointment()
    known = made.patient.value if isinstance(made.patient, Known) else None
    fields: dict[str, Any] = {
        "patient": known, "chart": made, "panel": panel_of(made, *payers, mode=at.mode), "day": TODAY,
        "complete": True, "may_see_prompts": True,
    }  # fmt: skip
    return rows.build(at, "Patient/ehr-1", **(fields | other))


def every(made: Row) -> tuple[Step, ...]:
    return (*made.steps, *made.more_steps)


def keys(made: Row) -> list[str]:
    return [step.key for step in every(made)]


def person(family: str, given: str = "Ida", born: str = "1960-01-01", **other: Any) -> Patient:
    return Patient(f"{family}-{given}-{born}", (Name("official", family, (given,)),), When.day(on(born).start), **other)


__all__ = ["PATIENT", "TODAY"]
