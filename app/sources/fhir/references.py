"""References, and the resources of one answer that they may point at. https://hl7.org/fhir/R4/references.html"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urljoin

from app.sources.fhir.shape import Json, obj, objs, words

_RELATIVE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{1,63})/([A-Za-z0-9._~-]{1,128})(?:/_history/[^/]*)?")
_NESTING = 3


def reference(value: object) -> str:
    """What a Reference (or a bare string) points at: `Type/id`, `#id`, `urn:…`, or "" when it does not say."""
    return _reference(words(value.get("reference") if isinstance(value, dict) else value))


@lru_cache(2048)  # every resource of a chart names the same patient and few encounters
def _reference(stated: str) -> str:
    if stated.startswith(("#", "urn:")):
        return stated
    match = _RELATIVE.fullmatch(stated)
    return f"{match[1]}/{match[2]}" if match else ""


def references(values: Collection[object]) -> tuple[str, ...]:
    """The references among `values`, each once."""
    if not values:
        return ()
    return tuple(dict.fromkeys([ref for ref in map(reference, values) if ref]))


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a Bundle, with the URL that its relative references are read against. `mode`: search.mode."""

    resource: Json
    full_url: str = ""
    mode: str = ""

    @property
    def type(self) -> str:
        return words(self.resource.get("resourceType"))

    @property
    def id(self) -> str:
        return words(self.resource.get("id"))

    @property
    def ref(self) -> str:
        """`Type/id`, or the fullUrl of a resource without an id."""
        return f"{self.type}/{self.id}" if self.id else self.full_url


def entries(bundle: Json) -> Iterator[Entry]:
    """Every entry of a Bundle and of Bundles inside it, a few levels deep; a broken one yields an empty resource."""
    waiting = [(bundle, 0)]
    while waiting:
        current, depth = waiting.pop()
        for raw in current["entry"] if isinstance(current.get("entry"), list) else ():
            item = obj(raw)
            resource = obj(item.get("resource"))
            if resource.get("resourceType") == "Bundle" and depth < _NESTING:
                waiting.append((resource, depth + 1))
            else:
                yield Entry(resource, words(item.get("fullUrl")), words(obj(item.get("search")).get("mode")))


@dataclass(slots=True)
class Included:
    """Finds what a reference of one answer points at, however it is written."""

    _by_url: dict[str, Entry] = field(default_factory=dict)
    _by_ref: dict[str, Entry] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Make one resource findable. The first of two with the same address stays."""
        if entry.full_url:
            self._by_url.setdefault(entry.full_url, entry)
        if entry.type and entry.id:
            self._by_ref.setdefault(f"{entry.type}/{entry.id}", entry)

    def find(self, value: object, near: Entry) -> Entry | None:
        """The resource that a Reference inside `near` means: contained, by URL, relative to its fullUrl, or by id."""
        stated = words(value.get("reference") if isinstance(value, dict) else value)
        if stated.startswith("#"):
            return _contained(stated[1:], near)
        return self._by_url.get(stated) or self._by_url.get(_beside(stated, near)) or self._by_ref.get(reference(value))

    def of_type(self, resource_type: str) -> list[Entry]:
        """Every findable resource of one type, each once."""
        found = {id(e.resource): e for e in (*self._by_ref.values(), *self._by_url.values()) if e.type == resource_type}
        return list(found.values())


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
    try:
        return urljoin(base + "/", stated)
    except ValueError:
        return ""
