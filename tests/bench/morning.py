"""A morning of 24 patients with two payers each, from the callback to the response that holds the last answer.

The ideal is declared, not traced: token -> schedule and user side by side -> all that is read of the patients, as many
calls at once as an EHR's pool gives to schedules. Two payers with eight calls at once each need fewer rounds than that
for member -> care gaps and risk, beside it; what the last patient's payers need comes while the chart's other types are
read. Each round takes the sandbox's delay per call. One payer that hangs may add one time-out of a question.

The first row is there after the token and the schedule: two round trips.
"""

from __future__ import annotations

import html
import math
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

from app.core.allowance import Rank
from app.sources.http import Limits
from app.sources.pools import Size
from sandbox_config.demo import browser
from tests.bench.clinic import IN_FLIGHT, Clinic, clinic
from tests.bench.figure import Figure

DELAY_MS, VISITS, ROUNDS = 150, 24, 5
BOUND, FIRST_ROW, FASTER = 1.25, 2, 6
PAYERS = 2
BEFORE = 2  # steps before the first question about a patient: token; schedule and user
OF_NOBODY = 4  # calls in the second of them: appointments, visits under way, the user, their role
_NEXT = re.compile(r'<section id="huddle"[^>]*? hx-get="([^"]+)"')
_ROW = re.compile(r"Visitor\d\d")


@dataclass(frozen=True)
class Took:
    """Seconds from the request of the callback to the first row, and to the last answer; calls at the EHR, and at the
    payer that was asked most.
    """

    first: float
    last: float
    calls: int
    at_payer: int


def measure() -> Iterator[Figure]:
    with clinic(VISITS, "--delay-ms", str(DELAY_MS)) as here:
        one(here)  # capabilities, payer tokens
        times = []
        for _ in range(ROUNDS):
            forget(here)
            times.append(one(here))
        last = statistics.median(took.last for took in times)
        first = statistics.median(took.first for took in times)
        steps, apart = ideal(times[-1]), times[-1].calls + PAYERS * times[-1].at_payer
        yield Figure("morning of 24 to the last answer / ideal", last / steps, BOUND)
        yield Figure("morning of 24, first row / two round trips", first / (FIRST_ROW * DELAY_MS / 1000), BOUND)
        yield Figure("morning of 24 / one call after the other", last / (apart * DELAY_MS / 1000), 1 / FASTER)
        forget(here)
        with hanging(here.payers["lakeside"]):
            took = one(here)
        yield Figure("morning of 24, a payer hangs / ideal + time-out", took.last / (BOUND * steps + Limits().total), 1)


def ideal(took: Took) -> float:
    """Seconds, when each source is asked so often."""
    at_once = Size().most(Rank.HUDDLE)
    rounds = BEFORE + math.ceil((took.calls - OF_NOBODY) / at_once)
    assert math.ceil(took.at_payer / IN_FLIGHT) < rounds, "the payers are the shorter part"
    return rounds * DELAY_MS / 1000


def one(here: Clinic) -> Took:
    """One launch into the schedule, followed to the end as a browser does."""
    running, client = here.sandbox, browser()
    servers = (running.ehr, *here.payers.values())
    for server in servers:
        requests.delete(f"{server}/_calls", timeout=10)
    query = {"patient": "none", "user": "dr", "intent": "schedule"}
    url = client.get(f"{running.ehr}/main/launch-url", params=query, timeout=30).json()["launch_url"]
    while not url.startswith(f"{running.app}/callback"):
        url = urljoin(url, client.get(url, allow_redirects=False, timeout=30).headers["Location"])
    start, first = time.perf_counter(), 0.0
    page = client.get(url, timeout=30)
    text, at = page.text, page.url
    while found := _NEXT.search(text):
        if not first and _ROW.search(text):
            first = time.perf_counter() - start
        text = client.get(urljoin(at, html.unescape(found[1])), headers={"HX-Request": "true"}, timeout=30).text
    last = time.perf_counter() - start
    assert len(set(_ROW.findall(text))) == VISITS, text[:2000]
    at_ehr, *at_payers = map(calls, servers)
    return Took(first, last, at_ehr, max(at_payers))


def calls(server: str) -> int:
    """How many FHIR calls it has had."""
    paths: dict[str, int] = requests.get(f"{server}/_calls", timeout=10).json()["paths"]
    return sum(count for path, count in paths.items() if "/fhir/" in path and not path.endswith("/metadata"))


def forget(here: Clinic) -> None:
    """Let everybody be asked again: payers' answers outlive a launch."""
    with sqlite3.connect(here.sandbox.database, timeout=10) as db:
        db.execute("DELETE FROM answers")


@contextmanager
def hanging(payer: str) -> Iterator[None]:
    """That payer answers nobody until the block ends."""
    for change in ("add", "remove"):
        requests.post(f"{payer}/_faults", json={change: ["hang"]}, timeout=30).raise_for_status()
        if change == "add":
            yield
