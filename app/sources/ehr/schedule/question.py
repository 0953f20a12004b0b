"""One question for a provider's days: the plans in order, until one is answered.

A plan that the EHR does not take (400, 403, 404, 405, an empty answer that proves nothing) gives way to the next that
the entry allows; one that cannot be answered now (down, slow, busy, signed out) is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.core.schedule.appointment import DayAsk, Plan, Schedule
from app.core.schedule.entry import ScheduleEntry
from app.sources.connections import Connections
from app.sources.ehr.schedule import worklist
from app.sources.ehr.schedule.booked import Booked
from app.sources.ehr.schedule.by_patient import ByPatient
from app.sources.ehr.schedule.choosing import Choice, asks_by_patient, choices, finds_visits
from app.sources.ehr.schedule.launched import launched
from app.sources.ehr.schedule.learned import learned, metadata_client
from app.sources.ehr.schedule.searching import Searching
from app.sources.ehr.schedule.walk_ins import WalkIns
from app.sources.ehr.scopes import may_list, may_read
from app.sources.errors import CannotList, NotAllowed, NotFound, Refused, SourceError
from app.sources.fhir.offers import Offers
from app.sources.fhir.people import Roles
from app.sources.fhir.references import entries, reference
from app.sources.http import Http
from app.sources.urls import instance

Found = tuple[Schedule, tuple[str, ...]]


class DayQuestion:
    """Asks one EHR under one token. `entry` None: nothing is set for it; `zone` is the clinic's."""

    def __init__(
        self,
        http: Http,
        connections: Connections,
        entry: ScheduleEntry | None,
        zone: ZoneInfo,
        quirks: Mapping[str, Any],
        granted: Collection[str],
    ) -> None:
        self._http, self._entry, self._zone = http, entry or ScheduleEntry(), zone
        self._quirks, self._granted, self._clock = quirks, granted, connections.clock
        self._learned = learned(connections, http.source, http.base)
        self._metadata = metadata_client(connections, f"{http.source}-metadata", http.base)
        self._walk_ins: WalkIns | None = None
        self._resolved: list[Roles | None] = []

    def ask(self, ask: DayAsk, named: Sequence[str]) -> Found:
        """The provider's days and what is missing. Raises SourceError: CannotList where there is no way to ask.

        `named`: Appointment/… and Encounter/… of the launch itself, for an EHR that can list nothing.
        """
        instance("Practitioner", ask.provider.removeprefix("Practitioner/"))
        with self._http.within():
            offers = self._offers()
            refused: list[SourceError] = []
            plans = choices(offers, self._entry)
            last = () if any(each.plan is Plan.LAUNCHED for each in plans) else (Choice(Plan.LAUNCHED, "the last"),)
            for choice in (*plans, *last):
                try:
                    return self._by(choice, ask, named, offers)
                except (CannotList, NotAllowed, NotFound, Refused) as trouble:
                    refused.append(trouble)
        raise next((trouble for trouble in refused if isinstance(trouble, NotAllowed)), None) or CannotList(
            next((trouble.detail for trouble in refused), "there is no way to ask it for a day")
        )

    def _offers(self) -> Offers | None:
        """What the EHR declares. An entry that names its plan can do without."""
        try:
            return self._learned.offers(self._metadata, self._http, self._clock)
        except SourceError:
            if self._entry.plan is None and not self._entry.worklist:
                raise
            return None

    def _by(self, choice: Choice, ask: DayAsk, named: Sequence[str], offers: Offers | None) -> Found:
        match choice.plan:
            case Plan.BOOKED:
                return Booked(self._http, self._entry, self._quirks).ask(ask, self._zone)
            case Plan.WORKLIST:
                return self._by_worklist(ask, offers)
            case Plan.LAUNCHED:
                found, reading = launched(self._http, named, ask, self._zone, self._roles_of(ask.provider))
                return found, reading.missing()
        if not may_list("Appointment", self._granted):
            raise NotAllowed("no scope for the Appointments of all patients was granted")
        self._look_for_walk_ins(ask, offers)
        searching = Searching(self._http, self._learned, self._entry, self._quirks, self._roles_of(ask.provider))
        search = searching.by_location if choice.plan is Plan.LOCATION else searching.by_provider
        found, reading = search(choice, ask, self._zone)
        missing = reading.missing()
        if self._walk_ins is not None:
            joined, lacking = self._walk_ins.joined(found.appointments)
            found, missing = replace(found, appointments=joined), (*missing, *lacking)
        return found, missing

    def _by_worklist(self, ask: DayAsk, offers: Offers | None) -> Found:
        if not self._entry.worklist:
            raise CannotList("its entry names no worklist file")
        by_patient = ByPatient(
            self._http, self._zone, self._roles_of(ask.provider), self._quirks,
            may_ask=may_list("Appointment", self._granted) and asks_by_patient(offers),
            may_identify=may_list("Patient", self._granted),
        )  # fmt: skip
        return by_patient.ask(worklist.read(self._entry.worklist, self._zone), ask, self._clock())

    def _look_for_walk_ins(self, ask: DayAsk, offers: Offers | None) -> None:
        """Begin to ask who came without an appointment: today's only, and once a question."""
        now: datetime = self._clock()
        by = finds_visits(offers)
        today = ask.first <= now.astimezone(self._zone).date() <= ask.last
        if self._walk_ins is None and by and today and may_list("Encounter", self._granted):
            self._walk_ins = WalkIns(self._http, by, ask, now, self._zone, self._roles_of(ask.provider))

    def _roles_of(self, provider: str) -> Callable[[], Roles | None]:
        """Looks up the PractitionerRoles of the provider, once a question."""

        def roles() -> Roles | None:
            if not self._resolved:
                self._resolved.append(self._roles(provider))
            return self._resolved[0]

        return roles

    def _roles(self, provider: str) -> Roles | None:
        if not may_read("PractitionerRole", self._granted):
            return None
        for form in (provider, provider.rpartition("/")[2]):
            try:
                pages = self._http.search("PractitionerRole", (("practitioner", form), ("_count", "50")))
            except SourceError:
                continue
            held = [entry for bundle in pages.bundles for entry in entries(bundle) if entry.type == "PractitionerRole"]
            if found := {e.ref: provider for e in held if reference(e.resource.get("practitioner")) == provider}:
                return found
        return None  # without any, whose the roles of a schedule are is not known
