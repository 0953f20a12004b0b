"""`python -m sandbox_config` as a person runs it: one address, busy ports named, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from sandbox_config.scenario import CONNECTED
from sandbox_config.serving import free_ports

ROOT = Path(__file__).resolve().parents[2]
SERVERS = 2 + len(CONNECTED)  # the EHR, the payers, the app


def command(ports: Sequence[int], *options: str) -> list[str]:
    ehr, *payers, app = map(str, ports)
    url = f"http://127.0.0.1:{app}"
    return [sys.executable, "-m", "sandbox_config", "--ehr-port", ehr, "--payer-ports", *payers, "--app-url", url,
            *options]  # fmt: skip


@contextmanager
def running(ports: Sequence[int], *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command(ports, *options), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_serves_all_prints_one_address_and_leaves_nothing_behind() -> None:
    ports = free_ports(SERVERS)
    with running(ports, "--delay-ms", "5") as sandbox:
        assert sandbox.stdout
        assert sandbox.stdout.readline() == f"Open http://localhost:{ports[0]}/\n"
        for host in ("127.0.0.1", "localhost"):
            page = requests.get(f"http://{host}:{ports[0]}/", timeout=5)
            assert "Riverbend Family Medicine" in page.text
        assert requests.get(f"http://localhost:{ports[0]}/_faults", timeout=5).json()["delay_ms"] == 5
        for payer in ports[1:-1]:
            assert requests.get(f"http://localhost:{payer}/fhir/metadata", timeout=5).status_code == 200
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(10) == 0
        assert sandbox.stdout.read() == ""
    assert all(is_free(port) for port in ports)


def test_a_busy_port_is_named_before_anything_starts() -> None:
    ports = free_ports(SERVERS)
    for number, (option, extra) in enumerate(
        [("--ehr-port", ""), *[("--payer-ports", "")] * len(CONNECTED), ("--app-url", "--with-app")]
    ):
        with socket.create_server(("127.0.0.1", ports[number])):
            done = subprocess.run(
                command(ports, *filter(None, [extra])), cwd=ROOT, capture_output=True, text=True, timeout=20
            )
        assert done.returncode == 2
        assert f"port {ports[number]} " in done.stderr
        assert option in done.stderr
        assert done.stdout == ""


def test_an_app_that_does_not_start_ends_the_sandbox_too() -> None:
    ports = free_ports(SERVERS)
    env = {**os.environ, "CHARTSIDE_SETTINGS": "no-such-file.toml"}
    done = subprocess.run(command(ports, "--with-app"), cwd=ROOT, env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "did not become healthy" in done.stderr
    assert done.stdout == ""
    assert all(is_free(port) for port in ports)
