"""One EHR, one app, one browser: what most of these tests start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from authorization_server import AuthorizationServer
from front_door import KEYS, PUBLIC, Browser, Clock, House, Network, entry
from memory_store import MemoryStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def make_ehr(clock: Clock, network: Network) -> Callable[..., AuthorizationServer]:
    """An EHR at https://<name>.example, on the network."""

    def make(name: str = "ehr", **habits: Any) -> AuthorizationServer:
        ehr = AuthorizationServer(f"https://{name}.example", clock, f"{PUBLIC}/callback", **habits)
        ehr.habits.client_jwks = KEYS.public()
        network.hosts[ehr.host] = ehr.app
        return ehr

    return make


@pytest.fixture
def ehr(make_ehr: Callable[..., AuthorizationServer]) -> AuthorizationServer:
    return make_ehr()


@pytest.fixture
def house(clock: Clock, network: Network, store: MemoryStore, ehr: AuthorizationServer) -> House:
    return House(clock, network, store, entry(ehr))


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()
