"""Records of the launch package: opaque bytes under a kind and a key, with an end. Implements its `LaunchStore`.

Each call is a transaction of its own, because launch knows none. Keys are handles and states: they are looked up by
keyed hash, and sealed beside it because `keys` must name them. An expired record is gone for all, purged or not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update

from app.store import Store
from app.store.errors import SealBroken
from app.store.schema import launch_records
from app.store.tx import Tx

_t = launch_records.c

#: Made once: putting a statement together costs several times what the database takes to answer it.
_GET = select(_t.body, _t.version).where(
    _t.kind == bindparam("kind"),
    _t.key_hash == bindparam("row"),
    _t.expires > bindparam("now", type_=_t.expires.type),
)


class SqlLaunchStore:
    """put, get, take once, replace the version that was read, list a group, drop."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, kind: str, key: str, body: bytes, *, expires: datetime, group: str = "") -> None:
        """Keep `body`, in the place of what was under that key. Records of one `group` can be listed together."""
        with self._store.begin() as tx:
            row = _row(tx, kind, key)
            tx.serialise(row)
            before = tx.conn.execute(delete(launch_records).where(_at(kind, row)).returning(_t.version)).scalar()
            tx.conn.execute(
                insert(launch_records).values(
                    kind=kind,
                    key_hash=row,
                    key_sealed=tx.seal(key.encode(), row),
                    group_hash=_group(tx, kind, group) if group else None,
                    body=body,
                    version=(before or 0) + 1,
                    expires=expires,
                )
            )

    def get(self, kind: str, key: str) -> tuple[bytes, int] | None:
        """The body and its version; None when it is not there or has expired."""
        with self._store.read() as tx:
            row = tx.conn.execute(_GET, {"kind": kind, "row": _row(tx, kind, key), "now": tx.now}).one_or_none()
        return None if row is None else (row.body, row.version)

    def take(self, kind: str, key: str) -> bytes | None:
        """The body, once: of all who ask at the same time exactly one gets it."""
        with self._store.begin() as tx:
            taken = delete(launch_records).where(_alive(tx, kind, _row(tx, kind, key))).returning(_t.body)
            body: bytes | None = tx.conn.execute(taken).scalar()
        return body

    def replace(self, kind: str, key: str, body: bytes, *, version: int, expires: datetime | None = None) -> bool:
        """Write `body` if the record still has `version`; False when somebody else was first, or it is gone."""
        with self._store.begin() as tx:
            changed = {"body": body, "version": version + 1} | ({"expires": expires} if expires else {})
            same = and_(_alive(tx, kind, _row(tx, kind, key)), _t.version == version)
            return tx.conn.execute(update(launch_records).where(same).values(changed)).rowcount == 1

    def keys(self, kind: str, group: str) -> list[str]:
        """The keys of a group's living records."""
        with self._store.read() as tx:
            members = and_(_t.kind == kind, _t.group_hash == _group(tx, kind, group), _t.expires > tx.now)
            rows = tx.conn.execute(select(_t.key_hash, _t.key_sealed).where(members)).all()
            return [key for row in rows if (key := _opened(tx, row.key_sealed, row.key_hash))]

    def drop(self, kind: str, key: str) -> None:
        """Delete the record, if it is there."""
        with self._store.begin() as tx:
            tx.conn.execute(delete(launch_records).where(_at(kind, _row(tx, kind, key))))


def _opened(tx: Tx, sealed: bytes, row: str) -> str | None:
    """The key, or None where its sealing key was retired: launch could not open that record's body either."""
    try:
        return tx.unseal(sealed, row).decode()
    except SealBroken:
        return None


def _row(tx: Tx, kind: str, key: str) -> str:
    return tx.hash("launch-record", kind, key)


def _group(tx: Tx, kind: str, group: str) -> str:
    return tx.hash("launch-group", kind, group)


def _at(kind: str, row: str) -> ColumnElement[bool]:
    return and_(_t.kind == kind, _t.key_hash == row)


def _alive(tx: Tx, kind: str, row: str) -> ColumnElement[bool]:
    return and_(_at(kind, row), _t.expires > tx.now)
