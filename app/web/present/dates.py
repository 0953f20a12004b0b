"""Days as a clinician reads them: "14 Sep 2026, 10 weeks ago". Independent of the machine's locale and clock."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, tzinfo

from app.core.chart import When

NOT_STATED = "not stated"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_OF_A_MONTH = 30.44
_DAYS_OF_A_YEAR = 365.25


def plain_day(day: date) -> str:
    """14 Sep 2026"""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date, today: date) -> str:
    """14 Sep, and the year only where it is not this one."""
    words = f"{day.day} {_MONTHS[day.month - 1]}"
    return words if day.year == today.year else f"{words} {day.year}"


def day_words(day: date, today: date) -> str:
    """14 Sep 2026, 10 weeks ago"""
    return f"{plain_day(day)}, {distance(day, today)}"


def maybe_day(day: date | None, today: date) -> str:
    return day_words(day, today) if day else NOT_STATED


def distance(day: date, today: date) -> str:
    """How far `day` is from `today`, rounded: the exact day always stands beside it."""
    days = (day - today).days
    if days == 0:
        return "today"
    if abs(days) == 1:
        return "tomorrow" if days > 0 else "yesterday"
    span = _span(abs(days))
    return f"in {span}" if days > 0 else f"{span} ago"


def _span(days: int) -> str:
    if days < 14:
        return f"{days} days"
    if days < 91:
        return f"{round(days / 7)} weeks"
    if (months := round(days / _DAYS_OF_A_MONTH)) < 24:
        return f"{months} months"
    return f"{round(days / _DAYS_OF_A_YEAR)} years"


def plain_when(when: When) -> str:
    """A FHIR date of any precision, no more precise than it was written: "Mar 2026", "2026"."""
    start, end = when.start, when.end
    if start == end:
        return plain_day(start)
    if start == date(start.year, 1, 1) and end == date(start.year, 12, 31):
        return str(start.year)
    if start.day == 1 and end == date(start.year, start.month, monthrange(start.year, start.month)[1]):
        return f"{_MONTHS[start.month - 1]} {start.year}"
    return f"{plain_day(start)} to {plain_day(end)}"


def when_words(when: When | None, today: date) -> str:
    """14 Sep 2026, 10 weeks ago; Mar 2026, about 8 months ago; 2025; date not stated."""
    if when is None:
        return f"date {NOT_STATED}"
    if when.start == when.end:
        return day_words(when.start, today)
    if when.start <= today <= when.end or (when.end - when.start).days > 31:
        return plain_when(when)  # too wide for a distance to mean anything
    return f"{plain_when(when)}, about {distance(when.end if when.end < today else when.start, today)}"


def age(born: When, today: date) -> str:
    """65 years; 7 months; 3 days. Empty when the birth date lies ahead, "about" when it is not a whole date."""
    if born.start > today:
        return ""
    about = "" if born.start == born.end else "about "
    start = born.start
    months = (today.year - start.year) * 12 + today.month - start.month - (today.day < start.day)
    if months >= 24:
        return f"{about}{months // 12} years"
    if months >= 1:
        return f"{about}{months} month{'' if months == 1 else 's'}"
    days = (today - start).days
    return f"{about}{days} day{'' if days == 1 else 's'}"


def time_words(iso: str, zone: tzinfo | None) -> str:
    """09:41 of an ISO time in the clinic's zone; empty when there is none."""
    if not iso:
        return ""
    return datetime.fromisoformat(iso).astimezone(zone).strftime("%H:%M")


def clock_words(when: datetime, now: datetime) -> str:
    """09:41 in the zone of `now`; 14 Sep 2026, 09:41 where that was another day."""
    local = when.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{plain_day(local.date())}, {local:%H:%M}"


def moment_words(when: datetime | None, now: datetime) -> str:
    """09:41:05 in the zone of `now`, with the day where it is not today; "" for None."""
    if when is None:
        return ""
    local = when.astimezone(now.tzinfo)
    return f"{local:%H:%M:%S}" if local.date() == now.date() else f"{plain_day(local.date())}, {local:%H:%M:%S}"
