"""FHIR R4 search over plain resources: which parameters each type has, and what they match. Pure.

Only what US Core asks of a server, strictly: a parameter or modifier that is not here is an error, never ignored
(FHIR allows both; an ignored parameter hides a client's mistake). https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Resource = Mapping[str, Any]


class BadSearch(Exception):
    """The search cannot be understood; the text says which part."""


@dataclass(frozen=True, slots=True)
class Param:
    """One search parameter: its kind and the element paths it looks at."""

    kind: str  # token | reference | date | string
    paths: tuple[str, ...]


def _of(kind: str, *paths: str) -> Param:
    return Param(kind, paths)


def _about(*, path: str = "subject", **others: Param) -> dict[str, Param]:
    """Parameters of a type that belongs to a patient. Underscores stand for the hyphens of FHIR's names."""
    named = {name.replace("_", "-"): param for name, param in others.items()}
    return {"patient": _of("reference", path), **named}


_CODE, _STATUS, _CATEGORY = _of("token", "code"), _of("token", "status"), _of("token", "category")
_ACTOR = _of("reference", "participant.actor")
_ENCOUNTER = _of("reference", "encounter")

_PARAMS: Mapping[str, Mapping[str, Param]] = {
    "Patient": {
        "identifier": _of("token", "identifier"),
        "name": _of("string", "name"),
        "family": _of("string", "name.family"),
        "given": _of("string", "name.given"),
        "birthdate": _of("date", "birthDate"),
        "gender": _of("token", "gender"),
    },
    "Coverage": _about(path="beneficiary", status=_STATUS, payor=_of("reference", "payor")),
    "Condition": _about(
        code=_CODE,
        category=_CATEGORY,
        encounter=_ENCOUNTER,
        clinical_status=_of("token", "clinicalStatus"),
        onset_date=_of("date", "onsetDateTime", "onsetPeriod"),
        recorded_date=_of("date", "recordedDate"),
    ),
    "Encounter": _about(
        status=_STATUS, date=_of("date", "period"), **{"class": _of("token", "class")}, type=_of("token", "type")
    ),
    "Observation": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        encounter=_ENCOUNTER,
        date=_of("date", "effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    ),
    "DiagnosticReport": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        encounter=_ENCOUNTER,
        date=_of("date", "effectiveDateTime", "effectivePeriod"),
    ),
    "Procedure": _about(
        code=_CODE, status=_STATUS, encounter=_ENCOUNTER, date=_of("date", "performedDateTime", "performedPeriod")
    ),
    "Immunization": _about(
        path="patient", status=_STATUS, vaccine_code=_of("token", "vaccineCode"), date=_of("date", "occurrenceDateTime")
    ),
    "MedicationRequest": _about(
        status=_STATUS,
        intent=_of("token", "intent"),
        encounter=_ENCOUNTER,
        authoredon=_of("date", "authoredOn"),
        medication=_of("reference", "medicationReference"),
    ),
    "Medication": {"code": _CODE, "status": _STATUS},
    "ServiceRequest": _about(
        code=_CODE,
        category=_CATEGORY,
        status=_STATUS,
        intent=_of("token", "intent"),
        authored=_of("date", "authoredOn"),
    ),
    "Appointment": _about(
        path="participant.actor",
        status=_STATUS,
        date=_of("date", "start"),
        actor=_ACTOR,
        practitioner=_ACTOR,
        location=_ACTOR,
    ),
    "AllergyIntolerance": _about(path="patient", clinical_status=_of("token", "clinicalStatus")),
    "Flag": _about(date=_of("date", "period"), encounter=_ENCOUNTER),
    "DocumentReference": _about(
        status=_STATUS,
        category=_CATEGORY,
        type=_of("token", "type"),
        date=_of("date", "date"),
        period=_of("date", "context.period"),
    ),
    "Practitioner": {"identifier": _of("token", "identifier"), "name": _of("string", "name")},
    "PractitionerRole": {
        "practitioner": _of("reference", "practitioner"),
        "organization": _of("reference", "organization"),
        "location": _of("reference", "location"),
        "specialty": _of("token", "specialty"),
        "role": _of("token", "code"),
    },
    "Organization": {"identifier": _of("token", "identifier"), "name": _of("string", "name")},
    "Location": {"name": _of("string", "name"), "organization": _of("reference", "managingOrganization")},
}
_EVERYWHERE: Mapping[str, Param] = {"_id": _of("token", "id"), "_lastUpdated": _of("date", "meta.lastUpdated")}
_TARGET = {"patient": "Patient", "practitioner": "Practitioner", "location": "Location", "encounter": "Encounter"}

TYPES: tuple[str, ...] = tuple(_PARAMS)


def params_of(resource_type: str) -> Mapping[str, Param]:
    """The search parameters of one type, by name."""
    return {**_PARAMS[resource_type], **_EVERYWHERE}


def includes_of(resource_type: str) -> tuple[str, ...]:
    """The values of `_include` that one type accepts."""
    return tuple(
        f"{resource_type}:{name}" for name, param in _PARAMS[resource_type].items() if param.kind == "reference"
    )


# --- matching ---------------------------------------------------------------------------------------------------------


