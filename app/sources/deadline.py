"""The time that one question may take, on the thread that asks it.

A deadline is entered with `with`; a nested one never outlasts the one around it, so that a token fetched, a page
followed or an Organization resolved inside a question all share that question's time. The sockets keep it (`wire.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from app.sources.errors import Slow


class _Here(threading.local):
    deadline: Deadline | None = None


_here = _Here()


def current() -> Deadline | None:
    """The deadline that this thread works under."""
    return _here.deadline


def put_off(seconds: float) -> None:
    """This thread was kept waiting by ourselves: no deadline that it works under runs meanwhile."""
    here = current()
    while here is not None:
        here._end += seconds
        here = here._outer


class Deadline:
    """`seconds` from now, or less when an outer deadline ends sooner."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._outer: Deadline | None = None

    def __enter__(self) -> Deadline:
        self._outer = current()
        if self._outer is not None:
            self._end = min(self._end, self._outer._end)
        _here.deadline = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _here.deadline = self._outer

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return self._end - self._monotonic()

    def check(self) -> float:
        """Seconds left. Raises Slow when none are."""
        if (left := self.remaining()) <= 0:
            raise Slow("the deadline passed")
        return left
