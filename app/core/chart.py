"""What the EHR says of one patient, in our words. FHIR shapes stop at `app/sources`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias, TypeVar, dataclass_transform

from app.core.answers import Answer

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def built_often(cls: type[T]) -> type[T]:
    """A dataclass that the type checker keeps from being written to, and that Python does not: freezing costs four
    fifths of the time it takes to build one, and a chart has hundreds.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass(frozen=True, slots=True)
class When:
    """A FHIR date of any precision as the days it may mean: `2026-03` is 1 to 31 March. `text` is as written.

    A dateTime counts as the calendar day written in it (its own offset), not as a UTC day.
    """

    start: date
    end: date
    text: str = ""

    @classmethod
    def day(cls, day: date) -> When:
        return cls(day, day, day.isoformat())


@dataclass(frozen=True, slots=True)
class Coding:
    system: str
    code: str
    display: str = ""


@built_often
class Concept:
    """A FHIR CodeableConcept: its codings and its text."""

    codings: tuple[Coding, ...] = ()
    text: str = ""

    @property
    def label(self) -> str:
        """The words to show: text, else the first display, else the first code."""
        display = next((c.display for c in self.codings if c.display), "")
        return self.text or display or next((c.code for c in self.codings), "")


@built_often
class Quantity:
    value: Decimal
    unit: str = ""  # as displayed
    code: str = ""  # UCUM
    comparator: str = ""  # <, <=, >=, >


Value: TypeAlias = Quantity | Concept | str | bool


@dataclass(frozen=True, slots=True)
class Identifier:
    system: str
    value: str
    type_code: str = ""  # v2-0203: MB member, MR medical record, NPI


@dataclass(frozen=True, slots=True)
class Name:
    use: str = ""
    family: str = ""
    given: tuple[str, ...] = ()
    text: str = ""
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """Identity as one side (EHR or payer) states it; ids of different sides are never compared."""

    id: str
    names: tuple[Name, ...] = ()
    birth_date: When | None = None
    sex: str = ""  # administrative gender code
    deceased: bool | When | None = None  # None: not stated
    identifiers: tuple[Identifier, ...] = ()
    language: str = ""  # preferred, as displayed
    interpreter: bool | None = None  # US Core interpreter needed; None: not stated
    phone: str = ""  # the first one that may be called


@dataclass(frozen=True, slots=True)
class Coverage:
    """One FHIR Coverage. `payors` are the displays and names of the payor, `identifiers` those of the payor."""

    ref: str
    status: str
    payors: tuple[str, ...] = ()
    payor_identifiers: tuple[Identifier, ...] = ()
    payor_refs: tuple[str, ...] = ()
    member_ids: tuple[Identifier, ...] = ()
    subscriber_id: str = ""
    dependent: str = ""
    relationship: str = ""  # self, spouse, child, ...
    plan: str = ""
    group: str = ""
    kind: Concept = field(default_factory=Concept)
    start: When | None = None
    end: When | None = None


@built_often
class Component:
    concept: Concept
    value: Value | None


@built_often
class Fact:
    """One chart entry of any other resource type, flattened to what rules and screens ask of it."""

    type: str  # FHIR resource type: Condition, Encounter, Observation, ...
    ref: str  # Condition/123
    concept: Concept
    status: str = ""  # status, or clinicalStatus of a Condition or AllergyIntolerance
    verification: str = ""  # verificationStatus
    category: tuple[str, ...] = ()  # category codes
    when: When | None = None  # onset/effective/performed/occurrence/period start/authored, in that spirit
    until: When | None = None  # abatement/period end
    recorded: When | None = None
    value: Value | None = None
    components: tuple[Component, ...] = ()
    setting: str = ""  # Encounter.class code: AMB, IMP, EMER, VR, HH
    who: str = ""  # performer, requester, participant as displayed
    encounter: str = ""  # Encounter/…
    related: tuple[str, ...] = ()  # based-on, reason, result references
    intent: str = ""  # orders: order, plan, proposal
    not_done_reason: str = ""
    subject: str = ""  # Patient/…, where the reader needs it (the Encounter of a launch without a patient)
    reported: bool = False  # told by somebody else: primarySource false, a report's origin, an outside source
    conclusion: Concept = Concept()  # of a report: its codes and its words
    refused: bool = False  # an order that says not to do it
    interpretation: tuple[str, ...] = ()  # codes that a laboratory puts beside a result: A, H, POS, NEG
    labels: tuple[str, ...] = ()  # meta.security codes: R, V, ETH, PSY, …
    place: str = ""  # of an Encounter: the organization (serviceProvider), as displayed


#: The chart's resource types beside Patient and Coverage. MedicationRequest stands for the medications.
CHART_TYPES: tuple[str, ...] = (
    "Condition", "Encounter", "Observation", "DiagnosticReport", "Procedure", "Immunization", "MedicationRequest",
    "ServiceRequest", "Appointment", "AllergyIntolerance", "Flag", "DocumentReference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient's chart as far as it has answered. A type that is absent from `facts` was not answered yet."""

    patient: Answer[Patient] | None = None
    coverages: Answer[tuple[Coverage, ...]] | None = None
    facts: Mapping[str, Answer[tuple[Fact, ...]]] = field(default_factory=dict)
