"""Faults inside an answer: a resource that nobody can read, an outcome among the results, a hostile link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox_config.payer.wire import outcome

Resource = dict[str, Any]

#: What becomes of a MeasureReport: it keeps its type and id, nothing else makes sense.
NONSENSE: Resource = {
    "status": 7,
    "type": ["individual"],
    "measure": None,
    "period": "this year",
    "group": {"id": "one"},
}


def broken_bundle(answer: Resource) -> Resource:
    """A `$care-gaps` answer whose first MeasureReport cannot be read."""
    return _in_bundles(answer, broken_searchset)


def outcome_in_bundle(answer: Resource) -> Resource:
    """A `$care-gaps` answer with an OperationOutcome among its entries."""
    return _in_bundles(answer, _with_outcome)


def broken_searchset(bundle: Resource) -> Resource:
    """A Bundle whose first MeasureReport cannot be read."""
    entries = list(bundle.get("entry", ()))
    for place, entry in enumerate(entries):
        if entry["resource"]["resourceType"] == "MeasureReport":
            kept = {"resourceType": "MeasureReport", "id": entry["resource"]["id"]}
            entries[place] = {**entry, "resource": {**kept, **NONSENSE}}
            break
    return {**bundle, "entry": entries}


def outcome_in_searchset(bundle: Resource) -> Resource:
    """A searchset with an entry of mode `outcome` (R4 allows it; clients must not take it for a match)."""
    entry = {"resource": warning(), "search": {"mode": "outcome"}}
    return {**bundle, "entry": [entry, *bundle.get("entry", ())]}


def hostile_next(elsewhere: str) -> Callable[[Resource], Resource]:
    """A searchset whose next page is said to be on another origin."""

    def trick(bundle: Resource) -> Resource:
        kept = [link for link in bundle["link"] if link["relation"] != "next"]
        return {
            **bundle,
            "link": [*kept, {"relation": "next", "url": f"{elsewhere}/_stray/fhir/MeasureReport?_page=2"}],
        }

    return trick


def _with_outcome(bundle: Resource) -> Resource:
    return {**bundle, "entry": [*bundle["entry"], {"fullUrl": "urn:uuid:outcome", "resource": warning()}]}


def warning() -> Resource:
    return outcome("incomplete", "claims of the last two weeks are not included", "warning")


def _in_bundles(answer: Resource, change: Callable[[Resource], Resource]) -> Resource:
    if "parameter" not in answer:
        return answer
    changed = [{**parameter, "resource": change(parameter["resource"])} for parameter in answer["parameter"]]
    return {**answer, "parameter": changed}
