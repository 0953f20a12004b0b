"""What the team has ticked for an appointment: sealed, found by keyed hashes, one row for each thing to tick.

A tick that was taken back keeps its row (`undone_at`, and who did it); the audit has every change. An appointment's id
is its EHR's own, so it is looked up with the issuer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, select, update

from app.core.schedule.tick import Tick, Ticked
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.errors import SealBroken
from app.store.schema import ticks
from app.store.tx import Tx

_t = ticks.c

# Made once: putting a statement together costs several times what the database takes to answer it.
_STAND = select(ticks).where(_t.undone_at.is_(None)).order_by(_t.at, _t.item)
_OF_PATIENT = _STAND.where(_t.patient_hash == bindparam("here"))


def put(tx: Tx, entry: Audit, issuer: str, tick: Tick) -> bool:
    """Tick. False, and nothing written, where the same stands already; another order id for it takes the old one's
    place. `entry`: the audit record that it commits with; `tick.at` is not looked at, the entry's time counts.
    """
    here = _place(tx, entry, issuer, tick.appointment, tick.step, tick.what)
    tx.serialise(f"ticks {here[0]}")
    before = tx.conn.execute(select(ticks).where(_at(here))).one_or_none()
    if before is not None and before.undone_at is None:
        stands = _opened(tx, before)
        if stands is not None and tick.order in ("", stands.order):
            return False
    values = {"at": entry.at, "body": tx.seal(_written(tick), _row(here)), "undone_at": None}
    if before is None:
        keys = dict(zip(("appointment_hash", "patient_hash", "item"), here, strict=True))
        tx.conn.execute(insert(ticks).values(**keys, **values))
    else:
        tx.conn.execute(update(ticks).where(_at(here)).values(values))
    record(tx, entry)
    return True


def undo(tx: Tx, entry: Audit, issuer: str, appointment: str, step: str, what: Ticked) -> bool:
    """Take a tick of the patient of `entry` back. False, and nothing written, where none stands."""
    here = _place(tx, entry, issuer, appointment, step, what)
    tx.serialise(f"ticks {here[0]}")
    undone = update(ticks).where(_at(here), _t.undone_at.is_(None)).values(undone_at=entry.at)
    if tx.conn.execute(undone).rowcount != 1:
        return False
    record(tx, entry)
    return True


def of(tx: Tx, issuer: str, appointments: Iterable[str]) -> tuple[Tick, ...]:
    """The ticks that stand for these appointments ("Appointment/123") of one EHR, the oldest first."""
    hashes = [_appointment(tx, issuer, each) for each in dict.fromkeys(appointments)]
    return _found(tx, _t.appointment_hash.in_(hashes)) if hashes else ()


def of_patient(tx: Tx, patient: str) -> tuple[Tick, ...]:
    """The ticks that stand for a patient (patient key), of any appointment, the oldest first."""
    rows = tx.conn.execute(_OF_PATIENT, {"here": patient_hash(tx, patient)}).all()
    return tuple(tick for row in rows if (tick := _opened(tx, row)))


def _found(tx: Tx, which: ColumnElement[bool]) -> tuple[Tick, ...]:
    rows = tx.conn.execute(_STAND.where(which)).all()
    return tuple(tick for row in rows if (tick := _opened(tx, row)))


def _opened(tx: Tx, row: Row[Any]) -> Tick | None:
    """None where its sealing key was retired, or its form is an older release's: nobody can say what it said."""
    name = _row((row.appointment_hash, row.patient_hash, row.item))
    try:
        said = json.loads(tx.unseal(row.body, name))
        day = date.fromisoformat(said["day"]) if said["day"] else None
        return Tick(**said | {"what": Ticked(said["what"]), "day": day, "at": row.at})
    except (SealBroken, ValueError, KeyError, TypeError):
        return None


def _written(tick: Tick) -> bytes:
    said = {
        "appointment": tick.appointment,
        "patient": tick.patient,
        "step": tick.step,
        "what": str(tick.what),
        "by": tick.by,
        "order": tick.order,
        "day": tick.day.isoformat() if tick.day else None,
        "service": tick.service,
    }
    return json.dumps(said, separators=(",", ":")).encode()


Place = tuple[str, str, str]


def _place(tx: Tx, entry: Audit, issuer: str, appointment: str, step: str, what: Ticked) -> Place:
    where = _appointment(tx, issuer, appointment)
    return where, patient_hash(tx, entry.patient), tx.hash("tick", where, step, str(what))


def _at(place: Place) -> ColumnElement[bool]:
    return and_(_t.appointment_hash == place[0], _t.patient_hash == place[1], _t.item == place[2])


def _appointment(tx: Tx, issuer: str, appointment: str) -> str:
    return tx.hash("appointment", issuer, appointment)


def _row(place: Place) -> str:
    return f"tick {' '.join(place)}"
