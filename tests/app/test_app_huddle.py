"""What one look at a day may show, to whom, what of it is recorded, and what is kept for when the EHR is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.actions import Actions, Actor, Person
from app.core.answers import Known, Reason, Unknown
from app.core.roles import Role
from app.core.schedule.appointment import DayAsk
from app.core.schedule.entry import ProviderRow
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day
from app.store import Store, audit
from app.store.migrations import migrate
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
    of = replace(OF, handle="later", **changed)
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
