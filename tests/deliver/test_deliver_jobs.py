"""When it happens: a nudge reaches the jobs wherever they run, and what a lost nudge left the sweep finds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.ledger.action import Target
from app.core.ledger.outgoing import Post
from app.deliver import Closing, Delivery, Following, Leaving
from app.jobs import Jobs, Nudging, queue
from app.prefetch import Prefetching
from app.store import Store
from tests.deliver.byhand import ByHand
from tests.deliver.shop import found, names, parcel, put

TARGET = Target("northwind", "r1", "g1", "risk", "ra-2.1.0")


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def payer() -> ByHand:
    return ByHand()


@pytest.fixture
def leaving(store: Store, payer: ByHand) -> Iterator[Leaving]:
    made = Leaving(
        Closing(store, {}), Delivery(store, {"northwind": payer}, "jobs"), Following(store, {}, _nobody, "jobs")
    )
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/site.sqlite3"


@pytest.fixture
def on(database: str) -> Iterator[Any]:
    made = queue(database)
    yield made
    made.storage.close()


@pytest.fixture
def jobs(on: Any, store: Store, leaving: Leaving) -> Jobs:
    return Jobs(on, store, Prefetching(store, None, None, {}, datetime.now), leaving)  # type: ignore[arg-type] # no night


def _nobody(_patient: str) -> frozenset[str]:
    return frozenset()


def waiting(store: Store) -> str:
    (name,) = put(store, [parcel(TARGET, name=names(1)[0])])
    return name


def next_task(on: Any) -> bool:
    task = on.dequeue()
    if task is not None:
        on.execute(task)
    return task is not None


def test_a_nudge_of_the_web_server_is_the_task_of_the_jobs(
    on: Any, database: str, store: Store, jobs: Jobs, leaving: Leaving, payer: ByHand
) -> None:
    nudge, name = Nudging(lambda: queue(database)), waiting(store)
    nudge()
    assert next_task(on)
    leaving.delivery.run()  # until it is done with it
    assert payer.there == {name: 1}
    assert found(store, name).message.post is Post.SENT
    assert not next_task(on)


def test_a_nudge_names_nobody_and_nothing(database: str, tmp_path: Path, jobs: Jobs) -> None:
    Nudging(lambda: queue(database))()
    with closing(sqlite3.connect(tmp_path / "site.jobs.sqlite3")) as file:
        (task,) = [json.loads(bytes(row[0])) for row in file.execute("select data from task")]
    assert task[2] == []


def test_where_nobody_works_the_queue_does_not_grow_for_ever(database: str, tmp_path: Path) -> None:
    nudge = Nudging(lambda: queue(database))
    for _ in range(80):
        nudge()
    with closing(sqlite3.connect(tmp_path / "site.jobs.sqlite3")) as file:
        assert file.execute("select count(*) from task").fetchone()[0] <= 50


def test_a_queue_that_is_not_there_stops_nobody() -> None:
    def missing() -> Any:
        raise OSError("no such place")

    Nudging(missing)()


def test_the_sweep_finds_what_a_lost_nudge_left(store: Store, jobs: Jobs, leaving: Leaving, payer: ByHand) -> None:
    name = waiting(store)
    jobs.deliver()
    leaving.delivery.run()
    assert payer.there == {name: 1}


def test_by_hand_it_says_numbers_and_nothing_else(store: Store, leaving: Leaving) -> None:
    waiting(store)
    assert leaving.once() == {"sent": 1}
    assert leaving.once() == {}
