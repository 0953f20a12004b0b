"""What a payer speaks, learned from its CapabilityStatement. https://hl7.org/fhir/R4/capabilitystatement.html

The operation definitions and guides that it names decide the dialect; what it does not name stays empty, and the
question itself finds out. Parsing never fails: whatever the JSON is, a `Capabilities` comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.sources.fhir.offers import Offers, offers, servers
from app.sources.fhir.shape import Json, at, objs, words
from app.sources.payer import dialect

_US_GUIDE = "/fhir/us/davinci-deqm/"
_UV_GUIDE = "/fhir/uv/deqm/"
_RA_GUIDE = "/fhir/us/davinci-ra/"
_CATEGORY_NAMES = ("category", "measurereport-category")  # the code of the SearchParameter, and its name (often listed)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as advertised: on which resource type ("" on the system), its name, its definition."""

    on: str
    name: str  # without its $
    definition: str  # canonical, |version when stated


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a payer says of itself. Empty: not said."""

    care_gaps: str = ""  # the dialect of `dialect.DIALECTS`
    risk: str = ""  # the dialect of `dialect.RISK_DIALECTS`
    category: str = ""  # the search parameter by which it takes the category of a MeasureReport
    operations: tuple[Operation, ...] = ()
    offers: Offers = field(default_factory=Offers)
    system: tuple[str, ...] = ()  # interactions of the whole server: transaction, batch, ...

    def operation(self, on: str, name: str) -> Operation | None:
        """The operation, or None when it is not advertised."""
        return next((found for found in self.operations if (found.on, found.name) == (on, name)), None)


def parse(statement: Json) -> Capabilities:
    """A CapabilityStatement as `Capabilities`. Never raises."""
    rests = servers(statement)
    resources = [resource for rest in rests for resource in objs(rest.get("resource"))]
    operations = tuple(
        dict.fromkeys(
            [found for rest in rests for found in _operations(rest, "")]
            + [found for resource in resources for found in _operations(resource, words(resource.get("type")))]
        )
    )
    named = (*_words(at(statement, "implementationGuide")), *_words(at(statement, "instantiates")))
    reports = [resource for resource in resources if words(resource.get("type")) == "MeasureReport"]
    offered = offers(statement)
    return Capabilities(
        care_gaps=_care_gaps(operations, named),
        risk=_risk(operations, named, reports),
        category=next((name for name in _CATEGORY_NAMES if name in offered.of("MeasureReport").params), ""),
        operations=operations,
        offers=offered,
        system=_words(each.get("code") for rest in rests for each in objs(rest.get("interaction"))),
    )


def _words(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in map(words, values) if text))


def _operations(element: Json, on: str) -> list[Operation]:
    found = [(words(o.get("name")).lstrip("$"), words(o.get("definition"))) for o in objs(element.get("operation"))]
    return [Operation(on, name, definition) for name, definition in found if name or definition]


# --- dialects ---------------------------------------------------------------------------------------------------------


def _care_gaps(operations: tuple[Operation, ...], named: tuple[str, ...]) -> str:
    """By the definition of `$care-gaps`; its version by the definition, else by the guides that are named."""
    definitions = [o.definition for o in operations if o.name == "care-gaps" or "/care-gaps" in o.definition]
    for tree, trees in ((_US_GUIDE, dialect.US), (_UV_GUIDE, dialect.UV)):  # US first: it can be asked for everything
        stated = [definition for definition in definitions if tree in definition]
        if stated:
            return _version(tree, [*stated, *named]) or trees
    return ""


def _version(tree: str, canonicals: list[str]) -> str:
    """The dialect whose version the canonicals of one guide name: exactly, else of the same major version."""
    rows = [name for name in dialect.DIALECTS if name.startswith("deqm-us-" if tree == _US_GUIDE else "deqm-uv-")]
    for canonical in canonicals:
        _, bar, version = canonical.partition("|")
        if tree not in canonical or not bar:
            continue
        number = re.match(r"[0-9]+", version)
        exact = [row for row in rows if row.endswith(f"-{version}")]
        near = [row for row in rows if number and row.split("-")[2].startswith(f"{number[0]}.")]
        if exact or near:
            return (exact or near)[0]
    return ""


def _risk(operations: tuple[Operation, ...], named: tuple[str, ...], reports: list[Json]) -> str:
    """`$risk-gap` came with 3.0, `$report` went with 1.0; between them the reports are searched for.

    2026-11: other guides have a `$report` of their own, so a definition has to be RA's when there is one.
    """
    ours = {
        o.name for o in operations if o.on == "MeasureReport" and (_RA_GUIDE in o.definition or not o.definition)
    } | {o.definition.partition("|")[0].rpartition("/")[2] for o in operations if _RA_GUIDE in o.definition}
    if "risk-gap" in ours:
        return dialect.RA_RISK_GAP
    if "report" in ours:
        return dialect.RA_REPORT
    stated = [c for c in named if _RA_GUIDE in c] + [
        profile for report in reports for profile in _words(at(report, "supportedProfile")) if _RA_GUIDE in profile
    ]
    if any(canonical.partition("|")[2].startswith("2.0") for canonical in stated):
        return dialect.RA_SEARCH_2_0
    return dialect.RA_SEARCH if stated else ""
