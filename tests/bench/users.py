"""Fifty users open one patient at the same moment: how often each question reaches the payer (README, Speed)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.bench.figure import Figure
from tests.house import House, house

USERS = 50
SCENARIO, PAYER = "one-open-gap", "northwind"


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), delay_ms=150) as home:
        with ThreadPoolExecutor(USERS) as users:
            screens = list(users.map(lambda _: home.panel(SCENARIO), range(USERS)))
        assert all(screen.gaps() for screen in screens), "every user sees the panel"
        yield Figure(f"calls at the payer for one question of {USERS} users", most_asked(home), 1)


def most_asked(home: House) -> int:
    """How often the question that was asked most was asked."""
    told = requests.get(f"{home.payers[PAYER]}/_calls", timeout=10).json()
    return max(count for path, count in told["paths"].items() if "/fhir/" in path)
