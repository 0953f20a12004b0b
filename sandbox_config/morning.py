"""Reading Chartside's morning schedule as the team would: visit by visit. For the demo and for tests.

It reads the hooks that stand in the HTML (`data-visit`, `data-step`, ...), never the app's objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup, Tag

MAX_REQUESTS = 60
SECONDS = 30


@dataclass(frozen=True)
class Visit:
    """One row as it stands on screen. `forms`: where its forms lead, and their hidden fields."""

    id: str
    state: str
    time: str
    name: str
    ids: str
    visit: str
    notes: str
    steps: tuple[str, ...]
    counts: str
    text: str
    html: str
    forms: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    def as_entry(self) -> dict[str, Any]:
        """What `make demo ARGS=--json` prints of one row."""
        shown = {name: getattr(self, name) for name in ("time", "name", "ids", "visit", "notes", "counts")}
        return {**shown, "steps": list(self.steps)}

    def form(self, action: str, **fields: str) -> tuple[str, dict[str, str]]:
        """The address and the fields of the first form that leads to `action` and has these values."""
        for url, pairs in self.forms:
            if url.partition("?")[0].endswith(f"/{action}") and fields.items() <= dict(pairs).items():
                return url, dict(pairs)
        raise LookupError(f"{self.name or self.id}: no form to {action} with {fields}")


@dataclass(frozen=True)
class Morning:
    """One rendered page or fragment of the schedule."""

    visits: tuple[Visit, ...]
    sources: dict[str, tuple[int, int]]  # answered, asked
    summary: str
    progress: str
    troubles: tuple[str, ...]
    problem: str
    empty: bool
    snapshot: str
    added: str  # the URL that shows what was added
    missed: tuple[str, ...]
    providers: tuple[str, ...]  # whose days may be opened from here
    how: str  # how a patient is opened, where a row cannot
    text: str
    html: str
    next: str
    calm: str

    def of(self, name: str) -> Visit:
        """The one row of the patient whose name contains `name`."""
        (found,) = [visit for visit in self.visits if name in visit.name]
        return found

    def as_entry(self) -> dict[str, Any]:
        """What `make demo ARGS=--json` prints of it: the keys of a panel, and `visits`."""
        answered = {
            key: "answered" if all_in else "asking" for key, (n, of) in self.sources.items() for all_in in [n == of]
        }
        return {
            "patient": "",
            "rows": [],
            "sources": [{"key": key, "state": state, "reason": ""} for key, state in answered.items()],
            "no_open_gaps": False,
            "summary": self.summary,
            "visits": [visit.as_entry() for visit in self.visits],
        }


def read(html: str) -> Morning:
    """Read one fragment or full page."""
    soup = BeautifulSoup(html, "html.parser")
    added = soup.select_one("[data-added]")
    return Morning(
        visits=tuple(_visit(tag) for tag in soup.select("[data-visit]")),
        sources={
            _attr(tag, "data-source"): (_number(bar, "value"), _number(bar, "max"))
            for tag in soup.select("[data-source]")
            if (bar := tag.select_one("progress")) is not None
        },
        summary=_text(soup.select_one("[data-summary]")),
        progress=_text(soup.select_one("#strip summary")),
        troubles=tuple(_text(tag) for tag in soup.select("[data-trouble]")),
        problem=_text(soup.select_one("#problem")),
        empty=soup.select_one("[data-none]") is not None,
        snapshot=_text(soup.select_one("[data-snapshot]")),
        added=_attr(added, "hx-get"),
        missed=tuple(_text(tag) for tag in soup.select("[data-missed]")),
        providers=tuple(_text(tag) for tag in soup.select(".whose li a")),
        how=_text(soup.select_one("[data-how]")),
        text=_text(soup),
        html=html,
        next=_attr(soup.select_one("#huddle[hx-get]"), "hx-get"),
        calm=_attr(soup.select_one('#huddle [hx-trigger^="every"]'), "hx-get"),
    )


def watch(session: requests.Session, page_url: str, *, limit: int = MAX_REQUESTS) -> Morning:
    """Load the schedule and follow its fragment's own requests until every row is filled, as htmx does.

    Raises TimeoutError when it does not finish within `limit` requests.
    """
    return list(steps(session, page_url, limit=limit))[-1]


def steps(session: requests.Session, page_url: str, *, limit: int = MAX_REQUESTS) -> list[Morning]:
    """The same, with everything that stood on screen on the way. Raises TimeoutError."""
    seen = [read(session.get(page_url, timeout=SECONDS).text)]
    for _ in range(limit):
        if not seen[-1].next:
            return seen
        seen.append(fragment(session, urljoin(page_url, seen[-1].next)))
    raise TimeoutError(f"the schedule was still asking after {limit} requests")


def fragment(session: requests.Session, url: str) -> Morning:
    """What htmx would get from there."""
    return read(session.get(url, headers={"HX-Request": "true"}, timeout=SECONDS).text)


def post(
    session: requests.Session, page_url: str, form: tuple[str, dict[str, str]], **fields: str
) -> requests.Response:
    """Send one form of a row, as a browser without scripts does."""
    url, hidden = form
    return session.post(
        urljoin(page_url, url), data=hidden | fields, headers={"Sec-Fetch-Site": "same-origin"}, timeout=SECONDS
    )


def _visit(tag: Tag) -> Visit:
    forms = tuple(
        (
            _attr(form, "action"),
            tuple((_attr(field, "name"), _attr(field, "value")) for field in form.select("input[type=hidden]")),
        )
        for form in tag.select("form")
    )
    return Visit(
        id=_attr(tag, "id"),
        state=_attr(tag, "data-state"),
        time=_text(tag.select_one(".time")),
        name=_text(tag.select_one(".whom .open, .whom .name")),
        ids=_text(tag.select_one(".whom .ids")),
        visit=_text(tag.select_one(".what")),
        notes=_text(tag.select_one(".notes")),
        steps=tuple(_text(step) for step in tag.select(".steps > li")),
        counts=_text(tag.select_one("[data-counts]")),
        text=_text(tag),
        html=str(tag),
        forms=forms,
    )


def _number(tag: Tag, name: str) -> int:
    return int(_attr(tag, name) or 0)


def _attr(tag: Tag | None, name: str) -> str:
    return str(tag.get(name, "")) if tag else ""


def _text(tag: Tag | None) -> str:
    return re.sub(r"\s+", " ", tag.get_text(" ")).strip() if tag else ""
