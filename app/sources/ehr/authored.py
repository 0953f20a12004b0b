"""What we author for an EHR, through fhirclient's models, so that nothing leaves that is not valid R4.

https://hl7.org/fhir/R4/servicerequest.html, task.html, documentreference.html. An order is a draft (`status` draft):
only a person signs it. Every resource carries the identifier by which it is found again.
"""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any

from fhirclient.models.documentreference import DocumentReference
from fhirclient.models.servicerequest import ServiceRequest
from fhirclient.models.task import Task

from app.core.chart import Coding
from app.core.ledger.ordering import LINE, ORDER, TASK, Write
from app.core.terminology import LOINC
from app.sources.replies import Json

#: Of the identifiers of what we write: not an address, and the same wherever the app runs.
SYSTEM = "urn:chartside:written"
_INSTRUCTIONS = Coding(LOINC, "69730-0", "Instructions")
_NOTES = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"


def authored(write: Write) -> Json:
    """The resource of one draft. Raises FHIRValidationError for what is not valid R4."""
    make = {ORDER: _order, TASK: _task, LINE: _line}[write.kind]
    resource = {key: value for key, value in make(write).items() if value not in (None, "", [], {})}
    resource["identifier"] = [{"system": SYSTEM, "value": write.id}]
    model = {ORDER: ServiceRequest, TASK: Task, LINE: DocumentReference}[write.kind]
    checked: Json = model({"resourceType": write.kind, **resource}).as_json()
    return checked


def _order(write: Write) -> dict[str, Any]:
    return {
        "status": "draft",
        "intent": "order",
        "code": _concept(write.words, write.coding),
        "subject": {"reference": write.patient},
        "encounter": _link(write.encounter),
        "requester": _author(write),
        "authoredOn": _instant(write.at),
        "reasonCode": [{"text": write.reason}] if write.reason else [],
    }


def _task(write: Write) -> dict[str, Any]:
    return {
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "description": write.words,
        "for": {"reference": write.patient},
        "encounter": _link(write.encounter),
        "requester": _author(write),
        "authoredOn": _instant(write.at),
        "performerType": [{"text": write.owner}] if write.owner else [],
        "reasonCode": {"text": write.reason} if write.reason else None,
        "focus": _link(write.focus),
        # R4 asks that a restriction's period have its end; some servers want its beginning too.
        "restriction": {"period": _until(write.at.date(), write.due)} if write.due else None,
    }


def _line(write: Write) -> dict[str, Any]:
    text = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(write.words.encode()).decode()}
    return {
        "status": "current",
        "type": _concept("", _INSTRUCTIONS),
        "category": [_concept("", Coding(_NOTES, "clinical-note", "Clinical Note"))],
        "subject": {"reference": write.patient},
        "date": _instant(write.at),
        "author": [_author(write)] if _author(write) else [],
        "content": [{"attachment": {**text, "title": "For your visit summary"}}],
        "context": {"encounter": [_link(write.encounter)]} if write.encounter else None,
    }


def _concept(words: str, coding: Coding | None) -> dict[str, Any]:
    coded = {"system": coding.system, "code": coding.code, "display": coding.display} if coding else None
    return {**({"coding": [coded]} if coded else {}), **({"text": words} if words else {})}


def _author(write: Write) -> dict[str, str] | None:
    if write.author:
        return {"reference": write.author, **({"display": write.author_name} if write.author_name else {})}
    return {"display": write.author_name} if write.author_name else None


def _link(ref: str) -> dict[str, str] | None:
    return {"reference": ref} if ref else None


def _until(start: date, due: date) -> dict[str, str]:
    return {"start": min(start, due).isoformat(), "end": due.isoformat()}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
