"""The breaker: what opens it, who may probe, what closes it."""

from __future__ import annotations

import threading

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
