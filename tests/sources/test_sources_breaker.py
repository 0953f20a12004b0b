"""The breaker: what opens it, who may probe, what closes it."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress

import pytest
from sources_wire import Clock

from app.sources.breaker import Breaker
from app.sources.errors import Busy, Down, NotAllowed, SignedOut, Slow, SourceError


def fail(breaker: Breaker, error: SourceError | Exception) -> None:
    with pytest.raises(type(error)), breaker.call():
        raise error


def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, rest=10.0, monotonic=clock.monotonic)


def test_three_failures_in_a_row_open_it() -> None:
    clock = Clock()
    ours = breaker(clock)
    for error in (Down("500"), Slow("late")):
        fail(ours, error)
        assert ours.state == "closed"
    fail(ours, Down("500"))
    assert ours.state == "open"
    clock.seconds = 4.0
    with pytest.raises(Down) as caught, ours.call():
        pytest.fail("asked while open")
    assert caught.value.retry_after == 6.0
    assert not caught.value.again


@pytest.mark.parametrize("between", [NotAllowed("403"), Busy("429"), None])
def test_a_sign_of_life_starts_the_count_again(between: SourceError | None) -> None:
    ours = breaker(Clock())
    for _ in range(4):
        fail(ours, Down("500"))
        fail(ours, Down("500"))
        if between:
            fail(ours, between)
        else:
            with ours.call():
                pass
    assert ours.state == "closed"


@pytest.mark.parametrize("silent", [SignedOut("no token"), KeyError("a bug of ours")])
def test_what_says_nothing_of_the_source_changes_nothing(silent: Exception) -> None:
    clock = Clock()
    ours = breaker(clock)
    fail(ours, Down("500"))
    fail(ours, Down("500"))
    fail(ours, silent)
    fail(ours, Down("500"))
    assert ours.state == "open"
    clock.seconds = 10.0
    fail(ours, silent)
    assert ours.state == "half-open", "a probe that proved nothing leaves the next one free"


def test_after_its_rest_one_call_probes_and_the_others_wait() -> None:
    clock = Clock()
    ours = breaker(clock)
    for _ in range(3):
        fail(ours, Down("500"))
    clock.seconds = 10.0
    entered, leave = threading.Event(), threading.Event()

    def probe() -> None:
        with ours.call():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=probe)
    thread.start()
    assert entered.wait(5)
    with pytest.raises(Down), ours.call():
        pytest.fail("a second probe")
    leave.set()
    thread.join()
    assert ours.state == "closed"


def test_a_failed_probe_opens_it_for_another_rest() -> None:
    clock = Clock()
    ours = breaker(clock)
    for _ in range(3):
        fail(ours, Down("500"))
    clock.seconds = 12.0
    fail(ours, Slow("late"))
    clock.seconds = 21.0
    assert ours.state == "open"
    clock.seconds = 22.0
    assert ours.state == "half-open"


def test_a_call_that_waited_for_its_turn_does_not_go_where_it_has_opened_meanwhile() -> None:
    clock = Clock()
    ours = breaker(clock)
    with suppress(Down), ours.call() as waiting:
        for _ in range(3):
            fail(ours, Down("500"))
        waiting.begins()
        pytest.fail("asked while open")
    clock.seconds = 10.0
    with ours.call() as probe:
        probe.begins()
    assert ours.state == "closed"


def test_calls_that_hang_one_after_the_other_cost_one_time_out() -> None:
    clock = Clock()
    ours = breaker(clock)
    with ExitStack() as out:
        calls = []
        for start in (0.0, 1.0, 2.0):
            clock.seconds = start
            calls.append(out.enter_context(ours.call()))
            calls[-1].begins()
        clock.seconds = 8.0
        calls[0].silent()
        assert ours.state == "open", "two more would hang as long"


def test_one_slow_call_among_quick_ones_opens_nothing() -> None:
    clock = Clock()
    ours = breaker(clock)
    with ExitStack() as out:
        slow, *others = [out.enter_context(ours.call()) for _ in range(4)]
        for call in (slow, *others):
            call.begins()
        clock.seconds = 5.0
        with ours.call() as quick:
            quick.begins()
        clock.seconds = 8.0
        slow.silent()
        assert ours.state == "closed"


def test_a_call_that_began_late_does_not_count_with_one_that_hangs() -> None:
    clock = Clock()
    ours = breaker(clock)
    with ExitStack() as out:
        first = out.enter_context(ours.call())
        first.begins()
        clock.seconds = 7.0
        for _ in range(3):
            out.enter_context(ours.call()).begins()
        clock.seconds = 8.0
        first.silent()
        assert ours.state == "closed"
