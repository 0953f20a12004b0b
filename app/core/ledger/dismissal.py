"""What somebody has said enough about for now, and when it comes back (docs/rules.md, "Few and calm").

Keyed by patient, act and period. It comes back with new evidence, after its date, at the next visit, when what was
promised is overdue, or when a payer contradicts it or has not confirmed it in time; never because a report was issued
again with the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from enum import StrEnum

from app.core.ledger import legs
from app.core.ledger.action import Action, Item
from app.core.ledger.item import counting, is_new, standing
from app.core.ledger.outgoing import Ledger, Message, Sends
from app.core.ledger.verb import Leg, Verb


class Shelf(StrEnum):
    """Where an item stands on the panel."""

    SHOWN = "shown"
    PUT_AWAY = "put-away"  # a dismissal: counted, one tap away
    SETTLED = "settled"  # under way or done: one collapsed line


class Back(StrEnum):
    """Why an item is shown although somebody has said something about it."""

    NOTHING = ""
    NEW_EVIDENCE = "new-evidence"
    DATE = "date"  # it was put off until a day that has come
    NEXT_VISIT = "next-visit"
    OVERDUE = "overdue"  # what was ordered, requested or promised has not come
    CONFLICT = "conflict"
    LATE = "late"
    HELD = "held"  # the report was hidden, and has been released


class _Until(StrEnum):
    """What beside new evidence brings an item back. OVERDUE does for everything."""

    PERIOD = "period"  # nothing, in this period
    DATE = "date"  # its date, or else the next visit
    VISIT = "visit"  # the next visit


#: Where each verb puts an item, and until when. Not now is no refusal, already done no exclusion: each ends otherwise.
_PUTS: Mapping[Verb, tuple[Shelf, _Until]] = {
    Verb.DONE: (Shelf.SETTLED, _Until.PERIOD),
    Verb.ORDERED: (Shelf.SETTLED, _Until.PERIOD),
    Verb.ALREADY_DONE: (Shelf.PUT_AWAY, _Until.PERIOD),
    Verb.DECLINED: (Shelf.PUT_AWAY, _Until.PERIOD),
    Verb.NOT_APPROPRIATE: (Shelf.PUT_AWAY, _Until.PERIOD),
    Verb.NOT_NOW: (Shelf.PUT_AWAY, _Until.DATE),
    Verb.NEEDS_HELP: (Shelf.SETTLED, _Until.VISIT),
    Verb.PRESENT: (Shelf.SETTLED, _Until.PERIOD),
    Verb.NOT_PRESENT: (Shelf.PUT_AWAY, _Until.PERIOD),
    Verb.IN_PROGRESS: (Shelf.SETTLED, _Until.VISIT),
    Verb.WRONG_PATIENT: (Shelf.SHOWN, _Until.PERIOD),  # hidden with its whole report; who sees it sees a released one
}


@dataclass(frozen=True, slots=True)
class Now:
    """When and where somebody looks. `encounter`: of the launch, empty without one."""

    today: date  # the clinic's
    encounter: str = ""
    zone: tzinfo = UTC  # the clinic's: of which day an action is
    confirm_days: Mapping[str, int] = field(default_factory=dict)  # by payer

    def same_visit(self, action: Action) -> bool:
        """Whether an action was recorded in the visit that is looked at; without an encounter the day is the visit."""
        return action.encounter == self.encounter if self.encounter else self.day_of(action) == self.today

    def day_of(self, action: Action) -> date:
        """The clinic's day on which something was recorded."""
        return action.at.astimezone(self.zone).date() if action.at else self.today


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an item stands. `action`: the newest word about it; `until`: the day on which it comes back, where known;
    `this_visit`: it was put there in this visit, and keeps its place in the budget until the next.
    """

    shelf: Shelf = Shelf.SHOWN
    action: Action | None = None
    until: date | None = None
    back: Back = Back.NOTHING
    this_visit: bool = False


def placed(item: Item, ledger: Ledger, now: Now) -> Placed:
    """Where an item stands by what was said of it."""
    mine = standing(item, ledger.actions)
    if not mine:
        return Placed()
    newest = mine[-1]
    shelf, until = _PUTS[newest.verb]
    day = newest.until if until is _Until.DATE else None
    if back := _back(newest, until, item, mine, ledger, now):
        return Placed(Shelf.SHOWN, newest, back=back)
    return Placed(shelf, newest, day, this_visit=now.same_visit(newest))


def _back(newest: Action, until: _Until, item: Item, mine: tuple[Action, ...], ledger: Ledger, now: Now) -> Back:
    """What brings it back, the weightiest first."""
    if newest.verb is Verb.WRONG_PATIENT:
        return Back.HELD
    found = {legs.of(message, now.today, now.confirm_days) for message in messages(mine, ledger)}
    if Leg.CONFLICT in found:
        return Back.CONFLICT
    if is_new(newest.item, item):
        return Back.NEW_EVIDENCE
    if _overdue(item, ledger, now.today):
        return Back.OVERDUE
    if until is _Until.DATE and newest.until:
        return Back.DATE if now.today >= newest.until else Back.NOTHING
    if until is not _Until.PERIOD and not now.same_visit(newest):
        return Back.NEXT_VISIT
    return Back.LATE if Leg.LATE in found else Back.NOTHING


def messages(mine: tuple[Action, ...], ledger: Ledger) -> tuple[Message, ...]:
    """What has left, or is to, about an item: what the words that count send, and all evidence, whichever word it
    follows. Writes to the EHR are no word to a payer.
    """
    ids, said = {action.id for action in mine}, {action.id for action in counting(mine)}
    return tuple(
        each
        for each in ledger.messages
        if each.kind is not Sends.EHR
        and each.action
        and (each.action in said or (each.kind is Sends.EVIDENCE and each.action in ids))
    )


def _overdue(item: Item, ledger: Ledger, today: date) -> bool:
    keys = set(item.keys)
    return any(
        each.done_at is None and today > each.due and not keys.isdisjoint(each.keys) for each in ledger.follow_ups
    )
