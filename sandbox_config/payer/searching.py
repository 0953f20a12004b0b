"""FHIR search as far as a payer needs it: dates of any precision against a period, and pages. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

Resource = dict[str, Any]
Query = Mapping[str, Sequence[str]]

_DATE = re.compile(r"(eq|ne|ge|le|gt|lt)?(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?")


class BadSearch(ValueError):
    """A search that cannot be understood; the text says which part."""


def overlaps(start: str, end: str, wanted: Iterable[str]) -> bool:
    """Whether the period meets every date condition. `ge`, `le`, `eq` mean overlap, as R4 defines for periods."""
    first, last = _span(start)[0], _span(end)[1]
    return all(_meets(first, last, text) for text in wanted)


def _meets(first: date, last: date, text: str) -> bool:
    match = _DATE.fullmatch(text)
    if not match:
        raise BadSearch(f"not a date: {text}")
    low, high = _span(text.removeprefix(match[1] or ""))
    match match[1] or "eq":
        case "ge":
            return last >= low
        case "le":
            return first <= high
        case "gt":
            return last > high
        case "lt":
            return first < low
        case "ne":
            return not (first >= low and last <= high)
        case _:
            return first >= low and last <= high


def _span(text: str) -> tuple[date, date]:
    """The days that a partial date may mean."""
    parts = [int(part) for part in text[:10].split("-")]
    try:
        low = date(parts[0], *[*parts[1:], 1, 1][:2])
        if len(parts) == 3:
            return low, low
        month = parts[1] if len(parts) == 2 else 12
        return low, date(parts[0], month, monthrange(parts[0], month)[1])
    except (ValueError, TypeError) as e:
        raise BadSearch(f"not a date: {text}") from e


def page(
    matches: Sequence[tuple[Resource, Sequence[Resource]]], *, query: Query, url: str, base: str, size: int
) -> Resource:
    """The searchset Bundle of one page: its matches, then what they include, with self and next links."""
    number = _positive(query, "_page", 1)
    size = min(size, _positive(query, "_count", size))
    shown = matches[(number - 1) * size : number * size]
    link = [{"relation": "self", "url": f"{url}?{_encoded(query, number)}"}]
    if number * size < len(matches):
        link.append({"relation": "next", "url": f"{url}?{_encoded(query, number + 1)}"})
    entry = [_entry(resource, base, "match") for resource, _ in shown]
    entry += [_entry(resource, base, "include") for _, included in shown for resource in included]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(matches),
        "link": link,
        **({"entry": entry} if entry else {}),
    }


def _positive(query: Query, name: str, default: int) -> int:
    text = (query.get(name) or [str(default)])[-1]
    if not text.isdecimal() or not int(text):
        raise BadSearch(f"{name} must be a positive number")
    return int(text)


def _encoded(query: Query, number: int) -> str:
    kept = [(name, value) for name, values in query.items() if name != "_page" for value in values]
    return urlencode([*kept, ("_page", number)])


def _entry(resource: Resource, base: str, mode: str) -> Resource:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}
