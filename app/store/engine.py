"""How we connect: SQLite (one machine) or PostgreSQL through psycopg (many).

The same promises on both: a write transaction sees no other writer's half, a read transaction is one snapshot and
cannot write, nobody waits longer than `PATIENCE_S`, and no statement's parameters reach an error message or a log.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.store.errors import StoreUnavailable

PATIENCE_S = 10
_WRITES, _MIGRATES = "chartside_writes", "chartside_migrates"


def connect(url: str) -> Engine:
    """An engine for `sqlite:////absolute/path` or `postgresql://…`. SQLite makes its file, readable by us alone."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _sqlite(target)
    if target.drivername in {"postgresql", "postgres"}:
        target = target.set(drivername="postgresql+psycopg")
    return create_engine(
        target,
        hide_parameters=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=PATIENCE_S,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "chartside",
            # A process that hangs inside a transaction must not hold its locks against everybody.
            "options": f"-c timezone=UTC -c lock_timeout={PATIENCE_S}s -c idle_in_transaction_session_timeout=60s",
        },
    )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file: every connection to :memory: is a database of its own")
    _make_private(url.database)
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=20,
        pool_timeout=PATIENCE_S,
        connect_args={"timeout": PATIENCE_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: str) -> None:
    """Makes the file for us alone; WAL and shm files take over its permissions.

    A file that is there is left alone: POSIX would drop every lock that this process holds on it at the next close().
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing on its own: `_begin_sqlite` says how
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """The switch to WAL asks no busy handler: two processes on a fresh file would get `database is locked`."""
    end = time.monotonic() + PATIENCE_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """A plain BEGIN takes its write lock at the first write, too late for what was read before: updates get lost."""
    options = connection.get_execution_options()
    writes = options.get(_WRITES, False)
    if options.get(_MIGRATES, False):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # heeded outside a transaction only
    if connection.info.get(_WRITES) is not writes:  # a setting of the connection, which outlives its transactions
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.info[_WRITES] = writes
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def for_writing(engine: Engine) -> Engine:
    """The same pool, for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def for_migrating(engine: Engine) -> Engine:
    """The same pool, for transactions that change tables.

    A batch migration drops and makes a table anew; with foreign keys on, SQLite would empty the tables pointing to it.
    """
    return engine.execution_options(**{_WRITES: True, _MIGRATES: True})


def for_reading(engine: Engine) -> Engine:
    """The same pool, for transactions that see one snapshot and may not write."""
    if engine.dialect.name == "sqlite":
        return engine
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any exception. Raises `StoreUnavailable`."""
    try:
        with engine.connect() as connection, connection.begin():
            if engine.get_execution_options().get(_MIGRATES, False):
                connection.detach()  # never back into the pool: it checks no foreign keys any more
            yield connection
    except OperationalError as e:  # cannot be reached, locked by another process, disk full: nothing that code can mend
        why = str(e.orig).partition("\n")[0]
        raise StoreUnavailable(f"the database does not do its part: {why}") from e
    except PoolTimeout as e:
        raise StoreUnavailable("every connection to the database is in use") from e
