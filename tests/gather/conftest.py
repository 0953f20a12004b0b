from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import Store
from app.store.migrations import migrate
from tests.store.one_store import Clock, open_store


@pytest.fixture
def clock() -> Clock:
    """2 March 2026, nine in the morning at the clinic."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/one.sqlite3", clock)
    migrate(opened.engine)
    yield opened
    opened.close()
