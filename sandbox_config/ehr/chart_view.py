"""A chart as the EHR's own page shows it: FHIR resources as lines of text. Pure; what cannot be read is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox_config.ehr.charts import Charts, Resource

MAX_LINES = 12
_INTERPRETATION = {
    "H": "high", "HH": "very high", "L": "low", "LL": "very low", "A": "abnormal", "AA": "abnormal", "POS": "positive",
}  # fmt: skip
_DATES = (
    "effectiveDateTime", "effectivePeriod", "performedDateTime", "performedPeriod", "occurrenceDateTime", "period",
    "onsetDateTime", "start", "authoredOn", "date", "recordedDate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section. `tone` is "over" for what is in the past, "abnormal" for what is out of range."""

    what: str
    detail: str = ""
    when: str = ""
    tone: str = ""
    earlier: str = ""  # the value before, of the same test


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class ChartView:
    """The patient banner and the sections below it."""

    name: str
    facts: tuple[tuple[str, str], ...]  # label and value
    allergies: str
    alerts: tuple[str, ...]
    sections: tuple[Section, ...]


def view(charts: Charts, patient_id: str, today: date, zone: ZoneInfo) -> ChartView:
    """Everything that the chart page shows of one patient."""
    patient = charts.find("Patient", patient_id) or {}
    allergies = [_text(a.get("code")) for a in charts.of("AllergyIntolerance", patient_id)]
    return ChartView(
        name=name_of(patient),
        facts=tuple(_facts(patient, charts, patient_id, today)),
        allergies=", ".join(filter(None, allergies)) or "None recorded",
        alerts=(*_alerts(patient, charts.of("Flag", patient_id)), *_refusals(charts.of("Consent", patient_id))),
        sections=tuple(section for section in _sections(charts, patient_id, zone) if section.lines),
    )


def name_of(patient: Resource) -> str:
    """The official or first name as one line; FHIR lets every part be absent."""
    names = [name for name in patient.get("name", ()) if isinstance(name, Mapping)]
    names.sort(key=lambda name: name.get("use") != "official")
    for name in names:
        parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", ""), *name.get("suffix", ())]
        if shown := str(name.get("text") or " ".join(part for part in parts if part)).strip():
            return shown
    return "(no name on file)"


