"""The pages of what leaves: accessible, and at home in a narrow frame."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.steps import panel_of
from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize(
    ("story", "tenant", "state", "where"),
    [
        ("closed-in-chart", "main", "done-here", "send"),
        ("pregnancy-and-statin", "main", "excluded", "send"),
        ("one-open-gap", "main", "do-today", "orders"),
        ("one-open-gap", "readonly", "do-today", "orders"),
    ],
)
def test_the_pages_of_what_leaves_are_accessible_and_fit_a_narrow_frame(
    home: House, page: Page, story: str, tenant: str, state: str, where: str
) -> None:
    panel_of(page, home, story, tenant)
    row = page.locator(f'[data-state="{state}"][id^="g"]').first.get_attribute("id")
    page.goto(f"{page.url.split('?')[0]}{where}/{row}")
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate(OPEN_ALL)
    assert violations_in_light_and_dark(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
