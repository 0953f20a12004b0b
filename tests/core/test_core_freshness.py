"""Three dates side by side, by the class of the data, never an average."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.freshness import Age, DataClass, SourceClass, age, of_question, oldest
from tests.core.made import TODAY, steady

CLAIMS = DataClass("care-gaps", SourceClass.ADJUDICATED_CLAIMS, 60, 90)
CLINICAL = DataClass("risk", SourceClass.CLINICAL, 1, 7)


def test_the_age_is_that_of_the_data_where_it_is_stated() -> None:
    assert age(date(2026, 11, 1), date(2026, 9, 30), TODAY) == Age(date(2026, 9, 30), 51)
    assert age(date(2026, 11, 1), None, TODAY) == Age(date(2026, 11, 1), 19)


def test_what_is_not_stated_or_lies_ahead_has_no_age() -> None:
    assert age(None, None, TODAY) is None
    assert age(None, date(2026, 12, 1), TODAY) is None
    assert age(date(2026, 12, 1), None, TODAY) is None
    assert age(date(2026, 12, 2), date(2026, 12, 1), TODAY) is None
    assert age(TODAY, None, TODAY) == Age(TODAY, 0)


def test_a_date_that_lies_ahead_does_not_hide_how_old_the_other_is() -> None:
    assert age(date(2026, 1, 5), date(2026, 12, 31), TODAY) == Age(date(2026, 1, 5), 319)
    assert age(date(2027, 1, 5), date(2026, 1, 31), TODAY) == Age(date(2026, 1, 31), 293)
    assert age(date(2026, 1, 5), date(2026, 11, 19), TODAY) == Age(date(2026, 1, 5), 319)  # counted before it was there


@steady
@given(st.integers(0, 1000))
def test_a_limit_is_passed_on_the_day_after_it_and_each_class_has_its_own(days: int) -> None:
    found = age(None, TODAY - timedelta(days=days), TODAY)
    assert found is not None
    assert found.passes(CLAIMS) is (days > 90)
    assert found.passes(CLINICAL) is (days > 7)


def test_a_class_is_that_of_the_question() -> None:
    assert of_question((CLAIMS, CLINICAL), "risk") is CLINICAL
    assert of_question((CLAIMS,), "risk") is None


@steady
@given(st.lists(st.one_of(st.none(), st.dates())))
def test_the_oldest_is_the_oldest_stated(days: list[date | None]) -> None:
    stated = [day for day in days if day]
    assert oldest(days) == (min(stated) if stated else None)
