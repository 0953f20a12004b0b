"""What people recorded: numbered by patient, sealed, once for each tap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy.exc import IntegrityError

from app.core.ledger.action import Action
from app.store import Store, recorded
from tests.store.ledger_rows import ACTION, PATIENT, entry, trail
from tests.store.one_store import START, Clock, at_once, open_store

OTHER = PATIENT.replace("p1", "p2")


def add(store: Store, token: str, action: Action = ACTION, patient: str = PATIENT) -> Action:
    about = entry(store, "record-action", patient)
    with store.begin() as tx:
        recorded.lock(tx, patient)
        return recorded.of_tap(tx, token) or recorded.add(tx, about, action, token)


def undo(store: Store, action: Action, patient: str = PATIENT) -> Action | None:
    about = entry(store, "undo-action", patient)
    with store.begin() as tx:
        recorded.lock(tx, patient)
        return recorded.undo(tx, about, action.id, "Wren Castellane")


def kept(store: Store, patient: str = PATIENT) -> tuple[Action, ...]:
    with store.read() as tx:
        return recorded.of_patient(tx, patient)


def test_an_action_is_given_back_as_it_was_recorded_with_its_id_number_and_time(store: Store, clock: Clock) -> None:
    first = add(store, "tap-1")
    clock.advance(minutes=1)
    second = add(store, "tap-2")
    assert kept(store) == (first, second)
    assert first == replace(ACTION, id=first.id, number=1, at=START)
    assert (second.number, second.at) == (2, clock())
    assert add(store, "tap-3", patient=OTHER).number == 1
    assert trail(store) == ["record-action"] * 3
    with store.read() as tx:
        assert recorded.of_ids(tx, [second.id, "nobody"]) == {second.id: second}


def test_one_that_is_taken_back_says_by_whom_and_is_taken_back_once(store: Store, clock: Clock) -> None:
    action = add(store, "tap-1")
    clock.advance(minutes=1)
    assert undo(store, action, OTHER) is None
    taken_back = replace(action, undone_at=clock(), undone_by="Wren Castellane")
    assert undo(store, action) == taken_back
    assert undo(store, action) is None
    assert kept(store) == (taken_back,)
    assert trail(store) == ["record-action", "undo-action"]


def test_taps_at_the_same_instant_are_numbered_in_turn_and_a_double_tap_is_one_action(store: Store) -> None:
    found = at_once(8, lambda n: add(store, f"tap-{n // 2}"))
    assert sorted(action.number for action in kept(store)) == [1, 2, 3, 4]
    assert {action.id for action in found} == {action.id for action in kept(store)}
    assert trail(store) == ["record-action"] * 4


def test_an_undo_from_two_people_at_the_same_instant_is_one(store: Store) -> None:
    action = add(store, "tap-1")
    assert sum(each is not None for each in at_once(4, lambda _: undo(store, action))) == 1


def test_the_database_itself_keeps_a_tap_from_being_two_actions(store: Store) -> None:
    add(store, "tap-1")
    about = entry(store, "record-action")
    with pytest.raises(IntegrityError), store.begin() as tx:
        recorded.add(tx, about, ACTION, "tap-1")
    assert len(kept(store)) == 1


def test_a_user_finds_what_they_recorded_about_anybody_the_newest_first(store: Store, clock: Clock) -> None:
    old = add(store, "tap-1")
    clock.advance(days=2)
    mine = add(store, "tap-2"), add(store, "tap-3", patient=OTHER)
    add(store, "tap-4", replace(ACTION, who="Practitioner/wren"))
    with store.read() as tx:
        found = recorded.by_user(tx, ACTION.who, clock() - timedelta(days=1))
        assert set(found) == {(PATIENT, mine[0]), (OTHER, mine[1])}
        assert recorded.by_user(tx, ACTION.who, START)[-1] == (PATIENT, old)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_what_was_sealed_with_a_key_that_is_gone_is_left_out_and_counted_on(
    store: Store, url: str, clock: Clock
) -> None:
    add(store, "tap-1")
    later = open_store(url, clock, seal=MultiFernet([Fernet(Fernet.generate_key())]))
    try:
        assert kept(later) == ()
        assert add(later, "tap-2").number == 2
    finally:
        later.close()
