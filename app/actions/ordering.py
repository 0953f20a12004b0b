"""Use case: what is drafted for the EHR: an order to be signed, a task, a line for the visit summary.

It is put into the outbox, with its audit record; the launch's own token writes it afterwards (`app.deliver.ehr`). One
draft of a kind for an act on a day: the id says so, whoever taps and however often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.actions.actor import Actor, entry_of, must
from app.actions.evidence import visited
from app.actions.tap import Under
from app.core.ledger import permission
from app.core.ledger.action import Item
from app.core.ledger.ordering import Write
from app.core.ledger.outgoing import Message, Post, Sends
from app.core.ledger.verb import Verb
from app.core.roles import May
from app.store import Store, outbox, recorded
from app.store.outbox import Parcel

TAKEN_BACK = "taken-back"
NO_VISIT = permission.Refusal.NO_VISIT


@dataclass(frozen=True, slots=True)
class Drafted:
    """One draft as it stands: written, waiting, refused by the EHR, or taken back."""

    message: Message
    kind: str
    words: str
    by: str

    @property
    def open(self) -> bool:
        """Not in the EHR yet, and not taken back."""
        return self.message.post in (Post.WAITING, Post.DEAD)


@dataclass(frozen=True, slots=True)
class Put:
    """What came of a tap: the ids of the rows, now or by the first of two taps."""

    ids: tuple[str, ...] = ()
    refused: permission.Refusal | None = None


class Ordering:
    """One per process. `author` makes the resource of a draft."""

    def __init__(self, store: Store, author: Callable[[Write], Mapping[str, Any]]) -> None:
        self._store, self._author = store, author

    def drafted(self, patient: str, item: Item) -> tuple[Drafted, ...]:
        """What has been drafted about an item, the oldest first. For a chart that is audited as read."""
        with self._store.read() as tx:
            names = [each.id for each in outbox.of_patient(tx, patient) if each.kind is Sends.EHR]
            rows = [row for name in names if (row := outbox.find(tx, name))]
        found = [(row.message, row.parcel) for row in rows if row.parcel]
        return tuple(
            Drafted(message, str(parcel.body["kind"]), str(parcel.body["words"]), parcel.by)
            for message, parcel in found
            if parcel.body.get("key") in item.keys
        )

    def put(self, actor: Actor, under: Under, item: Item, drafts: Sequence[Write]) -> Put:
        """Draft them. `drafts` have no id yet. Refused without a visit, and for who may not order."""
        must(actor, May.ACT)
        refused = permission.refused(Verb.ORDERED, (), item, actor.role, under.sitting)
        if refused is None and not visited(under):
            refused = NO_VISIT
        if refused is not None:
            return Put(refused=refused)
        with self._store.begin() as tx:
            recorded.lock(tx, under.patient)
            named = [_named(tx.hash, under, item, each) for each in drafts]
            there = {each.id for each in named if outbox.find(tx, each.id)}
            new = [_parcel(each, self._author(each), actor, under, item) for each in named if each.id not in there]
            if new:
                outbox.put(tx, entry_of(tx, actor, "draft-for-ehr", under.patient, new[0].body["kind"]), new)
        return Put(tuple(each.id for each in named))

    def waiting(self, patient: str, ehr: str) -> tuple[str, ...]:
        """What of a patient is not written yet, the oldest first."""
        with self._store.read() as tx:
            every = outbox.of_patient(tx, patient)
        return tuple(m.id for m in every if m.kind is Sends.EHR and m.to == ehr and m.post is Post.WAITING)

    def again(self, actor: Actor, under: Under, name: str) -> bool:
        """Let one that the EHR refused be tried again."""
        must(actor, May.ACT)
        with self._store.begin() as tx:
            if (own := _own(outbox.find(tx, name), under)) is None or own.message.post is not Post.DEAD:
                return False
            return outbox.resend(tx, entry_of(tx, actor, "resend", under.patient, "ehr"), name)

    def withdraw(self, actor: Actor, under: Under, name: str) -> bool:
        """Take one back that is not written yet."""
        must(actor, May.ACT)
        with self._store.begin() as tx:
            if _own(outbox.find(tx, name), under) is None:
                return False
            entry = entry_of(tx, actor, "withdraw-draft", under.patient, "ehr")
            return bool(outbox.withdraw(tx, entry, [name], TAKEN_BACK))


def _own(row: outbox.Listed | None, under: Under) -> outbox.Listed | None:
    """A row about this patient, for this EHR."""
    mine = row is not None and row.parcel is not None and row.message.kind is Sends.EHR
    return row if mine and row and row.parcel and row.parcel.patient == under.patient else None


def _named(digest: Callable[..., str], under: Under, item: Item, draft: Write) -> Write:
    code, day = draft.coding.code if draft.coding else "", draft.at.date().isoformat()
    name = digest("ehr-draft", under.patient, item.keys[0], draft.kind, code, day)
    return replace(draft, id=name[:32])


def _parcel(draft: Write, resource: Mapping[str, Any], actor: Actor, under: Under, item: Item) -> Parcel:
    return Parcel(
        kind=Sends.EHR,
        to=under.ehr,
        together=draft.id,
        patient=under.patient,
        body={"resource": resource, "key": item.keys[0], "kind": draft.kind, "words": draft.words},
        id=draft.id,
        launch=actor.launch,
        person=under.person,
        label=item.label,
        by=actor.name,
        who=actor.user,
    )