def values(resource: Any, path: str) -> Iterator[Any]:
    """Everything found at a dotted path, lists flattened, absent elements skipped."""
    if isinstance(resource, list):
        for item in resource:
            yield from values(item, path)
    elif not path:
        yield resource
    elif isinstance(resource, Mapping):
        head, _, rest = path.partition(".")
        if head in resource:
            yield from values(resource[head], rest)


def matcher(resource_type: str, query: Iterable[tuple[str, str]], zone: ZoneInfo) -> Callable[[Resource], bool]:
    """A test for one resource, from the search's (name, value) pairs. Raises BadSearch."""
    known = params_of(resource_type)
    tests: list[Callable[[Resource], bool]] = []
    for name, value in query:
        if name not in known:
            raise BadSearch(f"{resource_type} has no search parameter {name!r} here")
        if not value:
            raise BadSearch(f"{name} has no value")
        tests.append(_test(name, known[name], value, zone))
    return lambda resource: all(test(resource) for test in tests)


def _test(name: str, param: Param, value: str, zone: ZoneInfo) -> Callable[[Resource], bool]:
    alternatives = [_one(name, param.kind, part, zone) for part in value.split(",")]

    def test(resource: Resource) -> bool:
        found = [item for path in param.paths for item in values(resource, path)]
        return any(matches(item) for matches in alternatives for item in found)

    return test


def _one(name: str, kind: str, text: str, zone: ZoneInfo) -> Callable[[Any], bool]:
    match kind:
        case "token":
            return lambda item: _token(item, text)
        case "reference":
            target = _TARGET.get(name, "")
            return lambda item: _reference(item, text, target)
        case "date":
            return _date_test(text, zone)
        case _:
            return lambda item: any(word.casefold().startswith(text.casefold()) for word in _words(item))


def _token(item: Any, text: str) -> bool:
    system, bar, code = text.rpartition("|")
    return any(
        (not code or code == found) and (not bar or found_system is None or system == found_system)
        for found_system, found in _codes(item)
    )


def _codes(item: Any) -> Iterator[tuple[str | None, str]]:
    """System and code of a code, boolean, Coding, CodeableConcept or Identifier; a plain code has no system to compare."""
    if isinstance(item, bool):
        yield None, str(item).lower()
    elif isinstance(item, str):
        yield None, item
    elif isinstance(item, Mapping):
        for coding in item.get("coding", ()):
            yield str(coding.get("system", "")), str(coding.get("code", ""))
        if "code" in item or "value" in item:
            yield str(item.get("system", "")), str(item.get("code", item.get("value", "")))


def _reference(item: Any, text: str, target: str) -> bool:
    found = str(item.get("reference", "")) if isinstance(item, Mapping) else ""
    if target and not found.startswith(f"{target}/"):
        return False
    wanted = "/".join(text.split("/")[-2:])
    return wanted in (found, found.rpartition("/")[2])


def _words(item: Any) -> Iterator[str]:
    for part in item.values() if isinstance(item, Mapping) else [item]:
        for word in part if isinstance(part, list) else [part]:
            yield str(word)
            yield from str(word).split()


# --- dates: a value of any precision is a span of time ----------------------------------------------------------------

_DATE = re.compile(r"(eq|ne|ge|le|gt|lt|sa|eb)?(\d{4}(?:-\d{2}(?:-\d{2}(?:T.+)?)?)?)")
_SECONDS = re.compile(r"T\d\d:\d\d:\d\d")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_COMPARE: Mapping[str, Callable[[datetime, datetime, datetime, datetime], bool]] = {
    # span of the resource (start, end), span of the parameter (low, high); ends are exclusive
    "eq": lambda start, end, low, high: start >= low and end <= high,
    "ne": lambda start, end, low, high: start < low or end > high,
    "ge": lambda start, end, low, high: end > low,
    "le": lambda start, end, low, high: start < high,
    "gt": lambda start, end, low, high: end > high,
    "lt": lambda start, end, low, high: start < low,
    "sa": lambda start, end, low, high: start >= high,
    "eb": lambda start, end, low, high: end <= low,
}


def _date_test(text: str, zone: ZoneInfo) -> Callable[[Any], bool]:
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadSearch(f"{text!r} is not a date")
    low, high = span(match[2], zone)
    compare = _COMPARE[match[1] or "eq"]

    def test(item: Any) -> bool:
        found = _item_span(item, zone)
        return found is not None and compare(*found, low, high)

    return test


def _item_span(item: Any, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    try:
        if isinstance(item, Mapping):
            start = span(item["start"], zone)[0] if "start" in item else _FIRST
            return start, span(item["end"], zone)[1] if "end" in item else _LAST
        return span(str(item), zone)
    except BadSearch:
        return None


def span(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The span of time a FHIR date, dateTime or instant may mean, its end exclusive. Raises BadSearch."""
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return moment, moment + timedelta(seconds=1 if _SECONDS.search(text) else 60)
        year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
        first = date(year, month or 1, day or 1)
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = date(year + month // 12, month % 12 + 1, 1)
        else:
            after = date(year + 1, 1, 1)
    except (ValueError, OverflowError) as e:
        raise BadSearch(f"{text!r} is not a date") from e
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
