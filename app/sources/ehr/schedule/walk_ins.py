"""Who is here today without an appointment: visits under way that only an Encounter states.

Asked for beside the appointments, on a thread of its own, where Encounters can be searched by practitioner and date.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from app.core.schedule.appointment import Appointment, DayAsk, Plan
from app.core.schedule.day import is_untold
from app.sources import deadline, turns
from app.sources.ehr.schedule.days import bounds
from app.sources.ehr.schedule.reading import Reading, Resolve, mine
from app.sources.errors import SourceError, Unreadable
from app.sources.fhir import visit_words
from app.sources.fhir.appointments import IGNORED, UNDER_WAY, visit
from app.sources.fhir.people import Roles
from app.sources.fhir.references import Entry, Included, references
from app.sources.fhir.shape import at, words
from app.sources.fhir.values import code
from app.sources.http import Http, Pages

#: Encounter.class (v3-ActCode) of those who are not at the clinic: in hospital, observed, in an emergency room.
_ELSEWHERE = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "EMER", "PRENC", "SS"})
_WAIT = 2.0  # seconds that the appointments wait for it


class WalkIns:
    """Begins to ask when it is made. `by`: the Encounter search parameter that takes a practitioner."""

    def __init__(self, http: Http, by: str, ask: DayAsk, now: datetime, zone: tzinfo, resolve: Resolve) -> None:
        self._http, self._by, self._zone, self._resolve = http, by, zone, resolve
        today = now.astimezone(zone).date()
        self._today = DayAsk.of(ask.provider, today)
        self._links: dict[str, str] = {}  # Appointment/… -> the Encounter that says it is its own
        self._reading = Reading("Encounter", self._visit)
        self._found: Pages | SourceError | None = None
        limit, turn = deadline.current(), turns.current()
        self._seconds = limit.remaining() if limit else None
        self._turn = turns.Turn(turn.rank, turn.left)
        self._thread = threading.Thread(target=self._ask, name="walk-ins", daemon=True)
        self._thread.start()

    def joined(self, schedule: Sequence[Appointment]) -> tuple[tuple[Appointment, ...], tuple[str, ...]]:
        """The day's appointments with their visits under way, then those who walked in; and what is missing."""
        limit = deadline.current()
        self._thread.join(max(0.0, min(_WAIT, limit.remaining())) if limit else _WAIT)
        match self._found:
            case Pages() as pages:
                self._reading.take(pages)
            case SourceError() as trouble:
                self._reading.failed(trouble)
            case None:
                self._reading.lacks("not all of it was read: no complete answer in time")
        visits = self._visits()
        begun = tuple(replace(each, encounter=each.encounter or self._links.get(each.ref, "")) for each in schedule)
        linked = {each.encounter for each in begun}
        came = tuple(each for each in visits if each.ref not in linked)
        return (*begun, *came), tuple(f"walk-ins: {line}" for line in self._reading.missing())

    def _visits(self) -> tuple[Appointment, ...]:
        roles = self._resolve() if self._reading.unresolved() else None
        try:
            found = self._reading.appointments(roles or {})
        except Unreadable as trouble:
            self._reading.failed(trouble)
            return ()
        if untold := sum(is_untold(each, self._today, self._zone) for each in found):
            self._reading.lacks(f"{untold} do not say whom they are with")
        return mine(found, self._today, self._zone, Plan.PORTABLE)

    def _ask(self) -> None:
        days = bounds(self._today, self._zone)
        try:
            with self._turn, self._http.within(self._seconds):
                self._found = self._http.search(
                    "Encounter", (*days, (self._by, self._today.provider), ("_count", "50"))
                )
        except SourceError as trouble:
            self._found = trouble

    def _visit(self, entry: Entry, included: Included, roles: Roles) -> Appointment | str:
        for appointment in references(at(entry.resource, "appointment")):
            self._links.setdefault(appointment, entry.ref)
        elsewhere = code(entry.resource.get("class")) in _ELSEWHERE
        if elsewhere or words(entry.resource.get("status")) not in UNDER_WAY:
            return IGNORED
        found = visit(entry, included, roles)
        if isinstance(found, Appointment) and found.walk_in and visit_words.is_desk_work((found.kind, found.service)):
            return IGNORED  # a call, a refill: an Encounter is open, and nobody has come
        return found
