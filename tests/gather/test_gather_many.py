"""Many at once: a payer is asked once for all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.answers import Known
from app.core.asking import Ask
from app.gather import Reader
from app.store import Store
from app.store.migrations import migrate
from sandbox_config.demo import browser
from sandbox_config.screen import watch
from tests import postgres
from tests.gather.counting import counted
from tests.gather.made import Chart, Payer, gathering, opening
from tests.store.one_store import open_store

USERS, OVER_HTTP = 50, 8


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with ExitStack() as running:
        url = f"sqlite:///{tmp_path}/many.sqlite3"
        if request.param == "postgresql":
            try:
                url = running.enter_context(postgres.database(running.enter_context(postgres.server())))
            except postgres.PostgresMissing as e:
                pytest.skip(str(e))
        opened = open_store(url, lambda: datetime.now(UTC))
        running.callback(opened.close)
        migrate(opened.engine)
        yield opened


def test_the_same_question_of_fifty_users_in_two_processes_reaches_the_payer_once(store: Store) -> None:
    payer = Payer("northwind", takes=0.2)
    with ExitStack() as running:
        processes = [
            running.enter_context(gathering(store, Chart(), {"northwind": payer}, who=who)) for who in ("one", "two")
        ]

        def watched(n: int) -> set[Ask]:
            of = opening(handle=f"handle-{n}", user_ref=f"Practitioner/{n}", day=date.today())
            mine = processes[n % 2]
            mine.advance(of)
            seen, end = None, time.monotonic() + 60
            while time.monotonic() < end:
                state = mine.show(of, Reader(f"Practitioner/{n}"), seen=seen, timeout=2)
                if state.complete:
                    return {ask for ask, answer in state.answers.items() if isinstance(answer, Known)}
                seen = state.version
            raise TimeoutError(f"launch {n} still waits for something")

        with ThreadPoolExecutor(USERS) as users:
            found = list(users.map(watched, range(USERS)))
    assert payer.asked == {"member": 1, "care-gaps": 1, "risk": 1}
    assert all(found[0] == each and Ask("northwind", "care-gaps") in each for each in found)


def test_users_at_once_over_the_wire_cost_the_payer_one_question(tmp_path: Path) -> None:
    with counted(tmp_path, delay_ms=150) as here:
        sessions = [browser() for _ in range(OVER_HTTP)]

        def panel(session: Any) -> Any:
            return watch(session, here.home.launch("one-open-gap", "main", session).url, limit=200)

        with ThreadPoolExecutor(OVER_HTTP) as users:
            screens = list(users.map(panel, sessions))
    assert all(len(screen.gaps()) == 1 for screen in screens)
    assert here.asked("$care-gaps") == 1
    assert {path: count for path, count in here.paths.items() if count > 1 and "_search" not in path} == {}
