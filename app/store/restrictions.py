"""Restrictions on disclosure that the practice agreed to and its privacy role entered here (45 CFR 164.522(a)).

What the EHR itself holds of them (Consent, Flag) is read from the EHR each time, and is not kept here. Every write
takes the audit record that it commits with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from app.store import barred, said
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.barred import RESTRICTED
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
    return barred.begin(tx, RESTRICTED, entry, payer, note)


def in_force(tx: Tx, patient: str) -> list[Restriction]:
    """The entries of one patient, the oldest first."""
    found = barred.rows(tx, RESTRICTED, _t.patient_hash == patient_hash(tx, patient))
    return [Restriction(row.id, row.payer, row.at, barred.body(tx, RESTRICTED, row)) for row in found]


def lift(tx: Tx, entry: Audit, name: str, note: Note) -> bool:
    """End an entry of the patient of `entry`. False, and nothing written, where there is none in force."""
    tx.serialise(restrictions.name)
    this = (_t.id == name, _t.patient_hash == patient_hash(tx, entry.patient), RESTRICTED.in_force)
    lifted = said.close(tx, entry, note, barred.place(RESTRICTED, name, "lifted"))
    if tx.conn.execute(update(restrictions).where(*this).values(lifted_at=entry.at, lifted=lifted)).rowcount != 1:
        return False
    record(tx, entry)
    return True
