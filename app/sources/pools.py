"""Bulkheads: each source has a bounded thread pool and queue of its own, so that a hanging one holds up no other.

A question put here gets plain values and returns an answer. Never submit from inside a pool thread and wait for it: a
pool that waits for itself stands still.

Who looks at one patient goes before who looks at a day, and that before what nobody waits for (`Rank`): in the queue,
and because the lower ranks never have all the threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

from app.core.allowance import Rank
from app.core.answers import Answer, Reason, Unknown
from app.sources.turns import PATIENCE, Turn

__all__ = ["Pools", "Rank", "Size"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """How many questions one source works on at once, how many may wait, and how many seconds one waits at most."""

    workers: int = 16  # one launch asks an EHR some sixteen questions side by side
    queue: int = 1024  # fifty launches at eight in the morning; `patience` bounds the wait
    patience: float = PATIENCE

    def most(self, rank: Rank) -> int:
        """How many of the threads questions of this rank and the ones below it may have together."""
        kept = {Rank.LAUNCH: 0, Rank.HUDDLE: self.workers // 4, Rank.PREFETCH: self.workers // 2}
        return max(1, self.workers - kept[rank])


class Pools:
    """One bulkhead per source id, made when first used; `sizes` names the ones that differ from `size`."""

    def __init__(
        self,
        sizes: Mapping[str, Size] | None = None,
        *,
        size: Size | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sizes, self._size, self._monotonic = dict(sizes or {}), size or Size(), monotonic
        self._lock = threading.Lock()
        self._bulkheads: dict[str, _Bulkhead] = {}
        self._closed = False

    def submit(
        self, source: str, ask: Callable[[], Answer[T]], *, rank: Rank = Rank.LAUNCH
    ) -> Future[Answer[T]] | Unknown:
        """Ask in the source's own pool. `Unknown(BUSY)` at once when its queue is full."""
        with self._lock:
            if self._closed:
                return Unknown(source, Reason.BUSY, "shutting down")
            bulkhead = self._bulkheads.get(source)
            if bulkhead is None:
                size = self._sizes.get(source, self._size)
                bulkhead = self._bulkheads[source] = _Bulkhead(source, size, self._monotonic)
            return bulkhead.submit(ask, rank)

    def load(self, source: str) -> tuple[int, int]:
        """How many questions to `source` are being asked, and how many wait for their turn."""
        with self._lock:
            bulkhead = self._bulkheads.get(source)
        return bulkhead.load() if bulkhead else (0, 0)

    def shutdown(self, *, wait: bool = False) -> None:
        """Take nothing more; what waits is cancelled, what runs ends at its own deadline."""
        with self._lock:
            self._closed = True
        for bulkhead in self._bulkheads.values():
            bulkhead.shutdown(wait)


@dataclass(order=True, slots=True)
class _Waiting:
    rank: Rank
    number: int
    since: float = field(compare=False)
    ask: Callable[[], Answer[Any]] = field(compare=False)
    future: Future[Answer[Any]] = field(compare=False, default_factory=Future)


class _Bulkhead:
    def __init__(self, source: str, size: Size, monotonic: Callable[[], float]) -> None:
        self._source, self._size, self._monotonic = source, size, monotonic
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._running = dict.fromkeys(Rank, 0)
        self._taken = self._passed = 0  # in all; threads that came for a question and might not have one
        self._numbers = count()
        self._threads = ThreadPoolExecutor(size.workers, thread_name_prefix=f"source-{source}")

    def submit(self, ask: Callable[[], Answer[T]], rank: Rank) -> Future[Answer[T]] | Unknown:
        with self._lock:
            if self._taken >= self._size.workers + self._size.queue:
                return Unknown(self._source, Reason.BUSY, "too many questions are waiting for it")
            self._taken += 1
            waiting = _Waiting(rank, next(self._numbers), self._monotonic(), ask)
            heappush(self._queue, waiting)
        self._threads.submit(self._work)
        waiting.future.add_done_callback(self._done)
        return waiting.future

    def load(self) -> tuple[int, int]:
        with self._lock:
            return min(self._taken, self._size.workers), max(0, self._taken - self._size.workers)

    def _done(self, _: object) -> None:
        with self._lock:
            self._taken -= 1

    def _work(self) -> None:
        """One thread came for one question: the first in the queue, if its rank may have one thread more. Who ends a
        question takes on the next one that another thread had to leave.
        """
        with self._lock:
            waiting = self._next()
            self._passed += waiting is None
        while waiting is not None:
            self._answer(waiting)
            with self._lock:
                self._running[waiting.rank] -= 1
                waiting = self._next() if self._passed else None
                self._passed -= waiting is not None

    def _next(self) -> _Waiting | None:
        if not self._queue:
            return None
        rank = self._queue[0].rank
        if sum(n for one, n in self._running.items() if one >= rank) >= self._size.most(rank):
            return None
        self._running[rank] += 1
        return heappop(self._queue)

    def _answer(self, waiting: _Waiting) -> None:
        future = waiting.future
        if not future.set_running_or_notify_cancel():
            return
        left = self._size.patience - (self._monotonic() - waiting.since)
        try:
            if left < 0:
                found: Answer[Any] = Unknown(self._source, Reason.BUSY, "the question waited too long for its turn")
            else:
                with Turn(waiting.rank, left):
                    found = waiting.ask()
        except BaseException as error:  # it belongs to who looks at the future, as with every executor
            future.set_exception(error)
        else:
            future.set_result(found)

    def shutdown(self, wait: bool) -> None:
        with self._lock:
            waiting, self._queue = self._queue, []
        for one in waiting:
            one.future.cancel()
        self._threads.shutdown(wait=wait, cancel_futures=True)
