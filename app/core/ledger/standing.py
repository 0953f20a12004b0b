"""How an item stands: what was said of it last, how far that has come, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from app.core.ledger import dismissal, legs, machine
from app.core.ledger import item as items
from app.core.ledger.action import Action, Item
from app.core.ledger.dismissal import Back, Now, Shelf
from app.core.ledger.outgoing import Ledger, Message, Post
from app.core.ledger.remarks import NotSent, code_for
from app.core.ledger.verb import Leg, Stage

#: Why nothing leaves, beside the reasons of `remarks`.
NO_VISIT, NO_PAYER, WITHDRAWN = "no-visit", "no-payer", "withdrawn"


@dataclass(frozen=True, slots=True)
class Standing:
    """One item. `leg` None: nothing was said of it yet."""

    stage: Stage = Stage.OPEN
    action: Action | None = None  # the newest that stands
    leg: Leg | None = None  # the gravest of its messages'
    since: datetime | None = None  # when that leg was reached
    messages: tuple[Message, ...] = ()  # of the newest word, and evidence; none that were withdrawn
    legs: tuple[tuple[Message, Leg], ...] = ()  # each of them with its own leg
    not_sent: tuple[tuple[str, str], ...] = ()  # payer and why, for each that nothing leaves for; ("", why): for all
    conflicts: tuple[Message, ...] = ()
    put_away: bool = False
    settled: bool = False
    comes_back: date | None = None
    back: Back = Back.NOTHING  # why it is shown again
    others: tuple[Action, ...] = ()  # what was said of it before, the newest first
    this_visit: bool = False  # the newest word is of this visit
    beside: tuple[Action, ...] = ()  # words before the newest that count as well: it says nothing against them


def of(
    item: Item,
    ledger: Ledger,
    today: date,
    *,
    confirm_days: Mapping[str, int] | None = None,
    encounter: str = "",
    zone: tzinfo = UTC,
) -> Standing:
    """How an item stands on a day of the clinic, in the visit that is looked at."""
    mine = items.standing(item, ledger.actions)
    if not mine:
        return Standing()
    now = Now(today, encounter, zone, confirm_days or {})
    newest, placed = mine[-1], dismissal.placed(item, ledger, now)
    beside = items.counting(mine)[1:]
    others = {each.id for each in beside}
    every = dismissal.messages(mine, ledger)
    live = [(each, leg) for each in every if (leg := legs.of(each, today, now.confirm_days))]
    leg = legs.gravest(leg for _, leg in live) or Leg.HERE
    return Standing(
        machine.stage(mine),
        newest,
        leg,
        _since(newest, leg, [message for message, each in live if each is leg]),
        tuple(message for message, _ in live),
        tuple(live),
        _not_sent(newest, tuple(each for each in every if each.action not in others)),
        tuple(message for message, each in live if each is Leg.CONFLICT),
        placed.shelf is Shelf.PUT_AWAY,
        placed.shelf is Shelf.SETTLED,
        placed.until,
        placed.back,
        tuple(reversed(mine[:-1])),
        now.same_visit(newest),
        beside,
    )


def _since(action: Action, leg: Leg, messages: list[Message]) -> datetime | None:
    """Since when it stands so, by the oldest of its messages: what is late is late since it was sent."""
    if leg is Leg.HERE:
        return action.at
    judged = leg in (Leg.CONFIRMED, Leg.CONFLICT)
    days = [at for each in messages if (at := (each.judged_at if judged else each.sent_at) or each.at)]
    return min(days, default=None)


def _not_sent(action: Action, messages: tuple[Message, ...]) -> tuple[tuple[str, str], ...]:
    """For which payers nothing leaves, and why."""
    if not action.item.targets:
        return (("", NO_PAYER),)
    if not action.encounter:
        return (("", NO_VISIT),)
    gone = {each.to for each in messages if each.post is not Post.WITHDRAWN}
    back = {each.to: each.trouble or WITHDRAWN for each in messages if each.post is Post.WITHDRAWN}
    found: dict[str, str] = {}
    for target in action.item.targets:
        if target.payer in gone:
            continue
        code = code_for(action, target)
        why = back.get(target.payer) or (code.value if isinstance(code, NotSent) else "")
        if why:
            found.setdefault(target.payer, why)
    return tuple(found.items())
