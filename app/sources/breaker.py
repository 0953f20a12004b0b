"""A circuit breaker: a source that fails again and again is left alone for a while, then probed by one call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.sources.errors import Resting, SourceError

FAILURES = 3  # a chart is read by many calls at once: one round of time-outs is enough to stop asking
REST = 15.0


class Breaker:
    """Closed, open for `rest` seconds after `failures` failures in a row, then half-open for one probe. Thread-safe."""

    def __init__(
        self, *, failures: int = FAILURES, rest: float = REST, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures, self._rest, self._monotonic = failures, rest, monotonic
        self._lock = threading.Lock()
        self._count = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        """closed | open | half-open, for the operator's page."""
        with self._lock:
            if self._opened is None:
                return "closed"
            return "half-open" if self._probing or self._left() <= 0 else "open"

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call to the source; its errors tell whether the source is up. Raises Resting at once when open."""
        probe = self._admit()
        alive: bool | None = None
        try:
            yield
            alive = True
        except SourceError as error:
            alive = error.alive
            raise
        finally:
            self._record(alive, probe)

    def _left(self) -> float:
        return 0.0 if self._opened is None else self._opened + self._rest - self._monotonic()

    def _admit(self) -> bool:
        """True when this call is the probe."""
        with self._lock:
            if self._opened is None:
                return False
            left = self._left()
            if left > 0 or self._probing:
                raise Resting(max(left, 1.0))
            self._probing = True
            return True

    def _record(self, alive: bool | None, probe: bool) -> None:
        with self._lock:
            if probe:
                self._probing = False
            if alive is True:
                self._count, self._opened = 0, None
            elif alive is False:
                self._count += 1
                if self._count >= self._failures:
                    self._opened = self._monotonic()
