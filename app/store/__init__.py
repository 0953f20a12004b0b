"""What we keep, in SQL: launches, answers, payer tokens and the audit. Knows no Flask, no FHIR and no network.

Every body from an EHR or payer is sealed, every look-up goes by a keyed hash, and every table names how long it is
kept (`schema`). `launches`, `answers`, `audit` and `tokens` hold the functions; each takes the `Tx` of a transaction
that a use case has opened here.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from cryptography.fernet import MultiFernet
from sqlalchemy import Engine, select

from app.store import engine as engines
from app.store import migrations
from app.store.errors import (
    CodecError,
    DatabaseNewer,
    NestedTransaction,
    NetworkInTransaction,
    SealBroken,
    StoreError,
    StoreUnavailable,
)
from app.store.opened import Opened
from app.store.tx import Digest, Tx, in_transaction, marked, refuse_in_transaction

__all__ = [
    "CodecError",
    "DatabaseNewer",
    "NestedTransaction",
    "NetworkInTransaction",
    "SealBroken",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "Tx",
    "in_transaction",
    "refuse_in_transaction",
]


class Store:
    """The database of one site. One per process; safe to use from any thread."""

    def __init__(self, engine: Engine, *, seal: MultiFernet, digest: Digest, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self._seal, self._digest, self._clock = seal, digest, clock
        self._writer, self._reader = engines.for_writing(engine), engines.for_reading(engine)
        self._opened = Opened()
        # SQLite lets waiting writers poll, so that one of many can starve; a lock in the process is a fair queue.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None
        _forget_after_fork(self)

    @classmethod
    def open(cls, url: str, *, seal: MultiFernet, digest: Digest, clock: Callable[[], datetime]) -> Store:
        """Connect to `url`. Raises `DatabaseNewer` when a newer release has migrated it; migrates nothing itself."""
        engine = engines.connect(url)
        try:
            migrations.refuse_newer(engine)
        except StoreError:
            engine.dispose()
            raise
        return cls(engine, seal=seal, digest=digest, clock=clock)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that writes; committed at the end, rolled back on any exception."""
        with marked(), self._my_turn(), engines.transaction(self._writer) as connection:
            yield Tx(connection, self._seal, self._digest, self._clock(), self._opened)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads, all of it from one snapshot."""
        with marked(), engines.transaction(self._reader) as connection:
            yield Tx(connection, self._seal, self._digest, self._clock(), self._opened)

    def alive(self) -> bool:
        """Whether the database answers."""
        try:
            with self.read() as tx:
                tx.conn.execute(select(1))
        except StoreUnavailable:
            return False
        return True

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is not None and not self._turn.acquire(timeout=engines.PATIENCE_S):
            raise StoreUnavailable("too many writers are waiting")
        try:
            yield
        finally:
            if self._turn is not None:
                self._turn.release()

    def _forget_connections(self) -> None:
        self.engine.dispose(close=False)
        if self._turn is not None:
            self._turn = threading.Lock()


def _forget_after_fork(store: Store) -> None:
    """A connection used on both sides of a fork mixes two conversations, and SQLite's file locks do not survive one."""
    kept = weakref.ref(store)

    def forget() -> None:
        if (here := kept()) is not None:
            here._forget_connections()

    os.register_at_fork(after_in_child=forget)
