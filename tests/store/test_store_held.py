"""Holds and restrictions: idempotent, audited, sealed, and never lost by what happens to a key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.core.restrictions import Own
from app.store import Store, audit, barred, held, restrictions
from app.store.audit.chain import Audit
from app.store.held import Decision
from app.store.purge import purge
from app.store.said import Note, Person
from app.store.schema import AUDIT_KEPT
from tests.store.one_store import START, Clock, at_once, open_store
from tests.store.test_store_audit import ENTRY

NOTE = Note("Imani Osei", Person("Rivera, Marisol", "2 Apr 1961", "RB-1"), "not her")
OTHER = replace(ENTRY, patient="https://other.example/fhir|p1")


def entry(action: str, patient: str = ENTRY.patient) -> Audit:
    return replace(ENTRY, action=action, patient=patient, counts={"northwind": 1})


def hold(store: Store, payer: str = "northwind", patient: str = ENTRY.patient) -> bool:
    with store.begin() as tx:
        return held.hold(tx, entry("hold-report", patient), payer, NOTE)


def decide(store: Store, name: str, decision: Decision) -> bool:
    with store.begin() as tx:
        found = held.find(tx, name)
        if found is None or found.released:
            return False
        held.decide(tx, entry("decide-held"), found, decision, NOTE)
        return True


def payers(store: Store, patient: str = ENTRY.patient) -> set[str]:
    with store.read() as tx:
        return set(barred.own(tx, patient).held)


def waiting(store: Store) -> list[held.Held]:
    with store.read() as tx:
        return held.hidden(tx)


def actions(store: Store) -> list[str]:
    with store.read() as tx:
        assert audit.verify(tx) == []
        return [each.action for each in audit.trail(tx, ENTRY.launch)]


def test_a_hold_hides_one_payer_of_one_patient_and_a_second_tap_changes_nothing(store: Store) -> None:
    assert hold(store)
    assert not hold(store)
    assert payers(store) == {"northwind"}
    assert payers(store, OTHER.patient) == set()
    [found] = waiting(store)
    assert (found.payer, found.at, found.decided_at) == ("northwind", START, None)
    assert found.said is not None
    assert (found.said.who, found.said.patient, found.said.note) == (ENTRY.who, ENTRY.patient, NOTE)
    assert actions(store) == ["hold-report"]


def test_of_many_who_hold_at_once_one_does(store: Store) -> None:
    assert sum(at_once(8, lambda _: hold(store))) == 1
    assert len(waiting(store)) == 1
    assert actions(store) == ["hold-report"]


def test_what_is_kept_stays_hidden_until_it_is_released(store: Store) -> None:
    hold(store)
    hold(store, "lakeside")
    name = next(each.id for each in waiting(store) if each.payer == "northwind")
    assert decide(store, name, Decision.KEEP)
    assert payers(store) == {"northwind", "lakeside"}
    assert [each.payer for each in waiting(store)] == ["lakeside", "northwind"]  # who waits stands first
    assert not hold(store)
    assert decide(store, name, Decision.RELEASE)
    assert not decide(store, name, Decision.RELEASE)
    assert payers(store) == {"lakeside"}
    assert hold(store)
    assert actions(store) == ["hold-report", "hold-report", "decide-held", "decide-held", "hold-report"]


def test_every_decision_makes_another_version_of_a_hold(store: Store, clock: Clock) -> None:
    hold(store)
    [found] = waiting(store)
    versions = [found.version]
    for decision in (Decision.KEEP, Decision.KEEP, Decision.RELEASE):
        clock.advance(microseconds=1)
        with store.begin() as tx:
            held.decide(tx, replace(entry("decide-held"), at=tx.now), found, decision, NOTE)
            now = held.find(tx, found.id)
        assert now is not None
        versions.append(now.version)
    assert len(set(versions)) == 4
    assert now.released


def test_nobody_decides_what_is_not_there(store: Store) -> None:
    assert not decide(store, "0123", Decision.RELEASE)
    assert actions(store) == []


def test_a_hold_outlives_the_key_it_was_sealed_with(store: Store, url: str, clock: Clock) -> None:
    hold(store)
    later = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert payers(later) == {"northwind"}
    [found] = waiting(later)
    assert found.said is None
    assert decide(later, found.id, Decision.RELEASE)
    later.close()


def test_a_hold_is_kept_while_it_hides_and_six_years_after_its_release(store: Store, clock: Clock) -> None:
    hold(store)
    clock.now = START + AUDIT_KEPT * 3
    with store.begin() as tx:
        assert purge(tx)["held_reports"] == 0
        held.decide(tx, replace(entry("decide-held"), at=tx.now), held.hidden(tx)[0], Decision.RELEASE, NOTE)
    clock.now += AUDIT_KEPT - timedelta(microseconds=1)
    with store.begin() as tx:
        assert purge(tx)["held_reports"] == 0
    clock.now += timedelta(microseconds=1)
    with store.begin() as tx:
        assert purge(tx)["held_reports"] == 1


# --- restrictions ---------------------------------------------------------------------------------------------------


def enter(store: Store, payer: str = "northwind", patient: str = ENTRY.patient) -> bool:
    with store.begin() as tx:
        return restrictions.enter(tx, entry("restrict", patient), payer, NOTE)


def restricted(store: Store, patient: str = ENTRY.patient) -> set[str]:
    with store.read() as tx:
        return set(barred.own(tx, patient).restricted)


def test_a_restriction_holds_for_one_patient_until_it_is_lifted(store: Store) -> None:
    assert enter(store)
    assert not enter(store)
    assert enter(store, restrictions.EVERY_PAYER)
    assert restricted(store) == {"northwind", restrictions.EVERY_PAYER}
    assert restricted(store, OTHER.patient) == set()
    with store.begin() as tx:
        first, _ = restrictions.in_force(tx, ENTRY.patient)
        assert first.said is not None
        assert first.said.note == NOTE
        assert not restrictions.lift(tx, entry("lift-restriction", OTHER.patient), first.id, NOTE)
        assert restrictions.lift(tx, entry("lift-restriction"), first.id, NOTE)
        assert not restrictions.lift(tx, entry("lift-restriction"), first.id, NOTE)
    assert len(restricted(store)) == 1
    assert actions(store) == ["restrict", "restrict", "lift-restriction"]


def test_of_many_who_restrict_at_once_one_does(store: Store) -> None:
    assert sum(at_once(8, lambda _: enter(store))) == 1
    assert actions(store) == ["restrict"]


def test_one_look_tells_both(store: Store) -> None:
    hold(store, "northwind")
    enter(store, "lakeside")
    enter(store, restrictions.EVERY_PAYER, OTHER.patient)
    with store.read() as tx:
        assert barred.own(tx, ENTRY.patient) == Own(frozenset({"northwind"}), frozenset({"lakeside"}))
        assert barred.own(tx, OTHER.patient) == Own(frozenset(), frozenset({restrictions.EVERY_PAYER}))
    decide(store, waiting(store)[0].id, Decision.RELEASE)
    with store.read() as tx:
        assert barred.own(tx, ENTRY.patient).held == frozenset()


@pytest.mark.parametrize("years", [0, 30])
def test_a_restriction_in_force_is_never_purged(store: Store, clock: Clock, years: int) -> None:
    enter(store)
    clock.advance(days=366 * years)
    with store.begin() as tx:
        assert purge(tx)["restrictions"] == 0
    assert restricted(store) == {"northwind"}


def test_a_restriction_outlives_the_key_it_was_sealed_with(store: Store, url: str, clock: Clock) -> None:
    enter(store)
    later = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert restricted(later) == {"northwind"}
    with later.read() as tx:
        [found] = restrictions.in_force(tx, ENTRY.patient)
    assert found.said is None
    later.close()
