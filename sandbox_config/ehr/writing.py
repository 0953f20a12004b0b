"""What a new ServiceRequest, Task or DocumentReference must have to be taken: FHIR R4, and US Core where it asks more.

https://hl7.org/fhir/R4/servicerequest.html, task.html, documentreference.html.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from sandbox_config.ehr.charts import Charts
from sandbox_config.ehr.site import site
from sandbox_config.ehr.wire import Refusal, refusal

NOT_ONE = "the body is not a resource of this type"

_REQUEST_STATUS = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
_REQUEST_INTENT = {"proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order"}
_TASK_STATUS = {
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed",
    "completed", "entered-in-error",
}  # fmt: skip

#: Elements that must be there, and the codes that an element may have.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "ServiceRequest": ("status", "intent", "subject", "code"),
    "Task": ("status", "intent", "for"),
    "DocumentReference": ("status", "type", "category", "subject", "content"),
}
_CODES: Mapping[str, Mapping[str, set[str]]] = {
    "ServiceRequest": {"status": _REQUEST_STATUS, "intent": _REQUEST_INTENT},
    "Task": {"status": _TASK_STATUS, "intent": {*_REQUEST_INTENT, "unknown"}},
    "DocumentReference": {"status": {"current", "superseded", "entered-in-error"}},
}


def patient_of(body: Mapping[str, Any]) -> str:
    """The id of the patient that a resource is about."""
    about = body.get("subject") or body.get("for") or {}
    return str(about.get("reference", "")).rpartition("/")[2]


def checked(body: Any, resource_type: str, confined_to: str | None) -> str:
    """The patient whom a new resource is about. Raises Refusal: 400 malformed, 422 wrong, 403 another's chart."""
    wrong = list(faults_of(body, resource_type, site().charts))
    if wrong:
        raise Refusal(refusal(400 if wrong[0] is NOT_ONE else 422, "invalid", "; ".join(wrong)))
    patient = patient_of(body)
    if confined_to not in (None, patient):
        raise Refusal(refusal(403, "forbidden", "outside the launch patient's chart"))
    return patient


def stored(body: dict[str, Any], patient: str) -> dict[str, Any]:
    """The resource with the id and version that the server gives it, in the chart."""
    now = site().clock().isoformat(timespec="seconds")
    meta = {**body.get("meta", {}), "versionId": "1", "lastUpdated": now}
    resource = {**body, "id": f"w-{uuid4().hex[:12]}", "meta": meta}
    site().charts.put(resource, patient)
    return resource


def faults_of(body: Any, resource_type: str, charts: Charts) -> Iterator[str]:
    """What is wrong with it, in words; NOT_ONE alone where nothing else can be said."""
    if not isinstance(body, dict) or body.get("resourceType") != resource_type:
        yield NOT_ONE
        return
    yield from (f"{name} is missing" for name in _NEEDED[resource_type] if not body.get(name))
    for name, known in _CODES[resource_type].items():
        if body.get(name) is not None and body[name] not in known:
            yield f"{name} {body[name]!r} is not known"
    patient = patient_of(body)
    if charts.find("Patient", patient) is None:
        yield "it is about nobody who is known here"
    yield from _references(body, patient, charts)
    if resource_type == "ServiceRequest" and not _says(body.get("code")):
        yield "code says nothing"
    if resource_type == "DocumentReference":
        yield from _attachments(body.get("content"))


def _references(body: Mapping[str, Any], patient: str, charts: Charts) -> Iterator[str]:
    """Who and what is named must be known, and a visit must be this patient's."""
    context = body.get("context")
    visits = [body.get("encounter"), *(context.get("encounter", ()) if isinstance(context, Mapping) else ())]
    people = [body.get("requester"), body.get("owner"), *body.get("author", ()), body.get("focus")]
    for reference in (
        each["reference"] for each in (*visits, *people) if isinstance(each, dict) and "reference" in each
    ):
        found = charts.follow(reference)
        if found is None:
            yield f"{reference} is not known here"
        elif found["resourceType"] == "Encounter" and patient not in charts.patients_of(found):
            yield f"{reference} is not this patient's visit"


def _says(concept: Any) -> bool:
    return isinstance(concept, dict) and bool(
        concept.get("text") or any(c.get("code") for c in concept.get("coding", ()))
    )


def _attachments(content: Any) -> Iterator[str]:
    for each in content if isinstance(content, list) else ():
        attachment = each.get("attachment", {})
        if not attachment.get("contentType") or not ("data" in attachment or "url" in attachment):
            yield "an attachment needs contentType, and data or url"
        try:
            b64decode(attachment.get("data", ""), validate=True)
        except (binascii.Error, ValueError):
            yield "the attachment's data are no base64"
