"""The whole house as processes that can be killed: a sandbox with a clinic in it, the server, and the jobs.

The server is `python -m app serve`. The jobs are `python -m tests.loop.jobs`: the real ones, sweeping more often. When
they are killed, the times in the outbox are moved back, as if it had taken the end of the leases until somebody started
them again: nobody waits two minutes for that. On SQLite `serve` starts jobs beside itself, which are killed with them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select, update

from app import open_store
from app.config import Settings
from app.core.ledger.outgoing import Post
from app.store.schema import outbox
from sandbox_config import worklist
from sandbox_config.environment import environment
from sandbox_config.scenario import CONNECTED
from sandbox_config.serving import free_ports
from tests.bench.clinic import IN_FLIGHT, write_stories
from tests.furnished import write_secrets
from tests.house import ROOT

START_S = 60
WORKERS = 2
PAST_THE_LEASE = timedelta(seconds=150)
TOLD = ROOT / "sandbox_config/local.toml"


@dataclass
class Stage:
    """Where everything runs. `kills`: what was killed so far, in this order."""

    folder: Path
    env: dict[str, str]
    app: str
    ehr: str
    payers: dict[str, str]
    sandbox: subprocess.Popen[bytes]
    server: subprocess.Popen[bytes] | None = None
    jobs: subprocess.Popen[bytes] | None = None
    kills: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.env)

    def open(self) -> None:
        """Start the server, and the jobs in the place of those that it has started."""
        self._start_server()
        self._await_server()
        self._start_jobs()

    def kill(self, what: str) -> None:
        """SIGKILL to the jobs, to the whole server, or to one of its workers; and what was killed is started again, as
        whoever runs it would. A worker the server starts again itself.
        """
        with self.lock:
            self.kills.append(what)
            if what == "jobs":
                _gone(self.jobs)
                self._start_jobs()
            elif what == "server":
                _gone(self.server)
                self._start_server()
            elif workers := _children(self.server):
                _kill(workers[-1])

    def close(self) -> None:
        for process in (self.jobs, self.server):
            _gone(process)
        self.sandbox.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.sandbox.wait(timeout=20)
        self.sandbox.kill()

    def control(self, where: str, path: str, **asked: Any) -> Any:
        """A switch of the sandbox: of the EHR (`ehr`) or a payer."""
        at = self.ehr if where == "ehr" else self.payers[where]
        answer = requests.post(f"{at}/{path}", json=asked, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _start_server(self) -> None:
        self.server = self._run("server", "app", "serve")

    def _start_jobs(self) -> None:
        for beside in _jobs_beside(self.env["CHARTSIDE_DATABASE"]):
            _kill(beside)
        self._let_time_pass()
        self.jobs = self._run("jobs", "tests.loop.jobs")

    def _let_time_pass(self) -> None:
        """What the outbox has waiting is as much older."""
        c = outbox.c
        with closing(open_store(self.settings)) as store, store.begin() as tx:
            for row in tx.conn.execute(select(c.id, c.taken_until, c.due_at).where(c.post == Post.WAITING)).all():
                times = {"taken_until": row.taken_until, "due_at": row.due_at}
                earlier = {name: at and at - PAST_THE_LEASE for name, at in times.items()}
                tx.conn.execute(update(outbox).where(c.id == row.id).values(earlier))

    def _await_server(self) -> None:
        _await(f"{self.app}/healthz", self.server, self.folder / "server.log")

    def _run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )


@contextmanager
def stage(folder: Path, database: str, patients: int) -> Iterator[Stage]:
    """A clinic of so many patients, and the app, until the block ends."""
    app, ehr, *payers = free_ports(2 + len(CONNECTED))
    stories, secrets = folder / "stories", write_secrets(folder / "secrets")
    stories.mkdir()
    write_stories(stories, patients)
    _write_settings(folder / "settings.toml")
    env = {
        **os.environ,
        **environment(app, ehr, payers),
        "CHARTSIDE_SETTINGS": str(folder / "settings.toml"),
        "CHARTSIDE_SECRETS": str(secrets),
        "CHARTSIDE_DATABASE": database,
        worklist.VARIABLE: str(folder / "worklist.csv"),
    }
    urls = {payer: f"http://localhost:{port}" for payer, port in zip(CONNECTED, payers, strict=True)}
    with (folder / "sandbox.log").open("ab") as log:
        command = [sys.executable, "-m", "tests.bench.clinic", str(stories)]
        sandbox = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    here = Stage(folder, env, f"http://127.0.0.1:{app}", f"http://localhost:{ehr}", urls, sandbox)
    try:
        _await(f"{here.ehr}/_scenarios", sandbox, folder / "sandbox.log")
        here.open()
        yield here
    finally:
        here.close()


def _write_settings(path: Path) -> None:
    """The sandbox's own, with two workers, nothing that happens by night, and payers that take many calls at once."""
    lines = TOLD.read_text(encoding="utf-8")
    lines = re.sub(r"^entries = .*$", "entries = []", lines, flags=re.MULTILINE)
    lines = re.sub(r"^prefetch = \{[^{}]*\}.*$", "", lines, flags=re.MULTILINE)
    lines = lines.replace("[site]\n", f"[site]\nworkers = {WORKERS}\n")
    path.write_text(lines.replace("[[payer]]\n", f"[[payer]]\nin_flight = {IN_FLIGHT}\n"), encoding="utf-8")


def _await(url: str, process: subprocess.Popen[bytes] | None, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process and process.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).ok:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def _gone(process: subprocess.Popen[bytes] | None) -> None:
    """Kill a process that was started here, with what it has forked, and wait until it is gone."""
    if process and process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(process: subprocess.Popen[bytes] | None) -> list[int]:
    """The workers of a server: its children in its own session."""
    if process is None:
        return []
    found = []
    with suppress(OSError):
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            with suppress(OSError):
                if os.getsid(int(pid)) == process.pid:
                    found.append(int(pid))
    return found


def _jobs_beside(database: str) -> list[int]:
    """The jobs that a server of this stage has started beside itself: they name its database in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            mine = f"CHARTSIDE_DATABASE={database}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if mine and b"--with-parent" in words:
                found.append(int(folder.name))
    return found
