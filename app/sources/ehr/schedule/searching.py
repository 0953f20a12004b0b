"""Plans A to C: Appointment searches for a provider's days, in the variants that servers take.

Portable by what real servers refuse: two instants with offset, a typed reference before a bare id, a stated `_count`.
2026-11, Oracle Health: exactly one of patient, practitioner and location, two bounds with time and offset, and nothing
else. 2026-11, athenaPractice: typed references are refused. 2026-11, Medplum 5.0: a bare id finds nothing, silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from app.core.schedule.appointment import DayAsk, Plan, Schedule
from app.core.schedule.entry import ScheduleEntry
from app.sources.ehr.schedule.choosing import Choice
from app.sources.ehr.schedule.days import Pairs, bounds
from app.sources.ehr.schedule.learned import Learned
from app.sources.ehr.schedule.reading import Reading, Resolve, honours, schedule
from app.sources.errors import CannotList, NotFound, Refused, SourceError
from app.sources.http import Http, Pages

_WITH_PATIENTS: Pairs = (("_include", "Appointment:patient"),)
_COUNT: Pairs = (("_count", "50"),)
_LOCATIONS = 20


class Searching:
    """The searches of one question. `resolve` is asked only for roles that nobody explained."""

    def __init__(
        self, http: Http, learned: Learned, entry: ScheduleEntry, quirks: Mapping[str, Any], resolve: Resolve
    ) -> None:
        self._http, self._learned, self._entry, self._resolve = http, learned, entry, resolve
        self._bare_first = bool(quirks.get("bare_ids"))

    def by_provider(self, choice: Choice, ask: DayAsk, zone: tzinfo) -> tuple[Schedule, Reading]:
        """Plans A and B. Raises SourceError: the first refusal; CannotList for an empty answer that proves nothing."""
        variants = self._variants(choice, ask, zone)
        best, refused = self._learned.worked.get(choice.plan), None
        empty: tuple[Schedule, Reading] | None = None
        shape = 0
        for place in sorted(range(len(variants)), key=lambda place: place != best):
            if empty is not None and len(variants[place]) != shape:
                continue  # what was empty with the patients included is empty without them
            try:
                pages = self._http.search("Appointment", variants[place])
            except (Refused, NotFound) as trouble:
                refused = refused or trouble
                continue
            reading = Reading()
            reading.take(pages)
            found = schedule(reading, ask, zone, choice.plan, self._resolve)
            if found.appointments:
                self._learned.worked[choice.plan] = place
                return found, reading
            if choice.believed and _asked_as_meant(pages, choice):
                empty, shape = empty or (found, reading), len(variants[place])
            if empty is not None and place == best:
                return empty  # this way has found appointments before: today there are none
        if empty is not None:
            return empty
        raise refused or CannotList("answers with no appointments to a search that it does not declare")

    def by_location(self, choice: Choice, ask: DayAsk, zone: tzinfo) -> tuple[Schedule, Reading]:
        """Plan C: all of each location, told apart here. Raises SourceError when no location answers."""
        reading, first, answered = Reading(), None, False
        if len(self._entry.locations) > _LOCATIONS:
            reading.lacks(f"only {_LOCATIONS} of {len(self._entry.locations)} locations are asked")
        for location in self._entry.locations[:_LOCATIONS]:
            try:
                pages = self._at(location, ask, zone)
            except SourceError as trouble:
                first = first or trouble
                reading.failed(trouble)
                continue
            answered |= _asked_as_meant(pages, choice)
            reading.take(pages)
        if not answered:
            raise first or CannotList("answers a search by location with something else, or its entry names none")
        return schedule(reading, ask, zone, choice.plan, self._resolve), reading

    def _at(self, location: str, ask: DayAsk, zone: tzinfo) -> Pages:
        typed = location if "/" in location else f"Location/{location}"
        forms = self._forms(typed)
        try:
            return self._http.search("Appointment", (*bounds(ask, zone), ("location", forms[0])))
        except Refused:
            return self._http.search("Appointment", (*bounds(ask, zone), ("location", forms[1])))

    def _variants(self, choice: Choice, ask: DayAsk, zone: tzinfo) -> tuple[Pairs, ...]:
        extras: tuple[Pairs, ...] = ((*_WITH_PATIENTS, *_COUNT), _COUNT) if choice.plan is Plan.PORTABLE else ((),)
        days = bounds(ask, zone)
        return tuple((*days, (choice.by, form), *extra) for extra in extras for form in self._forms(ask.provider))

    def _forms(self, typed: str) -> tuple[str, str]:
        bare = typed.rpartition("/")[2]
        return (bare, typed) if self._bare_first else (typed, bare)


def _asked_as_meant(pages: Pages, choice: Choice) -> bool:
    return honours(pages.bundles[0], ("date", choice.by))
