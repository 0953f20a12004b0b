"""Jobs: a task names a run and nothing else, may be lost or come twice, and the process ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.config import ConfigError
from app.jobs import Jobs, queue
from app.prefetch import Prefetching
from app.store import Store
from app.store import prefetch as rows
from app.store.migrations import migrate
from sandbox_config.environment import SETTINGS, environment
from sandbox_config.serving import free_ports
from tests.app.nights import DAY, NIGHT, Others, night
from tests.furnished import write_database, write_secrets
from tests.store.one_store import Clock, open_store

ROOT = Path(__file__).parent.parent.parent
RUN = f"main {DAY}"


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = NIGHT
    return clock


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/site.sqlite3", clock)) as opened:
        migrate(opened.engine)
        yield opened


@pytest.fixture
def others(tmp_path: Path, clock: Clock) -> Others:
    return Others(tmp_path / "calls", patients=2, now=clock)


@pytest.fixture
def prefetching(store: Store, others: Others) -> Iterator[Prefetching]:
    with night(store, others) as made:
        yield made


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Any]:
    made = queue(f"sqlite:///{tmp_path}/site.sqlite3")
    yield made
    made.storage.close()


def next_task(on: Any) -> bool:
    """Do what waits first in the queue; False: nothing waits."""
    task = on.dequeue()
    if task is not None:
        on.execute(task)
    return task is not None


def left(store: Store) -> rows.Left:
    with store.read() as tx:
        return rows.left(tx, RUN)


def test_a_sweep_at_night_nudges_for_the_night_and_by_day_for_nothing(
    on: Any, store: Store, prefetching: Prefetching, others: Others, clock: Clock
) -> None:
    jobs = Jobs(on, store, prefetching)
    clock.now = NIGHT - timedelta(hours=1)
    jobs.sweep()
    assert not next_task(on), "it has not begun"
    clock.now = NIGHT
    jobs.sweep()
    assert left(store).undone == 2, "the work stands in the store before anybody has done any"
    assert next_task(on)
    assert (left(store).done, left(store).undone) == (4, 0)
    jobs.sweep()
    assert not next_task(on), "there is nothing left"
    asked = len(others.asked())
    clock.now = NIGHT + timedelta(hours=8)
    jobs.sweep()
    assert not next_task(on)
    assert len(others.asked()) == asked


def test_a_nudge_may_be_lost_or_come_twice(on: Any, store: Store, prefetching: Prefetching, others: Others) -> None:
    jobs = Jobs(on, store, prefetching)
    jobs.sweep()
    assert on.dequeue() is not None, "taken by a process that then died"
    jobs.sweep()
    jobs.sweep()
    assert next_task(on)
    assert next_task(on)
    assert not next_task(on)
    assert left(store).undone == 0
    assert sum(line.startswith("northwind care-gaps") for line in others.asked()) == 2


def test_a_nudge_that_comes_by_day_does_nothing(
    on: Any, store: Store, prefetching: Prefetching, others: Others, clock: Clock
) -> None:
    jobs = Jobs(on, store, prefetching)
    jobs.sweep()
    clock.now = NIGHT + timedelta(hours=9)
    assert next_task(on)
    assert others.asked() == []


def test_a_task_says_which_run_and_nothing_else(
    on: Any, store: Store, prefetching: Prefetching, tmp_path: Path
) -> None:
    Jobs(on, store, prefetching).sweep()
    file = tmp_path / "site.jobs.sqlite3"
    assert file.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(file)) as found:
        (task,) = [json.loads(bytes(row[0])) for row in found.execute("select data from task")]
    assert task[2] == [RUN]
    assert len(task) == 3


def test_the_purge_is_a_job(on: Any, store: Store, prefetching: Prefetching, clock: Clock) -> None:
    jobs = Jobs(on, store, prefetching)
    jobs.sweep()
    next_task(on)
    clock.now = NIGHT + timedelta(hours=26)
    jobs.purge()
    assert (left(store).done, left(store).undone) == (0, 0)


def test_redis_by_setting_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="redis"):
        queue(f"sqlite:///{tmp_path}/site.sqlite3", "redis://127.0.0.1:1/0").storage.enqueue(b"x")


# --- the process ----------------------------------------------------------------------------------------------------


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    app, ehr, *payers = free_ports(6)
    made = {
        **os.environ,
        **environment(app, ehr, payers),
        "CHARTSIDE_SETTINGS": str(ROOT / SETTINGS),
        "CHARTSIDE_SECRETS": str(tmp_path / "secrets"),
        "CHARTSIDE_DATABASE": f"sqlite:///{tmp_path}/site.sqlite3",
    }
    write_secrets(tmp_path / "secrets")
    write_database(tmp_path / "site.sqlite3")
    return made


def _app(environ: dict[str, str], *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "app", *arguments], cwd=ROOT, env=environ, **more)


def _up(tmp_path: Path) -> None:
    end = time.monotonic() + 120
    while not (tmp_path / "site.jobs.sqlite3").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(1.0)  # it takes up its signals just after


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_jobs_end_when_they_are_told_to(environ: dict[str, str], tmp_path: Path, how: signal.Signals) -> None:
    process = _app(environ, "work")
    try:
        _up(tmp_path)
        process.send_signal(how)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait(timeout=60)


def test_the_jobs_of_a_server_are_started_again_and_end_with_it_even_when_it_is_killed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    server = _app(environ, "serve", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _up(tmp_path)
        (first,) = _beside(server)
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + 60
        while (beside := _beside(server)) in ([], [first]):
            assert time.monotonic() < end, "nothing would leave any more"
            time.sleep(0.1)
        assert len(beside) == 1
        time.sleep(1.0)  # it takes up its signals just after
        server.kill()
        server.wait(timeout=60)
        end = time.monotonic() + 60
        while _command(beside[0]) and time.monotonic() < end:
            time.sleep(0.1)
        assert not _command(beside[0]), "it has ended"
    finally:
        server.kill()
        server.wait(timeout=60)


def _beside(server: subprocess.Popen[bytes]) -> list[int]:
    return [pid for pid in _children(server.pid) if b"\0work\0" in _command(pid)]


def _children(pid: int) -> list[int]:
    found = list(Path(f"/proc/{pid}/task").glob("*/children"))  # of each thread its own
    if not found:
        pytest.skip("this machine does not say whose child a process is")
    return [int(child) for of in found for child in of.read_text().split()]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
