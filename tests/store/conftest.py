"""A migrated, empty store on each engine, for milliseconds a test."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from app.store import Store
from app.store.engine import connect
from app.store.migrations import migrate
from app.store.schema import metadata
from tests import postgres
from tests.store import one_store
from tests.store.one_store import Clock


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    try:
        with postgres.server() as url:
            yield url
    except postgres.PostgresMissing as e:
        pytest.skip(str(e))


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A migrated database, the same for all tests."""
    with postgres.database(postgres_server) as url:
        _migrated(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without tables."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty database."""
    if engine_name == "sqlite":
        path = tmp_path / "chartside.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_url")
        yield url
        _emptied(url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    store = one_store.open_store(url, clock)
    yield store
    store.close()


@pytest.fixture(scope="session")
def processes() -> Iterator[Any]:
    """Four other processes, started once: `fork` would take our threads' locks along."""
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(one_store.warm_up, range(4)))
        yield pool


def _migrated(url: str) -> None:
    engine = connect(url)
    migrate(engine)
    engine.dispose()


def _emptied(url: str) -> None:
    """Deletes every row: a database of its own would cost each test ten times as much."""
    engine = connect(url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(delete(table))
    engine.dispose()
