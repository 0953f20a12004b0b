"""`python -m sandbox_config`: the sandbox EHR and both payers on loopback, and with `--with-app` the app beside them.

Every port is taken before anything starts, so a busy one is reported and nothing is left half running. Ctrl-C, SIGTERM
and SIGHUP end everything that was started here. The stories are told relative to the day of the start.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

LOOPBACK = ("127.0.0.1", "::1")  # `localhost` may mean either
START_SECONDS = 60
STOP_SECONDS = 10
BUSY = 2


class PortBusy(Exception):
    """A port that somebody else holds; the text names it and says how to choose another."""


@dataclass(frozen=True)
class Place:
    """One server to be: who answers, on which port, and how that port is changed."""

    name: str
    port: int
    option: str


class _Quiet(WSGIRequestHandler):
    disable_nagle_algorithm = True  # headers and body are two writes: without this every answer may wait 40 ms

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of good requests; errors are still logged."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until stopped. Returns 0; 1 when the app did not start or ended by itself; 2 when a port is busy."""
    given = _arguments(argv)
    app_port = urlsplit(given.app_url).port or 80
    places = [
        Place("the EHR", given.ehr_port, "--ehr-port, or make run EHR_PORT="),
        Place("Northwind", given.payer_ports[0], "--payer-ports, or make run NORTHWIND_PORT="),
        Place("Lakeside", given.payer_ports[1], "--payer-ports, or make run LAKESIDE_PORT="),
    ]
    with ExitStack() as running:
        stopped = _stop_on_signals()
        try:
            sockets = [running.enter_context(_taken(place)) for place in places]
            if given.with_app:
                with _taken(Place("the app", app_port, "--app-url, or make run PORT=")):
                    pass
        except PortBusy as busy:
            print(f"sandbox: {busy}", file=sys.stderr)
            return BUSY
        for wsgi, taken in zip(_apps(given), sockets, strict=True):
            for listening in taken:
                running.enter_context(_serving(wsgi, listening))
        child = running.enter_context(_app(given, app_port)) if given.with_app else None
        if child and not _healthy(given.app_url, child, stopped):
            return 0 if stopped.is_set() else 1
        print(f"Open http://localhost:{given.ehr_port}/", flush=True)
        while not stopped.wait(0.5):
            if child and child.poll() is not None:
                print(f"sandbox: the app ended by itself (exit code {child.returncode})", file=sys.stderr)
                return 1
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    def port(name: str, default: int) -> int:
        return int(os.environ.get(name) or default)

    payers = [port("CHARTSIDE_NORTHWIND_PORT", 8601), port("CHARTSIDE_LAKESIDE_PORT", 8602)]
    parser = argparse.ArgumentParser(prog="python -m sandbox_config", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ehr-port", type=int, default=port("CHARTSIDE_EHR_PORT", 8600))
    parser.add_argument("--payer-ports", type=int, nargs=2, default=payers, metavar=("NORTHWIND", "LAKESIDE"))
    parser.add_argument("--app-url", default=f"http://127.0.0.1:{port('CHARTSIDE_PORT', 8000)}")
    parser.add_argument("--delay-ms", type=int, default=0, help="wait before each answer to the app")
    parser.add_argument("--with-app", action="store_true", help="also start the app and wait until it is healthy")
    return parser.parse_args(argv)


def _stop_on_signals() -> threading.Event:
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    return stopped


def _apps(given: argparse.Namespace) -> Iterator[Any]:
    """The three WSGI apps, telling the same stories."""
    from sandbox_config.ehr import create_ehr
    from sandbox_config.payer import create_payer
    from sandbox_config.scenario import CLINIC_TZ, load_all

    scenarios = load_all(datetime.now(CLINIC_TZ).date())

    def clock() -> datetime:
        return datetime.now(UTC)

    base_url = f"http://localhost:{given.ehr_port}"
    yield create_ehr(scenarios, base_url=base_url, app_url=given.app_url, clock=clock, delay_ms=given.delay_ms)
    for payer, port in zip(("northwind", "lakeside"), given.payer_ports, strict=True):
        yield create_payer(
            payer,
            scenarios,
            base_url=f"http://localhost:{port}",
            jwks_url=f"{given.app_url}/.well-known/jwks.json",
            clock=clock,
            delay_ms=given.delay_ms,
        )


@contextmanager
def _taken(place: Place) -> Iterator[list[socket.socket]]:
    """Listening sockets on every loopback address that this machine has. Raises PortBusy."""
    with ExitStack() as held:
        sockets = []
        for address in LOOPBACK:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                sockets.append(held.enter_context(socket.create_server((address, place.port), family=family)))
            except OSError as e:
                if e.errno in (errno.EADDRINUSE, errno.EACCES):
                    raise PortBusy(
                        f"port {place.port} for {place.name} is in use or not allowed; choose another: {place.option}"
                    ) from e
                if address == LOOPBACK[0]:
                    raise  # no IPv6 is common, no IPv4 loopback is not
        yield sockets


@contextmanager
def _serving(wsgi: Any, listening: socket.socket) -> Iterator[None]:
    """Serve one app on one socket in threads until the block ends."""
    host, port = listening.getsockname()[:2]
    server = make_server(host, port, wsgi, threaded=True, request_handler=_Quiet, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _app(given: argparse.Namespace, app_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The app in a process group of its own, ended with everything it started."""
    env = _app_environment(given, app_port)
    child = subprocess.Popen([sys.executable, "-m", "app", "serve"], env=env, start_new_session=True)
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):  # whatever is left of its group; usually nobody
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _app_environment(given: argparse.Namespace, app_port: int) -> Mapping[str, str]:
    """Our own environment, with the ports and secrets under which this sandbox runs."""
    from sandbox_config.ehr.tenants import TENANTS

    env = {
        "CHARTSIDE_SETTINGS": "sandbox_config/local.toml",
        "CHARTSIDE_SANDBOX_BASIC_SECRET": TENANTS["basic"].client_secret,
        "CHARTSIDE_SANDBOX_POST_SECRET": TENANTS["post"].client_secret,
        **os.environ,
    }
    env["CHARTSIDE_PORT"] = str(app_port)
    env["CHARTSIDE_EHR_PORT"] = str(given.ehr_port)
    env["CHARTSIDE_NORTHWIND_PORT"], env["CHARTSIDE_LAKESIDE_PORT"] = map(str, given.payer_ports)
    return env


def _healthy(app_url: str, child: subprocess.Popen[bytes], stopped: threading.Event) -> bool:
    """Wait for the app's /healthz."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(f"{app_url}/healthz", timeout=2).ok:
                return True
        if stopped.wait(0.1):
            return False
    print("sandbox: the app did not become healthy", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main())
