"""What a CapabilityStatement offers, held against what the app asks. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sources.fhir.shape import Json, obj, objs, words

_CONTROLS = ("_count", "_include")  # asked for where they help, needed nowhere


@dataclass(frozen=True, slots=True)
class Offer:
    """One resource type. Empty sets: the statement does not go into it."""

    interactions: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offers:
    """A whole server."""

    fhir_version: str = ""
    software: str = ""
    url: str = ""  # implementation.url: the base as it calls itself
    types: Mapping[str, Offer] = field(default_factory=dict)

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
    types = {
        words(resource.get("type")): Offer(
            frozenset(words(each.get("code")) for each in objs(resource.get("interaction"))),
            frozenset(words(each.get("name")) for each in objs(resource.get("searchParam"))),
        )
        for rest in objs(statement.get("rest"))
        for resource in objs(rest.get("resource"))
    }
    software = obj(statement.get("software"))
    return Offers(
        fhir_version=words(statement.get("fhirVersion")),
        software=" ".join(filter(None, [words(software.get("name")), words(software.get("version"))])),
        url=words(obj(statement.get("implementation")).get("url")),
        types=types,
    )


def parameters(query: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The search parameters that a query relies on, without modifiers."""
    return frozenset(name.partition(":")[0] for name, _ in query if name not in _CONTROLS)
