"""What was found and done, as FHIR R4: problems, visits with their diagnoses, measurements, reports, procedures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandbox_config.scenarios import terms
from sandbox_config.scenarios.common import COMMON
from sandbox_config.scenarios.elements import VISIT_KINDS, Resource, Row, base, categories, encounter_class, term
from sandbox_config.scenarios.papers import note
from sandbox_config.scenarios.terms import HL7, Term, coded


def problem(resource_id: str, row: Row) -> Iterator[Resource]:
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
        **base("Condition", resource_id, profile),
        "clinicalStatus": coded(f"{HL7}/condition-clinical", status),
        "verificationStatus": _ver_status("confirmed"),
        "category": categories("condition-category", category),
        "code": term(terms.CONDITIONS, key).concept,
    }


def _ver_status(code: str) -> Resource:
    return coded(f"{HL7}/condition-ver-status", code)


def visit(resource_id: str, row: Row) -> Iterator[Resource]:
    """A finished visit with its diagnoses, its vital signs and its note."""
    kind, class_code = VISIT_KINDS[row.get("kind", "office")]
    here = {"encounter": {"reference": f"Encounter/{resource_id}"}}
    whom = {"display": row["who"]} if "who" in row else {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name}
    diagnoses = [f"{resource_id}-dx-{n}" for n, _ in enumerate(row.get("why", ()), 1)]
    encounter = {
        **base("Encounter", resource_id, "us-core-encounter"),
        "status": row.get("status", "finished"),
        "class": encounter_class(class_code),
        "type": [term(terms.PROCEDURES, row["type"]).concept if "type" in row else {"text": kind}],
        "participant": [{"individual": whom}],
        "period": {"start": row["on"], "end": row.get("until", row["on"])},
    }
    if "facility" in row:
        encounter["serviceProvider"] = {"display": row["facility"]}
    if "discharged" in row:
        home = coded(f"{HL7}/discharge-disposition", row["discharged"])
        encounter["hospitalization"] = {"dischargeDisposition": home}
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
        yield {**note(f"{resource_id}-note", row["note"], row["on"]), "context": {"encounter": [here["encounter"]]}}


def _blood_pressure(resource_id: str, pressures: Sequence[float], on: str) -> Resource:
    systolic, diastolic = pressures
    return {
        **base("Observation", resource_id, "us-core-blood-pressure"),
        "status": "final",
        "category": categories("observation-category", "vital-signs"),
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
        **base("Observation", resource_id, profile),
        "status": status,
        "category": categories("observation-category", category),
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


def measured(table: Mapping[str, Term], category: str, profile: str) -> Callable[[str, Row], Iterator[Resource]]:
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


def vital(resource_id: str, row: Row) -> Iterator[Resource]:
    if row["is"] == "bp":
        yield _blood_pressure(resource_id, row["value"], row["on"])
    else:
        yield _observation(
            resource_id, term(terms.VITALS, row["is"]), row["value"], row["on"], "vital-signs", "us-core-vital-signs"
        )


def report(resource_id: str, row: Row) -> Iterator[Resource]:
    what = term(terms.REPORTS, row["is"])
    section = "RAD" if row["is"] in ("mammogram", "echo") else "GE" if row["is"] == "colonoscopy" else "PF"
    yield {
        **base("DiagnosticReport", resource_id, "us-core-diagnosticreport-note"),
        "status": row.get("status", "final"),
        "category": [coded(f"{HL7}/v2-0074", section)],
        "code": what.concept,
        "effectiveDateTime": row["on"],
        "performer": [{"display": row.get("who", "Elmsworth Imaging")}],
        **({"conclusion": row["says"]} if "says" in row else {}),
    }


def procedure(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **base("Procedure", resource_id, "us-core-procedure"),
        "status": row.get("status", "completed"),
        "code": term(terms.PROCEDURES, row["is"]).concept,
        "performedDateTime": row["on"],
        "performer": [{"actor": {"display": row.get("who", "Elmsworth Surgical Center")}}],
    }
