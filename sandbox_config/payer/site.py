"""One running sandbox payer: its parts, its addresses, and the journal of what it was asked."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from threading import Lock
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app

from sandbox_config.journal import Journal
from sandbox_config.payer.faults import Switches
from sandbox_config.payer.kept import Kept
from sandbox_config.payer.members import Members
from sandbox_config.payer.records import Records
from sandbox_config.payer.style import Style
from sandbox_config.payer.tokens import TokenEndpoint

_EXTENSION = "sandbox_payer"


@dataclass(frozen=True)
class Job:
    """An answer that is being prepared: whose it is, and when it was asked for."""

    member: str | None
    asked: datetime
    body: dict[str, Any]


class Rate:
    """How many calls a minute are answered; 0: as many as come. Refused calls do not count."""

    def __init__(self) -> None:
        self._answered: deque[float] = deque()
        self._lock = Lock()
        self.per_minute = 0

    def refuses(self) -> bool:
        """Whether one more call is too many; counts it if not."""
        now = time.monotonic()
        with self._lock:
            while self._answered and self._answered[0] <= now - 60:
                self._answered.popleft()
            if self.per_minute and len(self._answered) >= self.per_minute:
                return True
            self._answered.append(now)
            return False


class Chance:
    """Failures at random, `percent` of all calls. The same seed gives the same series of failures."""

    def __init__(self) -> None:
        self._random = Random()
        self._lock = Lock()
        self.percent = 0.0

    def set(self, percent: float, seed: int | None) -> None:
        with self._lock:
            self.percent, self._random = percent, Random(seed)

    def draws(self) -> str:
        """What this call comes to: nothing, `503` or `cut`; with `:after`, once it has been carried out."""
        if not self.percent:
            return ""
        with self._lock:
            if self._random.uniform(0, 100) >= self.percent:
                return ""
            return self._random.choice(("503", "cut", "503:after", "cut:after"))


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
    kept: Kept = field(default_factory=Kept)  # what was sent to it
    chance: Chance = field(default_factory=Chance)
    delay: float = 0.0
    journal: Journal = field(default_factory=Journal)
    strayed: list[dict[str, Any]] = field(default_factory=list)  # calls that followed a hostile link
    waiting: Waiting = field(default_factory=Waiting)
    rate: Rate = field(default_factory=Rate)

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
