"""What of a chart could be sent about an item, to whom, and what keeps it here."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.core.chart import Fact, Quantity
from app.core.conditions.model import NO_MODELS
from app.core.flag import Card, Hidden, State
from app.core.ledger.offer import NEVER, Offer, Why, of_condition, of_gaps, withheld
from app.core.ledger.practice import HOLD, SEND
from app.core.measures import REGISTRY
from app.core.reading import read
from app.core.report import GapStatus
from app.core.sensitive import Topic
from tests.core.made import (
    COLORECTAL,
    HBA1C,
    OTHER,
    PRESSURE,
    TODAY,
    build,
    category,
    chart,
    colonoscopy,
    fact,
    gap,
    hba1c,
    icd,
    lakeside,
    loinc,
    payer,
    pressure,
    stool,
)
from tests.core.scheduled import DEPRESSION, KIDNEY

ADULT = 63
KIDNEY_TESTS = (loinc("98979-8", "eGFR"), loinc("9318-7", "Albumin/creatinine, urine"))
NUMBER = Quantity(Decimal(70), "mL/min")


def cards(*facts: Fact, gaps: tuple[object, ...], others: tuple[object, ...] = ()) -> list[Card]:
    found = build(chart(*facts), payer(gaps), *([lakeside(*others)] if others else []))  # type: ignore[arg-type] # gaps
    return [*found.gaps, *found.more_gaps, *found.staff, *found.excluded]


def offers(*facts: Fact, gaps: tuple[object, ...], others: tuple[object, ...] = ()) -> list[Offer]:
    return [each for card in cards(*facts, gaps=gaps, others=others) for each in of_gaps(card, REGISTRY, ADULT)]


def test_what_settles_a_gap_is_offered_to_who_asks_for_it() -> None:
    done = colonoscopy("2026-03-02")
    (offer,) = offers(done, gaps=(gap(COLORECTAL),))
    assert (offer.payer, offer.report_id, offer.group_ids) == ("northwind", "r1", ("g1",))
    assert (offer.facts, offer.why, offer.with_visit, offer.topic) == ((done,), Why.SETTLES, False, None)


def test_each_payer_of_a_card_has_an_offer_of_its_own() -> None:
    theirs = replace(gap(COLORECTAL), payer="lakeside", report_id="lk-r", group_id="lk-g")
    found = offers(colonoscopy("2026-03-02"), gaps=(gap(COLORECTAL),), others=(theirs,))
    assert {(o.payer, o.report_id, o.group_ids) for o in found} == {
        ("northwind", "r1", ("g1",)),
        ("lakeside", "lk-r", ("lk-g",)),
    }


@pytest.mark.parametrize(
    ("facts", "measure"),
    [
        ((), COLORECTAL),
        ((colonoscopy("2010-03-02"),), COLORECTAL),  # out of its window
        ((colonoscopy("2026-03-02", reported=True),), COLORECTAL),  # somebody else did it
        ((colonoscopy("2026-03-02", status="in-progress"),), COLORECTAL),
        ((hba1c("11.4", "2026-09-14"),), HBA1C),  # done, and out of range: never offered as closing
        ((fact("ServiceRequest", colonoscopy(None).concept, "2026-11-10"),), COLORECTAL),  # an order is no result
        ((colonoscopy("2026-03-02"),), OTHER),  # a measure that no rule covers
    ],
)
def test_nothing_else_is_offered(facts: tuple[Fact, ...], measure: object) -> None:
    assert not offers(*facts, gaps=(gap(measure),))  # type: ignore[arg-type] # a measure


def test_what_excludes_is_offered_as_that() -> None:
    cancer = fact("Condition", icd("C18.9", "Colon cancer"), "2020-05-05")
    (offer,) = offers(cancer, gaps=(gap(COLORECTAL),))
    assert (offer.why, offer.facts) == (Why.EXCLUDES, (cancer,))


def test_a_measure_that_asks_for_two_tests_gets_both() -> None:
    egfr = fact("Observation", KIDNEY_TESTS[0], "2026-04-01", value=NUMBER)
    uacr = fact("Observation", KIDNEY_TESTS[1], "2026-05-01", value=NUMBER)
    found = offers(fact("Condition", icd("E11.9"), "2020-01-01"), egfr, uacr, gaps=(gap(KIDNEY),))
    assert [set(offer.facts) for offer in found] == [{egfr, uacr}]


def test_a_measure_that_asks_in_what_visit_it_was_gets_the_visit() -> None:
    visit = fact("Encounter", icd("Z00.0", "Office visit"), "2026-10-01", ref="Encounter/e1", setting="AMB")
    taken = pressure("128", "78", "2026-10-01", encounter="Encounter/e1")
    found = offers(visit, taken, fact("Condition", icd("I10"), "2020-01-01"), gaps=(gap(PRESSURE),))
    assert [(offer.facts, offer.with_visit) for offer in found] == [((taken,), True)]


def test_a_gap_that_is_met_offers_nothing() -> None:
    assert not offers(colonoscopy("2026-03-02"), gaps=(gap(COLORECTAL, GapStatus.CLOSED),))


# --- sensitive --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "policy", "held"),
    [
        ("", HOLD, False), ("", SEND, False), ("PSY", HOLD, True), ("PSY", SEND, False), ("HIV", HOLD, True),
        ("R", HOLD, True), ("R", SEND, True), ("V", SEND, True), ("ETH", SEND, True), ("42CFRPart2", SEND, True),
    ],
)  # fmt: skip
def test_a_sensitive_entry_stays_by_the_practices_policy_and_a_restricted_one_always(
    label: str, policy: str, held: bool
) -> None:
    done = colonoscopy("2026-03-02", labels=(label,) if label else ())
    (offer,) = offers(done, gaps=(gap(COLORECTAL),))
    assert withheld(offer, policy) is held


def test_a_sensitive_measure_makes_its_evidence_sensitive() -> None:
    screened = [card for card in cards(stool("negative", "2026-03-02"), gaps=(gap(COLORECTAL), gap(DEPRESSION)))]
    by_act = {card.act: of_gaps(card, REGISTRY, ADULT) for card in screened}
    assert all(offer.topic is None for offer in by_act["colorectal-screening"])
    assert frozenset({Topic.RESTRICTED, Topic.SUBSTANCE_USE}) == NEVER


# --- conditions -------------------------------------------------------------------------------------------------------

VISIT = fact("Encounter", icd("Z00.0", "Office visit"), "2026-10-01", ref="Encounter/e1", setting="AMB")


def diagnosis(code: str) -> Fact:
    return fact(
        "Condition", icd(code), "2026-10-01", category=("encounter-diagnosis",), encounter="Encounter/e1"
    )  # fmt: skip


def test_a_condition_that_a_visit_settled_offers_its_diagnosis_with_the_visit() -> None:
    found = diagnosis("E11.9")
    hidden = Hidden(category("38", "Diabetes", "E11.9"), "settled", "Diabetes")
    (offer,) = of_condition(hidden, read(chart(VISIT, found)), TODAY, NO_MODELS, ADULT)
    assert (offer.facts, offer.with_visit, offer.why, offer.question) == ((found,), True, Why.ASSESSED, "risk")
    assert (offer.report_id, offer.group_ids) == ("ra1", ("hcc-38",))
    assert offer.period.end == date(2026, 12, 31)


@pytest.mark.parametrize("why", ["net-new", "pending", "closed", "invalid", "superseded", "period-over"])
def test_a_condition_that_no_visit_settled_offers_nothing(why: str) -> None:
    hidden = Hidden(category("38", "Diabetes", "E11.9"), why)
    assert not of_condition(hidden, read(chart(VISIT, diagnosis("E11.9"))), TODAY, NO_MODELS, ADULT)


def test_a_sensitive_condition_is_named_as_that() -> None:
    hidden = Hidden(category("155", "Major depression", "F33.1"), "settled")
    (offer,) = of_condition(hidden, read(chart(VISIT, diagnosis("F33.1"))), TODAY, NO_MODELS, ADULT)
    assert offer.topic is Topic.BEHAVIOURAL


def test_a_card_that_is_done_has_an_offer() -> None:
    """The panel draws "Send to plan" exactly there."""
    for card in cards(colonoscopy("2026-03-02"), hba1c("7.0", "2026-09-14"), gaps=(gap(COLORECTAL), gap(HBA1C))):
        has = bool(of_gaps(card, REGISTRY, ADULT))
        assert has is any(row.state in (State.DONE_HERE, State.EXCLUDED) and row.settled_by for row in card.rows)
