"""The ways in which a payer takes remarks, and what each of them sends. Pure.

Da Vinci RA "Condition Category Remark": PUT, transaction, PATCH, `$submit-remark-data` (3.0-ballot). DEQM: PATCH, or
the report with the remark. Base: https://hl7.org/fhir/R4/http.html#concurrency, https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.ledger.outgoing import Remark
from app.sources.fhir.shape import Json, words
from app.sources.http import Headers
from app.sources.payer import remarking
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.dialect import AUTO
from app.sources.urls import instance

_URIS = "urn:ietf:rfc:3986"


class Way(StrEnum):
    """As `remarks` of a payer's entry names them."""

    PUT = "put"
    TRANSACTION = "transaction"
    SUBMIT = "submit-remark-data"
    PATCH = "patch"


@dataclass(frozen=True, slots=True)
class Write:
    """One write as it leaves; `path` is empty for the base itself."""

    method: str
    path: str
    body: Json
    headers: Headers = ()


def possible(set_to: str, can: Capabilities | None, question: str) -> tuple[Way, ...]:
    """The way that an entry names, else those that the payer advertises, the best first.

    What a payer advertises it may take for something else alone (a transaction for evidence), so there can be several.
    PATCH is never chosen by itself: a remark as the guides' patch profiles allow it holds one part, and 2026-11 HAPI
    keeps only the last of several (hapi-fhir issue 7306).
    """
    if set_to != AUTO:
        return (Way(set_to),) if set_to in list(Way) else ()
    if can is None:
        return ()
    by_operation = (Way.SUBMIT,) if can.operation("Measure", Way.SUBMIT.value) else ()
    by_transaction = (Way.TRANSACTION,) if "transaction" in can.system else ()
    by_update = (Way.PUT,) if "update" in can.offers.of("MeasureReport").interactions else ()
    if question == "risk":
        return (*by_update, *by_operation, *by_transaction)
    return (*by_update, *by_transaction, *by_operation)  # the operation is RA's, and its last resort here


def write(way: Way, before: Json, after: Json, remarks: Sequence[Remark], version: str) -> Write:
    """The write that makes `before` into `after`, which is `before` with these remarks.

    `version` is what If-Match names ("" where the payer keeps none).
    """
    path = instance("MeasureReport", words(before.get("id")))
    matching: Headers = (("If-Match", version),) if version else ()
    if way is Way.PUT:
        return Write("PUT", path, after, matching)
    if way is Way.PATCH:
        return Write("PATCH", path, patch(before, remarks), matching)
    if way is Way.TRANSACTION:
        request = {"method": "PUT", "url": path} | ({"ifMatch": version} if version else {})
        return Write("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(after, request)]})
    bundle: Json = {
        "resourceType": "Bundle", "type": "collection",
        "identifier": {"system": _URIS, "value": bundle_id(remarks)}, "entry": [_entry(after)],
    }  # fmt: skip
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "bundle", "resource": bundle}]}
    return Write("POST", "Measure/$submit-remark-data", parameters)


def bundle_id(remarks: Sequence[Remark]) -> str:
    """The same for the same remarks, however often they are sent."""
    same = hashlib.sha256("|".join(sorted(remark.id for remark in remarks)).encode()).hexdigest()[:32]
    return f"urn:uuid:{UUID(same)}"


def _entry(report: Json, request: Json | None = None) -> Json:
    return {"resource": report} | ({"request": request} if request else {})


# --- FHIRPath Patch ---------------------------------------------------------------------------------------------------


def patch(report: Json, remarks: Sequence[Remark]) -> Json:
    """One operation for each remark, with all its parts: more than the guides' profiles allow, and what some take."""
    operations = [_operation(report, remark) for remark in remarks]
    return {"resourceType": "Parameters", "parameter": operations}


def _operation(report: Json, remark: Remark) -> Json:
    place = remarking.place_of(report, remark.group_id)
    by_id = words(report["group"][place].get("id")) == remark.group_id
    group_id = remark.group_id.replace("\\", "\\\\").replace("'", "\\'")
    where = f".where(id='{group_id}')" if by_id else f"[{place}]"
    parts: list[Json] = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": f"MeasureReport.group{where}"},
        {"name": "name", "valueString": "extension"},
        {"name": "value", "part": _value(remarking.extension_of(remark))},
    ]
    return {"name": "operation", "part": parts}


def _value(extension: Json) -> list[Json]:
    """An extension as the `value` of an operation: its elements as parts."""
    parts: list[Json] = [{"name": "id", "valueString": extension["id"]}] if "id" in extension else []
    parts.append({"name": "url", "valueUri": extension["url"]})
    for name, value in extension.items():
        if name == "extension":
            parts += [{"name": "extension", "part": _value(each)} for each in value]
        elif name.startswith("value"):
            parts.append({"name": "value", name: value})
    return parts
