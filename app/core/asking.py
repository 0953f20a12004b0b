"""What to ask of whom, given the answers so far. Pure: `app/gather.py` asks, this only decides.

The order is a graph: the launch names the patient (or the encounter does); patient, coverage and every chart type are
asked side by side; the active coverages name the payers; a payer is asked who the member is, then for its reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.core.answers import Answer, Known
from app.core.chart import CHART_TYPES, Chart, Coverage, Fact, Patient
from app.core.coverage import Recognition, connect
from app.core.flag import PayerAnswers
from app.core.report import Period

EHR = "ehr"
PATIENT, COVERAGE, USER, ENCOUNTER = "patient", "coverage", "user", "encounter"
MEMBER, CARE_GAPS, RISK = "member", "care-gaps", "risk"
CHART_PREFIX = "chart/"

#: How far back each chart type is read, in years; absent: everything. The longest look-back of a rule decides
#: (colonoscopy: the measurement period and the nine years before it).
LOOK_BACK_YEARS: Mapping[str, int] = {
    "Encounter": 2, "Observation": 5, "DiagnosticReport": 10, "Procedure": 10, "MedicationRequest": 2,
    "ServiceRequest": 2, "Appointment": 1, "DocumentReference": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opening:
    """What one launch says about who opened whose chart. `day` is the clinic's date."""

    handle: str
    ehr: str
    ehr_name: str
    issuer: str
    patient_id: str | None
    encounter_id: str | None
    user_ref: str | None
    day: date
    scopes: frozenset[str] = frozenset()  # granted by the EHR for this launch


@dataclass(frozen=True, slots=True)
class PayerRow:
    """What the planner must know of a payer entry."""

    id: str
    name: str
    recognised_by: tuple[Recognition, ...]
    speaks: tuple[str, ...] = (CARE_GAPS, RISK)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one source: `source` is EHR or a payer id."""

    source: str
    name: str


Answers = Mapping[Ask, Answer[object]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every question that may be asked by now (answered or not), and what coverage made of the payers."""

    patient_id: str | None
    asks: tuple[Ask, ...]
    payers: tuple[tuple[PayerRow, Coverage], ...] = ()
    unconnected: tuple[Coverage, ...] = ()


def plan(opening: Opening, answers: Answers, payers: Sequence[PayerRow]) -> Plan:
    """The questions whose premises have been answered. More appear as answers arrive; none ever disappears."""
    asks: list[Ask] = []
    if opening.user_ref:
        asks.append(Ask(EHR, USER))
    if opening.encounter_id:
        asks.append(Ask(EHR, ENCOUNTER))
    patient_id = opening.patient_id or _subject_of_encounter(answers)
    if not patient_id:
        return Plan(None, tuple(asks))
    # The payers wait for these two, so they are asked before what nobody waits for.
    asks = [Ask(EHR, PATIENT), Ask(EHR, COVERAGE), *asks, *(Ask(EHR, CHART_PREFIX + kind) for kind in CHART_TYPES)]
    patient, coverages = answers.get(Ask(EHR, PATIENT)), answers.get(Ask(EHR, COVERAGE))
    if not (isinstance(patient, Known) and isinstance(coverages, Known)):
        return Plan(patient_id, tuple(asks))
    if _deceased(patient):
        return Plan(patient_id, tuple(asks))  # nothing about the dead is asked of anybody
    found: tuple[Coverage, ...] = coverages.value  # type: ignore[assignment] # that is what this question answers
    connected, unconnected = connect(found, opening.ehr, opening.day, payers)
    for row, _ in connected:
        asks += _payer_asks(row, answers)
    return Plan(patient_id, tuple(asks), connected, unconnected)


def _payer_asks(row: PayerRow, answers: Answers) -> list[Ask]:
    member = Ask(row.id, MEMBER)
    if isinstance(answers.get(member), Known):
        return [member, *(Ask(row.id, name) for name in row.speaks)]
    return [member]


def _subject_of_encounter(answers: Answers) -> str | None:
    encounter = answers.get(Ask(EHR, ENCOUNTER))
    if isinstance(encounter, Known) and isinstance(encounter.value, Fact):
        return encounter.value.subject.removeprefix("Patient/") or None
    return None


def _deceased(patient: Known[object]) -> bool:
    return isinstance(patient.value, Patient) and bool(patient.value.deceased)


def allows_more(ask: Ask) -> bool:
    """Whether an answer to `ask` can be the premise of another question."""
    return ask.name in (PATIENT, COVERAGE, ENCOUNTER, MEMBER)


def chart_of(answers: Answers) -> Chart:
    """The chart as far as it has answered."""
    facts = {
        ask.name.removeprefix(CHART_PREFIX): answer
        for ask, answer in answers.items()
        if ask.source == EHR and ask.name.startswith(CHART_PREFIX)
    }
    return Chart(answers.get(Ask(EHR, PATIENT)), answers.get(Ask(EHR, COVERAGE)), facts)  # type: ignore[arg-type] # typed by name


def look_back(kind: str, day: date) -> date | None:
    """The first day from which `kind` is read, or None for all of it."""
    years = LOOK_BACK_YEARS.get(kind)
    return None if years is None else day - timedelta(days=years * 366)


def report_period(day: date) -> Period:
    """The measurement period asked for: the calendar year of the visit (DEQM 5.0.0 `periodStart`, `periodEnd`)."""
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


def payers_of(planned: Plan, answers: Answers) -> tuple[PayerAnswers, ...]:
    """What has come back from each payer of an active coverage."""

    def answer(payer: PayerRow, name: str) -> Any:
        return answers.get(Ask(payer.id, name))

    return tuple(
        PayerAnswers(
            id=payer.id,
            name=payer.name,
            coverage=coverage,
            member=answer(payer, MEMBER),
            care_gaps=answer(payer, CARE_GAPS),
            risk=answer(payer, RISK),
            speaks=payer.speaks,
        )
        for payer, coverage in planned.payers
    )
