from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, DateTime, Engine, Integer, LargeBinary, MetaData, inspect, text

from app.store import DatabaseNewer, engine, migrations
from app.store.engine import connect
from app.store.schema import metadata
from tests.store import one_store
from tests.store.append_only import unguarded
from tests.store.one_store import Clock, at_once


@pytest.fixture
def fresh(empty_url: str) -> Iterator[Engine]:
    """An engine on a database without tables."""
    made = connect(empty_url)
    yield made
    made.dispose()


def tables(of: Engine) -> set[str]:
    return set(inspect(of).get_table_names()) - {"alembic_version"}


def test_an_empty_database_becomes_what_the_code_expects(fresh: Engine) -> None:
    assert migrations.current(fresh) is None
    newest = migrations.migrate(fresh)
    assert newest == migrations.current(fresh) == migrations.revisions()[-1]
    assert migrations.migrate(fresh) == newest
    with engine.transaction(fresh) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_revision_goes_up_down_and_up_again_with_rows(fresh: Engine) -> None:
    below = "base"
    for revision in migrations.revisions():
        migrations.migrate(fresh, revision)
        _fill(fresh)
        there = tables(fresh)
        migrations.revert(fresh, below)
        assert migrations.current(fresh) == (None if below == "base" else below)
        assert migrations.migrate(fresh, revision) == revision
        assert tables(fresh) == there
        _fill(fresh)
        below = revision
    migrations.revert(fresh)
    assert tables(fresh) == set()


def test_going_down_to_nothing_leaves_no_table(fresh: Engine) -> None:
    migrations.migrate(fresh)
    assert tables(fresh) == set(metadata.tables)
    migrations.revert(fresh)
    assert tables(fresh) == set()


def test_a_database_of_a_newer_release_is_refused(fresh: Engine, empty_url: str, clock: Clock) -> None:
    migrations.migrate(fresh)
    with engine.transaction(engine.for_writing(fresh)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (migrations.migrate, migrations.revert, migrations.refuse_newer):
        with pytest.raises(DatabaseNewer, match="9999"):
            refused(fresh)
    with pytest.raises(DatabaseNewer, match="9999"):
        one_store.open_store(empty_url, clock)
    assert tables(fresh) == set(metadata.tables)


def test_a_migration_that_fails_leaves_nothing_behind(fresh: Engine) -> None:
    with engine.transaction(engine.for_writing(fresh)) as connection:
        connection.execute(text("CREATE TABLE audit_seals (x INTEGER)"))  # in the way of the first revision's last
    with pytest.raises(Exception, match="audit_seals"):
        migrations.migrate(fresh)
    assert migrations.current(fresh) is None
    assert tables(fresh) == {"audit_seals"}


def test_many_threads_may_migrate_at_once(fresh: Engine) -> None:
    assert set(at_once(4, lambda _: migrations.migrate(fresh))) == {migrations.revisions()[-1]}


def test_many_processes_may_migrate_a_database_that_is_not_there_yet(
    empty_url: str, processes: ProcessPoolExecutor
) -> None:
    start = one_store.soon()
    jobs = [processes.submit(one_store.migrate_at, empty_url, start) for _ in range(4)]
    assert {job.result() for job in jobs} == {migrations.revisions()[-1]}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_connection_that_migrated_is_not_used_again(fresh: Engine) -> None:
    migrations.migrate(fresh)
    with engine.transaction(fresh) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_revisions_are_numbered_in_order() -> None:
    known = migrations.revisions()
    assert known == tuple(f"{n:04}" for n in range(1, len(known) + 1))


def _fill(into: Engine) -> None:
    """One row in every table, whatever its columns are at this revision."""
    found = MetaData()
    with engine.transaction(engine.for_writing(into)) as connection:
        found.reflect(connection)
        with unguarded(connection):
            for table in found.sorted_tables:
                if table.name != "alembic_version":
                    connection.execute(table.delete())
        for table in found.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert().values({c.name: _sample(c.type) for c in table.columns}))


def _sample(kind: Any) -> Any:
    if isinstance(kind, DateTime):
        return datetime(2026, 3, 2, tzinfo=UTC if kind.timezone else None)
    if isinstance(kind, (BigInteger, Integer)):
        return 1
    return b"1" if isinstance(kind, LargeBinary) else "1"
