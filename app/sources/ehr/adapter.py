"""The EHR adapter: the questions about one launch's patient and user, each answered `Known` or `Unknown`.

The resources of the launch (Patient, Encounter, Practitioner) pass through fhirclient's models; bulk reads are plain
JSON through the same guarded client, because models cost several times as much for the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from fhirclient.models.encounter import Encounter
from fhirclient.models.patient import Patient as PatientModel
from fhirclient.models.practitioner import Practitioner
from fhirclient.models.practitionerrole import PractitionerRole

from app.core.answers import Answer, Known, Reason
from app.core.chart import Coverage, Fact, Patient
from app.core.consents import Consent
from app.core.ledger.outgoing import Came, Written
from app.core.roles import User
from app.core.schedule.appointment import DayAsk, Schedule
from app.sources.answering import answer
from app.sources.connections import Connections
from app.sources.ehr.consent import consent
from app.sources.ehr.coverage import coverage
from app.sources.ehr.reading import Reading
from app.sources.ehr.schedule import DayQuestion
from app.sources.ehr.scopes import may_create, may_read
from app.sources.ehr.searches import searches, simplest
from app.sources.ehr.server import GuardedServer
from app.sources.ehr.user import practitioner_of, user
from app.sources.ehr.writing import create
from app.sources.errors import NotAllowed, Refused, SourceError, Unreadable
from app.sources.fhir.facts import fact
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Included, entries, reference
from app.sources.http import Bearer, Limits, Pages
from app.sources.replies import Json
from app.sources.urls import instance

_ORGANIZATION_READS = 4


class Entry(Protocol):
    """What the adapter needs of an EHR entry."""

    @property
    def id(self) -> str: ...
    @property
    def quirks(self) -> Mapping[str, Any]: ...
    @property
    def timezone(self) -> str: ...
    @property
    def schedule(self) -> Any: ...


class Ehr:
    """The EHR of one launch. `granted`: the launch's scopes; `bearer_errors`: what the exceptions of `bearer` mean."""

    def __init__(
        self,
        entry: Entry,
        base: str,
        bearer: Bearer | None,
        *,
        connections: Connections,
        bearer_errors: Mapping[type[Exception], Reason] | None = None,
        granted: Collection[str] = (),
        limits: Limits | None = None,
    ) -> None:
        self.id, self._quirks, self._granted = entry.id, entry.quirks, granted
        self._http = connections.http(entry.id, base, bearer=bearer, bearer_errors=bearer_errors, limits=limits)
        self._server = GuardedServer(self._http)
        self._clock, self._connections = connections.clock, connections
        self._zone, self._schedule_entry = entry.timezone, entry.schedule

    # --- the resources of the launch ----------------------------------------------------------------------------------

    def patient(self, patient_id: str) -> Answer[Patient]:
        """`Patient/[id]`: identity as the EHR states it."""
        return answer(self.id, lambda: self._known(patient(self._read(PatientModel, patient_id))))

    def encounter(self, encounter_id: str) -> Answer[Fact]:
        """`Encounter/[id]` as a Fact; its `subject` resolves the patient of a launch that names none."""
        return answer(self.id, lambda: self._known(fact(self._read(Encounter, encounter_id))))

    def user(self, fhir_user: str) -> Answer[User]:
        """The Practitioner behind `fhirUser`, absolute or relative; a PractitionerRole is followed, its codes kept."""
        return answer(self.id, lambda: self._user(reference(fhir_user)))

    def user_roles(self, fhir_user: str) -> Answer[User]:
        """What their PractitionerRoles say that the Practitioner behind `fhirUser` is: the codes alone."""
        return answer(self.id, lambda: self._user_roles(reference(fhir_user)))

    # --- a provider's days --------------------------------------------------------------------------------------------

    def schedule(self, ask: DayAsk, named: tuple[str, ...] = ()) -> Answer[Schedule]:
        """The provider's appointments of some days, in the way that this EHR can be asked.

        `named`: Appointment/… or Encounter/… of the launch itself, all that an EHR may have which can list nothing;
        without one that is `Unknown(CANNOT_LIST)`, never an empty day.
        """

        def found() -> Known[Schedule]:
            question = DayQuestion(
                self._http, self._connections, self._schedule_entry, ZoneInfo(self._zone), self._quirks, self._granted
            )
            return self._known(*question.ask(ask, named))

        return answer(self.id, found)

    # --- bulk reads ---------------------------------------------------------------------------------------------------

    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]:
        """Every Coverage, with payors resolved; which are active is the core's business."""
        return answer(self.id, lambda: self._coverages(patient_id))

    def consents(self, patient_id: str) -> Answer[tuple[Consent, ...]]:
        """Every Consent, with the parties of its rules resolved; what they forbid is the core's business."""
        return answer(self.id, lambda: self._consents(patient_id))

    def facts(self, kind: str, patient_id: str, since: date | None = None) -> Answer[tuple[Fact, ...]]:
        """Everything of one resource type, from `since` on where the type can be asked so."""
        return answer(self.id, lambda: self._facts(kind, patient_id, since))

    def _facts(self, kind: str, patient_id: str, since: date | None) -> Known[tuple[Fact, ...]]:
        reading = self._search(kind, patient_id, since)
        found = {entry.ref: fact(entry.resource) for entry in reading.entries}
        return self._known(tuple(found.values()), reading.missing())

    def _coverages(self, patient_id: str) -> Known[tuple[Coverage, ...]]:
        with self._http.within():
            reading = self._search("Coverage", patient_id, None)
            included, fetch = self._at_hand(reading)
            found = tuple(coverage(entry, included, fetch) for entry in reading.entries)
        nameless = [f"{c.ref}: the payor could not be read" for c in found if c.payor_refs and not c.payors]
        return self._known(found, (*reading.missing(), *nameless))

    def _consents(self, patient_id: str) -> Known[tuple[Consent, ...]]:
        with self._http.within():
            reading = self._search("Consent", patient_id, None)
            included, fetch = self._at_hand(reading)
            found = tuple(consent(entry, included, fetch) for entry in reading.entries)
        return self._known(found, reading.missing())

    def _at_hand(self, reading: Reading) -> tuple[Included, Callable[[str], Json | None]]:
        """What rode along in an answer, and how to read the few Organizations that did not."""
        included, fetched = Included(), dict[str, Json | None]()
        for entry in reading.everything:
            included.add(entry)

        def fetch(ref: str) -> Json | None:
            if ref not in fetched:
                fetched[ref] = self._organization(ref) if len(fetched) < _ORGANIZATION_READS else None
            return fetched[ref]

        return included, fetch

    def _organization(self, ref: str) -> Json | None:
        try:
            return self._http.get(ref)
        except SourceError:
            return None  # the reference often displays its name anyway; if not, that is reported or weighed

    def _search(self, kind: str, patient_id: str, since: date | None) -> Reading:
        if not may_read(kind, self._granted):
            raise NotAllowed(f"no scope for {kind} was granted")
        instance("Patient", patient_id)
        reading = Reading(kind, f"Patient/{patient_id}")
        with self._http.within():
            for query in searches(kind, patient_id, since, self._quirks):
                try:
                    reading.take(self._pages(kind, query, patient_id))
                except SourceError as trouble:
                    reading.failed(trouble)
        reading.check()
        return reading

    def _pages(self, kind: str, query: tuple[tuple[str, str], ...], patient_id: str) -> Pages:
        try:
            return self._http.search(kind, query)
        except Refused:
            if query == (simple := simplest(patient_id, self._quirks)):
                raise
            return self._http.search(kind, simple)

    # --- as it stands, and what we write ------------------------------------------------------------------------------

    def raw(self, ref: str) -> Answer[Json]:
        """One entry of the chart as the EHR has it, "Observation/1": nothing of it changed, nothing left out."""
        return answer(self.id, lambda: self._known(self._raw(ref)))

    def create(self, resource: Json, against: str, about_to_send: Callable[[str], None]) -> Written:
        """Write one resource that carries an identifier of ours: at most once (`writing.create`)."""
        if not may_create(str(resource["resourceType"]), self._granted):
            return Written(Came.REFUSED, trouble="no-scope")
        return create(self._http, resource, against, about_to_send)

    def _raw(self, ref: str) -> Json:
        kind, _, resource_id = ref.partition("/")
        if not may_read(kind, self._granted):
            raise NotAllowed(f"no scope for {kind} was granted")
        with self._http.within():
            resource = self._http.get(instance(kind, resource_id))
        if (resource.get("resourceType"), resource.get("id")) != (kind, resource_id):
            raise Unreadable(f"answered with another {kind} than was asked for")
        return resource

    # --- parts --------------------------------------------------------------------------------------------------------

    def _read(self, model: Any, resource_id: str) -> Json:
        if not may_read(model.resource_type, self._granted):
            raise NotAllowed(f"no scope for {model.resource_type} was granted")
        with self._http.within():
            resource = self._server.read(model, instance(model.resource_type, resource_id))
        if resource.get("id") != resource_id:
            raise Unreadable(f"answered with another {model.resource_type} than was asked for")
        return resource

    def _user(self, ref: str) -> Known[User]:
        kind, _, resource_id = ref.partition("/")
        with self._http.within():
            roles: list[Json] = []
            if kind == "PractitionerRole":
                roles = [self._read(PractitionerRole, resource_id)]
                kind, _, resource_id = practitioner_of(roles[0]).partition("/")
            if kind != "Practitioner" or not resource_id:
                raise Unreadable("fhirUser names no Practitioner")
            who = self._read(Practitioner, resource_id)
        return self._known(user(who, roles, self._clock().date()))

    def _user_roles(self, ours: str) -> Known[User]:
        kind, _, resource_id = ours.partition("/")
        instance(kind, resource_id)
        if kind != "Practitioner":
            raise Unreadable("fhirUser names no Practitioner")
        if not may_read("PractitionerRole", self._granted):
            raise NotAllowed("no scope for PractitionerRole was granted")
        query = PractitionerRole.where({"practitioner": ours, "_count": "50"}).construct()
        pages = self._http.search(query, ())
        found = [e.resource for bundle in pages.bundles for e in entries(bundle) if e.type == "PractitionerRole"]
        roles = [role for role in found if practitioner_of(role) == ours]
        missing = (f"PractitionerRole: {pages.trouble.detail}",) if pages.trouble else ()
        return self._known(user({"id": resource_id}, roles, self._clock().date()), missing)

    def _known(self, value: Any, incomplete: tuple[str, ...] = ()) -> Known[Any]:
        received: datetime = self._clock()
        return Known(value, self.id, received, incomplete)
