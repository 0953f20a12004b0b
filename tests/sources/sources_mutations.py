"""Broken payloads of every dialect, seeded: each is read, or refused by an error of ours; nothing is lost silently.

`run` is what `make test` calls with two thousand and `make bench-long` with a hundred thousand.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import sources_dialects as dialects
import sources_payloads as say
from sources_wire import NOW

from app.core.report import Report
from app.sources.errors import SourceError
from app.sources.fhir.shape import words
from app.sources.payer import care_gaps, risk

ODD: list[Any] = [
    None, True, False, 0, -1, 10**18, 1.5, "", "x", "\ud800", "2026-13-45", [], {}, [[]], [{}], [None], {"x": [0]},
    "#", "urn:uuid:", "Patient/m2", "http://[", {"reference": 7}, {"coding": "x"}, {"resourceType": "Bundle"},
]  # fmt: skip

Found = tuple[Report, tuple[str, ...]]


class Lost(AssertionError):
    """A report that is neither in the result nor counted, or an error that is none of ours."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every element inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(payload: Any, rng: random.Random) -> Any:
    """The payload with one to four elements replaced, dropped, doubled or wrapped."""
    body = copy.deepcopy(payload)
    for _ in range(rng.randint(1, 4)):
        paths = list(places(body))
        if not paths:
            return body
        *above, last = rng.choice(paths)
        parent = body
        for key in above:
            parent = parent[key]
        match rng.randrange(4):
            case 0:
                parent[last] = copy.deepcopy(rng.choice(ODD))
            case 1:
                del parent[last]
            case 2:
                parent[last] = [parent[last], parent[last]]
            case _:
                parent[last] = {"value": parent[last]}
    return body


def gaps(body: Any) -> Found:
    return care_gaps.read(body, say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None)


def categories(body: Any) -> Found:
    return risk.read([body], say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None)


def payloads() -> list[tuple[str, Any, Callable[[Any], Found]]]:
    """Every payload by name, with what reads it."""
    found: list[tuple[str, Any, Callable[[Any], Found]]] = []
    found += [(name, make(), gaps) for name, make in dialects.GAPS.items()]
    found += [(name, make(), categories) for name, make in dialects.RISKS.items()]
    return found


def run(count: int, seed: int = 0) -> Counter[str]:
    """`count` mutations over all payloads; how many were read whole, read with something missing, or refused and why.

    Raises Lost, naming the payload and the seed that repeats it.
    """
    counts: Counter[str] = Counter()
    table = payloads()
    for number in range(count):
        name, payload, read = table[number % len(table)]
        body = mutated(payload, random.Random(f"{seed}/{number}"))
        try:
            counts[outcome(body, read)] += 1
        except Lost as lost:
            raise Lost(f"{name}, seed {seed}/{number}: {lost}") from lost.__cause__
    return counts


def outcome(body: Any, read: Callable[[Any], Found]) -> str:
    try:
        report, missing = read(body)
    except SourceError as refused:
        return type(refused).__name__
    except Exception as error:
        raise Lost(f"{type(error).__name__}: {error}") from error
    json.dumps([repr(report.gaps), repr(report.categories)]).encode()
    said = bool(missing or report.unreadable)
    if not said and (lost := list(_lost(body, report))):
        raise Lost(f"silently lost: {', '.join(lost)}")
    return "said what is missing" if said else "whole"


def _lost(body: Any, report: Report) -> Iterator[str]:
    """The reports, and the groups of reports, that the payload holds and the result does not."""
    shown = {(part.report_id, part.group_id) for part in (*report.gaps, *report.categories)}
    for found in _reports(body):
        name = words(found.get("id"))
        groups = [group for group in _list(found.get("group")) if group is not None]
        if groups and name not in {report_id for report_id, _ in shown}:
            yield f"MeasureReport/{name}"
        for group in groups:
            group_id = words(group.get("id")) if isinstance(group, dict) else "?"
            if group_id and (name, group_id) not in shown:
                yield f"MeasureReport/{name} group {group_id}"


def _reports(value: Any) -> Iterator[dict[str, Any]]:
    """Every MeasureReport anywhere in a JSON value."""
    if isinstance(value, dict):
        if value.get("resourceType") == "MeasureReport":
            yield value
        for inner in value.values():
            yield from _reports(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _reports(inner)


def _list(stated: Any) -> list[Any]:
    return stated if isinstance(stated, list) else [] if stated is None else [stated]
