"""What is printed and the time ahead in a real browser: pages counted, black and white, WCAG 2.2 AA, every width."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from drawing import ROOT, SHELL, STATIC, draw
from handmade import IDS, NOW
from outlook import usual, view
from playwright.sync_api import Browser, Page, Route, sync_playwright
from printed import ABOUT, day, row, twenty
from pypdf import PdfReader

from app.core.schedule.ahead import labs
from app.core.schedule.rows import printable
from app.core.schedule.tick import Tick, Ticked
from app.web.present import ahead, calls
from app.web.present.paper import sheet

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},
}
SITE = "http://stage.example"
LINKS = dict.fromkeys(("ahead", "huddle", "missed", "tick", "untick", "letter", "a4", "back"), "/elsewhere")


def _pages() -> dict[str, str]:
    found, whole = usual(), day(twenty())
    assert found.outreach
    count = found.outreach.acts[0]
    needing = [printable(row(number, labs=("HbA1c test",)))[0] for number in range(4)]
    tick = Tick("Appointment/a1", "Patient/p1", "", Ticked.CALLED, "Jo Rivera", NOW)
    gone = day((), missed=(row(1), row(2)), ticks=(tick,))
    absent = calls.missed(
        gone, [printable(each) for each in gone.missed], ABOUT, IDS, restricted=1, deceased=0, may_tick=True
    )
    drawn: dict[str, tuple[str, dict[str, Any]]] = {
        "print": ("huddle/print.html", {"sheet": sheet(whole, [printable(each) for each in whole.rows], ABOUT)}),
        "ahead": ("ahead/page.html", {"view": view(found)}),
        "booked": ("ahead/people.html", {"view": ahead.people(count, ahead.BOOKED, ABOUT, complete=True)}),
        "unbooked": ("ahead/people.html", {"view": ahead.people(count, ahead.UNBOOKED, ABOUT, complete=True)}),
        "laboratory": (
            "ahead/laboratory.html",
            {"view": calls.laboratory(day(tuple(needing)), labs(needing), ABOUT, left_out=1, next_url="/next")},
        ),
        "missed": ("ahead/missed.html", {"view": absent}),
    }
    return {
        name: draw(template, shell=SHELL, links=LINKS, handle="abc", **more) for name, (template, more) in drawn.items()
    }


PAGES = _pages()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def opened(chromium: Browser, name: str, **options: Any) -> Page:
    page = chromium.new_page(**options)

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"))
        else:
            route.fulfill(body=PAGES[name], content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    page.goto(f"{SITE}/{name}")
    return page


@pytest.mark.parametrize("paper", ["Letter", "A4"])
def test_a_full_day_of_twenty_prints_on_two_pages_with_its_end_on_each(chromium: Browser, paper: str) -> None:
    page = opened(chromium, "print")
    found = PdfReader(io.BytesIO(page.pdf(format=paper)))
    texts = [" ".join(each.extract_text().split()) for each in found.pages]
    assert len(texts) == 2
    for number, text in enumerate(texts, 1):
        assert "Destroy by the end of Sunday 22 Nov 2026" in text
        assert "Mara Ellison, MD" in text
        assert f"Page {number} of 2" in text
    assert "Back to the schedule" not in " ".join(texts)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_black_on_white_whatever_the_screen(chromium: Browser, scheme: Any) -> None:
    page = opened(chromium, "print", color_scheme=scheme)
    page.emulate_media(media="print", color_scheme=scheme)
    seen = page.eval_on_selector_all(
        ".sheet p, .sheet li, .sheet th, .sheet td",
        "all => [...new Set(all.map(each => getComputedStyle(each).color))]",
    )
    assert seen == ["rgb(0, 0, 0)"]
    assert page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor") == "rgb(255, 255, 255)"
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_reads_at_every_width(chromium: Browser, name: str) -> None:
    page = opened(chromium, name)
    for width in (320, 400, 800, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(chromium: Browser, name: str) -> None:
    page = opened(chromium, name, viewport={"width": 320, "height": 700})
    page.add_script_tag(path=AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("rules => axe.run(rules)", RULES)
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    page.close()
