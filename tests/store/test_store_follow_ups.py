"""Follow-ups: open until they are done, listed for one EHR."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from app.core.ledger.outgoing import FollowUp
from app.store import Store, follow_ups
from tests.store.ledger_rows import FOLLOW_UP, ISSUER, PATIENT, PERSON, entry, trail
from tests.store.one_store import Clock

SOONER = replace(FOLLOW_UP, label="Eye examination", due=date(2026, 3, 9))
OTHER = PATIENT.replace("p1", "p2")


def add(store: Store, *items: FollowUp, patient: str = PATIENT, issuer: str = ISSUER) -> tuple[str, ...]:
    about = entry(store, "add-follow-up", patient)
    with store.begin() as tx:
        return follow_ups.add(tx, about, issuer, PERSON, items)


def done(store: Store, *ids: str, patient: str = PATIENT) -> int:
    about = entry(store, "follow-up-done", patient)
    with store.begin() as tx:
        return follow_ups.done(tx, about, ids, "evidence")


def of_patient(store: Store) -> list[tuple[str, str]]:
    with store.read() as tx:
        return [(each.label, each.done_how) for each in follow_ups.of_patient(tx, PATIENT)]


def test_they_are_kept_as_they_were_made_by_due_day(store: Store) -> None:
    assert add(store) == ()
    later, sooner = add(store, FOLLOW_UP, SOONER)
    with store.read() as tx:
        expected = (replace(SOONER, id=sooner), replace(FOLLOW_UP, id=later))
        assert follow_ups.of_patient(tx, PATIENT) == expected
        assert follow_ups.open_of(tx, ISSUER) == tuple(follow_ups.Listed(each, PERSON, PATIENT) for each in expected)
        assert follow_ups.open_of(tx, "https://other.example") == ()
    assert trail(store) == ["add-follow-up"]


def test_what_is_done_is_done_once_and_seen_for_a_month(store: Store, clock: Clock) -> None:
    first, _ = add(store, SOONER, FOLLOW_UP)
    assert done(store, first, patient=OTHER) == 0
    assert done(store, first, "nobody") == 1
    assert done(store, first) == 0
    assert of_patient(store) == [("Eye examination", "evidence"), ("HbA1c test", "")]
    with store.read() as tx:
        assert [each.follow_up.label for each in follow_ups.open_of(tx, ISSUER)] == ["HbA1c test"]
    clock.now += follow_ups.SEEN - timedelta(microseconds=1)
    assert len(of_patient(store)) == 2
    clock.advance(microseconds=1)
    assert of_patient(store) == [("HbA1c test", "")]
    assert trail(store) == ["add-follow-up", "follow-up-done"]
