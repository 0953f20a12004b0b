"""What was built lately of the answers of a launch, so that the next drawing of the same answers builds nothing.

Nothing here ever gets old: what is at hand is used only where it was built from the very same answers, by the same
plan, for the same eyes. An answer that was written meanwhile, by whichever process, is another object: built anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.core.answers import Answer
from app.core.asking import Answers, Ask
from app.core.flag import Changes
from app.core.panel import Asked

MOST = 50  # launches; each holds what its answers were decoded to


@dataclass(slots=True)
class Built:
    """Of one launch. `changes`: as they were said when it was drawn last; None before that."""

    asked: Asked
    answers: dict[Ask, Answer[Any]]
    under: tuple[object, ...]
    changes: Changes | None = None


@dataclass
class Lately:
    """One per process; safe to use from any thread. Least recently used go first."""

    most: int = MOST
    _of: OrderedDict[str, Built] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, handle: str, answers: Answers, under: tuple[object, ...], make: Callable[[], Asked]) -> Built:
        """What `make` builds of these answers, for the launch `handle`. `under`: all else that it depends on."""
        with self._lock:
            known = self._of.get(handle)
            if known is not None:
                self._of.move_to_end(handle)
        if known is not None and known.under == under and _are_the_same(known.answers, answers):
            return known
        built = Built(make(), dict(answers), under)
        with self._lock:
            self._of[handle] = built
            self._of.move_to_end(handle)
            while len(self._of) > self.most:
                self._of.popitem(last=False)
        return built

    def forget(self, handle: str) -> None:
        """The launch has ended."""
        with self._lock:
            self._of.pop(handle, None)

    def __len__(self) -> int:
        return len(self._of)


def _are_the_same(known: Answers, now: Answers) -> bool:
    """The same objects: answers stay decoded for as long as their sealed bytes are the same (`store.opened`)."""
    return known.keys() == now.keys() and all(known[ask] is answer for ask, answer in now.items())
