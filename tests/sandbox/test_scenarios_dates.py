"""Date tokens of the stories: what each means, also on the days on which calendars are awkward."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_config.scenarios.dates import CLINIC_TZ, TokenError, resolve

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=CLINIC_TZ)


def told(text: Any, today: date = TODAY) -> Any:
    return resolve(text, today=today, now=NOW)


@pytest.mark.parametrize(
    ("token", "means"),
    [
        ("{today}", "2026-11-22"),
        ("{today-70d}", "2026-09-13"),
        ("{today+14d}", "2026-12-06"),
        ("{today-6w}", "2026-10-11"),
        ("{today-2y}", "2024-11-22"),
        ("{today-3m}", "2026-08-22"),
        ("{today-1y-3m+1d}", "2025-08-23"),
        ("{year-start}", "2026-01-01"),
        ("{year-start-1y+40d}", "2025-02-10"),
        ("{year-end}", "2026-12-31"),
        ("{year-end+31d}", "2027-01-31"),
        ("{ytd-20d}", "2026-11-02"),
        ("{ytd-400d}", "2026-01-01"),
        ("{now-1h}", "2026-11-22T09:15:00-05:00"),
        ("{today@09:30}", "2026-11-22T09:30:00-05:00"),
        ("{today-5m@09:30}", "2026-06-22T09:30:00-04:00"),
        ("from {today-1d} to {today}", "from 2026-11-21 to 2026-11-22"),
        ("{{7*7}}", "{{7*7}}"),
        ("{{today}}", "{2026-11-22}"),
        ("no token", "no token"),
    ],
)
def test_a_token_means_a_day_or_an_instant(token: str, means: str) -> None:
    assert told(token) == means


@pytest.mark.parametrize(
    ("token", "today", "means"),
    [
        ("{today-1y}", date(2028, 2, 29), "2027-02-28"),
        ("{today-3m}", date(2026, 5, 31), "2026-02-28"),
        ("{today+1m}", date(2026, 12, 31), "2027-01-31"),
        ("{ytd-70d}", date(2027, 1, 1), "2027-01-01"),
        ("{year-end}", date(2026, 12, 31), "2026-12-31"),
    ],
)
def test_months_and_years_end_where_they_must(token: str, today: date, means: str) -> None:
    assert told(token, today) == means


@pytest.mark.parametrize("token", ["{tody}", "{today-2q}", "{today-1h}", "{now-1m}", "{now@09:00}", "{year-middle}"])
def test_a_token_that_nobody_can_read_is_an_error(token: str) -> None:
    with pytest.raises(TokenError):
        told(token)


def test_tokens_are_found_at_any_depth_and_other_values_stay() -> None:
    tree = {"a": [{"on": "{today}"}, 7, None, True], "{today}": 1.5}
    assert told(tree) == {"a": [{"on": "2026-11-22"}, 7, None, True], "{today}": 1.5}


@given(st.dates(min_value=date(2024, 1, 1), max_value=date(2040, 12, 31)), st.integers(min_value=0, max_value=800))
def test_what_must_lie_in_the_year_does(today: date, days: int) -> None:
    day = date.fromisoformat(told(f"{{ytd-{days}d}}", today))
    assert date(today.year, 1, 1) <= day <= today


@given(st.dates(min_value=date(2024, 1, 1), max_value=date(2040, 12, 31)), st.integers(min_value=12, max_value=60))
def test_thirteen_months_ago_is_never_this_year(today: date, months: int) -> None:
    day = date.fromisoformat(told(f"{{today-{months}m}}", today))
    assert day.year < today.year