def age(born: str, today: date) -> str:
    """Full years from a birth date of any precision, or "" when it is not a full date."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return ""
    return str(today.year - day.year - ((today.month, today.day) < (day.month, day.day)))


def _facts(patient: Resource, charts: Charts, patient_id: str, today: date) -> Iterator[tuple[str, str]]:
    born = str(patient.get("birthDate", ""))
    years = age(born, today)
    yield "Born", (_day(born) + (f" ({years} y)" if years else "")) if born else "not on file"
    yield "Sex", str(patient.get("gender", "not on file")).capitalize()
    yield "MRN", next((str(i.get("value", "")) for i in patient.get("identifier", ())), "none")
    payors = [_text(p) for c in charts.of("Coverage", patient_id) if c.get("status") == "active" for p in c["payor"]]
    yield "Coverage", ", ".join(filter(None, payors)) or "None on file"


def _alerts(patient: Resource, flags: Iterable[Resource]) -> Iterator[str]:
    if when := patient.get("deceasedDateTime"):
        yield f"Deceased {_day(str(when))}"
    elif patient.get("deceasedBoolean") is True:
        yield "Deceased"
    yield from (_text(flag.get("code")) for flag in flags if flag.get("status") == "active")


def _refusals(consents: Iterable[Resource]) -> Iterator[str]:
    """To whom nothing may be disclosed, by the active Consents."""
    for consent in consents:
        provision = consent.get("provision", {})
        if consent.get("status") == "active" and provision.get("type") == "deny":
            whom = ", ".join(filter(None, (_text(actor.get("reference")) for actor in provision.get("actor", ()))))
            yield f"No disclosure to {whom or 'anybody'}"


def _sections(charts: Charts, patient_id: str, zone: ZoneInfo) -> Iterator[Section]:
    def newest(resource_type: str) -> list[Resource]:
        return sorted(charts.of(resource_type, patient_id), key=_when, reverse=True)

    problems = [c for c in newest("Condition") if "problem-list-item" in _codes(c.get("category"))]
    measured = newest("Observation")
    yield _section("Problems", (_problem(c) for c in problems))
    yield _section("Medications", (_medication(m) for m in newest("MedicationRequest")))
    yield _section("Results", _results(o for o in measured if "vital-signs" not in _codes(o.get("category"))))
    yield _section("Vital signs", _results(o for o in measured if "vital-signs" in _codes(o.get("category"))))
    yield _section("Visits", (_visit(e) for e in newest("Encounter")))
    yield _section("Reports", (_named(r, "conclusion") for r in newest("DiagnosticReport")))
    yield _section("Procedures", (_named(p, "status") for p in newest("Procedure")))
    yield _section("Immunizations", (_named(i, "status") for i in newest("Immunization")))
    yield _section("Orders", (_named(o, "status") for o in newest("ServiceRequest")))
    yield _section("Tasks", (_task(t) for t in newest("Task")))
    yield _section("Documents", (_named(d, "status") for d in newest("DocumentReference")))
    yield _section("Appointments", (_appointment(a, zone) for a in newest("Appointment")))


def _section(title: str, lines: Iterable[Line]) -> Section:
    every = [line for line in lines if line.what]
    return Section(title, tuple(every[:MAX_LINES]), max(0, len(every) - MAX_LINES))


def _problem(condition: Resource) -> Line:
    status = next(iter(_codes([condition.get("clinicalStatus")])), "")
    since = f"since {_day(_when(condition))}" if _when(condition) else ""
    return Line(_text(condition.get("code")), "" if status == "active" else status, since, _over(status))


def _medication(request: Resource) -> Line:
    name = _text(request.get("medicationCodeableConcept")) or _text(request.get("medicationReference"))
    dose = next((str(d["text"]) for d in request.get("dosageInstruction", ()) if "text" in d), "")
    return Line(name, dose, _day(_when(request)), _over(str(request.get("status"))))


def _visit(encounter: Resource) -> Line:
    kinds = encounter.get("type", ())
    reasons = ", ".join(filter(None, (_text(reason) for reason in encounter.get("reasonCode", ()))))
    seen_by = (_text(p.get("individual")) for p in encounter.get("participant", ()))
    reasons = reasons or next(filter(None, seen_by), "")
    status = str(encounter.get("status", ""))
    detail = reasons if status == "finished" else ", ".join(filter(None, (reasons, status.replace("-", " "))))
    return Line(_text(kinds[0]) if kinds else "Visit", detail, _day(_when(encounter)))


def _task(task: Resource) -> Line:
    what = _text(task.get("code")) or str(task.get("description", "Task"))
    until = str(task.get("restriction", {}).get("period", {}).get("end", ""))
    detail = ", ".join(filter(None, (_text(task.get("owner")), str(task.get("status", "")).replace("-", " "))))
    return Line(what, detail, f"due {_day(until)}" if until else _day(_when(task)))


def _appointment(appointment: Resource, zone: ZoneInfo) -> Line:
    start = str(appointment.get("start", ""))
    shown = clock(datetime.fromisoformat(start).astimezone(zone)) if "T" in start else ""
    detail = ", ".join(filter(None, (shown, str(appointment.get("status", "")).replace("-", " "))))
    return Line(str(appointment.get("description", "Appointment")), detail, _day(start))


def _named(resource: Resource, detail: str) -> Line:
    code = resource.get("code") or resource.get("vaccineCode") or resource.get("type")
    said = str(resource.get(detail, ""))
    # The status is worth a word only when it is not the usual one.
    said = "" if detail == "status" and said in {"completed", "final", "current"} else said
    return Line(_text(code), said, _day(_when(resource)), _over(str(resource.get("status"))))


def _results(observations: Iterable[Resource]) -> Iterator[Line]:
    """One line a test: the newest value and the one before it. Expects the newest first."""
    series: dict[str, list[Resource]] = {}
    for observation in observations:
        series.setdefault(_text(observation.get("code")), []).append(observation)
    for name, (latest, *earlier) in series.items():
        before = next((f"{value(one)} on {_day(_when(one))}" for one in earlier if value(one)), "")
        words = [_INTERPRETATION[code] for code in _codes(latest.get("interpretation")) if code in _INTERPRETATION]
        shown = " ".join(filter(None, (value(latest), *words[:1])))
        yield Line(name, shown, _day(_when(latest)), "abnormal" if words else "", before)


def value(observation: Resource) -> str:
    """The value of an Observation as shown; components joined as in a blood pressure."""
    match observation:
        case {"valueQuantity": {"value": amount, **rest}}:
            unit = str(rest.get("unit", ""))
            return f"{amount} {'' if unit.startswith('{') else unit}".strip()  # {score} is UCUM's way to say "no unit"
        case {"valueCodeableConcept": concept}:
            return _text(concept)
        case {"valueString": text}:
            return str(text)
        case {"component": [*parts]} if parts:
            amounts = [part.get("valueQuantity", {}) for part in parts]
            shown = "/".join(str(amount.get("value", "?")) for amount in amounts)
            return f"{shown} {amounts[0].get('unit', '')}".strip()
        case _:
            return ""


# --- words and dates of FHIR ------------------------------------------------------------------------------------------


def _text(concept: Any) -> str:
    """A CodeableConcept's or Reference's words."""
    if not isinstance(concept, Mapping):
        return ""
    displays = (str(c.get("display", "")) for c in concept.get("coding", ()) if isinstance(c, Mapping))
    return str(concept.get("text") or concept.get("display") or next(filter(None, displays), ""))


def _codes(concepts: Any) -> list[str]:
    found = [one for one in concepts if isinstance(one, Mapping)] if isinstance(concepts, list) else []
    return [str(coding.get("code", "")) for concept in found for coding in concept.get("coding", ())]


def _when(resource: Resource) -> str:
    """The date that a resource is about, as written; "" when it has none."""
    for name in _DATES:
        if found := resource.get(name):
            return str(found.get("start", found.get("end", "")) if isinstance(found, Mapping) else found)
    return ""


def _day(text: str) -> str:
    """`14 Sep 2026` for a full date; a shorter date as written."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day.day} {day:%b %Y}"


def clock(moment: datetime) -> str:
    """`8:20 AM`."""
    return f"{moment:%I:%M %p}".lstrip("0")


def _over(status: str) -> str:
    over = {"resolved", "inactive", "remission", "stopped", "cancelled", "not-done", "revoked", "entered-in-error"}
    return "over" if status in over else ""
