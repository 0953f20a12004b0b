"""Which assessments go to the compliance list: additions and removals, side by side (docs/rules.md).

A condition that somebody here finds never to have been there, and that a payer counts, may have to be deleted from what
was submitted (42 CFR 422.326, overpayments). So that nobody looks for additions alone, what is assessed present stands
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.core.ledger.action import Action, Target
from app.core.ledger.verb import Verb, Why
from app.core.report import ConditionCategory

CLOSED, HISTORIC, NET_NEW = "closed-gap", "historic", "net-new"


class Direction(StrEnum):
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, without who and when. `payer_status`: what the payer has it as, the telling word first."""

    direction: Direction
    payer: str
    condition: str
    model: str
    payer_status: str
    reason: str


def line_for(action: Action, target: Target, category: ConditionCategory | None) -> Entry | None:
    """What an assessment adds to the list for one payer's statement; None: nothing. `category`: as the payer has it."""
    if category is None:
        return None
    direction = _direction(action, counted_as(category))
    if direction is None:
        return None
    return Entry(
        direction=direction,
        payer=target.payer,
        condition=action.item.label or category.label,
        model=f"{category.model.title or category.model.url} {category.version}".strip(),
        payer_status=counted_as(category) or category.cc_type or category.evidence_status,
        reason=str(action.whys[0]) if action.whys else "",
    )


def counted_as(category: ConditionCategory) -> str:
    """As what a payer counts a condition: closed this year, in an earlier one (historic), or by its own finding
    (net-new). Empty: a suspicion, which nobody has been told is there.
    """
    if category.evidence_status == CLOSED:
        return CLOSED
    return category.cc_type if category.cc_type in (HISTORIC, NET_NEW) else ""


def _direction(action: Action, counted: str) -> Direction | None:
    if action.verb is Verb.PRESENT:
        return Direction.ADDED
    if action.verb is not Verb.NOT_PRESENT or not counted:
        return None
    if Why.NEVER_HAD in action.whys:
        return Direction.REMOVED
    # Over by now is no mistake of an earlier year; of this year's submission it may be one.
    return Direction.REMOVED if Why.INACTIVE in action.whys and counted in (CLOSED, NET_NEW) else None
