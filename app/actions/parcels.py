"""Evidence as it is put into the outbox: its id, what it is sent as, the action that it goes with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.actions.actor import Actor
from app.actions.tap import Under
from app.core.ledger import item as items
from app.core.ledger.action import Action, Item, Target
from app.core.ledger.minimum import Least
from app.core.ledger.offer import Offer
from app.core.ledger.outgoing import Author, Message, Post, Sends, Submission
from app.core.ledger.verb import Verb
from app.core.report import Member
from app.store import Tx, outbox
from app.store.outbox import Parcel

OPEN = "open-gap"  # what is sent answers what a payer has as open


def free_name(tx: Tx, under: Under, offer: Offer, entries: Iterable[Least]) -> tuple[str, Message | None]:
    """The id under which these entries leave for this statement; and the message, where they have been let go before.
    The same entries with the same content have the same id, whoever sends them and however often.
    """
    content = json.dumps([each.resource for each in entries], sort_keys=True, default=str)
    measure, period = f"{offer.measure.url}|{offer.measure.version}", f"{offer.period.start}/{offer.period.end}"
    for turn in range(100):
        parts = (under.patient, offer.payer, measure, period, *offer.group_ids, content, str(turn))
        name = tx.hash("evidence-id", *parts)[:32]
        there = outbox.find(tx, name)
        if there is None:
            return name, None
        if there.message.post is not Post.WITHDRAWN:
            return name, there.message
    raise AssertionError("nobody takes the same thing back a hundred times")


def submission_of(
    name: str, offer: Offer, entries: Sequence[Least], member: Member, dialect: str, author: Author, now: datetime
) -> Submission:
    return Submission(
        id=name,
        payer=offer.payer,
        question=offer.question,
        dialect=dialect,
        measure=items.named(offer.measure),
        start=offer.period.start,
        end=offer.period.end,
        member=member.patient_id,
        patient=_patient_of(entries),
        report_id=offer.report_id,
        group_ids=offer.group_ids,
        resources=tuple(each.resource for each in entries),
        author=author,
        at=now,
    )


def _patient_of(entries: Sequence[Least]) -> str:
    about = entries[0].resource.get("subject") or entries[0].resource["patient"]
    return str(about["reference"]).partition("/")[2]


def author_of(actor: Actor, under: Under) -> Author:
    return Author(under.npi, actor.name, under.practice.npi, under.practice.name, under.software)


def parcel_of(body: Mapping[str, Any], actor: Actor, under: Under, item: Item | None, action: str) -> Parcel:
    payer = str(body["payer"])
    return Parcel(
        kind=Sends.EVIDENCE,
        to=payer,
        together=str(body["id"]),
        patient=under.patient,
        body={"envelope": body["envelope"], "targets": body["targets"]},
        id=str(body["id"]),
        action=action,
        launch=actor.launch,
        person=under.person,
        member=under.members.get(payer, {}),
        label=item.label if item else "",
        by=actor.name,
        who=actor.user,
    )


def target_of(offer: Offer, group: str, dialect: str) -> dict[str, Any]:
    """A statement that it answers, as `core.ledger.action.Target` names it: for asking later what became of it."""
    named = items.named(offer.measure)
    return asdict(
        Target(offer.payer, offer.report_id, group, offer.question, dialect, OPEN, named, reasons=offer.reasons)
    )


def said_by(actor: Actor, under: Under, item: Item, entries: tuple[str, ...]) -> Action:
    return Action(
        verb=Verb.ALREADY_DONE,
        item=item,
        by=actor.name,
        who=actor.user,
        role=str(actor.role),
        npi=under.npi,
        evidence=entries,
        encounter=under.sitting.encounter,
        issuer=actor.issuer,
    )
