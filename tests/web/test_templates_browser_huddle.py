"""The schedule in a real browser: rows fill without moving each other, marks keep the focus, news is announced, and it
fits and is accessible at every width. A small server draws hand-built days with the real templates, style and script.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from drawing import SHELL, STATIC, TEMPLATES, draw
from flask import Flask, Response, request
from jinja2 import StrictUndefined
from mornings import A1C, AT, DAYS, EYE, FLU, LINKS, MARKS, PRESSURE, TICKS, about, blank, day, row, tools, visit
from playwright.sync_api import Browser, Page, expect, sync_playwright
from test_templates_browser import AXE, AXE_RULES, CSP
from werkzeug.serving import WSGIRequestHandler, make_server

from app.core.schedule.row import Counts, Row
from app.huddle import Day, Progress
from app.web.present import huddle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDTHS = (320, 400, 800, 1280)
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"
TOPS = "[...document.querySelectorAll('tr.visit')].map(each => Math.round(each.getBoundingClientRect().top + scrollY))"


def full(number: int) -> Row:
    """A row with as much as one mostly has."""
    said = Counts(today=3, ordered=1, staff=1, prompts=1)
    steps = (A1C, FLU, PRESSURE) if number % 2 else (EYE, A1C)
    return row(number, steps=steps, counts=said, marks=MARKS if number == 1 else (), similar=number in (0, 10))


def filling(filled: int, **changes: Any) -> Day:
    rows = [full(n) if n < filled else blank(n) for n in range(12)]
    out = (Progress("ehr", 144, 12 * filled), Progress("northwind", 12, filled))
    return day(rows, progress=out, complete=filled == 12, version=filled + 1, **changes)


@dataclass
class Stage:
    """What the server shows now, and what it was asked."""

    url: str = ""
    shows: Day = field(default_factory=day)
    asked: list[str] = field(default_factory=list)
    news: bool = True


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


def _site(stage: Stage) -> Flask:
    site = Flask("huddle-stage", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    site.jinja_env.undefined = StrictUndefined
    site.jinja_env.trim_blocks = site.jinja_env.lstrip_blocks = True

    def seen() -> huddle.Shown:
        return huddle.Shown.parse(*(request.args.get(name, "") for name in ("turn", "drawn", "room")))

    def fragment() -> str:
        view = huddle.day_view(stage.shows, about(), seen())
        return draw("huddle/_drawn.html", shell=SHELL, links=view.links, huddle=view)

    @site.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @site.get(AT)
    def page() -> str:
        view = huddle.day_view(stage.shows, about()) if request.args.get("full") else None
        links, first = (view.links if view else LINKS), huddle.waiting(LINKS)
        return draw("huddle/page.html", shell=SHELL, links=links, tools=tools(), huddle=view, waiting=first)

    @site.get(f"{AT}rows")
    def rows() -> Any:
        stage.asked.append(request.query_string.decode())
        return ("", 204) if request.args.get("calm") and not stage.news else fragment()

    @site.post(f"{AT}retry")
    def retry() -> str:
        stage.asked.append(f"retry {request.form['key']}")
        stage.shows = day(version=8)
        return fragment()

    @site.post(f"{AT}tick")
    def tick() -> str:
        stage.asked.append(f"tick {request.form['what']} {request.form['row'][0]}")
        stage.shows = replace(stage.shows, ticks=TICKS, version=stage.shows.version + 1)
        return fragment()

    return site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        expect.set_options(timeout=25_000)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    server = make_server("127.0.0.1", 0, _site(made), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.port}"
    yield made
    server.shutdown()
    thread.join()


@pytest.fixture
def tab(chromium: Browser, stage: Stage) -> Iterator[Page]:
    said: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_that_fills_moves_no_other(tab: Page, stage: Stage, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    stage.shows = filling(0)
    tab.goto(stage.url + AT)
    expect(tab.locator("tr.visit")).to_have_count(12)
    before = tab.evaluate(TOPS)
    for filled in (3, 7, 12):
        stage.shows = filling(filled)
        expect(tab.locator('tr.visit[data-state="filled"]')).to_have_count(filled)
        assert tab.evaluate(TOPS) == before
    expect(tab.locator("#huddle:not([hx-get])")).to_be_attached()
    expect(tab.locator("progress.all")).to_have_count(0)


def test_what_is_opened_and_typed_stays_while_the_rows_fill(tab: Page, stage: Stage) -> None:
    stage.shows = filling(2)
    tab.goto(stage.url + AT)
    tab.locator("tr.visit summary").first.click()
    tab.locator("#tools > summary").click()
    tab.locator("#words").fill("knee")
    stage.shows = filling(12)
    expect(tab.locator('tr.visit[data-state="filled"]')).to_have_count(12)
    assert tab.locator("tr.visit details").first.evaluate("each => each.open")
    expect(tab.locator("#words")).to_have_value("knee")
    expect(tab.locator("#words")).to_be_focused()


def test_a_walk_in_is_announced_and_comes_after_a_tap(tab: Page, stage: Stage) -> None:
    stage.shows = day([row(0), row(2)], version=1)
    tab.goto(stage.url + AT)
    expect(tab.locator("tr.visit")).to_have_count(2)
    before = tab.evaluate(TOPS)
    stage.shows = day([row(0), row(1, visit(1, walk_in=True)), row(2)], version=2)
    _look_for_news(tab)
    expect(tab.locator("#added")).to_have_text("1 visit was added")
    assert tab.evaluate(TOPS) == before
    tab.get_by_role("link", name="1 visit was added").click()
    expect(tab.locator("tr.visit")).to_have_count(3)
    expect(tab.locator("tr.visit .time")).to_have_text(["08:00", "08:20", "08:40"])
    expect(tab.locator("#added")).to_have_text("")


def test_nothing_new_changes_nothing_and_is_asked_again(tab: Page, stage: Stage) -> None:
    stage.shows, stage.news = day([row(0)]), False
    tab.goto(stage.url + AT)
    expect(tab.locator("tr.visit")).to_have_count(1)
    marks = "document.querySelector('#huddle').mark = document.querySelector('tr.visit').mark = 'the same'"
    tab.evaluate(marks)
    html = tab.locator("#huddle").inner_html()
    for times in (1, 2):
        with tab.expect_response(lambda answer: "calm=1" in answer.url) as heard:
            _look_for_news(tab)
        assert heard.value.status == 204
        assert len([each for each in stage.asked if "calm=1" in each]) == times
    expect(tab.locator("#huddle .htmx-request")).to_have_count(0)  # htmx takes its class away after the answer
    assert re.sub(r' class=""', "", tab.locator("#huddle").inner_html()) == html
    same = tab.evaluate("[document.querySelector('#huddle').mark, document.querySelector('tr.visit').mark]")
    assert same == ["the same", "the same"]
    stage.shows, stage.news = day([row(0)], ticks=TICKS, version=8), True
    _look_for_news(tab)
    expect(tab.locator(".team .mark")).to_have_attribute("aria-pressed", "true")


def _look_for_news(tab: Page) -> None:
    """What the page does every fifteen seconds."""
    tab.locator('[hx-trigger^="every"]').evaluate("each => each.dispatchEvent(new CustomEvent('every'))")


def test_a_mark_by_keyboard_keeps_focus_and_place(tab: Page, stage: Stage) -> None:
    stage.shows = filling(12)
    tab.goto(stage.url + AT)
    button = tab.locator("tr.visit .team button").first
    expect(button).to_be_visible()
    before = tab.evaluate(TOPS)
    button.focus()
    tab.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    expect(tab.locator("tr.visit .team .said").first).to_have_text("09:29, Mara Ellison")
    assert tab.evaluate(TOPS) == before
    assert "tick prepped v" in stage.asked


def test_a_source_is_asked_again_in_its_place(tab: Page, stage: Stage) -> None:
    stage.shows = DAYS["payer-down"]()
    tab.goto(stage.url + AT)
    tab.get_by_role("button", name="Retry Lakeside Community Health").click()
    expect(tab.locator("[data-trouble]")).to_have_count(0)
    expect(tab.locator("tr.visit")).to_have_count(12)
    assert "retry lakeside" in stage.asked
    expect(tab.locator("#sources > summary")).to_be_focused()


def test_the_screen_is_not_what_comes_onto_paper(tab: Page, stage: Stage) -> None:
    stage.shows = day()
    tab.goto(stage.url + LINKS.full)
    expect(tab.locator(".on-paper")).to_be_hidden()
    tab.emulate_media(media="print")
    expect(tab.locator(".on-paper")).to_be_visible()
    expect(tab.locator("tr.visit").first).to_be_hidden()


def test_everything_can_be_reached_by_keyboard_and_seen(tab: Page, stage: Stage) -> None:
    stage.shows = day([row(0)])
    tab.goto(stage.url + LINKS.full)
    names = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        found = tab.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.innerText.trim() || e.id || e.localName, s.outlineStyle !== 'none'] }"
        )
        if found[0].startswith("Chartside"):
            break
        names.append(found[0])
        assert found[1], found
    order = ("Print", "Today", "Search, filters and other days", "Lindqvist, Marguerite", "Close and sign out")
    places = [next(i for i, name in enumerate(names) if each in name) for each in order]
    assert places == sorted(places)


def test_it_works_without_scripts(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    stage.shows = filling(4)
    tab.goto(stage.url + AT)
    tab.get_by_role("link", name="Show the schedule").click()
    expect(tab.locator("tr.visit")).to_have_count(12)
    stage.shows = filling(12)
    tab.get_by_role("link", name="Show what has come since").click()
    expect(tab.locator('tr.visit[data-state="filled"]')).to_have_count(12)
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_day_is_wider_than_its_frame(chromium: Browser, stage: Stage, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()
    for name in DAYS:
        stage.shows = replace(DAYS[name](), complete=True)
        tab.goto(stage.url + LINKS.full)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        tab.evaluate(OPEN_ALL)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}, opened"
    context.close()


def test_the_columns_have_their_heads_on_a_wide_screen_only(tab: Page, stage: Stage) -> None:
    stage.shows = day([row(0)])
    tab.goto(stage.url + LINKS.full)
    lefts = "kind => [...document.querySelectorAll(kind)].map(e => Math.round(e.getBoundingClientRect().left))"
    assert tab.evaluate(lefts, ".heads > *") == tab.evaluate(lefts, "tr.visit > *")
    tab.set_viewport_size({"width": 400, "height": 800})
    head = tab.locator(".heads").bounding_box()
    assert head is not None
    assert head["height"] <= 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1280)])
def test_the_schedule_meets_wcag_22_aa(chromium: Browser, stage: Stage, scheme: Any, width: int) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make setup")
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    tab = context.new_page()
    for name in ("whole", "asking", "payer-down", "cannot-list", "snapshot"):
        stage.shows = replace(DAYS[name](), complete=True)
        tab.goto(stage.url + LINKS.full)
        tab.evaluate(OPEN_ALL if name == "whole" else "0")
        tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = tab.evaluate(f"axe.run({json.dumps(AXE_RULES)})")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], name
    context.close()
