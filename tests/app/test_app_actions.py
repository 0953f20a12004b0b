"""What people record here, twice: a second tap finds it done, and neither changes nor deletes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.actions import Actions, Actor, Decision, Person
from app.core.answers import Known
from app.core.restrictions import EVERY_PAYER
from app.core.roles import Role
from app.core.schedule.tick import Tick, Ticked
from app.errors import NotAllowed, NotFound
from app.store import Store, answers, audit, memories
from app.store.answers import Question, Settled
from app.store.migrations import migrate
from tests.store.one_store import START, Clock, open_store

ISSUER = "https://ehr.example"
PATIENT = f"{ISSUER}|p1"
DOCTOR, PRIVACY = (Actor("handle", "Practitioner/1", "", role, ISSUER) for role in (Role.CLINICIAN, Role.PRIVACY))
GAPS = Question("northwind", "care-gaps", "", PATIENT)
Tap = Callable[[Actions], bool]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/actions.sqlite3", Clock())
    migrate(opened.engine)
    yield opened
    opened.close()


def filled(store: Store) -> None:
    with store.begin() as tx:
        answers.claim(tx, [GAPS], timedelta(seconds=20), "one")
        answers.settle_all(tx, [Settled(GAPS, Known("text", "northwind", START), timedelta(minutes=15))], "one")
        memories.put(tx, PATIENT, "gaps", "handle", b"what was shown")


def kept(store: Store) -> tuple[bool, bool]:
    """Whether the answer and the memory are there."""
    with store.read() as tx:
        return GAPS in answers.snapshot(tx, [GAPS]), memories.newest(tx, PATIENT, "gaps", but_not="") is not None


def done(store: Store) -> list[str]:
    with store.read() as tx:
        return [entry.action for entry in audit.trail(tx, "handle")]


@pytest.mark.parametrize(
    ("tap", "action"),
    [
        (lambda actions: actions.hold(DOCTOR, PATIENT, "northwind", Person()), "hold-report"),
        (lambda actions: actions.restrict(PRIVACY, PATIENT, "northwind", Person(), "asked for"), "restrict"),
        (lambda actions: actions.restrict(PRIVACY, PATIENT, EVERY_PAYER, Person(), "asked for"), "restrict"),
    ],
)
def test_a_tap_forgets_what_was_said_and_a_replay_forgets_nothing(store: Store, tap: Tap, action: str) -> None:
    actions = Actions(store)
    filled(store)
    assert tap(actions)
    assert kept(store) == (False, False)
    filled(store)
    assert not tap(actions)
    assert kept(store) == (True, True)
    assert done(store) == [action]


def test_what_is_decided_on_is_what_was_shown(store: Store) -> None:
    actions = Actions(store)
    actions.hold(DOCTOR, PATIENT, "northwind", Person())
    [shown] = actions.desk(PRIVACY, "").waiting
    assert actions.decide(PRIVACY, shown.id, Decision.KEEP, "not hers", shown=shown.version) is None
    now = actions.decide(PRIVACY, shown.id, Decision.RELEASE, "hers", shown=shown.version)
    assert now is not None
    assert (now.released, now.decided and now.decided.note.why) == (False, "not hers")
    assert actions.desk(PRIVACY, "").kept == (now,)


def test_only_the_privacy_role_of_the_same_ehr_decides(store: Store) -> None:
    actions = Actions(store)
    actions.hold(DOCTOR, PATIENT, "northwind", Person())
    [shown] = actions.desk(PRIVACY, "").waiting
    elsewhere = Actor("handle", "Practitioner/1", "", Role.PRIVACY, "https://other.example")
    with pytest.raises(NotFound):
        actions.decide(elsewhere, shown.id, Decision.RELEASE, "hers", shown=shown.version)
    with pytest.raises(NotAllowed):
        actions.decide(DOCTOR, shown.id, Decision.RELEASE, "hers", shown=shown.version)
    assert actions.desk(PRIVACY, "").waiting == (shown,)


TICK = Tick("Appointment/a1", "Patient/p1", "eye-exam", Ticked.TOLD, "nobody", START, day=date(2026, 3, 2))


def test_a_tick_is_in_the_name_of_who_taps_and_is_there_for_the_day_of_the_visit(store: Store) -> None:
    actions, nurse = Actions(store), replace(DOCTOR, name="Maria Silva", role=Role.CLINICAL_STAFF)
    assert actions.tick(nurse, PATIENT, TICK)
    assert not actions.tick(replace(nurse, name="Ada Okafor"), PATIENT, TICK)
    assert [tick.by for tick in actions.prepared(PATIENT, date(2026, 3, 2))] == ["Maria Silva"]
    assert actions.prepared(PATIENT, date(2026, 3, 3)) == ()
    assert actions.prepared(f"{ISSUER}|p2", date(2026, 3, 2)) == ()
    assert actions.untick(DOCTOR, PATIENT, TICK)  # anybody of the team takes it back
    assert not actions.untick(DOCTOR, PATIENT, TICK)
    assert done(store) == ["tick", "untick"]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.PRIVACY, Role.OPERATOR, Role.FINANCE, Role.NONE])
def test_who_does_not_prepare_visits_ticks_nothing(store: Store, role: Role) -> None:
    actions = Actions(store)
    actions.tick(DOCTOR, PATIENT, TICK)
    for tap in (actions.tick, actions.untick):
        with pytest.raises(NotAllowed):
            tap(replace(DOCTOR, role=role), PATIENT, replace(TICK, step="another"))
    assert done(store) == ["tick"]
