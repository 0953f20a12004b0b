"""The machine of the use case: what is claimed, who is asked, and the long poll."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any

from app.core import asking
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import EHR, Opening, PayerRow
from app.core.identity import Block
from app.gather.calls import EhrSource, PayerSource, ehr_call, gated, payer_call
from app.gather.keeping import REPORT_FRESH, Asked, Start, Writer, failed
from app.gather.state import Reader, State, question, read, shown
from app.sources.pools import Pools
from app.store import Store, Tx, answers, audit
from app.store.answers import Claim, Question

COMPANY = 0.2  # seconds that a long poll waits for more once it has news
LOOK_AGAIN = 0.2  # seconds: another process's answers wake nobody here
LAUNCHES_KNOWN = 1000
LEASE = timedelta(seconds=20)  # longer than any source's total deadline


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
        heard: Callable[[str, Answer[Any]], None] = lambda _source, _answer: None,
    ) -> None:
        self._store, self._pools, self._who = store, pools, who
        self._ehr, self._payers, self._rows = ehr, payers, tuple(rows)
        self._before: dict[str, tuple[Question, ...]] = {}  # by launch: what was read of it last
        self._news = threading.Condition()
        self._writer = Writer(store, who, news=self._news, claim=self._next, start=self._start, heard=heard)

    # --- what web calls -------------------------------------------------------------------------------------------

    def advance(self, opening: Opening) -> None:
        """Start every question that may be asked by now and that nobody is asking."""
        with self._store.begin() as tx:
            starts = self._next(tx, opening)
        if starts:
            self._start(opening, starts)

    def _next(self, tx: Tx, opening: Opening) -> list[Start]:
        """Claim every question that may be asked by now; who calls starts them once the transaction is over.

        A launch may be open for hours: before a payer is asked anything, restrictions are read again if they are older
        than a report may be. What they said before stands until then.
        """
        answers.alone(tx)  # holds and restrictions are read, and questions claimed, with nobody in between
        starts: list[Start] = []
        while (state := self._read(tx, opening)).idle:
            new = [ask for ask in state.plan.asks if ask not in state.answers]
            of_payers = [ask for ask in new if ask.source != EHR]
            again = asking.outdated(opening, state.answers, tx.now - REPORT_FRESH) if of_payers else []
            claims = self._claim(tx, opening, state, [ask for ask in new if not (again and ask in of_payers)])
            claims += self._claim(tx, opening, state, again, anew=True)
            starts += [start for start, claim in claims if claim is Claim.ASK]
            if all(claim is not Claim.FRESH for _, claim in claims):  # else somebody's answer may allow more
                break
        return starts

    def _claim(
        self, tx: Tx, opening: Opening, state: State, asks: Sequence[asking.Ask], *, anew: bool = False
    ) -> list[tuple[Start, Claim]]:
        starts = {(q := question(opening, ask, state.plan)): Start(ask, q, state) for ask in asks}
        return [(starts[q], claim) for q, claim in answers.claim(tx, starts, LEASE, self._who, anew=anew).items()]

    def state(self, opening: Opening) -> State:
        """What is known by now, for what nobody is shown; what is shown comes from `show`."""
        with self._store.read() as tx:
            return self._read(tx, opening)

    def show(self, opening: Opening, reader: Reader, *, seen: int | None, timeout: float) -> State:
        """The long poll: the state as soon as it is newer than version `seen`, or complete, or after `timeout` seconds.

        What it returns may be rendered: its audit record has been committed (README, Decisions).
        """
        state = self.state(opening)
        if state.idle:
            self.advance(opening)
            state = self.state(opening)
        if seen is not None and not state.complete:
            state = self._wait(opening, state, seen, timeout)
        if state.version != seen:
            with self._store.begin() as tx:
                audit.record(tx, shown(opening, reader, state, tx.now))
        return state

    def retry(self, opening: Opening, source: str) -> None:
        """Forget what `source` (EHR or a payer id) did not answer in full, so that it is asked again.

        Of a payer that was not asked because restrictions could not be read, these are what is read again.
        """
        with self._store.begin() as tx:
            state = self._read(tx, opening)
            unread = state.plan.restricted.get(source) is Reason.RESTRICTION_UNKNOWN
            for ask, answer in state.answers.items():
                partial = isinstance(answer, Unknown) or answer.stale_because or answer.incomplete
                if partial and (ask in asking.restriction_asks(opening) if unread else ask.source == source):
                    answers.forget(tx, question(opening, ask, state.plan))

    def forget(self, handle: str) -> None:
        """Delete the answers of a launch that has ended."""
        self._before.pop(handle, None)
        with self._store.begin() as tx:
            answers.drop(tx, handle)

    def close(self) -> None:
        """End the writer thread after what is queued."""
        self._writer.close()

    def _wait(self, opening: Opening, state: State, seen: int, timeout: float) -> State:
        """Until there is news; then a moment more, because answers come in company and each drawing costs.

        Looks often and cheaply, and reads the answers only where that may end the waiting.
        """
        newer, pulse = state.version != seen, state.pulse
        end = time.monotonic() + (COMPANY if newer else timeout)
        while not state.complete and (left := end - time.monotonic()) > 0:
            with self._news:
                self._news.wait(min(left, LOOK_AGAIN))
            with self._store.read() as tx:
                now, out = answers.pulse(tx, state.questions)
                if now != state.pulse and not out:  # all that was planned is in: complete, or there is more to plan
                    state = self._read(tx, opening)
                    now = state.pulse
            if now != pulse:
                end = end if newer else min(end, time.monotonic() + COMPANY)
                newer, pulse = True, now
        return state if state.pulse == pulse else self.state(opening)

    def _read(self, tx: Tx, opening: Opening) -> State:
        state = read(tx, opening, self._rows, self._before.get(opening.handle, ()))
        self._before[opening.handle] = state.questions
        for handle in list(self._before)[:-LAUNCHES_KNOWN]:  # a copy: other threads add and forget meanwhile
            self._before.pop(handle, None)
        return state

    # --- asking ---------------------------------------------------------------------------------------------------

    def _start(self, opening: Opening, starts: Sequence[Start]) -> None:
        """Put every question into its source's pool. Whatever goes wrong here is an answer too: a lease is held."""
        ehr: EhrSource | None = None
        for start in starts:
            try:
                if start.ask.source == EHR:
                    ehr = ehr or self._ehr(opening)
                    call = ehr_call(ehr, opening, start.ask, start.state)
                else:
                    call = payer_call(self._payers[start.ask.source], opening, start.ask, start.state)
                future = self._pools.submit(start.question.source, call)
            except Exception as error:
                failed(f"asking {start.question.source}", error)
                self._came(opening, start, start.ours())
            else:
                if isinstance(future, Unknown):
                    self._came(opening, start, future)
                else:
                    future.add_done_callback(partial(self._came, opening, start))

    def _came(self, opening: Opening, start: Start, came: Future[Answer[Any]] | Answer[Any]) -> None:
        """An answer is back: through the identity gate, and to the writer."""
        answer = _outcome(came, start) if isinstance(came, Future) else came
        blocks: frozenset[Block] = frozenset()
        try:
            answer, blocks = gated(start.ask, start.state, answer)
        except Exception as error:  # what could not be compared is not used
            failed(f"comparing the answer of {start.question.source}", error)
            answer = start.ours()
        self._writer.put(Asked(opening, start, answer, blocks))


def _outcome(future: Future[Answer[Any]], start: Start) -> Answer[Any]:
    """Adapters return answers and raise nothing; if one does, that is a bug of ours, and must not look like a wait."""
    if future.cancelled():
        return Unknown(start.question.source, Reason.BUSY, "shutting down")
    error = future.exception()
    if error is None:
        return future.result()
    failed(f"reading {start.question.source}", error)
    return start.ours()
