"""Bringing a database to this release, and refusing one that a newer release has changed.

Revisions stand in `versions/`, in order of their number. Rules: expand first and contract a release later, so that old
processes live through it; never import `schema`, which moves on while a revision stays; every revision goes down as
well as up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.store.engine import for_migrating, for_reading, transaction
from app.store.errors import DatabaseNewer

#: Any number that nobody else uses on the same PostgreSQL database.
_LOCK = 0x43_68_61_72_74


def migrate(engine: Engine, revision: str = "head") -> str:
    """Bring the database up to `revision`; its revision then. Safe to run from many processes at once."""
    with _alone(engine) as connection:
        _refuse_newer(connection)
        command.upgrade(_config(connection), revision)
        return _current(connection) or ""


def revert(engine: Engine, revision: str = "base") -> None:
    """Take the database down to `revision`."""
    with _alone(engine) as connection:
        _refuse_newer(connection)
        command.downgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """The database's revision; None before the first."""
    with transaction(for_reading(engine)) as connection:
        return _current(connection)


@cache
def revisions() -> tuple[str, ...]:
    """The revisions this release knows, oldest first."""
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return tuple(script.revision for script in reversed(list(scripts.walk_revisions())))


def refuse_newer(engine: Engine) -> None:
    """Raises `DatabaseNewer` where the database has a revision that this release does not know."""
    with transaction(for_reading(engine)) as connection:
        _refuse_newer(connection)


def _refuse_newer(connection: Connection) -> None:
    found = _current(connection)
    if found is not None and found not in revisions():
        raise DatabaseNewer(f"the database is at revision {found}, which this release does not know: start a newer one")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other migration shares: all revisions or none, one process at a time."""
    with transaction(for_migrating(engine)) as connection:
        if connection.dialect.name == "postgresql":
            # Wait for the other process as long as it takes, but for a table in use no longer than everybody else.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        yield connection
