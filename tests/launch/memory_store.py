"""A LaunchStore in memory, with the promises of a real one: take once, replace by version, expiry, groups."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass
class Row:
    body: bytes
    version: int
    expires: datetime
    group: str


class MemoryStore:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.rows: dict[tuple[str, str], Row] = {}

    def put(self, kind: str, key: str, body: bytes, *, expires: datetime, group: str = "") -> None:
        with self._lock:
            before = self.rows.get((kind, key))
            self.rows[kind, key] = Row(body, before.version + 1 if before else 1, expires, group)

    def get(self, kind: str, key: str) -> tuple[bytes, int] | None:
        with self._lock:
            row = self._alive(kind, key)
            return (row.body, row.version) if row else None

    def take(self, kind: str, key: str) -> bytes | None:
        with self._lock:
            row = self._alive(kind, key)
            self.rows.pop((kind, key), None)
            return row.body if row else None

    def replace(self, kind: str, key: str, body: bytes, *, version: int, expires: datetime | None = None) -> bool:
        with self._lock:
            row = self._alive(kind, key)
            if row is None or row.version != version:
                return False
            self.rows[kind, key] = Row(body, version + 1, expires or row.expires, row.group)
            return True

    def keys(self, kind: str, group: str) -> list[str]:
        with self._lock:
            return [k for (kd, k), row in self.rows.items() if kd == kind and row.group == group and self._alive(kd, k)]

    def drop(self, kind: str, key: str) -> None:
        with self._lock:
            self.rows.pop((kind, key), None)

    def _alive(self, kind: str, key: str) -> Row | None:
        row = self.rows.get((kind, key))
        return row if row and self._clock() < row.expires else None
