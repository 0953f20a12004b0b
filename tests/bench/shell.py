"""Own time of the shell against a bare Flask view with one indexed query in the same run (README, Speed)."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests

from sandbox_config.demo import browser, sandbox
from sandbox_config.serving import free_ports
from tests.bench.figure import Figure

ROUNDS = 200
BOUND = 5.0


def measure() -> Iterator[Figure]:
    """Both alternately, so that whatever else the machine does hits both."""
    with sandbox() as running, bare() as yardstick:
        client = browser()
        minted = client.get(f"{running.ehr}/main/launch-url", params={"scenario": "one-open-gap"}, timeout=30).json()
        panel = client.get(minted["launch_url"], timeout=30).url
        ours, bares = [], []
        for _ in range(ROUNDS):
            ours.append(timed(client, panel))
            bares.append(timed(client, yardstick))
        yield Figure("shell own time / bare view", statistics.median(ours) / statistics.median(bares), BOUND)


def timed(client: requests.Session, url: str) -> float:
    start = time.perf_counter()
    assert client.get(url, timeout=30).ok
    return time.perf_counter() - start


@contextmanager
def bare() -> Iterator[str]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bare", str(port), f"{folder}/bare.sqlite3"], stderr=subprocess.DEVNULL
        )
        url = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(100):
                with suppress(requests.RequestException):
                    if requests.get(url, timeout=5).ok:
                        break
                time.sleep(0.1)
            yield url
        finally:
            running.terminate()
            running.wait(timeout=10)
