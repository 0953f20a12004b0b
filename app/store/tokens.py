"""Payers' access tokens, shared by the processes of a site so that each payer is asked for one at a time."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import delete, insert, select

from app.store import Store
from app.store.errors import SealBroken, StoreUnavailable
from app.store.schema import payer_tokens
from app.store.tx import Tx

log = logging.getLogger(__name__)

_t = payer_tokens.c


def get(tx: Tx, payer: str) -> tuple[str, datetime] | None:
    """The payer's token and its end; None when there is none, it has expired, or its sealing key was retired."""
    key = _key(tx, payer)
    row = tx.conn.execute(select(_t.body, _t.expires).where(_t.key_hash == key, _t.expires > tx.now)).one_or_none()
    try:
        return None if row is None else (tx.unseal(row.body, key).decode(), row.expires)
    except SealBroken:
        return None


def put(tx: Tx, payer: str, token: str, expires: datetime) -> None:
    """Keep the payer's token, in the place of what was there."""
    key = _key(tx, payer)
    tx.serialise("payer_tokens")
    tx.conn.execute(delete(payer_tokens).where(_t.key_hash == key))
    tx.conn.execute(insert(payer_tokens).values(key_hash=key, body=tx.seal(token.encode(), key), expires=expires))


def _key(tx: Tx, payer: str) -> str:
    return tx.hash("payer-token", payer)


class SqlTokenShare:
    """One payer's token, for code that knows no transactions. Without the database each process fetches its own."""

    def __init__(self, store: Store, payer: str) -> None:
        self._store, self._payer = store, payer

    def get(self) -> tuple[str, datetime] | None:
        """The token and its end, if there is one."""
        try:
            with self._store.read() as tx:
                return get(tx, self._payer)
        except StoreUnavailable:
            log.warning("the token of %s could not be read from the store", self._payer)
            return None

    def put(self, token: str, expires: datetime) -> None:
        """Let the other processes have the token."""
        try:
            with self._store.begin() as tx:
                put(tx, self._payer, token, expires)
        except StoreUnavailable:
            log.warning("the token of %s could not be kept in the store", self._payer)
