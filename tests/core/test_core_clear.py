""" "No open gaps" beside what was not read, and beside a result that may be abnormal."""

from decimal import Decimal

import pytest

from app.core.chart import CHART_TYPES, Coding, Concept, Fact, Quantity
from app.core.terminology import CPT
from tests.core.made import build, chart, colonoscopy, fact, loinc, mammogram, payer, stool


def clear(*facts: Fact, unread: tuple[str, ...] = ()) -> bool:
    return build(chart(*facts, unread=unread), payer()).clear


def by_cpt(kind: str, code: str, words: str, when: str = "2026-05-01", **other: object) -> Fact:
    return fact(kind, Concept((Coding(CPT, code, words),)), when, **other)


def test_an_empty_chart_that_was_read_is_clear() -> None:
    assert clear()


#: Neither a patient status nor a follow-up stands there, and no payer lists a gap that they could settle.
MAY_BE_UNREAD = {"Immunization", "AllergyIntolerance", "DocumentReference"}


@pytest.mark.parametrize("kind", CHART_TYPES)
def test_it_needs_every_type_in_which_a_status_or_a_follow_up_stands(kind: str) -> None:
    assert clear(unread=(kind,)) is (kind in MAY_BE_UNREAD)


POSITIVE, NEGATIVE = Concept(text="Positive"), Concept(text="Negative")


@pytest.mark.parametrize(
    "entry",
    [
        by_cpt("Observation", "82274", "FIT", value=POSITIVE),
        by_cpt("Procedure", "82274", "Fecal immunochemical test", conclusion=POSITIVE),
        fact("Observation", Concept(text="FIT stool"), "2026-05-01", value=POSITIVE),
        fact("Observation", Concept(text="FIT stool"), "2026-05-01", value=Concept(text="see comment")),
        fact("DiagnosticReport", loinc("29771-3", "FIT"), "2026-05-01", conclusion=POSITIVE),
        fact("DiagnosticReport", loinc("29771-3"), "2026-05-01", conclusion=POSITIVE),
        fact("DiagnosticReport", Concept(text="Mammogram"), "2026-05-01", conclusion=Concept(text="BI-RADS 4")),
        fact("Observation", Concept(text="PHQ-9 total"), "2026-05-01", value=Quantity(Decimal(15))),
    ],
    ids=lambda f: f"{f.type} {f.concept.label}",
)
def test_a_result_that_may_be_abnormal_is_not_clear_though_it_makes_no_row(entry: Fact) -> None:
    made = build(chart(entry), payer())
    assert not made.clear
    assert not (made.gaps)
    assert not (made.staff)
    assert not (made.more_gaps)


@pytest.mark.parametrize(
    "facts",
    [
        [by_cpt("Observation", "82274", "FIT", value=NEGATIVE)],
        [by_cpt("Observation", "82274", "FIT", value=POSITIVE, status="cancelled")],
        [by_cpt("Observation", "82274", "FIT", "2019-05-01", value=POSITIVE)],  # history
        [by_cpt("Observation", "82274", "FIT", value=POSITIVE), colonoscopy("2026-06-01")],
        [by_cpt("Procedure", "77067", "Screening mammogram")],  # states no result
        [mammogram("2026-05-01")],
        [stool("Negative", "2026-05-01")],
        [fact("Observation", Concept(text="PHQ-9: little interest"), "2026-05-01", value=Concept(text="Not at all"))],
    ],
    ids=lambda facts: f"{facts[0].type} {facts[0].concept.label}",
)
def test_what_is_plainly_normal_settled_or_says_nothing_is_clear(facts: list[Fact]) -> None:
    assert clear(*facts)
