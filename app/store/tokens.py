"""Payers' access tokens, shared by the processes of a site so that each payer is asked for one at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from app.store import Store
from app.store.errors import SealBroken
from app.store.schema import payer_tokens
from app.store.tx import Tx

_t = payer_tokens.c


def get(tx: Tx, key: str) -> bytes | None:
    """The token kept under `key`; None when there is none, it has expired, or its sealing key was retired."""
    row = _row(tx, key)
    body = tx.conn.execute(select(_t.body).where(_t.key_hash == row, _t.expires > tx.now)).scalar()
    try:
        return None if body is None else tx.unseal(body, row)
    except SealBroken:
        return None


def put(tx: Tx, key: str, body: bytes, *, expires: datetime) -> None:
    """Keep `body` under `key`, in the place of what was there."""
    row = _row(tx, key)
    tx.serialise("payer_tokens")
    tx.conn.execute(delete(payer_tokens).where(_t.key_hash == row))
    tx.conn.execute(insert(payer_tokens).values(key_hash=row, body=tx.seal(body, row), expires=expires))


def _row(tx: Tx, key: str) -> str:
    return tx.hash("payer-token", key)


class SqlTokenShare:
    """`get` and `put` for code that knows no transactions (the payer sources)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        with self._store.read() as tx:
            return get(tx, key)

    def put(self, key: str, body: bytes, *, expires: datetime) -> None:
        with self._store.begin() as tx:
            put(tx, key, body, expires=expires)
