"""What people recorded: one row an action, numbered by patient, sealed. A row is never changed but to be taken back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from app.core.ledger.action import Action
from app.store import codec
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.errors import CodecError, SealBroken
from app.store.schema import actions
from app.store.tx import Tx

_t = actions.c
_CHUNK = 500

# Statements are made once: putting one together costs several times what the database takes to answer it.
_OF_PATIENT = select(actions).where(_t.patient_hash == bindparam("here")).order_by(_t.number)
_OF_TAP = select(actions).where(_t.token_hash == bindparam("name"))
_OF_ID = select(actions).where(_t.id == bindparam("name"))
_NEWEST = select(func.max(_t.number)).where(_t.patient_hash == bindparam("here"))
_NEW = insert(actions)
_TAKEN_BACK = update(actions).where(
    _t.id == bindparam("name"), _t.patient_hash == bindparam("here"), _t.undone_at.is_(None)
)


def lock(tx: Tx, patient: str) -> None:
    """Until this transaction ends, nobody else records anything about this patient (patient key)."""
    tx.serialise(f"actions/{patient_hash(tx, patient)}")


def of_patient(tx: Tx, patient: str) -> tuple[Action, ...]:
    """Every action about a patient, those taken back as well, in the order of their numbers."""
    rows = tx.conn.execute(_OF_PATIENT, {"here": patient_hash(tx, patient)})
    return tuple(action for _, action in _opened(tx, rows.all()))


def of_patients(tx: Tx, patients: Iterable[str]) -> dict[str, tuple[Action, ...]]:
    """The same of the patients of a day, in one statement, by patient key; of whom there are none is not in it."""
    whose = {patient_hash(tx, each): each for each in patients}
    rows = tx.conn.execute(select(actions).where(_t.patient_hash.in_(whose)).order_by(_t.number)).all()
    found: dict[str, list[Action]] = {}
    for row in rows:
        if both := _open(tx, row):
            found.setdefault(whose[row.patient_hash], []).append(both[1])
    return {patient: tuple(each) for patient, each in found.items()}


def of_tap(tx: Tx, token: str) -> Action | None:
    """What a tap has recorded already."""
    return _one(tx, _OF_TAP, _tap(tx, token))


def add(tx: Tx, entry: Audit, action: Action, token: str) -> Action:
    """Keep an action about the patient of `entry`, with its id, number and time. After `lock`; `token` is new."""
    here = patient_hash(tx, entry.patient)
    newest = tx.conn.execute(_NEWEST, {"here": here}).scalar()
    kept = replace(action, id=secrets.token_hex(16), number=(newest or 0) + 1, at=entry.at)
    sealed = tx.seal(codec.encode((entry.patient, kept)), _row(kept.id))
    row = {
        "patient_hash": here,
        "number": kept.number,
        "id": kept.id,
        "token_hash": _tap(tx, token),
        "launch_hash": tx.hash("launch", entry.launch),
        "who_hash": _user(tx, action.who),
        "at": entry.at,
        "body": sealed,
    }
    tx.conn.execute(_NEW, row)
    record(tx, entry)
    return kept


def undo(tx: Tx, entry: Audit, action: str, by: str) -> Action | None:
    """Take one back that is about the patient of `entry`. None, and nothing written, where it is not there or was taken
    back already.
    """
    which = {"name": action, "here": patient_hash(tx, entry.patient)}
    changed = {"undone_at": entry.at, "undone": tx.seal(by.encode(), _row(action, "undone"))}
    if tx.conn.execute(_TAKEN_BACK, which | changed).rowcount != 1:
        return None
    record(tx, entry)
    return _one(tx, _OF_ID, action)


def by_user(tx: Tx, who: str, since: datetime) -> tuple[tuple[str, Action], ...]:
    """What one user (fhirUser) has recorded, with the patient's key, the newest first: for what comes back to them."""
    theirs = select(actions).where(_t.who_hash == _user(tx, who), _t.at >= since)
    return _opened(tx, tx.conn.execute(theirs.order_by(_t.at.desc(), _t.number.desc())).all())


def of_ids(tx: Tx, ids: Iterable[str]) -> dict[str, Action]:
    """Actions by id."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Action] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = tx.conn.execute(select(actions).where(_t.id.in_(wanted[start : start + _CHUNK]))).all()
        found |= {action.id: action for _, action in _opened(tx, rows)}
    return found


def _one(tx: Tx, which: Select[Any], name: str) -> Action | None:
    found = _opened(tx, tx.conn.execute(which, {"name": name}).all())
    return found[0][1] if found else None


def _opened(tx: Tx, rows: Sequence[Row[Any]]) -> tuple[tuple[str, Action], ...]:
    """Patient key and action of each row; left out is what was sealed with a key that was retired, or says something
    that this release cannot read: nobody can say what it said.
    """
    return tuple(both for row in rows if (both := _open(tx, row)))


def _open(tx: Tx, row: Row[Any]) -> tuple[str, Action] | None:
    try:
        patient, action = tx.opened.get(_row(row.id), row.body, lambda *sealed: codec.decode(tx.unseal(*sealed)))
        by = tx.opened.get(_row(row.id, "undone"), row.undone, _by(tx)) if row.undone else ""
    except (SealBroken, CodecError):
        return None
    return patient, replace(action, undone_at=row.undone_at, undone_by=by)


def _by(tx: Tx) -> Callable[[bytes, str], str]:
    return lambda *sealed: tx.unseal(*sealed).decode()


def _tap(tx: Tx, token: str) -> str:
    return tx.hash("tap", token)


def _user(tx: Tx, who: str) -> str:
    return tx.hash("user", who)


def _row(name: str, part: str = "") -> str:
    return f"action/{name}/{part}" if part else f"action/{name}"
