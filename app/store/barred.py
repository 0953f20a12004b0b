"""What keeps this practice from asking a payer about a patient: its holds and its restrictions, two tables of one kind.

A row names a payer and a patient, holds until it is ended, and carries sealed who said so and why. At most one for the
same payer and patient is in force. Every write takes the audit record that it commits with.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, bindparam, insert, literal, select, union_all

from app.core.restrictions import Own
from app.store import said
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.said import Note, Said
from app.store.schema import held_reports, restrictions
from app.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two. `seal` begins the name under which its rows are sealed."""

    table: Table
    ended: str  # the column that is empty while a row is in force
    seal: str

    @property
    def in_force(self) -> ColumnElement[bool]:
        return self.table.c[self.ended].is_(None)


HELD, RESTRICTED = Kind(held_reports, "released_at", "held"), Kind(restrictions, "lifted_at", "restriction")


_OWN = union_all(
    *(
        select(literal(kind.seal).label("how"), kind.table.c.payer).where(
            kind.table.c.patient_hash == bindparam("here"), kind.in_force
        )
        for kind in (HELD, RESTRICTED)
    )
)


def own(tx: Tx, patient: str) -> Own:
    """The payers that are held for this patient, and those that an entry of the practice restricts. One look."""
    rows = tx.conn.execute(_OWN, {"here": patient_hash(tx, patient)}).all()
    return Own(*(frozenset(payer for how, payer in rows if how == kind.seal) for kind in (HELD, RESTRICTED)))


def own_of(tx: Tx, patients: Collection[str]) -> dict[str, Own]:
    """The same for many patients, in one look; only those are in it of whom something is in force."""
    named = {patient_hash(tx, patient): patient for patient in patients}
    found: dict[str, dict[str, set[str]]] = {}
    for kind in (HELD, RESTRICTED):
        columns = kind.table.c
        # No list of the patients: the rows in force are few, and most mornings there is none.
        for row in tx.conn.execute(select(columns.patient_hash, columns.payer).where(kind.in_force)):
            if row.patient_hash in named:
                payers = found.setdefault(named[row.patient_hash], {HELD.seal: set(), RESTRICTED.seal: set()})
                payers[kind.seal].add(row.payer)
    return {of: Own(frozenset(by[HELD.seal]), frozenset(by[RESTRICTED.seal])) for of, by in found.items()}


def begin(tx: Tx, kind: Kind, entry: Audit, payer: str, note: Note) -> bool:
    """Bar `payer` for the patient of `entry`. False, and nothing written, where one of this kind is in force."""
    tx.serialise(kind.table.name)
    columns, here = kind.table.c, patient_hash(tx, entry.patient)
    there = select(columns.id).where(columns.patient_hash == here, columns.payer == payer, kind.in_force)
    if tx.conn.execute(there).first():
        return False
    name = secrets.token_hex(16)
    body = said.close(tx, entry, note, place(kind, name))
    tx.conn.execute(insert(kind.table).values(id=name, payer=payer, patient_hash=here, at=entry.at, body=body))
    record(tx, entry)
    return True


def rows(tx: Tx, kind: Kind, *which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Those in force, the oldest first."""
    columns = kind.table.c
    return tx.conn.execute(select(kind.table).where(kind.in_force, *which).order_by(columns.at, columns.id)).all()


def body(tx: Tx, kind: Kind, row: Row[Any]) -> Said | None:
    """Who began it and why. None: sealed with a key that is gone; it still holds."""
    return said.read(tx, row.body, place(kind, row.id))


def place(kind: Kind, name: str, part: str = "") -> str:
    """What one row's body, or another sealed part of it, is sealed for."""
    return f"{kind.seal}/{name}/{part}" if part else f"{kind.seal}/{name}"
