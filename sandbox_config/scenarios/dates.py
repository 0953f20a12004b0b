"""Dates of the stories: tokens relative to the day they are told, so that a story stays true.

`{today-70d}` is a day, `{today-70d@09:30}` the same day at a clock time of the clinic, with its offset. `{ytd-70d}` is
70 days ago but never before 1 January: what must lie in the measurement year does so on 2 January too. `{now-1h}` is an
instant. Double braces and braces before a digit (script-text uses `{{7*7}}`) are left alone.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CLINIC_TZ = ZoneInfo("America/New_York")

_TOKEN = re.compile(r"\{(today|ytd|year-start|year-end|now)((?:[+-]\d+[hdwmy])*)(?:@(\d\d:\d\d))?\}")
_STEP = re.compile(r"([+-]\d+)([hdwmy])")
_LOOKS_LIKE_ONE = re.compile(r"(?<!\{)\{[a-z][a-z-]*[^{}\s]*\}")


class TokenError(ValueError):
    """A token that nobody can read: most likely a typing error in a story."""


def months_from(day: date, months: int) -> date:
    """The same day `months` later (or earlier), or the last day of that month where it is shorter."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def resolve(tree: Any, *, today: date, now: datetime) -> Any:
    """A copy of a JSON tree with the tokens in its strings replaced."""
    if isinstance(tree, Mapping):
        return {key: resolve(value, today=today, now=now) for key, value in tree.items()}
    if isinstance(tree, list):
        return [resolve(value, today=today, now=now) for value in tree]
    if not isinstance(tree, str) or "{" not in tree:
        return tree
    text = _TOKEN.sub(lambda match: _spell(match, today, now), tree)
    if stray := _LOOKS_LIKE_ONE.search(text):
        raise TokenError(f"not a date token: {stray.group()}")
    return text


def instant(day: date, clock: str) -> str:
    """A clock time of the clinic on that day as a FHIR instant."""
    return datetime.combine(day, time.fromisoformat(clock), CLINIC_TZ).isoformat()


def _spell(match: re.Match[str], today: date, now: datetime) -> str:
    base, steps, clock = match.groups()
    if base == "now":
        if clock or any(unit in "my" for _, unit in _STEP.findall(steps)):
            raise TokenError(f"{match.group()}: now takes hours, days and weeks only")
        return _moved_instant(now, steps).astimezone(CLINIC_TZ).isoformat(timespec="seconds")
    day = _moved_day(_base_day(base, today), steps, match.group())
    if base == "ytd":
        day = max(day, date(today.year, 1, 1))
    return instant(day, clock) if clock else day.isoformat()


def _base_day(base: str, today: date) -> date:
    return {"year-start": date(today.year, 1, 1), "year-end": date(today.year, 12, 31)}.get(base, today)


def _moved_instant(moment: datetime, steps: str) -> datetime:
    hours = {"h": 1, "d": 24, "w": 168}
    return moment + timedelta(hours=sum(int(count) * hours[unit] for count, unit in _STEP.findall(steps)))


def _moved_day(day: date, steps: str, token: str) -> date:
    for count, unit in _STEP.findall(steps):
        if unit == "h":
            raise TokenError(f"{token}: hours need now")
        if unit in "my":
            day = months_from(day, int(count) * (12 if unit == "y" else 1))
        else:
            day += timedelta(days=int(count) * (7 if unit == "w" else 1))
    return day
