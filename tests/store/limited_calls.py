"""What another process does in the tests of shared limits: it calls a source as fast as it is let."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import requests

from app.core.allowance import Limit
from app.sources.allowances import Allowances
from app.sources.deadline import Deadline
from app.sources.errors import Waiting
from app.sources.turns import Turn
from app.store.allowances import SqlShares
from tests.store.one_store import open_store

SOURCE = "northwind"


def call_many(
    url: str, server: str, who: str, limit: Limit, threads: int, calls: int, patience: float = 30.0, ahead: int = 0
) -> int:
    """How many of `threads` times `calls` calls were let out. A thread ends when one was not. `ahead`: its clock is."""
    done = []
    with closing(open_store(url, lambda: datetime.now(UTC) + timedelta(seconds=ahead))) as store:
        ours = Allowances({SOURCE: limit}, SqlShares(store, who))

        def work() -> None:
            allowed = ours.of(SOURCE)
            assert allowed is not None
            with suppress(Waiting):
                for _ in range(calls):
                    with Turn(left=patience), Deadline(patience) as here, allowed.call(here):
                        requests.get(server, timeout=20)
                        done.append(1)

        running = [threading.Thread(target=work) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        ours.close()
    return len(done)


def call_for_ever(url: str, server: str, who: str, limit: Limit, threads: int) -> None:
    """Until somebody kills this process."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        call_many(url, server, who, limit, threads, 50)
