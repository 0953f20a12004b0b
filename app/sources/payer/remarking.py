"""A remark as its guide writes it, put into the payer's own report, and found there again. Pure; raw JSON throughout.

DEQM US 5.0.0 extension-careGapRemark, DEQM universal deqm-careGapRemark, Da Vinci RA ra-ccRemark, all on
MeasureReport.group. The guides allow nothing else of the report to change. Their instances say `valueCodeableConcept`
where RA's definition has a typo and DEQM US types the code as a uri (2026-11): the instances are followed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.ledger.outgoing import Author, Remark
from app.core.ledger.remarks import Family, family_of
from app.sources.exact import written
from app.sources.fhir.extensions import code_of, extension, extensions, text_of
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.payer import dialect

NPI = "http://hl7.org/fhir/sid/us-npi"
_RA_CODES = "http://hl7.org/fhir/us/davinci-ra/CodeSystem"
_ID = "chartside-"
_URIS = "urn:ietf:rfc:3986"


@dataclass(frozen=True, slots=True)
class _Spelling:
    url: str
    codes: str
    reasons: str = ""  # no place for a coded reason where empty


_SPELLINGS = {
    Family.DEQM_US_5: _Spelling(
        f"{dialect.DEQM_US}/extension-careGapRemark", "http://hl7.org/fhir/us/davinci-deqm/CodeSystem/care-gap-remark"
    ),
    Family.DEQM_UV: _Spelling(
        f"{dialect.DEQM_UV}/deqm-careGapRemark", "http://hl7.org/fhir/uv/deqm/CodeSystem/deqm-care-gap-remark"
    ),
    Family.RA: _Spelling(
        f"{dialect.RA_BASE}/ra-ccRemark", f"{_RA_CODES}/coding-gap-remark", f"{_RA_CODES}/remark-reason"
    ),
}
_REMARKS = dialect.CARE_GAP_REMARK | dialect.CC_REMARK


def can_say(remark: Remark) -> bool:
    """Whether the remark's dialect has remarks, and the remark an author (cgr-1, ra-2)."""
    return family_of(remark.dialect) in _SPELLINGS and bool(_authors(remark.author))


def extension_of(remark: Remark) -> Json:
    """The remark as an extension of a group, its own id as element id. Raises ValueError where not `can_say`."""
    family = family_of(remark.dialect)
    if family is None or not can_say(remark):
        raise ValueError("no remark in this dialect")
    spelling = _SPELLINGS[family]
    parts = _authors(remark.author)
    parts.append({"url": "authorDatetime", "valueDateTime": _stamp(remark.at)})
    parts += [{"url": "text", "valueString": text} for text in remark.text if text.strip()]
    if remark.code:
        parts.append({"url": "code", "valueCodeableConcept": _coded(spelling.codes, remark.code)})
    if remark.reason and spelling.reasons:
        parts.append({"url": "reasonCode", "valueCodeableConcept": _coded(spelling.reasons, remark.reason)})
    related = "relatedDataIdentifier" if remark.dialect == dialect.RA_SEARCH_2_0 else "relatedData"
    parts += [{"url": related, "valueIdentifier": _identifier(named)} for named in remark.related]
    return {"id": f"{_ID}{remark.id}", "url": spelling.url, "extension": parts}


def put_in(report: Json, remarks: Iterable[Remark]) -> tuple[Json, tuple[Remark, ...]]:
    """The report with these remarks at the end of their groups' extensions, and those that have no group there.

    Every other value of it is the very same; `report` itself is not changed.
    """
    added: dict[int, list[Json]] = {}
    lost: list[Remark] = []
    for remark in remarks:
        place = place_of(report, remark.group_id)
        if place is None:
            lost.append(remark)
        else:
            added.setdefault(place, []).append(extension_of(remark))
    if not added:
        return report, tuple(lost)
    groups = [_grown(group, added.get(n, [])) for n, group in enumerate(report["group"])]
    return {**report, "group": groups}, tuple(lost)


