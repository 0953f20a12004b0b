"""What an action puts into the outbox: a remark for each payer's group that has a code for it, and nothing near it.

The word that somebody wrote beside it stays here: it is the team's, and nobody has asked the payer to read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.actions.tap import Under
from app.core.ledger.action import Action, Target
from app.core.ledger.outgoing import Author, Message, Post, Remark, Sends
from app.core.ledger.remarks import Code, code_for
from app.store.outbox import Parcel

LATER_WORD = "later-word"  # why a remark was withdrawn: another has taken its place
SATISFIED = "satisfied-in-EHR"  # the one code that says that this chart holds what settles it


def remarks_of(action: Action, under: Under, at: datetime, visit: str) -> list[Parcel]:
    """One parcel for each target that has a code. `visit` empty: the visit is over, it leaves at once.

    Without an encounter nothing leaves, whatever the item is.
    """
    if not action.encounter:
        return []
    found = []
    for target in action.item.targets:
        code = code_for(action, target)
        if isinstance(code, Code):
            found.append(_parcel(action, target, code, under, at, visit))
    return found


def held_before(
    actions: Iterable[Action], messages: Iterable[Message], same: Collection[str], new: Iterable[Parcel], encounter: str
) -> list[str]:
    """Ids of remarks of this visit that a later word replaces: of the same item (`same`: ids of its actions), or to a
    group that is answered anew. At most one remark leaves for each group and visit.
    """
    here = {each.id for each in actions if each.encounter == encounter}
    groups = {(each.to, f"{each.body['report_id']}/{each.body['group_id']}") for each in new}
    return [
        each.id
        for each in messages
        if each.kind is Sends.REMARK
        and each.post is Post.HELD
        and each.action in here
        and (each.action in same or (each.to, each.group) in groups)
    ]


def replaced_before(parcels: Iterable[Parcel], messages: Iterable[Message], here: Collection[str]) -> list[Parcel]:
    """Those of `parcels` that a later word had replaced in this visit (`here`: ids of its actions), and whose group
    nothing else answers now.
    """
    mine = [each for each in messages if each.kind is Sends.REMARK and each.action in here]
    gone = {(each.action, each.to, each.group) for each in mine if each.trouble == LATER_WORD}
    live = {(each.to, each.group) for each in mine if each.post is not Post.WITHDRAWN}
    named = [(each, f"{each.body['report_id']}/{each.body['group_id']}") for each in parcels]
    return [each for each, group in named if (each.action, each.to, group) in gone and (each.to, group) not in live]


def _parcel(action: Action, target: Target, code: Code, under: Under, at: datetime, visit: str) -> Parcel:
    name = secrets.token_hex(16)
    remark = Remark(
        id=name,
        payer=target.payer,
        report_id=target.report_id,
        group_id=target.group_id,
        question=target.question,
        dialect=target.dialect,
        code=code.code,
        author=Author(
            npi=action.npi,
            name=action.by,
            organization_npi=under.practice.npi,
            organization=under.practice.name,
            software=under.software,
        ),
        at=at,
        reason=code.reason,
        related=tuple(_absolute(action.issuer, each) for each in _rests_on(action, code)),
    )
    return Parcel(
        kind=Sends.REMARK,
        to=target.payer,
        together=f"{target.payer}|{target.report_id}",
        patient=under.patient,
        body=_plain(remark),
        id=name,
        action=action.id,
        visit=visit,
        launch=under.launch,
        person=under.person,
        member=under.members.get(target.payer, {}),
        label=action.item.label,
        by=action.by,
        who=action.who,
    )


def _rests_on(action: Action, code: Code) -> tuple[str, ...]:
    """The entries of the chart that a remark names: the person's own, else what settles the item, where it says so."""
    if action.evidence or code.code != SATISFIED or not action.item.settled_by:
        return action.evidence
    return (action.item.settled_by,)


def _plain(remark: Remark) -> dict[str, Any]:
    return {**asdict(remark), "at": remark.at.isoformat()}


def _absolute(issuer: str, reference: str) -> str:
    """As somebody outside of this EHR can name it: a relative reference would be one of the payer's own."""
    return reference if "://" in reference else f"{issuer.rstrip('/')}/{reference}"
