"""What would leave, exactly as it was shown to the person who decides: what is sent is this and nothing else."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update

from app.store.audit.chain import patient_hash
from app.store.errors import SealBroken
from app.store.schema import DRAFT_KEPT, drafts
from app.store.tx import Tx

_t = drafts.c


def put(tx: Tx, launch: str, patient: str, body: Mapping[str, Any]) -> str:
    """Keep a draft for an hour; its id."""
    name = secrets.token_hex(16)
    keys = {"id": name, "launch_hash": tx.hash("launch", launch), "patient_hash": patient_hash(tx, patient)}
    sealed = tx.seal(json.dumps(body, separators=(",", ":")).encode(), _row(name))
    tx.conn.execute(insert(drafts).values(**keys, at=tx.now, body=sealed))
    return name


def take(tx: Tx, launch: str, patient: str, name: str) -> Mapping[str, Any] | None:
    """The draft of this launch and patient, once. None: gone, used, or somebody else's."""
    mine = (_t.id == name, _t.launch_hash == tx.hash("launch", launch), _t.patient_hash == patient_hash(tx, patient))
    fresh = (_t.used_at.is_(None), _t.at > tx.now - DRAFT_KEPT)
    used = update(drafts).where(*mine, *fresh).values(used_at=tx.now).returning(_t.body)
    sealed = tx.conn.execute(used).scalar_one_or_none()
    try:
        found: Mapping[str, Any] | None = None if sealed is None else json.loads(tx.unseal(sealed, _row(name)))
    except (SealBroken, ValueError):
        return None
    return found


def _row(name: str) -> str:
    return f"draft/{name}"
