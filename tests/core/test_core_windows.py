"""Windows of every rule at their borders: the report's own period, leap days, year rollover, time zones, look-back."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.asking import LOOK_BACK_YEARS, look_back
from app.core.chart import When
from app.core.dates import Within, within
from app.core.evidence import findings
from app.core.measures import REGISTRY, breast, colorectal, glycaemic
from app.core.measures.kind import Kind, Window
from app.core.measures.rule import MeasureRule
from app.core.reading import Reading
from app.core.report import Period
from app.sources.fhir.facts import fact as from_fhir
from tests.core.made import YEAR, reading, steady

KINDS = [(rule, kind) for rule in REGISTRY.rules for kind in rule.evidence]
NAMES = [f"{rule.key}: {kind.name}" for rule, kind in KINDS]
years = st.integers(2016, 2060)


def year(of: int) -> Period:
    return Period(date(of, 1, 1), date(of, 12, 31))


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (Window(), "2026-01-01", "2026-12-31"),
        (Window(years_before=1, to_years_before=1), "2025-01-01", "2025-12-31"),
        (Window(years_before=1, from_month_day=(7, 1), to_month_day=(6, 30)), "2025-07-01", "2026-06-30"),
        (Window(ever=True), "1900-01-01", "2026-12-31"),
    ],
)
def test_windows_of_a_calendar_year(window: Window, start: str, end: str) -> None:
    assert window.of(YEAR) == Period(date.fromisoformat(start), date.fromisoformat(end))


@steady
@given(st.sampled_from([kind for _, kind in KINDS]), years, st.integers(-400, 400))
def test_a_day_counts_exactly_from_the_first_to_the_last_of_its_window(kind: Kind, of: int, off: int) -> None:
    window, today = kind.window.of(year(of)), date(of + 3, 1, 1)
    first, last = (within(When.day(day + timedelta(days=off)), window, today) for day in (window.start, window.end))
    length = (window.end - window.start).days
    assert (first is Within.YES) is (0 <= off <= length)
    assert (last is Within.YES) is (-length <= off <= 0)


@steady
@given(years, st.integers(1, 9), st.sampled_from([(2, 28), (2, 29), (3, 1), (12, 31), (1, 1)]))
def test_looking_back_over_leap_years_never_loses_or_gains_a_day(of: int, back: int, border: tuple[int, int]) -> None:
    if border == (2, 29) and (of % 4 or (of % 100 == 0 and of % 400)):
        border = (2, 28)
    start = date(of, *border)
    window = Window(years_before=back).of(Period(start, start + timedelta(days=364)))
    assert (window.start.year, window.start.month) == (of - back, border[0])
    assert window.start.day in (border[1], 28)
    assert window.end == start + timedelta(days=364)


@pytest.mark.parametrize(("rule", "kind"), KINDS, ids=NAMES)
@pytest.mark.parametrize("day", ["2026-01-01", "2026-06-30", "2026-12-31", "2028-02-29", "2028-12-31"])
def test_the_chart_is_read_back_to_the_beginning_of_every_window(rule: MeasureRule, kind: Kind, day: str) -> None:
    today = date.fromisoformat(day)
    window = kind.window.of(year(today.year))
    for type_ in kind.types:
        first = look_back(type_, today)
        assert first is None or first <= window.start, f"{type_} for {rule.key}: {kind.name}"


@pytest.mark.parametrize("rule", REGISTRY.rules, ids=lambda rule: rule.key)
def test_what_takes_a_patient_out_at_any_time_is_read_from_any_time(rule: MeasureRule) -> None:
    ever = {type_ for exclusion in rule.exclusions if exclusion.ever for type_ in exclusion.types}
    assert ever.isdisjoint(LOOK_BACK_YEARS)


@pytest.mark.parametrize("rule", [r for r in REGISTRY.rules if r.follow_up], ids=lambda rule: rule.key)
def test_what_settles_an_abnormal_result_is_read_as_far_back_as_the_result(rule: MeasureRule) -> None:
    assert rule.follow_up is not None
    tests = [kind for kind in rule.evidence if kind.name in rule.follow_up.after]
    for type_ in (*rule.follow_up.settled_by.types, *(t for kind in tests for t in kind.types)):
        assert 12 * LOOK_BACK_YEARS.get(type_, 99) >= rule.follow_up.months


# --- dates as they are written ----------------------------------------------------------------------------------------


def a1c(effective: str) -> Reading:
    made = from_fhir(
        {
            "resourceType": "Observation", "id": "1", "status": "final", "effectiveDateTime": effective,
            "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
            "valueQuantity": {"value": Decimal("7.0"), "unit": "%"},
        }
    )  # fmt: skip
    return reading(made)


@pytest.mark.parametrize(
    ("written", "counts"),
    [
        ("2026-01-01T00:00:00+14:00", True),  # in UTC still 2025
        ("2025-12-31T23:59:59-10:00", False),  # in UTC already 2026
        ("2026-12-31T23:59:59-10:00", True),
        ("2027-01-01T00:00:00+14:00", False),
        ("2026-01-01T00:00:00Z", True),  # how a day without a time is written
        ("2026-01-01T03:30:00Z", False),  # at the clinic it may be the evening of 31 December
        ("2026-01-01T12:30:00Z", True),
        ("2026-01-02T03:30:00Z", True),
        ("2026-01-01", True),
        ("2026-01", True),
        ("2026", True),
        ("2025", False),
    ],
)
def test_a_day_is_the_one_written_not_the_one_in_utc(written: str, counts: bool) -> None:
    found = findings(glycaemic.RULE, YEAR, a1c(written), date(2027, 2, 1))
    assert (found.done is not None) is counts


@steady
@given(
    st.dates(date(2025, 12, 20), date(2027, 1, 10)),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["Z", "+00:00", "-11:00", "+13:45", "-05:00", "+05:30"]),
)
def test_hours_and_offsets_never_move_a_result_to_another_year(day: date, hour: int, minute: int, offset: str) -> None:
    written = f"{day.isoformat()}T{hour:02}:{minute:02}:00{offset}"
    found = findings(glycaemic.RULE, YEAR, a1c(written), date(2027, 2, 1))
    if offset in ("Z", "+00:00") and hour < 12 and (hour or minute) and (day.month, day.day) == (1, 1):
        assert found.because == "date-not-certain"  # perhaps the evening before: no result moves, and none is claimed
    else:
        assert (found.done is not None) is (day.year == 2026)


# --- the widest window ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "start", "end"),
    [
        (glycaemic.RULE, "2026-01-01", "2026-12-31"),
        (colorectal.RULE, "2017-01-01", "2026-12-31"),
        (breast.RULE, "2024-10-01", "2026-12-31"),
    ],
)
def test_the_widest_window_is_told(rule: MeasureRule, start: str, end: str) -> None:
    found = findings(rule, YEAR, reading(), date(2026, 11, 20))
    assert found.window == Period(date.fromisoformat(start), date.fromisoformat(end))


def test_a_window_from_a_birthday_begins_with_it() -> None:
    rule = next(rule for rule in REGISTRY.rules if rule.key == "pneumococcal-immunization")
    found = findings(rule, YEAR, reading(), date(2026, 11, 20))
    assert found.window == Period(date(1982, 3, 14), YEAR.end)  # the patient of these tests was born on 14 March 1963
