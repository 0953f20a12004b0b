"""What is asked of an EHR for each chart type: data, with what one EHR needs otherwise taken from its entry.

Portable by what real servers refuse: the patient as a typed reference, whole dates with a prefix, a stated `_count`, no
`_sort`, no `_total`, no reliance on parameters that US Core does not ask of every server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

Pairs = tuple[tuple[str, str], ...]

COUNT = ("_count", "100")

#: Every category of the base code system: US Core servers need not answer a search for all Observations of a patient.
_OBSERVATIONS = "laboratory,vital-signs,survey,social-history,procedure,imaging,exam,therapy,activity"


@dataclass(frozen=True, slots=True)
class Search:
    """`since`: the date parameter that takes a lower bound, when the type has a portable one."""

    since: str = ""
    others: Pairs = ()


SEARCHES: Mapping[str, Search] = {
    "Condition": Search(),
    "Encounter": Search("date"),
    "Observation": Search("date", (("category", _OBSERVATIONS),)),
    "DiagnosticReport": Search("date"),
    "Procedure": Search("date"),
    "Immunization": Search("date"),
    "MedicationRequest": Search("authoredon"),
    "ServiceRequest": Search("authored"),
    "Appointment": Search("date"),
    "AllergyIntolerance": Search(),
    "Flag": Search(),
    "DocumentReference": Search("date"),
    # Saves a round trip; where it is refused or ignored, payors are read by reference.
    "Coverage": Search(others=(("_include", "Coverage:payor"),)),
    # Without an include: few patients have one, and a server that refuses the parameter costs everybody a round trip.
    "Consent": Search(),
}


def searches(kind: str, patient_id: str, since: date | None, quirks: Mapping[str, Any]) -> tuple[Pairs, ...]:
    """The searches that together read one type; the entry's `quirks.search.<Type>` replaces the row.

    A quirk is one query string or several, with {patient} (typed reference), {id} (bare) and {since} in it;
    `quirks.bare_ids` sends the bare id everywhere.
    """
    patient = patient_id if quirks.get("bare_ids") else f"Patient/{patient_id}"
    if stated := _stated(quirks, kind):
        filled = {"{patient}": patient, "{id}": patient_id, "{since}": (since or date(1900, 1, 1)).isoformat()}
        return tuple(_fill(template, filled) for template in stated)
    row = SEARCHES.get(kind, Search())
    bound = ((row.since, f"ge{since.isoformat()}"),) if since and row.since else ()
    return ((("patient", patient), *row.others, *bound, COUNT),)


def simplest(patient_id: str, quirks: Mapping[str, Any]) -> Pairs:
    """What to ask when a server refuses a row's further parameters: everything of the patient."""
    return (("patient", patient_id if quirks.get("bare_ids") else f"Patient/{patient_id}"), COUNT)


def _stated(quirks: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    stated = (quirks.get("search") or {}).get(kind) or ()
    return (stated,) if isinstance(stated, str) else tuple(stated)


def _fill(template: str, values: Mapping[str, str]) -> Pairs:
    pairs = parse_qsl(template, keep_blank_values=True)
    for placeholder, value in values.items():
        pairs = [(name, text.replace(placeholder, value)) for name, text in pairs]
    return tuple(pairs)
