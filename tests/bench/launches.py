"""From the callback to the response that holds the last answer, against the declared ideal (README, Speed).

The ideal is declared, not traced: a fixed graph of calls times the sandbox's delay per call. Warm: token -> patient,
coverage and all chart types side by side -> member -> care gaps and risk: four steps. Cold adds the EHR's published
keys after the token, and the payer's discovery and token before the member: seven steps.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import requests

from sandbox_config.demo import Sandbox, browser, sandbox
from tests.bench.figure import Figure

DELAY_MS = 150
ROUNDS = 20
BOUND = 1.15
STEPS_WARM, STEPS_COLD = 4, 7
SCENARIO = "one-open-gap"
_NEXT = re.compile(r'<section id="flags"[^>]* hx-get="([^"]+)"')


def measure() -> Iterator[Figure]:
    """Cold once per start, three starts; warm twenty times; memory of the worker after that."""
    cold: list[float] = []
    for _ in range(3):
        with sandbox("--delay-ms", str(DELAY_MS)) as running:
            cold.append(one(running))
    with sandbox("--delay-ms", str(DELAY_MS)) as running:
        one(running)
        warm = []
        for _ in range(ROUNDS):
            forget(running.database)
            warm.append(one(running))
        yield Figure("launch-to-complete-flags warm / ideal", statistics.median(warm) / ideal(STEPS_WARM), BOUND)
        yield Figure("launch-to-complete-flags cold / ideal", statistics.median(cold) / ideal(STEPS_COLD), BOUND)
        yield Figure("worker memory MB after 21 launches", memory_mb(running.pid), 300)


def ideal(steps: int) -> float:
    return steps * DELAY_MS / 1000


def one(running: Sandbox) -> float:
    """One launch; seconds from the request of the callback to the response with the last answer."""
    client = browser()
    minted = client.get(f"{running.ehr}/main/launch-url", params={"scenario": SCENARIO}, timeout=30).json()
    url = minted["launch_url"]
    while not url.startswith(f"{running.app}/callback"):
        url = urljoin(url, client.get(url, allow_redirects=False, timeout=30).headers["Location"])
    start = time.perf_counter()
    page = client.get(url, timeout=30)
    last = finished(client, page)
    assert "HbA1c test" in last, last
    return time.perf_counter() - start


def finished(client: requests.Session, page: requests.Response) -> str:
    """Follow the fragment's own requests to the last one, as htmx does."""
    text, at = page.text, page.url
    while found := _NEXT.search(text):
        text = client.get(urljoin(at, found[1].replace("&amp;", "&")), headers={"HX-Request": "true"}, timeout=30).text
    return text


def forget(database: Path) -> None:
    """Let the payers be asked again: their answers outlive a launch."""
    with sqlite3.connect(database, timeout=10) as db:
        db.execute("DELETE FROM answers")


def memory_mb(pid: int) -> float:
    """Resident memory of the largest process below `pid` (the gunicorn worker), from /proc."""
    return max((_rss_mb(child) for child in _below(pid)), default=0.0)


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _below(child)


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index] # Linux always says it
