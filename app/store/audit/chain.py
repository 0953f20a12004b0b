"""What is hashed, and how: shared by writing and verifying, so that the two cannot drift apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One entry. `launch` is the launch handle, or the name of a job; it is kept as a hash only.

    `counts` says of which types how many were read or written ({"Condition": 12}); no clinical content belongs here.
    """

    launch: str
    who: str  # fhirUser, or the job
    role: str
    patient: str  # patient key; empty: no patient
    action: str  # a code of ours: read-chart
    counts: Mapping[str, int]
    outcome: str  # ok, or why not
    at: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the site chain: enough to be written down elsewhere and held against the database later."""

    seq: int
    hash: str


def canonical(entry: Audit) -> str:
    """The content that is sealed and hashed: everything but the launch, in one fixed order and form."""
    content = {
        "who": entry.who,
        "role": entry.role,
        "patient": entry.patient,
        "action": entry.action,
        "counts": dict(entry.counts),
        "outcome": entry.outcome,
        "at": instant(entry.at),
    }
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def parse(launch: str, body: bytes) -> Audit:
    content = json.loads(body)
    return Audit(launch=launch, **content | {"at": datetime.fromisoformat(content["at"])})


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def chain_of(tx: Tx, launch: str) -> str:
    return tx.hash("audit-chain", launch)


def patient_hash(tx: Tx, patient: str) -> str:
    """The same hash that `answers` keeps, so that both can be looked up for one patient."""
    return tx.hash("patient", patient) if patient else ""


def link(tx: Tx, chain: str, seq: int, prev: str, body: str) -> str:
    """The hash of one entry."""
    return tx.hash("audit-entry", chain, str(seq), prev, body)


def seal_link(tx: Tx, seq: int, prev: str, at: datetime, heads: str) -> str:
    """The hash of one seal of the site chain."""
    return tx.hash("audit-seal", str(seq), prev, instant(at), heads)


def place(chain: str, seq: int) -> str:
    """What an entry's body is sealed for."""
    return f"audit/{chain}/{seq}"
