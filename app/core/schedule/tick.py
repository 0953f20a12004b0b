"""What the team marks on a row: shared by everybody who may see it, and seen in the encounter panel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.core.schedule.row import Owner, Row, Step

DECEASED = "deceased"  # Row.withheld
MAX_ORDER = 40

#: An order's id as somebody copies it from another screen: no words, nothing that reads like a sentence.
_ORDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#:-]*")


class Ticked(StrEnum):
    PREPPED = "prepped"
    TOLD = "told-front-desk"
    ORDERED = "ordered"  # with the order's id, where somebody states it
    CALLED = "called"  # who did not come has been reached


@dataclass(frozen=True, slots=True)
class Tick:
    """`step`: Step.key, or empty for the whole row. `by`: the name of who ticked."""

    appointment: str
    patient: str  # Patient/…
    step: str
    what: Ticked
    by: str
    at: datetime
    order: str = ""
    day: date | None = None  # of the appointment, in the clinic's zone
    service: str = ""  # Step.service as it read when it was ticked


def steps_of(row: Row) -> tuple[Step, ...]:
    """Every step of a row that can be ticked, expanded or not."""
    return (*row.steps, *row.more_steps)


def may_be_ticked(row: Row, step: str, what: Ticked) -> bool:
    """Whether this mark makes sense on this row now: an order is of a step, and of somebody who died only what the
    front desk checks is marked. `step`: Step.key, or empty for the whole row.
    """
    found = next((each for each in steps_of(row) if each.key == step), None)
    if step and found is None:
        return False
    if row.withheld == DECEASED:
        return found is not None and found.owner is Owner.FRONT_DESK and what is not Ticked.ORDERED
    return found is not None or what is not Ticked.ORDERED


def order_id(text: str) -> str | None:
    """An order's id as typed, or None for what cannot be one: too long, with words or signs that no order id has."""
    given = text.strip()
    return given if not given or (len(given) <= MAX_ORDER and _ORDER.fullmatch(given)) else None
