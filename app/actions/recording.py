"""What a person records about one item of the panel, and takes back: one transaction for all that follows from it.

The action, its audit record, the remarks that wait for the end of the visit, what is promised for later and the line of
the compliance list are committed together, or nothing is. Nothing is sent from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from app.actions.actor import Actor, entry_of
from app.actions.again import bring_back, put
from app.actions.leaving import LATER_WORD, held_before, remarks_of
from app.actions.tap import Outcome, Tap, Under
from app.core.ledger import compliance as complying
from app.core.ledger import permission, promises, version
from app.core.ledger.action import Action, Item
from app.core.ledger.item import on, standing
from app.core.ledger.keeping import Kept
from app.core.ledger.outgoing import Ledger, Post, Sends
from app.core.ledger.permission import Refusal
from app.core.ledger.verb import BESIDE
from app.store import Store, Tx, audit, compliance, follow_ups, outbox, recorded, visits
from app.store.visits import Visited

TAKEN_BACK = "taken-back"  # why something was withdrawn, or is promised no more
RECORD, UNDO = "record-action", "undo-action"  # in the audit
#: What the audit says of a chart that is about to be shown, at one moment.
Reading: TypeAlias = Callable[[datetime], audit.Audit]
_GONE = frozenset({Post.WAITING, Post.SENT, Post.DEAD})


class Recording:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ledger(self, patient: str) -> Ledger:
        """Everything recorded here about a patient (patient key). For a chart that is audited as read."""
        with self._store.read() as tx:
            return _ledger(tx, patient)

    def record(self, actor: Actor, under: Under, item: Item, tap: Tap, *, reading: Reading | None = None) -> Outcome:
        """Record what was tapped. A second tap on the same button finds the first; an item that is not as it was shown
        is refused with what others did meanwhile; what role or visit do not allow is refused, and audited.

        `reading`: the audit record of the chart that the answer shows. It is committed with all that, whatever came of
        the tap, and the outcome has the ledger.
        """
        with self._store.begin() as tx:
            return _read(tx, under, self._record(tx, actor, under, item, tap), reading)

    def _record(self, tx: Tx, actor: Actor, under: Under, item: Item, tap: Tap) -> Outcome:
        made = _action(actor, under, item, tap)
        recorded.lock(tx, under.patient)
        token = _token(tx, actor, under, item, tap)
        if (was := recorded.of_tap(tx, token)) is not None and was.undone_at is None:
            return Outcome(was)
        mine = on(item, every := recorded.of_patient(tx, under.patient))
        refused = permission.refused(tap.verb, tap.whys, item, actor.role, under.sitting)
        if refused is not None:
            _refuse(tx, actor, under, RECORD, made, refused)
            return Outcome(refused=refused)
        if changed := version.changed(tap.version, item, mine):
            return Outcome(changed=changed)
        lack = permission.incomplete(made, under.sitting.today) or permission.out_of_turn(made, standing(item, mine))
        if lack is not None:
            return Outcome(refused=lack)
        visit = _visit(tx, under, made)
        kept = recorded.add(tx, entry_of(tx, actor, RECORD, under.patient, _about(made)), made, token)
        waiting = self._leave(tx, actor, under, kept, every, mine, visit)
        self._promise(tx, actor, under, kept, mine)
        self._comply(tx, actor, under, kept)
        return Outcome(kept, waiting=waiting)

    def undo(self, actor: Actor, under: Under, name: str, *, reading: Reading | None = None) -> Outcome:
        """Take an action of this visit back, with what has not left of it. A second tap finds it taken back.
        `Outcome()`: there is no such action about this patient. `reading` as in `record`.
        """
        with self._store.begin() as tx:
            came = self._undo(tx, actor, under, name)
            return _read(tx, under, came, reading) if came.action or came.refused else came

    def _undo(self, tx: Tx, actor: Actor, under: Under, name: str) -> Outcome:
        recorded.lock(tx, under.patient)
        every = recorded.of_patient(tx, under.patient)
        found = next((each for each in every if each.id == name), None)
        if found is None or found.undone_at is not None:
            return Outcome(found)
        said_on = (found.at or tx.now).astimezone(under.zone).date()
        refused = permission.undo_refused(found, on(found.item, every), actor.role, under.sitting, said_on)
        if found.encounter:  # or somebody closes the visit between the look at its rows and the taking back
            visits.alone(tx, visits.key(tx, found.issuer, found.encounter))
        refused = refused or _left(tx, found)
        if refused is not None:
            _refuse(tx, actor, under, UNDO, found, refused)
            return Outcome(refused=refused)
        visit = _visit(tx, under, found)
        entry = entry_of(tx, actor, UNDO, under.patient, _about(found))
        taken = recorded.undo(tx, entry, name, actor.name)
        held = [each.id for each in outbox.of_action(tx, name) if each.post is Post.HELD]
        if held:
            outbox.withdraw(tx, entry_of(tx, actor, "withdraw-remark", under.patient, "remark"), held, TAKEN_BACK)
        made = [each.id for each in follow_ups.of_patient(tx, under.patient) if each.action == name]
        _end(tx, actor, under, made, Kept.UNDONE)
        self._uncomply(tx, actor, under, found)
        bring_back(tx, actor, under, found, every, visit)
        return Outcome(taken)

    def keep_promises(self, actor: Actor, patient: str, done: Mapping[str, str]) -> int:
        """What was promised and has come: follow-up id -> how. How many of them were open still."""
        with self._store.begin() as tx:
            entry = entry_of(tx, actor, "keep-promise", patient, "follow-up")
            return sum(follow_ups.done(tx, entry, [each], how) for each, how in done.items())

    # --- what follows from it -----------------------------------------------------------------------------------------

    def _leave(
        self,
        tx: Tx,
        actor: Actor,
        under: Under,
        kept: Action,
        every: Sequence[Action],
        mine: Sequence[Action],
        visit: str,
    ) -> bool:
        """Put in what leaves, and take back what this word replaces. Whether something may leave at once."""
        if not kept.encounter:
            return False
        parcels = remarks_of(kept, under, tx.now, visit)
        same: set[str] = set() if kept.verb in BESIDE else {action.id for action in mine}
        old = held_before(every, outbox.of_patient(tx, under.patient), same, parcels, kept.encounter)
        if old:
            entry = entry_of(tx, actor, "withdraw-remark", under.patient, "remark")
            outbox.withdraw(tx, entry, old, LATER_WORD)
        return put(tx, actor, under, parcels) and not visit

    def _promise(self, tx: Tx, actor: Actor, under: Under, kept: Action, mine: Sequence[Action]) -> None:
        if mine:
            old = promises.replaced(kept, follow_ups.of_patient(tx, under.patient))
            _end(tx, actor, under, old, Kept.PERSON)
        items = [replace(each, action=kept.id) for each in promises.follow_ups(kept, kept.item, under.sitting.today)]
        if items:
            entry = entry_of(tx, actor, "add-follow-up", under.patient, "follow-up")
            follow_ups.add(tx, entry, actor.issuer, under.person, items)

    def _comply(self, tx: Tx, actor: Actor, under: Under, kept: Action) -> None:
        """Additions and removals stand on a list that only grows."""
        categories = {(each.payer, each.report_id, each.group_id): each for each in under.categories}
        for target in kept.item.targets:
            category = categories.get((target.payer, target.report_id, target.group_id))
            if found := complying.line_for(kept, target, category):
                line = compliance.Line(
                    direction=compliance.Direction(found.direction),
                    payer=found.payer,
                    condition=found.condition,
                    model=found.model,
                    payer_status=found.payer_status,
                    reason=found.reason,
                    by=actor.name,
                    word=kept.word,
                    person=under.person,
                    action=kept.id,
                )
                compliance.add(tx, entry_of(tx, actor, "compliance-line", under.patient, "line"), actor.issuer, line)

    def _uncomply(self, tx: Tx, actor: Actor, under: Under, found: Action) -> None:
        """Taking one back is a line of its own, for each that stands there: whatever the payer lists by now."""
        if not permission.assesses(found.verb):
            return
        for line in compliance.lines(tx, actor.issuer):
            if line.action == found.id and line.reason != TAKEN_BACK:
                entry = entry_of(tx, actor, "compliance-line", under.patient, "line")
                compliance.add(tx, entry, actor.issuer, replace(line, reason=TAKEN_BACK, by=actor.name))


# --- small parts ------------------------------------------------------------------------------------------------------


def _read(tx: Tx, under: Under, came: Outcome, reading: Reading | None) -> Outcome:
    """With what may be shown once this transaction is committed."""
    if reading is None:
        return came
    audit.record(tx, reading(tx.now))
    return replace(came, ledger=_ledger(tx, under.patient))


def _ledger(tx: Tx, patient: str) -> Ledger:
    return Ledger(recorded.of_patient(tx, patient), outbox.of_patient(tx, patient), follow_ups.of_patient(tx, patient))


def _token(tx: Tx, actor: Actor, under: Under, item: Item, tap: Tap) -> str:
    """The same for two taps of one person on one button with the same words; the version makes another of it after
    every action. With other words it is no double tap: it is told what was recorded meanwhile.
    """
    said = (sorted(tap.whys), tap.word, tap.until, tap.on, tap.place, tap.evidence, tap.agreed)
    particulars = json.dumps(said, default=str)
    return tx.hash("tap", under.patient, actor.user, *item.keys, tap.version, tap.verb, particulars)


def _action(actor: Actor, under: Under, item: Item, tap: Tap) -> Action:
    return Action(
        verb=tap.verb,
        item=item,
        by=actor.name,
        who=actor.user,
        role=str(actor.role),
        npi=under.npi,
        whys=tap.whys,
        word=tap.word,
        until=tap.until,
        on=tap.on,
        place=tap.place,
        evidence=tap.evidence,
        agreed=tap.agreed,
        encounter=under.sitting.encounter,
        issuer=actor.issuer,
    )


def _about(action: Action) -> str:
    """What of it the audit counts: nothing of a chart."""
    return f"{action.item.kind}/{action.verb}"


def _left(tx: Tx, found: Action) -> Refusal | None:
    """An undo comes too late once something of it has left, or is about to."""
    if any(each.kind is not Sends.EHR and each.post in _GONE for each in outbox.of_action(tx, found.id)):
        return Refusal.VISIT_OVER
    over = found.encounter and visits.closed(tx, visits.key(tx, found.issuer, found.encounter))
    return Refusal.VISIT_OVER if over else None


def _end(tx: Tx, actor: Actor, under: Under, ids: Sequence[str], how: str) -> None:
    """What is promised no more, because another word or nothing stands now."""
    if ids:
        follow_ups.done(tx, entry_of(tx, actor, "end-follow-up", under.patient, "follow-up"), ids, how)


def _refuse(tx: Tx, actor: Actor, under: Under, what: str, action: Action, why: Refusal) -> None:
    audit.record(tx, entry_of(tx, actor, what, under.patient, _about(action), f"refused: {why}"))


def _visit(tx: Tx, under: Under, action: Action) -> str:
    """The key of the visit whose end is waited for; empty where there is none, or it has ended. Nobody closes it until
    this transaction ends.
    """
    if not action.encounter:
        return ""
    key = visits.key(tx, action.issuer, action.encounter)
    here = Visited(
        key, under.ehr, action.issuer, action.encounter, under.patient, under.launch, under.ends_at, person=under.person
    )
    found = visits.joined(tx, here)
    return "" if found.closed_at or found.ended_at else key
