"""References, and the resources of one answer that they may point at. https://hl7.org/fhir/R4/references.html"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin

from app.sources.fhir.shape import Json, obj, objs, words

_RELATIVE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{1,63})/([A-Za-z0-9._~-]{1,128})(?:/_history/[^/]*)?")
_PLAIN = re.compile(r"[A-Za-z]+/[A-Za-z0-9_~-][A-Za-z0-9._~-]*")  # what nearly every reference is
_NESTING = 3


def reference(value: object) -> str:
    """What a Reference (or a bare string) points at: `Type/id`, `#id`, `urn:…`, or "" when it does not say."""
    stated = value.get("reference") if isinstance(value, dict) else value
    return _reference(stated) if isinstance(stated, str) else ""


@lru_cache(2048)  # every resource of a chart names the same patient and few encounters
def _reference(written: str) -> str:
    stated = words(written)
    if stated.startswith(("#", "urn:")):
        return stated
    match = _RELATIVE.fullmatch(stated)
    return f"{match[1]}/{match[2]}" if match else ""


def references(values: Collection[object]) -> tuple[str, ...]:
    """The references among `values`, each once."""
    if not values:
        return ()
    if len(values) == 1:
        return (found,) if (found := reference(next(iter(values)))) else ()
    return tuple(dict.fromkeys([ref for ref in map(reference, values) if ref]))


class Entry:
    """One resource of a Bundle, with the URL that its relative references are read against. `mode`: search.mode.

    A plain class, which takes a third of the time of a frozen dataclass to make: an answer has hundreds.
    """

    __slots__ = ("full_url", "id", "mode", "resource", "type")

    def __init__(self, resource: Json, full_url: str = "", mode: str = "") -> None:
        self.resource: Final = resource
        self.full_url: Final = full_url
        self.mode: Final = mode
        self.type: Final = words(resource.get("resourceType"))
        self.id: Final = words(resource.get("id"))

    @property
    def ref(self) -> str:
        """`Type/id`, or the fullUrl of a resource without an id."""
        return f"{self.type}/{self.id}" if self.id else self.full_url


def entries(bundle: Json) -> Iterator[Entry]:
    """Every entry of a Bundle and of Bundles inside it, a few levels deep; a broken one yields an empty resource."""
    waiting = [(bundle, 0)]
    while waiting:
        current, depth = waiting.pop()
        for raw in _listed(current.get("entry")):
            item = obj(raw)
            resource, search = obj(item.get("resource")), item.get("search")
            if resource.get("resourceType") == "Bundle" and depth < _NESTING:
                waiting.append((resource, depth + 1))
            else:
                mode = words(search.get("mode")) if isinstance(search, dict) else ""
                yield Entry(resource, words(item.get("fullUrl")), mode)


def _listed(stated: object) -> list[object]:
    """The entries; what stands in place of a list counts as one."""
    if stated is None:
        return []
    return stated if isinstance(stated, list) else [stated]


@dataclass(slots=True)
class Included:
    """Finds what a reference of one answer points at, however it is written."""

    _by_url: dict[str, Entry] = field(default_factory=dict)
    _by_ref: dict[str, Entry] = field(default_factory=dict)
    _by_type: dict[str, list[Entry]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Make one resource findable. The first of two with the same address stays."""
        by_url = not entry.full_url or self._by_url.setdefault(entry.full_url, entry) is entry
        named = bool(entry.type and entry.id)
        by_ref = not named or self._by_ref.setdefault(f"{entry.type}/{entry.id}", entry) is entry
        if (by_url and entry.full_url) or (by_ref and named):
            self._by_type.setdefault(entry.type, []).append(entry)

    def find(self, value: object, near: Entry) -> Entry | None:
        """The resource that a Reference inside `near` means: contained, by URL, relative to its fullUrl, or by id."""
        stated = words(value.get("reference") if isinstance(value, dict) else value)
        if stated.startswith("#"):
            return _contained(stated[1:], near)
        return self._by_url.get(stated) or self._by_url.get(_beside(stated, near)) or self._by_ref.get(reference(value))

    def of_type(self, resource_type: str) -> list[Entry]:
        """Every findable resource of one type, each once."""
        return list({id(entry.resource): entry for entry in self._by_type.get(resource_type, ())}.values())


def _contained(name: str, near: Entry) -> Entry | None:
    """Tolerated: the id of a contained resource written with its `#`."""
    for resource in objs(near.resource.get("contained")):
        if name and words(resource.get("id")).lstrip("#") == name:
            return Entry(resource, near.full_url, near.mode)
    return None


def _beside(stated: str, near: Entry) -> str:
    """A relative reference against the base of the resource that holds it (`base/Type/id`)."""
    base, slash, _ = near.full_url.rpartition(f"/{near.type}/")
    if not slash or ":" in stated:
        return ""
    if _PLAIN.fullmatch(stated):
        return f"{base}/{stated}"
    try:
        return urljoin(base + "/", stated)
    except ValueError:
        return ""
