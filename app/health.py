"""Use case: how the site is doing. Every process writes down what it sees of each source, and anyone may add it up.

A row is a small replacement every ten seconds, each process at its own moment: four workers on one SQLite file write
24 short transactions a minute, and a busy database costs one beat, not a thread. Holds no PHI.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.freshness import DataClass
from app.core.health import SourceHealth, merged
from app.store import Store, StoreError, health

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
ALIVE = timedelta(seconds=45)  # four beats: one that is late is not dead


@dataclass(frozen=True, slots=True)
class Listed:
    """One source of the settings: whether it has been asked or not, the operator sees it."""

    id: str
    name: str
    kind: str  # ehr | payer
    speaks: tuple[str, ...] = ()
    data: tuple[DataClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """All processes together, and the database they share."""

    at: datetime
    sources: dict[str, SourceHealth]
    processes: int
    database: health.Database


def site(store: Store, own: Iterable[SourceHealth] = (), process: str = "") -> Site:
    """What all processes have written, and this one's own as it is now. Raises StoreError."""
    with store.read() as tx:
        rows = [row for row in health.current(tx, ALIVE) if row.process != process]
        database, at = health.database(tx), tx.now
    others = [found for row in rows if row.source and (found := _read(row)) is not None]
    alive = {row.process for row in rows} | ({process} if process else set())
    return Site(at, merged([*own, *others]), len(alive), database)


class Beat:
    """The thread that writes this process's rows. `close` ends it and takes the rows back."""

    def __init__(
        self, store: Store, seen: Callable[[], Iterable[SourceHealth]], process: str, *, every: float = BEAT_SECONDS
    ) -> None:
        self._store, self._seen, self.process, self._every = store, seen, process, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health-beat", daemon=True)
        self._thread.start()

    def site(self) -> Site:
        """The site as the operator's page shows it. Raises StoreError."""
        return site(self._store, self._seen(), self.process)

    def close(self) -> None:
        """End the thread; the other processes then no longer count this one."""
        self._ended.set()
        self._thread.join(timeout=2)
        with suppress(StoreError), self._store.begin() as tx:
            health.drop(tx, self.process)

    def _run(self) -> None:
        pause = random.uniform(0, self._every / 5)  # noqa: S311 # so that the processes do not write at one moment
        while not self._ended.wait(pause):
            pause = self._every
            try:
                self._write()
            except Exception as error:  # a beat is never worth its thread; a message may quote a statement
                log.warning("the health of the sources could not be written: %s", type(error).__name__)

    def _write(self) -> None:
        bodies = [(seen.source, seen.plain()) for seen in self._seen()]
        with self._store.begin() as tx:
            health.put(tx, self.process, bodies)


def _read(row: health.Row) -> SourceHealth | None:
    try:
        return SourceHealth.read(row.body)
    except ValueError:  # another release wrote it, during an upgrade
        return None
