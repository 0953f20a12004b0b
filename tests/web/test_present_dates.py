"""Days in words."""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import When
from app.web.present import dates

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (-1, "yesterday"),
        (1, "tomorrow"),
        (-13, "13 days ago"),
        (-14, "2 weeks ago"),
        (-69, "10 weeks ago"),
        (-90, "13 weeks ago"),
        (-91, "3 months ago"),
        (39, "in 6 weeks"),
        (-700, "23 months ago"),
        (-770, "2 years ago"),
        (3650, "in 10 years"),
    ],
)
def test_a_distance_is_rounded_to_what_a_reader_says(days: int, words: str) -> None:
    assert dates.distance(TODAY + timedelta(days=days), TODAY) == words


def test_a_day_stands_with_its_distance() -> None:
    assert dates.day_words(date(2026, 9, 14), TODAY) == "14 Sep 2026, 10 weeks ago"
    assert dates.maybe_day(None, TODAY) == "not stated"


def test_the_year_is_left_out_only_where_it_is_this_one() -> None:
    assert dates.short_day(date(2026, 11, 14), TODAY) == "14 Nov"
    assert dates.short_day(date(2025, 11, 14), TODAY) == "14 Nov 2025"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 9, 14), date(2026, 9, 14), "14 Sep 2026, 10 weeks ago"),
        (date(2026, 3, 1), date(2026, 3, 31), "Mar 2026, about 8 months ago"),
        (date(2026, 11, 1), date(2026, 11, 30), "Nov 2026"),
        (date(2025, 1, 1), date(2025, 12, 31), "2025"),
        (date(2024, 2, 1), date(2024, 2, 29), "Feb 2024, about 3 years ago"),
        (date(2026, 5, 2), date(2026, 5, 9), "2 May 2026 to 9 May 2026, about 6 months ago"),
    ],
)
def test_a_date_is_never_more_precise_than_it_was_written(start: date, end: date, words: str) -> None:
    assert dates.when_words(When(start, end), TODAY) == words


def test_a_missing_date_says_so() -> None:
    assert dates.when_words(None, TODAY) == "date not stated"


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (When.day(date(1961, 11, 22)), "65 years"),
        (When.day(date(1961, 11, 23)), "64 years"),
        (When.day(date(2026, 4, 23)), "6 months"),
        (When.day(date(2026, 10, 22)), "1 month"),
        (When.day(date(2026, 11, 21)), "1 day"),
        (When.day(TODAY), "0 days"),
        (When(date(1961, 1, 1), date(1961, 12, 31)), "about 65 years"),
        (When.day(date(2027, 1, 1)), ""),
    ],
)
def test_an_age_turns_on_the_birthday(born: When, words: str) -> None:
    assert dates.age(born, TODAY) == words


def test_a_time_is_told_in_the_clinics_zone() -> None:
    clinic = timezone(timedelta(hours=-5))
    assert dates.time_words("2026-11-22T14:40:12+00:00", clinic) == "09:40"
    assert dates.time_words("2026-11-22T14:40:12+00:00", UTC) == "14:40"
    assert dates.time_words("", UTC) == ""


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_past_and_future_are_never_confused(day: date) -> None:
    words = dates.distance(day, TODAY)
    assert words.startswith("in ") == (day > TODAY + timedelta(days=1))
    assert words.endswith(" ago") == (day < TODAY - timedelta(days=1))
