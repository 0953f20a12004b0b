"""Three dates side by side, never an average."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.core import freshness
from tests.core.made import TODAY, category, gap, steady


def test_the_age_is_that_of_the_data_where_it_is_stated() -> None:
    made = freshness.of(gap(), TODAY)
    assert (made.calculated, made.data_through) == (date(2026, 11, 1), date(2026, 9, 30))
    assert (made.days, made.weeks) == (51, 7)
    stated_less = freshness.of(gap(data_through=None), TODAY)
    assert (stated_less.days, stated_less.weeks) == (19, 2)


def test_what_is_not_stated_has_no_age() -> None:
    made = freshness.of(gap(data_through=None, calculated=None), TODAY)
    assert (made.days, made.weeks) == (None, None)
    assert freshness.of(category("155", calculated=date(2026, 11, 13)), TODAY).weeks == 1


def test_a_date_in_the_future_is_no_freshness() -> None:
    made = freshness.of(gap(data_through=date(2026, 12, 1)), TODAY)
    assert (made.days, made.weeks) == (-11, None)


@steady
@given(st.lists(st.one_of(st.none(), st.dates())))
def test_the_oldest_is_known_only_when_all_are_stated(days: list[date | None]) -> None:
    oldest = freshness.oldest(days)
    if None in days or not days:
        assert oldest is None
    else:
        assert oldest == min(day for day in days if day)
