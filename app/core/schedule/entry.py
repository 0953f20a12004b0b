"""What a practice has set for its schedule: how its EHR is asked, who may open whose day, protocols, prefetch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.core.schedule.appointment import Plan


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """`schedule` of an EHR entry. `plan` None: chosen from the CapabilityStatement."""

    plan: Plan | None = None
    locations: tuple[str, ...] = ()  # Location/…, for Plan.LOCATION (or where a practitioner cannot be asked for)
    worklist: str = ""  # path of a CSV file, for Plan.WORKLIST
    practice: str = ""  # athenahealth's practice id, for Plan.BOOKED
    departments: tuple[str, ...] = ()  # athenahealth's department ids


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One `provider` row of an EHR entry: a provider whose day others than themselves may open.

    `roles` and `users` are who may; a provider may always open their own day, with or without a row.
    """

    ref: str  # Practitioner/…
    name: str
    roles: tuple[str, ...] = ()  # Role values
    users: tuple[str, ...] = ()  # Practitioner/…
    npi: str = ""  # by which payers know them


@dataclass(frozen=True, slots=True)
class ContraRow:
    """What must have been read and be absent before a protocol's act may be done. `system|code`, any of them."""

    name: str
    type: str  # FHIR resource type
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One `protocol` row of an EHR entry: a standing order of the practice. Without one nothing is eligible."""

    name: str
    version: str
    approver: str
    expires: date
    acts: tuple[str, ...]  # Card.act keys: the rules' keys
    contraindications: tuple[ContraRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefetch:
    """`prefetch` of an EHR entry: tomorrow's schedule is asked for in the night, with the system's own token."""

    client_id: str
    at: str = "02:00"  # in the clinic's zone
    scopes: tuple[str, ...] = ()  # system/…
    assertion_alg: str = "ES384"
    types: tuple[str, ...] = ("Appointment", "Patient", "Coverage", "Consent", "Flag")  # nothing else is read
    providers: tuple[str, ...] = ()  # Practitioner/…; none: every `provider` row
