"""Somebody at a panel who taps: reads the forms out of the page and posts them, as a browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from bs4 import BeautifulSoup, Tag

from sandbox_config.demo import browser
from sandbox_config.screen import watch
from tests.house import House

OURS = {"Sec-Fetch-Site": "same-origin"}
HTMX = {**OURS, "HX-Request": "true"}


@dataclass
class Seat:
    """One user's launch of a story, and the panel as it stands before them."""

    home: House
    session: requests.Session
    url: str
    html: str
    status: int = 200

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        return words(self.soup)

    def row(self, kind: str = "gap", *, place: str = "expanded", number: int = 0) -> Tag:
        return self.soup.select(f'[data-kind="{kind}"][data-place="{place}"]')[number]

    def by_id(self, id_: str) -> Tag:
        found = self.soup.select_one(f"#{id_}")
        assert found is not None, f"{id_} is not on the panel"
        return found

    def answers(self, row: Tag) -> list[str]:
        """What the buttons of a row say."""
        return [str(each["value"]) for each in row.select('button[name="say"]')]

    def tap(self, row: Tag, say: str, *, script: bool = True, **more: str | list[str]) -> str:
        """Press one button of a row; what the row then says."""
        form = {str(each["name"]): str(each["value"]) for each in row.select('form.act input[type="hidden"]')}
        return self.post("act", {**form, "say": say, **more}, script=script)

    def undo(self, row: Tag, *, script: bool = True) -> str:
        form = {str(each["name"]): str(each["value"]) for each in row.select('.undo input[type="hidden"]')}
        return self.post("undo", form, script=script)

    def send(self, row: Tag) -> None:
        """Send what this chart has about a row to its plan: what is shown, and a tap on it."""
        url = f"{self.url}send/{row['id']}"
        page = BeautifulSoup(self.session.get(url, timeout=30).text, "html.parser")
        form = {str(each["name"]): str(each["value"]) for each in page.select('main form input[type="hidden"]')}
        assert form, words(page)
        self.session.post(url, data=form, headers=OURS, timeout=30).raise_for_status()

    def post(self, where: str, form: Mapping[str, str | list[str]], *, script: bool = True) -> str:
        drawn = self.soup.select_one("#drawn")
        more = {"drawn": str(drawn["value"])} if drawn and script else {}
        answer = self.session.post(
            f"{self.url}{where}", data={**form, **more}, headers=HTMX if script else OURS, timeout=30
        )
        self.html, self.status = answer.text, answer.status_code
        return said(self.html, str(form.get("item", "")))

    def look(self) -> Seat:
        """The panel anew."""
        self.html = watch(self.session, self.url).html
        return self


def sit(home: House, story: str, user: str = "dr", tenant: str = "main", **options: str) -> Seat:
    """Launch, and follow the panel until it is complete."""
    session = browser()
    page = home.launch(story, tenant, session, user=user, **options)
    assert "/l/" in page.url, page.text
    return Seat(home, session, page.url, watch(session, page.url).html)


def said(html: str, id_: str) -> str:
    """What a row says of what was recorded, or why it was not."""
    soup = BeautifulSoup(html, "html.parser")
    row = soup.select_one(f"#{id_}") if id_ else None
    return " ".join(words(each) for each in (row or soup).select("[data-told], [data-refused]"))


def words(tag: Tag) -> str:
    return re.sub(r"\s+", " ", tag.get_text(" ")).strip()
