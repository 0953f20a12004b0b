"""Calendar arithmetic and uncertain dates against windows."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import When
from app.core.dates import Within, add_months, add_years, days_before, overlaps, within
from app.core.measures.kind import Window
from app.core.report import Period
from tests.core.made import YEAR, on, steady

days = st.dates(date(1950, 1, 1), date(2080, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-02-29", -12, "2023-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2025-11-30", 3, "2026-02-28"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_the_month(day: str, months: int, then: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(then)


@steady
@given(days, st.integers(-30, 30))
def test_years_keep_month_and_day_but_for_leap_days(day: date, years: int) -> None:
    later = add_years(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) in {(day.month, day.day), (2, 28) if (day.month, day.day) == (2, 29) else None}


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("2025-12-31", Within.NO),
        ("2026-01-01", Within.YES),
        ("2026-11-20", Within.YES),
        ("2026-11-21", Within.MAYBE),  # tonight, as it is written in a zone that is ahead
        ("2026-11-22", Within.NO),  # has not happened
        ("2026", Within.YES),  # this year, up to today
        ("2026-11", Within.YES),
        ("2025", Within.NO),
    ],
)
def test_a_date_is_inside_only_when_every_day_it_may_mean_is(when: str, found: Within) -> None:
    assert within(on(when), YEAR, date(2026, 11, 20)) is found


def test_a_date_that_crosses_a_border_may_be_inside() -> None:
    half = Period(date(2026, 3, 15), date(2026, 9, 14))
    today = date(2026, 12, 1)
    assert within(on("2026-03"), half, today) is Within.MAYBE
    assert within(on("2026-09"), half, today) is Within.MAYBE
    assert within(on("2026"), half, today) is Within.MAYBE
    assert within(on("2026-04"), half, today) is Within.YES
    assert within(on("2026-10"), half, today) is Within.NO


near = st.dates(date(2024, 1, 1), date(2024, 4, 30))


@steady
@given(near, st.integers(0, 40), near, st.integers(0, 60), near)
def test_within_agrees_with_looking_at_every_day(start: date, n: int, opens: date, m: int, today: date) -> None:
    when = When(start, start + timedelta(n))
    window = Period(opens, opens + timedelta(m))
    if when.start == today + timedelta(1):  # tonight, or a slip of the pen
        touches = when.start <= window.end + timedelta(1) and when.end >= window.start
        assert within(when, window, today) is (Within.MAYBE if touches else Within.NO)
        return
    days = [when.start + timedelta(n) for n in range((when.end - when.start).days + 1)]
    inside = {window.start <= day <= window.end for day in days if day <= today}
    expected = {frozenset(): Within.NO, frozenset({True}): Within.YES, frozenset({False}): Within.NO}
    assert within(when, window, today) is expected.get(frozenset(inside), Within.MAYBE)


@pytest.mark.parametrize(
    ("window", "start"),
    [
        (Window(), "2026-01-01"),
        (Window(years_before=9), "2017-01-01"),
        (Window(years_before=2, from_month_day=(10, 1)), "2024-10-01"),
    ],
)
def test_a_window_comes_from_the_reports_own_period(window: Window, start: str) -> None:
    assert window.of(YEAR) == Period(date.fromisoformat(start), date(2026, 12, 31))


def test_a_window_of_a_period_that_begins_on_a_leap_day() -> None:
    period = Period(date(2024, 2, 29), date(2025, 2, 28))
    assert Window(years_before=9).of(period).start == date(2015, 2, 28)
    assert Window(years_before=4).of(period).start == date(2020, 2, 29)


def test_open_borders_touch_everything_on_their_side() -> None:
    assert overlaps(None, None, YEAR)
    assert overlaps(None, date(2026, 1, 1), YEAR)
    assert not overlaps(None, date(2025, 12, 31), YEAR)
    assert overlaps(date(2026, 12, 31), None, YEAR)
    assert not overlaps(date(2027, 1, 1), None, YEAR)


def test_the_days_before_include_the_day() -> None:
    assert days_before(date(2026, 3, 1), 1) == Period(date(2026, 2, 28), date(2026, 3, 1))
