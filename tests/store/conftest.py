"""A migrated, empty store on each engine, for milliseconds a test."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from app.store import Store
from app.store.engine import connect, for_writing, transaction
from app.store.migrations import migrate
from app.store.schema import metadata
from tests import postgres
from tests.store import one_store
from tests.store.append_only import unguarded
from tests.store.one_store import SEAL, Clock, digest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    try:
        with postgres.server() as url:
            yield url
    except postgres.PostgresMissing as e:
        pytest.skip(str(e))


@pytest.fixture(scope="session")
def postgres_engine(postgres_server: str) -> Iterator[Engine]:
    with postgres.database(postgres_server) as url, _migrated(url) as engine:
        yield engine


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with _migrated(f"sqlite:///{tmp_path_factory.mktemp('store') / 'chartside.sqlite3'}") as engine:
        yield engine


@contextmanager
def _migrated(url: str) -> Iterator[Engine]:
    engine = connect(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own, without tables."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def engine(engine_name: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated database without rows; the same for all tests, emptied after each."""
    name = "sqlite_engine" if engine_name == "sqlite" else "postgres_engine"
    engine: Engine = request.getfixturevalue(name)
    yield engine
    with transaction(for_writing(engine)) as connection, unguarded(connection):
        for table in metadata.sorted_tables:
            connection.execute(delete(table))


@pytest.fixture
def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Store:
    return Store(engine, seal=SEAL, digest=digest, clock=clock)


@pytest.fixture(scope="session")
def processes() -> Iterator[Any]:
    """Four other processes, started once: `fork` would take our threads' locks along."""
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(one_store.warm_up, range(4)))
        yield pool
