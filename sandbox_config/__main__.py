"""`python -m sandbox_config`: the sandbox EHR and its payers on loopback, and with `--with-app` the app beside them.

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

from sandbox_config import worklist
from sandbox_config.environment import APP_PORT, EHR_PORT, PAYER_PORTS, SETTINGS, environment, variable
from sandbox_config.scenario import CLINIC_TZ, CONNECTED, PAYERS, load_all
from sandbox_config.serving import serving

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run until stopped. Returns 0; 1 when the app did not start or ended by itself; 2 when a port is busy."""
    given = _arguments(argv)
    app_port = urlsplit(given.app_url).port or 80
    places = [
        Place("the EHR", given.ehr_port, "--ehr-port, or make run EHR_PORT="),
        *(
            Place(PAYERS[payer].name, port, f"--payer-ports, or make run {payer.upper()}_PORT=")
            for payer, port in zip(CONNECTED, given.payer_ports, strict=True)
        ),
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
                running.enter_context(serving(wsgi, listening))
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

    payers = [port(variable(payer), usual) for payer, usual in PAYER_PORTS.items()]
    names = tuple(payer.upper() for payer in CONNECTED)
    parser = argparse.ArgumentParser(prog="python -m sandbox_config", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ehr-port", type=int, default=port("CHARTSIDE_EHR_PORT", EHR_PORT))
    parser.add_argument("--payer-ports", type=int, nargs=len(names), default=payers, metavar=names)
    parser.add_argument("--app-url", default=f"http://127.0.0.1:{port('CHARTSIDE_PORT', APP_PORT)}")
    parser.add_argument("--delay-ms", type=int, default=0, help="wait before each answer to the app")
    parser.add_argument("--with-app", action="store_true", help="also start the app and wait until it is healthy")
    return parser.parse_args(argv)


def _stop_on_signals() -> threading.Event:
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    return stopped


def _apps(given: argparse.Namespace) -> Iterator[Any]:
    """The EHR and the payers as WSGI apps, telling the same stories."""
    from sandbox_config.ehr import create_ehr
    from sandbox_config.payer import create_payer

    scenarios = load_all(datetime.now(CLINIC_TZ).date())
    worklist.write(os.environ.get(worklist.VARIABLE, worklist.FILE), scenarios.values())

    def clock() -> datetime:
        return datetime.now(UTC)

    base_url = f"http://localhost:{given.ehr_port}"
    payers = {payer: f"http://localhost:{port}" for payer, port in zip(CONNECTED, given.payer_ports, strict=True)}
    named = {PAYERS[payer].name: address for payer, address in payers.items()}
    yield create_ehr(
        scenarios,
        base_url=base_url,
        app_url=given.app_url,
        clock=clock,
        delay_ms=given.delay_ms,
        payers=named,
    )
    for payer, address in payers.items():
        yield create_payer(
            payer,
            scenarios,
            base_url=address,
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
    said = environment(app_port, given.ehr_port, given.payer_ports)
    return {"CHARTSIDE_SETTINGS": SETTINGS, **os.environ, **said}


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
