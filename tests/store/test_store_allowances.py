"""Shares of a limit: never more than there is, whoever takes them and whoever dies; on SQLite and PostgreSQL."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.allowance import GOOD_FOR, LEASE, Limit, Need, Rank
from app.store import Store
from app.store.allowances import crowded, leave, settle
from app.store.schema import allowances
from tests.store.limited_calls import call_for_ever, call_many
from tests.store.one_store import Clock

SOURCE = "northwind"


def ask(store: Store, who: str, limit: Limit, **need: Any) -> Any:
    with store.begin() as tx:
        return settle(tx, SOURCE, who, limit, Need(**need))


def test_half_of_what_nobody_wants_is_left_for_who_comes(store: Store) -> None:
    limit = Limit(in_flight=8)
    assert ask(store, "one", limit, wanted=1).in_flight == 4
    assert ask(store, "two", limit, wanted=2).in_flight == 4
    assert not ask(store, "one", limit, out=4, wanted=1).contended


def test_who_wants_more_than_a_share_gives_it_back_when_others_come(store: Store) -> None:
    limit = Limit(in_flight=8)
    assert ask(store, "one", limit, wanted=20).in_flight == 8
    newcomer = ask(store, "two", limit, wanted=20)
    assert (newcomer.in_flight, newcomer.contended) == (0, True), "nothing is taken from under anybody's calls"
    with store.read() as tx:
        assert crowded(tx, SOURCE, limit)
    assert ask(store, "one", limit, out=8, wanted=20).in_flight == 4
    assert ask(store, "two", limit, wanted=20).in_flight == 0, "its calls may still be out"
    assert ask(store, "one", limit, out=4, wanted=20).in_flight == 4
    assert ask(store, "two", limit, wanted=20).in_flight == 4


def test_one_seat_goes_round(store: Store, clock: Clock) -> None:
    limit, got = Limit(in_flight=1), dict.fromkeys("abc", 0)
    seats = dict.fromkeys("abc", 0)
    for _ in range(60):
        for who in "abc":
            clock.advance(seconds=0.25)
            seats[who] = ask(store, who, limit, out=seats[who], wanted=1).in_flight
            got[who] += seats[who]
        assert sum(seats.values()) <= 1
    assert min(got.values()) >= 5, got


def test_the_share_of_a_process_that_died_comes_back_when_its_lease_is_over(store: Store, clock: Clock) -> None:
    limit = Limit(in_flight=2)
    assert ask(store, "killed", limit, wanted=5).in_flight == 2
    clock.now += LEASE
    assert ask(store, "other", limit, wanted=5).in_flight == 0
    clock.advance(seconds=3)
    assert ask(store, "other", limit, wanted=5).in_flight == 2


def test_who_leaves_gives_everything_back(store: Store) -> None:
    limit = Limit(in_flight=2, per_minute=10)
    share = ask(store, "one", limit, wanted=5, calls=10)
    assert (share.in_flight, share.calls) == (2, 10)
    assert ask(store, "two", limit, wanted=1, calls=1).calls == 0
    with store.begin() as tx:
        leave(tx, SOURCE, "one", ((share.slice, 7),))
    assert ask(store, "two", limit, wanted=5, calls=10).calls == 7, "three were made"


def test_what_is_left_of_a_minute_is_shared_by_those_who_want_it(store: Store) -> None:
    limit = Limit(per_minute=12)
    for who in "abc":
        ask(store, who, limit, wanted=9)
    assert [ask(store, who, limit, wanted=9, calls=9).calls for who in "abc"] == [4, 3, 2]


def test_a_prefetch_leaves_the_last_calls_of_a_minute_to_launches(store: Store) -> None:
    limit = Limit(per_minute=10)
    assert ask(store, "night", limit, wanted=50, calls=50, rank=Rank.PREFETCH).calls == 8
    assert ask(store, "web", limit, wanted=1, calls=1, rank=Rank.LAUNCH).calls == 1


def test_what_nobody_asks_for_any_more_is_not_kept(store: Store, clock: Clock) -> None:
    for _ in range(50):
        clock.advance(seconds=5)
        ask(store, "one", Limit(per_minute=600), wanted=1, calls=1)
    with store.read() as tx:
        rows = tx.conn.execute(select(func.count()).select_from(allowances)).scalar_one()
    assert rows < 20


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abc"),  # who
        st.integers(0, 12),  # how many they want to call
        st.sampled_from([0.0, 0.3, 2.0, 6.0, 25.0]),  # seconds until the next step
        st.floats(0, 1),  # how much of what is given is used, and how late
        st.sampled_from(list(Rank)),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, per_minute=st.integers(1, 20))
def test_no_minute_holds_more_calls_than_are_allowed(engine: Any, steps: Any, per_minute: int) -> None:
    """Each call leaves at any moment while it is good; what was not called goes back."""
    clock, limit = Clock(), Limit(per_minute=per_minute)
    store = _own(engine, clock)
    made: list[datetime] = []
    unused: dict[str, tuple[tuple[str, int], ...]] = dict.fromkeys("abc", ())
    source = f"source {time.monotonic_ns()}"
    for who, wanted, pause, part, rank in steps:
        with store.begin() as tx:
            share = settle(tx, source, who, limit, Need(wanted=wanted, calls=wanted, rank=rank, unused=unused[who]))
        used = round(share.calls * part)
        made += [clock.now + GOOD_FOR * part] * used
        unused[who] = ((share.slice, share.calls - used),) if share.calls - used else ()
        clock.advance(seconds=pause)
    made.sort()
    for n, first in enumerate(made):
        within = [at for at in made[n:] if at < first + timedelta(minutes=1)]
        assert len(within) <= per_minute


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 12), st.floats(0, 1)), min_size=5, max_size=60),
    most=st.integers(1, 9),
)
def test_no_moment_has_more_calls_out_than_are_allowed(engine: Any, steps: Any, most: int) -> None:
    """As a process uses it: until it has settled again it may have as many out as it was given before."""
    clock = Clock()
    store, limit, seats = _own(engine, clock), Limit(in_flight=most), dict.fromkeys("abcd", 0)
    out = dict.fromkeys("abcd", 0)
    source = f"source {time.monotonic_ns()}"
    for who, wanted, part in steps:
        clock.advance(seconds=0.3)
        before = max(out[who], seats[who])
        with store.begin() as tx:
            seats[who] = settle(tx, source, who, limit, Need(out=before, wanted=wanted)).in_flight
        out[who] = max(round(min(seats[who], wanted) * part), out[who] - 1)
        assert sum(max(out[one], seats[one]) for one in "abcd" if one != who) + out[who] <= most


def _own(engine: Any, clock: Clock) -> Store:
    from tests.store.one_store import SEAL, digest

    return Store(engine, seal=SEAL, digest=digest, clock=clock)


# --- processes and a server ---------------------------------------------------------------------------------------


@dataclass
class Counted:
    """A server that counts what is out at it."""

    out: int = 0
    most: int = 0
    all: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""


@contextmanager
def counting(takes: float) -> Iterator[Counted]:
    counted = Counted()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with counted.lock:
                counted.out += 1
                counted.all += 1
                counted.most = max(counted.most, counted.out)
            time.sleep(takes)
            with counted.lock:
                counted.out -= 1
            try:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # who asked was killed

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    counted.url = f"http://127.0.0.1:{server.server_address[1]}/"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield counted
    finally:
        server.shutdown()
        server.server_close()


def test_the_processes_of_a_site_never_have_more_out_than_is_allowed(url: str, processes: Any) -> None:
    with counting(0.02) as server:
        limit = Limit(in_flight=3)
        jobs = [processes.submit(call_many, url, server.url, f"process {n}", limit, 6, 5) for n in range(3)]
        done = [job.result(timeout=120) for job in jobs]
    assert done == [30, 30, 30], "and everybody gets through"
    assert 1 <= server.most <= 3


def test_the_processes_of_a_site_make_no_more_calls_than_a_minute_allows(url: str, processes: Any) -> None:
    """Within the few seconds of this test there is one minute."""
    with counting(0.0) as server:
        limit = Limit(per_minute=20)
        jobs = [processes.submit(call_many, url, server.url, f"process {n}", limit, 4, 5, 2.0) for n in range(3)]
        done = [job.result(timeout=120) for job in jobs]
    assert sum(done) == server.all == 20


def test_a_killed_process_takes_no_seat_with_it_for_ever(url: str) -> None:
    """The other one comes half a minute later, by its clock."""
    fork = multiprocessing.get_context("spawn")
    with counting(0.02) as server:
        limit = Limit(in_flight=4)
        killed = fork.Process(target=call_for_ever, args=(url, server.url, "killed", limit, 4))
        killed.start()
        end = time.monotonic() + 60
        while server.all < 10 and time.monotonic() < end:
            time.sleep(0.01)
        killed.kill()
        killed.join()
        assert call_many(url, server.url, "other", limit, 2, 3, 30.0, ahead=30) == 6
        assert server.most <= 4
