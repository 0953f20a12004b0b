"""The writer: one thread per process that stores what has arrived, and says what may be asked next."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.core import asking, fault
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import EHR, Ask, Opening
from app.core.identity import Block
from app.core.roles import NOT_STATED
from app.gather.morning import Morning
from app.gather.state import State, patient_key
from app.store import Store, StoreUnavailable, Tx, answers, audit
from app.store.answers import Question, Settled

log = logging.getLogger("app.gather")

SEAL_SECONDS = 60.0
LINGER = 0.05  # seconds: a morning's answers come all the time, and each transaction waits for the disk
REPORTS_KEPT = timedelta(hours=24)  # how old one may be where it is shown, its reader says (`Opening.reports_fresh`)
UNKNOWN_FRESH = timedelta(seconds=30)  # a source that has just failed is not asked again by every reload
LAUNCH_FRESH = timedelta(hours=12)  # EHR answers belong to one launch and live as long as it may


@dataclass(frozen=True, slots=True)
class Start:
    """A question that we hold the lease for, and the state that it was planned on. `morning`: which one it fills."""

    opening: Opening
    ask: Ask
    question: Question
    state: State
    morning: Morning | None = None

    def ours(self) -> Unknown:
        """What it comes to when the fault is our own."""
        return Unknown(self.question.source, Reason.NOT_READABLE, "Chartside itself failed to read it")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that came back, after the identity gate."""

    start: Start
    answer: Answer[Any]
    blocks: frozenset[Block] = frozenset()

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for this very answer: for a panel, for the first rows, for the last."""
        fills = self.start.morning
        return fills is None or self.start.opening.schedule is not None or fills.out == 0

    @property
    def settled(self) -> Settled:
        if isinstance(self.answer, Unknown):
            fresh_for = UNKNOWN_FRESH
        else:
            fresh_for = LAUNCH_FRESH if self.start.ask.source == EHR else REPORTS_KEPT
        return Settled(self.start.question, self.answer, fresh_for)


class Writer:
    """`news` is notified of everything stored; `claim` takes what may be asked next after these answers, in the
    transaction that stores them, and `start` asks it; `heard` counts.
    """

    def __init__(
        self,
        store: Store,
        who: str,
        *,
        news: threading.Condition,
        claim: Callable[[Tx, Sequence[Asked]], list[Start]],
        start: Callable[[Sequence[Start]], None],
        heard: Callable[[str, Answer[Any]], None],
    ) -> None:
        self._store, self._who = store, who
        self._news, self._claim, self._start, self._heard = news, claim, start, heard
        self._arrived: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="gather-writer", daemon=True)
        self._thread.start()

    def put(self, item: Asked) -> None:
        """Take one answer, from any thread."""
        self._arrived.put(item)

    def close(self) -> None:
        """End the thread after what is queued."""
        self._arrived.put(None)
        self._thread.join(timeout=5)

    def _write(self) -> None:
        """The writer thread: settle everything that has arrived; of a launch, what others wait for first.

        Nothing ends it but `close`: without it every launch of this process would wait for ever.
        """
        sealed = time.monotonic()
        while True:
            arrived = _arrivals(self._arrived)
            items = [item for item in arrived if item is not None]
            if all(item.start.morning for item in items):
                with survived("answers"):
                    self._settle(items)
            else:
                for first in (True, False):
                    with survived("answers"):
                        self._settle([item for item in items if asking.allows_more(item.start.ask) is first])
            if time.monotonic() - sealed > SEAL_SECONDS:
                sealed = time.monotonic()
                with survived("the audit seal"):
                    self._seal()
            if None in arrived:
                return

    def _seal(self) -> None:
        """Seal the audit chains that have grown. The log is the second place that holds the seal."""
        with self._store.begin() as tx:
            seal = audit.seal_heads(tx)
        if seal:
            log.info("audit seal %d %s", seal.seq, seal.hash)

    def _settle(self, items: Sequence[Asked]) -> None:
        """Store what has arrived. One answer that cannot be stored takes none of the others with it, and is said."""
        if not items:
            return
        starts: list[Start] = []
        try:
            starts = self._store_all(items)
        except StoreUnavailable:
            raise  # they are asked again when their leases have run out
        except Exception as error:
            failed("storing answers", error)
            for item in items:
                try:
                    starts += self._store_all([item])
                except Exception as alone:
                    failed(f"storing an answer of {item.start.question.source}", alone)
                    with survived("saying so"):
                        starts += self._store_all([replace(item, answer=item.start.ours())])
        with survived("asking on"):
            self._start(starts)
        with self._news:
            self._news.notify_all()
        for item in items:
            with survived("counting"):
                self._heard(item.start.question.source, item.answer)

    def _store_all(self, items: Sequence[Asked]) -> list[Start]:
        """Settle them, and claim what they allow to be asked."""
        with self._store.begin() as tx:
            answers.settle_all(tx, [item.settled for item in items], self._who)
            # One order of locks for all processes.
            for item in sorted(items, key=lambda each: each.start.opening.handle):
                if item.blocks:
                    audit.record(tx, _blocked(item, tx.now))
            return self._claim(tx, items)


def _blocked(item: Asked, at: datetime) -> audit.Audit:
    """A payer spoke of somebody else: which question, and which comparisons failed. Nothing of that person."""
    opening, ask = item.start.opening, item.start.ask
    return audit.Audit(
        launch=opening.handle,
        who=opening.user_ref or NOT_STATED,
        role=str(item.start.state.role or ""),
        patient=patient_key(opening, item.start.state.plan),
        action="identity-blocked",
        counts={f"{ask.source}/{ask.name}": 1},
        outcome=", ".join(sorted(item.blocks)),
        at=at,
    )


@contextmanager
def survived(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        failed(what, error)


def failed(what: str, error: BaseException) -> None:
    log.error("%s failed: %s", what, fault.told(error))


def _arrivals(settled: queue.SimpleQueue[Asked | None]) -> list[Asked | None]:
    """Everything that has arrived; waits for the first a while, and where only mornings wait, a moment for more."""
    items: list[Asked | None] = []
    end = time.monotonic() + SEAL_SECONDS
    try:
        while True:
            item = settled.get(timeout=max(0.0, end - time.monotonic()))
            if not items:
                end = time.monotonic() + LINGER
            if item is None or item.is_waited_for:
                end = 0.0
            items.append(item)
    except queue.Empty:
        return items
