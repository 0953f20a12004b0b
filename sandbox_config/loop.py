"""The two-way loop without a browser: act, finish the visit, deliver, the payer's next run, confirmed. For the demo.

Two stories: a result that two payers have not seen leaves as evidence; six condition categories each get one remark.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup, Tag

from sandbox_config.screen import Screen, watch

LOOP = "two-way-loop"
BOTH = ("northwind", "harbor")  # of the first story
EVIDENCE, REMARKS = "two-dialects", "every-category"
CATEGORIES = 6  # of the second story
WAIT_SECONDS = 90.0
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Seat:
    """A physician's launch of one story, and the panel as it stands before them."""

    session: requests.Session
    url: str
    screen: Screen

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.screen.html, "html.parser")

    def tap(self, kind: str, number: int, say: str) -> str:
        """Press a button of an expanded row; what the row then says."""
        row = self.soup.select(f'[data-kind="{kind}"][data-place="expanded"]')[number]
        form = {str(each["name"]): str(each["value"]) for each in row.select('form.act input[type="hidden"]')}
        answer = self.session.post(urljoin(self.url, "act"), data={**form, "say": say}, headers=OURS, timeout=30)
        told = BeautifulSoup(answer.text, "html.parser").select_one(f"#{form['item']} [data-told]")
        return _words(told) or f"not recorded ({answer.status_code})"

    def send(self) -> list[str]:
        """Open what can be sent to the plans and confirm each of them, as shown; what the page then says."""
        link = self.soup.select_one('a[href*="/send/"]')
        if link is None:
            return ["nothing to send"]
        address = urljoin(self.url, str(link["href"]))
        page = BeautifulSoup(self.session.get(address, timeout=30).text, "html.parser")
        for form in page.select('form:has(input[name="draft"])'):
            told = {str(each["name"]): str(each["value"]) for each in form.select("input")}
            answer = self.session.post(address, data=told, headers=OURS, timeout=30)
            page = BeautifulSoup(answer.text, "html.parser")
        return re.findall(r"On its way to [^.]+", _words(page))

    def legs(self) -> list[str]:
        """What stands on the list of what was sent to payers, row by row."""
        page = BeautifulSoup(self.session.get(urljoin(self.url, "sent"), timeout=30).text, "html.parser")
        return [_words(row) for row in page.select("main li, main tbody tr") if row.get_text(strip=True)]


@dataclass(frozen=True)
class Ground:
    """Where the loop is walked: how a story is opened, and where EHR and payers are.

    `deliver` does what the jobs do, where they do not run by themselves; `tomorrow` moves everybody's clock by a day,
    where that can be done.
    """

    sit: Callable[[str], Seat]
    ehr: str
    payers: Mapping[str, str]
    deliver: Callable[[], object] = lambda: None
    tomorrow: Callable[[], object] | None = None


def loop(ground: Ground, *, wait: float = WAIT_SECONDS) -> dict[str, Any]:
    """Walk it: what happened, step by step, and what of it should not have."""
    steps: list[str] = []
    problems: list[str] = []

    def expect(what: str, fulfilled: bool) -> None:
        steps.append(what)
        if not fulfilled:
            problems.append(f"not so: {what}")

    payers, seat = ground.payers, ground.sit(EVIDENCE)
    steps += [f"send to the plan: {line}" for line in seat.send()]
    ground.deliver()
    for name in BOTH:
        _until(lambda address=payers[name]: _kept(address, "submissions"), wait)  # type: ignore[misc]
    expect("the evidence has arrived once at both payers", all(_once(payers[name], "submissions", 1) for name in BOTH))

    northwind, seat = payers["northwind"], ground.sit(REMARKS)
    steps.append(f"said: {seat.tap('prompt', 0, 'assessed-present')}")
    steps.append(f"said: {seat.tap('prompt', 1, 'assessed-not-present/never-had-condition')}")
    ground.deliver()
    expect("no remark has left while the visit goes on", _kept(northwind, "remarks") == [])
    requests.post(
        f"{ground.ehr}/_visit", json={"scenario": REMARKS, "status": "finished"}, timeout=10
    ).raise_for_status()
    steps.append("the visit is finished in the EHR, and the panel is opened once more")
    ground.sit(REMARKS)
    ground.deliver()
    _until(lambda: len(_kept(northwind, "remarks")) >= CATEGORIES, wait)
    found = _kept(northwind, "remarks")
    steps += [f"received by Northwind: {each['group']} {each['code']} {each['reason']}".rstrip() for each in found]
    one_each = len({each["group"] for each in found}) == CATEGORIES
    expect("every category has one remark", one_each and _once(northwind, "remarks", CATEGORIES))

    if ground.tomorrow:
        ground.tomorrow()
    for name, address in payers.items():
        issued = requests.post(f"{address}/_run", timeout=10).json()["issued"]
        steps += [f"the next run of {name} issues {report} again" for report in issued]
    if ground.tomorrow:
        expect("the next day the gap is met, for both payers", ground.sit(EVIDENCE).screen.gaps() == [])
        awaited = " ".join(ground.sit(REMARKS).legs())
        expect("what they have confirmed is not awaited any more", "HbA1c" not in awaited and "HCC 280" not in awaited)
        expect("what they have not said anything to still is", "HCC 37" in awaited)
    else:
        steps.append("confirmed by the payers when they are asked again: in a quarter of an hour, or in the night")
    steps += [f"sent to payers: {line}" for line in ground.sit(REMARKS).legs()]
    return {
        "scenario": LOOP,
        "story": "What was done is said back to the payers in their own standard, and followed until they confirm it.",
        "steps": steps,
        "problems": problems,
    }


def take_seat(session: requests.Session, ehr: str, story: str) -> Seat:
    """Launch a story in this browser and follow the panel until it is complete."""
    minted = session.get(f"{ehr}/main/launch-url", params={"scenario": story}, timeout=10).json()
    page = session.get(minted["launch_url"], timeout=30)
    return Seat(session, page.url, watch(session, page.url))


def as_text(entry: Mapping[str, Any]) -> str:
    """The loop for people to read."""
    lines = [f"\n{entry['scenario']}: {entry['story']}", *(f"  {step}" for step in entry["steps"])]
    return "\n".join([*lines, *(f"  PROBLEM: {problem}" for problem in entry["problems"])])


def _kept(payer: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{payer}/_{what}", timeout=10).json()
    return found


def _once(payer: str, what: str, count: int) -> bool:
    """Whether so many have arrived, each of them once."""
    return [each["times"] for each in _kept(payer, what)] == [1] * count


def _until(met: Callable[[], Any], seconds: float) -> bool:
    """Whether it has come true within so many seconds."""
    return any(met() for _ in _ticks(seconds))


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.2)


def _words(tag: Tag | None) -> str:
    return re.sub(r"\s+", " ", tag.get_text(" ")).strip() if tag else ""
