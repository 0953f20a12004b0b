"""Use case: ask the EHR and the payers side by side, once per launch, and keep every answer.

One dead source spoils nothing. `advance` claims and starts whatever may be asked now; `show` is the long poll, and
commits the audit of what it returns. Pool threads get plain values and return answers; one thread per process writes
them, so that no network call ever sits inside a transaction. The answer row is the single flight across processes
(README, Decisions): a second process, or a second user of the same patient, finds the lease or the answer there.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from app.core import asking
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, Ask, Opening, PayerRow, Plan
from app.core.chart import Coverage, Fact, Patient
from app.core.report import Member, Period, Report
from app.core.roles import User
from app.sources.pools import Pools
from app.store import Store, StoreError, Tx, answers, audit
from app.store.answers import Claim, Question

log = logging.getLogger(__name__)

SEAL_SECONDS = 60.0
COMPANY = 0.2  # seconds that a long poll waits for more once it has news
LOOK_AGAIN = 0.2  # seconds: another process's answers wake nobody here
LEASE = timedelta(seconds=20)  # longer than any source's total deadline
REPORT_FRESH = timedelta(minutes=15)
UNKNOWN_FRESH = timedelta(seconds=30)  # a source that has just failed is not asked again by every reload
LAUNCH_FRESH = timedelta(hours=12)  # EHR answers belong to one launch and live as long as it may


class EhrSource(Protocol):
    """What gather asks of an EHR adapter (`app.sources.ehr`)."""

    def user(self, ref: str) -> Answer[User]: ...
    def encounter(self, encounter_id: str) -> Answer[Fact]: ...
    def patient(self, patient_id: str) -> Answer[Patient]: ...
    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]: ...
    def facts(self, kind: str, patient_id: str, since: date | None) -> Answer[tuple[Fact, ...]]: ...


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
    idle: bool = False  # something may be asked that nobody is asking: new, or its asker died


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: for the audit. What their role is may itself be among the answers."""

    user: str  # Practitioner/123, or the subject of the id_token
    role: Callable[[State], str]


