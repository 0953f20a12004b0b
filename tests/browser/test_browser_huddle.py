"""The morning schedule in a browser: in the EHR's frame, at every width, by keyboard, without scripts, and printed."""

from __future__ import annotations

import io
from urllib.parse import urljoin

import pytest
import requests
from playwright.sync_api import Frame, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import NewPage
from tests.browser.steps import app_frame, focused
from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.browser.test_browser_widths import faults_at_every_width
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COMPLETE = "#huddle:not([hx-get])"
ROWS = 20
#: A day of twenty patients asks several hundred questions; a machine that does other things needs its time.
PATIENCE = 90_000


def morning_of(page: Page, home: House, user: str = "dr", tenant: str = "main") -> Page:
    """The complete schedule in a window of its own."""
    query = {"patient": "none", "intent": "schedule", "user": user}
    page.goto(requests.get(f"{home.ehr}/{tenant}/launch-url", params=query, timeout=10).json()["launch_url"])
    expect(page.locator(COMPLETE)).to_be_attached(timeout=PATIENCE)
    return page


def test_the_ehr_opens_the_day_over_its_whole_width_and_the_rows_fill_in_place(home: House, page: Page) -> None:
    page.goto(f"{home.ehr}/main/")
    page.get_by_role("link", name="Morning schedule", exact=True).click()
    frame = app_frame(page)
    expect(frame.locator("[data-visit]")).to_have_count(ROWS, timeout=PATIENCE)
    order = _order(frame)
    expect(frame.locator(COMPLETE)).to_be_attached(timeout=PATIENCE)
    assert _order(frame) == order
    expect(frame.locator('[data-visit][data-state="asking"]')).to_have_count(0)
    expect(frame.locator("#progress")).to_have_attribute("role", "status")


def _order(frame: Frame) -> list[str]:
    found: list[str] = frame.locator("[data-visit]").evaluate_all("rows => rows.map(row => row.id)")
    return found


def test_progress_can_be_seen_and_heard_while_it_is_true(own_home: House, page: Page) -> None:
    with own_home.fault("northwind", "slow"):
        query = {"patient": "none", "intent": "schedule", "user": "np"}
        page.goto(requests.get(f"{own_home.ehr}/main/launch-url", params=query, timeout=10).json()["launch_url"])
        bar = page.locator("progress.all")
        expect(bar).to_be_visible(timeout=PATIENCE)
        assert bar.get_attribute("aria-label")
        assert violations_in_light_and_dark(page) == []
        expect(page.locator(COMPLETE)).to_be_attached(timeout=PATIENCE)
    expect(bar).to_have_count(0)


def test_a_whole_day_fits_every_width_is_accessible_and_prints_on_two_pages(home: House, page: Page) -> None:
    morning_of(page, home)
    expect(page.locator("[data-visit]")).to_have_count(ROWS)
    for width in (320, 400, 800, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    # Rows that fill keep the room that they have, and end a long line with dots; drawn as a whole they need not.
    page.goto(f"{page.url}?full=1")
    assert faults_at_every_width(page) == {}
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations_in_light_and_dark(page) == []
    page.evaluate(OPEN_ALL)
    assert faults_at_every_width(page) == {}
    assert violations_in_light_and_dark(page) == []
    prints_on_two_pages(page)


def prints_on_two_pages(page: Page) -> None:
    """The scripted day, from the schedule that the page shows."""
    page.goto(urljoin(page.url, "print"))
    for paper in ("Letter", "A4"):
        pages = PdfReader(io.BytesIO(page.pdf(format=paper))).pages
        assert len(pages) <= 2, paper
        assert all("estroy" in each.extract_text() for each in pages)
    assert violations_in_light_and_dark(page) == []


def test_a_row_is_opened_by_keyboard_and_the_way_back_leads_to_the_schedule(home: House, page: Page) -> None:
    morning_of(page, home, "np")
    name = page.locator("[data-visit] .open").first
    name.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    now = focused(page)
    assert now["seen"]
    assert now["outline"]
    page.keyboard.press("Enter")
    expect(page.locator("#flags:not([hx-get])")).to_be_attached(timeout=PATIENCE)
    expect(page.locator("[data-apart]")).to_be_visible()
    assert violations_in_light_and_dark(page) == []
    page.get_by_role("link", name="chedule").first.click()
    expect(page.locator("[data-visit]")).to_have_count(5, timeout=PATIENCE)


def test_without_scripts_links_and_forms_do_all_of_it(home: House, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    query = {"patient": "none", "intent": "schedule", "user": "np"}
    page.goto(requests.get(f"{home.ehr}/main/launch-url", params=query, timeout=10).json()["launch_url"])
    for _ in range(30):
        more = page.locator(".late a, .unscripted a")
        if not more.count():
            break
        more.first.click()
    expect(page.locator("[data-visit]")).to_have_count(5)
    page.locator("[data-visit] summary").first.click()
    page.locator("[data-visit] form.tick button").first.click()
    expect(page.locator("[data-visit]")).to_have_count(5)
    expect(page.locator("[data-visit]").first).to_contain_text("Wren Castellane")
    page.locator("[data-visit] .open").first.click()
    expect(page.locator("[data-apart]")).to_be_visible()


def test_what_stands_before_and_after_the_day_fits_and_is_accessible(home: House, page: Page) -> None:
    schedule = morning_of(page, home, "np").url
    for place in ("ahead", "missed", "ahead/laboratory"):
        page.goto(urljoin(schedule, place))
        expect(page.locator('[hx-trigger="load"]')).to_have_count(0, timeout=PATIENCE)
        assert faults_at_every_width(page) == {}, place
        assert violations_in_light_and_dark(page) == [], place


@pytest.mark.parametrize("tenant", ["undeclared", "onechart"])
def test_what_cannot_be_shown_is_said_and_fits(home: House, page: Page, tenant: str) -> None:
    morning_of(page, home, "np", tenant)
    assert faults_at_every_width(page) == {}
    assert violations_in_light_and_dark(page) == []


def test_the_ehrs_page_around_it_is_accessible_and_fits(home: House, page: Page) -> None:
    page.goto(f"{home.ehr}/main/morning?user=np")
    expect(app_frame(page).locator(COMPLETE)).to_be_attached(timeout=PATIENCE)
    assert faults_at_every_width(page) == {}
    assert violations_in_light_and_dark(page) == []
