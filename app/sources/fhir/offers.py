"""What any server says of itself. https://hl7.org/fhir/R4/capabilitystatement.html

Parsing never fails: whatever the JSON is, an `Offers` comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sources.fhir.shape import Json, at, obj, objs, words


@dataclass(frozen=True, slots=True)
class Offer:
    """One resource type. Empty: the statement does not go into it."""

    interactions: tuple[str, ...] = ()  # read, search-type, update, patch, ...
    params: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offers:
    """A whole server. Empty: not said."""

    fhir_version: str = ""
    software: str = ""  # name and version
    url: str = ""  # implementation.url: the base as it calls itself
    patch_formats: tuple[str, ...] = ()
    types: Mapping[str, Offer] = field(default_factory=dict)

    def of(self, kind: str) -> Offer:
        """The resource type, or an empty offer where it is not listed."""
        return self.types.get(kind, Offer())

    def lacks(self, kind: str, params: frozenset[str] = frozenset(), *, interaction: str = "search-type") -> str:
        """What the statement does not offer of a type that we search or read; "" when it offers all of it."""
        offer = self.types.get(kind)
        if offer is None:
            return "not listed"
        if offer.interactions and interaction not in offer.interactions:
            return f"no {interaction}"
        if interaction == "search-type" and offer.params and (without := sorted(params - offer.params)):
            return f"no search by {', '.join(without)}"
        return ""


def offers(statement: Json) -> Offers:
    """The statement as far as it can be read."""
    stated: dict[str, list[Json]] = {}
    for rest in servers(statement):
        for resource in objs(rest.get("resource")):
            stated.setdefault(words(resource.get("type")), []).append(resource)
    software = obj(statement.get("software"))
    return Offers(
        fhir_version=words(statement.get("fhirVersion")),
        software=" ".join(filter(None, [words(software.get("name")), words(software.get("version"))])),
        url=words(obj(statement.get("implementation")).get("url")),
        patch_formats=tuple(dict.fromkeys(filter(None, map(words, at(statement, "patchFormat"))))),
        types={kind: _offer(resources) for kind, resources in stated.items()},
    )


def servers(statement: Json) -> list[Json]:
    """The parts that say what is offered; a part of mode `client` says what the server asks of others."""
    return [rest for rest in objs(statement.get("rest")) if words(rest.get("mode")) != "client"]


def _offer(resources: list[Json]) -> Offer:
    """One type, as all parts together state it."""
    interactions = [words(each.get("code")) for found in resources for each in objs(found.get("interaction"))]
    params = [words(each.get("name")) for found in resources for each in objs(found.get("searchParam"))]
    includes = [words(stated) for found in resources for stated in at(found, "searchInclude")]
    return Offer(
        tuple(dict.fromkeys(filter(None, interactions))),
        frozenset(filter(None, params)),
        frozenset(filter(None, includes)),
    )
