"""How each source is doing, as each process of the site last wrote it down: one row a process and source, no PHI.

And how the database itself is doing, for the same page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, text

from app.store.schema import audit_heads, audit_seals, source_health
from app.store.tx import Tx

_t = source_health.c

PROCESS = ""  # the row of the process itself, which is there before it has asked anybody
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """What `process` said of `source` at `at`."""

    process: str
    source: str
    at: datetime
    body: Body


def put(tx: Tx, process: str, bodies: Iterable[tuple[str, Body]]) -> None:
    """Replace everything that `process` has written by these (source, body)."""
    drop(tx, process)
    rows = [
        {"source": source, "process": process, "at": tx.now, "body": json.dumps(body)}
        for source, body in (*bodies, (PROCESS, {}))
    ]
    tx.conn.execute(insert(source_health), rows)


def drop(tx: Tx, process: str) -> None:
    """A process has ended."""
    tx.conn.execute(delete(source_health).where(_t.process == process))


def current(tx: Tx, within: timedelta) -> list[Row]:
    """What the processes have written that are still alive: those that wrote within the time given."""
    found = tx.conn.execute(select(_t.process, _t.source, _t.at, _t.body).where(_t.at > tx.now - within))
    return [Row(row.process, row.source, row.at, json.loads(row.body)) for row in found]


@dataclass(frozen=True, slots=True)
class Database:
    """`sealed`: the newest seal of the audit. `unsealed_since`: the oldest entry that none covers yet, if there is one.

    `disk` is the size of an SQLite database with its log, in bytes; None elsewhere.
    """

    revision: str
    sealed: datetime | None
    unsealed_since: datetime | None
    disk: int | None


def database(tx: Tx) -> Database:
    """The state of the database itself."""
    heads = audit_heads.c
    waiting = select(func.min(heads.at)).where(heads.seq > heads.sealed_seq)
    return Database(
        revision=tx.conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or "",
        sealed=tx.conn.execute(select(func.max(audit_seals.c.at))).scalar(),
        unsealed_since=tx.conn.execute(waiting).scalar(),
        disk=_disk(tx),
    )


def _disk(tx: Tx) -> int | None:
    if tx.conn.dialect.name != "sqlite":
        return None
    file = Path(tx.conn.engine.url.database or "")
    files = [path for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")) if path.exists()]
    return sum(path.stat().st_size for path in files)
