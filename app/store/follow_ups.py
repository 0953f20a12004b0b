"""What was ordered, referred, requested or promised, until it is done."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update

from app.core.ledger.outgoing import FollowUp
from app.store import codec
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.errors import CodecError, SealBroken
from app.store.said import Person
from app.store.schema import follow_ups
from app.store.tx import Tx

#: How long one that is done is still seen on its patient.
SEEN = timedelta(days=30)

_t = follow_ups.c

# Made once: putting a statement together costs several times what the database takes to answer it.
_OF_PATIENT = (
    select(follow_ups)
    .where(
        _t.patient_hash == bindparam("here"),
        or_(_t.done_at.is_(None), _t.done_at > bindparam("seen", type_=_t.done_at.type)),
    )
    .order_by(_t.due, _t.at, _t.id)
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the list of all patients of an EHR."""

    follow_up: FollowUp
    person: Person
    patient: str  # patient key


def add(tx: Tx, entry: Audit, issuer: str, person: Person, items: Sequence[FollowUp]) -> tuple[str, ...]:
    """Keep them for the patient of `entry`; their ids. Those that have an id keep it."""
    if not items:
        return ()
    kept = [replace(item, id=item.id or secrets.token_hex(16)) for item in items]
    whose = {"patient_hash": patient_hash(tx, entry.patient), "issuer_hash": _ehr(tx, issuer)}
    said = (entry.patient, astuple(person))
    rows = [
        {
            **whose,
            "id": item.id,
            "action": item.action,
            "at": item.at,
            "due": item.due.isoformat(),
            "owner": item.owner,
            "done_how": "",
            "body": tx.seal(codec.encode((*said, item)), _row(item.id)),
        }
        for item in kept
    ]
    tx.conn.execute(insert(follow_ups), rows)
    record(tx, entry)
    return tuple(item.id for item in kept)


def done(tx: Tx, entry: Audit, ids: Iterable[str], how: str) -> int:
    """Those of the patient of `entry` that were open are done now. How many; nothing is written where none was."""
    these = (_t.id.in_(list(ids)), _t.patient_hash == patient_hash(tx, entry.patient), _t.done_at.is_(None))
    count = tx.conn.execute(update(follow_ups).where(*these).values(done_at=entry.at, done_how=how)).rowcount
    if count:
        record(tx, entry)
    return count


def of_patient(tx: Tx, patient: str) -> tuple[FollowUp, ...]:
    """Open ones, and those done in the last 30 days, by due day."""
    rows = tx.conn.execute(_OF_PATIENT, {"here": patient_hash(tx, patient), "seen": tx.now - SEEN})
    return tuple(listed.follow_up for row in rows if (listed := _open(tx, row)))


def open_of_patients(tx: Tx, patients: Iterable[str]) -> dict[str, tuple[FollowUp, ...]]:
    """The open ones of the patients of a day, in one statement, by patient key; of whom there are none is not in it."""
    whose = {patient_hash(tx, each): each for each in patients}
    these = (_t.patient_hash.in_(whose), _t.done_at.is_(None))
    rows = tx.conn.execute(select(follow_ups).where(*these).order_by(_t.due, _t.at, _t.id)).all()
    found: dict[str, list[FollowUp]] = {}
    for row in rows:
        if listed := _open(tx, row):
            found.setdefault(whose[row.patient_hash], []).append(listed.follow_up)
    return {patient: tuple(each) for patient, each in found.items()}


def open_of(tx: Tx, issuer: str) -> tuple[Listed, ...]:
    """Every open one of an EHR, by due day."""
    rows = tx.conn.execute(
        select(follow_ups)
        .where(_t.issuer_hash == _ehr(tx, issuer), _t.done_at.is_(None))
        .order_by(_t.due, _t.at, _t.id)
    )
    return tuple(listed for row in rows if (listed := _open(tx, row)))


def _open(tx: Tx, row: Row[Any]) -> Listed | None:
    """None where its sealing key was retired, or its form is one that this release cannot read."""
    try:
        patient, person, item = tx.opened.get(_row(row.id), row.body, lambda *sealed: codec.decode(tx.unseal(*sealed)))
    except (SealBroken, CodecError):
        return None
    return Listed(replace(item, done_at=row.done_at, done_how=row.done_how), Person(*person), patient)


def _ehr(tx: Tx, issuer: str) -> str:
    return tx.hash("issuer", issuer)


def _row(name: str) -> str:
    return f"follow-up/{name}"
