"""What a patient's panel said in each launch, sealed: for "what changed since this patient was last opened".

The parts are kept apart (`gaps`, `prompts`), so that a role that may not see one neither reads nor writes it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from app.store.errors import SealBroken
from app.store.schema import memories
from app.store.tx import Tx

_t = memories.c

# Made once: putting a statement together costs several times what the database takes to answer it.
_OF = select(_t.launch_hash, _t.body).where(_t.patient_hash == bindparam("here"), _t.part == bindparam("part"))
_OWN = _OF.where(_t.launch_hash == bindparam("own"))
_OTHERS = _OF.where(_t.launch_hash != bindparam("own")).order_by(_t.at.desc(), _t.launch_hash).limit(1)


def put(tx: Tx, patient: str, part: str, launch: str, body: bytes) -> None:
    """Keep what this launch has shown of one part, in the place of what it had shown before."""
    here, by = _patient(tx, patient), _launch(tx, launch)
    tx.serialise(f"memories {here}")
    tx.conn.execute(delete(memories).where(_t.patient_hash == here, _t.part == part, _t.launch_hash == by))
    sealed = tx.seal(body, _row(here, part, by))
    tx.conn.execute(insert(memories).values(patient_hash=here, part=part, launch_hash=by, at=tx.now, body=sealed))


def newest(tx: Tx, patient: str, part: str, *, but_not: str) -> bytes | None:
    """What the newest launch other than `but_not` has shown of one part; None where there is none, or its key was
    retired.
    """
    here, own = _patient(tx, patient), _launch(tx, but_not)
    return _opened(tx, here, part, tx.conn.execute(_OTHERS, {"here": here, "part": part, "own": own}).one_or_none())


def of(tx: Tx, patient: str, part: str, launch: str) -> bytes | None:
    """What this launch has shown of one part; None as of `newest`."""
    here, own = _patient(tx, patient), _launch(tx, launch)
    return _opened(tx, here, part, tx.conn.execute(_OWN, {"here": here, "part": part, "own": own}).one_or_none())


def forget(tx: Tx, patient: str) -> int:
    """Delete all that is remembered of a patient, by whomever they were opened; how many rows."""
    here = _patient(tx, patient)
    tx.serialise(f"memories {here}")
    return tx.conn.execute(delete(memories).where(_t.patient_hash == here)).rowcount


def _opened(tx: Tx, here: str, part: str, row: Any) -> bytes | None:
    try:
        return None if row is None else tx.unseal(row.body, _row(here, part, row.launch_hash))
    except SealBroken:
        return None


def _patient(tx: Tx, patient: str) -> str:
    return tx.hash("patient", patient)


def _launch(tx: Tx, launch: str) -> str:
    return tx.hash("launch", launch)


def _row(patient: str, part: str, launch: str) -> str:
    return f"memory {patient} {part} {launch}"
