"""Use case: ask the EHR and the payers side by side, once per launch, and keep every answer. One dead source spoils nothing.

`advance` claims and starts whatever may be asked now and returns the state of things; `wait` is the long poll. Pool threads
get plain values and return answers; a single thread per process writes them, so that no network call ever sits inside a
transaction. The answer row is the single flight across processes (DESIGN 3.10): a second process, or a second user of the
same patient, finds the lease or the answer there.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.core import asking
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, Ask, Opening, PayerRow, Plan
from app.core.chart import Coverage, Fact, Patient
from app.core.report import Member, Period, Report
from app.core.roles import User
from app.sources.pools import Pools
from app.store import Store, answers
from app.store.answers import Claim, Question

LEASE = timedelta(seconds=20)  # longer than any source's total deadline
REPORT_FRESH = timedelta(minutes=15)
UNKNOWN_FRESH = timedelta(seconds=30)  # a payer that just failed is not asked again by the next launch at once
LAUNCH_FRESH = timedelta(hours=12)  # EHR answers belong to one launch and live as long as it may


class EhrSource(Protocol):
    """What gather asks of an EHR adapter (`app.sources.ehr`)."""

    def user(self, ref: str) -> Answer[User]: ...
    def encounter(self, encounter_id: str) -> Answer[Fact]: ...
    def patient(self, patient_id: str) -> Answer[Patient]: ...
    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]: ...
    def facts(self, kind: str, patient_id: str, since: Any) -> Answer[tuple[Fact, ...]]: ...


class PayerSource(Protocol):
    """What gather asks of a payer adapter (`app.sources.payer`)."""

    def member(self, patient: Patient, coverage: Coverage) -> Answer[Member]: ...
    def care_gaps(self, member: Member, period: Period) -> Answer[Report]: ...
    def risk(self, member: Member, period: Period) -> Answer[Report]: ...


@dataclass(frozen=True, slots=True)
class State:
    """The answers of one launch so far. `version` grows with every answer; `complete`: nothing is out any more."""

    plan: Plan
    answers: Mapping[Ask, Answer[Any]]
    version: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way: what the writer needs to settle it."""

    opening: Opening
    ask: Ask
    question: Question
    answer: Answer[Any]


