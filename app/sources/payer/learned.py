"""Something that a payer says of itself, read at most once an hour and never in the way of a question.

`begin` reads it on a thread of its own while the payer is asked something else; `known` waits for a first reading that
is under way, because a question in the wrong dialect may be answered with nothing. An older copy is used as long as a
newer one cannot be had.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from app.sources.errors import SourceError

log = logging.getLogger(__name__)

T = TypeVar("T")

FRESH = timedelta(hours=1)
AGAIN = timedelta(minutes=1)  # after a reading that failed
WAIT = 2.0  # seconds that a question waits for the first reading


class Learned(Generic[T]):
    """`read` asks the payer and raises SourceError. Thread-safe; lives as long as the process."""

    def __init__(self, read: Callable[[], T], clock: Callable[[], datetime]) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._found: tuple[T, datetime] | None = None
        self._not_before: datetime | None = None
        self._reading: threading.Event | None = None

    def begin(self) -> None:
        """Start reading, unless it is fresh, being read, or has just failed."""
        with self._lock:
            if self._reading is not None or self._is_fresh() or self._has_just_failed():
                return
            done = self._reading = threading.Event()
        threading.Thread(target=self._learn, args=(done,), name="payer-learning", daemon=True).start()

    def known(self, wait: float | None = None) -> T | None:
        """What is known, or None when it cannot be had now.

        Waits for `wait` seconds at most; where none are stated, only while no reading has failed yet.
        """
        self.begin()
        with self._lock:
            found, reading = self._found, self._reading
            wait = (0.0 if self._not_before else WAIT) if wait is None else wait
        if found is None and reading is not None:
            reading.wait(wait)
            with self._lock:
                found = self._found
        return found[0] if found else None

    def ask(self) -> tuple[T, datetime]:
        """What is fresh, else a reading on this thread, and when it was made. Raises SourceError."""
        with self._lock:
            if self._found is not None and self._is_fresh():
                return self._found
        found = self._read(), self._clock()
        with self._lock:
            self._found, self._not_before = found, None
        return found

    def _learn(self, done: threading.Event) -> None:
        try:
            self.ask()
        except Exception as trouble:  # a thread of its own has nobody to raise to
            if not isinstance(trouble, SourceError):
                log.warning("could not learn what a payer speaks: %s", type(trouble).__name__)
            with self._lock:
                self._not_before = self._clock() + AGAIN
        finally:
            with self._lock:
                self._reading = None
            done.set()

    def _is_fresh(self) -> bool:
        return self._found is not None and self._clock() < self._found[1] + FRESH

    def _has_just_failed(self) -> bool:
        return self._not_before is not None and self._clock() < self._not_before
