"""What the privacy role decides, what hides a report, and what the team ticks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.actions.actor import Actor, entry_of, must
from app.core.roles import May
from app.core.schedule.tick import Tick
from app.errors import NotFound
from app.store import Store, Tx, answers, audit, held, memories, restrictions, ticks
from app.store.held import Decision, Held
from app.store.restrictions import Restriction
from app.store.said import Note, Person


@dataclass(frozen=True, slots=True)
class PrivacyDesk:
    """What waits for the privacy role, what it has kept hidden, and the restrictions of the patient in the chart."""

    waiting: tuple[Held, ...]
    kept: tuple[Held, ...]
    restrictions: tuple[Restriction, ...]


class Actions:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hold(self, actor: Actor, patient: str, payer: str, person: Person) -> bool:
        """ "Wrong patient": hide what `payer` says of `patient` for everyone, and delete what is kept of it."""
        must(actor, May.SEE_GAPS)
        with self._store.begin() as tx:
            answers.alone(tx)
            entry = entry_of(tx, actor, "hold-report", patient, payer)
            return held.hold(tx, entry, payer, Note(actor.name, person)) and _forget(tx, payer, patient)

    def decide(self, actor: Actor, name: str, decision: Decision, why: str, *, shown: str) -> Held | None:
        """Release a report, so that its payer is asked again, or keep it hidden. `shown` is the `Held.version` that was
        decided on; where it is another by now, nothing is done, and what stands now is given back. Raises NotFound.
        """
        must(actor, May.DECIDE_HELD)
        with self._store.begin() as tx:
            found = held.find(tx, name)
            if found is None or not _ours(actor, found):
                raise NotFound
            if found.released or found.version != shown:
                return found
            patient = found.said.patient if found.said else ""
            entry = entry_of(tx, actor, "decide-held", patient, found.payer, str(decision))
            held.decide(tx, entry, found, decision, Note(actor.name, why=why))
        return None

    def restrict(self, actor: Actor, patient: str, payer: str, person: Person, why: str) -> bool:
        """Enter a restriction on disclosure about `patient`, to one payer or to all; what they said is deleted."""
        must(actor, May.DECIDE_HELD)
        with self._store.begin() as tx:
            answers.alone(tx)
            entry = entry_of(tx, actor, "restrict", patient, payer or "every-payer")
            return restrictions.enter(tx, entry, payer, Note(actor.name, person, why)) and _forget(tx, payer, patient)

    def lift(self, actor: Actor, patient: str, name: str, why: str) -> bool:
        """End a restriction that was entered here."""
        must(actor, May.DECIDE_HELD)
        with self._store.begin() as tx:
            entry = entry_of(tx, actor, "lift-restriction", patient, "restriction")
            return restrictions.lift(tx, entry, name, Note(actor.name, why=why))

    def tick(self, actor: Actor, patient: str, tick: Tick) -> bool:
        """Mark what has been prepared for an appointment of `patient` (patient key). `tick.by` and `tick.at` are not
        looked at: they are the actor's name and now. False where the same is marked already.
        """
        must(actor, May.TICK)
        with self._store.begin() as tx:
            entry = entry_of(tx, actor, "tick", patient, str(tick.what))
            return ticks.put(tx, entry, actor.issuer, replace(tick, by=actor.name))

    def untick(self, actor: Actor, patient: str, tick: Tick) -> bool:
        """Take back what somebody has marked, whoever it was. False where it is not marked (any more)."""
        must(actor, May.TICK)
        with self._store.begin() as tx:
            entry = entry_of(tx, actor, "untick", patient, str(tick.what))
            return ticks.undo(tx, entry, actor.issuer, tick.appointment, tick.step, tick.what)

    def prepared(self, patient: str, day: date) -> tuple[Tick, ...]:
        """What the team has marked for the appointments of `patient` (patient key) on `day`, the oldest first. For a
        chart that is audited as read.
        """
        with self._store.read() as tx:
            return tuple(tick for tick in ticks.of_patient(tx, patient) if tick.day == day)

    def desk(self, actor: Actor, patient: str) -> PrivacyDesk:
        """What the privacy role sees; each patient on it is audited as seen. `patient` empty: no chart is open."""
        must(actor, May.DECIDE_HELD)
        with self._store.begin() as tx:
            found = [each for each in held.hidden(tx) if _ours(actor, each)]
            entered = restrictions.in_force(tx, patient) if patient else []
            for seen in sorted({patient, *_patients(found)} - {""}):
                audit.record(tx, entry_of(tx, actor, "read-held", seen, "held"))
        waiting, kept = ([h for h in found if (h.decided_at is None) is new] for new in (True, False))
        return PrivacyDesk(tuple(waiting), tuple(kept), tuple(entered))


def _forget(tx: Tx, payer: str, patient: str) -> bool:
    """What a payer (empty: every payer) has said of a patient, and what panels remember of it. Always True."""
    answers.drop_of(tx, payer, patient)
    memories.forget(tx, patient)
    return True


def _ours(actor: Actor, found: Held) -> bool:
    """Held in the EHR whose privacy role asks. What cannot be opened any more names no EHR: anybody's may decide it."""
    return found.said is None or found.said.patient.startswith(f"{actor.issuer}|")


def _patients(found: Iterable[Held]) -> set[str]:
    return {each.said.patient for each in found if each.said}
