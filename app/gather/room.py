"""How much mornings may have out at once.

A morning schedule has hundreds of questions. All of them at once would fill a source's queue, so that a launch waited
behind it and the leases of the last ones ran out before their turn: so a morning claims only a few more than a source
works on at once, and the next as answers come in.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

AT_WORK = 16  # questions that one source works on at once, where its entry says nothing
QUEUED = 2  # times as many are out: a worker that ends finds its next question waiting


class Asking(Protocol):
    """Who has questions out."""

    out: int


class Room:
    """What all mornings of this process have out, by source. Thread-safe."""

    def __init__(self, at_work: Mapping[str, int]) -> None:
        self._at_work = dict(at_work)
        self._out: Counter[str] = Counter()
        self._lock = threading.Lock()

    def taken(self, source: str, whose: Asking) -> None:
        with self._lock:
            self._out[source] += 1
            whose.out += 1

    def given_back(self, source: str, whose: Asking) -> None:
        with self._lock:
            self._out[source] -= 1
            whose.out -= 1

    def left(self, mornings: int = 1) -> Left:
        """What one of so many mornings may claim now."""
        with self._lock:
            return Left(self, dict(self._out), max(mornings, 1))

    def limit(self, source: str) -> int:
        return (self._at_work.get(source) or AT_WORK) * QUEUED


class Left:
    """The room that one round of claims has; counted down as it claims."""

    def __init__(self, room: Room, out: dict[str, int], mornings: int) -> None:
        self._room, self._out, self._mornings = room, out, mornings
        self._claimed: Counter[str] = Counter()

    def of(self, source: str) -> int:
        whole = self._room.limit(source)
        share = max(whole // self._mornings, 1)  # of many mornings each goes on, none takes all that comes free
        return min(whole - self._out.get(source, 0), share) - self._claimed[source]

    def claim(self, source: str) -> None:
        self._claimed[source] += 1

    def give_back(self, source: str) -> None:
        """What was claimed is not asked by us."""
        self._claimed[source] -= 1
