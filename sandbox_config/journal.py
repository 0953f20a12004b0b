"""What a sandbox server was asked, so that a test can prove that something was asked once, or not at all."""

from __future__ import annotations

import time
from collections import Counter, deque
from threading import Lock
from typing import Any


class Journal:
    """Every call, in order, so that a test can prove that something was asked once, or not at all."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=100_000)
        self._lock = Lock()

    def note(self, method: str, path: str, query: str, status: int, about: str | None = None) -> None:
        """`about`: the member whom a payer was asked about, where the call names one."""
        with self._lock:
            call = {"method": method, "path": path, "query": query, "status": status, "about": about}
            self._calls.append({**call, "at": round(time.monotonic(), 3)})

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def told(self) -> dict[str, Any]:
        """How often each path was called, and the calls themselves."""
        with self._lock:
            calls = list(self._calls)
        return {"paths": dict(Counter(f"{call['method']} {call['path']}" for call in calls)), "calls": calls}
