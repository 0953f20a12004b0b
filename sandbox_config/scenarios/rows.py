"""The clinical rows of a story as FHIR R4 resources in US Core shape: which section is made by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox_config.scenarios import findings, papers, terms
from sandbox_config.scenarios.elements import Resource, Row, ShapeError

_ABOUT_PATIENT = ("Immunization", "AllergyIntolerance", "Consent")  # these say `patient`, the others `subject`


def clinical(patient_id: str, told: Mapping[str, Any]) -> Iterator[Resource]:
    """All clinical resources of a chart."""
    if unknown := set(told) - set(_MAKERS) - {"coverage", "patient", "resources"}:
        raise ShapeError(f"unknown chart sections {sorted(unknown)}")
    for key, make in _MAKERS.items():
        for number, row in enumerate(told.get(key, ()), 1):
            for resource in make(f"{patient_id}-{key}-{number}", row):
                owner = "patient" if resource["resourceType"] in _ABOUT_PATIENT else "subject"
                if resource["resourceType"] != "Appointment":
                    resource[owner] = {"reference": f"Patient/{patient_id}"}
                else:
                    resource["participant"].insert(
                        0, {"actor": {"reference": f"Patient/{patient_id}"}, "status": "accepted"}
                    )
                yield resource


_MAKERS: dict[str, Callable[[str, Row], Iterator[Resource]]] = {
    "problems": findings.problem,
    "visits": findings.visit,
    "vitals": findings.vital,
    "labs": findings.measured(terms.LABS, "laboratory", "us-core-observation-lab"),
    "findings": findings.measured(terms.FINDINGS, "procedure", "us-core-observation-clinical-result"),
    "surveys": findings.measured(terms.SURVEYS, "survey", "us-core-observation-screening-assessment"),
    "reports": findings.report,
    "procedures": findings.procedure,
    "vaccines": papers.vaccine,
    "medications": papers.medication,
    "orders": papers.order,
    "allergies": papers.allergy,
    "flags": papers.flag,
    "risks": papers.risk,
    "documents": papers.document,
    "consents": papers.consent,
    "bookings": papers.booking,
}
