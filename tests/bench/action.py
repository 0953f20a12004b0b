"""Own time of one action, recorded and taken back in turn, against a bare Flask view with one indexed query in the same
run (README, Speed). A gap's action asks nobody anything, so all of its time is ours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import requests
from bs4 import BeautifulSoup

from sandbox_config.demo import browser, sandbox
from sandbox_config.screen import watch
from tests.bench.figure import Figure
from tests.bench.shell import bare, timed

STORIES = ("one-open-gap", "two-payers", "due-later", "cervical", "pneumococcal", "three-contracts")
ROUNDS = 4  # of each patient: more than anybody records of one in a visit
BOUND = 8.0
_HTMX = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


def measure() -> Iterator[Figure]:
    """Both alternately, so that whatever else the machine does hits both."""
    with sandbox() as running, bare() as yardstick:
        ours, bares = list[float](), list[float]()
        for story in STORIES:
            client = browser()
            minted = client.get(f"{running.ehr}/main/launch-url", params={"scenario": story}, timeout=30).json()
            panel = client.get(minted["launch_url"], timeout=30).url
            html = watch(client, panel).html
            for _ in range(ROUNDS):
                took, html = _tap(client, panel, "act", _form(html, "form.act", say="patient-declined"))
                ours.append(took)
                took, html = _tap(client, panel, "undo", _form(html, "form.undo"))
                ours.append(took)
                bares += [timed(client, yardstick), timed(client, yardstick)]
        yield Figure("action own time / bare view", statistics.median(ours) / statistics.median(bares), BOUND)


def _tap(client: requests.Session, panel: str, where: str, form: dict[str, str]) -> tuple[float, str]:
    start = time.perf_counter()
    answer = client.post(f"{panel}{where}", data=form, headers=_HTMX, timeout=30)
    took = time.perf_counter() - start
    assert answer.ok, answer.text
    return took, answer.text


def _form(html: str, where: str, **more: str) -> dict[str, str]:
    """The hidden fields of the first such form."""
    soup = BeautifulSoup(html, "html.parser")
    found = soup.select_one(where)
    assert found is not None, f"no {where} on the panel"
    return {str(each["name"]): str(each["value"]) for each in found.select('input[type="hidden"]')} | more
