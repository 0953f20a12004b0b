"""One appointment and one patient become one row of the morning schedule (docs/rules.md, "The morning schedule")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from app.core.answers import Known
from app.core.chart import Chart, Fact, Patient
from app.core.flag import Panel, SourceState, State
from app.core.ledger.dismissal import Now
from app.core.ledger.outgoing import Ledger
from app.core.measures import REGISTRY, Registry
from app.core.placing import coded, like
from app.core.reading import PATIENT, Reading, last_day, read
from app.core.schedule.acts import ACTS, CHECK_APPOINTMENT, TRANSITION
from app.core.schedule.alike import alike
from app.core.schedule.appointment import Appointment
from app.core.schedule.entry import Protocol
from app.core.schedule.languages import other_than
from app.core.schedule.marks import marks
from app.core.schedule.needs import RISK_ASSESSMENT
from app.core.schedule.paper import printable as printable  # with the rows that it takes
from app.core.schedule.recorded import Recorded
from app.core.schedule.row import AFTER_DISCHARGE, MAX_STEPS, VISIT_CHECK, Mark, MarkKind, Row, Step
from app.core.schedule.since import known_before, last_visit, maybe_visit, orders, results_since
from app.core.schedule.steps import Visiting, counts, steps, urgent
from app.core.schedule.unheard import Unheard, unheard
from app.core.sensitive import age_of

DECEASED, HOSPICE = "deceased", "hospice"
NOTHING_RECORDED = Ledger()
#: The rule of the step after a discharge.
_RECONCILIATION = "medication-reconciliation"


def build(
    appointment: Appointment,
    patient_ref: str,
    *,
    patient: Patient | None,
    chart: Chart | None,
    panel: Panel | None,
    day: date,
    complete: bool,
    protocols: Sequence[Protocol] = (),
    may_see_prompts: bool = False,
    clinic_language: str = "en",
    payers_out: Sequence[str] = (),
    registry: Registry = REGISTRY,
    ledger: Ledger = NOTHING_RECORDED,
    now: Now | None = None,
) -> Row:
    """The row of one patient of an appointment, from the answers so far. `day` is the clinic's day of the visit.

    `patient`: as the schedule or the chart states them; None: not read. `panel`: of this chart, for a visit of this
    mode. `payers_out`: ids of payers that are being asked still. A group visit has a row for each of its patients.
    `ledger`, `now`: those that the panel was built with, as far as this role may see them.
    """
    known = chart.patient.value if chart is not None and isinstance(chart.patient, Known) else None
    deceased = any(each is not None and bool(each.deceased) for each in (known, patient))
    patient = known or patient
    reading = read(chart) if chart is not None else _NOTHING
    heard = unheard(panel, payers_out) if panel else Unheard()
    row = Row(
        appointment,
        patient_ref,
        patient,
        group=len(appointment.patients) if len(appointment.patients) > 1 else 0,
        new_patient=appointment.new_patient is True,
        interpreter=appointment.interpreter or bool(patient and patient.interpreter),
        language=other_than(clinic_language, patient.language) if patient else "",
        status=panel.status if panel else (),
        unread=_unread(chart, reading),
        restricted=heard.restricted,
        silent=heard.silent,
        payers=heard.payers,
        unconnected=heard.unconnected,
        complete=complete and not payers_out,
        as_of=_oldest(chart, panel),
    )
    if deceased or (panel is not None and panel.withheld == DECEASED):
        return replace(row, withheld=DECEASED, steps=(_CHECK,), new_patient=False)
    visit, waiting = last_visit(reading, day), orders(reading, registry, day)
    age = age_of(patient, day)
    row = replace(
        row,
        marks=marks(reading, day, age),
        first_here=_is_first_here(appointment, visit, reading, day),
        orders_pending=waiting.pending,
        orders_overdue=waiting.overdue,
        results_since=results_since(reading, visit, day),
    )
    if panel is None or panel.patient is None:
        return row
    said = Recorded.of(panel, ledger, now or Now(day))
    at = Visiting(appointment.mode, day, age, protocols, registry, reading, said)
    made = steps(panel, at)
    counted = counts(panel, made, at)
    row = replace(row, counts=counted if may_see_prompts else replace(counted, prompts=0))
    if panel.withheld:  # hospice: what the measures leave out is counted, and nothing is expanded
        return replace(row, withheld=panel.withheld)
    if row.complete:  # before, its card may still come
        made = _behind_urgent(made, said.steps(age, registry), panel)
    made = _with_transition(made, panel, row.marks, reading, registry)
    return replace(
        row,
        steps=made[:MAX_STEPS],
        more_steps=made[MAX_STEPS:],
        labs=tuple(dict.fromkeys(step.service for step in made if _is_laboratory(step))),
    )


def together(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows of a day beside each other, in their order: similar names and double bookings are marked."""
    rows = tuple(rows)
    return tuple(
        replace(
            row,
            similar=any(_similar(row, other) for other in rows if other is not row),
            double_booked=any(_clash(row.appointment, other.appointment) for other in rows if other is not row),
        )
        for row in rows
    )


