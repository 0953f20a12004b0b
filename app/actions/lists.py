"""Use case: lists over all patients of one EHR. What left and what became of it, what is to be followed up, and the
conditions that were added and removed. Whoever is shown is audited as read, in the transaction that reads them.

Nothing is sent from here: a dead letter that somebody lets go again only waits in the outbox once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.actions.actor import Actor, entry_of, must
from app.actions.sent import Section, Sent, sorted_out, unanswered, with_bars
from app.core import sensitive
from app.core.ledger.action import Action
from app.core.ledger.outgoing import FollowUp, Message, Post
from app.core.ledger.verb import Kind
from app.core.restrictions import EVERY_PAYER
from app.core.roles import May, Role, may
from app.errors import NotAllowed, NotFound
from app.store import Store, Tx, audit, barred, compliance, follow_ups, outbox, recorded
from app.store.compliance import Direction as Direction  # what is listed
from app.store.compliance import Line as Line
from app.store.said import Person

READ_SENT, EXPORT_SENT, RESEND = "read-sent", "export-sent", "resend"
READ_FOLLOW_UPS, FOLLOWED_UP = "read-follow-ups", "done-follow-up"
READ_COMPLIANCE, EXPORT_COMPLIANCE = "read-compliance", "export-compliance"

LISTED_FOR = timedelta(days=400)  # what was sent longer ago is no news for anybody


@dataclass(frozen=True, slots=True)
class FollowUps:
    """One open follow-up of one patient. `prompt`: about a condition, for roles that may see prompts."""

    follow_up: FollowUp
    person: Person
    prompt: bool = False
    sensitive: bool = False

    @property
    def kept_off(self) -> bool:
        return self.prompt or self.sensitive or not self.person.name


@dataclass(frozen=True, slots=True)
class Compliance:
    """Both directions, the newest first. `broken`: numbers of lines that are missing or not what was written."""

    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    broken: tuple[int, ...]


class Lists:
    """One per process. `agreed`: by payer, after how many days what was sent should be confirmed."""

    def __init__(self, store: Store, agreed: Mapping[str, int]) -> None:
        self._store, self.agreed = store, agreed

    def sent(self, actor: Actor, today: date, *, payer: str = "", action: str = READ_SENT) -> Sent:
        """What left of this EHR, as it stands `today` (at the clinic), for the screen; for a file (EXPORT_SENT) what is
        late at one payer.
        """
        must(actor, May.SEE_SENT)
        with self._store.begin() as tx:
            since = tx.now - LISTED_FOR
            every = [
                *outbox.listed(tx, actor.issuer, [Post.DEAD, Post.HELD, Post.WAITING]),
                *outbox.listed(tx, actor.issuer, [Post.SENT], since=since, of_people=True),
            ]
            by_software = outbox.counted_own(tx, actor.issuer, since)
            actions = recorded.of_ids(tx, {each.message.action for each in every} - {""})
            found = sorted_out(every, actions, actor, today, self.agreed)
            rows = with_bars(tx, found.rows)
            if action == EXPORT_SENT:
                rows = [r for r in rows if r.section is Section.LATE and r.message.to == payer]
                shown = [r for r in rows if not (r.kept_off or r.restricted)]
            else:
                shown = [r for r in rows if r.person.name]
            _read(tx, actor, action, (r.patient for r in shown), "message")
        return replace(found, rows=tuple(rows), by_software=by_software)

    def came_back(self, issuer: str, user: str) -> int:
        """How many items a payer contradicts what this user recorded or sent about, and nobody has said anything since.
        A number alone: nobody's chart is read.
        """
        with self._store.read() as tx:
            found = outbox.contradicted(tx, issuer, tx.now - LISTED_FOR)
            mine = [each for each in found if each.parcel and each.parcel.who == user]
            known = recorded.of_patients(tx, {each.parcel.patient for each in mine if each.parcel})
        return len({about for each in mine if (about := unanswered(each, known))})

    def resend(self, actor: Actor, name: str) -> bool:
        """Let a dead letter be tried again. False where it is none any more. Raises NotFound, NotAllowed."""
        must(actor, May.SEE_SENT)
        if not may_resend(actor.role):
            raise NotAllowed
        with self._store.begin() as tx:
            found = outbox.find(tx, name)
            if found is None or found.parcel is None or not _ours(actor, found.parcel.patient):
                raise NotFound
            own = barred.own(tx, found.parcel.patient)
            if stays(found.message) or {found.message.to, EVERY_PAYER} & {*own.held, *own.restricted}:
                return False
            return outbox.resend(tx, entry_of(tx, actor, RESEND, found.parcel.patient, found.message.to), name)

    def follow_ups(self, actor: Actor) -> tuple[FollowUps, ...]:
        """Every open one of this EHR, by due day."""
        _must_follow(actor)
        with self._store.begin() as tx:
            found = follow_ups.open_of(tx, actor.issuer)
            actions = recorded.of_ids(tx, {each.follow_up.action for each in found} - {""})
            _read(tx, actor, READ_FOLLOW_UPS, (each.patient for each in found), "follow-up")
        return tuple(_follow_up(each, actions.get(each.follow_up.action)) for each in found)

    def followed_up(self, actor: Actor, name: str) -> bool:
        """Somebody has seen to it. False where it is done already, or not there. Raises NotAllowed."""
        _must_follow(actor)
        if not (may(actor.role, May.ACT) or may(actor.role, May.TICK)):
            raise NotAllowed
        with self._store.begin() as tx:
            found = next((each for each in follow_ups.open_of(tx, actor.issuer) if each.follow_up.id == name), None)
            if found is None:
                return False
            entry = entry_of(tx, actor, FOLLOWED_UP, found.patient, found.follow_up.what)
            return follow_ups.done(tx, entry, [name], "person") > 0

    def compliance(self, actor: Actor, *, action: str = READ_COMPLIANCE) -> Compliance:
        """Additions and removals of this EHR side by side, and whether the list is what was written."""
        must(actor, May.SEE_COMPLIANCE)
        with self._store.begin() as tx:
            lines = compliance.lines(tx, actor.issuer)[::-1]
            broken = compliance.broken(tx)
            _read(tx, actor, action, (each.patient for each in lines), "line")
        added, removed = (tuple(each for each in lines if each.direction is way) for way in Direction)
        return Compliance(added, removed, broken)


def stays(message: Message) -> bool:
    """A dead letter that nobody sends again: its payer may not be told, or the patient has died."""
    return message.trouble in ("restriction", "deceased")


def may_resend(role: Role) -> bool:
    """Who may act on a patient, and who runs the practice."""
    return may(role, May.ACT) or role is Role.MANAGER


def _follow_up(one: follow_ups.Listed, action: Action | None) -> FollowUps:
    prompt = action is not None and action.item.kind is Kind.PROMPT
    return FollowUps(one.follow_up, one.person, prompt, sensitive.of_words(one.follow_up.label) is not None)


def _read(tx: Tx, actor: Actor, action: str, patients: Iterable[str], what: str) -> None:
    """One record a patient who is shown; one that names nobody where nobody is."""
    shown = Counter(each for each in patients if each)
    said = entry_of(tx, actor, action, nobody(actor), what)
    entries = [replace(said, patient=patient, counts={what: number}) for patient, number in sorted(shown.items())]
    audit.record_all(tx, entries or [replace(said, counts={})])


def _must_follow(actor: Actor) -> None:
    if not (may(actor.role, May.SEE_SCHEDULE) or may(actor.role, May.SEE_GAPS)):
        raise NotAllowed


def nobody(actor: Actor) -> str:
    """In the audit: of this EHR, and about no patient."""
    return f"{actor.issuer}|"


def _ours(actor: Actor, patient: str) -> bool:
    return patient.startswith(f"{actor.issuer}|")
