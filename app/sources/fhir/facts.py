"""Any clinical resource as a `Fact`: one row of data a type says which elements mean what. Rows, not code, grow here.

Choice types are named by their stem (`effective` is effectiveDateTime, effectiveInstant or effectivePeriod).
https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from app.core.chart import Component, Concept, Fact, When
from app.sources.fhir.references import reference, references
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.fhir.values import choice, code, codes, concept, period, when


@dataclass(frozen=True, slots=True)
class Row:
    """Where one resource type keeps what a Fact holds. Several paths: the first that is stated, or for `what` all."""

    what: tuple[str, ...]
    when: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    status: str = "status"
    verification: str = ""
    category: str = "category"
    setting: str = ""
    who: tuple[str, ...] = ()
    encounter: str = "encounter"
    related: tuple[str, ...] = ()
    reason: str = "statusReason"
    value: bool = False
    title: str = ""  # free words that name it better than its codes do


ROWS: Mapping[str, Row] = {
    "Condition": Row(
        ("code",), ("onset",), ("abatement",), ("recordedDate",), status="clinicalStatus",
        verification="verificationStatus", who=("asserter", "recorder"), related=("evidence.detail",), reason="",
    ),
    "Encounter": Row(
        ("type",), ("period",), category="serviceType", setting="class",
        who=("participant.individual", "serviceProvider"), encounter="partOf",
        related=("diagnosis.condition", "reasonReference", "basedOn", "appointment"), reason="",
    ),
    "Observation": Row(
        ("code",), ("effective",), recorded=("issued",), who=("performer",),
        related=("basedOn", "partOf", "hasMember", "derivedFrom"), reason="dataAbsentReason", value=True,
    ),
    "DiagnosticReport": Row(
        ("code",), ("effective",), recorded=("issued",), who=("performer", "resultsInterpreter"),
        related=("basedOn", "result"), reason="",
    ),
    "Procedure": Row(
        ("code",), ("performed",), who=("performer.actor", "recorder"),
        related=("basedOn", "partOf", "reasonReference", "report"),
    ),
    "Immunization": Row(
        ("vaccineCode",), ("occurrence",), recorded=("recorded",), category="reportOrigin",
        who=("performer.actor",),
    ),
    "MedicationRequest": Row(
        ("medicationCodeableConcept", "medicationReference"), ("authoredOn",),
        ("dispenseRequest.validityPeriod.end",), ("authoredOn",), who=("requester",),
        related=("basedOn", "reasonReference"),
    ),
    "ServiceRequest": Row(
        ("code",), ("occurrence", "authoredOn"), recorded=("authoredOn",), who=("requester",),
        related=("basedOn", "reasonReference"), reason="reasonCode",
    ),
    "Appointment": Row(
        ("serviceType", "reasonCode", "appointmentType", "specialty"), ("start",), ("end",), ("created",),
        category="serviceCategory", who=("participant.actor",), encounter="", related=("basedOn", "reasonReference"),
        reason="cancelationReason", title="description",
    ),
    "AllergyIntolerance": Row(
        ("code",), ("onset",), recorded=("recordedDate",), status="clinicalStatus",
        verification="verificationStatus", who=("asserter", "recorder"), reason="",
    ),
    "Flag": Row(("code",), ("period",), who=("author",), reason=""),
    "DocumentReference": Row(
        ("type",), ("context.period", "date"), recorded=("date",), verification="docStatus", who=("author",),
        encounter="context.encounter", related=("context.related",), reason="",
    ),
}  # fmt: skip

#: For what payers cite beside these (claims, statements of medication, devices, vendor types).
_ANY = Row(
    ("code", "type", "medicationCodeableConcept", "medicationReference", "deviceName"),
    ("effective", "performed", "occurrence", "onset", "billablePeriod", "period", "executionPeriod", "serviced",
     "whenHandedOver", "date", "authoredOn", "created", "recordedDate"),
    setting="class", who=("performer", "provider", "requester", "author", "asserter"), value=True,
)  # fmt: skip


def fact(resource: Json) -> Fact:
    """One resource as a Fact; what it does not state is empty."""
    kind = words(resource.get("resourceType"))
    row = ROWS.get(kind, _ANY)
    start, end = _moments(resource, row.when)
    return Fact(
        type=kind,
        ref=f"{kind}/{words(resource.get('id'))}",
        concept=_what(resource, row),
        status=code(resource.get(row.status)),
        verification=code(resource.get(row.verification)) if row.verification else "",
        category=codes(resource.get(row.category)) if row.category in resource else (),
        when=start,
        until=end or _moments(resource, row.until)[0],
        recorded=_moments(resource, row.recorded)[0],
        value=(choice(resource) if row.value else None),
        components=_components(resource),
        setting=code(resource.get(row.setting)) if row.setting else "",
        who=_who(resource, row.who),
        encounter=_first_reference(resource, row.encounter),
        related=references([value for path in row.related for value in at(resource, path)]),
        intent=words(resource.get("intent")),
        not_done_reason=_reason(resource, row),
        subject=_patient(subjects(resource)),
    )


def _patient(about: tuple[str, ...]) -> str:
    for ref in about:
        if ref.startswith("Patient/"):
            return ref
    return ""


def subjects(resource: Json) -> tuple[str, ...]:
    """Whom a resource is about, as references: the Patient, or what stands in their place."""
    stated = resource.get("subject") or resource.get("patient")
    if stated is not None:
        return (reference(stated),)
    return references(at(resource, "participant.actor"))


def _moments(resource: Json, stems: tuple[str, ...]) -> tuple[When | None, When | None]:
    """The first moment that is stated under one of these names, and its end when it is a period."""
    for key, dotted in _keys(stems):
        for stated in at(resource, key) if dotted or key in resource else ():
            start, end = period(stated) if isinstance(stated, dict) else (when(stated), None)
            if start or end:
                return start, end
    return None, None


@cache
def _keys(stems: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Every element name that a choice type of these stems may have, in order of trust; True: it is a path."""
    suffixes = ("DateTime", "Date", "Instant", "", "Period")
    return tuple((stem + s, "." in stem) for stem in stems for s in (suffixes if "." not in stem else ("",)))


