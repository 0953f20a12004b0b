"""One run as one process works on it: a row is taken, asked about, and done or put off."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from app.core import asking, fault, nightly
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, Opening
from app.core.roles import Role, RoleRow
from app.core.schedule.appointment import DayAsk
from app.core.schedule.day import arranged
from app.gather import State
from app.store import Tx, audit
from app.store import prefetch as rows
from app.store.prefetch import Item, Kind, Work

if TYPE_CHECKING:
    from app.prefetch.prefetching import Prefetching

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
PATIENCE = 60.0  # seconds for one patient
LOOK = 0.2  # seconds between looks at what has come
MOST_TRIES = 5
WAIT = timedelta(seconds=40)  # longer than a failed answer counts; grows with every try
#: What may be otherwise in a minute.
_PASSING = frozenset({Reason.DOWN, Reason.SLOW, Reason.BUSY})
_ONLY = (
    asking.PATIENT,
    asking.COVERAGE,
    asking.CONSENTS,
    f"{asking.CHART_PREFIX}Flag",
    asking.MEMBER,
    asking.CARE_GAPS,
)
#: What a launch has heard of a payer in the last hours is not asked again in the night.
_FRESH = timedelta(hours=12)


class Run:
    """`work` is what each of its threads does."""

    def __init__(self, of: Prefetching, run: str, until: datetime | None) -> None:
        ehr, _, day = run.rpartition(" ")
        self._of, self._name, self._until = of, run, until
        self._entry, self._day = of.entries[ehr], date.fromisoformat(day)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def work(self) -> None:
        while not self._over():
            try:
                with self._of.store.begin() as tx:
                    taken = rows.take(tx, self._name, LEASE)
                    if taken:
                        audit.record(tx, self._said(tx, taken, "prefetch-ask", {}, "asking"))
                if taken is None:
                    if self._nothing_left():
                        return
                    continue
                (self._schedule if taken.item.kind is Kind.SCHEDULE else self._patient)(taken)
            except Exception as error:  # the row is taken again when its lease is over
                log.error("prefetch of %s: %s", self._name, fault.told(error))
                self._count("failed here")
                self._of.stopping.wait(1.0)

    def said(self) -> str:
        """What came of what this process did, for the log: numbers only."""
        return ", ".join(f"{what}: {number}" for what, number in sorted(self._counts.items())) or "nothing done here"

    def _over(self) -> bool:
        return self._of.stopping.is_set() or (self._until is not None and self._of.clock() >= self._until)

    def _nothing_left(self) -> bool:
        with self._of.store.read() as tx:
            left = rows.left(tx, self._name)
            wait = (left.next - tx.now).total_seconds() if left.next else 0.0
        if left.undone:  # others are at it, or it is put off; what they do may bring more
            self._of.stopping.wait(min(max(wait, LOOK), 0.5))
        return not left.undone

    # --- one row ------------------------------------------------------------------------------------------------------

    def _schedule(self, taken: Work) -> None:
        ask = DayAsk.of(taken.item.about, self._day)
        found = self._of.schedule(self._entry.id, ask)
        if isinstance(found, Unknown):
            if not self._put_off(taken, [found]):
                self._end(taken, {}, found.reason)
            return
        refs = dict.fromkeys(ref for _, ref in arranged(found.value, ask, self._entry.zone).shown if ref)
        ids = [ref.removeprefix("Patient/") for ref in refs]
        items = [Item(Kind.PATIENT, name, f"{self._entry.issuer}|{name}") for name in ids]
        with self._of.store.begin() as tx:
            rows.add(tx, self._name, items, nightly.over(self._day, self._entry.zone))
            rows.done(tx, self._name, taken.key)
            audit.record(tx, self._said(tx, taken, "prefetch", {"schedule": len(items)}, "ok"))
        self._count("schedules")

    def _patient(self, taken: Work) -> None:
        opening = self._opening(taken.item.about)
        state = self._answered(opening)
        if not state.complete:
            if self._of.stopping.is_set():
                with self._of.store.begin() as tx:
                    rows.later(tx, self._name, taken, timedelta(), counts=False)
                return
            if not self._put_off(taken, [Unknown(EHR, Reason.SLOW)]):
                self._end(taken, {}, "slow", state)
        elif not self._put_off(taken, state.answers.values()):
            known = {ask: one for ask, one in state.answers.items() if isinstance(one, Known)}
            counts = {f"{ask.source}/{ask.name}": _size(one.value) for ask, one in known.items()}
            counts |= {f"{payer}/not-asked/{reason}": 1 for payer, reason in state.plan.restricted.items()}
            unknown = [(ask, one) for ask, one in state.answers.items() if isinstance(one, Unknown)]
            counts |= {f"{ask.source}/not-kept": 1 for ask, one in unknown if one.reason is Reason.NOT_AHEAD}
            missing = sorted({str(one.reason) for _, one in unknown if one.reason is not Reason.NOT_AHEAD})
            self._end(taken, counts, ", ".join(missing) or "ok", state)

    def _opening(self, patient_id: str) -> Opening:
        """The system's: it sees gaps and no prompts, and reads nothing but what the payers are asked by."""
        entry = self._entry
        today = self._of.clock().astimezone(entry.zone).date()
        return Opening(
            handle=rows.handle(self._name), ehr=entry.id, ehr_name=entry.name, issuer=entry.issuer,
            patient_id=patient_id, encounter_id=None, user_ref=None, day=today, visit_day=self._day,
            scopes=entry.scopes, roles=(RoleRow(Role.MANAGER, any=True),), restrictions=entry.restrictions,
            types=(), only=_ONLY, reports_fresh=_FRESH, ahead=True,
        )  # fmt: skip

    def _answered(self, opening: Opening) -> State:
        """What is known once nothing is out any more, or as far as it came in a minute."""
        self._of.gathering.advance(opening)
        end = time.monotonic() + PATIENCE
        while True:
            state = self._of.gathering.state(opening)
            if state.complete or time.monotonic() > end or self._of.stopping.wait(LOOK):
                return state
            if state.idle:
                self._of.gathering.advance(opening)

    def _put_off(self, taken: Work, found: Iterable[Answer[object]]) -> bool:
        """Whether the row is taken again later, because of what may be otherwise then. Where there were only too many
        questions for what a source allows, it was not tried.
        """
        passing = {one.reason for one in found if isinstance(one, Unknown) and one.reason in _PASSING}
        counts = passing != {Reason.BUSY}
        if not passing or (counts and taken.tries >= MOST_TRIES):
            return False
        with self._of.store.begin() as tx:
            rows.later(tx, self._name, taken, WAIT * (taken.tries if counts else 1), counts=counts)
            audit.record(tx, self._said(tx, taken, "prefetch", {}, f"put off: {', '.join(sorted(passing))}"))
        self._count("put off")
        return True

    def _end(self, taken: Work, counts: Mapping[str, int], outcome: str, state: State | None = None) -> None:
        """The row is done. What is kept of it are the payers' answers."""
        with self._of.store.begin() as tx:
            if state is not None:
                rows.forget(tx, self._name, taken.item.patient)
            rows.done(tx, self._name, taken.key)
            audit.record(tx, self._said(tx, taken, "prefetch", counts, outcome))
        self._count(f"{taken.item.kind}s" if outcome == "ok" else f"{taken.item.kind}s without a full answer")

    def _said(self, tx: Tx, taken: Work, action: str, counts: Mapping[str, int], outcome: str) -> audit.Audit:
        return entry_of(tx, self._name, taken.item.patient, action, counts, outcome)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


def entry_of(tx: Tx, run: str, patient: str, action: str, counts: Mapping[str, int], outcome: str) -> audit.Audit:
    """In the chain of the run: the system's own."""
    return audit.Audit(
        launch=rows.handle(run), who="system", role="prefetch", patient=patient, action=action, counts=counts,
        outcome=outcome, at=tx.now,
    )  # fmt: skip


def _size(value: object) -> int:
    return len(value) if isinstance(value, tuple) else 1
