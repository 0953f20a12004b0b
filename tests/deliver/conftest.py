from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.deliver.shop import Shop, shop
from tests.furnished import write_secrets
from tests.store.conftest import (  # noqa: F401 # fixtures of this folder too
    clock,
    engine,
    engine_name,
    postgres_engine,
    postgres_server,
    sqlite_engine,
    store,
    url,
)


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Shop]]:
    """Sandbox payers by name, each built once for all tests of a process."""
    running: dict[str, Shop] = {}
    secrets = write_secrets(tmp_path_factory.mktemp("secrets"))
    with ExitStack() as stack:

        def get(name: str) -> Shop:
            if name not in running:
                running[name] = stack.enter_context(shop(name, secrets))
            running[name].fresh()
            return running[name]

        yield get
