"""Abnormal screenings without their follow-up, found in the chart alone."""

from decimal import Decimal

import pytest

from app.core.chart import Coding, Concept, Fact, Quantity
from app.core.flag import GapRow, State, Urgency
from app.core.follow_up import abnormal
from app.core.measures import REGISTRY
from app.core.terminology import ICD10PCS, LOINC
from tests.core.made import TODAY, colonoscopy, fact, hcpcs, loinc, mammogram, reading, stool


def rows(*facts: Fact, unread: tuple[str, ...] = ()) -> list[GapRow]:
    return abnormal(reading(*facts, unread=unread), TODAY, REGISTRY)


def acts(*facts: Fact, unread: tuple[str, ...] = ()) -> list[tuple[str, State]]:
    return [(row.act, row.state) for row in rows(*facts, unread=unread)]


def read_as(conclusion: str, when: str = "2026-09-01", **other: object) -> Fact:
    return mammogram(when, conclusion=Concept(text=conclusion), **other)


def smear(value: str, when: str = "2026-09-01") -> Fact:
    return fact("Observation", loinc("10524-7"), when, value=value)


def hpv(code: str, value: str, when: str = "2026-09-01") -> Fact:
    return fact("Observation", loinc(code), when, value=Concept(text=value))


def phq9(value: int, when: str) -> Fact:
    return fact("Observation", loinc("44261-6"), when, value=Quantity(Decimal(value)))


COLONOSCOPY, WORK_UP = "order-follow-up-colonoscopy", "order-breast-work-up"
COLPOSCOPY, PLAN = "refer-colposcopy", "plan-depression-follow-up"


