from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import func, select

from app.store import Store
from app.store.launches import SqlLaunchStore
from app.store.schema import launch_records
from tests.store import one_store
from tests.store.one_store import START, Clock, at_once, open_store

LATER = START + timedelta(minutes=20)


@pytest.fixture
def launches(store: Store) -> SqlLaunchStore:
    return SqlLaunchStore(store)


def test_what_was_put_is_got_until_it_is_dropped(launches: SqlLaunchStore) -> None:
    launches.put("launch", "h1", b"body", expires=LATER)
    assert launches.get("launch", "h1") == (b"body", 1)
    assert launches.get("launch", "h2") is None
    assert launches.get("state", "h1") is None
    launches.drop("launch", "h1")
    launches.drop("launch", "h1")
    assert launches.get("launch", "h1") is None


def test_putting_again_takes_the_place_and_is_a_newer_version(launches: SqlLaunchStore) -> None:
    launches.put("launch", "h1", b"one", expires=LATER, group="browser")
    launches.put("launch", "h1", b"two", expires=LATER)
    assert launches.get("launch", "h1") == (b"two", 2)
    assert not launches.replace("launch", "h1", b"late", version=1)
    assert launches.keys("launch", "browser") == []


def test_a_record_is_taken_once(launches: SqlLaunchStore) -> None:
    launches.put("state", "s1", b"verifier", expires=LATER)
    assert launches.take("state", "s1") == b"verifier"
    assert launches.take("state", "s1") is None


def test_an_expired_record_is_gone_for_everybody(launches: SqlLaunchStore, clock: Clock) -> None:
    launches.put("launch", "h1", b"body", expires=LATER, group="browser")
    clock.now = LATER
    assert launches.get("launch", "h1") is None
    assert launches.take("launch", "h1") is None
    assert launches.keys("launch", "browser") == []
    assert not launches.replace("launch", "h1", b"again", version=1, expires=LATER + timedelta(hours=1))


def test_replacing_needs_the_version_that_was_read(launches: SqlLaunchStore) -> None:
    launches.put("launch", "h1", b"one", expires=LATER)
    assert launches.replace("launch", "h1", b"two", version=1)
    assert not launches.replace("launch", "h1", b"too late", version=1)
    assert launches.get("launch", "h1") == (b"two", 2)
    assert not launches.replace("launch", "nobody", b"x", version=1)


def test_replacing_may_move_the_end(launches: SqlLaunchStore, clock: Clock) -> None:
    launches.put("launch", "h1", b"one", expires=LATER)
    launches.put("launch", "h2", b"one", expires=LATER)
    assert launches.replace("launch", "h1", b"two", version=1, expires=LATER + timedelta(minutes=20))
    assert launches.replace("launch", "h2", b"two", version=1)
    clock.now = LATER
    assert launches.get("launch", "h1") == (b"two", 2)
    assert launches.get("launch", "h2") is None


def test_a_group_names_its_living_records_of_one_kind(launches: SqlLaunchStore) -> None:
    launches.put("launch", "h1", b"", expires=LATER, group="browser")
    launches.put("launch", "h2", b"", expires=LATER, group="browser")
    launches.put("launch", "h3", b"", expires=LATER, group="another")
    launches.put("launch", "h4", b"", expires=LATER)
    launches.put("state", "h5", b"", expires=LATER, group="browser")
    launches.drop("launch", "h2")
    assert launches.keys("launch", "browser") == ["h1"]
    assert launches.keys("launch", "") == []


def test_a_group_leaves_out_what_no_key_opens_any_more(launches: SqlLaunchStore, url: str, clock: Clock) -> None:
    launches.put("launch", "h1", b"", expires=LATER, group="browser")
    store = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert SqlLaunchStore(store).keys("launch", "browser") == []
    store.close()


def test_of_many_threads_one_takes_the_record(launches: SqlLaunchStore) -> None:
    launches.put("state", "s1", b"verifier", expires=LATER)
    taken = at_once(24, lambda _: launches.take("state", "s1"))
    assert sorted(taken, key=str) == [*[None] * 23, b"verifier"]


def test_of_many_processes_one_takes_each_record(
    launches: SqlLaunchStore, url: str, processes: ProcessPoolExecutor
) -> None:
    keys = [f"s{n}" for n in range(20)]
    for key in keys:
        launches.put("state", key, b"verifier", expires=LATER)
    start = one_store.soon()
    jobs = [processes.submit(one_store.take_all, url, start, keys) for _ in range(4)]
    assert sorted(key for job in jobs for key in job.result()) == sorted(keys)


def test_of_many_threads_one_replaces_a_version(launches: SqlLaunchStore) -> None:
    launches.put("launch", "h1", b"", expires=LATER)
    won = at_once(16, lambda n: launches.replace("launch", "h1", str(n).encode(), version=1))
    assert won.count(True) == 1
    assert launches.get("launch", "h1") == (str(won.index(True)).encode(), 2)


def test_optimistic_counting_by_threads_loses_nothing(launches: SqlLaunchStore) -> None:
    launches.put("counter", "one", b"0", expires=LATER)
    at_once(8, lambda _: one_store.add_to(launches, times=5))
    assert launches.get("counter", "one") == (b"40", 41)


def test_optimistic_counting_by_processes_loses_nothing(
    launches: SqlLaunchStore, url: str, processes: ProcessPoolExecutor
) -> None:
    launches.put("counter", "one", b"0", expires=LATER)
    start = one_store.soon()
    for job in [processes.submit(one_store.count_up, url, start, 10) for _ in range(4)]:
        job.result()
    assert launches.get("counter", "one") == (b"40", 41)


def test_two_putting_the_same_key_at_once_do_not_fail(launches: SqlLaunchStore, store: Store) -> None:
    at_once(12, lambda n: launches.put("launch", "h1", str(n).encode(), expires=LATER))
    with store.read() as tx:
        assert tx.conn.execute(select(func.count()).select_from(launch_records)).scalar() == 1
