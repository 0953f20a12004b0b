"""Which of the appointments that an EHR lists belong to a provider's days, and in which order. Pure.

An EHR is never taken at its word: who it is with, on which day of the clinic and in which status is looked at here
again, whatever the question was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from app.core.schedule.appointment import MISSED, OVER, SHOWN, Appointment, DayAsk, Plan, Schedule

#: One patient's place in an appointment: a group visit has several. The reference is typed, and empty where the
#: patient is known by a record number only.
Seat = tuple[Appointment, str]

_CANCELLED = "cancelled"
_ENCOUNTER = "Encounter/"  # an entry that is only a visit under way: somebody who walked in
_SAME_VISIT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Arranged:
    """`shown`: booked, arrived, checked in; `missed`: who did not come, and has no other place later that day; both in
    time order. The rest is only counted.
    """

    shown: tuple[Seat, ...] = ()
    missed: tuple[Seat, ...] = ()
    over: int = 0
    cancelled: int = 0


def arranged(schedule: Schedule, ask: DayAsk, zone: tzinfo) -> Arranged:
    """The days that were asked for. `zone` is the clinic's. What is merely proposed, waiting or in error is nowhere."""
    mine = [found for found in _once(schedule.appointments) if is_asked_for(found, ask, zone, schedule.plan)]
    booked = [found for found in mine if not found.ref.startswith(_ENCOUNTER)]
    visits = [found for found in mine if found.ref.startswith(_ENCOUNTER) and not _is_booked(found, booked, zone)]
    kept = sorted([*booked, *visits], key=_order)
    noshow = [found for found in kept if found.status == MISSED]
    return Arranged(
        shown=_seats([found for found in kept if found.status in SHOWN]),
        missed=tuple(seat for seat in _seats(noshow) if not _comes_later(seat, kept, zone)),
        over=len(_seats([found for found in kept if found.status == OVER])),
        cancelled=len(_seats([found for found in kept if found.status == _CANCELLED])),
    )


def is_asked_for(found: Appointment, ask: DayAsk, zone: tzinfo, plan: Plan) -> bool:
    """Whether it starts on one of the days, as the clinic counts them, and is with the provider.

    The appointment that a launch itself names may name nobody whom it is with.
    """
    with_them = ask.provider in found.practitioners or (plan is Plan.LAUNCHED and not found.practitioners)
    return with_them and _is_of_the_days(found, ask, zone)


def is_untold(found: Appointment, ask: DayAsk, zone: tzinfo) -> bool:
    """Whether a patient is to come on one of the days, and it is not said to whom."""
    expected = found.status in SHOWN and bool(found.patients) and not found.practitioners
    return expected and _is_of_the_days(found, ask, zone)


def _is_of_the_days(found: Appointment, ask: DayAsk, zone: tzinfo) -> bool:
    return ask.first <= _local(found.start, zone).date() <= ask.last


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone)


def _once(found: Iterable[Appointment]) -> Iterable[Appointment]:
    """Each appointment once, as it was read last: pages shift while they are read."""
    return {each.ref: each for each in found}.values()


def _is_booked(visit: Appointment, booked: list[Appointment], zone: tzinfo) -> bool:
    """Whether a visit under way is that of an appointment of the day: not every EHR links the two."""
    for other in booked:
        if other.encounter == visit.ref:
            return True
        if set(other.patients).isdisjoint(visit.patients):
            continue
        same_day = _local(other.start, zone).date() == _local(visit.start, zone).date()
        if other.status in SHOWN and same_day:
            return True
        if other.status == OVER and abs(other.start.astimezone(UTC) - visit.start.astimezone(UTC)) < _SAME_VISIT:
            return True
    return False


def _comes_later(missed: Seat, kept: Iterable[Appointment], zone: tzinfo) -> bool:
    """Whether who missed an appointment came after all that day, or is still expected."""
    at, patient = missed
    return bool(patient) and any(
        patient in other.patients
        and other.status in (*SHOWN, OVER)
        and other.start >= at.start
        and _local(other.start, zone).date() == _local(at.start, zone).date()
        for other in kept
    )


def _order(found: Appointment) -> tuple[datetime, datetime, str]:
    start = found.start.astimezone(UTC)
    return start, found.end.astimezone(UTC) if found.end else start, found.ref


def _seats(found: list[Appointment]) -> tuple[Seat, ...]:
    """One entry a patient. What has no patient at all is time that somebody blocked."""
    return tuple((each, patient) for each in found for patient in dict.fromkeys(each.patients))
