"""Which search parameters each FHIR type has here, as data: what US Core asks of a server, no more.

The CapabilityStatement and the search itself are both made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Param:
    """One search parameter: its kind and the element paths it looks at."""

    kind: str  # token | reference | date | string
    paths: tuple[str, ...]


def _of(kind: str, *paths: str) -> Param:
    return Param(kind, paths)


def _about(*, path: str = "subject", **others: Param) -> dict[str, Param]:
    """Parameters of a type that belongs to a patient. Underscores stand for hyphens; one at the end is dropped."""
    named = {name.rstrip("_").replace("_", "-"): param for name, param in others.items()}
    return {"patient": _of("reference", path), **named}


_CODE, _STATUS, _CATEGORY = _of("token", "code"), _of("token", "status"), _of("token", "category")
_ACTOR = _of("reference", "participant.actor")
_ENCOUNTER = _of("reference", "encounter")
_IDENTIFIER = _of("token", "identifier")

_PARAMS: Mapping[str, Mapping[str, Param]] = {
    "Patient": {
        "identifier": _of("token", "identifier"),
        "name": _of("string", "name"),
        "family": _of("string", "name.family"),
        "given": _of("string", "name.given"),
        "birthdate": _of("date", "birthDate"),
        "gender": _of("token", "gender"),
    },
    "Coverage": _about(path="beneficiary", status=_STATUS, payor=_of("reference", "payor")),
    "Condition": _about(
        code=_CODE,
        category=_CATEGORY,
        encounter=_ENCOUNTER,
        clinical_status=_of("token", "clinicalStatus"),
        onset_date=_of("date", "onsetDateTime", "onsetPeriod"),
        recorded_date=_of("date", "recordedDate"),
    ),
    "Encounter": _about(
        status=_STATUS,
        date=_of("date", "period"),
        class_=_of("token", "class"),
        type=_of("token", "type"),
        practitioner=_of("reference", "participant.individual"),
        appointment=_of("reference", "appointment"),
    ),
    "Observation": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        encounter=_ENCOUNTER,
        date=_of("date", "effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    ),
    "DiagnosticReport": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        encounter=_ENCOUNTER,
        date=_of("date", "effectiveDateTime", "effectivePeriod"),
    ),
    "Procedure": _about(
        code=_CODE, status=_STATUS, encounter=_ENCOUNTER, date=_of("date", "performedDateTime", "performedPeriod")
    ),
    "Immunization": _about(
        path="patient", status=_STATUS, vaccine_code=_of("token", "vaccineCode"), date=_of("date", "occurrenceDateTime")
    ),
    "MedicationRequest": _about(
        status=_STATUS,
        intent=_of("token", "intent"),
        encounter=_ENCOUNTER,
        authoredon=_of("date", "authoredOn"),
        medication=_of("reference", "medicationReference"),
    ),
    "Medication": {"code": _CODE, "status": _STATUS},
    "ServiceRequest": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        intent=_of("token", "intent"),
        identifier=_IDENTIFIER,
        authored=_of("date", "authoredOn"),
    ),
    "Task": _about(
        path="for",
        status=_STATUS,
        identifier=_IDENTIFIER,
        owner=_of("reference", "owner"),
        encounter=_ENCOUNTER,
        authored_on=_of("date", "authoredOn"),
    ),
    "Appointment": _about(
        path="participant.actor",
        status=_STATUS,
        date=_of("date", "start"),
        actor=_ACTOR,
        practitioner=_ACTOR,
        location=_ACTOR,
    ),
    "RiskAssessment": _about(status=_STATUS, date=_of("date", "occurrenceDateTime"), method=_of("token", "method")),
    "AllergyIntolerance": _about(path="patient", clinical_status=_of("token", "clinicalStatus")),
    "Flag": _about(date=_of("date", "period"), encounter=_ENCOUNTER),
    "Consent": _about(
        path="patient", status=_STATUS, category=_CATEGORY, scope=_of("token", "scope"), date=_of("date", "dateTime")
    ),
    "DocumentReference": _about(
        status=_STATUS,
        identifier=_IDENTIFIER,
        category=_CATEGORY,
        type=_of("token", "type"),
        date=_of("date", "date"),
        period=_of("date", "context.period"),
    ),
    "Practitioner": {"identifier": _of("token", "identifier"), "name": _of("string", "name")},
    "PractitionerRole": {
        "practitioner": _of("reference", "practitioner"),
        "organization": _of("reference", "organization"),
        "location": _of("reference", "location"),
        "specialty": _of("token", "specialty"),
        "role": _of("token", "code"),
    },
    "Organization": {"identifier": _of("token", "identifier"), "name": _of("string", "name")},
    "Location": {"name": _of("string", "name"), "organization": _of("reference", "managingOrganization")},
}
_EVERYWHERE: Mapping[str, Param] = {"_id": _of("token", "id"), "_lastUpdated": _of("date", "meta.lastUpdated")}
_TARGETS = {"patient": "Patient", "practitioner": "Practitioner", "location": "Location", "encounter": "Encounter"}

TYPES: tuple[str, ...] = tuple(_PARAMS)


def params_of(resource_type: str) -> Mapping[str, Param]:
    """The search parameters of one type, by name."""
    return {**_PARAMS[resource_type], **_EVERYWHERE}


def includes_of(resource_type: str) -> tuple[str, ...]:
    """The values of `_include` that one type accepts."""
    return tuple(
        f"{resource_type}:{name}" for name, param in _PARAMS[resource_type].items() if param.kind == "reference"
    )


def target_of(name: str) -> str:
    """The one type that a reference parameter points to, or "" where it may be any (`actor`)."""
    return _TARGETS.get(name, "")