@dataclass(frozen=True, slots=True)
class _Start:
    """A question that we hold the lease for, and the state that it was planned on."""

    ask: Ask
    question: Question
    state: State


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
        who: str,
    ) -> None:
        self._store, self._pools, self._who = store, pools, who
        self._ehr, self._payers, self._rows = ehr, payers, tuple(rows)
        self._settled: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._news = threading.Condition()
        self._writer = threading.Thread(target=self._write, name="gather-writer", daemon=True)
        self._writer.start()

    # --- what web calls -------------------------------------------------------------------------------------------

    def advance(self, opening: Opening) -> None:
        """Start every question that may be asked by now and that nobody is asking."""
        starts: list[_Start] = []
        with self._store.begin() as tx:
            while True:
                state = self._read(tx, opening)
                new = {
                    self._question(opening, ask, state.plan): ask for ask in state.plan.asks if ask not in state.answers
                }
                claims = answers.claim(tx, new, LEASE, self._who)
                starts += [_Start(new[q], q, state) for q, claim in claims.items() if claim is Claim.ASK]
                if Claim.FRESH not in claims.values():  # somebody else's answer to a shared question allows more
                    break
        ehr = self._ehr(opening)
        for start in starts:
            self._ask(opening, ehr, start)

    def show(self, opening: Opening, reader: Reader, *, seen: int | None, timeout: float) -> State:
        """The long poll: the state as soon as it is newer than version `seen`, or complete, or after `timeout` seconds.

        What it returns may be rendered: its audit record has been committed (README, Decisions).
        """
        with self._store.read() as tx:
            state = self._read(tx, opening)
        if state.idle:
            self.advance(opening)
        if seen is not None and not state.complete:
            self._wait(opening, state, seen, timeout)
        with self._store.begin() as tx:
            state = self._read(tx, opening)
            if state.version != seen:
                audit.record(tx, _chart_read(opening, reader, state, tx.now))
        return state

    def retry(self, opening: Opening, source: str) -> None:
        """Forget what `source` (EHR or a payer id) did not answer in full, so that it is asked again."""
        with self._store.begin() as tx:
            state = self._read(tx, opening)
            for ask, answer in state.answers.items():
                if ask.source == source and (isinstance(answer, Unknown) or answer.stale_because or answer.incomplete):
                    answers.forget(tx, self._question(opening, ask, state.plan))

    def forget(self, handle: str) -> None:
        """Delete the answers of a launch that has ended."""
        with self._store.begin() as tx:
            answers.drop(tx, handle)

    def close(self) -> None:
        """End the writer thread after what is queued."""
        self._settled.put(None)
        self._writer.join(timeout=5)

    def _wait(self, opening: Opening, state: State, seen: int, timeout: float) -> None:
        """Until there is news; then a moment more, because answers come in company and each drawing costs."""
        questions = [self._question(opening, ask, state.plan) for ask in state.plan.asks]
        end = time.monotonic() + (timeout if state.version == seen else COMPANY)
        known = state.version
        while (left := end - time.monotonic()) > 0:
            with self._news:
                self._news.wait(min(left, LOOK_AGAIN))
            with self._store.read() as tx:
                version = answers.version(tx, questions)
                if version != known and self._read(tx, opening).complete:
                    return
            if version != known:
                end = min(end, time.monotonic() + COMPANY) if known == seen else end
                known = version

    # --- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, opening: Opening, ehr: EhrSource, start: _Start) -> None:
        source = opening.ehr if start.ask.source == EHR else start.ask.source

        def done(future: Future[Answer[Any]]) -> None:
            self._settled.put(_Asked(opening, start.ask, start.question, _outcome(future, source)))

        future = self._pools.submit(source, self._call(opening, ehr, start))
        if isinstance(future, Unknown):
            self._settled.put(_Asked(opening, start.ask, start.question, future))
        else:
            future.add_done_callback(done)

    def _call(self, opening: Opening, ehr: EhrSource, start: _Start) -> Callable[[], Answer[Any]]:
        """The adapter's call for one question, with plain values only: it runs in a pool thread."""
        if start.ask.source != EHR:
            return self._payer_call(opening, start)
        patient_id = start.state.plan.patient_id or ""
        match start.ask.name:
            case asking.USER:
                return partial(ehr.user, opening.user_ref or "")
            case asking.ENCOUNTER:
                return partial(ehr.encounter, opening.encounter_id or "")
            case asking.PATIENT:
                return partial(ehr.patient, patient_id)
            case asking.COVERAGE:
                return partial(ehr.coverages, patient_id)
        kind = start.ask.name.removeprefix(asking.CHART_PREFIX)
        return partial(ehr.facts, kind, patient_id, asking.look_back(kind, opening.day))

    def _payer_call(self, opening: Opening, start: _Start) -> Callable[[], Answer[Any]]:
        payer = self._payers[start.ask.source]
        if start.ask.name == asking.MEMBER:
            coverage = _coverage(start.state.plan, start.ask.source)
            return partial(payer.member, _value(start.state, Ask(EHR, asking.PATIENT)), coverage)
        call = payer.care_gaps if start.ask.name == asking.CARE_GAPS else payer.risk
        member = _value(start.state, Ask(start.ask.source, asking.MEMBER))
        return partial(call, member, asking.report_period(opening.day))

    # --- keeping --------------------------------------------------------------------------------------------------

    def _read(self, tx: Tx, opening: Opening) -> State:
        """Plan and answers, read in turn: each answer may allow further questions."""
        found: dict[Ask, Answer[Any]] = {}
        looked: dict[Ask, answers.Stored | None] = {}
        plan = asking.plan(opening, found, self._rows)
        while new := [ask for ask in plan.asks if ask not in looked]:
            questions = {ask: self._question(opening, ask, plan) for ask in new}
            stored = answers.snapshot(tx, questions.values())
            looked |= {ask: stored.get(question) for ask, question in questions.items()}
            found |= {ask: known for ask in new if (one := looked[ask]) and (known := one.answer)}
            plan = asking.plan(opening, found, self._rows)
        out = [one for ask, one in looked.items() if ask not in found]
        return State(
            plan,
            found,
            version=sum(one.version for one in looked.values() if one),
            complete=not out,
            idle=any(one is None or not one.asking for one in out),
        )

    def _question(self, opening: Opening, ask: Ask, plan: Plan) -> Question:
        """EHR answers belong to one launch, because the user's own rights gave them; payers' are the patient's.

        The key holds the EHR's issuer, its patient id and the member id, so that no two patients ever share an answer.
        """
        if ask.source == EHR:
            named = opening.patient_id or opening.encounter_id  # what the launch names does not change with the answers
            return Question(opening.ehr, ask.name, opening.handle, f"{opening.issuer}|{named}")
        patient, coverage = f"{opening.issuer}|{plan.patient_id}", _coverage(plan, ask.source)
        member = ",".join([*(i.value for i in coverage.member_ids), coverage.subscriber_id, coverage.dependent])
        return Question(ask.source, f"{ask.name} {asking.report_period(opening.day).end}", "", f"{patient}|{member}")

    def _write(self) -> None:
        """The writer thread: settle everything that has arrived in one transaction, then see what may be asked next."""
        sealed = time.monotonic()
        while True:
            arrived = _arrivals(self._settled)
            try:
                self._settle([item for item in arrived if item is not None])
                if time.monotonic() - sealed > SEAL_SECONDS:
                    sealed = time.monotonic()
                    self._seal()
            except StoreError:
                log.exception("answers could not be stored; they are asked again when their lease has run out")
            if None in arrived:
                return

    def _seal(self) -> None:
        """Seal the audit chains that have grown. The log is the second place that holds the seal."""
        with self._store.begin() as tx:
            seal = audit.seal_heads(tx)
        if seal:
            log.info("audit seal %d %s", seal.seq, seal.hash)

    def _settle(self, items: list[_Asked]) -> None:
        if not items:
            return
        with self._store.begin() as tx:
            for item in items:
                answers.settle(tx, item.question, item.answer, _fresh_for(item), self._who)
        with self._news:
            self._news.notify_all()
        allowing = [item.opening for item in items if asking.allows_more(item.ask)]
        for opening in {opening.handle: opening for opening in allowing}.values():
            self.advance(opening)


