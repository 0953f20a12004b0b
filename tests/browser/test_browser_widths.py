"""From 320 to 1280 pixels nothing has to be scrolled sideways, nothing is cut off, and everything can be hit."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.steps import panel_of
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDTHS = (320, 400, 800, 1280)
LEAST_TARGET = 24  # WCAG 2.2, 2.5.8
STORIES = ("historic-and-suspected", "payer-down", "many-names", "script-text", "chart-partial")
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"

#: What sticks out of the page, what hides a part of its text, and what is too small to hit. A link in the run of a
#: sentence may be as high as its line (WCAG 2.2, 2.5.8, Inline), and what is only read out is a pixel wide.
FAULTS = """
least => {
  const name = e => (e.id ? "#" + e.id : e.localName + "." + e.className) + " " + e.textContent.trim().slice(0, 40);
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than its window");
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (e.closest("svg") || box.width <= 1 || style.visibility === "hidden") continue;
    if (box.left < -0.5 || box.right > innerWidth + 0.5) found.push("outside: " + name(e));
    if (style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1) found.push("cut off: " + name(e));
    const inline = e.localName === "a" && style.display === "inline" && e.parentElement.textContent !== e.textContent;
    if (e.matches("a[href], button, summary, select, input:not([type=hidden])") && !inline) {
      if (box.width < least || box.height < least) found.push(`small, ${box.width} x ${box.height}: ` + name(e));
    }
  }
  return found;
}
"""


def faults_at_every_width(page: Page) -> dict[int, list[str]]:
    found: dict[int, Any] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = page.evaluate(FAULTS, LEAST_TARGET)
    return {width: faults for width, faults in found.items() if faults}


@pytest.mark.parametrize("story", STORIES)
def test_the_panel_fits_every_width(home: House, page: Page, story: str) -> None:
    panel_of(page, home, story)
    page.evaluate(OPEN_ALL)
    assert faults_at_every_width(page) == {}


@pytest.mark.parametrize("path", ["main/", "main/chart/script-text?app=closed", "main/compare", "main/chart/hospice"])
def test_the_ehr_fits_every_width(home: House, page: Page, path: str) -> None:
    page.goto(f"{home.ehr}/{path}")
    assert faults_at_every_width(page) == {}


def test_a_problem_fits_every_width(home: House, page: Page, witness: Any) -> None:
    witness.expect("status of 403")
    page.goto(f"{home.app}/launch?iss=https%3A%2F%2Fehr.example%2F{'long' * 40}&launch=x")
    assert faults_at_every_width(page) == {}


def test_a_touch_screen_has_larger_targets(home: House, new_page: Any) -> None:
    page = panel_of(
        new_page(has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800}), home, "payer-down"
    )
    page.evaluate(OPEN_ALL)
    boxes = [control.bounding_box() for control in page.locator("button, summary, label").all()]
    heights = [box["height"] for box in boxes if box]
    assert heights
    assert min(heights) >= 44
