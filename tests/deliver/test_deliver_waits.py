"""How long something waits before it is tried again, and when a person must look instead."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.deliver.waits import CAP, FIRST, MOST_ASKED, MOST_NOT_ALLOWED, MOST_TRIES, given_up, pause

chance = st.floats(0, 1)


@given(st.integers(0, 10_000), chance)
def test_a_pause_is_never_longer_than_an_hour_and_never_nothing(tries: int, draw: float) -> None:
    assert timedelta(seconds=FIRST / 2) <= pause(tries, draw) <= timedelta(seconds=CAP)


@given(st.integers(1, 30), chance)
def test_it_grows_with_every_try_until_it_is_an_hour(tries: int, draw: float) -> None:
    assert pause(tries, draw) <= pause(tries + 1, draw)
    assert pause(30, 1.0) == timedelta(seconds=CAP)


@given(st.integers(1, 30), chance, st.floats(0, 1e9))
def test_what_the_payer_asks_for_is_kept_up_to_a_day(tries: int, draw: float, asked: float) -> None:
    waited = pause(tries, draw, asked).total_seconds()
    assert waited >= min(asked, MOST_ASKED)
    assert waited <= max(CAP, MOST_ASKED)


def test_many_rows_do_not_come_back_at_one_moment() -> None:
    assert len({pause(3, draw / 10) for draw in range(11)}) == 11


def test_a_payer_that_is_down_is_tried_for_days_and_one_that_forbids_for_minutes() -> None:
    assert not given_up(MOST_TRIES - 1, "down")
    assert given_up(MOST_TRIES, "down")
    assert not given_up(MOST_NOT_ALLOWED - 1, "not-allowed")
    assert given_up(MOST_NOT_ALLOWED, "not-allowed")
    hours = sum(pause(tries, 0.5).total_seconds() for tries in range(1, MOST_TRIES)) / 3600
    assert hours > 3 * 24 * 0.75, "a payer that is down over a weekend makes no dead letters"
