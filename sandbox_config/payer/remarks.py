"""Whether a remark is one: careGapRemark (DEQM 5.0.0 2.5, universal 1.0) and ra-ccRemark (RA 2.1, 3.0), strictly. Pure.

Parts, their types and how often they may stand; an author of some kind (cgr-1, ra-2); codes of the release's own list.
RA is read as its examples are: `valueCodeableConcept`, where the 2.1.0 profile misspells it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.payer.catalogue import RA
from sandbox_config.payer.dialects import Deqm, Ra
from sandbox_config.scenarios.common import NPI

Resource = dict[str, Any]
Resolves = Callable[[str], bool]

_DATE_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")
_PERSON = frozenset({"valueIdentifier", "valueString"})
_PARTY = _PERSON | {"valueReference"}
_REASONS = frozenset({"never-had-condition", "inactive-condition", "inapplicable-gap"})


@dataclass(frozen=True)
class Part:
    """One sub-extension: the value elements it may have, and whether it repeats."""

    values: frozenset[str]
    repeats: bool = False


_BOTH: Mapping[str, Part] = {
    "author": Part(_PERSON),
    "authorOrganization": Part(_PARTY),
    "authorSoftware": Part(_PERSON),
    "authorDatetime": Part(frozenset({"valueDateTime"})),
    "text": Part(frozenset({"valueString"}), repeats=True),
    "code": Part(frozenset({"valueCodeableConcept"})),
    "relatedData": Part(frozenset({"valueIdentifier", "valueReference"}), repeats=True),
}
_OF_RA = {**_BOTH, "reasonCode": Part(frozenset({"valueCodeableConcept"}), repeats=True)}
_OF_RA_3 = {
    **_OF_RA,
    "author": Part(_PARTY),
    "remarkType": Part(frozenset({"valueCodeableConcept"})),
}


@dataclass(frozen=True)
class Form:
    """What a remark looks like in one release. No `codes`: the release has none."""

    url: str
    parts: Mapping[str, Part]
    system: str
    codes: frozenset[str]
    reasons: str = ""  # the code system of reasons, where there are any


def form_of(deqm: Deqm | None, ra: Ra | None) -> Form:
    """The form in the release that a report was made in: one of the two."""
    if deqm is not None:
        return Form(deqm.extension("careGapRemark"), _BOTH, deqm.codes("care-gap-remark"), deqm.remark_codes)
    assert ra is not None
    return Form(
        f"{RA}/StructureDefinition/ra-ccRemark",
        _OF_RA_3 if ra.qualifying else _OF_RA,
        f"{RA}/CodeSystem/coding-gap-remark",
        ra.remark_codes,
        f"{RA}/CodeSystem/remark-reason",
    )


def faults_of(remark: Resource, form: Form, resolves: Resolves) -> Iterator[str]:
    """What is wrong with it, in words. `resolves`: whether a relative reference leads somewhere here."""
    if not form.codes:
        yield "this release has no remarks"
        return
    if set(remark) - {"id", "url", "extension"}:
        yield f"a remark has no {', '.join(sorted(set(remark) - {'id', 'url', 'extension'}))}"
    told: dict[str, list[Any]] = {}
    for part in remark.get("extension", ()):
        name = part.get("url", "")
        if name not in form.parts:
            yield f"{name!r} is no part of a remark in this release"
            continue
        value = set(part) - {"id", "url"}
        if len(value) != 1 or not value <= form.parts[name].values:
            yield f"{name} takes {' or '.join(sorted(form.parts[name].values))}, once"
            continue
        told.setdefault(name, []).append(part[value.pop()])
    yield from (
        f"{name} stands twice" for name, found in told.items() if len(found) > 1 and not form.parts[name].repeats
    )
    if not {"author", "authorOrganization", "authorSoftware"} & set(told):
        yield "nobody is named: an author, authorOrganization or authorSoftware is needed"
    yield from _values(told, form, resolves)


def _values(told: Mapping[str, list[Any]], form: Form, resolves: Resolves) -> Iterator[str]:
    for when in told.get("authorDatetime", ()):
        if not isinstance(when, str) or not _DATE_TIME.fullmatch(when):
            yield f"authorDatetime {when!r} is no dateTime"
    for text in told.get("text", ()):
        if not isinstance(text, str) or not text.strip():
            yield "text is empty"
    yield from _coded("code", told, form.system, form.codes)
    yield from _coded("reasonCode", told, form.reasons, _REASONS)
    codes = {str(coding.get("code")) for concept in told.get("code", ()) for coding in concept.get("coding", ())}
    if "reasonCode" in told and "assessed-not-present" not in codes:
        yield "a reasonCode is said of assessed-not-present alone"
    for name in ("author", "authorOrganization", "authorSoftware", "relatedData"):
        for value in told.get(name, ()):
            yield from _party(name, value, resolves)


def _coded(name: str, told: Mapping[str, list[Any]], system: str, codes: frozenset[str]) -> Iterator[str]:
    for concept in told.get(name, ()):
        coding = concept.get("coding", ()) if isinstance(concept, dict) else ()
        if not any(each.get("system") == system and str(each.get("code")) in codes for each in coding):
            yield f"{name}: no code of {system}"


def _party(name: str, value: Any, resolves: Resolves) -> Iterator[str]:
    if isinstance(value, str):
        if not value.strip():
            yield f"{name} is empty"
        return
    if not isinstance(value, dict):
        yield f"{name} cannot be read"
    elif "reference" in value:
        reference = str(value["reference"])
        if "://" not in reference and not reference.startswith("urn:") and not resolves(reference):
            yield f"{name}: {reference} leads nowhere here"
    elif not value.get("value"):
        yield f"{name} is an Identifier without a value"
    elif value.get("system") == NPI and not re.fullmatch(r"\d{10}", str(value["value"])):
        yield f"{name}: an NPI has ten digits"


def key_of(remark: Resource) -> str:
    """What makes two remarks the same one: their id, else all that they say."""
    return str(remark.get("id") or json.dumps(remark, sort_keys=True))
