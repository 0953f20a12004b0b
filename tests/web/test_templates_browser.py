"""The fragment in a real browser: morphs keep focus, place and what is open; the security policy holds; WCAG 2.2 AA.

A small server draws hand-built panels with the real templates, style, script and htmx.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from drawing import ROOT, STATIC, TEMPLATES, draw, page, view, why
from flask import Flask, Response, request
from handmade import (
    CHART_LINES,
    LAKESIDE_LINES,
    LINKS,
    NORTHWIND_LINES,
    PANELS,
    busy,
    cards,
    mammogram,
    out_of_range,
    panel,
)
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from app.core.flag import Panel, SourceState
from app.web import present

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
OUT = replace(LAKESIDE_LINES[0], state=SourceState.ASKING, calculated=None, received="")
SOME = panel(gaps=cards(out_of_range(), mammogram()), sources=(*CHART_LINES, *NORTHWIND_LINES, OUT), complete=False)
EXPECTED = ("status of 500", "ERR_FAILED", "Failed to fetch")  # what the tests of trouble bring about
AXE_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},  # 2.5.8 is off unless asked for
}
_WITH_ROWS = ("busy", "troubled", "every-state", "one-truth")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Stage:
    """What the server shows now, and what it was asked."""

    url: str = ""
    shows: Panel = SOME
    asked: list[str] = field(default_factory=list)
    fails: int = 0


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


def _fragment() -> str:
    drawn = present.Drawn.parse(request.args.get("turn", ""), request.args.get("drawn", ""))
    return draw("encounter/_flags.html", links=LINKS, panel=view(STAGE.shows, drawn=drawn))


STAGE = Stage()
PAUSE = threading.Event()  # never set: a long poll that ends without news


def _site() -> Flask:
    site = Flask("stage", root_path=str(ROOT / "app"), template_folder=str(TEMPLATES), static_folder=str(STATIC))

    @site.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @site.get("/l/abc/")
    def shell() -> str:
        return page(STAGE.shows if request.args.get("full") else None)

    @site.get("/l/abc/flags")
    def flags() -> tuple[str, int] | str:
        if request.args.get("full"):
            return page(STAGE.shows)
        STAGE.asked.append(request.query_string.decode())
        if STAGE.fails:
            return draw("error.html", title="Something went wrong", advice="Try again.", code=""), STAGE.fails
        if request.args.get("seen"):
            PAUSE.wait(0.15)
        return _fragment()

    @site.get("/l/abc/why/<id_>")
    def why_page(id_: str) -> str:
        return why(STAGE.shows, id_)

    @site.post("/l/abc/retry")
    def retry() -> str:
        STAGE.shows = busy()
        return _fragment() if request.headers.get("HX-Request") else page(STAGE.shows)

    return site


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = make_server("127.0.0.1", 0, _site(), threaded=True, request_handler=_Quiet)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    where = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not where:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def stage(server: str) -> Stage:
    STAGE.url, STAGE.shows, STAGE.fails = server, SOME, 0
    STAGE.asked.clear()
    return STAGE


@pytest.fixture
def tab(chromium: Browser, stage: Stage) -> Iterator[Page]:
    """A tab of 400 px on the panel. Whatever it logs as an error fails the test."""
    context = chromium.new_context(viewport={"width": 400, "height": 600})
    tab, errors = context.new_page(), []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(stage.url + LINKS.page)
    tab.wait_for_selector("[data-kind=gap]")
    yield tab
    context.close()
    assert [error for error in errors if not any(each in error for each in EXPECTED)] == []


def until_drawn_again(tab: Page, stage: Stage, times: int = 3) -> None:
    """Wait until the fragment has come back a few times more."""
    goal = len(stage.asked) + times
    while len(stage.asked) < goal:
        tab.wait_for_timeout(50)
    tab.wait_for_timeout(50)


def services(tab: Page) -> list[str]:
    return tab.locator("#gaps [data-place=expanded] [data-field=service]").all_inner_texts()


def test_the_panel_keeps_asking_without_news_and_stops_when_all_is_in(tab: Page, stage: Stage) -> None:
    until_drawn_again(tab, stage)
    stage.shows = busy()
    expect(tab.locator("#flags[hx-get]")).to_have_count(0)
    asked = len(stage.asked)
    tab.wait_for_timeout(400)
    assert len(stage.asked) == asked


def test_a_morph_keeps_focus_what_is_open_and_the_rows_place(tab: Page, stage: Stage) -> None:
    second = tab.locator("[data-kind=gap]").nth(1)
    summary = second.locator("details > summary")
    summary.focus()
    tab.keyboard.press("Enter")
    tab.evaluate("scrollTo(0, 250)")
    before = (services(tab), second.bounding_box(), tab.evaluate("scrollY"))
    until_drawn_again(tab, stage)
    stage.shows = replace(busy(), identity=())
    expect(tab.locator("#flags[hx-get]")).to_have_count(0)
    assert services(tab)[:2] == before[0]
    assert (second.bounding_box(), tab.evaluate("scrollY")) == before[1:]
    assert second.locator("details").evaluate("each => each.open")
    assert summary.evaluate("each => each === document.activeElement")


def test_the_user_may_ask_for_the_ranking(tab: Page, stage: Stage) -> None:
    stage.shows = busy()
    tab.get_by_role("link", name="Show the most urgent first").click()
    expect(tab.locator("#gaps [data-field=service]").first).to_have_text("Colonoscopy after positive stool test")


def test_a_retry_by_keyboard_does_not_lose_the_reader(tab: Page, stage: Stage) -> None:
    stage.shows = PANELS["silent"]()
    tab.goto(stage.url + LINKS.page)
    button = tab.get_by_role("button", name="Retry Northwind Health Plan")
    button.focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("[data-kind=prompt]").first).to_be_visible()
    expect(tab.locator("#sources > summary")).to_be_focused()


def test_an_error_page_replaces_the_panel_and_not_more(tab: Page, stage: Stage) -> None:
    stage.fails = 500
    expect(tab.locator("#problem")).to_be_visible()
    assert tab.locator("#flags").count() == 0
    assert tab.locator(".bar").count() == 1


def test_a_lost_connection_is_said(tab: Page, stage: Stage) -> None:
    tab.route("**/flags?seen*", lambda route: route.abort())
    expect(tab.locator("#lost")).to_be_visible()


def test_everything_works_without_scripts(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(stage.url + LINKS.page)
    tab.get_by_role("link", name="Show the panel").click()
    expect(tab.locator("[data-kind=gap]")).to_have_count(2)
    expect(tab.get_by_role("link", name="Show what has come since")).to_be_visible()
    stage.shows = PANELS["silent"]()
    tab.reload()
    tab.get_by_role("button", name="Retry").click()
    expect(tab.locator("[data-kind=prompt]").first).to_be_visible()
    context.close()


def test_why_is_one_tap_away_by_keyboard_and_the_way_back_leads_to_the_row(chromium: Browser, stage: Stage) -> None:
    stage.shows = PANELS["one-truth"]()
    context = chromium.new_context(viewport={"width": 400, "height": 600})
    tab = context.new_page()
    tab.goto(stage.url + LINKS.page)
    row = tab.locator("#gaps [data-kind=gap]").nth(2)
    link = row.get_by_role("link", name="Why this? HbA1c control")
    link.focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("HbA1c control")
    expect(tab.get_by_role("button", name="Not this patient: Lakeside Community Health")).to_be_visible()
    back = tab.get_by_role("link", name="Back to the panel")
    back.focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#gaps [data-kind=gap]").nth(2)).to_be_in_viewport()
    folded = tab.locator('[data-fold="staff"] .why-link').first
    folded.evaluate("each => each.click()")
    tab.get_by_role("link", name="Back to the panel").click()
    expect(tab.locator('[data-fold="staff"] [data-kind=gap]').first).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 400, 800, 1280])
def test_no_panel_is_wider_than_its_frame(chromium: Browser, stage: Stage, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()
    for name in ("busy", "troubled", "long-words", "script-text", "one-truth", "standing"):
        stage.shows = PANELS[name]()
        tab.goto(stage.url + LINKS.full)
        tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        tab.goto(stage.url + LINKS.why + view(stage.shows).gaps[0].id)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"why, {name}"
    context.close()


@pytest.mark.parametrize(
    ("scheme", "names"),
    [
        (
            "light",
            ("busy", "asking", "troubled", "clear", "deceased", "foreign-name", "every-state", "one-truth", "standing"),
        ),
        ("dark", _WITH_ROWS),
    ],
)
def test_the_panel_meets_wcag_22_aa(chromium: Browser, stage: Stage, scheme: Any, names: tuple[str, ...]) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make setup")
    context = chromium.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme, bypass_csp=True)
    tab = context.new_page()
    for name in names:
        stage.shows = replace(PANELS[name](), complete=True)  # a page that is not being morphed while it is looked at
        pages = [LINKS.full, *(LINKS.why + row.id for row in view(stage.shows).gaps[:1]), LINKS.why + "g0"]
        for path in pages:
            tab.goto(stage.url + path)
            tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
            tab.evaluate(AXE.read_text(encoding="utf-8"))
            found = tab.evaluate(f"axe.run({json.dumps(AXE_RULES)})")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], f"{name} {path}"
    context.close()


def test_the_vendor_files_are_in_place() -> None:
    assert Path(STATIC / "vendor" / "htmx.min.js").exists(), "make setup copies htmx"
