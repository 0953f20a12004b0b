"""What is given, ordered, booked, flagged and written down, as FHIR R4."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox_config.scenarios import terms
from sandbox_config.scenarios.common import COMMON, PAYERS
from sandbox_config.scenarios.elements import ACT_CODE, Resource, Row, base, categories, term
from sandbox_config.scenarios.terms import HL7, coded


def vaccine(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **base("Immunization", resource_id, "us-core-immunization"),
        "status": "completed",
        "vaccineCode": term(terms.VACCINES, row["is"]).concept,
        "occurrenceDateTime": row["on"],
        "primarySource": "elsewhere" not in row,
        # Told by somebody else: whose record it was, and their name.
        **(
            {"reportOrigin": coded(f"{HL7}/immunization-origin", "record", "Other Registry", row["elsewhere"])}
            if "elsewhere" in row
            else {}
        ),
    }


def medication(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **base("MedicationRequest", resource_id, "us-core-medicationrequest"),
        "status": row.get("status", "active"),
        "intent": "order",
        "medicationCodeableConcept": term(terms.MEDICATIONS, row["is"]).concept,
        "authoredOn": row["since"],
        "requester": {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name},
        "dosageInstruction": [{"text": row["dose"]}],
    }


def order(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **base("ServiceRequest", resource_id, "us-core-servicerequest"),
        "status": row.get("status", "active"),
        "intent": row.get("intent", "order"),
        "code": term({**terms.LABS, **terms.REPORTS, **terms.PROCEDURES}, row["is"]).concept,
        "authoredOn": row["on"],
        "requester": {"display": row["by"]}
        if "by" in row
        else {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name},
    }


def allergy(resource_id: str, row: Row) -> Iterator[Resource]:
    yield {
        **base("AllergyIntolerance", resource_id, "us-core-allergyintolerance"),
        "clinicalStatus": coded(f"{HL7}/allergyintolerance-clinical", "active"),
        "verificationStatus": coded(f"{HL7}/allergyintolerance-verification", "confirmed"),
        "code": term(terms.SUBSTANCES, row["is"]).concept,
        "reaction": [{"manifestation": [{"text": row["reaction"]}]}],
    }


def flag(resource_id: str, row: Row) -> Iterator[Resource]:
    code = term(terms.PROCEDURES, row["is"]).concept if "is" in row else {}
    yield {
        "resourceType": "Flag",
        "id": resource_id,
        "status": row.get("status", "active"),
        "category": categories("flag-category", row.get("category", "clinical")),
        "code": {**code, "text": row["says"]},
        "period": {"start": row["since"]},
    }


def risk(resource_id: str, row: Row) -> Iterator[Resource]:
    """RiskAssessment: a number, of what, by which method (a percentage: R4 allows up to 100)."""
    yield {
        "resourceType": "RiskAssessment",
        "id": resource_id,
        "status": row.get("status", "final"),
        "method": {"text": row["by"]},
        "code": {"text": row["says"]},
        "occurrenceDateTime": row["on"],
        "performer": {"reference": COMMON.dr.fhir_user, "display": COMMON.dr.name},
        "prediction": [{"outcome": {"text": row["says"]}, "probabilityDecimal": row["percent"]}],
    }


def document(resource_id: str, row: Row) -> Iterator[Resource]:
    """A note of ours, or with `who` a record of somebody else's: of what (`is`), and when that was done."""
    made = note(resource_id, row["says"], row["on"])
    if "who" in row:
        made["author"] = [{"display": row["who"]}]
        made["description"] = row["says"]
    if "is" in row:
        made["type"] = {**term(terms.REPORTS, row["is"]).concept, "text": row["says"]}
    if "done" in row:
        made["context"] = {"period": {"start": row["done"], "end": row["done"]}}
    yield made


def consent(resource_id: str, row: Row) -> Iterator[Resource]:
    """Consent (R4): data may not go to one payer (`to`), or to nobody at all."""
    provision: Resource = {"type": "deny", "period": {"start": row["since"]}}
    if "until" in row:
        provision["period"]["end"] = row["until"]
    if "to" in row:
        recipient = coded(f"{HL7}/v3-ParticipationType", "IRCP", "information recipient")
        whom = {"reference": f"Organization/payor-{row['to']}", "display": PAYERS[row["to"]].name}
        provision["actor"] = [{"role": recipient, "reference": whom}]
        provision["action"] = [coded(f"{HL7}/consentaction", "disclose", "Disclose")]
    yield {
        "resourceType": "Consent",
        "id": resource_id,
        "status": row.get("status", "active"),
        "scope": coded(f"{HL7}/consentscope", "patient-privacy", "Privacy Consent"),
        "category": [coded(terms.LOINC, "59284-0", "Consent Document")],
        "dateTime": row["since"],
        "organization": [{"reference": "Organization/riverbend", "display": "Riverbend Family Medicine"}],
        "policyRule": coded(ACT_CODE, "OPTIN", "opt-in"),
        "provision": provision,
    }


def note(resource_id: str, title: str, on: str) -> Resource:
    return {
        **base("DocumentReference", resource_id, "us-core-documentreference"),
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


def booking(resource_id: str, row: Row) -> Iterator[Resource]:
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
