"""A circuit breaker: a source that fails again and again is left alone for a while, then probed by one call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.sources.errors import Resting, Slow, SourceError

FAILURES = 3  # a chart is read by many calls at once: one round of time-outs is enough to stop asking
REST = 15.0


class Call:
    """One call to the source: `begins` when it leaves, `silent` when it was not answered in time."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker, self.probe = breaker, probe
        self.began: float | None = None
        self.over = False

    def begins(self) -> None:
        """Its turn has come. Raises Resting where the breaker has opened while it waited."""
        self._breaker.begin(self)

    def silent(self) -> None:
        """It hears nothing more; said before its place is given to the next one, which would hang as it did."""
        self._breaker.end(self, alive=False, silent=True)


class Breaker:
    """Closed, open for `rest` seconds after `failures` failures in a row, then half-open for one probe. Thread-safe.

    Where calls begin one after the other, those that are out half as long as one that was never answered, while the
    source said nothing to anybody, count with it: else two more of them would go, and hang as long again.
    """

    def __init__(
        self, *, failures: int = FAILURES, rest: float = REST, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures, self._rest, self._monotonic = failures, rest, monotonic
        self._lock = threading.Lock()
        self._count = 0
        self._opened: float | None = None
        self._probing = False
        self._out: set[Call] = set()
        self._heard = float("-inf")  # when the source last showed that it is up

    @property
    def state(self) -> str:
        """closed | open | half-open, for the operator's page."""
        with self._lock:
            if self._opened is None:
                return "closed"
            return "half-open" if self._probing or self._left() <= 0 else "open"

    @contextmanager
    def call(self) -> Iterator[Call]:
        """One call to the source; its errors tell whether the source is up. Raises Resting at once when open."""
        call = Call(self, probe=self._admit())
        alive: bool | None = None
        silent = False
        try:
            yield call
            alive = True
        except SourceError as error:
            alive, silent = error.alive, isinstance(error, Slow)
            raise
        finally:
            self.end(call, alive=alive, silent=silent)

    def begin(self, call: Call) -> None:
        """`Call.begins`."""
        with self._lock:
            if self._opened is not None and not call.probe:
                raise Resting(max(self._left(), 1.0))
            call.began = self._monotonic()
            self._out.add(call)

    def end(self, call: Call, *, alive: bool | None, silent: bool = False) -> None:
        """What a call proves of the source, once."""
        with self._lock:
            if call.over:
                return
            call.over = True
            self._out.discard(call)
            self._record(alive, call.probe, others=self._as_silent(call) if silent else 0)

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

    def _as_silent(self, call: Call) -> int:
        """How many others the source leaves without an answer as it has left this one."""
        now = self._monotonic()
        if call.began is None or self._heard >= call.began or now <= call.began:
            return 0
        half = (now - call.began) / 2
        return sum(other.began is not None and now - other.began >= half for other in self._out)

    def _record(self, alive: bool | None, probe: bool, others: int) -> None:
        if probe:
            self._probing = False
        if alive is True:
            self._count, self._opened, self._heard = 0, None, self._monotonic()
        elif alive is False:
            self._count += 1
            if self._count + others >= self._failures:
                self._opened = self._monotonic()
