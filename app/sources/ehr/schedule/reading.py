"""The pages of a schedule's searches put together: appointments, the patients that rode along, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from app.core.chart import Patient
from app.core.schedule.appointment import Appointment, DayAsk, Plan, Schedule
from app.core.schedule.day import is_asked_for, is_untold
from app.sources.errors import CannotList, NotAllowed, SourceError, Unreadable
from app.sources.fhir.appointments import IGNORED, appointment
from app.sources.fhir.bundles import Outcomes, Rejects
from app.sources.fhir.patient import patient
from app.sources.fhir.people import Roles, roles_to_resolve
from app.sources.fhir.references import Entry, Included, entries
from app.sources.fhir.shape import objs, words
from app.sources.http import Pages
from app.sources.replies import Json

Read: TypeAlias = Callable[[Entry, Included, Roles], Appointment | str]
#: The provider's PractitionerRoles, as `Roles`; None when they could not be looked up. Asked only where one is needed.
Resolve: TypeAlias = Callable[[], Roles | None]

#: Ways of asking in which the EHR itself has told whose appointments these are.
_BY_PROVIDER = frozenset({Plan.PORTABLE, Plan.PRACTITIONER})
_RIDE_ALONG = frozenset({"Patient", "Practitioner", "PractitionerRole", "Location", "Encounter", "Appointment"})


class Reading:
    """Fills up with pages. `kind`: the type that is asked for; `read` makes an appointment of one resource."""

    def __init__(self, kind: str = "Appointment", read: Read = appointment) -> None:
        self._kind, self._read = kind, read
        self._found: list[Entry] = []
        self._included, self._outcomes, self._rejects = Included(), Outcomes(), Rejects()
        self._troubles: list[str] = []

    def take(self, pages: Pages) -> None:
        """The pages of one search."""
        for bundle in pages.bundles:
            for entry in entries(bundle):
                self._sort(entry)
        if pages.trouble:
            self.lacks(f"not all of it was read: {pages.trouble.detail}")

    def _sort(self, entry: Entry) -> None:
        """What is asked for; what came with it, whether or not the server marks it so; what cannot be used."""
        self._included.add(entry)
        if entry.type == "OperationOutcome":
            self._outcomes.add(entry.resource)
        elif entry.mode in ("include", "outcome"):
            return
        elif entry.type == self._kind:
            self._found.append(entry)
        elif entry.type not in _RIDE_ALONG:
            self._rejects.add(entry, f"stands among the {self._kind} entries")

    def take_one(self, resource: Json) -> None:
        """A resource that was read by its id."""
        self.take(Pages(({"resourceType": "Bundle", "entry": [{"resource": resource}]},)))

    def lacks(self, what: str) -> None:
        """Something of it is missing, in our words."""
        self._troubles.append(f"{self._kind}: {what}")

    def failed(self, trouble: SourceError) -> None:
        """One of several searches did not answer."""
        self.lacks(f"not all of it was read: {trouble.detail}")

    def unresolved(self) -> tuple[str, ...]:
        """PractitionerRoles that take part and of which nobody said whose they are."""
        refs = (ref for entry in self._found for ref in roles_to_resolve(entry, self._included))
        return tuple(dict.fromkeys(refs))

    def appointments(self, roles: Roles) -> tuple[Appointment, ...]:
        """What can be used; the rest is counted. Raises Unreadable when there is something, and nothing of it can."""
        usable = tuple(self._usable(roles))
        if not usable and (self._rejects or self._outcomes.failed):
            raise Unreadable("answered with nothing that can be used")
        return usable

    def patients(self, among: Sequence[Appointment]) -> tuple[Patient, ...]:
        """The Patients that rode along, of these appointments only."""
        needed = {ref for found in among for ref in found.patients}
        stated = (entry for entry in self._included.of_type("Patient") if entry.ref in needed)
        return tuple({entry.ref: patient(entry.resource) for entry in stated}.values())

    def missing(self) -> tuple[str, ...]:
        """What an otherwise good answer lacks; complete only once the appointments were taken out."""
        partial = dict.fromkeys(f"{self._kind}: the EHR says part is missing ({c})" for c in self._outcomes.partial)
        return (*dict.fromkeys(self._troubles), *partial, *self._rejects.summary())

    def _usable(self, roles: Roles) -> Iterator[Appointment]:
        for entry in self._found:
            found = self._read(entry, self._included, roles)
            if isinstance(found, Appointment):
                yield found
            elif found != IGNORED:
                self._rejects.add(entry, found)


def mine(found: Sequence[Appointment], ask: DayAsk, zone: tzinfo, plan: Plan) -> tuple[Appointment, ...]:
    """Only what was asked for: of what a search by location finds, most is other people's."""
    return tuple(each for each in found if is_asked_for(each, ask, zone, plan))


def schedule(reading: Reading, ask: DayAsk, zone: tzinfo, plan: Plan, resolve: Resolve) -> Schedule:
    """The provider's appointments of what was read.

    Raises NotAllowed, or CannotList, when none is left because nobody would say whom they are with.
    """
    roles: Roles | None = {}
    if unexplained := reading.unresolved():
        roles = resolve()
        if roles is None:
            reading.lacks(f"whom some are with was not told ({len(unexplained)} roles could not be read)")
    found = reading.appointments(roles or {})
    kept = mine(found, ask, zone, plan)
    if roles is None and not kept:
        raise NotAllowed("whom its appointments are with stands in PractitionerRoles that could not be read")
    if roles is not None and plan in _BY_PROVIDER and (untold := sum(is_untold(each, ask, zone) for each in found)):
        if not kept:
            raise CannotList("its appointments do not say whom they are with")
        reading.lacks(f"{untold} do not say whom they are with")
    return Schedule(kept, reading.patients(kept), plan)


def honours(bundle: Json, names: Sequence[str]) -> bool:
    """Whether the search that a server says it has done (its `self` link) was ours (R4 search.html 3.1.1.7).

    One that repeats nothing of the question says nothing; one that repeats a part has dropped the rest.
    """
    for link in objs(bundle.get("link")):
        if words(link.get("relation")) == "self":
            done = {name.partition(":")[0] for name, _ in parse_qsl(urlsplit(words(link.get("url"))).query)}
            return done.isdisjoint(names) or done >= set(names)
    return True
