"""The operator's page in a browser: axe at every width and in both schemes, nothing to scroll sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.browser.test_browser_widths import WIDTHS
from tests.house import House

CLOSE_ALL = OPEN_ALL.replace("true", "false")

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_operators_page_is_accessible_and_fits_every_width(home: House, page: Page) -> None:
    home.panel("two-payers")
    page.goto(home.mint("two-payers", user="it")["launch_url"])
    page.get_by_role("link", name="EHRs and payers").or_(page.locator('a[href$="/operator"]')).first.click()
    expect(page.get_by_role("heading", level=1, name="EHRs and payers")).to_be_visible()
    assert page.get_by_role("rowheader").count() >= 3  # a table for a screen reader, whatever it looks like
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(CLOSE_ALL)
        assert violations_in_light_and_dark(page) == [], width
        page.evaluate(OPEN_ALL)
        assert violations_in_light_and_dark(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