def _outcome(future: Future[Answer[Any]], source: str) -> Answer[Any]:
    """Adapters return answers and raise nothing; if one does, that is a bug of ours, and must not look like a wait."""
    if future.cancelled():
        return Unknown(source, Reason.BUSY, "shutting down")
    error = future.exception()
    if error is None:
        return future.result()
    log.error("reading %s failed: %s at %s", source, type(error).__name__, _where(error))
    return Unknown(source, Reason.NOT_READABLE, "Chartside itself failed to read it")


def _where(error: BaseException) -> str:
    """File and line, without the message: messages can hold PHI."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"


def _arrivals(settled: queue.SimpleQueue[_Asked | None]) -> list[_Asked | None]:
    """Everything that has arrived; waits for the first a while."""
    items: list[_Asked | None] = []
    try:
        items.append(settled.get(timeout=SEAL_SECONDS))
        while True:
            items.append(settled.get_nowait())
    except queue.Empty:
        return items


def _coverage(plan: Plan, payer: str) -> Coverage:
    return next(coverage for row, coverage in plan.payers if row.id == payer)


def _value(state: State, ask: Ask) -> Any:
    answer = state.answers[ask]
    assert isinstance(answer, Known), f"{ask} was planned on"
    return answer.value


def _fresh_for(item: _Asked) -> timedelta:
    if isinstance(item.answer, Unknown):
        return UNKNOWN_FRESH
    return LAUNCH_FRESH if item.ask.source == EHR else REPORT_FRESH


def _chart_read(opening: Opening, reader: Reader, state: State, at: datetime) -> audit.Audit:
    """Who is about to be shown which parts of whose chart, and how much of each."""
    known = {ask: answer.value for ask, answer in state.answers.items() if isinstance(answer, Known)}
    counts = {f"{ask.source}/{ask.name}": len(v) if isinstance(v, tuple) else 1 for ask, v in known.items()}
    return audit.Audit(
        launch=opening.handle,
        who=reader.user,
        role=reader.role(state),
        patient=f"{opening.issuer}|{state.plan.patient_id or ''}",
        action="read-chart",
        counts=counts,
        outcome="ok" if state.complete else "still asking",
        at=at,
    )
