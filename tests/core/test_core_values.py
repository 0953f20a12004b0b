"""A value against a target: it meets, misses, or cannot be said."""

from decimal import Decimal

import pytest

from app.core.chart import Coding, Concept, Quantity
from app.core.measures import blood_pressure, glycaemic
from app.core.measures.kind import Result
from app.core.terminology import LOINC, codes
from app.core.values import Meets, has_all, judge, says
from app.core.words import phrases
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


POSITIVE = Result(
    codes=codes(LOINC, "LA6576-8"),
    words=frozenset({"pos"}),
    like=phrases("positive", unlike=("not ", "neg")),
    cuts=((codes(LOINC, "44261-6"), Decimal(10)),),
    means=codes(LOINC, "77777-7"),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Concept((Coding(LOINC, "LA6576-8"),)), Meets.YES),
        (Concept((Coding(LOINC, "LA6577-6"),)), Meets.UNCLEAR),  # another code alone says nothing
        (Concept((Coding(LOINC, "LA6577-6", "Negative"),)), Meets.NO),
        (Concept((Coding("https://lab.example", "POS"),)), Meets.YES),
        (Concept(text=" Pos "), Meets.YES),
        ("positive for blood", Meets.YES),
        ("not positive", Meets.NO),
        ("", Meets.UNCLEAR),
        (None, Meets.UNCLEAR),
        (True, Meets.UNCLEAR),
        (Quantity(Decimal(12)), Meets.UNCLEAR),  # no cut for this test
    ],
)
def test_what_a_result_says(value: object, expected: Meets) -> None:
    assert says(fact("Observation", loinc("29771-3"), value=value), POSITIVE) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Quantity(Decimal(10)), Meets.YES),
        (Quantity(Decimal("9.9")), Meets.NO),
        (Quantity(Decimal(10), comparator="<"), Meets.UNCLEAR),
        (Quantity(Decimal(-1)), Meets.UNCLEAR),
        ("12", Meets.YES),
        ("9", Meets.NO),
        ("twelve", Meets.UNCLEAR),
        (Concept(text="positive"), Meets.YES),
    ],
)
def test_a_score_against_its_cut(value: object, expected: Meets) -> None:
    assert says(fact("Observation", loinc("44261-6"), value=value), POSITIVE) is expected


def test_a_reports_conclusion_is_its_value_where_it_has_none() -> None:
    report = fact("DiagnosticReport", loinc("24606-6"), conclusion=Concept(text="positive"))
    assert says(report, POSITIVE) is Meets.YES
    assert says(fact("DiagnosticReport", loinc("24606-6")), POSITIVE) is Meets.UNCLEAR


def test_a_code_that_says_its_own_result() -> None:
    assert says(fact("Procedure", loinc("77777-7")), POSITIVE) is Meets.YES
