"""How the store tests open a store, in this process and in others; and what the other processes do."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography.fernet import Fernet, MultiFernet

from app.store import Store, answers
from app.store.answers import Question
from app.store.engine import connect
from app.store.launches import SqlLaunchStore
from app.store.migrations import migrate

T = TypeVar("T")

KEY = Fernet(b"c3RvcmUtdGVzdHMtb25lLWtleS1ub3Qtc2VjcmV0LTE=")
SEAL = MultiFernet([KEY])
START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def digest(text: str) -> str:
    return hmac.new(b"a key of the tests", text.encode(), hashlib.sha256).hexdigest()


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


def open_store(url: str, clock: Callable[[], datetime], seal: MultiFernet = SEAL) -> Store:
    return Store.open(url, seal=seal, digest=digest, clock=clock)


def at_once(threads: int, work: Callable[[int], T]) -> list[T]:
    """What `work(0)`, `work(1)`, … return when they all start at the same instant; the first exception, if any."""
    start, results, failures = threading.Barrier(threads), dict[int, T](), list[BaseException]()

    def run(n: int) -> None:
        start.wait()
        try:
            results[n] = work(n)
        except BaseException as e:  # an exception in a thread would otherwise be lost
            failures.append(e)

    running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
    return [results[n] for n in range(threads)]


# --- what other processes do, each from the instant `start` on ----------------------------------------------------


def warm_up(_: int) -> None:
    time.sleep(0.05)  # long enough that each process takes one


def take_all(url: str, start: float, keys: Sequence[str]) -> list[str]:
    """The keys that this process got."""
    with closing(open_store(url, lambda: START)) as store:
        launches = SqlLaunchStore(store)
        _wait_for(start)
        return [key for key in keys if launches.take("state", key) is not None]


def claim_all(url: str, start: float, who: str, questions: Sequence[Question]) -> list[Question]:
    """The questions that this process is to ask."""
    won = []
    with closing(open_store(url, lambda: START)) as store:
        _wait_for(start)
        for question in questions:
            with store.begin() as tx:
                if answers.claim(tx, [question], timedelta(seconds=20), who)[question] is answers.Claim.ASK:
                    won.append(question)
    return won


def count_up(url: str, start: float, times: int) -> None:
    """Add one to a launch record, `times` times, trying again whenever another process was first."""
    with closing(open_store(url, lambda: START)) as store:
        launches = SqlLaunchStore(store)
        _wait_for(start)
        add_to(launches, times)


def add_to(launches: SqlLaunchStore, times: int) -> None:
    added = 0
    while added < times:
        body, version = launches.get("counter", "one") or (b"0", 0)
        added += launches.replace("counter", "one", str(int(body) + 1).encode(), version=version)


def migrate_at(url: str, start: float) -> str:
    engine = connect(url)
    _wait_for(start)
    try:
        return migrate(engine)
    finally:
        engine.dispose()


def soon() -> float:
    """The instant at which several processes shall start."""
    return time.time() + 0.3


def _wait_for(start: float) -> None:
    while time.time() < start:
        time.sleep(0.001)
