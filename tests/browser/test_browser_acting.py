"""One tap on a row by keyboard and without scripts: the reader stays where they were, and hears what came of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Witness
from tests.browser.conftest import NewPage
from tests.browser.steps import focused, panel_of
from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.browser.test_browser_widths import faults_at_every_width
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GAP = '#gaps [data-kind="gap"]'


def test_by_keyboard_the_focus_stays_on_the_row_and_the_second_tap_reaches_every_answer(
    own_home: House, page: Page, witness: Witness
) -> None:
    panel_of(page, own_home, "historic-and-suspected")
    row = page.locator(GAP).first
    row.locator(".first > .button").focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("data-answered", "")
    assert focused(page)["words"].startswith("Undo")
    expect(page.locator("#said")).to_contain_text("Ordered")
    row.locator(".other > summary").click()
    row.get_by_role("button", name="Patient declined").click()
    expect(row.locator("[data-told]")).to_contain_text("Patient declined")
    page.locator(".prompt .first > .button").first.click()
    expect(page.locator(".prompt").first).to_have_attribute("data-answered", "")
    page.evaluate(OPEN_ALL)
    assert violations_in_light_and_dark(page) == []
    assert faults_at_every_width(page) == {}
    page.get_by_role("link", name="Fold away what is answered").click()
    expect(page.locator('[data-fold="put-away"] > summary')).to_contain_text("1 put away")
    assert not witness.unexpected()


def test_a_refusal_is_drawn_on_its_row(own_home: House, page: Page, new_page: NewPage, witness: Witness) -> None:
    witness.expect("status of 409")
    other = new_page()
    panel_of(page, own_home, "out-of-range")
    panel_of(other, own_home, "out-of-range", user="np")
    other.locator(GAP).first.locator(".first > .button").click()
    expect(other.locator(GAP).first).to_have_attribute("data-answered", "")
    page.locator(GAP).first.locator(".first > .button").click()
    expect(page.locator(f"{GAP} [data-refused]")).to_contain_text("Wren Castellane recorded")


def test_the_second_half_of_a_double_click_answers_nothing_else(own_home: House, page: Page) -> None:
    """The first half makes its row short, and the next row's button moves under the pointer."""
    began = datetime.now(UTC)
    page.clock.set_fixed_time(began)
    panel_of(page, own_home, "historic-and-suspected")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    buttons, rows = page.locator(".prompt .first > .button:first-of-type"), page.locator(".prompt")
    buttons.first.scroll_into_view_if_needed()
    box = buttons.first.bounding_box()
    assert box
    x, y = box["x"] + 20, box["y"] + 10
    page.mouse.click(x, y)
    expect(rows.first).to_have_attribute("data-answered", "")
    buttons.first.evaluate("(e, y) => scrollBy(0, e.getBoundingClientRect().top + 10 - y)", y)
    page.mouse.click(x, y)
    assert page.evaluate("document.querySelectorAll('[data-answered]').length") == 1
    assert len(posts) == 1
    page.clock.set_fixed_time(began + timedelta(seconds=1))
    page.mouse.click(x, y)
    expect(rows.nth(1)).to_have_attribute("data-answered", "")


def test_without_scripts_a_tap_leads_back_to_the_row(own_home: House, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(own_home.mint("one-open-gap")["launch_url"])
    page.get_by_role("link", name="Show the panel").click()
    page.locator(".first > .button").first.click()
    expect(page.locator("[data-just] [data-told]")).to_contain_text("Leaves for Northwind Health Plan")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".first > .button").first).to_be_visible()