# --- what stands in a row -------------------------------------------------------------------------------------------

_NOTHING = Reading({}, frozenset(), frozenset())
_CHECK = Step(
    VISIT_CHECK, CHECK_APPOINTMENT, "Appointment", ACTS[CHECK_APPOINTMENT].owner, ACTS[CHECK_APPOINTMENT].where
)


def _is_first_here(appointment: Appointment, visit: Fact | None, reading: Reading, day: date) -> bool:
    said = appointment.new_patient is not None or visit is not None or bool(reading.missing(("Encounter",)))
    return not said and known_before(reading, day) is None and maybe_visit(reading, day) is None


def _is_laboratory(step: Step) -> bool:
    act = ACTS.get(step.act)
    return act is not None and act.lab and step.state is State.DO_TODAY


def _with_transition(
    made: tuple[Step, ...], panel: Panel, found: Iterable[Mark], reading: Reading, registry: Registry
) -> tuple[Step, ...]:
    """The steps with that of a discharge, behind what is abnormal. Where a payer asks for the reconciliation, its card
    is that step; where the chart holds one since, there is none.
    """
    mark = next((mark for mark in found if mark.kind is MarkKind.DISCHARGED), None)
    cards = (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded, *panel.put_away, *panel.settled)
    if mark is None or mark.when is None or any(card.act == _RECONCILIATION for card in cards):
        return made
    rule = next((rule for rule in registry.rules if rule.key == _RECONCILIATION), None)
    kinds = rule.evidence if rule else ()
    if any(last_day(fact) >= mark.when for kind in kinds for fact in coded(kind, reading)):
        return made
    doubtful = any(last_day(fact) >= mark.when for kind in kinds for fact in like(kind, reading, wide=True))
    unread = reading.missing([type_ for kind in kinds for type_ in kind.types])
    act = ACTS[TRANSITION]
    state = State.CANNOT_TELL if doubtful or unread else State.DO_TODAY
    step = Step(AFTER_DISCHARGE, TRANSITION, "Follow-up after discharge", act.owner, act.where, state, due=mark.until)
    step = replace(step, sensitive=mark.sensitive)
    return _behind_urgent(made, (step,), panel)


def _behind_urgent(made: tuple[Step, ...], added: tuple[Step, ...], panel: Panel) -> tuple[Step, ...]:
    """The steps of the cards with others, which stand behind what is abnormal."""
    first = urgent(panel)
    return (*(s for s in made if s.key in first), *added, *(s for s in made if s.key not in first))


def _unread(chart: Chart | None, reading: Reading) -> tuple[str, ...]:
    """What of the chart could not be read, or not wholly. That there are no risks to be read is no lack."""
    if chart is None:
        return ()
    heads = {PATIENT: chart.patient, "Coverage": chart.coverages}
    unread = [name for name, answer in heads.items() if answer is not None and not isinstance(answer, Known)]
    return (*unread, *(kind for kind in chart.facts if kind in reading.unread and kind != RISK_ASSESSMENT))


def _oldest(chart: Chart | None, panel: Panel | None) -> str:
    """ISO time of the oldest answer that a row is made of; empty: there is none yet."""
    answers = (chart.patient, chart.coverages, *chart.facts.values()) if chart else ()
    times = [answer.received for answer in answers if isinstance(answer, Known)]
    lines = panel.sources if panel else ()
    heard = (SourceState.ANSWERED, SourceState.STALE)
    times += [datetime.fromisoformat(line.received) for line in lines if line.received and line.state in heard]
    return min(times).isoformat() if times else ""


# --- rows beside each other -----------------------------------------------------------------------------------------


def _similar(one: Row, other: Row) -> bool:
    if one.patient is None or other.patient is None or (one.patient_ref and one.patient_ref == other.patient_ref):
        return False
    return alike(one.patient, other.patient)


def _clash(one: Appointment, other: Appointment) -> bool:
    """Whether two appointments are at one time with one provider; where nobody is named, in one place."""
    if one.ref == other.ref:
        return False
    if one.practitioners and other.practitioners:
        same = bool(set(one.practitioners) & set(other.practitioners))
    else:
        same = bool(set(one.locations) & set(other.locations))
    return same and _overlap(one, other)


def _overlap(one: Appointment, other: Appointment) -> bool:
    if one.start == other.start:
        return True
    first, second = sorted((one, other), key=lambda each: each.start)
    return first.end is not None and second.start < first.end
