"""Calendar arithmetic for rules: years and months that survive leap days, and uncertain dates against windows."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from enum import StrEnum

from app.core.chart import When
from app.core.report import Period


class Within(StrEnum):
    """Where an uncertain date lies against a window."""

    YES = "yes"  # every day that it may mean is inside
    MAYBE = "maybe"  # it crosses a border
    NO = "no"


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later or earlier; the month's last day where there is no such day."""
    ahead = day.year * 12 + day.month - 1 + months
    year, month = divmod(ahead, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    """29 February becomes 28 February where there is none."""
    return add_months(day, 12 * years)


def within(when: When, window: Period, today: date) -> Within:
    """Where something that has happened lies. What lies wholly in the future has not happened (a slip of the pen)."""
    if when.start > today:
        return Within.NO
    end = min(when.end, today)
    if window.start <= when.start and end <= window.end:
        return Within.YES
    return Within.NO if end < window.start or when.start > window.end else Within.MAYBE


def overlaps(start: date | None, end: date | None, window: Period) -> bool:
    """Whether an open or closed interval touches the window; a missing border is open."""
    return (start is None or start <= window.end) and (end is None or end >= window.start)


def days_before(day: date, days: int) -> Period:
    """The `days` up to and including `day`."""
    return Period(day - timedelta(days=days), day)
