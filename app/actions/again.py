"""Into the outbox, where a payer may be told; and what comes back there when a later word is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.actions.actor import Actor, entry_of
from app.actions.leaving import remarks_of, replaced_before
from app.actions.tap import Under
from app.core.ledger.action import Action
from app.core.ledger.item import counting, standing
from app.core.ledger.keeping import Kept
from app.core.ledger.outgoing import FollowUp
from app.core.restrictions import EVERY_PAYER
from app.store import Tx, barred, follow_ups, outbox
from app.store.outbox import Parcel


def put(tx: Tx, actor: Actor, under: Under, parcels: Sequence[Parcel]) -> bool:
    """Put remarks in. Whether one of them is to leave: what may not go to its payer is taken back at once, so that the
    row says why.
    """
    if not parcels:
        return False
    outbox.put(tx, entry_of(tx, actor, "put-remark", under.patient, "remark"), parcels)
    stays = {each.id: why for each in parcels if (why := _not_to(tx, under, each.to))}
    for name, why in stays.items():
        outbox.withdraw(tx, entry_of(tx, actor, "withdraw-remark", under.patient, "remark"), [name], why)
    return len(parcels) > len(stays)


def bring_back(tx: Tx, actor: Actor, under: Under, gone: Action, every: Sequence[Action], visit: str) -> None:
    """What counts again, now that a later word (`gone`) was taken back: its remarks wait for the end of the visit as
    before, and what it promised is promised. `every`: the patient's actions as they were.
    """
    left = [each for each in every if each.undone_at is None and each.id != gone.id]
    if gone.encounter:
        here = [each for each in left if each.encounter == gone.encounter]
        counts = [each for each in here if each in counting(standing(each.item, left))]
        parcels = [each for action in counts for each in remarks_of(action, under, action.at or tx.now, visit)]
        messages = outbox.of_patient(tx, under.patient)
        put(tx, actor, under, replaced_before(parcels, messages, {each.id for each in here}))
    counted = {each.id for each in counting(standing(gone.item, left))}
    ended = [each for each in follow_ups.of_patient(tx, under.patient) if each.action in counted]
    items = [replace(each, id="", done_at=None, done_how="") for each in ended if _ended_by(each, gone)]
    if items:
        entry = entry_of(tx, actor, "add-follow-up", under.patient, "follow-up")
        follow_ups.add(tx, entry, actor.issuer, under.person, items)


def _ended_by(follow_up: FollowUp, later: Action) -> bool:
    """Whether something is promised no more because of a later word, and not because somebody saw to it before."""
    if follow_up.done_at is None or follow_up.done_how != Kept.PERSON or later.at is None:
        return False
    return follow_up.done_at >= later.at


def _not_to(tx: Tx, under: Under, payer: str) -> str:
    """Why a payer may not be told, or cannot; empty: it may."""
    own = barred.own(tx, under.patient)
    if payer in own.held:
        return "held"
    if payer in under.restricted or not own.restricted.isdisjoint({payer, EVERY_PAYER}):
        return "restriction"
    return "no-transport" if payer in under.silent else ""
