"""One house for all journeys of a test process; every test launches anew, so none sees another's answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House, house


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of this test's own, for what would disturb others: moved clocks, faults for everybody."""
    with house(tmp_path_factory.mktemp("house")) as running:
        yield running
