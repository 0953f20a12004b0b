"""What a look at a panel means for what leaves: a visit goes on or has ended, groups of reports were received and
shown, a restriction came up, a payer's report tells what became of what was sent.

Every look asks, and nearly none writes: it is read first whether anything is new.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core import fault, nightly
from app.core.answers import Known, Reason, Unknown
from app.core.asking import CARE_GAPS, EHR, PATIENT, RISK, Answers, Ask, Opening, Plan, encounter_of
from app.core.chart import Patient
from app.core.flag import Panel
from app.core.ledger.outgoing import Message, Post
from app.core.report import Report
from app.core.restrictions import NOT_WHOLE
from app.deliver.barring import DECEASED, RESTRICTION
from app.deliver.became import Found, found_out, keep, may_be_judged
from app.deliver.closing import Closing
from app.deliver.noted import by_visit
from app.deliver.terms import Terms
from app.store import Store, Tx, outbox, visits
from app.store.said import Person
from app.store.visits import Group, Visited

log = logging.getLogger(__name__)

LAUNCHES_KNOWN = 300
FINISHED = "finished"  # Encounter.status; a visit that was cancelled or entered in error ends at midnight


@dataclass(frozen=True, slots=True)
class Seen:
    """One look, as far as it matters here. `barred`: payers that a restriction keeps us from; `over`: the visit has
    ended, and every group that it received is among `groups`.
    """

    patient: str  # patient key
    launch: str
    barred: frozenset[str]
    deceased: bool
    reports: tuple[Report, ...]
    visit: Visited | None = None  # with the key left empty
    groups: tuple[Group, ...] = ()
    over: bool = False

    @property
    def of_visit(self) -> tuple[object, ...]:
        """What of it the store keeps."""
        return self.visit, self.groups, self.over, self.barred, self.deceased


@dataclass
class Visiting:
    """One per process. `timezones`: by EHR entry; `nudge`: something may leave now."""

    store: Store
    terms: Mapping[str, Terms]
    timezones: Mapping[str, str]
    closing: Closing
    nudge: Callable[[], None] = field(default=lambda: None)
    _last: dict[str, tuple[object, ...]] = field(default_factory=dict)  # by launch, what was noted last
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def looked(
        self,
        opening: Opening,
        plan: Plan,
        answers: Answers,
        panel: Panel | None,
        *,
        complete: bool,
        person: Person | None = None,
        messages: Sequence[Message] | None = None,
    ) -> bool:
        """After each look at the panel of a launch, with what was drawn. `complete`: nothing is being asked any more;
        `person`: whom it is about, for lists; `messages`: the patient's, where they have just been read. Whether
        anything was written down, so that the ledger is another one now.

        Trouble of our own is logged: what this could not write the next look will.
        """
        try:
            if not plan.patient_id:
                return False
            seen = self._seen(opening, plan, answers, panel, complete=complete, person=person or Person())
            if messages is not None and self._is_old(seen, messages):
                return False
            return self._noted(seen)
        except Exception as error:
            log.error("after a look: %s", fault.told(error))
            return False

    def _noted(self, seen: Seen) -> bool:
        """Write down what is new in one look."""
        with self.store.read() as tx:
            new = self._is_news(tx, seen)
        if new:
            with self.store.begin() as tx:
                leaves = self._note(tx, seen)
            if leaves:
                self.nudge()
        with self._lock:
            self._last.pop(seen.launch, None)
            self._last[seen.launch] = seen.of_visit
            while len(self._last) > LAUNCHES_KNOWN:
                del self._last[next(iter(self._last))]
        return new

    def _is_old(self, seen: Seen, messages: Sequence[Message]) -> bool:
        """Whether nothing can be new: this launch has said the same before, and there is nothing to judge."""
        with self._lock:
            same = self._last.get(seen.launch) == seen.of_visit
        waits = seen.over and any(one.post is Post.HELD for one in messages)
        return same and not waits and not _taken_back(seen, messages) and not may_be_judged(messages, seen.reports)

    # --- what is new --------------------------------------------------------------------------------------------------

    def _is_news(self, tx: Tx, seen: Seen) -> bool:
        visit = _keyed(tx, seen)
        if visit is not None:
            known = visits.find(tx, visit.key)
            if known is not None and known.closed_at is None and (seen.over or seen.deceased):
                return True
            groups = _groups_now(known, seen)
            if (groups or known is not None) and not seen.deceased and visits.news(tx, visit, groups):
                return True
        messages = outbox.of_patient(tx, seen.patient)
        return bool(_taken_back(seen, messages) or found_out(tx, messages, seen.reports))

    def _note(self, tx: Tx, seen: Seen) -> bool:
        """Whether anything may leave now that could not before. The visit is locked before all else."""
        visit, leaves = _keyed(tx, seen), False
        if visit is not None:
            visits.alone(tx, visit.key)
            known = visits.find(tx, visit.key)
            groups = _groups_now(known, seen)
            if seen.deceased:  # of the dead nothing is said any more, to anybody
                visits.close(tx, visit.key)
            elif groups or known is not None:
                visits.see(tx, visit, groups)
        self._take_back(tx, seen)
        if visit is not None and seen.over and not seen.deceased:
            visits.ended(tx, visit.key)
            leaves = self.closing.close(tx, visit.key)
        self._judge(tx, seen)
        return leaves

    def _take_back(self, tx: Tx, seen: Seen) -> None:
        """What has not left stays here. What an earlier try may have brought there is not asked about again."""
        why = DECEASED if seen.deceased else RESTRICTION
        back = _taken_back(seen, outbox.of_patient(tx, seen.patient))
        if back:
            entry = by_visit(tx, seen.launch, seen.patient, "withdraw-unsent", {"message": len(back)}, why)
            rest = set(back) - set(outbox.withdraw(tx, entry, back, why, also_dead=True))
            outbox.dead(tx, entry, rest, why)

    def _judge(self, tx: Tx, seen: Seen) -> None:
        found: list[Found] = found_out(tx, outbox.of_patient(tx, seen.patient), seen.reports)
        keep(tx, found, lambda one: by_visit(tx, seen.launch, seen.patient, "judge-sent", {one.to: 1}, str(one.judged)))

    # --- one look -----------------------------------------------------------------------------------------------------

    def _seen(
        self, opening: Opening, plan: Plan, answers: Answers, panel: Panel | None, *, complete: bool, person: Person
    ) -> Seen:
        patient, key = _patient(answers), f"{opening.issuer}|{plan.patient_id}"
        barred = frozenset(payer for payer in plan.restricted if _bars(plan, payer))
        reports = _reports(plan, answers, barred)
        deceased = bool(patient and patient.deceased)
        seen = Seen(key, opening.handle, barred, deceased, tuple(reports) if complete else ())
        encounter = encounter_of(answers, plan.patient_id) if opening.encounter_id else None
        if encounter is None:
            return seen
        visit = Visited(
            "", opening.ehr, opening.issuer, encounter.ref, key, opening.handle, self._midnight(opening), person=person
        )
        over = complete and encounter.status == FINISHED
        return replace(
            seen, visit=visit, groups=(*self._groups(reports, panel), *self._unread(plan, answers, barred)), over=over
        )

    def _groups(self, reports: Iterable[Report], panel: Panel | None) -> Iterable[Group]:
        drawn = {
            (one.payer, one.report_id, one.group_id)
            for row in (panel.prompts if panel else ())
            for one in row.categories
        }
        for report in reports:
            terms = self.terms.get(report.payer)
            if report.kind != RISK or terms is None or not terms.software:
                continue
            for of, name, ingested, dialect in received(report):
                presented = (report.payer, of, name) in drawn
                yield Group(report.payer, of, name, dialect, ingested=ingested, presented=presented)

    def _unread(self, plan: Plan, answers: Answers, barred: frozenset[str]) -> Iterable[Group]:
        """Groups of an answer of which not one report could be read."""
        for row, _ in plan.payers:
            answer, terms = answers.get(Ask(row.id, RISK)), self.terms.get(row.id)
            if isinstance(answer, Unknown) and terms is not None and terms.software and row.id not in barred:
                yield from (Group(row.id, of, name, dialect, ingested=False) for of, name, dialect in answer.groups)

    def _midnight(self, opening: Opening) -> datetime:
        return nightly.over(opening.day, ZoneInfo(self.timezones[opening.ehr]))


def received(report: Report) -> list[tuple[str, str, bool, str]]:
    """Each group of an RA answer: its report, its id, whether we could read it, and the dialect it came in."""
    return [(one.report_id, one.group_id, one.ingested, report.dialect) for one in report.groups]


def _groups_now(known: Visited | None, seen: Seen) -> tuple[Group, ...]:
    """What this look adds: what it received, and what was received before of payers that may not be told any more."""
    before = known.groups if known else ()
    return (*seen.groups, *(replace(one, withheld=True) for one in before if one.payer in seen.barred))


def _keyed(tx: Tx, seen: Seen) -> Visited | None:
    visit = seen.visit
    return replace(visit, key=visits.key(tx, visit.issuer, visit.encounter)) if visit else None


def _taken_back(seen: Seen, messages: Iterable[Message]) -> list[str]:
    """What has not left, and may not any more: dead letters as well, which somebody might send again."""
    return [one.id for one in messages if _is_unsent(one) and (seen.deceased or one.to in seen.barred)]


def _is_unsent(one: Message) -> bool:
    return one.post in (Post.HELD, Post.WAITING) or (
        one.post is Post.DEAD and one.trouble not in (DECEASED, RESTRICTION)
    )


def _bars(plan: Plan, payer: str) -> bool:
    """A restriction was found, or is in doubt by what an entry says. One that could only not be read this time says
    nothing new: what was recorded before was recorded after it had been read.
    """
    if plan.restricted[payer] is Reason.RESTRICTION_UNKNOWN:
        return any(not entry.endswith(NOT_WHOLE) for entry in plan.restricted_by.get(payer, ()))
    return True


def _reports(plan: Plan, answers: Answers, barred: frozenset[str]) -> list[Report]:
    asks = [Ask(row.id, name) for row, _ in plan.payers for name in (CARE_GAPS, RISK) if row.id not in barred]
    found = [answers[ask] for ask in asks if ask in answers and ask in plan.asks]
    return [one.value for one in found if isinstance(one, Known) and isinstance(one.value, Report)]


def _patient(answers: Answers) -> Patient | None:
    answer = answers.get(Ask(EHR, PATIENT))
    return answer.value if isinstance(answer, Known) and isinstance(answer.value, Patient) else None
