"""The health of a site from several processes: rows come, are added up, and go with their process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.core.health import SourceHealth
from app.health import ALIVE, Beat, site
from app.store import Store, health
from app.store.migrations import migrate

NORTHWIND = SourceHealth("northwind", calls={"ok": 3}, latencies={10: 3}, good_at=datetime(2026, 11, 22, tzinfo=UTC))


class Clock:
    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    seal = MultiFernet([Fernet(Fernet.generate_key())])
    opened = Store.open(f"sqlite:///{tmp_path}/health.sqlite3", seal=seal, digest=lambda text: text, clock=clock)
    migrate(opened.engine)
    yield opened
    opened.close()


def beat(store: Store, process: str, seen: Callable[[], Any] = lambda: [NORTHWIND]) -> Beat:
    return Beat(store, seen, process, every=0.02)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_processes_are_added_up_and_each_counts_once(store: Store) -> None:
    beats = [beat(store, f"p{n}") for n in range(4)]
    until(lambda: site(store).processes == 4)
    found = beats[0].site()
    assert found.processes == 4
    assert found.sources["northwind"].calls == {"ok": 12}
    for each in beats:
        each.close()


def test_a_process_that_ends_takes_its_rows_along(store: Store) -> None:
    others = set(threading.enumerate())  # a house of another test may be alive
    ended = beat(store, "ended")
    until(lambda: site(store).processes == 1)
    ended.close()
    assert site(store).processes == 0
    assert not any(thread.name == "health-beat" for thread in set(threading.enumerate()) - others)


def test_a_process_that_is_killed_drops_out_by_its_age(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        health.put(tx, "killed", [("northwind", NORTHWIND.plain())])
    assert site(store).processes == 1
    clock.ahead = ALIVE + timedelta(seconds=1)
    assert site(store).processes == 0
    assert site(store).sources == {}


def test_a_row_of_another_release_is_passed_over(store: Store) -> None:
    with store.begin() as tx:
        health.put(tx, "newer", [("northwind", {"shape": "unknown"}), ("lakeside", SourceHealth("lakeside").plain())])
    assert set(site(store).sources) == {"lakeside"}
    assert site(store).processes == 1


def test_a_beat_that_fails_is_not_the_last(store: Store) -> None:
    calls: list[int] = []

    def failing_first() -> list[SourceHealth]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("words that belong in no log")
        return [NORTHWIND]

    running = beat(store, "p", failing_first)
    until(lambda: "northwind" in site(store).sources)
    running.close()


def test_four_processes_of_one_sqlite_file_do_not_fight(tmp_path: Path, clock: Clock, store: Store) -> None:
    """Each with its own connections, as gunicorn's workers have; a launch writes in between and is never refused."""
    seal = MultiFernet([Fernet(Fernet.generate_key())])
    url = f"sqlite:///{tmp_path}/health.sqlite3"
    others = [Store.open(url, seal=seal, digest=lambda text: text, clock=clock) for _ in range(4)]
    many = [replace(NORTHWIND, source=f"s{n}") for n in range(30)]
    beats = [beat(other, f"p{n}", lambda: many) for n, other in enumerate(others)]
    for _ in range(50):
        with store.begin() as tx:
            health.put(tx, "launch", [])
    for each, other in zip(beats, others, strict=True):
        each.close()
        other.close()


def test_the_database_tells_revision_seal_and_disk(store: Store) -> None:
    with store.read() as tx:
        found = health.database(tx)
    assert found.revision
    assert found.sealed is None
    assert found.unsealed_since is None
    assert found.disk
    assert found.disk > 10_000
