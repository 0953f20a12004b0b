"""Ticks: shared, sealed, audited, and a double tap is one tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

from app.core.schedule.tick import Tick, Ticked
from app.store import Store, audit, ticks
from app.store import schema as tables
from app.store.audit import Audit
from app.store.purge import purge
from app.store.schema import TICK_KEPT
from tests.store.one_store import START, Clock, at_once, open_store
from tests.store.test_store_audit import ENTRY

ISSUER = "https://ehr.example/fhir"
PATIENT = f"{ISSUER}|p1"
TICK = Tick(
    "Appointment/a1", "Patient/p1", "glycaemic-status", Ticked.ORDERED, "Maria Silva", START, "A-1",
    date(2026, 3, 2), "HbA1c test",
)  # fmt: skip
READY = replace(TICK, step="", what=Ticked.PREPPED, order="", service="")


def entry(store: Store, action: str, patient: str = PATIENT) -> Audit:
    with store.read() as tx:
        return replace(ENTRY, action=action, patient=patient, counts={"ordered": 1}, at=tx.now)


def put(store: Store, tick: Tick = TICK, issuer: str = ISSUER, patient: str = PATIENT) -> bool:
    about = entry(store, "tick", patient)
    with store.begin() as tx:
        return ticks.put(tx, about, issuer, tick)


def undo(store: Store, tick: Tick = TICK, patient: str = PATIENT) -> bool:
    about = entry(store, "untick", patient)
    with store.begin() as tx:
        return ticks.undo(tx, about, ISSUER, tick.appointment, tick.step, tick.what)


def stands(store: Store, *appointments: str, issuer: str = ISSUER) -> tuple[Tick, ...]:
    with store.read() as tx:
        return ticks.of(tx, issuer, appointments or (TICK.appointment,))


def done(store: Store) -> list[str]:
    with store.read() as tx:
        assert audit.verify(tx) == []
        return [each.action for each in audit.trail(tx, ENTRY.launch)]


def test_a_tick_is_given_back_as_it_was_made_and_a_double_tap_is_one(store: Store, clock: Clock) -> None:
    assert put(store)
    clock.advance(seconds=1)
    assert not put(store, replace(TICK, by="Somebody else"))
    assert stands(store) == (TICK,)
    assert done(store) == ["tick"]


def test_a_step_and_the_row_and_each_kind_are_ticked_apart(store: Store, clock: Clock) -> None:
    told = replace(TICK, what=Ticked.TOLD, order="")
    for tick in (TICK, READY, told):
        assert put(store, tick)
        clock.advance(seconds=1)
    assert [(tick.step, tick.what) for tick in stands(store)] == [
        (TICK.step, Ticked.ORDERED), ("", Ticked.PREPPED), (TICK.step, Ticked.TOLD),
    ]  # fmt: skip


def test_another_order_id_takes_the_old_ones_place_and_no_id_leaves_it(store: Store) -> None:
    assert put(store)
    assert put(store, replace(TICK, order="B-2"))
    assert not put(store, replace(TICK, order=""))
    assert [tick.order for tick in stands(store)] == ["B-2"]
    assert done(store) == ["tick", "tick"]


def test_what_is_taken_back_leaves_its_trace_and_can_be_ticked_again(store: Store, clock: Clock) -> None:
    assert not undo(store)
    put(store)
    assert undo(store)
    assert not undo(store)
    assert stands(store) == ()
    with store.read() as tx:
        assert tx.conn.execute(select(tables.ticks.c.undone_at)).scalar_one() == clock()
    clock.advance(minutes=1)
    assert put(store)
    assert [tick.at for tick in stands(store)] == [clock()]
    assert done(store) == ["tick", "untick", "tick"]


def test_no_other_ehr_patient_or_appointment_sees_it(store: Store) -> None:
    put(store)
    put(store, replace(TICK, patient="Patient/p2"), patient=f"{ISSUER}|p2")  # a group visit: one appointment, two
    assert len(stands(store)) == 2
    assert stands(store, issuer="https://other.example/fhir") == ()
    assert stands(store, "Appointment/a2") == ()
    assert len(stands(store, "Appointment/a2", "Appointment/a1", "Appointment/a1")) == 2
    with store.read() as tx:
        assert [tick.patient for tick in ticks.of_patient(tx, PATIENT)] == ["Patient/p1"]
        assert ticks.of(tx, ISSUER, []) == ()
    undo(store, patient=f"{ISSUER}|p2")
    assert [tick.patient for tick in stands(store)] == ["Patient/p1"]


def test_of_many_who_tap_at_once_one_has_ticked(store: Store) -> None:
    assert sorted(at_once(6, lambda _: put(store))) == [False] * 5 + [True]
    assert done(store) == ["tick"]


def test_nothing_of_it_can_be_read_in_the_database(store: Store) -> None:
    put(store)
    with store.read() as tx:
        row = tx.conn.execute(select(tables.ticks)).one()
    for said in ("Appointment/a1", "Patient/p1", "glycaemic", "Silva", "A-1", "HbA1c", "ordered"):
        assert said.encode() not in b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in row)


def test_a_tick_sealed_with_a_lost_key_is_not_shown_and_can_be_made_again(store: Store, url: str, clock: Clock) -> None:
    put(store)
    other = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    try:
        with other.read() as tx:
            assert ticks.of(tx, ISSUER, [TICK.appointment]) == ()
    finally:
        other.close()
    assert stands(store) == (TICK,)


@pytest.mark.parametrize(("days", "kept"), [(-1, 1), (0, 0)])
def test_it_is_kept_ninety_days(store: Store, clock: Clock, days: int, kept: int) -> None:
    put(store)
    clock.advance(days=TICK_KEPT.days + days)
    with store.begin() as tx:
        purge(tx)
    assert len(stands(store)) == kept
