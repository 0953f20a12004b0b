"""The days of a question as instants: how FHIR and Oracle Health alike want a day bounded. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from app.core.schedule.appointment import DayAsk

Pairs = tuple[tuple[str, str], ...]


def bounds(ask: DayAsk, zone: tzinfo) -> Pairs:
    """From the first midnight of the clinic to the one after the last day, each with its own offset.

    A whole date is no bound: 2026-11, Medplum 5.0: `date=2026-11-23` finds nothing. A day on which the clocks change
    has 23 or 25 hours, and where they change at midnight the day begins at the first instant that is counted to it.
    """
    first, after = midnight(ask.first, zone), midnight(ask.last + timedelta(days=1), zone)
    return (("date", f"ge{first.isoformat()}"), ("date", f"lt{after.isoformat()}"))


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time(0), zone)
