"""Measures that ask for several things: kidney evaluation (both tests), eye exam (both eyes, or the year before)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Concept, Fact, Quantity
from app.core.evidence import Findings, findings
from app.core.measures import eye_exam, kidney
from app.core.measures.rule import MeasureRule
from app.core.terminology import LOINC
from tests.core.made import TODAY, YEAR, fact, hcpcs, icd, loinc, reading, steady


def look(rule: MeasureRule, *facts: Fact) -> Findings:
    return findings(rule, YEAR, reading(*facts), TODAY)


def lab(code: str, when: str | None, value: str | None = "30", **other: object) -> Fact:
    return fact("Observation", loinc(code), when, value=Quantity(Decimal(value)) if value else None, **other)


EGFR, RATIO, ALBUMIN, CREATININE = "98979-8", "9318-7", "14957-5", "2161-8"


def test_both_kidney_tests_are_needed_and_the_newest_names_it() -> None:
    blood, urine = lab(EGFR, "2026-03-01"), lab(RATIO, "2026-05-01")
    assert look(kidney.RULE, blood, urine).done == urine


@pytest.mark.parametrize(
    ("code", "act"), [(EGFR, "order-urine-albumin"), (RATIO, "order-egfr"), (CREATININE, "order-egfr")]
)
def test_one_alone_is_not_enough_and_the_other_is_asked_for(code: str, act: str) -> None:
    there = lab(code, "2026-03-01")
    found = look(kidney.RULE, there)
    assert (found.done, found.because, found.parts, found.act) == (None, "", (there,), act)


def test_nothing_done_asks_for_both() -> None:
    found = look(kidney.RULE)
    assert (found.done, found.parts, found.act) == (None, (), "")


@steady
@given(st.integers(-20, 20))
def test_urine_albumin_and_creatinine_make_a_ratio_up_to_four_days_apart(days: int) -> None:
    other = f"2026-06-{25 + days:02}" if 25 + days <= 30 else f"2026-07-{25 + days - 30:02}"
    found = look(kidney.RULE, lab(EGFR, "2026-01-02"), lab(ALBUMIN, "2026-06-25"), lab(CREATININE, other))
    assert (found.done is not None) is (abs(days) <= 4)


def test_of_several_pairs_any_that_is_near_enough_counts() -> None:
    facts = [
        lab(EGFR, "2026-01-02"),
        lab(ALBUMIN, "2026-03-01"),
        lab(ALBUMIN, "2026-09-01"),
        lab(CREATININE, "2026-03-04"),
    ]
    assert look(kidney.RULE, *facts).done


def test_a_test_before_the_period_does_not_complete_it() -> None:
    assert look(kidney.RULE, lab(EGFR, "2026-03-01"), lab(RATIO, "2025-12-31")).done is None
    assert look(kidney.RULE, lab(EGFR, "2026-03-01"), lab(RATIO, "2026-01-01")).done


def test_a_kidney_test_without_a_value_is_none() -> None:
    found = look(kidney.RULE, lab(EGFR, "2026-03-01"), lab(RATIO, "2026-03-01", None))
    assert (found.done, found.because) == (None, "value-not-certain")


def test_words_leave_open_only_what_is_missing() -> None:
    local = fact("Observation", Concept(text="Microalbumin/creat ratio"), "2026-04-01", value=Quantity(Decimal(12)))
    again = fact("Observation", Concept(text="eGFR (local)"), "2026-04-01", value=Quantity(Decimal(70)))
    assert look(kidney.RULE, lab(EGFR, "2026-03-01"), local).because == "code-not-known"
    assert look(kidney.RULE, lab(EGFR, "2026-03-01"), again).because == ""


def test_an_order_for_what_is_missing_is_waited_for() -> None:
    order = fact("ServiceRequest", loinc(RATIO, "uACR"), "2026-11-01", who="Dr Tanaka")
    found = look(kidney.RULE, order, lab(EGFR, "2026-11-15"))
    assert found.under_way == order
    assert (
        look(kidney.RULE, fact("ServiceRequest", loinc(EGFR), "2026-11-01"), lab(EGFR, "2026-11-15")).under_way is None
    )


def test_it_is_due_again_when_the_first_of_both_is() -> None:
    found = look(kidney.RULE, lab(EGFR, "2025-03-01"), lab(RATIO, "2025-08-01"))
    assert str(found.clinical_due) == "2026-03-01"


@pytest.mark.parametrize("code", ["N18.5", "N18.6"])
def test_end_stage_kidney_disease_takes_the_patient_out(code: str) -> None:
    assert look(kidney.RULE, fact("Condition", icd(code), "2020-01-01")).excluded


# --- eye exam ---------------------------------------------------------------------------------------------------------

NONE, MILD = "LA18643-9", "LA18644-7"


def eye(side: str, answer: str, when: str) -> Fact:
    code = {"right": "71491-5", "left": "71490-7"}[side]
    return fact("Observation", loinc(code), when, value=Concept((Coding(LOINC, answer),)))


@pytest.mark.parametrize(
    ("right", "left", "done"),
    [
        ((MILD, "2026-05-01"), (MILD, "2026-05-01"), True),
        ((NONE, "2026-05-01"), (NONE, "2026-05-01"), True),
        ((NONE, "2025-05-01"), (NONE, "2025-05-01"), True),
        ((MILD, "2026-05-01"), (NONE, "2025-05-01"), True),
        ((MILD, "2025-05-01"), (NONE, "2025-05-01"), False),
        ((NONE, "2024-12-31"), (NONE, "2025-01-01"), False),
        ((NONE, "2025-01-01"), (NONE, "2025-01-01"), True),
        ((NONE, "2025-12-31"), (NONE, "2026-01-01"), True),
    ],
)
def test_both_eyes_in_the_period_or_without_retinopathy_the_year_before(
    right: tuple[str, str], left: tuple[str, str], done: bool
) -> None:
    found = look(eye_exam.RULE, eye("right", *right), eye("left", *left))
    assert (found.done is not None) is done


def test_one_eye_is_half_an_exam() -> None:
    one = eye("right", NONE, "2026-05-01")
    found = look(eye_exam.RULE, one)
    assert (found.done, found.parts) == (None, (one,))


def test_an_exam_of_this_year_counts_whatever_it_found() -> None:
    assert look(eye_exam.RULE, fact("Procedure", hcpcs("S3000"), "2026-02-01")).done


@pytest.mark.parametrize(
    ("value", "done", "because"),
    [
        ("No retinopathy", True, ""),
        ("No evidence of diabetic retinopathy", True, ""),
        ("Moderate nonproliferative retinopathy", False, ""),
        (None, False, "value-not-certain"),
    ],
)
def test_an_exam_of_the_year_before_counts_when_it_was_negative(value: str | None, done: bool, because: str) -> None:
    found = look(eye_exam.RULE, fact("Observation", hcpcs("S3000"), "2025-11-01", value=value))
    assert ((found.done is not None), found.because) == (done, because)


def test_the_autonomous_screening_counts_with_its_grade() -> None:
    graded = Concept((Coding(LOINC, "LA34398-0"),))
    assert look(eye_exam.RULE, fact("Observation", loinc("105914-6"), "2026-05-01", value=graded)).done
    assert look(eye_exam.RULE, fact("Observation", loinc("105914-6"), "2026-05-01")).because == "value-not-certain"
    assert look(eye_exam.RULE, fact("Observation", loinc("105914-6"), "2025-05-01", value=graded)).done is None


def test_a_letter_of_the_eye_clinic_cannot_be_told() -> None:
    letter = fact("Procedure", Concept(text="Dilated eye exam"), "2026-05-01")
    assert look(eye_exam.RULE, letter).because == "code-not-known"
