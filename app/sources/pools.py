"""Bulkheads: each source has a bounded thread pool and queue of its own, so that a hanging one holds up no other.

A question put here gets plain values and returns an answer. Never submit from inside a pool thread and wait for it: a
pool that waits for itself stands still.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from app.core.answers import Answer, Reason, Unknown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """How many questions one source works on at once, how many may wait, and how many seconds one waits at most."""

    workers: int = 16  # one launch asks an EHR some sixteen questions side by side
    queue: int = 1024  # fifty launches at eight in the morning; `patience` bounds the wait
    patience: float = 8.0


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

    def submit(self, source: str, ask: Callable[[], Answer[T]]) -> Future[Answer[T]] | Unknown:
        """Ask in the source's own pool. `Unknown(BUSY)` at once when its queue is full."""
        with self._lock:
            if self._closed:
                return Unknown(source, Reason.BUSY, "shutting down")
            bulkhead = self._bulkheads.get(source)
            if bulkhead is None:
                size = self._sizes.get(source, self._size)
                bulkhead = self._bulkheads[source] = _Bulkhead(source, size, self._monotonic)
            return bulkhead.submit(ask)

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


class _Bulkhead:
    def __init__(self, source: str, size: Size, monotonic: Callable[[], float]) -> None:
        self._source, self._patience, self._monotonic = source, size.patience, monotonic
        self._workers, self._most = size.workers, size.workers + size.queue
        self._lock, self._taken = threading.Lock(), 0
        self._threads = ThreadPoolExecutor(size.workers, thread_name_prefix=f"source-{source}")

    def submit(self, ask: Callable[[], Answer[T]]) -> Future[Answer[T]] | Unknown:
        with self._lock:
            if self._taken >= self._most:
                return Unknown(self._source, Reason.BUSY, "too many questions are waiting for it")
            self._taken += 1
        future = self._threads.submit(self._run, ask, self._monotonic())
        future.add_done_callback(self._done)
        return future

    def load(self) -> tuple[int, int]:
        with self._lock:
            return min(self._taken, self._workers), max(0, self._taken - self._workers)

    def _done(self, _: object) -> None:
        with self._lock:
            self._taken -= 1

    def _run(self, ask: Callable[[], Answer[T]], since: float) -> Answer[T]:
        if self._monotonic() - since > self._patience:
            return Unknown(self._source, Reason.BUSY, "the question waited too long for its turn")
        return ask()

    def shutdown(self, wait: bool) -> None:
        self._threads.shutdown(wait=wait, cancel_futures=True)
