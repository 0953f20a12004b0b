"""Evaluated resources: what a payer says it looked at, composed from the compact rows of a story.

The payer holds these under ids of its own. A row with `readable: false` is only referenced: reading it answers 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.scenarios import elements, terms
from sandbox_config.scenarios.terms import HL7, Term, coded

Resource = dict[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What one row evaluated: references (a diagnosis, then its visit), and what can be read of it (maybe nothing)."""

    references: tuple[str, ...]
    row: Row
    resources: tuple[Resource, ...]


def composed(owner: str, number: int, row: Row, subject: Mapping[str, str]) -> Evidence:
    """The evidence of one row, under an id made of its report's id and its number."""
    resource_type, resource_id = row["type"], f"{owner}-e{number}"
    if row.get("readable") is False:
        return Evidence((f"{resource_type}/{resource_id}",), row, ())
    made = tuple(_MAKERS[resource_type](resource_id, row, subject))
    return Evidence(tuple(f"{each['resourceType']}/{each['id']}" for each in made), row, made)


def _concept(table: Mapping[str, Term], row: Row) -> Resource:
    return elements.term(table, row["is"]).concept if "is" in row else {"text": row["says"]}


def _condition(resource_id: str, row: Row, subject: Mapping[str, str]) -> Iterator[Resource]:
    """An encounter diagnosis; with the visit it was made at, where the story says in which setting."""
    condition: Resource = {
        "resourceType": "Condition",
        "id": resource_id,
        "clinicalStatus": coded(f"{HL7}/condition-clinical", "active"),
        "verificationStatus": coded(f"{HL7}/condition-ver-status", "confirmed"),
        "category": [coded(f"{HL7}/condition-category", "encounter-diagnosis")],
        "code": _concept(terms.CONDITIONS, row),
        "subject": dict(subject),
        "recordedDate": row["on"],
        **_by("recorder", row),
    }
    if "setting" in row:
        visit = f"{resource_id}-visit"
        condition["encounter"] = {"reference": f"Encounter/{visit}"}
        yield condition
        yield from _encounter(visit, {**row, "is": row.get("at", "office"), "says": row.get("at_says")}, subject)
    else:
        yield condition


def _encounter(resource_id: str, row: Row, subject: Mapping[str, str]) -> Iterator[Resource]:
    name, class_code = elements.VISIT_KINDS[row.get("is", "office")]
    yield {
        "resourceType": "Encounter",
        "id": resource_id,
        "status": "finished",
        "class": elements.encounter_class(row.get("setting", class_code)),
        "type": [{"text": row.get("says") or name}],
        "subject": dict(subject),
        "period": {"start": row["on"], "end": row["on"]},
        **({"serviceProvider": {"display": row["source"]}} if "source" in row else {}),
    }


def _observation(resource_id: str, row: Row, subject: Mapping[str, str]) -> Iterator[Resource]:
    table = {**terms.LABS, **terms.VITALS, **terms.FINDINGS, **terms.SURVEYS}
    category = "laboratory" if row.get("is") in terms.LABS else "exam"
    observation: Resource = {
        "resourceType": "Observation",
        "id": resource_id,
        "status": "final",
        "category": [coded(f"{HL7}/observation-category", category)],
        "code": _concept(table, row),
        "subject": dict(subject),
        "effectiveDateTime": row["on"],
        **({"performer": [{"display": row["source"]}]} if "source" in row else {}),
    }
    value = row.get("value")
    if isinstance(value, str):
        observation["valueCodeableConcept"] = {"text": value}
    elif value is not None:
        what = table[row["is"]]
        observation["valueQuantity"] = {"value": value, "unit": what.unit, "system": terms.UCUM, "code": what.ucum}
    if "setting" in row:
        visit = f"{resource_id}-visit"
        observation["encounter"] = {"reference": f"Encounter/{visit}"}
        yield observation
        yield from _encounter(visit, {**row, "is": row.get("at", "office"), "says": row.get("at_says")}, subject)
    else:
        yield observation


def _procedure(resource_id: str, row: Row, subject: Mapping[str, str]) -> Iterator[Resource]:
    performer = {"performer": [{"actor": {"display": row["source"]}}]} if "source" in row else {}
    yield {
        "resourceType": "Procedure",
        "id": resource_id,
        "status": "completed",
        "code": _concept(terms.PROCEDURES, row),
        "subject": dict(subject),
        "performedDateTime": row["on"],
        **performer,
    }


def _document(resource_id: str, row: Row, subject: Mapping[str, str]) -> Iterator[Resource]:
    yield {
        "resourceType": "DocumentReference",
        "id": resource_id,
        "status": "current",
        "type": {"text": row["says"]},
        "subject": dict(subject),
        "date": f"{row['on'][:10]}T12:00:00Z",
        **({"author": [{"display": row["source"]}]} if "source" in row else {}),
        "content": [{"attachment": {"contentType": "application/pdf", "title": row["says"]}}],
    }


def _by(element: str, row: Row) -> Resource:
    return {element: {"display": row["source"]}} if "source" in row else {}


_MAKERS: Mapping[str, Callable[[str, Row, Mapping[str, str]], Iterator[Resource]]] = {
    "Condition": _condition,
    "Encounter": _encounter,
    "Observation": _observation,
    "Procedure": _procedure,
    "DocumentReference": _document,
}
