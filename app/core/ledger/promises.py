"""What an action promises: who sees to it, and until when (docs/rules.md). `keeping` says when it is kept.

The days are the practice's own to change; until it does, these stand. A result is waited for as long as its measure's
rule waits for one (`MeasureRule.order_days`). None of it was reviewed by a clinician yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app.core.flag import State
from app.core.ledger.action import Action, Item
from app.core.ledger.outgoing import FollowUp
from app.core.ledger.verb import Verb
from app.core.measures import REGISTRY, Registry
from app.core.measures.rule import MeasureRule
from app.core.schedule.row import Owner


class What(StrEnum):
    """What is waited for."""

    RESULT = "result"  # of what was ordered or referred
    RECORD = "record"  # of what was done somewhere else
    EVIDENCE = "evidence"  # the chart entry of what was done today
    HELP = "help"  # with what keeps the patient from it
    VISIT = "visit"  # the day until which it was put off


@dataclass(frozen=True, slots=True)
class _Promise:
    what: What
    owner: Owner
    days: int


ORDER_DAYS = 30  # where no rule of ours says how long a result takes
_RESULT = _Promise(What.RESULT, Owner.CLINICIAN, ORDER_DAYS)
_RECORD = _Promise(What.RECORD, Owner.FRONT_DESK, 14)
_ENTRY = _Promise(What.EVIDENCE, Owner.MEDICAL_ASSISTANT, 7)
_HELP = _Promise(What.HELP, Owner.CARE_COORDINATOR, 7)
_STAYS: Mapping[Verb, frozenset[What]] = {
    Verb.NEEDS_HELP: frozenset(What) - {What.HELP},
    Verb.ORDERED: frozenset({What.HELP}),
    Verb.NOT_NOW: frozenset({What.HELP}),
}


def follow_ups(
    action: Action, item: Item, today: date, registry: Registry = REGISTRY, at: datetime | None = None
) -> tuple[FollowUp, ...]:
    """What has to be seen to after an action, without ids. `today`: the clinic's day."""

    def made(promise: _Promise, due: date | None = None) -> FollowUp:
        return FollowUp(
            "",
            promise.what.value,
            item.keys,
            item.label,
            promise.owner.value,
            due or today + timedelta(days=promise.days),
            at or action.at or datetime.combine(today, time(), UTC),
            action.id,
            action.by,
        )

    match action.verb:
        case Verb.ORDERED:
            rule = rule_of(item, registry)
            return (made(_RESULT, today + timedelta(days=rule.order_days) if rule else None),)
        case Verb.ALREADY_DONE if not (action.evidence or item.settled_by):
            return (made(_RECORD),)
        case Verb.DONE if not (action.evidence or item.state == State.DONE_HERE):
            return (made(_ENTRY),)
        case Verb.NEEDS_HELP:
            return (made(_HELP),)
        case Verb.NOT_NOW if action.until:
            return (made(_Promise(What.VISIT, Owner.FRONT_DESK, 0), action.until),)
        case _:
            return ()


def rule_of(item: Item, registry: Registry = REGISTRY) -> MeasureRule | None:
    """The rule of ours behind an item, by its keys."""
    acts = {key.rpartition("@")[0].removesuffix("/follow-up") for key in item.keys}
    return next((rule for rule in registry.rules if rule.key in acts), None)


def is_overdue(follow_up: FollowUp, today: date) -> bool:
    """The day after it is due."""
    return follow_up.done_at is None and today > follow_up.due


def replaced(action: Action, open_ones: Iterable[FollowUp]) -> tuple[str, ...]:
    """The open follow-ups of earlier words about the same item: a later word takes their place. Who is asked for help
    is so still when it is ordered or put off, and an order still waits for its result when help is asked for.
    """
    keys = set(action.item.keys)
    stays = _STAYS.get(action.verb, frozenset())
    return tuple(
        each.id
        for each in open_ones
        if each.done_at is None
        and each.action != action.id
        and each.what not in stays
        and not keys.isdisjoint(each.keys)
    )


#: How the days above read in a table (README).
DAYS: Mapping[What, int] = {each.what: each.days for each in (_RESULT, _RECORD, _ENTRY, _HELP)}
