"""How far a message has come (B13): done here, sent, confirmed; and what keeps it from the next of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.verb import Leg

#: Days after which what a payer has not confirmed is taken to its payer meeting, where its entry names none.
CONFIRM_DAYS = 45
#: Codes of remarks (DEQM care-gap-remark, RA coding-gap-remark) after which the payer's own word should change. An
#: order, a refusal or a deferral changes nothing at the payer: sent is all that becomes of it.
EXPECTING = frozenset(
    {"satisfied-in-EHR", "documented-elsewhere", "rejected", "assessed-present", "assessed-not-present"}
)
#: The graver first: what one word is for a card whose payers stand differently.
GRAVEST = (Leg.CONFLICT, Leg.STUCK, Leg.LATE, Leg.HERE, Leg.SENT, Leg.CONFIRMED)


def of(message: Message, today: date, confirm_days: Mapping[str, int]) -> Leg | None:
    """The one leg of a message; None: it was taken back and counts nowhere. `confirm_days` by payer."""
    match message.post:
        case Post.WITHDRAWN:
            return None
        case Post.HELD | Post.WAITING:
            return Leg.HERE
        case Post.DEAD:
            return Leg.STUCK
        case Post.SENT:
            return _sent(message, today, confirm_days)


def _sent(message: Message, today: date, confirm_days: Mapping[str, int]) -> Leg:
    if message.judged in (Judged.REJECTED, Judged.REOPENED):
        return Leg.CONFLICT
    if message.judged is Judged.CONFIRMED:
        return Leg.CONFIRMED
    days = age(message, today)
    late = expects(message) and days is not None and days > confirm_days.get(message.to, CONFIRM_DAYS)
    return Leg.LATE if late else Leg.SENT


def expects(message: Message) -> bool:
    """Whether the payer's own word should change after it."""
    return message.kind is Sends.EVIDENCE or (message.kind is Sends.REMARK and message.code in EXPECTING)


def age(message: Message, today: date) -> int | None:
    """For how many days it has been at the payer. None: it is not there."""
    return None if message.sent_at is None else max(0, (today - message.sent_at.date()).days)


def gravest(legs: Iterable[Leg]) -> Leg | None:
    """What the whole is called."""
    found = set(legs)
    return next((leg for leg in GRAVEST if leg in found), None)
