"""Appointments of the practice as FHIR R4: the one of today that every story has, and any others (`also`).

A row says `at`, `with` (who sees the patient), `place`, `status`, `service`, `reason`, `minutes`; `mode` (video or
phone), `walk_in`, `new`, `interpreter` (a language), `group` (`id` and the patients, the same in each of their
stories), `made` (when it was booked) and `only` (a switch of the sandbox EHR without which it does not exist yet).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox_config.scenarios.common import COMMON
from sandbox_config.scenarios.elements import ACT_CODE, Resource, Row, ShapeError
from sandbox_config.scenarios.terms import HL7, coded

VISIT_MINUTES = 15
OTHERWISE = "dr3"  # whose day a story is told on, unless it says so
SWITCH = "https://riverbend.example/fhir/CodeSystem/sandbox-switch"
KEYS = {
    "at", "with", "place", "status", "service", "reason", "minutes", "mode", "walk_in", "new", "interpreter", "group",
    "made", "only",
}  # fmt: skip

_VISIT_TYPE = "https://riverbend.example/fhir/CodeSystem/visit-type"
_REASON = f"{HL7}/v2-0276"
_VIRTUAL = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService"
_SERVICES = {"video": "Video visit", "phone": "Telephone visit"}


def appointment(appointment_id: str, patient: tuple[str, str], row: Row) -> Resource:
    """One Appointment of `patient` (reference and name). `at` is an instant. Raises ShapeError."""
    if unknown := set(row) - KEYS:
        raise ShapeError(f"unknown keys of an appointment: {sorted(unknown)}")
    start, minutes = str(row["at"]), int(row.get("minutes", VISIT_MINUTES))
    reason, mode = row.get("reason", "Office visit"), str(row.get("mode", ""))
    service: Resource = {"text": row.get("service", _SERVICES.get(mode, "Office visit"))}
    if mode:
        service["coding"] = [{"system": ACT_CODE, "code": "VR", "display": "virtual"}]
    made: Resource = {
        "resourceType": "Appointment",
        "id": row["group"]["id"] if "group" in row else appointment_id,
        "status": row.get("status", "booked"),
        "serviceType": [service],
        "appointmentType": _kind(row),
        "reasonCode": [{"text": reason}],
        "description": reason,
        "start": start,
        "end": (datetime.fromisoformat(start) + timedelta(minutes=minutes)).isoformat(),
        "minutesDuration": minutes,
        "participant": list(_participants(patient, row)),
    }
    if "made" in row:
        made["created"] = row["made"]
    if "only" in row:
        made["meta"] = {"tag": [{"system": SWITCH, "code": row["only"]}]}
    if mode == "video":
        details = {"channelType": {"system": "http://hl7.org/fhir/virtual-service-type", "code": "ms-teams"}}
        made["extension"] = [
            {
                "url": _VIRTUAL,
                "extension": [{"url": name, "valueCoding": value} for name, value in details.items()],
            }
        ]
    return made


def _kind(row: Row) -> Resource:
    if row.get("walk_in"):
        return coded(_REASON, "WALKIN", "A previously unscheduled walk-in visit", "Walk-in")
    if row.get("new"):
        return coded(_VISIT_TYPE, "NEW", "New patient", "New patient visit")
    return coded(_REASON, "FOLLOWUP", "A follow up visit from a previous appointment", "Follow-up")


def _participants(patient: tuple[str, str], row: Row) -> Iterator[Resource]:
    group: Mapping[str, Any] = row.get("group", {})
    for reference, name in [(f"Patient/{one['id']}", one["name"]) for one in group.get("patients", ())] or [patient]:
        yield _participant(reference, name)
    who = COMMON.providers.get(row.get("with", OTHERWISE))
    place = COMMON.locations.get(row.get("place", COMMON.location["id"]))
    if who is None or place is None:
        raise ShapeError(f"nobody sees patients as {row.get('with')!r} at {row.get('place')!r}")
    yield _participant(who.fhir_user, who.name)
    yield _participant(f"Location/{place['id']}", place["name"])
    if "interpreter" in row:
        translator = coded(f"{HL7}/participant-type", "translator", "Translator")
        yield {
            "type": [translator],
            "actor": {"display": f"Interpreter, {row['interpreter']}"},
            "status": "accepted",
        }


def _participant(reference: str, name: str) -> Resource:
    actor = {"reference": reference, **({"display": name} if name else {})}
    return {"actor": actor, "status": "accepted"}
