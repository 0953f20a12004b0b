"""Reports that somebody marked "wrong patient": hidden for everyone, in every launch, until the privacy role decides.

What is hidden is everything that one payer says of one patient of one EHR. A hold that was looked at and kept stays
one; only a release ends it. Every write takes the audit record that it commits with.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.store import said
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.said import Note, Said
from app.store.schema import held_reports
from app.store.tx import Tx

_t = held_reports.c


class Decision(StrEnum):
    RELEASE = "release"  # it was this patient after all, or the payer has mended it
    KEEP = "keep"  # stays hidden


@dataclass(frozen=True, slots=True)
class Held:
    """One hold. `said` None: sealed with a key that is gone; it still hides, and can still be released."""

    id: str
    payer: str
    at: datetime
    said: Said | None
    decided_at: datetime | None = None  # None: nobody has looked yet
    decided: Said | None = None


def hold(tx: Tx, entry: Audit, payer: str, note: Note) -> bool:
    """Hide what `payer` says of the patient of `entry`. False, and nothing written, where it is hidden already."""
    tx.serialise("held_reports")
    if payer in held(tx, entry.patient):
        return False
    name = secrets.token_hex(16)
    tx.conn.execute(
        insert(held_reports).values(
            id=name,
            payer=payer,
            patient_hash=patient_hash(tx, entry.patient),
            at=entry.at,
            body=said.close(tx, entry, note, _body(name)),
        )
    )
    record(tx, entry)
    return True


def held(tx: Tx, patient: str) -> frozenset[str]:
    """The payers whose answers about this patient are hidden."""
    found = select(_t.payer).where(_t.patient_hash == patient_hash(tx, patient), _t.released_at.is_(None))
    return frozenset(tx.conn.execute(found).scalars())


def hidden(tx: Tx) -> list[Held]:
    """Every hold that has not been released, those that nobody has looked at first, the oldest first."""
    rows = tx.conn.execute(select(held_reports).where(_t.released_at.is_(None)).order_by(_t.at, _t.id)).all()
    return sorted((_held(tx, row) for row in rows), key=lambda each: each.decided_at is not None)


def find(tx: Tx, name: str) -> Held | None:
    """One hold that has not been released."""
    row = tx.conn.execute(select(held_reports).where(_t.id == name, _t.released_at.is_(None))).one_or_none()
    return None if row is None else _held(tx, row)


def decide(tx: Tx, entry: Audit, name: str, decision: Decision, note: Note) -> bool:
    """What the privacy role decided. False, and nothing written, where it is released or was decided so before."""
    tx.serialise("held_reports")
    found = find(tx, name)
    if found is None or (decision is Decision.KEEP and found.decided_at is not None):
        return False
    ended = {"released_at": entry.at} if decision is Decision.RELEASE else {}
    decided = said.close(tx, entry, note, _decision(name))
    tx.conn.execute(update(held_reports).where(_t.id == name).values(decided_at=entry.at, decision=decided, **ended))
    record(tx, entry)
    return True


def _held(tx: Tx, row: Row[Any]) -> Held:
    decided = said.read(tx, row.decision, _decision(row.id))
    return Held(row.id, row.payer, row.at, said.read(tx, row.body, _body(row.id)), row.decided_at, decided)


def _body(name: str) -> str:
    return f"held/{name}"


def _decision(name: str) -> str:
    return f"held/{name}/decision"
