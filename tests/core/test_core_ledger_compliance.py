"""What goes to the compliance list, and in which direction."""

from __future__ import annotations

import pytest

from app.core.ledger.action import Action, Item, Target
from app.core.ledger.compliance import Direction, line_for
from app.core.ledger.verb import Kind, Verb, Why
from app.core.report import ConditionCategory, Measure

TARGET = Target("northwind", "r1", "g1", "risk", "ra-2.1.0")


def category(cc_type: str, status: str) -> ConditionCategory:
    return ConditionCategory(
        "northwind", "r1", "g1", Measure("https://model", title="CMS-HCC"), "", "28", "37", "Diabetes", cc_type, status
    )


def said(verb: Verb, *whys: Why) -> Action:
    return Action(verb, Item(Kind.PROMPT, ("condition/e11@2026",), "Diabetes", "f"), whys=whys)


@pytest.mark.parametrize(
    ("cc_type", "status", "why", "counted"),
    [
        ("historic", "open-gap", Why.NEVER_HAD, "historic"),
        ("suspected", "closed-gap", Why.NEVER_HAD, "closed-gap"),
        ("historic", "closed-gap", Why.NEVER_HAD, "closed-gap"),
        ("net-new", "open-gap", Why.NEVER_HAD, "net-new"),
        ("net-new", "", Why.NEVER_HAD, "net-new"),
        ("historic", "closed-gap", Why.INACTIVE, "closed-gap"),
        ("net-new", "open-gap", Why.INACTIVE, "net-new"),
        # a suspicion is counted by nobody; a condition that is over was rightly counted in its year
        ("suspected", "open-gap", Why.NEVER_HAD, ""),
        ("suspected", "pending", Why.NEVER_HAD, ""),
        ("historic", "open-gap", Why.INACTIVE, ""),
        ("historic", "closed-gap", Why.DOES_NOT_APPLY, ""),
    ],
)
def test_what_was_never_there_and_is_counted_is_a_removal(cc_type: str, status: str, why: Why, counted: str) -> None:
    line = line_for(said(Verb.NOT_PRESENT, why), TARGET, category(cc_type, status))
    if not counted:
        assert line is None
        return
    assert line is not None
    assert (line.direction, line.payer_status, line.reason) == (Direction.REMOVED, counted, why)
    assert (line.payer, line.condition, line.model) == ("northwind", "Diabetes", "CMS-HCC 28")


@pytest.mark.parametrize(("cc_type", "status"), [("historic", "open-gap"), ("suspected", "open-gap"), ("net-new", "")])
def test_what_is_assessed_present_is_an_addition(cc_type: str, status: str) -> None:
    line = line_for(said(Verb.PRESENT), TARGET, category(cc_type, status))
    assert line is not None
    assert line.direction is Direction.ADDED
    assert line.payer_status == cc_type


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.PRESENT, Verb.NOT_PRESENT}))
def test_nothing_else_is_a_line(verb: Verb) -> None:
    assert line_for(said(verb), TARGET, category("historic", "closed-gap")) is None


def test_a_target_that_no_payer_lists_any_more_is_no_line() -> None:
    assert line_for(said(Verb.NOT_PRESENT, Why.NEVER_HAD), TARGET, None) is None
