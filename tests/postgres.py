"""A PostgreSQL server of our own for tests: made in a temporary folder, on a free port of loopback, gone afterwards.

    with server() as url:                      # postgresql+psycopg://chartside@127.0.0.1:49321/postgres
        with database(url) as own:             # an empty database on it
            ...

Raises `PostgresMissing` where the machine has no PostgreSQL; fixtures turn that into a skip.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

START_S = 20
DEBIAN = Path("/usr/lib/postgresql")
_numbers = count(1)


class PostgresMissing(Exception):
    """There are no PostgreSQL server programs here."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server, which is stopped and deleted at the end."""
    programs, as_user = _programs(), _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="chartside-postgres-"))
    try:
        if as_user:
            shutil.chown(folder, as_user["user"], as_user["group"])
        cluster = folder / "cluster"
        made = ["-D", str(cluster), "-U", "chartside", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        initdb = [str(programs / "initdb"), *made]
        subprocess.run(initdb, cwd=folder, check=True, capture_output=True, timeout=60, **as_user)
        with _running(programs, cluster, folder / "log", as_user) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(url: str) -> Iterator[str]:
    """The URL of a new, empty database on the server, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()


def _programs() -> Path:
    """The folder of the newest server programs. Debian keeps them out of PATH."""
    on_path = shutil.which("postgres")
    debian = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    for program in [*([Path(on_path)] if on_path else []), *reversed(debian)]:
        folder = program.resolve().parent
        if (folder / "initdb").exists():
            return folder
    raise PostgresMissing("no PostgreSQL server programs: install postgresql, or put its bin folder on the PATH")


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_name, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def _running(programs: Path, cluster: Path, log: Path, as_user: dict[str, Any]) -> Iterator[str]:
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "shared_buffers": "32MB",
        "fsync": "off",  # nothing here outlives the test
        "full_page_writes": "off",
        "synchronous_commit": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as out:
        started = [*_dies_with_us(), str(programs / "postgres"), "-D", str(cluster), *options]
        process: subprocess.Popen[bytes] = subprocess.Popen(
            started, cwd=cluster.parent, stdout=out, stderr=out, **as_user
        )
    url = f"postgresql+psycopg://chartside@127.0.0.1:{port}/postgres"
    try:
        _await(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: closes connections, leaves nothing in shared memory
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dies_with_us() -> list[str]:
    """A prefix that stops the server even when the tests are killed. Without it (not on Linux) only `finally` does."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    end = time.monotonic() + START_S
    try:
        while not _answers(engine):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
    finally:
        engine.dispose()


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
