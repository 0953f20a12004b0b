"""FHIR R4 search over plain resources: what a query matches, and in which order. Pure.

Strict: a parameter or modifier that `parameters.py` does not name is an error, never ignored (FHIR allows both; an
ignored parameter hides a client's mistake). https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox_config.ehr.parameters import Param, params_of, target_of

Resource = Mapping[str, Any]


class BadSearch(Exception):
    """The search cannot be understood; the text says which part."""


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
            target = target_of(name)
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
    """System and code of a code, boolean, Coding, CodeableConcept or Identifier; a plain code has no system."""
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
Span = tuple[datetime, datetime]  # start and end, the end exclusive
_COMPARE: Mapping[str, Callable[[Span, Span], bool]] = {  # span of the element, span of the parameter
    "eq": lambda item, param: item[0] >= param[0] and item[1] <= param[1],
    "ne": lambda item, param: item[0] < param[0] or item[1] > param[1],
    "ge": lambda item, param: item[1] > param[0],
    "le": lambda item, param: item[0] < param[1],
    "gt": lambda item, param: item[1] > param[1],
    "lt": lambda item, param: item[0] < param[0],
    "sa": lambda item, param: item[0] >= param[1],
    "eb": lambda item, param: item[1] <= param[0],
}


def _date_test(text: str, zone: ZoneInfo) -> Callable[[Any], bool]:
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadSearch(f"{text!r} is not a date")
    wanted = span(match[2], zone)
    compare = _COMPARE[match[1] or "eq"]

    def test(item: Any) -> bool:
        found = _item_span(item, zone)
        return found is not None and compare(found, wanted)

    return test


def _item_span(item: Any, zone: ZoneInfo) -> Span | None:
    try:
        if isinstance(item, Mapping):
            start = span(item["start"], zone)[0] if "start" in item else _FIRST
            return start, span(item["end"], zone)[1] if "end" in item else _LAST
        return span(str(item), zone)
    except BadSearch:
        return None


def span(text: str, zone: ZoneInfo) -> Span:
    """The span of time that a FHIR date, dateTime or instant may mean. Raises BadSearch."""
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


def ordered(found: Iterable[Resource], resource_type: str, order: str, zone: ZoneInfo) -> list[Resource]:
    """`_sort` by one date parameter, `-` for the newest first; undated resources come last. Raises BadSearch."""
    param = params_of(resource_type).get(order.removeprefix("-"))
    if param is None or param.kind != "date":
        raise BadSearch(f"_sort={order} is not supported for {resource_type}")

    def moment(resource: Resource) -> float | None:
        spans = (_item_span(item, zone) for path in param.paths for item in values(resource, path))
        return next((each[0].timestamp() for each in spans if each and each[0] > _FIRST), None)

    resources = [(moment(resource), resource) for resource in found]
    dated = [(when, resource) for when, resource in resources if when is not None]
    dated.sort(key=lambda pair: pair[0], reverse=order.startswith("-"))
    return [resource for _, resource in dated] + [resource for when, resource in resources if when is None]
