"""A patient's Coverages with their payors: names and identifiers found in the Coverage itself or one read away.

https://hl7.org/fhir/R4/coverage.html, US Core Coverage (us-core-15: a member id or a subscriberId).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.chart import Coverage, Identifier
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import code, concept, identifier, identifiers, period

T = TypeVar("T")

#: Reads a payor that is not in the answer; None when it could not be read.
Fetch = Callable[[str], Json | None]


def coverage(entry: Entry, included: Included, fetch: Fetch) -> Coverage:
    """One Coverage in our words."""
    stated = entry.resource
    payors = [_payor(payor, entry, included, fetch) for payor in objs(stated.get("payor"))]
    start, end = period(stated.get("period"))
    return Coverage(
        ref=entry.ref,
        status=words(stated.get("status")),
        payors=_unique(name for names, _, _ in payors for name in names),
        payor_identifiers=_unique(found for _, ids, _ in payors for found in ids),
        payor_refs=_unique(ref for _, _, ref in payors if ref),
        member_ids=tuple(i for i in identifiers(stated.get("identifier")) if i.type_code == "MB"),
        subscriber_id=words(stated.get("subscriberId")),
        dependent=words(stated.get("dependent")),
        relationship=code(stated.get("relationship")),
        plan=_class(stated, "plan"),
        group=_class(stated, "group"),
        kind=concept(stated.get("type")),
        start=start,
        end=end,
    )


def _payor(
    payor: Json, near: Entry, included: Included, fetch: Fetch
) -> tuple[tuple[str, ...], tuple[Identifier, ...], str]:
    """Names, identifiers and reference of one payor (an Organization, or the patient who pays alone)."""
    ref = reference(payor)
    found = included.find(payor, near)
    resource = found.resource if found else (fetch(ref) if ref.startswith("Organization/") else None) or {}
    alias = resource.get("alias")
    aliases = [words(item) for item in alias] if isinstance(alias, list) else []
    name = resource.get("name")
    names = _unique(filter(None, [words(payor.get("display")), words(name), *aliases]))
    stated = identifier(obj(payor.get("identifier")))
    return names, _unique([*filter(None, [stated]), *identifiers(resource.get("identifier"))]), ref


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def _class(stated: Json, kind: str) -> str:
    """The name, else the value, of the class of this kind."""
    for item in objs(stated.get("class")):
        if code(item.get("type")) == kind:
            return words(item.get("name")) or words(item.get("value"))
    return ""
