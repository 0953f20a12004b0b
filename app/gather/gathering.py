"""The machine of the use case: what a launch asks, and the long poll."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.core import asking
from app.core.allowance import Rank
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, ENCOUNTER, Ask, Opening, PayerRow
from app.core.chart import Fact
from app.gather.asker import Asker, key
from app.gather.calls import EhrSource, PayerSource
from app.gather.day import Mornings
from app.gather.keeping import Asked, Start, Writer
from app.gather.population import Populations
from app.gather.room import Room
from app.gather.state import Reader, State, shown
from app.sources.pools import Pools
from app.store import Store, Tx, answers, audit

COMPANY = 0.2  # seconds that a long poll waits for more once it has news
LOOK_AGAIN = 0.2  # seconds: another process's answers wake nobody here
AT_ONCE = 5.0  # seconds that somebody who has tapped waits for one answer


class Gathering:
    """One per process. `close` ends its writer thread; the pools belong to the root.

    `at_work`: how many questions a source works on at once, where its entry limits them. `rank`: how its questions
    stand to others' in the pools.
    """

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
        at_work: Mapping[str, int] | None = None,
        rank: Rank = Rank.LAUNCH,
    ) -> None:
        self._store = store
        self._news = threading.Condition()
        self._asker = Asker(
            pools, ehr, payers, tuple(rows), who, lambda came: self._writer.put(came), Room(at_work or {}), rank
        )
        self.mornings = Mornings(store, self._asker, self._news)
        self.populations = Populations(
            store, pools, payers=payers, rows=rows, who=who, put=lambda came: self._writer.put(came)
        )
        self._writer = Writer(store, who, news=self._news, claim=self._after, start=self._asker.start, heard=heard)

    # --- what web calls -------------------------------------------------------------------------------------------

    def advance(self, opening: Opening) -> None:
        """Start every question that may be asked by now and that nobody is asking."""
        with self._store.begin() as tx:
            starts = self._asker.next(tx, opening)
        if starts:
            self._asker.start(starts)

    def _after(self, tx: Tx, items: Sequence[Asked]) -> list[Start]:
        """Claim what these answers allow to be asked."""
        on = {
            key(item.start.opening): item.start.opening
            for item in items
            if item.start.morning is None and asking.allows_more(item.start.ask)
        }
        starts = [start for opening in on.values() for start in self._asker.next(tx, opening)]
        return starts + self.mornings.after(tx, items)

    def state(self, opening: Opening) -> State:
        """What is known by now, for what nobody is shown; what is shown comes from `show`."""
        with self._store.read() as tx:
            return self._asker.known(tx, opening)

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
            self._asker.retry(tx, opening, self._asker.read(tx, opening), source)

    def encounter_now(self, opening: Opening, timeout: float = AT_ONCE) -> Answer[Fact]:
        """The visit of a launch that names one, as the EHR has it now: asked whatever is known, and kept like every
        answer of the launch. Known only where it was read for this.
        """
        with self._store.begin() as tx:
            asked, starts = self._asker.anew(tx, opening, Ask(EHR, ENCOUNTER))
            before = answers.snapshot(tx, [asked])[asked].version
        self._asker.start(starts)
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            with self._news:
                self._news.wait(min(left, LOOK_AGAIN))
            with self._store.read() as tx:
                found = answers.snapshot(tx, [asked]).get(asked)
            if found and found.version != before:
                now = found.answer
                if isinstance(now, Known) and now.stale_because:
                    return Unknown(asked.source, now.stale_because)
                return now or Unknown(asked.source, Reason.NOT_READABLE)
        return Unknown(asked.source, Reason.SLOW)

    def forget(self, handle: str) -> None:
        """Delete the answers of a launch that has ended."""
        self._asker.forget(handle)
        self.mornings.forget(handle)
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
                    state = self._asker.read(tx, opening)
                    now = state.pulse
            if now != pulse:
                end = end if newer else min(end, time.monotonic() + COMPANY)
                newer, pulse = True, now
        return state if state.pulse == pulse else self.state(opening)
