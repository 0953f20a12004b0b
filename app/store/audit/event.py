"""The audit as FHIR R4 AuditEvent, for the records of who runs the site. No clinical content, because it holds none.

A look or a write is a `rest` event, as in IHE's Basic Audit Log Patterns; what leaves for a payer, on paper or as a
file is DICOM 110106 (Export) with the sub-type "disclose" (its PrivacyDisclosure.Source, without its network parts,
which are not recorded); reading the audit is DICOM 110101. An entry that is not what was written, and whatever else
`verify` finds, becomes a security alert (110113) that quotes nothing of it: what is exported is what `verify` saw.
https://profiles.ihe.net/ITI/BALP/, https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.store.audit.chain import Audit, instant
from app.store.audit.read import Found, Wanted, Where, entries
from app.store.audit.verify import Problem, verify
from app.store.tx import Tx

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_REST = "http://hl7.org/fhir/restful-interaction"
_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_AGENT = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE = "http://terminology.hl7.org/CodeSystem/security-source-type"

_REST_EVENT = {"system": _TYPE, "code": "rest", "display": "Restful Operation"}
_EXPORT = {"system": _DCM, "code": "110106", "display": "Export"}
_AUDIT_USED = {"system": _DCM, "code": "110101", "display": "Audit Log Used"}
_ALERT = {"system": _DCM, "code": "110113", "display": "Security Alert"}
_DISCLOSE = {"system": _LIFECYCLE, "code": "disclose", "display": "Disclose Record Lifecycle Event"}

#: By how the code of an action begins: the letter of `AuditEvent.action`. What is not here is executed.
_LETTERS = {
    "read": "R", "print": "R", "list": "R", "open": "R", "export": "R",
    "record": "C", "put": "C", "add": "C", "hold": "C", "restrict": "C", "tick": "C", "act": "C", "draft": "C",
    "undo": "U", "untick": "U", "withdraw": "U", "resend": "U", "decide": "U", "lift": "U", "release": "U",
    "judge": "U", "keep": "U", "end": "U", "done": "U", "write": "C", "compliance": "C", "prepare": "R", "check": "R",
}  # fmt: skip
_INTERACTION = {"R": "read", "C": "create", "U": "update"}
_LEAVES = frozenset({"send", "sent", "print", "export"})
_SYSTEM = "system"  # `Audit.who` of a job


def exported(tx: Tx, wanted: Wanted, observer: str) -> Iterator[dict[str, Any]]:
    """Every entry of `wanted` that is what was written, the oldest first, and then each problem of the chains that have
    grown since then. `observer`: the public URL of this installation.
    """
    problems = verify(tx, since=wanted.since)
    broken = {(each.chain, each.seq) for each in problems}
    for found in entries(tx, wanted):
        if found.entry is not None and not found.problem and _place(found.where) not in broken:
            yield event(found, found.entry, observer)
    yield from (alert(each, instant(tx.now), observer) for each in problems)


def event(found: Found, entry: Audit, observer: str) -> dict[str, Any]:
    """One entry."""
    begins = entry.action.partition("-")[0]
    letter = _LETTERS.get(begins, "E")
    kind = _AUDIT_USED if entry.action.endswith("-audit") else _EXPORT if begins in _LEAVES else _REST_EVENT
    sub = [{"system": _REST, "code": _INTERACTION[letter]}] if letter in _INTERACTION else []
    return {
        "resourceType": "AuditEvent",
        "id": _id(found.where),
        "type": kind,
        "subtype": [*([_DISCLOSE] if kind is _EXPORT else []), *sub, {"code": entry.action}],
        "action": letter,
        "recorded": instant(entry.at),
        "outcome": "0" if entry.outcome == "ok" else "4",
        "outcomeDesc": entry.outcome,
        "agent": [_agent(entry)],
        "source": _source(observer),
        "entity": [*_patient(entry), _chain(found.where, found.hash, entry.counts)],
    }


def alert(problem: Problem, recorded: str, observer: str) -> dict[str, Any]:
    """What verifying found: where, and what is wrong; of the entry itself nothing."""
    return {
        "resourceType": "AuditEvent",
        "type": _ALERT,
        "action": "E",
        "recorded": recorded,
        "outcome": "8",
        "outcomeDesc": str(problem),
        "agent": [{"who": {"display": "Chartside"}, "requestor": True}],
        "source": _source(observer),
        "entity": [
            {
                "what": {"identifier": {"value": f"{problem.chain}/{problem.seq}"}},
                "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
                "role": {"system": _OBJECT, "code": "13", "display": "Security Resource"},
            }
        ],
    }


def bundle(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All of them in one resource."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": dict(each)} for each in events]}


def is_alert(made: Mapping[str, Any]) -> bool:
    """Whether it says that the audit is not what was written."""
    return bool(made["type"] == _ALERT)


def _agent(entry: Audit) -> dict[str, Any]:
    job = entry.who == _SYSTEM
    kind = (
        {"system": _DCM, "code": "110150", "display": "Application"}
        if job
        else {"system": _AGENT, "code": "humanuser", "display": "human user"}
    )
    roles = [{"text": entry.role}] if entry.role else []
    agent = {"type": {"coding": [kind]}, "who": {"identifier": {"value": entry.who}}, "requestor": True}
    return {**agent, **({"role": roles} if roles else {})}


def _source(observer: str) -> dict[str, Any]:
    return {
        "observer": {"identifier": {"value": observer}, "display": "Chartside"},
        "type": [{"system": _SOURCE, "code": "4", "display": "Application Server"}],
    }


def _patient(entry: Audit) -> list[dict[str, Any]]:
    """By the identifier that the EHR (or, of a payer's list, the payer) knows them by; nobody's name is recorded."""
    system, _, value = entry.patient.rpartition("|")
    if not value:
        return []
    return [
        {
            "what": {"identifier": {**({"system": system} if "://" in system else {}), "value": value}},
            "type": {"system": _ENTITY, "code": "1", "display": "Person"},
            "role": {"system": _OBJECT, "code": "1", "display": "Patient"},
        }
    ]


def _chain(where: Where, hash_: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Under which launch or job, and which link of its chain: so that the export can be held against the database."""
    told = {"chain": where.chain, "entry": str(where.seq), "hash": hash_}
    return {
        "what": {"identifier": {"value": f"{where.chain}/{where.seq}"}},
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        "role": {"system": _OBJECT, "code": "20", "display": "Job"},
        "detail": [
            *({"type": name, "valueString": value} for name, value in told.items()),
            *({"type": f"count: {name}", "valueString": str(number)} for name, number in counts.items()),
        ],
    }


def _id(where: Where) -> str:
    """At most 64 letters and digits (FHIR id)."""
    return f"{where.chain[:40]}-{where.seq}"


def _place(where: Where) -> tuple[str, int]:
    return where.chain, where.seq
