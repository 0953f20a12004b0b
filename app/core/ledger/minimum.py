"""The least of a chart entry that a payer needs: what of it may leave, and what is left out.

Raw FHIR R4 in, raw FHIR R4 out: what leaves is the chart's own entry with elements taken away, never written anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.core.ledger.minimum_rows import CONCEPT, LINK, ROWS, Shape
from app.core.measures.rule import COUNTS
from app.core.reading import DENIED

Json = Mapping[str, Any]


class Unfit(StrEnum):
    """Why an entry cannot leave at all."""

    TYPE = "type-not-sent"
    MODIFIED = "modifier"  # FHIR R4 2.4.1: an element that changes its meaning, which we do not know
    NOBODY = "names-no-patient"
    ANOTHER = "names-another-patient"
    STATUS = "status-no-evidence"  # cancelled, preliminary, entered in error: by now, if it was not before


@dataclass(frozen=True, slots=True)
class Least:
    """What leaves of one entry, and the names of its elements that stay."""

    resource: Json
    left_out: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        return f"{self.resource['resourceType']}/{self.resource['id']}"


@dataclass(frozen=True, slots=True)
class Said:
    """One element of what leaves, as text: `element` is FHIR's name for it."""

    element: str
    words: str


def least(raw: Json, patient: str, among: Collection[str] = ()) -> Least | Unfit:
    """What of `raw` may leave about `patient` ("Patient/123"). `among`: references of what else leaves; a link to
    anything else stays here.
    """
    kind = raw.get("resourceType")
    shape = ROWS.get(kind) if isinstance(kind, str) else None
    if shape is None or not isinstance(raw.get("id"), str):
        return Unfit.TYPE
    if raw.get("modifierExtension") or raw.get("implicitRules"):
        return Unfit.MODIFIED
    if unfit := _about(raw, patient) or _status(raw):
        return unfit
    links = {patient, *among}
    kept = {name: left for name, part in shape.items() if (left := _part(raw.get(name), part, links)) is not None}
    whole = sorted(name for name in raw if name not in kept and not name.startswith("_"))
    return Least(kept, tuple(whole))


def encounter_of(raw: Json) -> str:
    """The visit that an entry comes from ("Encounter/1"), empty where it names none."""
    link = raw.get("encounter")
    return _reference(link) if isinstance(link, dict) else ""


def said(resource: Json) -> tuple[Said, ...]:
    """Every element of what leaves as text, in its order: nothing leaves that is not in here."""
    return tuple(Said(name, _words(value)) for name, value in resource.items() if name not in ("resourceType", "id"))


def _part(value: Any, shape: Shape | None, links: set[str]) -> Any:
    """What of one element may leave; None: nothing."""
    if isinstance(value, list):
        parts = [part for each in value if (part := _part(each, shape, links)) is not None]
        return parts or None
    if shape is None:
        return value if isinstance(value, str | int | float | Decimal) else None
    if not isinstance(value, dict):
        return None
    if shape is LINK:
        ref = _reference(value)
        return {"reference": ref} if ref in links else None
    kept = {name: part for name, inner in shape.items() if (part := _part(value.get(name), inner, links)) is not None}
    if shape is CONCEPT and "coding" in kept:
        kept.pop("text", None)  # what is coded says it; the text beside it is whatever somebody typed
    return kept or None


def _about(raw: Json, patient: str) -> Unfit | None:
    about = raw.get("subject") or raw.get("patient")
    ref = _reference(about) if isinstance(about, dict) else ""
    if not ref:
        return Unfit.NOBODY
    return None if ref == patient else Unfit.ANOTHER


def _reference(link: Mapping[str, Any]) -> str:
    """Type/id of a reference, relative or absolute, without a version."""
    ref = link.get("reference")
    parts = ref.split("/_history/")[0].split("/") if isinstance(ref, str) else []
    return "/".join(parts[-2:]) if len(parts) >= 2 else ""


def _status(raw: Json) -> Unfit | None:
    kind, status = str(raw["resourceType"]), raw.get("status")
    if kind == "Encounter":
        return Unfit.STATUS if status in ("planned", "cancelled", "entered-in-error") else None
    if kind in ("Condition", "AllergyIntolerance"):
        verified = raw.get("verificationStatus")
        codings = verified.get("coding") if isinstance(verified, dict) else None
        said = {each.get("code") for each in codings or () if isinstance(each, dict)}
        return Unfit.STATUS if said & {*DENIED, "entered-in-error"} else None
    return None if status in COUNTS[kind] else Unfit.STATUS


# --- as text --------------------------------------------------------------------------------------------------------


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if not isinstance(value, dict):
        return ("yes" if value else "no") if isinstance(value, bool) else str(value)
    if "coding" in value:
        return "; ".join(_coding(each) for each in value["coding"])
    if "code" in value and "value" not in value and not isinstance(value["code"], dict):
        return _coding(value)
    if "value" in value:
        sign, unit = value.get("comparator", ""), value.get("unit") or value.get("code") or ""
        return f"{sign}{value['value']} {unit}".strip()
    if "start" in value or "end" in value:
        return " to ".join(str(value[name]) for name in ("start", "end") if name in value)
    return ", ".join(filter(None, (_words(each) for each in value.values())))


def _coding(coding: Json) -> str:
    """Body weight (29463-7)"""
    words, code = coding.get("display", ""), coding.get("code", "")
    return f"{words} ({code})" if words and code else words or code
