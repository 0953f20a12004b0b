"""One running sandbox payer: its parts, its addresses, and the journal of what it was asked."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True)
class Job:
    """An answer that is being prepared: whose it is, and when it was asked for."""

    member: str | None
    asked: datetime
    body: dict[str, Any]


class Waiting:
    """Answers that were asked for and are fetched later, the newest few."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = Lock()

    def put(self, job: Job) -> str:
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._jobs[key] = job
            while len(self._jobs) > 500:
                self._jobs.popitem(last=False)
        return key

    def get(self, key: str) -> Job | None:
        return self._jobs.get(key)


@dataclass
class Site:
    """Everything that the routes work with. `delay` (seconds) is waited before each answer."""

    style: Style
    root: str
    members: Members
    now: Records
    later: Records  # what it will say a month from now (fault a-month-later)
    tokens: TokenEndpoint
    switches: Switches
    sleep: Callable[[float], None]
    clock: Callable[[], datetime]
    delay: float = 0.0
    journal: Journal = field(default_factory=Journal)
    strayed: list[dict[str, Any]] = field(default_factory=list)  # calls that followed a hostile link
    waiting: Waiting = field(default_factory=Waiting)

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
