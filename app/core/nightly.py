"""When the night's work of an EHR begins, and which day it prepares. Pure.

A time of day stands for one instant of that date in the clinic's zone: on the night when it comes twice the first, on
the night when it does not come at all the instant at which it would have come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WINDOW = timedelta(hours=6)  # what has not begun by then, or is not done, is left to the morning
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Night:
    """One night: `day` is prepared from `starts` to `stops`; at `ends` what was prepared has had its day."""

    day: date
    starts: datetime
    stops: datetime
    ends: datetime


def tonight(at: str, zone: tzinfo, now: datetime) -> Night | None:
    """The night that `now` lies in, None between them. `at` as "02:00"; from noon on it is the evening before."""
    moment = time.fromisoformat(at)
    today = now.astimezone(zone).date()
    for began in (today, today - timedelta(days=1)):
        starts = datetime.combine(began, moment, zone).astimezone(UTC)
        if starts <= now < starts + WINDOW:
            day = began if moment < _NOON else began + timedelta(days=1)
            return Night(day, starts, starts + WINDOW, over(day, zone))
    return None


def over(day: date, zone: tzinfo) -> datetime:
    """The instant at which `day` is over in the clinic's zone."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
