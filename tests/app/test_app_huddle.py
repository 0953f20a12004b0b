"""What one look at a day may show, to whom, what of it is recorded, and what is kept for when the EHR is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app.actions import Actions, Actor, Person
from app.core.answers import Known, Reason, Unknown
from app.core.ledger.action import Action
from app.core.ledger.item import of_panel
from app.core.ledger.outgoing import FollowUp
from app.core.ledger.verb import Verb
from app.core.report import Measure, Period
from app.core.roles import Role
from app.core.schedule.appointment import DayAsk
from app.core.schedule.entry import ProviderRow
from app.core.schedule.row import Owner
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day
from app.store import Store, audit, follow_ups, recorded
from app.store.migrations import migrate
from tests.core.made import build, chart, gap, payer
from tests.gather.mornings import WHO, Clinic, Insurer, Process, booked, opening, process
from tests.store.one_store import Clock, open_store

DAY = date(2026, 3, 2)
ASK = DayAsk.of("Practitioner/1", DAY)
OTHERS = DayAsk.of("Practitioner/2", DAY)
OF = opening(DAY)
COLLEAGUE = ProviderRow("Practitioner/2", "Dr. Two", roles=("clinical-staff",), users=("Practitioner/8",))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/huddle.sqlite3", clock)
    migrate(opened.engine)
    yield opened
    opened.close()


@contextmanager
def clinic_of(store: Store, clock: Clock, n: int = 3) -> Iterator[tuple[Process, Clinic, Insurer]]:
    clinic, payer = Clinic(clock, [booked(DAY, each) for each in range(n)]), Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}, others=[COLLEAGUE]) as here:
        yield here, clinic, payer


def reads(store: Store, handle: str = OF.handle) -> list[tuple[str, str]]:
    """The rows of which patients were recorded as seen, and in which state."""
    with store.read() as tx:
        found = [entry for entry in audit.trail(tx, handle) if entry.action == "read-schedule-row"]
    return [(entry.patient, entry.outcome) for entry in found]


def actor(role: Role, handle: str = OF.handle) -> Actor:
    return Actor(handle, "Practitioner/1", "Dr. One", role, OF.issuer)


# --- audit -----------------------------------------------------------------------------------------------------------


def test_every_patient_is_recorded_before_their_row_is_shown_and_not_again_while_it_is_the_same(
    store: Store, clock: Clock
) -> None:
    with clinic_of(store, clock) as (here, _, _):
        day = here.finished(OF, ASK)
        seen = reads(store)
        for _ in range(3):
            here.look(OF, ASK, day.version)
        assert reads(store) == seen
    assert {patient for patient, _ in seen} == {f"https://ehr.example|p{n}" for n in range(3)}
    assert {patient for patient, outcome in seen if outcome == "ok"} == {patient for patient, _ in seen}
    with store.read() as tx:
        assert audit.verify(tx) == []
        last = [entry for entry in audit.trail(tx, OF.handle) if entry.action == "read-schedule-row"][-1]
    assert (last.who, last.role) == ("Practitioner/1", "clinician")
    assert last.counts["northwind/care-gaps"] == 1


def test_another_launch_records_its_own_looks(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, _, _):
        here.finished(OF, ASK)
        here.finished(replace(OF, handle="other"), ASK)
    assert {patient for patient, _ in reads(store, "other")} == {f"https://ehr.example|p{n}" for n in range(3)}


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.FINANCE, Role.PRIVACY, Role.OPERATOR, Role.NONE])
def test_a_role_without_a_schedule_sees_none_and_none_is_asked_for(store: Store, clock: Clock, role: Role) -> None:
    of = opening(DAY, role)
    with clinic_of(store, clock) as (here, clinic, _):
        day = here.finished(of, ASK)
    assert (day.rows, day.missed, day.providers) == ((), (), ())
    assert not isinstance(day.schedule, Known)
    assert set(clinic.asked) <= {"user"}
    assert reads(store) == []


def test_another_providers_day_is_refused_and_not_asked_for(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, clinic, _):
        day = here.finished(OF, OTHERS)
    assert isinstance(day.schedule, Unknown)
    assert day.schedule.reason is Reason.NOT_ALLOWED
    assert day.rows == ()
    assert [row.ref for row in day.providers] == ["Practitioner/1"]
    assert not any(what.startswith("schedule") for what in clinic.asked)


def test_an_entry_opens_another_providers_day(store: Store, clock: Clock) -> None:
    of = opening(DAY, Role.CLINICAL_STAFF, user_ref="Practitioner/7")
    with clinic_of(store, clock) as (here, clinic, _):
        clinic.appointments = [booked(DAY, 1, practitioners=("Practitioner/2",)), booked(DAY, 2)]
        day = here.finished(of, OTHERS)
    assert [row.patient_ref for row in day.rows] == ["Patient/p1"]  # whatever else the EHR lists
    assert "Practitioner/2" in [row.ref for row in day.providers]


def test_a_manager_counts_no_prompts_and_risk_is_not_asked(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, _, payer):
        day = here.finished(opening(DAY, Role.MANAGER), ASK)
    assert not any(what.startswith("risk") for what in payer.asked)
    assert all(row.counts.prompts == 0 for row in day.rows)


# --- ticks -----------------------------------------------------------------------------------------------------------


def test_a_tick_of_a_colleague_is_a_new_version_and_one_taken_back_too(store: Store, clock: Clock) -> None:
    actions = Actions(store)
    with clinic_of(store, clock) as (here, _, _):
        before = here.finished(OF, ASK)
        [row, *_] = before.rows
        tick = Tick(row.appointment.ref, row.patient_ref, "", Ticked.PREPPED, "", clock(), day=DAY)
        assert here.look(OF, ASK, before.version).version == before.version
        actions.tick(actor(Role.CLINICAL_STAFF, "another"), "https://ehr.example|p0", tick)
        ticked = here.look(OF, ASK, before.version)
        assert [each.what for each in ticked.ticks] == [Ticked.PREPPED]
        actions.untick(actor(Role.CLINICAL_STAFF, "another"), "https://ehr.example|p0", tick)
        after = here.look(OF, ASK, ticked.version)
    assert len({before.version, ticked.version}) == 2
    assert after.ticks == ()
    assert after.version != ticked.version


# --- what somebody recorded ------------------------------------------------------------------------------------------

P1 = "https://ehr.example|p1"


def answered(verb: Verb, *, at: datetime, **other: Any) -> Action:
    """An action about the one gap that the payer lists of everybody, as it is drawn."""
    measure = Measure("https://example.org/Measure/any", "1", "Any measure")
    listed = gap(measure, status_words="open", period=Period(date(2026, 1, 1), date(2026, 12, 31)))
    [item] = of_panel(build(chart(), payer([listed]), today=DAY), DAY)
    return Action(verb, item, by="Dr. One", who="Practitioner/1", role="clinician", at=at, issuer=OF.issuer, **other)


def entry(action: str, at: datetime) -> audit.Audit:
    return audit.Audit(
        launch="another",
        who="Practitioner/1",
        role="clinician",
        patient=P1,
        action=action,
        counts={},
        outcome="ok",
        at=at,
    )


def record(store: Store, clock: Clock, action: Action, token: str = "tap") -> Action:
    with store.begin() as tx:
        recorded.lock(tx, P1)
        return recorded.add(tx, entry("record-action", action.at or clock()), action, token)


def test_what_anybody_records_is_no_step_at_the_next_look_and_a_step_again_when_it_is_taken_back(
    store: Store, clock: Clock
) -> None:
    with clinic_of(store, clock) as (here, _, _):
        before = here.finished(OF, ASK)
        assert [len(row.steps) for row in before.rows] == [1, 1, 1]
        declined = record(store, clock, answered(Verb.DECLINED, at=clock()))
        day = here.look(OF, ASK, before.version)
        assert [(len(row.steps), row.counts.unclear, row.counts.answered) for row in day.rows] == [
            (1, 1, 0),
            (0, 0, 1),
            (1, 1, 0),
        ]
        assert day.complete
        assert day.version != before.version
        assert here.look(OF, ASK, day.version).version == day.version
        with store.begin() as tx:
            recorded.undo(tx, entry("undo-action", tx.now), declined.id, "Dr. One")
        after = here.look(OF, ASK, day.version)
        assert after.version != day.version
        assert after.rows == before.rows
        assert [patient for patient, _ in reads(store)][-2:] == [P1, P1]
    with store.read() as tx:
        assert {each.action for each in audit.trail(tx, OF.handle)} <= {"read-schedule-row", "read-chart"}


def test_a_promise_that_is_overdue_is_a_step_with_its_owner_and_the_snapshot_keeps_it(
    store: Store, clock: Clock
) -> None:
    long_ago = clock() - timedelta(days=40)
    ordered = record(store, clock, answered(Verb.ORDERED, at=long_ago))
    due = DAY - timedelta(days=1)
    promised = FollowUp("f1", "result", ordered.item.keys, "Any measure", "clinician", due, long_ago, ordered.id)
    with store.begin() as tx:
        follow_ups.add(tx, entry("add-follow-up", tx.now), OF.issuer, Person(), [promised])
    with clinic_of(store, clock) as (here, _, _):
        day = here.finished(OF, ASK)
    [step] = day.rows[1].steps
    assert (step.act, step.owner, step.due, step.promise) == ("await-result", Owner.CLINICIAN, due, "result")
    assert later(store, clock, Clinic(clock, refuses=Reason.DOWN)).rows == day.rows
    clock.advance(minutes=5)
    record(store, clock, answered(Verb.DECLINED, at=clock()), "another tap")
    down = later(store, clock, Clinic(clock, refuses=Reason.DOWN), handle="last")
    assert [len(row.steps) for row in down.rows] == [1, 0, 1]
    assert (down.rows[1].counts.unclear, down.rows[1].counts.answered) == (0, 1)


def test_nothing_is_read_of_a_day_on_which_nothing_was_recorded_but_whether_something_was(
    store: Store, clock: Clock
) -> None:
    said: list[str] = []

    def listen(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        said.extend(name for name in (" actions", " outbox", " follow_ups") if f"FROM{name}" in statement)

    with clinic_of(store, clock) as (here, _, _):
        record(store, clock, answered(Verb.DECLINED, at=clock()))
        day = here.finished(OF, ASK)
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            here.look(OF, ASK, day.version)
            assert said == [" actions", " outbox", " follow_ups"]  # one statement
            record(store, clock, answered(Verb.NOT_NOW, at=clock()), "another tap")
            said.clear()
            here.look(OF, ASK, day.version)
            assert len(said) == 6
        finally:
            event.remove(Engine, "before_cursor_execute", listen)


# --- a hold while somebody looks -------------------------------------------------------------------------------------


def test_what_is_held_is_gone_from_the_next_look(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, _, payer):
        day = here.finished(OF, ASK)
        assert day.rows[1].counts.unclear == 1
        Actions(store).hold(actor(Role.CLINICIAN), "https://ehr.example|p1", "northwind", Person())
        day = here.look(OF, ASK, day.version)
        assert day.rows[1].counts.unclear == 0
        assert day.rows[1].silent == ("northwind",)
        assert [row.counts.unclear for row in day.rows] == [1, 0, 1]
        here.finished(OF, ASK)
    assert payer.asked["care-gaps p1 2026"] == 1


# --- the last whole morning ------------------------------------------------------------------------------------------


def later(store: Store, clock: Clock, clinic: Clinic, **changed: str) -> Day:
    """The day as another launch finds it, in another process."""
    of = replace(OF, **{"handle": "later", **changed})
    with process(store, clinic, {"northwind": Insurer("northwind", clock)}, who="later", others=[COLLEAGUE]) as here:
        return here.finished(of, ASK)


def test_the_last_whole_morning_is_shown_when_the_ehr_does_not_list_one(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, _, _):
        whole = here.finished(OF, ASK)
    kept = clock.now
    clock.advance(minutes=30)
    day = later(store, clock, Clinic(clock, refuses=Reason.DOWN))
    assert isinstance(day.schedule, Unknown)
    assert day.snapshot == kept
    assert day.rows == whole.rows
    assert {patient for patient, _ in reads(store, "later")} == {f"https://ehr.example|p{n}" for n in range(3)}


@pytest.mark.parametrize("reason", [Reason.CANNOT_LIST, Reason.NOT_ALLOWED])
def test_an_ehr_that_says_no_is_not_answered_for(store: Store, clock: Clock, reason: Reason) -> None:
    with clinic_of(store, clock) as (here, _, _):
        here.finished(OF, ASK)
    day = later(store, clock, Clinic(clock, refuses=reason))
    assert (day.rows, day.snapshot) == ((), None)


def test_nobody_is_shown_anothers_morning(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, clinic, _):
        here.huddle.look(OF, ASK, replace(WHO, user="Practitioner/9"))
        here.finished(OF, ASK)
        clinic.refuses = Reason.DOWN
        other = replace(OF, handle="later")
        reader = replace(WHO, user="Practitioner/9")
        day = here.huddle.look(other, ASK, reader)
        while not day.complete:
            day = here.huddle.look(other, ASK, reader, seen=day.version, timeout=2)
    assert (day.rows, day.snapshot) == ((), None)


def test_what_was_held_meanwhile_is_not_in_the_last_whole_morning(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, _, _):
        here.finished(OF, ASK)
    Actions(store).hold(actor(Role.CLINICIAN), "https://ehr.example|p1", "northwind", Person())
    day = later(store, clock, Clinic(clock, refuses=Reason.DOWN))
    assert [row.counts.unclear for row in day.rows] == [1, 0, 1]
    assert day.rows[1].patient is not None
    assert day.rows[1].silent == ("northwind",)


def test_a_chart_that_went_down_keeps_its_row_of_before(store: Store, clock: Clock) -> None:
    with clinic_of(store, clock) as (here, clinic, _):
        whole = here.finished(OF, ASK)
    clinic = Clinic(clock, [booked(DAY, n) for n in range(3)], rides=False)
    of = replace(OF, handle="later")
    with process(store, clinic, {}, who="later") as here:
        here.huddle.begin(of, ASK)
        clinic.open_.clear()
        clinic.fails = Reason.SLOW
        clinic.open_.set()
        day = here.finished(of, ASK)
    assert day.snapshot is not None
    assert [row.patient for row in day.rows] == [row.patient for row in whole.rows]
