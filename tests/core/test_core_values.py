"""A value against a target: it meets, misses, or cannot be said."""

from decimal import Decimal

import pytest

from app.core.chart import Concept, Quantity
from app.core.measures import blood_pressure, glycaemic
from app.core.values import Meets, has_all, judge
from tests.core.made import fact, hba1c, loinc, pressure


@pytest.mark.parametrize(
    ("value", "comparator", "meets"),
    [
        ("9.0", "", Meets.YES),
        ("9.1", "", Meets.NO),
        ("9", "<", Meets.YES),
        ("9", "<=", Meets.YES),
        ("4.0", "<", Meets.YES),
        ("9.5", "<", Meets.UNCLEAR),
        ("9", ">", Meets.NO),
        ("14.0", ">", Meets.NO),
        ("9", ">=", Meets.UNCLEAR),
        ("9.1", ">=", Meets.NO),
        ("8", ">", Meets.UNCLEAR),
        ("8", "~", Meets.UNCLEAR),
        ("0.085", "", Meets.UNCLEAR),  # a fraction written as percent
        ("86", "", Meets.UNCLEAR),
        ("3", "", Meets.YES),
        ("25", "", Meets.NO),
        ("25.1", "", Meets.UNCLEAR),
    ],
)
def test_hba1c_at_most_nine(value: str, comparator: str, meets: Meets) -> None:
    quantity = Quantity(Decimal(value), "%", "%", comparator)
    assert judge([fact("Observation", loinc("4548-4"), value=quantity)], glycaemic.RULE.targets) is meets


@pytest.mark.parametrize(
    ("unit", "code", "meets"),
    [
        ("%", "", Meets.YES),
        ("", "", Meets.YES),
        ("", "%", Meets.YES),
        ("% of total Hgb", "", Meets.YES),
        ("mmol/mol", "mmol/mol", Meets.UNCLEAR),
        ("mg/dL", "", Meets.UNCLEAR),
    ],
)
def test_a_unit_that_is_not_the_targets_says_nothing(unit: str, code: str, meets: Meets) -> None:
    quantity = Quantity(Decimal("7.2"), unit, code)
    assert judge([fact("Observation", loinc("4548-4"), value=quantity)], glycaemic.RULE.targets) is meets


@pytest.mark.parametrize("value", [None, "seven", True, Concept(text="high")])
def test_what_is_no_number_says_nothing(value: object) -> None:
    assert judge([fact("Observation", loinc("4548-4"), value=value)], glycaemic.RULE.targets) is Meets.UNCLEAR


@pytest.mark.parametrize(
    ("readings", "meets"),
    [
        ([("139", "89")], Meets.YES),
        ([("140", "89")], Meets.NO),
        ([("139", "90")], Meets.NO),
        ([("150", "85"), ("135", "95")], Meets.YES),  # the lowest systolic and the lowest diastolic of the day
        ([("150", "85"), ("145", "80")], Meets.NO),
        ([("900", "80")], Meets.UNCLEAR),
    ],
)
def test_blood_pressure_below_both(readings: list[tuple[str, str]], meets: Meets) -> None:
    assert judge([pressure(s, d, "2026-05-01") for s, d in readings], blood_pressure.RULE.targets) is meets


@pytest.mark.parametrize(
    ("comparator", "value", "meets"),
    [("<", "140", Meets.YES), ("<=", "140", Meets.UNCLEAR), (">=", "140", Meets.NO), (">", "139", Meets.UNCLEAR)],
)
def test_a_bound_on_an_open_target(comparator: str, value: str, meets: Meets) -> None:
    systolic = fact("Observation", loinc("8480-6"), value=Quantity(Decimal(value), "mmHg", "mm[Hg]", comparator))
    assert judge([systolic], blood_pressure.RULE.targets[:1]) is meets


def test_two_numbers_written_apart_are_one_pressure() -> None:
    both = [
        fact("Observation", loinc(code), value=Quantity(Decimal(value), "mm[Hg]"))
        for code, value in (("8480-6", "128"), ("8462-4", "78"))
    ]
    assert judge(both, blood_pressure.RULE.targets) is Meets.YES
    assert has_all(both, blood_pressure.RULE.targets)
    assert not has_all(both[:1], blood_pressure.RULE.targets)
    assert not has_all([hba1c("7", "2026-01-01")], blood_pressure.RULE.targets)
