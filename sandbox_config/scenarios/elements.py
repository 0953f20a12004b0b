"""What the rows of a story are made of: terms looked up, base resources, categories, kinds of visit, names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sandbox_config.scenarios.common import US_CORE
from sandbox_config.scenarios.terms import HL7, Term, coded

Resource: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

ACT_CODE = f"{HL7}/v3-ActCode"
_CLASS_NAMES = {
    "AMB": "ambulatory",
    "VR": "virtual",
    "IMP": "inpatient encounter",
    "EMER": "emergency",
    "HH": "home health",
}
#: What a visit is called, and its Encounter.class.
VISIT_KINDS = {
    "office": ("Office visit", "AMB"),
    "wellness": ("Annual wellness visit", "AMB"),
    "video": ("Video visit", "VR"),
    "phone": ("Telephone call", "VR"),
    "specialist": ("Specialist visit", "AMB"),
    "emergency": ("Emergency department visit", "EMER"),
    "hospital": ("Hospital stay", "IMP"),
    "hospice": ("Hospice home visit", "HH"),
    "palliative": ("Palliative care visit", "AMB"),
    "nursing-home": ("Nursing facility visit", "AMB"),
    "home-assessment": ("In-home health assessment", "HH"),
}


class ShapeError(ValueError):
    """A row that names a term or kind that nobody defined."""


def term(table: Mapping[str, Term], key: str) -> Term:
    """The term, or a ShapeError that lists what there is."""
    if key not in table:
        raise ShapeError(f"no term {key!r}; there are {', '.join(sorted(table))}")
    return table[key]


def names(person: Mapping[str, Any]) -> list[Resource]:
    """`name` as written in the story, or one official name from `given` and `family`."""
    if "name" in person:
        return list(person["name"])
    return [{"use": "official", "family": person["family"], "given": list(person["given"])}]


def shown_name(person: Mapping[str, Any]) -> str:
    """The display that other resources carry."""
    first: Resource = next(iter(names(person)), {})
    return str(first.get("text") or " ".join([*first.get("given", ()), first.get("family", "")]).strip())


def encounter_class(code: str) -> Resource:
    """Encounter.class (R4: a single Coding)."""
    return {"system": ACT_CODE, "code": code, "display": _CLASS_NAMES[code]}


def base(resource_type: str, resource_id: str, profile: str) -> Resource:
    return {"resourceType": resource_type, "id": resource_id, "meta": {"profile": [f"{US_CORE}/{profile}"]}}


def categories(system: str, code: str) -> list[Resource]:
    return [coded(f"{HL7}/{system}", code)]
