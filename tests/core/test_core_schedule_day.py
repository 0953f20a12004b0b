"""Which appointments are a provider's day, whatever the EHR sends: provider, clinic's day, status, order, once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.schedule.appointment import Appointment, DayAsk, Plan, Schedule
from app.core.schedule.day import Arranged, arranged

NEW_YORK = ZoneInfo("America/New_York")
DR = "Practitioner/dr"
TODAY = date(2026, 11, 23)
STATUSES = (
    "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in",
    "waitlist",
)  # fmt: skip


def at(hour: int, minute: int = 0, day: date = TODAY, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def visit(name: str = "a1", start: datetime | None = None, **more: Any) -> Appointment:
    stated: dict[str, Any] = {"status": "booked", "patients": (f"Patient/{name}",), "practitioners": (DR,)} | more
    return Appointment(name if "/" in name else f"Appointment/{name}", start=start or at(9), **stated)


def day(
    *found: Appointment, ask: DayAsk | None = None, plan: Plan = Plan.PORTABLE, zone: ZoneInfo = NEW_YORK
) -> Arranged:
    return arranged(Schedule(found, plan=plan), ask or DayAsk.of(DR, TODAY), zone)


def refs(found: Arranged) -> list[str]:
    return [each.ref.partition("/")[2] for each, _ in found.shown]


@pytest.mark.parametrize(
    ("status", "where"),
    [
        ("booked", "shown"),
        ("arrived", "shown"),
        ("checked-in", "shown"),
        ("noshow", "missed"),
        ("fulfilled", "over"),
        ("cancelled", "cancelled"),
        ("entered-in-error", ""),
        ("proposed", ""),
        ("pending", ""),
        ("waitlist", ""),
    ],
)
def test_the_status_decides_where_it_is(status: str, where: str) -> None:
    found = day(visit(status=status))
    counted = {"shown": len(found.shown), "missed": len(found.missed), "over": found.over, "cancelled": found.cancelled}
    assert counted == {name: int(name == where) for name in counted}


@pytest.mark.parametrize(
    ("other", "missed"),
    [
        (visit("2", at(15), patients=("Patient/p",)), 0),  # still expected
        (visit("2", at(15), patients=("Patient/p",), status="fulfilled"), 0),
        (visit("Encounter/e", at(10), patients=("Patient/p",), status="arrived"), 0),  # came late
        (visit("2", at(15), patients=("Patient/p",), status="cancelled"), 1),
        (visit("2", at(8), patients=("Patient/p",)), 1),
        (visit("2", at(15), patients=("Patient/other",)), 1),
    ],
)
def test_who_comes_later_that_day_was_not_missed(other: Appointment, missed: int) -> None:
    found = day(visit("1", at(9), patients=("Patient/p",), status="noshow"), other)
    assert len(found.missed) == missed


def test_only_the_provider_asked_for() -> None:
    both = visit("2", practitioners=("Practitioner/other", DR))
    assert refs(
        day(visit("1"), both, visit("3", practitioners=("Practitioner/dr2",)), visit("4", practitioners=()))
    ) == [
        "1",
        "2",
    ]


def test_the_appointment_of_the_launch_may_name_nobody() -> None:
    assert refs(day(visit("1", practitioners=()), plan=Plan.LAUNCHED)) == ["1"]
    assert refs(day(visit("1", practitioners=("Practitioner/other",)), plan=Plan.LAUNCHED)) == []


def test_time_order_and_double_bookings_stay() -> None:
    found = day(visit("late", at(16)), visit("b", at(9)), visit("a", at(9)), visit("early", at(8)))
    assert refs(found) == ["early", "a", "b", "late"]


def test_the_same_appointment_is_there_once_as_it_was_read_last() -> None:
    moved = visit("1", at(11), status="arrived")
    found = day(visit("1", at(9)), visit("2", at(10)), moved)
    assert [(each.ref, each.status) for each, _ in found.shown] == [
        ("Appointment/2", "booked"),
        ("Appointment/1", "arrived"),
    ]
    assert refs(day(visit("1", at(9)), visit("1", at(9, day=TODAY + timedelta(days=1))))) == []


def test_a_group_visit_has_a_seat_for_each_patient_once() -> None:
    found = day(visit("g", patients=("Patient/b", "Patient/a", "Patient/b")), visit("blocked", patients=()))
    assert [patient for _, patient in found.shown] == ["Patient/b", "Patient/a"]


def test_a_patient_known_by_number_only_keeps_the_seat() -> None:
    assert [patient for _, patient in day(visit("w", patients=("",))).shown] == [""]


# --- walk-ins ---------------------------------------------------------------------------------------------------------


def walk_in(start: datetime | None = None, **more: Any) -> Appointment:
    return visit("Encounter/e", start or at(10), status="arrived", walk_in=True, **{"patients": ("Patient/p",)} | more)


@pytest.mark.parametrize(
    ("booked", "is_there"),
    [
        (visit("1", patients=("Patient/other",)), True),
        (visit("1", patients=("Patient/p",)), False),  # of the same patient: that visit
        (visit("1", patients=("Patient/other",), encounter="Encounter/e"), False),
        (visit("1", patients=("Patient/p",), status="cancelled"), True),
        (visit("1", patients=("Patient/p",), status="noshow"), True),
        (visit("1", at(9), patients=("Patient/p",), status="fulfilled"), False),
        (visit("1", at(7), patients=("Patient/p",), status="fulfilled"), True),
    ],
)
def test_a_visit_under_way_is_a_row_unless_it_is_that_of_an_appointment(booked: Appointment, is_there: bool) -> None:
    assert ("e" in refs(day(booked, walk_in()))) is is_there


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "counts"),
    [
        ("2026-11-23T00:00:00-05:00", True),
        ("2026-11-23T23:59:59-05:00", True),
        ("2026-11-24T00:00:00-05:00", False),
        ("2026-11-22T23:45:00-05:00", False),
        ("2026-11-23T04:59:59Z", False),  # still Sunday at the clinic
        ("2026-11-24T04:45:00Z", True),
        ("2026-11-23T23:45:00+09:00", True),
        ("2026-11-24T14:30:00+14:00", True),
    ],
)
def test_the_day_is_the_clinics_whatever_offset_it_is_written_in(start: str, counts: bool) -> None:
    assert bool(day(visit("1", datetime.fromisoformat(start))).shown) is counts


def test_what_goes_on_past_midnight_belongs_to_the_day_of_its_start() -> None:
    night = visit("1", at(23, 45), end=at(0, 30, TODAY + timedelta(days=1)))
    assert refs(day(night)) == ["1"]
    assert refs(day(night, ask=DayAsk.of(DR, TODAY + timedelta(days=1)))) == []


def test_several_days_are_one_question() -> None:
    found = [visit(f"{offset}", at(9, day=TODAY + timedelta(days=offset))) for offset in range(-1, 9)]
    assert refs(day(*found, ask=DayAsk(DR, TODAY, TODAY + timedelta(days=7)))) == [str(n) for n in range(8)]


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    """1 November 2026 in New York: 01:30 comes twice."""
    ask = DayAsk.of(DR, date(2026, 11, 1))
    first = visit("first", datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-4))))
    second = visit("second", datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-5))))
    assert refs(day(second, first, ask=ask)) == ["first", "second"]


ZONES = [
    ZoneInfo(name)
    for name in ("America/New_York", "America/Havana", "Africa/Cairo", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC")
]
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
moments = st.datetimes(datetime(2025, 1, 2), datetime(2027, 12, 30)).map(lambda naive: naive.replace(tzinfo=UTC))
found_ones = st.builds(
    lambda name, start, status, patients, mine: visit(
        name, start, status=status, patients=patients, practitioners=(DR,) if mine else ("Practitioner/x",)
    ),
    st.sampled_from("abcdefgh"),
    moments,
    st.sampled_from(STATUSES),
    st.lists(st.sampled_from(["Patient/1", "Patient/2", "Patient/3"]), max_size=3).map(tuple),
    st.booleans(),
)


@given(moments, st.sampled_from(ZONES), st.integers(-12 * 60, 14 * 60))
def test_every_instant_is_in_exactly_one_day(moment: datetime, zone: ZoneInfo, offset: int) -> None:
    written = visit("1", moment.astimezone(timezone(timedelta(minutes=offset))))
    local = moment.astimezone(zone).date()
    around = [local + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    assert [d for d in around if day(written, ask=DayAsk.of(DR, d), zone=zone).shown] == [local]


@given(st.lists(found_ones, max_size=12), days, st.sampled_from(ZONES))
def test_no_order_of_arrival_changes_the_day(found: list[Appointment], of: date, zone: ZoneInfo) -> None:
    once = list({each.ref: each for each in found}.values())
    ask = DayAsk(DR, of, of + timedelta(days=200))
    first, again = day(*once, ask=ask, zone=zone), day(*reversed(once), ask=ask, zone=zone)
    assert first == again
    assert all(DR in each.practitioners and ask.first <= each.start.astimezone(zone).date() for each, _ in first.shown)
    starts = [each.start for each, _ in first.shown]
    assert starts == sorted(starts)


@given(st.lists(found_ones, max_size=12), st.randoms())
def test_saying_it_twice_changes_nothing(found: list[Appointment], random: Any) -> None:
    once = list({each.ref: each for each in found}.values())
    twice = [*once, *(replace(each) for each in once)]
    random.shuffle(twice)
    ask = DayAsk(DR, date(2025, 1, 1), date(2027, 12, 31))
    assert day(*twice, ask=ask) == day(*once, ask=ask)
