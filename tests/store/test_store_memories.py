from __future__ import annotations

from datetime import timedelta

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import func, select

from app.store import Store, memories
from app.store.purge import purge
from app.store.schema import memories as table
from tests.store.one_store import Clock, at_once, open_store

PATIENT = "https://ehr.example/fhir|p1"


def put(store: Store, launch: str, body: bytes, *, patient: str = PATIENT, part: str = "gaps") -> None:
    with store.begin() as tx:
        memories.put(tx, patient, part, launch, body)


def newest(store: Store, launch: str, *, patient: str = PATIENT, part: str = "gaps") -> bytes | None:
    with store.read() as tx:
        return memories.newest(tx, patient, part, but_not=launch)


def test_a_launch_is_told_what_the_newest_other_launch_has_shown(store: Store, clock: Clock) -> None:
    for launch in ("one", "two", "three"):
        put(store, launch, launch.encode())
        clock.advance(minutes=1)
    assert newest(store, "three") == b"two"
    assert newest(store, "four") == b"three"
    assert newest(store, "three", patient="https://ehr.example/fhir|p2") is None
    assert newest(store, "three", part="prompts") is None


def test_a_launch_has_one_memory_of_each_part_and_the_newest_stays(store: Store, clock: Clock) -> None:
    at_once(6, lambda n: put(store, "one", str(n).encode()))
    clock.advance(minutes=1)
    put(store, "one", b"newest")
    put(store, "one", b"of another part", part="prompts")
    assert (newest(store, "two"), newest(store, "two", part="prompts")) == (b"newest", b"of another part")
    with store.read() as tx:
        assert tx.conn.execute(select(func.count()).select_from(table)).scalar() == 2


def test_the_newest_is_by_when_it_was_last_shown(store: Store, clock: Clock) -> None:
    put(store, "one", b"1")
    put(store, "two", b"2")
    clock.advance(minutes=1)
    put(store, "one", b"1 again")
    assert newest(store, "three") == b"1 again"


def test_all_of_a_patient_can_be_forgotten(store: Store) -> None:
    put(store, "one", b"1")
    put(store, "one", b"1", part="prompts")
    put(store, "one", b"1", patient="other")
    with store.begin() as tx:
        assert memories.forget(tx, PATIENT) == 2
    assert newest(store, "two") is None
    assert newest(store, "two", patient="other") == b"1"


def test_without_the_key_there_is_no_memory(store: Store, url: str, clock: Clock) -> None:
    put(store, "one", b"1")
    other = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert newest(other, "two") is None
    other.close()


def test_a_memory_goes_after_400_days(store: Store, clock: Clock) -> None:
    put(store, "one", b"1")
    clock.now += timedelta(days=399)
    with store.begin() as tx:
        assert purge(tx)["memories"] == 0
    clock.now += timedelta(days=1)
    with store.begin() as tx:
        assert purge(tx)["memories"] == 1
