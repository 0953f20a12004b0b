"""The server: gunicorn with threads, the same in `make run` and in production; and the jobs beside it.

On one machine with an SQLite database the jobs are a process that `serve` starts, so that one command is enough. It has
a session of its own, so that no signal to the server's group reaches it, and ends when the server does, however that
ends: its standard input is a pipe that only the server holds open.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

if TYPE_CHECKING:
    from app.config import Settings

RESTART_SECONDS = 1.0  # before the jobs are started again
#: No query string (it can hold a launch token), no referrer, no user name.
ACCESS_LOG = '%(h)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        for name, value in {
            "bind": f"{settings.host}:{settings.port}",
            "worker_class": "gthread",
            "workers": settings.workers,
            "threads": settings.threads,  # every open panel that still waits for answers holds one for up to 2 s
            "timeout": 60,
            "graceful_timeout": 5,
            "keepalive": 5,
            "accesslog": "-",
            "access_log_format": ACCESS_LOG,
            "loglevel": settings.log_level.lower(),
            "limit_request_line": 8190,  # issuers and launch tokens can be long JWTs; the default of 4094 cuts them off
            "preload_app": False,  # threads and database connections must be made after the fork
            "worker_exit": _close,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from app import create_app

        return create_app(self._settings)


def _close(_server: Any, worker: Any) -> None:
    """End a worker's threads: what has arrived is written, and the operator's page no longer counts the process."""
    app = getattr(worker, "wsgi", None)  # None: it never got as far as loading it
    if app is not None:
        app.extensions["chartside_close"]()


@contextlib.contextmanager
def working(settings: Settings) -> Iterator[None]:
    """The jobs in a process beside this one until the block ends, where the database is SQLite. One that ends by itself
    (killed for its memory, say) is started again: nothing would leave any more.
    """
    if not settings.database.startswith("sqlite"):
        yield
        return
    beside = _Beside()
    try:
        yield
    finally:
        beside.end()


class _Beside:
    """The process of the jobs, and the thread that sees to it that there is one."""

    def __init__(self) -> None:
        self._lock, self._ending = threading.Lock(), threading.Event()
        self._process = self._start()
        threading.Thread(target=self._watch, name="jobs", daemon=True).start()

    def end(self) -> None:
        self._ending.set()
        with self._lock:
            process = self._process
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # ourselves
            [sys.executable, "-m", "app", "work", "--with-parent"], stdin=subprocess.PIPE, start_new_session=True
        )

    def _watch(self) -> None:
        while True:
            self._process.wait()
            if self._ending.wait(RESTART_SECONDS):
                return
            with self._lock:
                if self._ending.is_set():
                    return
                self._process = self._start()


def after_parent(stop: Callable[[], None]) -> None:
    """Call `stop` when whoever started this process is gone."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        stop()

    threading.Thread(target=wait, name="parent", daemon=True).start()


def log_to_stderr(settings: Settings) -> None:
    """What gunicorn does for the server. Huey's own lines name every task, each minute; a failure it writes down with
    its message, so ours never reach it (`app.jobs`).
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SystemExit when the port is taken."""
    _Server(settings).run()
