"""Which elements of a resource mean what: one row of data a type. Rows, not code, grow here.

Choice types are named by their stem (`effective` is effectiveDateTime, effectiveInstant or effectivePeriod).
https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Key = tuple[str, bool]  # an element, or True: a path
_SUFFIXES = ("DateTime", "Date", "Instant", "", "Period")


@dataclass(frozen=True, slots=True)
class Row:
    """Where one resource type keeps what a Fact holds. Several paths: the first that is stated, or for `what` all."""

    what: tuple[str, ...]
    when: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    status: str = "status"
    verification: str = ""
    category: str = "category"
    setting: str = ""
    who: tuple[str, ...] = ()
    encounter: str = "encounter"
    related: tuple[str, ...] = ()
    reason: str = "statusReason"
    value: bool = False
    title: str = ""  # free words that name it better than its codes do
    reported: tuple[str, ...] = ()  # elements that say that somebody else told it
    conclusion: bool = False
    place: str = ""  # the organization


ROWS: Mapping[str, Row] = {
    "Condition": Row(
        ("code",), ("onset",), ("abatement",), ("recordedDate",), status="clinicalStatus",
        verification="verificationStatus", who=("asserter", "recorder"), related=("evidence.detail",), reason="",
    ),
    "Encounter": Row(
        ("type",), ("period",), category="serviceType", setting="class",
        who=("participant.individual", "serviceProvider"), encounter="partOf",
        related=("diagnosis.condition", "reasonReference", "basedOn", "appointment"), reason="",
        place="serviceProvider",
    ),
    "Observation": Row(
        ("code",), ("effective",), recorded=("issued",), who=("performer",),
        related=("basedOn", "partOf", "hasMember", "derivedFrom"), reason="dataAbsentReason", value=True,
    ),
    "DiagnosticReport": Row(
        ("code",), ("effective",), recorded=("issued",), who=("performer", "resultsInterpreter"),
        related=("basedOn", "result"), reason="", conclusion=True,
    ),
    "Procedure": Row(
        ("code",), ("performed",), who=("performer.actor", "recorder"),
        related=("basedOn", "partOf", "reasonReference", "report"),
    ),
    "Immunization": Row(
        ("vaccineCode",), ("occurrence",), recorded=("recorded",), category="reportOrigin",
        who=("performer.actor",), reported=("primarySource", "reportOrigin", "informationSource"),
    ),
    "MedicationRequest": Row(
        ("medicationCodeableConcept", "medicationReference"), ("authoredOn",),
        ("dispenseRequest.validityPeriod.end",), ("authoredOn",), who=("requester",),
        related=("basedOn", "reasonReference"),
    ),
    "ServiceRequest": Row(
        ("code",), ("occurrence", "authoredOn"), recorded=("authoredOn",), who=("requester",),
        related=("basedOn", "reasonReference"), reason="reasonCode",
    ),
    "Appointment": Row(
        ("serviceType", "reasonCode", "appointmentType", "specialty"), ("start",), ("end",), ("created",),
        category="serviceCategory", who=("participant.actor",), encounter="", related=("basedOn", "reasonReference"),
        reason="cancelationReason", title="description",
    ),
    "AllergyIntolerance": Row(
        ("code",), ("onset",), recorded=("recordedDate",), status="clinicalStatus",
        verification="verificationStatus", who=("asserter", "recorder"), reason="",
    ),
    "Flag": Row(("code",), ("period",), who=("author",), reason=""),
    "RiskAssessment": Row(("code", "method"), ("occurrence",), who=("performer",), related=("basis",), reason=""),
    "DocumentReference": Row(
        ("type",), ("context.period", "date"), recorded=("date",), verification="docStatus", who=("author",),
        encounter="context.encounter", related=("context.related",), reason="", title="description",
    ),
}  # fmt: skip

#: Encounter.class as HL7 has it (v3-ActEncounterCode), and the words of vendors' own codes that mean just that.
CLASSES = frozenset({"AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"})
CLASS_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("ambulatory", "outpatient", "office visit"), "AMB"),
    **dict.fromkeys(("emergency", "emergency room", "emergency department"), "EMER"),
    **dict.fromkeys(("inpatient", "hospital inpatient", "inpatient encounter"), "IMP"),
    **dict.fromkeys(("observation", "observation encounter"), "OBSENC"),
    **dict.fromkeys(("virtual", "telemedicine", "telehealth"), "VR"),
    **dict.fromkeys(("home health", "home visit"), "HH"),
}

#: For what payers cite beside these (claims, statements of medication, devices, vendor types).
_ANY = Row(
    ("code", "type", "medicationCodeableConcept", "medicationReference", "deviceName"),
    ("effective", "performed", "occurrence", "onset", "billablePeriod", "period", "executionPeriod", "serviced",
     "whenHandedOver", "date", "authoredOn", "created", "recordedDate"),
    setting="class", who=("performer", "provider", "requester", "author", "asserter"), value=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stated:
    """What of a row the resources of one shape state, so that nobody looks for the rest. Empty: it is not stated."""

    what: tuple[str, ...]
    when: tuple[Key, ...]
    until: tuple[Key, ...]
    recorded: tuple[Key, ...]
    status: str
    verification: str
    category: str
    setting: str
    who: tuple[str, ...]
    encounter: str
    related: tuple[str, ...]
    reason: str
    value: tuple[str, ...]  # the types of its value, in the order in which they are stated
    components: bool
    title: str
    reported: tuple[str, ...]
    conclusion: bool
    intent: bool
    refused: bool  # may say that it is not to be done
    interpretation: bool  # its laboratory says what the result means
    place: str
    predictions: bool


@lru_cache(2048)  # the resources of one type at one EHR have few shapes: what to read of each is worked out once
def stated(kind: str, elements: tuple[str, ...]) -> Stated:
    row = ROWS.get(kind, _ANY)

    def those(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(path for path in paths if path.partition(".")[0] in elements)

    def this(path: str) -> str:
        return path if path.partition(".")[0] in elements else ""

    return Stated(
        what=those(row.what),
        when=_keys(row.when, elements), until=_keys(row.until, elements), recorded=_keys(row.recorded, elements),
        status=this(row.status), verification=this(row.verification),
        category=this(row.category), setting=this(row.setting),
        who=those(row.who), encounter=this(row.encounter), related=those(row.related), reason=this(row.reason),
        value=tuple(name[5:] for name in elements if name.startswith("value") and name != "value") if row.value else (),
        components="component" in elements, title=this(row.title), reported=those(row.reported),
        conclusion=row.conclusion and not {"conclusion", "conclusionCode"}.isdisjoint(elements),
        intent="intent" in elements, refused="doNotPerform" in elements,
        interpretation="interpretation" in elements, place=this(row.place), predictions="prediction" in elements,
    )  # fmt: skip


def _keys(stems: tuple[str, ...], elements: tuple[str, ...]) -> tuple[Key, ...]:
    """The elements that a choice type of these stems has here, in order of trust; True: it is a path."""
    keys = [(stem + s, "." in stem) for stem in stems for s in (_SUFFIXES if "." not in stem else ("",))]
    return tuple(key for key in keys if key[0].partition(".")[0] in elements)
