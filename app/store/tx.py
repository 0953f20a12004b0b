"""One transaction as store functions see it: the connection, the seal, the keyed digest and the time.

Use cases open transactions (`Store.begin`, `Store.read`); store functions take a `Tx` and never commit. A thread has at
most one open at a time, and says so to whoever is about to use the network (`refuse_in_transaction`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Connection, text

from app.store.errors import NestedTransaction, NetworkInTransaction, SealBroken
from app.store.opened import Opened

Digest = Callable[[str], str]

_this_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction. `now` is read once, after it has begun: its whole work happens at one time."""

    conn: Connection
    keys: MultiFernet
    digest: Digest
    now: datetime
    opened: Opened
    heads: dict[str, tuple[int, str]] = field(
        default_factory=dict
    )  # of the audit's chains, as this transaction left them

    def hash(self, *parts: str) -> str:
        """The keyed hash under which `parts` are looked up. The first part names the purpose; no two lists collide."""
        return keyed(self.digest, *parts)

    def seal(self, body: bytes, row: str) -> bytes:
        """`body` encrypted for one row: moved to another row, it no longer opens (Fernet has no associated data)."""
        return self.keys.encrypt(row.encode() + b"\0" + body)

    def unseal(self, sealed: bytes, row: str) -> bytes:
        """The body sealed for `row`. Raises `SealBroken`."""
        try:
            bound, _, body = self.keys.decrypt(sealed).partition(b"\0")
        except InvalidToken as e:
            raise SealBroken("no key opens this value") from e
        if bound != row.encode():
            raise SealBroken("this value was sealed for another row")
        return body

    def serialise(self, name: str) -> None:
        """Until this transaction ends, no other one gets past the same `name`. SQLite's writers are alone already."""
        if self.conn.dialect.name == "postgresql":
            self.conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def keyed(digest: Digest, *parts: str) -> str:
    """`Tx.hash` for who remembers what it gives."""
    return digest(json.dumps(parts, ensure_ascii=True, separators=(",", ":")))


def in_transaction() -> bool:
    """Whether this thread has a transaction open."""
    return getattr(_this_thread, "open", False)


def refuse_in_transaction() -> None:
    """For whatever opens sockets: raises `NetworkInTransaction` while this thread has a transaction open."""
    if in_transaction():
        raise NetworkInTransaction("a network call inside a transaction would hold its locks for as long as it takes")


@contextmanager
def marked() -> Iterator[None]:
    """Marks this thread as being in a transaction; a second one inside it would wait for the first for ever."""
    if in_transaction():
        raise NestedTransaction("this thread has a transaction open: pass its tx on")
    _this_thread.open = True
    try:
        yield
    finally:
        _this_thread.open = False
