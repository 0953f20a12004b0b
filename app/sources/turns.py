"""Whose question a thread is working on, and how long that may wait for its turn: what `pools` and `limits` share."""

from __future__ import annotations

import threading
from types import TracebackType

from app.core.allowance import Rank

PATIENCE = 8.0  # seconds that a question waits, in a queue and for a source's limit together


class _Here(threading.local):
    turn: Turn | None = None


_here = _Here()


class Turn:
    """One question's rank, and the seconds of waiting that it has left. Entered with `with` by whoever works on it."""

    def __init__(self, rank: Rank = Rank.LAUNCH, left: float = PATIENCE) -> None:
        self.rank, self.left = rank, left
        self._outer: Turn | None = None

    def __enter__(self) -> Turn:
        self._outer, _here.turn = _here.turn, self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _here.turn = self._outer


def current() -> Turn:
    """The turn that this thread works under; outside any, one of its own."""
    return _here.turn or Turn()
