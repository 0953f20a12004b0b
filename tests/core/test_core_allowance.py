"""How a limit is shared out, and which night it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.allowance import Limit, Rank, fair
from app.core.nightly import WINDOW, over, tonight

WANTS = st.lists(st.integers(0, 40), max_size=8)


@given(st.integers(0, 60), WANTS)
def test_a_limit_is_shared_without_waste_and_without_favourites(most: int, wants: list[int]) -> None:
    given_out = fair(most, wants)
    assert sum(given_out) == min(most, sum(wants)), (
        "nothing is left over that somebody wants, and never more than there is"
    )
    assert all(0 <= got <= want for got, want in zip(given_out, wants, strict=True))
    hungry = [got for got, want in zip(given_out, wants, strict=True) if got < want]
    if hungry:
        assert max(given_out) <= min(hungry) + 1, "who gets less than they want gets no less than anybody"


def test_what_cannot_be_divided_goes_to_those_who_stand_first() -> None:
    assert fair(1, [1, 1, 1]) == [1, 0, 0]
    assert fair(8, [8, 8, 8]) == [3, 3, 2]
    assert fair(8, [1, 20]) == [1, 7]


def test_the_last_calls_of_a_minute_are_the_launches() -> None:
    limit = Limit(per_minute=100)
    assert [limit.minute_for(rank) for rank in Rank] == [100, 95, 80]
    assert [Limit(per_minute=1).minute_for(rank) for rank in Rank] == [1, 1, 1], "of one call nothing is kept back"


NEW_YORK = ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc] # year to minute


@pytest.mark.parametrize(
    ("at", "now", "day", "starts"),
    [
        ("02:00", utc(2026, 11, 23, 7, 30), date(2026, 11, 23), utc(2026, 11, 23, 7, 0)),  # the morning of that night
        ("20:00", utc(2026, 11, 23, 2, 0), date(2026, 11, 23), utc(2026, 11, 23, 1, 0)),  # the evening before
        ("23:30", utc(2026, 11, 23, 9, 0), date(2026, 11, 23), utc(2026, 11, 23, 4, 30)),  # and over midnight
        ("01:30", utc(2026, 11, 1, 6, 45), date(2026, 11, 1), utc(2026, 11, 1, 5, 30)),  # it comes twice: the first
        ("02:30", utc(2026, 3, 8, 8, 0), date(2026, 3, 8), utc(2026, 3, 8, 7, 30)),  # it does not come: where it would
    ],
)
def test_which_day_a_night_prepares_and_from_when(at: str, now: datetime, day: date, starts: datetime) -> None:
    night = tonight(at, NEW_YORK, now)
    assert night is not None
    assert (night.day, night.starts) == (day, starts)


def test_by_day_it_is_no_night() -> None:
    assert tonight("02:00", NEW_YORK, utc(2026, 11, 23, 6, 59)) is None
    assert tonight("02:00", NEW_YORK, utc(2026, 11, 23, 13, 0)) is None


ZONES = st.sampled_from(
    [NEW_YORK, ZoneInfo("Europe/London"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")]
)


@given(ZONES, st.integers(0, 23), st.integers(0, 59), st.dates(date(2025, 1, 2), date(2028, 12, 30)))
def test_every_day_is_prepared_once_and_ends_after_its_night(zone: ZoneInfo, hour: int, minute: int, day: date) -> None:
    """Each minute of two days around it, as a sweep would look."""
    at = f"{hour:02}:{minute:02}"
    start = over(day, zone) - timedelta(hours=50)
    nights = {tonight(at, zone, start + timedelta(minutes=n)) for n in range(0, 60 * 50, 7)} - {None}
    mine = [night for night in nights if night and night.day == day]
    assert len(mine) == 1, "one run, whatever the clocks do"
    (one,) = mine
    assert one.stops - one.starts == WINDOW
    assert one.ends >= one.stops - WINDOW + timedelta(hours=11), "it is kept for the day that it prepares"
    assert one.ends - over(day, zone) == timedelta()
