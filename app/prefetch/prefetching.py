"""Which runs there are, and working on one with several threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.core import nightly
from app.core.answers import Answer
from app.core.schedule.appointment import DayAsk, Schedule
from app.prefetch.entry import Entry, Gathers
from app.prefetch.run import Run, entry_of
from app.store import Store, audit
from app.store import prefetch as rows
from app.store.prefetch import Item, Kind, Left

log = logging.getLogger(__name__)

AT_ONCE = 8  # patients


@dataclass
class Prefetching:
    """One per process. `stopping` ends the work in hand soon, and gives it back."""

    store: Store
    gathering: Gathers
    schedule: Callable[[str, DayAsk], Answer[Schedule]]  # an EHR entry's id, the day
    entries: Mapping[str, Entry]
    clock: Callable[[], datetime]
    stopping: threading.Event = field(default_factory=threading.Event)
    at_once: int = AT_ONCE

    def due(self) -> list[str]:
        """The runs to work on now: tonight's of each EHR, begun where it is not, and what is left of them."""
        begun: list[str] = []
        for entry in self.entries.values():
            night = nightly.tonight(entry.prefetch.at, entry.zone, self.clock())
            if night is not None:
                begun.append(self._begun(entry, night.day))
        with self.store.read() as tx:
            unfinished = set(rows.unfinished(tx))
        return [run for run in begun if run in unfinished]

    def begin(self, ehr: str, day: date) -> str:
        """The run that prepares `day` at this EHR, written down. Raises KeyError for an entry without prefetch."""
        return self._begun(self.entries[ehr], day)

    def _begun(self, entry: Entry, day: date) -> str:
        run = f"{entry.id} {day.isoformat()}"
        with self.store.read() as tx:
            if rows.begun(tx, run):
                return run
        providers = [Item(Kind.SCHEDULE, provider) for provider in entry.providers]
        with self.store.begin() as tx:
            if rows.add(tx, run, providers, nightly.over(day, entry.zone)):
                audit.record(tx, entry_of(tx, run, "", "prefetch-begin", {"schedules": len(providers)}, "ok"))
        return run

    def work(self, run: str, until: datetime | None = None) -> Left:
        """Work on a run until nothing of it is left, `until` is over or `stopping` is set. How far it is then."""
        one = Run(self, run, until)
        threads = [threading.Thread(target=one.work, name=f"prefetch-{n}") for n in range(self.at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self.store.read() as tx:
            left = rows.left(tx, run)
        if not left.undone:
            self.gathering.forget(rows.handle(run))
        log.info("prefetch of %s: %d done, %d left; %s", run, left.done, left.undone, one.said())
        return left

    def stops(self, run: str) -> datetime | None:
        """When tonight's work on a run ends; None: it is not tonight's."""
        for entry in self.entries.values():
            night = nightly.tonight(entry.prefetch.at, entry.zone, self.clock())
            if night is not None and run == f"{entry.id} {night.day.isoformat()}":
                return night.stops
        return None
