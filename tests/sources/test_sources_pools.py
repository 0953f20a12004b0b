"""Bulkheads: a hanging source holds up nobody else, and nothing waits without bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest
from sources_wire import NOW, Clock

from app.core.answers import Answer, Known, Reason, Unknown
from app.sources.pools import Pools, Rank, Size

SMALL = Size(workers=2, queue=3)


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    release = threading.Event()
    yield release
    release.set()


def answered() -> Answer[str]:
    return Known("here", "lakeside", NOW)


def test_a_hanging_source_fills_its_own_pool_and_no_other(hung: threading.Event) -> None:
    pools = Pools(size=SMALL)

    def hang() -> Answer[str]:
        hung.wait(10)
        return answered()

    taken = [pools.submit("northwind", hang) for _ in range(8)]
    refused = [t for t in taken if isinstance(t, Unknown)]
    assert len(refused) == 3, "two work, three wait, the rest is told at once"
    assert {r.reason for r in refused} == {Reason.BUSY}
    other = pools.submit("lakeside", answered)
    assert isinstance(other, Future)
    assert other.result(timeout=20) == answered()
    hung.set()
    assert all(f.result(timeout=20) == answered() for f in taken if isinstance(f, Future))
    assert isinstance(pools.submit("northwind", answered), Future), "room again"
    pools.shutdown(wait=True)


def test_a_question_that_waited_too_long_is_not_asked(hung: threading.Event) -> None:
    clock, asked = Clock(), list[int]()
    pools = Pools(size=Size(workers=1, queue=2, patience=5.0), monotonic=clock.monotonic)
    pools.submit("ehr", lambda: (hung.wait(10), answered())[1])
    late = pools.submit("ehr", lambda: (asked.append(1), answered())[1])
    assert isinstance(late, Future)
    clock.seconds = 6.0
    hung.set()
    found = late.result(timeout=20)
    assert isinstance(found, Unknown)
    assert (found.reason, asked) == (Reason.BUSY, [])
    pools.shutdown(wait=True)


def test_a_source_may_have_a_size_of_its_own(hung: threading.Event) -> None:
    pools = Pools({"ehr": Size(workers=1, queue=0)}, size=SMALL)

    def hang() -> Any:
        hung.wait(10)
        return answered()

    assert isinstance(pools.submit("ehr", hang), Future)
    assert isinstance(pools.submit("ehr", hang), Unknown)
    assert isinstance(pools.submit("payer", hang), Future)
    pools.shutdown()


def test_a_bug_reaches_the_future_and_gives_its_place_back() -> None:
    pools = Pools(size=Size(workers=1, queue=0))

    def broken() -> Answer[str]:
        raise KeyError("a bug of ours")

    for _ in range(3):
        future = pools.submit("ehr", broken)
        assert isinstance(future, Future)
        with pytest.raises(KeyError):
            future.result(timeout=20)
        time.sleep(0.01)  # the place is given back just after the result is seen
    pools.shutdown(wait=True)


def test_after_the_shutdown_nothing_is_taken_and_nothing_waits(hung: threading.Event) -> None:
    pools = Pools(size=Size(workers=1, queue=2))
    pools.submit("ehr", lambda: (hung.wait(10), answered())[1])
    waiting = pools.submit("ehr", answered)
    assert isinstance(waiting, Future)
    pools.shutdown()
    with pytest.raises(CancelledError):
        waiting.result(timeout=20)
    assert isinstance(pools.submit("ehr", answered), Unknown)


def test_launches_are_taken_from_the_queue_before_days_and_those_before_the_night(hung: threading.Event) -> None:
    pools, order = Pools(size=Size(workers=1, queue=10)), list[Rank]()

    def ask(rank: Rank) -> Any:
        return lambda: (order.append(rank), answered())[1]

    pools.submit("ehr", lambda: (hung.wait(10), answered())[1])
    late = [pools.submit("ehr", ask(rank), rank=rank) for rank in (Rank.PREFETCH, Rank.HUDDLE, Rank.LAUNCH)]
    hung.set()
    assert all(one.result(timeout=20) == answered() for one in late if isinstance(one, Future))
    assert order == [Rank.LAUNCH, Rank.HUDDLE, Rank.PREFETCH]
    pools.shutdown(wait=True)


def test_a_night_never_has_all_the_threads_and_still_gets_through(hung: threading.Event) -> None:
    pools = Pools(size=Size(workers=4, queue=50))

    def hang() -> Answer[str]:
        hung.wait(10)
        return answered()

    night = [pools.submit("ehr", hang, rank=Rank.PREFETCH) for _ in range(20)]
    launch = pools.submit("ehr", answered, rank=Rank.LAUNCH)
    assert isinstance(launch, Future)
    assert launch.result(timeout=20) == answered()
    hung.set()
    assert all(one.result(timeout=20) == answered() for one in night if isinstance(one, Future))
    assert pools.load("ehr")[1] == 0
    pools.shutdown(wait=True)
