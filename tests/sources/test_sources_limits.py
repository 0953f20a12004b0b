"""A limited source in one process: who goes first, what waiting does to a question, and what 429 does to everybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sources_wire import Call, Reply, Wire

from app.core.allowance import Limit, Need, Rank, Share
from app.core.answers import Reason
from app.sources.allowances import Allowances
from app.sources.connections import Connections
from app.sources.deadline import Deadline, current
from app.sources.errors import Busy, SourceError, Waiting
from app.sources.http import Limits
from app.sources.turns import Turn


class Site:
    """What a site gives one process that is alone: `seats` at once, and `calls` in all."""

    def __init__(self, seats: int = 1, calls: int = 1000) -> None:
        self.seats, self.calls = seats, calls
        self.needs: list[Need] = []
        self.left: list[tuple[tuple[str, int], ...]] = []
        self.broken = False

    def settle(self, source: str, limit: Limit, need: Need) -> Share:
        if self.broken:
            raise OSError("no database")
        self.needs.append(need)
        given = min(need.calls, self.calls)
        self.calls -= given
        return Share(self.seats if limit.in_flight else 0, given, "@1" if given else "")

    def crowded(self, source: str, limit: Limit) -> bool:
        return False

    def leave(self, source: str, unused: tuple[tuple[str, int], ...]) -> None:
        self.left.append(unused)


@pytest.fixture
def running() -> Iterator[list[Allowances]]:
    made: list[Allowances] = []
    yield made
    for one in made:
        one.close()


def limited(running: list[Allowances], site: Site, host: Any, **limit: int) -> tuple[Any, Wire]:
    """A client of a limited source on the real clock."""
    wire = Wire(payer=host)
    allowances = Allowances({"northwind": Limit(**limit)}, site)
    running.append(allowances)
    connections = Connections(wire.session, allowances=allowances)
    return connections.http("northwind", "https://payer.example/fhir", limits=Limits(total=20)), wire


def test_launches_go_before_huddles_and_those_before_a_prefetch(running: list[Allowances]) -> None:
    release, first, order = threading.Event(), threading.Event(), list[str]()

    def host(call: Call) -> Any:
        order.append(call.path.rpartition("/")[2])
        first.set()
        release.wait(30)
        return {}

    http, _ = limited(running, Site(seats=1), host, in_flight=1)

    def ask(rank: Rank, name: str) -> None:
        with Turn(rank, 30):
            http.get(name)

    asked = [
        ("first", Rank.LAUNCH),
        ("night", Rank.PREFETCH),
        ("day", Rank.HUDDLE),
        ("one", Rank.LAUNCH),
        ("two", Rank.LAUNCH),
    ]
    threads = []
    for name, rank in asked:
        threads.append(threading.Thread(target=ask, args=(rank, name)))
        threads[-1].start()
        if name == "first":
            assert first.wait(30)
        waiting = len(threads) - 1
        _until(lambda waiting=waiting: _queued(http) == waiting)
    release.set()
    for thread in threads:
        thread.join(30)
    assert order == ["first", "one", "two", "day", "night"]


def _queued(http: Any) -> int:
    return int(http._allowance._waiting())


def _until(true: Any, limit: float = 30) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_waiting_takes_nothing_of_a_questions_time(running: list[Allowances]) -> None:
    release, inside = threading.Event(), threading.Event()
    left: list[float] = []

    def host(call: Call) -> Any:
        if call.path.endswith("slow"):
            inside.set()
            release.wait(30)
        else:
            here = current()
            assert here is not None
            left.append(here.remaining())
        return {}

    http, _ = limited(running, Site(seats=1), host, in_flight=1)
    slow = threading.Thread(target=http.get, args=("slow",))
    slow.start()
    assert inside.wait(30)
    threading.Timer(0.5, release.set).start()
    with Turn(left=30), Deadline(0.3):
        http.get("next")  # waits for longer than its deadline
    slow.join(30)
    assert 0 < left[0] <= 0.3


def test_who_waits_longer_than_a_question_may_is_told_busy_and_the_source_is_not_blamed(
    running: list[Allowances],
) -> None:
    http, wire = limited(running, Site(seats=0), lambda _: {}, in_flight=1)
    for _ in range(4):
        with Turn(left=0.02), pytest.raises(Waiting) as told:
            http.get("Patient/1")
        assert told.value.reason is Reason.BUSY
    assert http._breaker.state == "closed"
    assert wire.calls == []


def test_every_exchange_counts_retries_included(running: list[Allowances]) -> None:
    answers = iter([Reply(status=503), Reply(status=503), Reply({})])
    site = Site(calls=5)
    http, wire = limited(running, site, lambda _: next(answers), per_minute=5)
    http.get("Patient/1")
    for one in running:
        one.close()
    given_back = sum(number for unused in site.left for _, number in unused)
    assert (len(wire.calls), site.calls + given_back) == (3, 2)


def test_what_the_source_asks_of_one_slows_everybody(running: list[Allowances]) -> None:
    http, wire = limited(running, Site(calls=50), lambda _: Reply(status=429, Retry_After="30"), per_minute=50)
    with pytest.raises(Busy):
        http.get("Patient/1")
    with Turn(left=0.05), pytest.raises(Waiting):
        http.get("Patient/2")
    assert len(wire.calls) == 1, "the second was not sent"


def test_without_the_database_calls_wait_and_nothing_else_breaks(running: list[Allowances]) -> None:
    site = Site(seats=2)
    site.broken = True
    http, wire = limited(running, site, lambda _: {}, in_flight=2)
    with Turn(left=0.05), pytest.raises(Waiting):
        http.get("Patient/1")
    site.broken = False
    with Turn(left=30):
        http.get("Patient/1")
    assert len(wire.calls) == 1


def test_a_call_costs_no_settling_while_something_is_in_hand(running: list[Allowances]) -> None:
    site = Site(seats=4)
    http, wire = limited(running, site, lambda _: {}, in_flight=8)
    for n in range(60):
        http.get(f"Patient/{n}")
    assert len(wire.calls) == 60
    assert len(site.needs) < 15, "the lease is renewed, and nothing is asked for call by call"


def test_a_source_without_a_limit_has_no_allowance_and_its_own_servers_share_one() -> None:
    allowances = Allowances(
        {"northwind": Limit(in_flight=2), "lakeside": Limit()}, Site(), counted_as={"northwind-token": "northwind"}
    )
    assert allowances.of("lakeside") is None
    assert allowances.of("northwind") is allowances.of("northwind-token") is not None
    assert Connections(allowances=allowances).http("lakeside", "https://x.example")._allowance is None


def test_a_call_that_fails_gives_its_seat_back(running: list[Allowances]) -> None:
    http, _ = limited(running, Site(seats=1), lambda _: Reply(status=404), in_flight=1)
    for _ in range(3):
        with Turn(left=30), pytest.raises(SourceError):
            http.get("Patient/1")
