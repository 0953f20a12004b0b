"""A story's compact rows as FHIR R4 resources in US Core shape: who the patient is, who covers them, when seen.

The clinical rows stand in `rows.py`. Resources are plain JSON; a story may add or override anything through `resources`
and `patient`, so that bad input can be told too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sandbox_config.scenarios import rows
from sandbox_config.scenarios.appointments import OTHERWISE, appointment
from sandbox_config.scenarios.common import COMMON, MRN, PAYERS, US_CORE, PayerFacts
from sandbox_config.scenarios.dates import instant
from sandbox_config.scenarios.elements import ACT_CODE, Resource, ShapeError, encounter_class, names, shown_name
from sandbox_config.scenarios.terms import HL7, coded

__all__ = ["Chart", "Resource", "ShapeError", "payer_patient"]

IDENTIFIER_TYPE = f"{HL7}/v2-0203"
HOME_TOWN = {"use": "home", "city": "Elmsworth", "state": "NY", "postalCode": "00000"}

_COVERAGE_KINDS = {
    "medicare-advantage": ("MCPOL", "managed care policy", "Medicare Advantage"),
    "commercial": ("EHCPOL", "extended healthcare", "Commercial PPO"),
    "medicaid": ("SUBSIDIZ", "subsidized health program", "Medicaid managed care"),
    "dental": ("DENTPRG", "dental program", "Dental"),
}


class Chart:
    """Everything that the EHR holds about one story's patient."""

    def __init__(self, story: Mapping[str, Any], *, today: date) -> None:
        self._story = story
        self._today = today
        self._person: Mapping[str, Any] = story["person"]
        self.patient_id: str = self._person["id"]
        told: Mapping[str, Any] = story.get("appointment", {})
        self.appointment_id: str = told.get("group", {}).get("id", f"{self.patient_id}-appt")
        self._self = (f"Patient/{self.patient_id}", shown_name(self._person))
        self._reason: str = story.get("reason", "Office visit")
        self._provider = COMMON.providers[told.get("with", OTHERWISE)]
        self.encounter_id = f"{self.patient_id}-visit" if story.get("in_room", True) else None

    def resources(self) -> Iterator[Resource]:
        """The Patient first, then coverage, today's appointment and visit, clinical rows, what the story adds as is."""
        told: Mapping[str, Any] = self._story["chart"]
        yield self._patient()
        for number, row in enumerate(told.get("coverage", ()), 1):
            yield self._coverage(number, row)
        yield self._appointment()
        for number, row in enumerate(self._story.get("also", ()), 1):
            yield appointment(f"{self.patient_id}-also-{number}", self._self, row)
        if self.encounter_id:
            yield self._visit()
        yield from rows.clinical(self.patient_id, told)
        yield from told.get("resources", ())

    def _patient(self) -> Resource:
        identifier = {
            "use": "usual",
            "type": coded(IDENTIFIER_TYPE, "MR", "Medical record number"),
            "system": MRN,
            "value": self._person["mrn"],
        }
        patient = _demographics(self._person)
        patient["meta"] = {"profile": [f"{US_CORE}/us-core-patient"]}
        patient["identifier"] = [identifier]
        patient["telecom"] = [{"system": "phone", "value": self._person.get("phone", "(555) 555-0142"), "use": "home"}]
        patient["address"] = [{**HOME_TOWN, **self._person.get("address", {})}]
        patient["managingOrganization"] = {"reference": "Organization/riverbend"}
        return {**patient, **self._story["chart"].get("patient", {})}

    def _coverage(self, number: int, row: Mapping[str, Any]) -> Resource:
        payer, member = PAYERS[row["payer"]], row["member"]
        code, display, text = _COVERAGE_KINDS[row.get("kind", "medicare-advantage")]
        coverage: Resource = {
            "resourceType": "Coverage",
            "id": f"{self.patient_id}-cov-{number}",
            "meta": {"profile": [f"{US_CORE}/us-core-coverage"]},
            "identifier": [_member_number(payer, member)],
            "status": row.get("status", "active"),
            "type": coded(ACT_CODE, code, display, text),
            "subscriberId": row.get("subscriber_id", member),
            "beneficiary": {"reference": f"Patient/{self.patient_id}"},
            "relationship": coded(f"{HL7}/subscriber-relationship", row.get("relationship", "self")),
            "period": {"start": row["since"], **({"end": row["until"]} if "until" in row else {})},
            "payor": [_payor(payer)],
            "class": [_class("plan", row["plan"])],
        }
        if row.get("member_in") == "subscriberId":  # many EHRs fill only one of the two (us-core-15 wants at least one)
            del coverage["identifier"]
        if "dependent" in row:
            coverage["dependent"] = row["dependent"]
        if "group" in row:
            coverage["class"].append(_class("group", row["group"]))
        return coverage

    def _appointment(self) -> Resource:
        row = {
            "at": instant(self._today, self._story["at"]),
            "status": "checked-in" if self.encounter_id else "booked",
            "reason": self._reason,
            **self._story.get("appointment", {}),
        }
        return appointment(f"{self.patient_id}-appt", self._self, row)

    def _visit(self) -> Resource:
        return {
            "resourceType": "Encounter",
            "id": self.encounter_id,
            "meta": {"profile": [f"{US_CORE}/us-core-encounter"]},
            "status": "in-progress",
            "class": encounter_class("AMB"),
            "type": [{"text": "Office visit"}],
            "subject": {"reference": f"Patient/{self.patient_id}"},
            "participant": [{"individual": _reference(self._provider.fhir_user, self._provider.name)}],
            "appointment": [{"reference": f"Appointment/{self.appointment_id}"}],
            "period": {"start": instant(self._today, self._story["at"])},
            "reasonCode": [{"text": self._reason}],
            "location": [{"location": _reference(f"Location/{COMMON.location['id']}", COMMON.location["name"])}],
            "serviceProvider": {"reference": "Organization/riverbend"},
        }


def payer_patient(person: Mapping[str, Any], payer: PayerFacts, member: str) -> Resource:
    """The payer's own record of the person, under the payer's id."""
    patient = _demographics(person)
    patient["identifier"] = [_member_number(payer, member)]
    return patient


def _demographics(person: Mapping[str, Any]) -> Resource:
    patient: Resource = {"resourceType": "Patient", "id": person["id"], "active": True, "name": names(person)}
    if not patient["name"]:
        del patient["name"]
    if person.get("gender"):
        patient["gender"] = person["gender"]
    if person.get("born"):
        patient["birthDate"] = person["born"]
    if person.get("deceased") is not None:
        key = "deceasedBoolean" if isinstance(person["deceased"], bool) else "deceasedDateTime"
        patient[key] = person["deceased"]
    return patient


def _member_number(payer: PayerFacts, member: str) -> Resource:
    return {"type": coded(IDENTIFIER_TYPE, "MB", "Member Number"), "system": payer.member_system, "value": member}


def _reference(reference: str, display: str) -> Resource:
    return {"reference": reference, **({"display": display} if display else {})}


def _payor(payer: PayerFacts) -> Resource:
    return {
        "reference": f"Organization/payor-{payer.id}",
        "identifier": {"system": "https://riverbend.example/payor-id", "value": payer.payor_id},
        "display": payer.name,
    }


def _class(kind: str, value: str) -> Resource:
    return {"type": coded(f"{HL7}/coverage-class", kind), "value": value, "name": value}
