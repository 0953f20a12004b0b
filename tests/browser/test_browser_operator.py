"""The operator's page in a browser: axe at every width and in both schemes, nothing to scroll sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width", [320, 400, 800, 1280])
def test_the_operators_page_is_accessible_and_fits(home: House, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    home.panel("two-payers")
    page.goto(home.mint("two-payers", user="it")["launch_url"])
    page.get_by_role("link", name="EHRs and payers").or_(page.locator('a[href$="/operator"]')).first.click()
    expect(page.get_by_role("heading", level=1, name="EHRs and payers")).to_be_visible()
    assert page.get_by_role("rowheader").count() >= 3  # a table for a screen reader, whatever it looks like
    assert violations_in_light_and_dark(page) == []
    page.evaluate(OPEN_ALL)
    assert violations_in_light_and_dark(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
