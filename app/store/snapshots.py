"""A morning as one user last saw it, sealed: for when the EHR or a payer is down.

What one user's rights gave is shown to no other, so the user, their role, the EHR, the provider and the days are the
key; a role that was taken away takes its snapshots with it. Of a user whom the EHR does not name there is none: two of
them are not one.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from app.core.roles import NOT_STATED
from app.core.schedule.row import Row
from app.store import codec
from app.store.errors import CodecError, SealBroken
from app.store.schema import snapshots
from app.store.tx import Tx

_t = snapshots.c

_NOBODY = frozenset({"", NOT_STATED})


@dataclass(frozen=True, slots=True)
class Whose:
    """Who saw whose days, in which EHR."""

    issuer: str
    user: str
    role: str
    provider: str
    days: str

    def key(self, tx: Tx) -> str:
        return tx.hash("snapshot", self.issuer, self.user, self.role, self.provider, self.days)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was shown, and when it was complete."""

    rows: tuple[Row, ...]
    missed: tuple[Row, ...]
    over: int
    cancelled: int
    at: datetime


def put(tx: Tx, whose: Whose, rows: Sequence[Row], missed: Sequence[Row], over: int, cancelled: int) -> None:
    """Keep what is shown now, in the place of what was; nothing for a user who has no name."""
    if whose.user in _NOBODY:
        return
    key = whose.key(tx)
    tx.serialise(f"snapshots {key}")
    body = codec.encode((tuple(rows), tuple(missed), over, cancelled))
    tx.conn.execute(delete(snapshots).where(_t.scope_hash == key))
    sealed = tx.seal(zlib.compress(body, 1), _place(key))
    tx.conn.execute(insert(snapshots).values(scope_hash=key, at=tx.now, body=sealed))


def get(tx: Tx, whose: Whose) -> Snapshot | None:
    """What was kept last; None where nothing was, or nobody can read it any more."""
    if whose.user in _NOBODY:
        return None
    key = whose.key(tx)
    row = tx.conn.execute(select(_t.at, _t.body).where(_t.scope_hash == key)).one_or_none()
    if row is None:
        return None
    try:
        rows, missed, over, cancelled = codec.decode(zlib.decompress(tx.unseal(row.body, _place(key))))
    except (SealBroken, CodecError, zlib.error, ValueError, TypeError):
        return None
    return Snapshot(rows, missed, over, cancelled, row.at)


def _place(key: str) -> str:
    return f"snapshot/{key}"
