"""Answers that were opened lately, by their sealed bytes: a long poll reads the same ones again and again.

The same bytes in the same row can only mean the same value, so nothing here ever gets old; it is only bounded.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

#: Of sealed, compressed bytes: a busy hour of one process. The objects opened from them take some thirty times as much.
LIMIT = 1_000_000


class Opened:
    """Least recently used go first. Safe to use from any thread; two may open the same value side by side."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._size = limit, 0
        self._values: OrderedDict[tuple[str, bytes], Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, row: str, sealed: bytes, opening: Callable[[bytes, str], Any]) -> Any:
        """The value sealed in `row`, opened by `opening(sealed, row)` if it is not at hand. Failures are not kept."""
        key = (row, sealed)
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = opening(sealed, row)
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._size += len(sealed)
            while self._size > self._limit:
                (_, gone), _ = self._values.popitem(last=False)
                self._size -= len(gone)
        return value
