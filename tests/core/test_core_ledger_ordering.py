"""What can be drafted for the EHR about a card: what is ordered already is shown, and never drafted again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.chart import Fact
from app.core.flag import Card
from app.core.ledger.ordering import ORDERABLES, TASK_DAYS, Possible, possible
from app.core.measures import REGISTRY
from app.core.schedule.acts import ACTS
from app.core.schedule.row import Owner
from app.core.terminology import LOINC
from tests.core.made import BREAST, COLORECTAL, HBA1C, TODAY, build, chart, colonoscopy, fact, gap, hba1c, payer, stool
from tests.core.scheduled import CERVICAL


def card(*facts: Fact, measure: object = COLORECTAL) -> Card:
    found = build(chart(*facts), payer((gap(measure),)))  # type: ignore[arg-type] # a measure
    return next(iter((*found.gaps, *found.more_gaps, *found.staff)))


def of(*facts: Fact, measure: object = COLORECTAL, age: int | None = 63) -> Possible:
    return possible(card(*facts, measure=measure), TODAY, age)


def test_what_is_due_can_be_ordered() -> None:
    found = of(measure=HBA1C)
    assert [one.coding and one.coding.code for one in found.orders] == ["4548-4"]
    assert (found.owner, found.there, found.line) == (Owner.CLINICIAN, None, True)
    assert found.due == TODAY + timedelta(days=TASK_DAYS)


def test_an_order_that_runs_is_there_first_and_nothing_is_ordered_beside_it() -> None:
    order = fact("ServiceRequest", colonoscopy(None).concept, "2026-11-10", intent="order")
    found = of(order)
    assert (found.there, found.orders, found.line) == (order, (), False)


def test_an_overdue_order_is_named_and_may_be_ordered_again() -> None:
    order = fact("ServiceRequest", colonoscopy(None).concept, "2026-01-10", intent="order")
    found = of(order)
    assert (found.there, found.overdue) == (None, order)
    assert found.orders


@pytest.mark.parametrize("facts", [(colonoscopy("2026-03-02"),), (colonoscopy("2026-03-02", reported=True),)])
def test_what_is_done_is_not_ordered(facts: tuple[Fact, ...]) -> None:
    found = of(*facts)
    assert (found.orders, found.line) == ((), False)


def test_what_follows_an_abnormal_result_can_be_ordered() -> None:
    found = build(chart(stool("positive", "2026-10-01")), payer(()))
    (row,) = found.gaps
    assert [one.coding for one in possible(row, TODAY, 63).orders] == [None]


def test_a_sensitive_act_has_no_line_for_paper() -> None:
    found = build(chart(), payer((gap(CERVICAL),)))
    (row,) = [*found.gaps, *found.more_gaps]
    assert not possible(row, TODAY, 63).line
    assert of(measure=BREAST).line


def test_what_is_out_of_range_has_no_order_of_its_own() -> None:
    assert of(hba1c("11.4", "2026-09-14"), measure=HBA1C).orders == ()


@pytest.mark.parametrize("act", sorted(ORDERABLES))
def test_every_orderable_is_an_act_of_ours_with_a_code_that_our_rules_count(act: str) -> None:
    """What is ordered must be what settles the row when its result comes: else it would be asked for again."""
    assert act in ACTS
    counted = [rule for rule in REGISTRY.rules if act in (rule.act, *(kind.act for kind in rule.evidence))]
    for one in ORDERABLES[act]:
        if one.coding is not None:
            assert one.coding.system == LOINC
            assert any((one.coding.system, one.coding.code) in rule.codes.full for rule in counted), one
