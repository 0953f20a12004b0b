"""Every limited source of this process, and the one thread that keeps what it has of what the site may do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from app.core.allowance import Limit
from app.sources.limits import AGAIN, Allowance, Shares

log = logging.getLogger(__name__)


class Allowances:
    """One per process. `close` gives everything back.

    `counted_as`: sources that are counted as another one, because they are the same server.
    """

    def __init__(
        self, limits: Mapping[str, Limit], shares: Shares, *, counted_as: Mapping[str, str] | None = None
    ) -> None:
        self._shares, self._also = shares, dict(counted_as or {})
        self._wake, self._ended, self._start = threading.Event(), threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._all = {source: Allowance(source, limit, self._woken) for source, limit in limits.items() if limit}

    def of(self, source: str) -> Allowance | None:
        """What `source` is limited by; None: nothing."""
        return self._all.get(self._also.get(source, source))

    def close(self) -> None:
        """End the thread, and give back what this process holds."""
        self._ended.set()
        self._wake.set()
        if self._thread is None:
            return
        self._thread.join(timeout=2)
        for source, one in self._all.items():
            self._survived(source, one.close)

    def _woken(self) -> None:
        self._wake.set()
        if self._thread is None and not self._ended.is_set():
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._keep, name="allowances", daemon=True)
                    self._thread.start()

    def _keep(self) -> None:
        pause = 0.0
        while not self._ended.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            pause = min(self._survived(source, one.tend) or AGAIN for source, one in self._all.items())

    def _survived(self, source: str, work: Callable[[Shares], float | None]) -> float | None:
        """Without the database nothing is given out, and calls wait for as long as they may."""
        try:
            return work(self._shares)
        except Exception as error:  # never worth the thread; a message may quote a statement
            log.warning("the calls that %s allows could not be settled: %s", source, type(error).__name__)
            return AGAIN
