"""Appointments as an EHR states them. FHIR shapes stop at `app/sources`. https://hl7.org/fhir/R4/appointment.html"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.core.chart import Concept, Patient

_NOTHING = Concept()

#: Appointment.status of what is shown (R4 appointmentstatus). The rest is counted where it matters, and never a row.
SHOWN = frozenset({"booked", "arrived", "checked-in"})
OVER, MISSED = "fulfilled", "noshow"


class Mode(StrEnum):
    """How the patient is seen. An appointment that does not say is taken as in person."""

    IN_PERSON = "in-person"
    VIDEO = "video"
    PHONE = "phone"


class Plan(StrEnum):
    """How an EHR is asked for a day (README, "The morning schedule")."""

    PORTABLE = "portable"  # actor, two bounds with time and offset, the patients included
    PRACTITIONER = "practitioner"  # exactly one of patient, practitioner, location, and nothing else (Oracle Health)
    LOCATION = "location"  # by the practice's locations; practitioners are told apart here
    BOOKED = "booked"  # athenahealth's own call
    WORKLIST = "worklist"  # patient by patient, from a file of the practice
    LAUNCHED = "launched"  # only the appointment that the launch names: no schedule can be listed


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment. Group visits name several patients; references are typed ("Patient/123")."""

    ref: str  # Appointment/123
    status: str  # Appointment.status
    start: datetime  # aware
    end: datetime | None = None
    patients: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    practitioner_names: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    location_names: tuple[str, ...] = ()
    kind: Concept = _NOTHING  # appointmentType
    service: Concept = _NOTHING  # serviceType
    reason: str = ""  # as written
    mode: Mode = Mode.IN_PERSON
    walk_in: bool = False
    new_patient: bool | None = None  # None: not stated
    interpreter: bool = False  # a translator takes part
    encounter: str = ""  # Encounter/…, where the EHR says that it has begun
    created: datetime | None = None
    labels: tuple[str, ...] = ()  # meta.security codes


@dataclass(frozen=True, slots=True)
class Schedule:
    """What an EHR answered for a day, before anything of it is left out. `patients` rode along."""

    appointments: tuple[Appointment, ...]
    patients: tuple[Patient, ...] = ()
    plan: Plan = Plan.PORTABLE


@dataclass(frozen=True, slots=True)
class DayAsk:
    """Whose days are asked for: `first` to `last`, both included, in the clinic's zone. `provider`: Practitioner/…"""

    provider: str
    first: date
    last: date

    @classmethod
    def of(cls, provider: str, day: date) -> DayAsk:
        return cls(provider, day, day)
