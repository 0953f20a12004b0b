"""What all calls to one source share in this process: a session per thread, one breaker, one record of its health,
and what it allows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import requests

from app.core.answers import Reason
from app.core.health import SourceHealth
from app.sources.allowances import Allowances
from app.sources.breaker import Breaker
from app.sources.health import Watch
from app.sources.http import Bearer, Http, Limits
from app.sources.wire import new_session


class Connections:
    """Makes the `Http` of a source. `make_session` may carry the wire elsewhere (tests, a site with mutual TLS)."""

    def __init__(
        self,
        make_session: Callable[[], requests.Session] = new_session,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        allowances: Allowances | None = None,
    ) -> None:
        self._allowances = allowances
        self._make_session, self._local = make_session, threading.local()
        self.clock, self._monotonic, self._sleep = clock, monotonic, sleep
        self._lock = threading.Lock()
        self._breakers: dict[str, Breaker] = {}
        self.watch = Watch(clock, monotonic)

    def http(
        self,
        source: str,
        base: str,
        *,
        bearer: Bearer | None = None,
        bearer_errors: Mapping[type[Exception], Reason] | None = None,
        limits: Limits | None = None,
    ) -> Http:
        """A client of `source`; cheap, so that each launch has its own with its own token."""
        return Http(
            source, base,
            session_factory=lambda: self._session(source), bearer=bearer, bearer_errors=bearer_errors,
            limits=limits, breaker=self.breaker(source), health=self.watch.of(source),
            allowance=self._allowances.of(source) if self._allowances else None,
            clock=self.clock, monotonic=self._monotonic, sleep=self._sleep,
        )  # fmt: skip

    def breaker(self, source: str) -> Breaker:
        """The breaker of `source`, made when first asked for."""
        with self._lock:
            return self._breakers.setdefault(source, Breaker(monotonic=self._monotonic))

    def seen(self, load: Callable[[str], tuple[int, int]] = lambda _: (0, 0)) -> tuple[SourceHealth, ...]:
        """Every source that has been asked here, as it is doing; `load` tells what is being asked and what waits."""
        return tuple(
            self.watch.of(source).seen(self.breaker(source).state, *load(source)) for source in self.watch.sources()
        )

    def _session(self, source: str) -> requests.Session:
        sessions: dict[str, requests.Session] = self._local.__dict__
        if source not in sessions:
            sessions[source] = self._make_session()
        return sessions[source]
