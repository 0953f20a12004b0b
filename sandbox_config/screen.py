"""Reading Chartside's rendered panel as a clinician would: what stands on it, row by row. For the demo and for tests.

It reads the hooks that stand in the HTML (`data-kind`, `data-field`, ...), never the app's objects.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup, Tag

FIELDS = ("service", "why", "last", "due", "measure-end", "says", "as-of", "through", "action")


@dataclass(frozen=True)
class Row:
    """One gap or prompt as it stands on screen."""

    kind: str
    state: str
    payer: str
    fields: dict[str, str]
    place: str  # expanded, or the fold it stands in


@dataclass(frozen=True)
class Source:
    key: str
    state: str
    reason: str


@dataclass(frozen=True)
class Screen:
    """One rendered fragment."""

    patient: str
    rows: tuple[Row, ...]
    sources: tuple[Source, ...]
    clear: bool
    text: str
    html: str
    next: str  # the URL of the fragment's own next request; empty when it is finished
    offer: str = ""  # where the whole, in order, is offered: what is drawn already never moves by itself

    def gaps(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "gap"]

    def prompts(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "prompt"]

    def as_entry(self) -> dict[str, Any]:
        """What `make demo ARGS=--json` prints of one scenario."""
        return {
            "patient": self.patient,
            "rows": [
                {
                    "payer": row.payer,
                    "kind": row.kind,
                    "what": row.fields.get("service", ""),
                    "state": row.state,
                    "place": row.place,
                    "due": row.fields.get("due", ""),
                    "source": row.fields.get("says", ""),
                    "as_of": row.fields.get("as-of", ""),
                }
                for row in self.rows
            ],
            "sources": [asdict(source) for source in self.sources],
            "no_open_gaps": self.clear,
        }


def read(html: str) -> Screen:
    """Read one fragment or full page."""
    soup = BeautifulSoup(html, "html.parser")
    patient = soup.select_one("[data-patient]")
    waiting = soup.select_one("#flags[hx-get]")
    return Screen(
        patient=_text(patient),
        rows=tuple(_row(tag) for tag in soup.select("[data-kind][data-state]")),
        sources=tuple(
            Source(_attr(tag, "data-source"), _attr(tag, "data-state"), _attr(tag, "data-reason"))
            for tag in soup.select("[data-source]")
        ),
        clear=soup.select_one("[data-clear]") is not None,
        text=_text(soup),
        html=html,
        next=_attr(waiting, "hx-get"),
        offer=_attr(soup.select_one("#flags .note a[hx-get]"), "hx-get"),
    )


def watch(session: requests.Session, page_url: str, *, limit: int = 40) -> Screen:
    """Load the panel page and follow its fragment's own requests until it is finished, as htmx does; then take the
    offer, where there is one, to show in its place what came late.

    Raises TimeoutError when it does not finish within `limit` requests.
    """
    shell = session.get(page_url, timeout=30)
    screen = read(shell.text)
    for _ in range(limit):
        if not (more := screen.next or screen.offer):
            return screen
        answer = session.get(urljoin(page_url, more), headers={"HX-Request": "true"}, timeout=30)
        screen = read(answer.text)
    raise TimeoutError(f"the panel was still asking after {limit} requests")


def _row(tag: Tag) -> Row:
    fields = {name: _text(found) for name in FIELDS if (found := tag.select_one(f'[data-field="{name}"]'))}
    kind, state, payer, place = (_attr(tag, f"data-{name}") for name in ("kind", "state", "payer", "place"))
    return Row(kind, state, payer, fields, place)


def _attr(tag: Tag | None, name: str) -> str:
    return str(tag.get(name, "")) if tag else ""


def _text(tag: Tag | None) -> str:
    return re.sub(r"\s+", " ", tag.get_text(" ")).strip() if tag else ""
