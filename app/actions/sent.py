"""Where each message of the outbox stands for who has to see to it: the rows of `Lists.sent`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from app.actions.actor import Actor
from app.core import sensitive
from app.core.ledger import legs
from app.core.ledger.action import Action
from app.core.ledger.item import counting, standing
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.verb import Kind, Leg, Verb
from app.store import Tx, barred, outbox
from app.store.said import Person

RISK = "risk"  # the question that a remark about a condition answers


class Section(StrEnum):
    """Where a message stands on the list, the most pressing first. Each message is in one of them, or in none."""

    STUCK = "could-not-be-sent"
    CONFLICT = "conflict"  # the payer rejected it, or opened it again
    LATE = "late"  # still not confirmed after the days that were agreed: for the payer meeting
    SENT = "sent-not-confirmed"
    WAITING = "waiting"


_SECTIONS: Mapping[Leg, Section] = {
    Leg.STUCK: Section.STUCK,
    Leg.CONFLICT: Section.CONFLICT,
    Leg.LATE: Section.LATE,
    Leg.HERE: Section.WAITING,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One message. `kept_off`: never on paper or in a file, because it is sensitive or about a condition prompt.

    `person` is empty where what was kept can no longer be opened.
    """

    section: Section
    message: Message
    person: Person = field(default_factory=Person)
    label: str = ""
    verb: Verb | None = None
    by: str = ""
    own: bool = False  # what this very user recorded
    prompt: bool = False  # about a condition: for roles that may see prompts
    sensitive: bool = False
    restricted: bool = False  # its payer may be told nothing about this patient (any more)
    patient: str = ""  # patient key
    member: str = ""  # by which the payer knows them

    @property
    def kept_off(self) -> bool:
        return self.prompt or self.sensitive or not self.person.name


@dataclass(frozen=True, slots=True)
class Sent:
    """The list. Sent, by payer, and nobody has to see to it: `no_answer` is expected, or the payer is `silent`."""

    rows: tuple[Row, ...] = ()
    no_answer: Mapping[str, int] = field(default_factory=dict)
    silent: Mapping[str, int] = field(default_factory=dict)  # it does not show what it keeps
    by_software: int = 0  # remarks of the software's own that are with their payers


def section(message: Message, today: date, agreed: Mapping[str, int]) -> Section | None:
    """Where a message stands for who sees to it. None: it is done with, and nobody has to look at it."""
    leg = legs.of(message, today, agreed)
    if leg is Leg.SENT:
        told = message.confirmable or message.judged is Judged.STILL_OPEN
        return Section.SENT if told and legs.expects(message) else None
    return _SECTIONS.get(leg) if leg else None


def sorted_out(
    every: Iterable[outbox.Listed], actions: Mapping[str, Action], actor: Actor, today: date, agreed: Mapping[str, int]
) -> Sent:
    rows, no_answer, silent = list[Row](), Counter[str](), Counter[str]()
    for one in every:
        message = one.message
        place = section(message, today, agreed)
        if place is Section.WAITING and message.kind is Sends.REMARK and not message.action:
            continue  # the software's own: nobody waits for them
        if place is not None:
            rows.append(_row(place, one, actions.get(message.action), actor))
        elif message.post is Post.SENT and message.judged is Judged.NOTHING and message.kind is not Sends.EHR:
            (silent if legs.expects(message) else no_answer)[message.to] += 1
    order = list(Section)
    rows.sort(key=lambda row: (order.index(row.section), not row.own, row.message.at))
    return Sent(tuple(rows), dict(no_answer), dict(silent))


def _row(place: Section, one: outbox.Listed, action: Action | None, actor: Actor) -> Row:
    parcel, verb = one.parcel, action.verb if action else None
    if parcel is None:
        return Row(place, one.message, verb=verb, sensitive=True)
    return Row(
        section=place,
        message=one.message,
        person=parcel.person,
        label=parcel.label,
        verb=verb,
        by=parcel.by,
        own=bool(parcel.who) and parcel.who == actor.user,
        prompt=_of_condition(parcel) or (action is not None and action.item.kind is Kind.PROMPT),
        sensitive=sensitive.of_words(parcel.label) is not None,
        patient=parcel.patient,
        member=str(parcel.member.get("member_id", "")),
    )


def _of_condition(parcel: outbox.Parcel) -> bool:
    """A remark names its question, evidence that of each statement that it answers."""
    targets = parcel.body.get("targets") or (parcel.body,)
    return any(each.get("question") == RISK for each in targets)


def unanswered(one: outbox.Listed, known: Mapping[str, Sequence[Action]]) -> str:
    """What a contradicted message is about (an action, else the message itself); empty where somebody has said
    something about it since. `known`: by patient key.
    """
    actions = known.get(one.parcel.patient if one.parcel else "", ())
    said = next((each for each in actions if each.id == one.message.action), None)
    if said is None:
        return one.message.id
    return said.id if said in counting(standing(said.item, actions)) else ""


def with_bars(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """With what the practice itself keeps from a payer; what the EHR holds of it is read when something is sent."""
    own = barred.own_of(tx, {row.patient for row in rows} - {""})
    found = []
    for row in rows:
        bars = own.get(row.patient)
        payers = {*bars.held, *bars.restricted} if bars else set()
        found.append(replace(row, restricted=bool(payers & {row.message.to, ""})))
    return found
