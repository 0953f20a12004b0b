"""Restrictions on disclosure that the practice agreed to and its privacy role entered here (45 CFR 164.522(a)).

What the EHR itself holds of them (Consent, Flag) is read from the EHR each time, and is not kept here. Every write
takes the audit record that it commits with.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from app.store import said
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.said import Note, Said
from app.store.schema import restrictions
from app.store.tx import Tx

EVERY_PAYER = ""

_t = restrictions.c


@dataclass(frozen=True, slots=True)
class Restriction:
    """One entry in force. `said` None: sealed with a key that is gone; it still holds."""

    id: str
    payer: str  # EVERY_PAYER, or a payer's id
    at: datetime
    said: Said | None


def enter(tx: Tx, entry: Audit, payer: str, note: Note) -> bool:
    """Restrict disclosure about the patient of `entry` to `payer`. False, and nothing written, where it is already."""
    tx.serialise("restrictions")
    if payer in restricted(tx, entry.patient):
        return False
    name = secrets.token_hex(16)
    tx.conn.execute(
        insert(restrictions).values(
            id=name,
            payer=payer,
            patient_hash=patient_hash(tx, entry.patient),
            at=entry.at,
            body=said.close(tx, entry, note, _body(name)),
        )
    )
    record(tx, entry)
    return True


def restricted(tx: Tx, patient: str) -> frozenset[str]:
    """The payers that may not be asked about this patient; `EVERY_PAYER` among them: nobody may."""
    found = select(_t.payer).where(_t.patient_hash == patient_hash(tx, patient), _t.lifted_at.is_(None))
    return frozenset(tx.conn.execute(found).scalars())


def in_force(tx: Tx, patient: str) -> list[Restriction]:
    """The entries of one patient, the oldest first."""
    of_patient = select(restrictions).where(_t.patient_hash == patient_hash(tx, patient), _t.lifted_at.is_(None))
    rows = tx.conn.execute(of_patient.order_by(_t.at, _t.id)).all()
    return [Restriction(row.id, row.payer, row.at, said.read(tx, row.body, _body(row.id))) for row in rows]


def lift(tx: Tx, entry: Audit, name: str, note: Note) -> bool:
    """End an entry of the patient of `entry`. False, and nothing written, where there is none in force."""
    tx.serialise("restrictions")
    this = (_t.id == name, _t.patient_hash == patient_hash(tx, entry.patient), _t.lifted_at.is_(None))
    lifted = said.close(tx, entry, note, f"{_body(name)}/lifted")
    if tx.conn.execute(update(restrictions).where(*this).values(lifted_at=entry.at, lifted=lifted)).rowcount != 1:
        return False
    record(tx, entry)
    return True


def _body(name: str) -> str:
    return f"restriction/{name}"