class Gathering:
    """One per process. `close` ends its writer thread; the pools belong to the root."""

    def __init__(
        self,
        store: Store,
        pools: Pools,
        *,
        ehr: Callable[[Opening], EhrSource],
        payers: Mapping[str, PayerSource],
        rows: Sequence[PayerRow],
        clock: Callable[[], datetime],
        who: str,
    ) -> None:
        self._store, self._pools, self._clock, self._who = store, pools, clock, who
        self._ehr, self._payers, self._rows = ehr, payers, tuple(rows)
        self._settled: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._news = threading.Condition()
        self._writer = threading.Thread(target=self._write, name="gather-writer", daemon=True)
        self._writer.start()

    # --- what web calls -------------------------------------------------------------------------------------------

    def advance(self, opening: Opening) -> State:
        """Start every question that may be asked by now and is not out already; the state after that."""
        claimed: list[tuple[Ask, Question]] = []
        with self._store.begin() as tx:
            while True:
                state = self._read(tx, opening)
                new = [ask for ask in state.plan.asks if ask not in state.answers]
                claims = {ask: answers.claim(tx, self._question(opening, ask, state), LEASE, self._who) for ask in new}
                claimed += [(ask, self._question(opening, ask, state)) for ask, c in claims.items() if c is Claim.ASK]
                if not any(c is Claim.FRESH for c in claims.values()):
                    break
        for ask, question in claimed:
            self._start(opening, ask, question, state.answers)
        return state

    def state(self, opening: Opening) -> State:
        """The state as stored, starting nothing."""
        with self._store.read() as tx:
            return self._read(tx, opening)

    def wait(self, opening: Opening, seen: int, timeout: float) -> State:
        """The long poll: returns when there is something newer than version `seen`, or all is in, or at the time-out."""
        end = time.monotonic() + timeout
        state = self.advance(opening)
        while state.version == seen and not state.complete and (left := end - time.monotonic()) > 0:
            with self._news:
                self._news.wait(min(left, 0.2))  # another process's answers wake nobody here: look again
            state = self.state(opening)
        return state

    def retry(self, opening: Opening, source: str) -> None:
        """Forget what `source` (EHR or a payer id) failed to answer, so that it is asked again."""
        with self._store.begin() as tx:
            state = self._read(tx, opening)
            for ask, answer in state.answers.items():
                failed = isinstance(answer, Unknown) or answer.stale_because or answer.incomplete
                if ask.source == source and failed:
                    answers.forget(tx, self._question(opening, ask, state))

    def close(self) -> None:
        """End the writer thread after what is queued."""
        self._settled.put(None)
        self._writer.join(timeout=5)

    # --- asking ---------------------------------------------------------------------------------------------------

    def _start(self, opening: Opening, ask: Ask, question: Question, known: Mapping[Ask, Answer[Any]]) -> None:
        call = self._call(opening, ask, known)
        source = opening.ehr if ask.source == EHR else ask.source
        future = self._pools.submit(source, call)

        def done(future: Future[Answer[Any]]) -> None:
            self._settled.put(_Asked(opening, ask, question, _outcome(future, source)))

        if isinstance(future, Unknown):
            self._settled.put(_Asked(opening, ask, question, future))
        else:
            future.add_done_callback(done)

    def _call(self, opening: Opening, ask: Ask, known: Mapping[Ask, Answer[Any]]) -> Callable[[], Answer[Any]]:
        """The adapter's call for one question, with plain values only."""
        if ask.source != EHR:
            return self._payer_call(opening, ask, known)
        ehr, patient_id = self._ehr(opening), asking.plan(opening, known, self._rows).patient_id or ""
        match ask.name:
            case asking.USER:
                return lambda: ehr.user(opening.user_ref or "")
            case asking.ENCOUNTER:
                return lambda: ehr.encounter(opening.encounter_id or "")
            case asking.PATIENT:
                return lambda: ehr.patient(patient_id)
            case asking.COVERAGE:
                return lambda: ehr.coverages(patient_id)
            case _:
                kind = ask.name.removeprefix(asking.CHART_PREFIX)
                return lambda: ehr.facts(kind, patient_id, asking.look_back(kind, opening.day))

    def _payer_call(self, opening: Opening, ask: Ask, known: Mapping[Ask, Answer[Any]]) -> Callable[[], Answer[Any]]:
        payer, period = self._payers[ask.source], asking.report_period(opening.day)
        if ask.name == asking.MEMBER:
            patient = _value(known, Ask(EHR, asking.PATIENT))
            coverage = self._coverage(opening, ask.source, known)
            return lambda: payer.member(patient, coverage)
        member = _value(known, Ask(ask.source, asking.MEMBER))
        call = payer.care_gaps if ask.name == asking.CARE_GAPS else payer.risk
        return lambda: call(member, period)

    def _coverage(self, opening: Opening, payer: str, known: Mapping[Ask, Answer[Any]]) -> Coverage:
        connected = asking.plan(opening, known, self._rows).payers
        return next(coverage for row, coverage in connected if row.id == payer)

    # --- keeping --------------------------------------------------------------------------------------------------

    def _read(self, tx: Any, opening: Opening) -> State:
        """Plan and answers, read alternately: each answer may allow further questions."""
        found: dict[Ask, Answer[Any]] = {}
        version, looked = 0, -1
        plan = asking.plan(opening, found, self._rows)
        while looked != len(plan.asks):
            looked = len(plan.asks)
            questions = {ask: self._question(opening, ask, plan) for ask in plan.asks}
            stored = answers.snapshot(tx, list(questions.values()))
            found = {ask: stored[q].answer for ask, q in questions.items() if q in stored and stored[q].answer}
            version = sum(stored[q].version for q in questions.values() if q in stored)
            plan = asking.plan(opening, found, self._rows)
        return State(plan, found, version, complete=all(ask in found for ask in plan.asks))

    def _write(self) -> None:
        """The writer thread: settle everything that has arrived in one transaction, then see what may be asked next."""
        while (first := self._settled.get()) is not None:
            arrived = [first, *_drain(self._settled)]
            with self._store.begin() as tx:
                for item in arrived:
                    if item is not None:
                        answers.settle(tx, item.question, item.answer, _fresh_for(item))
            for opening in {item.opening.handle: item.opening for item in arrived if item is not None}.values():
                self.advance(opening)
            with self._news:
                self._news.notify_all()
            if None in arrived:
                return


def _outcome(future: Future[Answer[Any]], source: str) -> Answer[Any]:
    """Adapters return answers; an exception is a bug of ours, shown as an unreadable source rather than as a hang."""
    if future.cancelled() or (error := future.exception()) is None:
        return Unknown(source, Reason.BUSY) if future.cancelled() else future.result()
    raise error


def _drain(settled: queue.SimpleQueue[_Asked | None]) -> list[_Asked | None]:
    items: list[_Asked | None] = []
    while not settled.empty():
        items.append(settled.get())
    return items


def _value(known: Mapping[Ask, Answer[Any]], ask: Ask) -> Any:
    answer = known[ask]
    assert isinstance(answer, Known), f"{ask} was planned on"
    return answer.value


def _fresh_for(item: _Asked) -> timedelta:
    if item.ask.source == EHR:
        return LAUNCH_FRESH
    return UNKNOWN_FRESH if isinstance(item.answer, Unknown) else REPORT_FRESH
