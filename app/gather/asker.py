"""What is claimed and who is asked, for a launch and for a morning alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from app.core import due
from app.core.allowance import Rank
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import EHR, REPORT_FRESH, Ask, Opening, PayerRow, plan, restriction_asks
from app.core.identity import Block
from app.gather.calls import EhrSource, PayerSource, ehr_call, gated, payer_call
from app.gather.keeping import Asked, Start, failed
from app.gather.morning import Morning
from app.gather.room import Left, Room
from app.gather.state import State, question, read
from app.sources.pools import Pools
from app.store import Tx, answers
from app.store.answers import Claim, Question

LEASE = timedelta(seconds=20)  # longer than any source's total deadline
LAUNCHES_KNOWN = 300
READINGS_KNOWN = 5000  # patients of launches whose questions are remembered


@dataclass
class Asker:
    """One per process. `put` takes what has come back, from any thread."""

    pools: Pools
    ehr: Callable[[Opening], EhrSource]
    payers: Mapping[str, PayerSource]
    rows: tuple[PayerRow, ...]
    who: str
    put: Callable[[Asked], None]
    room: Room
    rank: Rank = Rank.LAUNCH  # of its questions in the pools; a morning's come after a launch's
    _before: dict[tuple[object, ...], tuple[Question, ...]] = field(default_factory=dict)  # what was read last, by whom
    _ehrs: dict[tuple[str, frozenset[str]], EhrSource] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, tx: Tx, opening: Opening) -> State:
        """What is known of one patient, or of who looks."""
        of = key(opening)
        state = read(tx, opening, self.rows, self._before.get(of, ()))
        with self._lock:
            self._before[of] = state.questions
            for old in list(self._before)[:-READINGS_KNOWN]:
                del self._before[old]
        return state

    def forget(self, handle: str) -> None:
        with self._lock:
            for of in [of for of in self._before if of[0] == handle]:
                del self._before[of]
            for each in [each for each in self._ehrs if each[0] == handle]:
                del self._ehrs[each]

    def next(
        self, tx: Tx, opening: Opening, left: Left | None = None, morning: Morning | None = None
    ) -> tuple[list[Start], frozenset[str]]:
        """Claim every question that may be asked by now and for which there is room; who calls starts them once the
        transaction is over. Also gives back the sources that had no room for more.

        A launch may be open for hours: before a payer is asked anything, restrictions are read again if they are older
        than a report may be. What they said before stands until then.
        """
        answers.alone(tx)  # holds and restrictions are read, and questions claimed, with nobody in between
        starts: list[Start] = []
        full: set[str] = set()
        while (state := self.read(tx, opening)).idle:
            new = [ask for ask in state.plan.asks if ask not in state.answers]
            of_payers = [ask for ask in (*new, *state.again) if ask.source != EHR]
            reread = due.outdated(opening, state.answers, tx.now - REPORT_FRESH) if of_payers else []
            now, anew = ([ask for ask in asks if not (reread and ask in of_payers)] for asks in (new, state.again))
            claims = self._claim(tx, opening, state, now, left, full, morning)
            claims += self._claim(tx, opening, state, [*reread, *anew], left, full, morning, anew=True)
            starts += [start for start, claim in claims if claim is Claim.ASK]
            if all(claim is not Claim.FRESH for _, claim in claims):  # else somebody's answer may allow more
                break
        return starts, frozenset(full)

    def first(self, tx: Tx, openings: Sequence[Opening], ask: Ask, left: Left, morning: Morning) -> list[Start]:
        """Claim one question for many patients of whom nothing is known yet, as far as there is room."""
        answers.alone(tx)
        starts: dict[Question, Start] = {}
        for opening in openings:
            state = State(plan(opening, {}, self.rows), {}, 0, complete=False)
            asked = question(opening, ask, state.plan)
            if ask in state.plan.asks and left.of(asked.source) > len(starts):
                starts[asked] = Start(opening, ask, asked, state, morning)
        claims = answers.claim(tx, starts, LEASE, self.who)
        ours = [starts[asked] for asked, claim in claims.items() if claim is Claim.ASK]
        for start in ours:
            left.claim(start.question.source)
        return ours

    def _claim(
        self,
        tx: Tx,
        opening: Opening,
        state: State,
        asks: Sequence[Ask],
        left: Left | None,
        full: set[str],
        morning: Morning | None,
        *,
        anew: bool = False,
    ) -> list[tuple[Start, Claim]]:
        starts: dict[Question, Start] = {}
        room: dict[str, int] = {}
        for ask in dict.fromkeys(asks):
            asked = question(opening, ask, state.plan)
            if left is not None:
                if room.setdefault(asked.source, left.of(asked.source)) <= 0:
                    full.add(asked.source)
                    continue
                room[asked.source] -= 1
            starts[asked] = Start(opening, ask, asked, state, morning)
        claims = answers.claim(tx, starts, LEASE, self.who, anew=anew)
        if left is not None:
            for asked, claim in claims.items():
                if claim is Claim.ASK:
                    left.claim(asked.source)
        return [(starts[asked], claim) for asked, claim in claims.items()]

    def retry(self, tx: Tx, opening: Opening, state: State, source: str) -> None:
        """Forget what `source` (EHR or a payer id) did not answer in full, so that it is asked again.

        Of a payer that was not asked because restrictions could not be read, these are what is read again.
        """
        unread = state.plan.restricted.get(source) is Reason.RESTRICTION_UNKNOWN
        for ask, answer in state.answers.items():
            partial = isinstance(answer, Unknown) or answer.stale_because or answer.incomplete
            if partial and (ask in restriction_asks(opening) if unread else ask.source == source):
                answers.forget(tx, question(opening, ask, state.plan))

    # --- asking ---------------------------------------------------------------------------------------------------

    def start(self, starts: Sequence[Start]) -> None:
        """Put every question into its source's pool. Whatever goes wrong here is an answer too: a lease is held."""
        for start in starts:
            if start.morning is not None:
                self.room.taken(start.question.source, start.morning)
            try:
                if start.ask.source == EHR:
                    call = ehr_call(self._ehr_of(start.opening), start.opening, start.ask, start.state)
                else:
                    call = payer_call(self.payers[start.ask.source], start.opening, start.ask, start.state)
                future = self.pools.submit(start.question.source, call, rank=self._rank(start))
            except Exception as error:
                failed(f"asking {start.question.source}", error)
                self._came(start, start.ours())
            else:
                if isinstance(future, Unknown):
                    self._came(start, future)
                else:
                    future.add_done_callback(partial(self._came, start))

    def _ehr_of(self, opening: Opening) -> EhrSource:
        """The adapter under one launch's token, kept: it knows the token of a moment ago."""
        of = opening.handle, opening.scopes
        with self._lock:
            source = self._ehrs.pop(of, None) or self.ehr(opening)
            self._ehrs[of] = source  # the newest last
            for old in list(self._ehrs)[:-LAUNCHES_KNOWN]:
                del self._ehrs[old]
        return source

    def _rank(self, start: Start) -> Rank:
        return max(self.rank, Rank.HUDDLE) if start.morning is not None else self.rank

    def _came(self, start: Start, came: Future[Answer[Any]] | Answer[Any]) -> None:
        """An answer is back: through the identity gate, and to the writer."""
        if start.morning is not None:
            self.room.given_back(start.question.source, start.morning)
        answer = _outcome(came, start) if isinstance(came, Future) else came
        blocks: frozenset[Block] = frozenset()
        try:
            answer, blocks = gated(start.ask, start.state, answer)
        except Exception as error:  # what could not be compared is not used
            failed(f"comparing the answer of {start.question.source}", error)
            answer = start.ours()
        self.put(Asked(start, answer, blocks))


def key(opening: Opening) -> tuple[object, ...]:
    """One reading of a launch: one of its patients, or one of its days, by what is asked of them."""
    return (opening.handle, opening.patient_id, opening.schedule, opening.types, opening.only, opening.visit_day)


def _outcome(future: Future[Answer[Any]], start: Start) -> Answer[Any]:
    """Adapters return answers and raise nothing; if one does, that is a bug of ours, and must not look like a wait."""
    if future.cancelled():
        return Unknown(start.question.source, Reason.BUSY, "shutting down")
    error = future.exception()
    if error is None:
        return future.result()
    failed(f"reading {start.question.source}", error)
    return start.ours()