def place_of(report: Json, group_id: str) -> int | None:
    """Which of the report's groups it is. None: none, or several (ids are unique only where the payer sees to it)."""
    stated = report.get("group")
    if not isinstance(stated, list):
        return None
    named = [n for n, group in enumerate(stated) if isinstance(group, dict) and group_id in _names(group)]
    return named[0] if len(named) == 1 and isinstance(stated[named[0]].get("extension", []), list) else None


def shown(report: Json, remarks: Sequence[Remark], *, whole: bool = False) -> frozenset[str]:
    """The ids of the remarks that the report shows; with `whole`, of those that it shows with every part."""
    found: set[str] = set()
    for remark in remarks:
        place = place_of(report, remark.group_id)
        there = extensions(report["group"][place], _REMARKS) if place is not None else []
        mine = [each for each in there if _is(each, remark)]
        if any(not whole or _is_whole(each, remark) for each in mine):
            found.add(remark.id)
    return frozenset(found)


def fingerprint(report: Json) -> str:
    """Of everything that the report shows but its `meta`: the same where a write has changed nothing visible."""
    rest = {name: value for name, value in report.items() if name not in ("meta", "text")}
    return hashlib.sha256(written(rest)).hexdigest()[:16]


# --- writing ----------------------------------------------------------------------------------------------------------


def _authors(author: Author) -> list[Json]:
    found: list[Json] = []
    for url, npi, name in (
        ("author", author.npi, author.name),
        ("authorOrganization", author.organization_npi, author.organization),
        ("authorSoftware", "", author.software),
    ):
        if npi:
            found.append({"url": url, "valueIdentifier": {"system": NPI, "value": npi}})
        elif name:
            found.append({"url": url, "valueString": name})
    return found


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _identifier(named: str) -> Json:
    """A URL, `system|value`, or a bare value: never a reference, which would be read as one at the payer."""
    system, bar, value = named.partition("|")
    if bar and system and value:
        return {"system": system, "value": value}
    return {"system": _URIS, "value": named} if "://" in named else {"value": named}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _grown(group: object, added: list[Json]) -> object:
    if not added or not isinstance(group, dict):
        return group
    return {**group, "extension": [*group.get("extension", []), *added]}


def _names(group: Json) -> set[str]:
    """By what a group may be named, as reports are read: its id, else its linkId (DEQM universal)."""
    return {words(group.get("id")) or text_of(extension(group, dialect.GROUP_LINK_ID))} - {""}


# --- finding again ----------------------------------------------------------------------------------------------------


def _is(found: Json, remark: Remark) -> bool:
    """By the element's id; where the payer drops ids, by who said what when."""
    stated = words(found.get("id"))
    if stated.startswith(_ID):
        return stated == f"{_ID}{remark.id}"
    ours = extension_of(remark)
    return _said(found) == _said(ours) and _when(found) == _when(ours) != ""


def _said(stated: Json) -> tuple[str, ...]:
    author = next((text for url in _AUTHORS if (text := _named(extension(stated, {url})))), "")
    return author, *(code_of(extension(stated, {url})) for url in ("code", "reasonCode"))


_AUTHORS = ("author", "authorOrganization", "authorSoftware")


def _named(stated: Json) -> str:
    return words(obj(stated.get("valueIdentifier")).get("value")) or words(stated.get("valueString"))


def _when(stated: Json) -> str:
    """The instant, however it is written."""
    text = text_of(extension(stated, {"authorDatetime"}))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return _stamp(at) if at.tzinfo else text


def _is_whole(found: Json, remark: Remark) -> bool:
    """Whether every part that we said is there, in any order and with whatever the payer adds."""
    stated = objs(found.get("extension"))
    return all(any(_same(part, each) for each in stated) for part in extension_of(remark)["extension"])


def _same(part: Json, other: Json) -> bool:
    if words(other.get("url")) != part["url"]:
        return False
    if part["url"] == "authorDatetime":
        return _when({"extension": [part]}) == _when({"extension": [other]})
    value, theirs = ({k: v for k, v in each.items() if k != "url"} for each in (part, other))
    if "valueCodeableConcept" in value:
        return code_of(part) == code_of(other)
    return json.dumps(value, sort_keys=True, default=str) == json.dumps(
        {k: v for k, v in theirs.items() if k in value}, sort_keys=True, default=str
    )
