"""The clinical rows of a story as FHIR R4 resources: one function a kind of row, US Core shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sandbox_config.scenarios import terms
from sandbox_config.scenarios.common import COMMON, US_CORE
from sandbox_config.scenarios.terms import HL7, Term, coded

Resource: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

ACT_CODE = f"{HL7}/v3-ActCode"
_CLASS_NAMES = {
    "AMB": "ambulatory",
    "VR": "virtual",
    "IMP": "inpatient encounter",
    "EMER": "emergency",
    "HH": "home health",
}
#: What a visit is called, and its Encounter.class.
VISIT_KINDS = {
    "office": ("Office visit", "AMB"),
    "wellness": ("Annual wellness visit", "AMB"),
    "video": ("Video visit", "VR"),
    "phone": ("Telephone call", "VR"),
    "specialist": ("Specialist visit", "AMB"),
    "emergency": ("Emergency department visit", "EMER"),
    "hospital": ("Hospital stay", "IMP"),
    "hospice": ("Hospice home visit", "HH"),
    "home-assessment": ("In-home health assessment", "HH"),
}


class ShapeError(ValueError):
    """A row that names a term or kind that nobody defined."""


def term(table: Mapping[str, Term], key: str) -> Term:
    """The term, or a ShapeError that lists what there is."""
    if key not in table:
        raise ShapeError(f"no term {key!r}; there are {', '.join(sorted(table))}")
    return table[key]


def names(person: Mapping[str, Any]) -> list[Resource]:
    """`name` as written in the story, or one official name from `given` and `family`."""
    if "name" in person:
        return list(person["name"])
    return [{"use": "official", "family": person["family"], "given": list(person["given"])}]


def shown_name(person: Mapping[str, Any]) -> str:
    """The display that other resources carry."""
    first: Resource = next(iter(names(person)), {})
    return str(first.get("text") or " ".join([*first.get("given", ()), first.get("family", "")]).strip())


def encounter_class(code: str) -> Resource:
    """Encounter.class (R4: a single Coding)."""
    return {"system": ACT_CODE, "code": code, "display": _CLASS_NAMES[code]}


def clinical(patient_id: str, told: Mapping[str, Any]) -> Iterator[Resource]:
    """All clinical resources of a chart."""
    if unknown := set(told) - set(_MAKERS) - {"coverage", "patient", "resources"}:
        raise ShapeError(f"unknown chart sections {sorted(unknown)}")
    for key, make in _MAKERS.items():
        for number, row in enumerate(told.get(key, ()), 1):
            for resource in make(f"{patient_id}-{key}-{number}", row):
                owner = "patient" if resource["resourceType"] in ("Immunization", "AllergyIntolerance") else "subject"
                if resource["resourceType"] != "Appointment":
                    resource[owner] = {"reference": f"Patient/{patient_id}"}
                else:
                    resource["participant"].insert(
                        0, {"actor": {"reference": f"Patient/{patient_id}"}, "status": "accepted"}
                    )
                yield resource


def _base(resource_type: str, resource_id: str, profile: str) -> Resource:
    return {"resourceType": resource_type, "id": resource_id, "meta": {"profile": [f"{US_CORE}/{profile}"]}}


def _category(system: str, code: str) -> list[Resource]:
    return [coded(f"{HL7}/{system}", code)]


def _problem(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_condition(resource_id, row["is"], "problem-list-item", row.get("status", "active")),
        "verificationStatus": _ver_status(row.get("verified", "confirmed")),
        "onsetDateTime": row["since"],
        "recordedDate": row.get("recorded", row["since"]),
        **({"abatementDateTime": row["until"]} if "until" in row else {}),
    }


def _condition(resource_id: str, key: str, category: str, status: str = "active") -> Resource:
    profile = (
        "us-core-condition-encounter-diagnosis"
        if category == "encounter-diagnosis"
        else "us-core-condition-problems-health-concerns"
    )
    return {
        **_base("Condition", resource_id, profile),
        "clinicalStatus": coded(f"{HL7}/condition-clinical", status),
        "verificationStatus": _ver_status("confirmed"),
        "category": _category("condition-category", category),
        "code": term(terms.CONDITIONS, key).concept,
    }


def _ver_status(code: str) -> Resource:
    return coded(f"{HL7}/condition-ver-status", code)


def _visit(resource_id: str, row: Row) -> Iterator[Resource]:
    """A finished visit with its diagnoses, its vital signs and its note."""
    kind, class_code = VISIT_KINDS[row.get("kind", "office")]
    here = {"encounter": {"reference": f"Encounter/{resource_id}"}}
    whom = {"display": row["who"]} if "who" in row else {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name}
    diagnoses = [f"{resource_id}-dx-{n}" for n, _ in enumerate(row.get("why", ()), 1)]
    encounter = {
        **_base("Encounter", resource_id, "us-core-encounter"),
        "status": row.get("status", "finished"),
        "class": encounter_class(class_code),
        "type": [term(terms.PROCEDURES, row["type"]).concept if "type" in row else {"text": kind}],
        "participant": [{"individual": whom}],
        "period": {"start": row["on"], "end": row.get("until", row["on"])},
    }
    if diagnoses:
        encounter["diagnosis"] = [{"condition": {"reference": f"Condition/{key}"}} for key in diagnoses]
    yield encounter
    for key, why in zip(diagnoses, row.get("why", ()), strict=True):
        yield {**_condition(key, why, "encounter-diagnosis"), **here, "recordedDate": row["on"]}
    if "bp" in row:
        yield {**_blood_pressure(f"{resource_id}-bp", row["bp"], row["on"]), **here}
    for key in (key for key in terms.VITALS if key in row):
        vital = _observation(
            f"{resource_id}-{key}", terms.VITALS[key], row[key], row["on"], "vital-signs", "us-core-vital-signs"
        )
        yield {**vital, **here}
    if "note" in row:
        yield {**_note(f"{resource_id}-note", row["note"], row["on"]), "context": {"encounter": [here["encounter"]]}}


def _blood_pressure(resource_id: str, pressures: Sequence[float], on: str) -> Resource:
    systolic, diastolic = pressures
    return {
        **_base("Observation", resource_id, "us-core-blood-pressure"),
        "status": "final",
        "category": _category("observation-category", "vital-signs"),
        "code": terms.BP.concept,
        "effectiveDateTime": on,
        "component": [
            {"code": terms.SYSTOLIC.concept, "valueQuantity": _quantity(systolic, terms.SYSTOLIC)},
            {"code": terms.DIASTOLIC.concept, "valueQuantity": _quantity(diastolic, terms.DIASTOLIC)},
        ],
    }


def _observation(
    resource_id: str, what: Term, value: Any, on: str, category: str, profile: str, status: str = "final"
) -> Resource:
    observation: Resource = {
        **_base("Observation", resource_id, profile),
        "status": status,
        "category": _category("observation-category", category),
        "code": what.concept,
        "effectiveDateTime": on,
    }
    if isinstance(value, str):
        observation["valueCodeableConcept"] = {"text": value}
    else:
        observation["valueQuantity"] = _quantity(value, what)
    if what.reference:
        observation["referenceRange"] = [{"text": what.reference}]
    return observation


def _quantity(value: float, what: Term) -> Resource:
    return {"value": value, "unit": what.unit, "system": terms.UCUM, "code": what.ucum}


def _measured(table: Mapping[str, Term], category: str, profile: str) -> Callable[[str, Row], Iterator[Resource]]:
    def make(resource_id: str, row: Row) -> Iterator[Resource]:
        observation = _observation(
            resource_id, term(table, row["is"]), row["value"], row["on"], category, profile, row.get("status", "final")
        )
        if "flag" in row:
            observation["interpretation"] = [
                {"coding": [{"system": f"{HL7}/v3-ObservationInterpretation", "code": row["flag"]}]}
            ]
        yield observation

    return make


def _vital(resource_id: str, row: Row) -> Iterator[Resource]:
    if row["is"] == "bp":
        yield _blood_pressure(resource_id, row["value"], row["on"])
    else:
        yield _observation(
            resource_id, term(terms.VITALS, row["is"]), row["value"], row["on"], "vital-signs", "us-core-vital-signs"
        )


def _report(resource_id: str, row: Row) -> Iterator[Resource]:
    what = term(terms.REPORTS, row["is"])
    section = "RAD" if row["is"] in ("mammogram", "echo") else "GE" if row["is"] == "colonoscopy" else "PF"
    yield {
        **_base("DiagnosticReport", resource_id, "us-core-diagnosticreport-note"),
        "status": row.get("status", "final"),
        "category": [coded(f"{HL7}/v2-0074", section)],
        "code": what.concept,
        "effectiveDateTime": row["on"],
        "performer": [{"display": row.get("who", "Elmsworth Imaging")}],
        **({"conclusion": row["says"]} if "says" in row else {}),
    }


def _procedure(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_base("Procedure", resource_id, "us-core-procedure"),
        "status": row.get("status", "completed"),
        "code": term(terms.PROCEDURES, row["is"]).concept,
        "performedDateTime": row["on"],
        "performer": [{"actor": {"display": row.get("who", "Elmsworth Surgical Center")}}],
    }


def _vaccine(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_base("Immunization", resource_id, "us-core-immunization"),
        "status": "completed",
        "vaccineCode": term(terms.VACCINES, row["is"]).concept,
        "occurrenceDateTime": row["on"],
        "primarySource": True,
    }


def _medication(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_base("MedicationRequest", resource_id, "us-core-medicationrequest"),
        "status": row.get("status", "active"),
        "intent": "order",
        "medicationCodeableConcept": term(terms.MEDICATIONS, row["is"]).concept,
        "authoredOn": row["since"],
        "requester": {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name},
        "dosageInstruction": [{"text": row["dose"]}],
    }


def _order(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_base("ServiceRequest", resource_id, "us-core-servicerequest"),
        "status": row.get("status", "active"),
        "intent": row.get("intent", "order"),
        "code": term({**terms.LABS, **terms.REPORTS, **terms.PROCEDURES}, row["is"]).concept,
        "authoredOn": row["on"],
        "requester": {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name},
    }


def _allergy(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **_base("AllergyIntolerance", resource_id, "us-core-allergyintolerance"),
        "clinicalStatus": coded(f"{HL7}/allergyintolerance-clinical", "active"),
        "verificationStatus": coded(f"{HL7}/allergyintolerance-verification", "confirmed"),
        "code": term(terms.SUBSTANCES, row["is"]).concept,
        "reaction": [{"manifestation": [{"text": row["reaction"]}]}],
    }


def _flag(resource_id: str, row: Row) -> Iterator[Resource]:
    code = term(terms.PROCEDURES, row["is"]).concept if "is" in row else {}
    yield {
        "resourceType": "Flag",
        "id": resource_id,
        "status": row.get("status", "active"),
        "category": _category("flag-category", row.get("category", "clinical")),
        "code": {**code, "text": row["says"]},
        "period": {"start": row["since"]},
    }


def _document(resource_id: str, row: Row) -> Iterator[Resource]:
    yield _note(resource_id, row["says"], row["on"])


def _note(resource_id: str, title: str, on: str) -> Resource:
    return {
        **_base("DocumentReference", resource_id, "us-core-documentreference"),
        "status": "current",
        "type": {"coding": [{"system": terms.LOINC, "code": "11506-3", "display": "Progress note"}], "text": title},
        "category": [
            {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                        "code": "clinical-note",
                    }
                ]
            }
        ],
        "date": on,
        "author": [{"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name}],
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "url": f"https://riverbend.example/notes/{resource_id}",
                    "title": title,
                }
            }
        ],
    }


def _booking(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        "resourceType": "Appointment",
        "id": resource_id,
        "status": row.get("status", "booked"),
        "serviceType": [{"text": row["says"]}],
        "description": row["says"],
        "start": row["on"],
        "end": row.get("until", row["on"]),
        "participant": [{"actor": {"display": row.get("who", "Elmsworth Imaging")}, "status": "accepted"}],
    }


_MAKERS: dict[str, Callable[[str, Row], Iterator[Resource]]] = {
    "problems": _problem,
    "visits": _visit,
    "vitals": _vital,
    "labs": _measured(terms.LABS, "laboratory", "us-core-observation-lab"),
    "findings": _measured(terms.FINDINGS, "procedure", "us-core-observation-clinical-result"),
    "surveys": _measured(terms.SURVEYS, "survey", "us-core-observation-screening-assessment"),
    "reports": _report,
    "procedures": _procedure,
    "vaccines": _vaccine,
    "medications": _medication,
    "orders": _order,
    "allergies": _allergy,
    "flags": _flag,
    "documents": _document,
    "bookings": _booking,
}
