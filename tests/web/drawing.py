"""Draws views with the real templates, as the app does: autoescape on, nothing undefined allowed."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from handmade import IDS, LINKS, NOW, TODAY
from jinja2 import StrictUndefined

from app.core.flag import Panel
from app.core.roles import Role
from app.web import present

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "app" / "static"

site = Flask("drawing", root_path=str(ROOT / "app"), template_folder=str(TEMPLATES), static_folder=str(STATIC))
site.jinja_env.undefined = StrictUndefined

SHELL = present.shell("Mara Ellison, MD", Role.CLINICIAN, "Sandbox EHR")


def view(panel: Panel, **more: Any) -> present.PanelView:
    return present.panel(panel, **{"now": NOW, "links": LINKS, "version": "7", "ids": IDS, **more})


def draw(template: str, **context: Any) -> str:
    with site.test_request_context():
        return render_template(template, **context)


def fragment(panel: Panel, **more: Any) -> str:
    return draw("encounter/_flags.html", links=LINKS, panel=view(panel, **more))


def page(panel: Panel | None) -> str:
    seen = view(panel) if panel else None
    return draw("encounter/page.html", shell=SHELL, links=LINKS, panel=seen, waiting=present.waiting(LINKS))


def why(panel: Panel, id_: str = "") -> str:
    """The page of one item; of the first expanded gap, where none is named."""
    known = id_ or view(panel).gaps[0].id
    seen = present.why_view(panel, known, today=TODAY, links=LINKS, ids=IDS)
    return draw("encounter/why.html", shell=SHELL, links=LINKS, why=seen, hold_url="/l/abc/wrong-patient")


class Reader(HTMLParser):
    """What a page holds: its text, and every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def having(self, attribute: str) -> list[dict[str, str]]:
        return [attrs for _, attrs in self.elements if attribute in attrs]

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for attrs in self.having(attribute)]
