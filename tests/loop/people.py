"""One person in front of one panel, over HTTP: reads the forms of its rows, taps, and remembers what came of each tap.

A tap that got no answer is tapped again, the same form, as people do; some are given up. Every tap says a word of its
own, by which it is found in the ledger.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests

from sandbox_config.demo import browser
from sandbox_config.screen import watch

PATIENCE_S = 90.0  # until a server that was killed answers again
GIVES_UP = 0.02  # of the tries that got no answer
#: Answers that need nothing but a tap.
PLAIN = re.compile(r"done-today|ordered|patient-declined|not-appropriate/.+|not-now|in-progress|assessed-.+")
_FORM = re.compile(r'<form[^>]*action="[^"]*/(act|undo)".*?</form>', re.DOTALL)
_FIELD = re.compile(r'<input type="hidden" name="(item|version|action)" value="([^"]*)"')
_SAY = re.compile(r'name="say" value="([^"]+)"')


@dataclass
class Taps:
    """What came of everybody's taps, by their words."""

    kept: set[str] = field(default_factory=set)  # acknowledged
    refused: set[str] = field(default_factory=set)  # answered, and not recorded
    unknown: set[str] = field(default_factory=set)  # never answered
    undone: set[str] = field(default_factory=set)  # ids of actions, acknowledged
    trouble: list[str] = field(default_factory=list)  # answers that nobody should get


@dataclass
class Person:
    """`user`: as the sandbox EHR names them; `draw` decides what they do."""

    ehr: str
    scenario: str
    user: str
    draw: random.Random
    taps: Taps
    session: requests.Session = field(default_factory=browser)
    panel: str = ""
    html: str = ""
    words: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def open(self) -> None:
        """Launch, and watch the panel until it is finished; again, where the server went away."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                query = {"scenario": self.scenario, "user": self.user}
                minted = self.session.get(f"{self.ehr}/main/launch-url", params=query, timeout=30).json()
                page = self.session.get(minted["launch_url"], timeout=30)
                if "/l/" in page.url:
                    self.panel = page.url
                    self._read(end)
                    return
            except (requests.RequestException, TimeoutError):
                self.session.close()
            if time.monotonic() > end:
                raise TimeoutError(f"{self.scenario} cannot be opened")
            time.sleep(0.5)

    def _read(self, end: float) -> None:
        """The finished panel, with something to say about it: what did not answer in time may be asked anew just now.
        Raises TimeoutError.
        """
        while time.monotonic() < end:
            try:
                self.html = watch(self.session, self.panel, limit=200).html
                if self._forms():
                    return
            except requests.RequestException:
                self.session.close()
            time.sleep(0.5)
        raise TimeoutError(f"nothing can be said about {self.scenario} by {self.user}: {self.html[:3000]}")

    def act(self, more: Callable[[], bool]) -> None:
        """Tap as long as more is wanted: something on each row in turn, the last with script, so that the answer is the
        panel as it is now.
        """
        while more():
            forms = self._pick()
            for n, (path, form) in enumerate(forms):
                script = n == len(forms) - 1
                word = self._word(form) if path == "act" else ""
                answer = self._send(path, {**form, "word": word}, script=script)
                self._note(path, form, word, answer)
                if answer is not None and script and answer.status_code in (200, 403, 409, 422):
                    self.html = answer.text

    def _word(self, form: dict[str, str]) -> str:
        """The same for the same tap: one that was given up, and is tapped again later, may be in the ledger already."""
        return self.words.setdefault((form["item"], form["version"], form["say"]), f"tap {secrets.token_hex(8)}")

    def _pick(self) -> list[tuple[str, dict[str, str]]]:
        """One form of each row that is drawn, in an order by chance."""
        if not (rows := self._forms()):
            self._read(time.monotonic() + PATIENCE_S)
            rows = self._forms()
        picked = [self.draw.choice(forms) for forms in rows.values()]
        self.draw.shuffle(picked)
        return picked

    def _forms(self) -> dict[str, list[tuple[str, dict[str, str]]]]:
        """What can be said by the panel as it was last drawn, by row."""
        rows: dict[str, list[tuple[str, dict[str, str]]]] = {}
        for match in _FORM.finditer(self.html):
            fields = dict(_FIELD.findall(match[0]))
            forms = [("undo", fields)] if match[1] == "undo" else []
            forms += [("act", {**fields, "say": say}) for say in _SAY.findall(match[0]) if PLAIN.fullmatch(say)]
            if forms:
                rows.setdefault(fields["item"], []).extend(forms)
        return rows

    def _send(self, path: str, form: dict[str, str], *, script: bool) -> requests.Response | None:
        """The answer; None: there never was one, or none that says whether it was recorded."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                headers = {"Sec-Fetch-Site": "same-origin", "Origin": _origin(self.panel)}
                headers |= {"HX-Request": "true"} if script else {}
                url = urljoin(self.panel, path)
                answer = self.session.post(url, data=form, headers=headers, timeout=60, allow_redirects=False)
                if answer.status_code < 500:
                    return answer
                self.taps.trouble += [f"{answer.status_code} {answer.text[:300]}"] if answer.status_code == 500 else []
            except requests.RequestException:
                self.session.close()  # connections of the server that was killed
            if self.draw.random() < GIVES_UP:
                return None
            time.sleep(0.2)
        return None

    def _note(self, path: str, form: dict[str, str], word: str, answer: Any) -> None:
        taps = self.taps
        said = answer is not None and answer.status_code in (200, 303)
        if answer is not None and not said and answer.status_code not in (403, 404, 409, 422):
            taps.trouble.append(f"{path}: {answer.status_code} {answer.text[:300]}")
        if path == "undo":
            taps.undone |= {form["action"]} if said else set()
        elif answer is None:
            taps.unknown.add(word)
        else:
            taps.unknown.discard(word)
            (taps.kept if said else taps.refused).add(word)


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
