"""The Bundles that an operation returns, in whatever wrapping. Nothing of the answer is passed over without a count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.sources.fhir.bundles import Outcomes, Rejects
from app.sources.fhir.references import Entry
from app.sources.fhir.shape import Json, obj

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")


def bundles(body: Json, outcomes: Outcomes, rejects: Rejects, *, quiet: frozenset[str] = frozenset()) -> Iterator[Json]:
    """The Bundles of a Parameters answer, or the Bundle itself where a server leaves the Parameters out.

    OperationOutcomes go to `outcomes` (RA 1.0 `outcome`, or in place of a Bundle). A Bundle is known
    by its entries too.
    """
    if body.get("resourceType") == "Bundle" or "entry" in body:
        yield body
    bare: list[Json] = []
    for parameter in _parameters(body.get("parameter")):
        resource = obj(parameter.get("resource"))
        if resource.get("resourceType") == "Bundle" or "entry" in resource:
            yield resource
        elif resource.get("resourceType") == "OperationOutcome":
            outcomes.add(resource, quiet=quiet)
        elif resource:
            bare.append({"resource": resource})
        else:
            rejects.add(Entry({}), "an answer without a resource", lost=True)
    if bare:
        yield {"resourceType": "Bundle", "entry": bare}


def _parameters(stated: object) -> list[Json]:
    """Every parameter; what is none is an empty one, so that it counts."""
    if stated is None:
        return []
    return [obj(item) for item in (stated if isinstance(stated, list) else [stated])]


def oddity(found: Entry) -> str:
    """Why an entry is no resource that a Bundle of an answer may hold; "" for one that is."""
    if found.type == "Bundle":
        return "nested too deep"
    return "" if _TYPE.fullmatch(found.type) else "not a resource"


def is_empty(body: Json) -> bool:
    """2026-11, deqm-test-server: no gap at all is `Parameters` without a parameter, not an empty Bundle."""
    return body.get("resourceType") == "Parameters" and not body.get("parameter")
