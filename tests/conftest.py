"""What every test gets: no skipped test passes CI unseen; and the house, where a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.house import House


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests of a process; every test launches anew, so none sees another's answers."""
    from tests.house import house

    with house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of this test's own, for what would disturb others: moved clocks, faults for everybody."""
    from tests.house import house

    with house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[Any]) -> None:
    """2026-11, pytest-xdist 3.8.0: it writes the group of a test where pytest 9.2 no longer looks: `--dist loadgroup`
    groups nothing, and what a module's tests share is built in every process (pytest-xdist issue 1386).
    """
    for item in items:
        if (named := vars(item).get("_nodeid", item.nodeid)) != item.nodeid:
            item._id = type(item._id).parse(named)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI") == "true":
        terminalreporter.write_line(f"CI=true: {len(skipped)} skipped tests count as failures", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and os.environ.get("CI") == "true" and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
