"""An R4 Appointment, or a visit that only an Encounter states, as the schedule's `Appointment`.

https://hl7.org/fhir/R4/appointment.html, https://hl7.org/fhir/R4/encounter.html. What kind of visit it is stands in
codes that hardly any two EHRs share, so the words are read as well (`visit_words`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from app.core.chart import Concept
from app.core.schedule.appointment import Appointment
from app.sources.fhir import visit_words
from app.sources.fhir.people import People, Roles
from app.sources.fhir.references import Entry, Included, reference, references
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.fhir.values import codes, coding, concept

#: Appointment.status of R4; any other word could mean anything, so such an appointment is not used.
_STATUSES = frozenset({
    "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in",
    "waitlist",
})  # fmt: skip
#: Encounter.status of a visit that has begun and is not over; and what each one is as an appointment's.
UNDER_WAY = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_VISITS = dict.fromkeys(UNDER_WAY, "arrived") | {
    "planned": "booked", "finished": "fulfilled", "cancelled": "cancelled", "entered-in-error": "entered-in-error",
}  # fmt: skip

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,][0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_NO_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_YEARS = range(1900, 2201)


def appointment(entry: Entry, included: Included, roles: Roles) -> Appointment | str:
    """The appointment, or why it cannot be used: in our words, without any of its own."""
    stated = entry.resource
    start = instant(stated.get("start"))
    if why := _why_not(entry, start):
        return why
    assert start is not None
    people = People(stated.get("participant"), "actor", entry, included, roles)
    if people.unknown and not people.patients and not people.unnamed_patient:
        return "does not say who takes part"  # time that somebody blocked names nobody, or somebody of the practice
    kind, service = concept(stated.get("appointmentType") or []), concept(stated.get("serviceType") or [])
    spoken = (kind, service, concept(stated.get("serviceCategory") or []), *_extended(stated))
    return Appointment(
        ref=entry.ref,
        status=words(stated.get("status")),
        start=start,
        end=instant(stated.get("end")),
        patients=(*people.patients, *([""] if people.unnamed_patient else ())),
        practitioners=tuple(people.practitioners),
        practitioner_names=tuple(people.practitioners.values()),
        locations=tuple(people.locations),
        location_names=tuple(people.locations.values()),
        kind=kind,
        service=service,
        reason=_reason(stated, alone=len(people.patients) + people.unnamed_patient < 2),
        mode=visit_words.mode(spoken, _virtual_services(stated)),
        walk_in=visit_words.is_walk_in((kind, service)),
        new_patient=visit_words.new_patient((kind, service)),
        interpreter=people.interpreter,
        created=instant(stated.get("created")),
        labels=_labels(stated),
    )


def visit(entry: Entry, included: Included, roles: Roles) -> Appointment | str:
    """A visit that only an Encounter states, as an entry of the schedule; or why it cannot be used."""
    stated = entry.resource
    start = instant(obj(stated.get("period")).get("start"))
    if not entry.id:
        return "no id"
    if stated.get("modifierExtension"):
        return "a modifier that we do not know"
    if start is None:
        return "no start with a time zone"
    if (status := _VISITS.get(words(stated.get("status")))) is None:
        return "a status that says nothing of a visit"
    people = People(stated.get("participant"), "individual", entry, included, roles)
    subject = reference(stated.get("subject"))
    if not subject.startswith("Patient/"):
        return "names no patient"
    places = [obj(each.get("location")) for each in objs(stated.get("location"))]
    kind, service = concept(stated.get("type") or []), concept(stated.get("serviceType") or [])
    spoken = (kind, service, concept(stated.get("class") or []), *_extended(stated))
    return Appointment(
        ref=entry.ref,
        status=status,
        start=start,
        patients=(subject,),
        practitioners=tuple(people.practitioners),
        practitioner_names=tuple(people.practitioners.values()),
        locations=tuple(ref for each in places if (ref := reference(each))),
        location_names=tuple(words(each.get("display")) for each in places if reference(each)),
        kind=kind,
        service=service,
        reason=_reason(stated),
        mode=visit_words.mode(spoken, _virtual_services(stated)),
        walk_in=not references(at(stated, "appointment")),
        new_patient=visit_words.new_patient((kind, service)),
        interpreter=people.interpreter,
        encounter=entry.ref,
        labels=_labels(stated),
    )


def instant(stated: object) -> datetime | None:
    """An instant with its offset; None for what has no time or no zone. https://hl7.org/fhir/R4/datatypes.html#instant

    Seconds may be missing, and a comma stand for the point: the zone may not, because two clinics would read it
    differently.
    """
    match = _INSTANT.fullmatch(words(stated)) if isinstance(stated, str) else None
    if match is None:
        return None
    zone = "+00:00" if match[4] in "Zz" else match[4]
    try:
        found = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ':00'}{zone}")
    except ValueError:  # 30 February, hour 24, an offset of a day
        return None
    return found if found.year in _YEARS else None


def _why_not(entry: Entry, start: datetime | None) -> str:
    stated = entry.resource
    if not entry.id:
        return "no id"
    if stated.get("modifierExtension"):
        return "a modifier that we do not know"  # FHIR R4 2.4.1: such a resource must not be used
    status = words(stated.get("status"))
    if status not in _STATUSES:
        return "a status that FHIR does not have" if status else "no status"
    if start is None and status not in ("proposed", "pending", "cancelled", "waitlist", "entered-in-error"):
        return "a start without a time zone" if _NO_ZONE.fullmatch(words(stated.get("start"))) else "no start"
    if start is None:
        return IGNORED
    return ""


#: Why a resource is passed over without a count: it has no time, or is of another time, and its status says so.
IGNORED = "is of no time that was asked for"


def _reason(stated: Json, *, alone: bool = True) -> str:
    """Why the patient comes, as written: the coded reason's words, else what the reason points at, else the summary.

    The summary of a group visit may name the others, and stands in nobody's row.
    """
    said = [concept(each).label for each in objs(stated.get("reasonCode"))]
    said = said or [words(each.get("display")) for each in objs(stated.get("reasonReference"))]
    return "; ".join(dict.fromkeys(filter(None, said))) or (words(stated.get("description")) if alone else "")


def _labels(stated: Json) -> tuple[str, ...]:
    return codes(obj(stated.get("meta")).get("security"))


def _extended(stated: Json) -> Iterator[Concept]:
    """The values of extensions that are concepts: several EHRs keep the visit's kind there."""
    for each in objs(stated.get("extension")):
        if "valueCodeableConcept" in each:
            yield concept(each["valueCodeableConcept"])
        if "valueCoding" in each:
            yield Concept((coding(each["valueCoding"]),))


def _virtual_services(stated: Json) -> list[Json]:
    """R5 `virtualService`, by its name and as the extension that R4 servers use for it."""
    found = objs(stated.get("virtualService"))
    for each in objs(stated.get("extension")):
        if words(each.get("url")).rpartition(".")[2] == "virtualService" or "valueVirtualServiceDetail" in each:
            found.append(obj(each.get("valueVirtualServiceDetail")) or _parts(each))
    return found


def _parts(extension: Json) -> Json:
    """An extension of extensions as the element that it stands for."""
    parts: Json = {}
    for each in objs(extension.get("extension")):
        value = next((stated for key, stated in each.items() if key.startswith("value")), None)
        parts[words(each.get("url")).partition("[")[0]] = value
    return parts