def _what(resource: Json, row: Row) -> Concept:
    """What the resource is. Several concepts are joined, and the first of them names it unless it has a title."""
    stated = [resource[name] for name in row.what if resource.get(name) is not None]
    parts = [_medication(resource, s) if _is_reference(s) else concept(s) for s in stated]
    title = words(resource.get(row.title)) if row.title else ""
    if len(parts) == 1 and not title:
        return parts[0]
    text = title or next((part.label for part in parts if part.label), "")
    return Concept(tuple(c for part in parts for c in part.codings), text)


def _is_reference(stated: object) -> bool:
    return isinstance(stated, dict) and ("reference" in stated or "display" in stated) and "coding" not in stated


def _medication(resource: Json, stated: Json) -> Concept:
    """A referenced Medication, from the contained resources or by its display."""
    name = words(stated.get("reference"))
    inside = next((c for c in objs(resource.get("contained")) if name == f"#{words(c.get('id'))}"), {})
    return concept(inside["code"]) if inside.get("code") else Concept((), words(stated.get("display")))


def _components(resource: Json) -> tuple[Component, ...]:
    if "component" not in resource:
        return ()
    return tuple(Component(concept(item.get("code")), choice(item)) for item in objs(resource["component"]))


def _who(resource: Json, paths: tuple[str, ...]) -> str:
    for path in paths:
        for person in at(resource, path):
            if name := words(obj(person).get("display")):
                if path == "participant.actor" and reference(person).startswith("Patient/"):
                    continue
                return name
    return ""


def _first_reference(resource: Json, path: str) -> str:
    return next(iter(references(at(resource, path))), "") if path else ""


def _reason(resource: Json, row: Row) -> str:
    """Why it was not done; an order not to do something says so even without a reason."""
    if resource.get("doNotPerform") is True:
        return concept(resource.get(row.reason)).label or "do not perform"
    if row.reason in ("", "reasonCode"):
        return ""
    return concept(resource.get(row.reason)).label
