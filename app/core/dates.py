"""Calendar arithmetic for rules: years and months that survive leap days, and uncertain dates against windows."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from enum import StrEnum

from app.core.chart import When
from app.core.report import Period

_DAY = timedelta(days=1)
_UTC = ("Z", "+00:00", "-00:00")


class Within(StrEnum):
    """Where an uncertain date lies against a window."""

    YES = "yes"  # every day that it may mean is inside
    MAYBE = "maybe"  # it crosses a border
    NO = "no"


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later or earlier; the month's last day where there is no such day."""
    ahead = day.year * 12 + day.month - 1 + months
    year, month = divmod(ahead, 12)
    if day.day <= 28:  # in every month, and most days are
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    """29 February becomes 28 February where there is none."""
    return add_months(day, 12 * years)


def within(when: When, window: Period, today: date) -> Within:
    """Where something that has happened lies. What lies wholly in the future has not happened (a slip of the pen), but
    tomorrow may be tonight, written in UTC; and early on a border's day, in UTC, may be the evening before.
    """
    start, end = earliest(when), min(when.end, today)
    if not happened(when, today):
        return Within.NO
    if when.start > today:
        start, end = today, when.end
    elif window.start <= start and end <= window.end:
        return Within.YES
    return Within.NO if end < window.start or start > window.end else Within.MAYBE


def happened(when: When, today: date) -> bool:
    """Whether it has happened, or may have: tomorrow's date may have been written in a zone that is ahead."""
    return when.start <= today + _DAY


def earliest(when: When) -> date:
    """The first day that it may mean at the clinic: the written one; of the early hours in UTC the day before too. West
    of Greenwich these are an evening; where the clinic is, is not known here. Midnight in UTC is how a day is written
    that has no time.
    """
    text = when.text
    if text[10:11] == "T" and "00:00" < text[11:16] < "12" and text.endswith(_UTC) and when.start > date.min:
        return when.start - _DAY
    return when.start


def overlaps(start: date | None, end: date | None, window: Period) -> bool:
    """Whether an open or closed interval touches the window; a missing border is open."""
    return (start is None or start <= window.end) and (end is None or end >= window.start)


def days_before(day: date, days: int) -> Period:
    """The `days` up to and including `day`."""
    return Period(day - timedelta(days=days), day)
