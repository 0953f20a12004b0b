"""Outside a measure: only where the chart says so beyond doubt."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Fact, Patient, When
from app.core.measures import REGISTRY, breast, cervical, colorectal, glycaemic, kidney, statin
from app.core.measures.population import ages_at, birthday, outside, within_ages
from app.core.measures.rule import At, MeasureRule
from app.core.reading import read
from app.core.report import Period
from tests.core.made import PATIENT, TODAY, YEAR, chart, fact, icd, loinc, mammogram, on, steady


def why(rule: MeasureRule, patient: Patient, *facts: Fact, unread: tuple[str, ...] = ()) -> str:
    return outside(rule, patient, read(chart(*facts, patient=patient, unread=unread)), YEAR, TODAY)[0]


def born(day: str | None, sex: str = "female") -> Patient:
    return replace(PATIENT, birth_date=on(day) if day else None, sex=sex)


@pytest.mark.parametrize(
    ("rule", "birth", "expected"),
    [
        (colorectal.RULE, "1980-12-31", ""),  # 46 on the last day
        (colorectal.RULE, "1981-01-01", "age"),
        (colorectal.RULE, "1951-01-01", ""),  # 75
        (colorectal.RULE, "1950-12-31", "age"),
        (colorectal.RULE, "1981", "age"),
        (colorectal.RULE, "1980", ""),
        (colorectal.RULE, "1950", "age"),  # 76 at the end, whatever the day
        (colorectal.RULE, None, ""),
        (kidney.RULE, "2008-01-01", ""),  # 18 on the first day
        (kidney.RULE, "2008-01-02", "age"),
        (kidney.RULE, "2008", ""),  # may be 18, may be 17
        (statin.RULE, "2015-01-01", ""),  # no age rules all four groups out
    ],
)
def test_age_on_the_measures_day(rule: MeasureRule, birth: str | None, expected: str) -> None:
    assert why(rule, born(birth)) == expected


@pytest.mark.parametrize("rule", [breast.RULE, cervical.RULE], ids=lambda rule: rule.key)
@pytest.mark.parametrize(
    ("sex", "expected"), [("male", "sex"), ("female", ""), ("other", ""), ("unknown", ""), ("", "")]
)
def test_a_recorded_sex_speaks_only_where_it_is_plain(rule: MeasureRule, sex: str, expected: str) -> None:
    assert why(rule, born("1970-01-01", sex)) == expected


@pytest.mark.parametrize(
    "entry",
    [
        mammogram("2020-01-01"),
        fact("Condition", icd("F64.0"), "2019-01-01"),
        fact("Condition", icd("Z87.890"), "2019-01-01"),
    ],
    ids=lambda f: f.concept.label or f.concept.codings[0].code,
)
def test_what_the_recorded_sex_does_not_explain_leaves_it_open(entry: Fact) -> None:
    assert why(breast.RULE, born("1970-01-01", "male"), entry) == ""


def test_without_the_conditions_nothing_is_said_of_sex_or_diagnosis() -> None:
    refuted = fact("Condition", icd("E11.9"), "2020-01-01", verification="refuted")
    assert why(breast.RULE, born("1970-01-01", "male"), unread=("Condition",)) == ""
    assert why(glycaemic.RULE, born("1970-01-01"), refuted) == "no-diagnosis"
    assert why(glycaemic.RULE, born("1970-01-01"), refuted, unread=("Condition",)) == ""


REFUTED = fact("Condition", icd("E11.9", "Type 2 diabetes"), "2020-01-01", verification="refuted")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], "no-diagnosis"),
        ([replace(REFUTED, ref="Condition/x")], "no-diagnosis"),
        ([fact("Condition", icd("E11.65"), "2026-01-01")], ""),
        ([fact("Condition", icd("E11.65"), "2026-01-01", verification="provisional")], ""),
        ([fact("Condition", icd("E10.9"), "2001-01-01", status="resolved")], ""),
        ([fact("Condition", icd("R73.03", "Prediabetes"), "2026-01-01")], "no-diagnosis"),
        ([fact("Condition", replace(REFUTED.concept, codings=()), "2026-01-01")], ""),  # the same words, not refuted
    ],
)
def test_a_refuted_diagnosis_that_nothing_else_supports(others: list[Fact], expected: str) -> None:
    patient = born("1970-01-01")
    made = read(chart(REFUTED, *others, patient=patient))
    said, fact_ = outside(glycaemic.RULE, patient, made, YEAR, TODAY)
    assert said == expected
    assert (fact_ is not None) is bool(expected)


def test_a_diagnosis_that_is_only_missing_says_nothing() -> None:
    assert why(glycaemic.RULE, born("1970-01-01")) == ""
    assert why(glycaemic.RULE, born("1970-01-01"), fact("Observation", loinc("4548-4"), "2026-01-01")) == ""


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("2000-02-29", "2025-02-28", 24),
        ("2000-02-29", "2025-03-01", 25),
        ("2000-02-29", "2024-02-28", 23),
        ("2000-02-29", "2024-02-29", 24),
        ("2000-12-31", "2026-12-31", 26),
        ("2000-12-31", "2026-12-30", 25),
    ],
)
def test_whole_years_and_leap_days(birth: str, day: str, age: int) -> None:
    assert ages_at(on(birth), date.fromisoformat(day)) == (age, age)


births = st.dates(date(1920, 1, 1), date(2020, 12, 31))


@steady
@given(births, st.integers(0, 90))
def test_the_birthday_is_the_first_day_of_an_age(birth: date, years: int) -> None:
    turned = birthday(birth, years)
    assert ages_at(When.day(birth), turned) == (years, years)
    if years:
        assert ages_at(When.day(birth), turned - timedelta(days=1)) == (years - 1, years - 1)


@steady
@given(births, st.integers(0, 800), st.integers(2000, 2060), st.integers(0, 60), st.integers(0, 30))
def test_ages_of_uncertain_birth_dates_agree_with_every_day_that_they_may_mean(
    first: date, span: int, year: int, low: int, more: int
) -> None:
    when, day, ages = When(first, first + timedelta(days=span)), date(year, 12, 31), (low, low + more)
    each = {within_ages(When.day(first + timedelta(days=n)), ages, day) for n in range(span + 1)}
    assert within_ages(when, ages, day) is (each.pop() if len(each) == 1 else None)


@pytest.mark.parametrize("rule", REGISTRY.rules, ids=lambda rule: rule.key)
@steady
@given(st.integers(2020, 2040), st.integers(0, 110), st.integers(-2, 2))
def test_every_rule_is_sure_of_age_exactly_at_its_borders(rule: MeasureRule, year: int, age: int, offset: int) -> None:
    period = Period(date(year, 1, 1), date(year, 12, 31))
    day = period.start if rule.population.at is At.START else period.end
    birth = day.replace(year=day.year - age) + timedelta(days=offset)
    patient = replace(PATIENT, birth_date=When.day(birth))
    said, _ = outside(rule, patient, read(chart(patient=patient)), period, TODAY)
    actual = age - (1 if offset > 0 else 0)
    low, high = rule.population.ages or (-1, None)
    assert (said == "age") is not (low <= actual and (high is None or actual <= high))