@pytest.mark.parametrize(
    ("test", "act"),
    [
        (stool("Positive", "2026-09-01"), COLONOSCOPY),
        (stool("POSITIVE for occult blood", "2026-09-01"), COLONOSCOPY),
        (fact("Observation", loinc("77354-9"), "2026-09-01", value=Concept((Coding(LOINC, "LA6576-8"),))), COLONOSCOPY),
        (read_as("BI-RADS Category 4: suspicious abnormality"), WORK_UP),
        (read_as("Impression: BIRADS 0. Additional imaging is needed."), WORK_UP),
        (read_as("Assessment: BI-RADS® 5 - highly suggestive of malignancy"), WORK_UP),
        (read_as("BI-RADS final assessment category: 4B"), WORK_UP),
        (fact("Observation", loinc("24606-6"), "2026-09-01", value="4A"), WORK_UP),
        (smear("HSIL"), COLPOSCOPY),
        (smear("High-grade squamous intraepithelial lesion"), COLPOSCOPY),
        (smear("ASC-H"), COLPOSCOPY),
        (smear("Atypical glandular cells"), COLPOSCOPY),
        (hpv("77399-4", "Positive"), COLPOSCOPY),
        (hpv("77400-0", "Detected"), COLPOSCOPY),
        (hpv("82675-0", "HPV 16 positive"), COLPOSCOPY),
        (phq9(10, "2026-09-01"), PLAN),
        (fact("Observation", loinc("73832-8"), "2026-09-01", value="Positive"), PLAN),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_abnormal(test: Fact, act: str) -> None:
    (row,) = rows(test)
    assert (row.gap, row.act, row.state, row.urgency) == (None, act, State.DO_TODAY, Urgency.ABNORMAL)
    assert row.settled_by == row.last_in_chart == test
    assert row.rule is not None


@pytest.mark.parametrize(
    "test",
    [
        stool("Negative", "2026-09-01"),
        stool("Not detected", "2026-09-01"),
        stool("Non-reactive", "2026-09-01"),
        stool(None, "2026-09-01"),
        stool("Positive", "2026-09-01", status="preliminary"),
        stool("Positive", "2022-11-19"),  # older than four years: history
        stool("Positive", "2026-12-01"),  # has not happened
        read_as("BI-RADS 1: negative"),
        read_as("BI-RADS Category 2, benign. Breast density category b (scattered)."),
        read_as("No suspicious abnormality. BI-RADS 2"),
        read_as("Not highly suggestive of malignancy; no additional imaging is needed. BI-RADS 2"),
        mammogram("2026-09-01"),
        smear("Negative for intraepithelial lesion or malignancy"),
        hpv("77399-4", "Not detected"),
        phq9(9, "2026-09-01"),
    ],
    ids=lambda f: str(f.value or f.conclusion.text),
)
def test_what_is_not(test: Fact) -> None:
    assert rows(test) == []


BIOPSY = Concept((Coding(ICD10PCS, "0HBU0ZX"),))
COLPO = Concept((Coding(ICD10PCS, "0UBC7ZX"),))


@pytest.mark.parametrize(
    ("test", "after"),
    [
        (stool("Positive", "2026-05-01"), colonoscopy("2026-05-01")),
        (stool("Positive", "2026-05-01"), colonoscopy("2026-07-01")),
        (read_as("BI-RADS 0", "2026-05-01"), fact("DiagnosticReport", loinc("26346-7"), "2026-05-20")),
        (read_as("BI-RADS 4", "2026-05-01"), fact("Procedure", BIOPSY, "2026-05-20")),
        (read_as("BI-RADS 0", "2026-05-01"), read_as("BI-RADS 1", "2026-06-20")),
        (smear("HSIL", "2026-05-01"), fact("Procedure", COLPO, "2026-06-20")),
        (phq9(14, "2026-05-01"), fact("Procedure", hcpcs("H0004"), "2026-06-20")),
        (phq9(14, "2026-05-01"), phq9(4, "2026-06-20")),
    ],
)
def test_what_settles_it(test: Fact, after: Fact) -> None:
    assert rows(test, after) == []


@pytest.mark.parametrize(
    ("test", "other", "act"),
    [
        (stool("Positive", "2026-05-01"), colonoscopy("2026-04-30"), COLONOSCOPY),  # before it
        (stool("Positive", "2026-05-01"), colonoscopy("2026-07-01", status="not-done"), COLONOSCOPY),
        (stool("Positive", "2026-05-01"), stool("Negative", "2026-07-01"), COLONOSCOPY),  # a repeat does not settle it
        (smear("HSIL", "2026-05-01"), smear("Negative", "2026-07-01"), COLPOSCOPY),
        (read_as("BI-RADS 4", "2026-05-01"), mammogram("2026-05-01"), WORK_UP),  # the same test, filed twice
        (
            mammogram("2026-05-01", conclusion=Concept(text="BI-RADS 4")),
            fact("Observation", loinc("26346-7"), "2026-05-01"),
            WORK_UP,
        ),
        (phq9(14, "2026-05-01"), phq9(12, "2026-06-20"), PLAN),
    ],
)
def test_what_does_not_settle_it(test: Fact, other: Fact, act: str) -> None:
    assert acts(test, other) == [(act, State.DO_TODAY)]


def test_what_reads_like_the_follow_up_leaves_it_open() -> None:
    test, looked = stool("Positive", "2026-05-01"), fact("Procedure", Concept(text="Colonoscopy"), "2026-07-01")
    (row,) = rows(test, looked)
    assert (row.state, row.because, row.unclear) == (State.CANNOT_TELL, "code-not-known", (looked,))


def test_a_type_that_could_not_be_read_leaves_it_open() -> None:
    (row,) = rows(stool("Positive", "2026-05-01"), unread=("Procedure",))
    assert (row.state, row.because, row.missing) == (State.CANNOT_TELL, "unread-types", ("Procedure",))


def test_an_order_is_waited_for_and_then_called_overdue() -> None:
    test = stool("Positive", "2026-05-01")
    order = fact("ServiceRequest", hcpcs("G0121"), "2026-11-01", who="Dr Tanaka")
    (row,) = rows(test, order)
    assert (row.state, row.settled_by, row.staff_can) == (State.ORDERED, order, True)
    late = fact("ServiceRequest", hcpcs("G0121"), "2026-05-02")
    (row,) = rows(test, late)
    assert (row.state, row.overdue) == (State.DO_TODAY, late)


def test_several_abnormal_results_are_several_rows_of_one_measure_each() -> None:
    made = acts(stool("Positive", "2026-05-01"), smear("HSIL"), hpv("77399-4", "Positive"), phq9(20, "2026-10-01"))
    assert sorted(act for act, _ in made) == sorted([COLONOSCOPY, COLPOSCOPY, PLAN])
