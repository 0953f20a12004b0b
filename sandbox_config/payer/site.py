"""One running sandbox payer: its parts, its addresses, and the journal of what it was asked."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app

from sandbox_config.payer.faults import Switches
from sandbox_config.payer.members import Members
from sandbox_config.payer.records import Records
from sandbox_config.payer.style import Style
from sandbox_config.payer.tokens import TokenEndpoint

_EXTENSION = "sandbox_payer"


class Journal:
    """Every call, in order, so that a test can prove that something was asked once, or not at all."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=5000)
        self._lock = Lock()

    def note(self, method: str, path: str, query: str, status: int) -> None:
        with self._lock:
            self._calls.append({"method": method, "path": path, "query": query, "status": status})

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def told(self) -> dict[str, Any]:
        """How often each path was called, and the calls themselves."""
        with self._lock:
            calls = list(self._calls)
        return {"paths": dict(Counter(f"{call['method']} {call['path']}" for call in calls)), "calls": calls}


@dataclass
class Site:
    """Everything that the routes work with. `delay` (seconds) is waited before each answer."""

    style: Style
    root: str
    members: Members
    records: Records
    tokens: TokenEndpoint
    switches: Switches
    sleep: Callable[[float], None]
    delay: float = 0.0
    journal: Journal = field(default_factory=Journal)
    strayed: list[dict[str, Any]] = field(default_factory=list)  # calls that followed a hostile link

    @property
    def elsewhere(self) -> str:
        """Another origin that, on loopback, still reaches this payer: so it can say who followed and with what."""
        parts = urlsplit(self.root)
        other = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}.get(parts.hostname or "", "stray.example")
        return f"{parts.scheme}://{other}" + (f":{parts.port}" if parts.port else "")


def install(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The payer that answers this request."""
    return cast(Site, current_app.extensions[_EXTENSION])
