"""Use case: evidence for a payer. What would leave is put together and kept; who has seen it lets exactly that leave.

Nothing is sent from here: the second step puts the draft into the outbox, with its action and audit record, in one
transaction. What may not leave never becomes a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.actions.actor import Actor, entry_of, must
from app.actions.evidence import RawChart, barred_from, entries_of, held_back, visited
from app.actions.parcels import author_of, free_name, parcel_of, said_by, submission_of, target_of
from app.actions.tap import Under
from app.core.answers import Answer, Known
from app.core.asking import Opening
from app.core.ledger import item as items
from app.core.ledger import permission
from app.core.ledger.action import Item
from app.core.ledger.minimum import Least, Unfit
from app.core.ledger.offer import Held, Offer, withheld
from app.core.ledger.outgoing import Message, Submission
from app.core.ledger.verb import Verb
from app.core.report import Member
from app.core.restrictions import EVERY_PAYER
from app.core.roles import May
from app.store import Store, Tx, audit, drafts, outbox, recorded
from app.store.audit.chain import patient_hash

#: Actions that say already what the evidence shows.
_SAID = (Verb.DONE, Verb.ALREADY_DONE)
_WITHHELD = {"deceased": permission.Refusal.DECEASED, "hospice": permission.Refusal.HOSPICE}


#: What would leave for a payer, whole: None where it takes no evidence.
Envelope = Callable[[Submission], Answer[Mapping[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What would leave for one payer's statement, or why it does not. At most one of `draft`, `held`, `already`."""

    offer: Offer
    at: datetime
    draft: str = ""  # what to send is kept under this id
    message: str = ""  # and leaves under this one
    entries: tuple[Least, ...] = ()
    envelope: Mapping[str, Any] | None = None
    held: Held | None = None
    unfit: tuple[Unfit, ...] = ()
    already: Message | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of "Send": `message` is its id in the outbox."""

    message: str = ""
    held: Held | None = None
    gone: bool = False  # shown too long ago, sent from another window, or never shown here
    refused: permission.Refusal | None = None


class Sending:
    """One per process. `charts`: the EHR as a launch may read it; `envelopes`: by payer."""

    def __init__(self, store: Store, charts: Callable[[Opening], RawChart], envelopes: Mapping[str, Envelope]) -> None:
        self._store, self._charts, self._envelopes = store, charts, envelopes

    def prepare(
        self,
        actor: Actor,
        opening: Opening,
        under: Under,
        offers: Sequence[Offer],
        *,
        members: Mapping[str, Member],
        dialects: Mapping[tuple[str, str], str],
        policy: str,
        age: int | None,
        now: datetime,
        page: str = "",
    ) -> tuple[Leaving, ...]:
        """What each offer would send, as it stands in the chart now. Audited as read, also where all is held back.

        `dialects`: of each payer's report, by payer and question. `age`: the patient's, None where it is not known.
        `page`: what it is shown on, by which a draft belongs to one item.
        """
        must(actor, May.ACT)
        with self._store.read() as tx:
            no = barred_from(tx, under)
        chart, made = self._charts(opening), list[Leaving]()
        read: dict[str, Answer[Mapping[str, Any]]] = {}
        for offer in offers:
            if held := held_back(offer, under, members, no, policy):
                made.append(Leaving(offer, now, held=held))
                continue
            found = entries_of(offer, chart, under, read, age)
            told = replace(offer, topic=offer.topic or found.topic)  # as the chart has it now, its visit included
            if held := found.held or (Held.SENSITIVE if withheld(told, policy) else None):
                made.append(Leaving(told, now, held=held, unfit=found.unfit))
                continue
            dialect = dialects.get((offer.payer, offer.question), "")
            made.append(self._draft(actor, under, offer, found.entries, members[offer.payer], dialect, now, page))
        self._read(actor, under, offers)
        return tuple(made)

    def confirm(
        self, actor: Actor, under: Under, item: Item | None, draft: str, message: str, page: str = ""
    ) -> Confirmed:
        """Let a draft of this launch leave. Twice the same: once. `item`: what it is evidence for; its action is
        recorded where nobody has said so yet. None: of a condition that is counted only. `message`: the id that the
        draft leaves under, by which a second tap finds it. `page`: what it was shown on; a draft of another is none.
        """
        must(actor, May.ACT)
        with self._store.begin() as tx:
            recorded.lock(tx, under.patient)
            body = drafts.take(tx, actor.launch, under.patient, draft)
            if body is None:
                there = outbox.find(tx, message)
                mine = there is not None and there.patient_hash == patient_hash(tx, under.patient)
                return Confirmed(message=message) if mine else Confirmed(gone=True)
            if body.get("page", "") != page:
                return Confirmed(gone=True)
            payer = str(body["payer"])
            if payer in (no := barred_from(tx, under)) or EVERY_PAYER in no:
                audit.record(tx, entry_of(tx, actor, "send-evidence", under.patient, payer, "refused: restriction"))
                return Confirmed(held=Held.RESTRICTED)
            if not visited(under):
                return Confirmed(held=Held.NO_VISIT)
            name, refused = self._action(tx, actor, under, item, tuple(body["entries"]))
            if refused is not None:
                audit.record(tx, entry_of(tx, actor, "send-evidence", under.patient, payer, f"refused: {refused}"))
                return Confirmed(refused=refused)
            parcel = parcel_of(body, actor, under, item, name)
            outbox.put(tx, entry_of(tx, actor, "send-evidence", under.patient, payer), [parcel])
            return Confirmed(message=parcel.id)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _draft(
        self,
        actor: Actor,
        under: Under,
        offer: Offer,
        entries: tuple[Least, ...],
        member: Member,
        dialect: str,
        now: datetime,
        page: str,
    ) -> Leaving:
        with self._store.read() as tx:
            name, already = free_name(tx, under, offer, entries)
        if already is not None:
            return Leaving(offer, now, entries=entries, already=already)
        submission = submission_of(name, offer, entries, member, dialect, author_of(actor, under), now)
        answered = self._envelopes[offer.payer](submission) if offer.payer in self._envelopes else None
        if answered is None:
            return Leaving(offer, now, held=Held.NOT_TAKEN)
        if not isinstance(answered, Known):
            return Leaving(offer, now, held=Held.NO_ANSWER)
        body = {
            "id": name,
            "page": page,
            "payer": offer.payer,
            "targets": [target_of(offer, group, dialect) for group in offer.group_ids],
            "entries": [each.ref for each in entries],
            "envelope": answered.value,
        }
        with self._store.begin() as tx:
            draft = drafts.put(tx, actor.launch, under.patient, body)
        return Leaving(offer, now, draft, name, entries, answered.value)

    def _read(self, actor: Actor, under: Under, offers: Sequence[Offer]) -> None:
        """The record that must be there before any of it is rendered."""
        with self._store.begin() as tx:
            for payer in dict.fromkeys(offer.payer for offer in offers):
                audit.record(tx, entry_of(tx, actor, "prepare-evidence", under.patient, payer))

    def _action(
        self, tx: Tx, actor: Actor, under: Under, item: Item | None, entries: tuple[str, ...]
    ) -> tuple[str, permission.Refusal | None]:
        """The action that the evidence goes with: one that says so already, else a new one."""
        withheld = _WITHHELD.get(under.sitting.withheld)
        if item is None or withheld:
            return "", withheld
        standing = items.standing(item, recorded.of_patient(tx, under.patient))
        if standing and standing[-1].verb in _SAID:
            return standing[-1].id, None
        refused = permission.refused(Verb.ALREADY_DONE, (), item, actor.role, under.sitting)
        if refused is not None:
            return "", refused
        number = standing[-1].number if standing else 0
        token = tx.hash("evidence", under.patient, *item.keys, str(number), *entries)
        entry = entry_of(tx, actor, "record-action", under.patient, f"{item.kind}/{Verb.ALREADY_DONE}")
        return recorded.add(tx, entry, said_by(actor, under, item, entries), token).id, None
