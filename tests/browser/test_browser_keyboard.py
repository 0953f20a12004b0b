"""The panel by keyboard alone, inside the EHR's frame: into it, through it, out of it again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.steps import click_patient, finished, focused
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CONTROLS = "a[href], button, summary, input:not([type=hidden]), select"
MOST = 40  # a panel with more stops than this would be a trap of its own


def test_tab_leads_through_every_control_from_top_to_bottom_and_out_again(home: House, page: Page) -> None:
    frame = click_patient(page, home, "historic-and-suspected")
    finished(frame)
    page.get_by_role("link", name="Close", exact=True).focus()  # the EHR's last control before the frame
    stops = _tab_through(page, frame)
    shown = [each for each in frame.locator(CONTROLS).all() if each.is_visible()]
    assert len(stops) == len(shown), [stop["words"] for stop in stops]
    assert [stop["top"] for stop in stops] == sorted(stop["top"] for stop in stops)
    assert all(stop["outline"] for stop in stops), "one cannot see where the focus is"
    assert all(stop["seen"] for stop in stops), "the focus is outside of the window"
    expect(page.locator(".tools summary")).to_be_focused()  # the EHR's next control after the frame


def test_shift_tab_leads_back_out(home: House, page: Page) -> None:
    frame = click_patient(page, home, "one-open-gap")
    finished(frame)
    frame.locator("#sources > summary").focus()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Close", exact=True)).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_enter_and_space_open_and_close_details(home: House, page: Page, key: str) -> None:
    frame = click_patient(page, home, "one-open-gap")
    finished(frame)
    details = frame.locator('[data-kind] details[id$="-details"]').first
    details.locator("summary").focus()
    page.keyboard.press(key)
    expect(details).to_have_attribute("open", "")
    expect(details.locator("dl")).to_be_visible()
    page.keyboard.press(key)
    expect(details.locator("dl")).to_be_hidden()


def test_a_payer_that_was_down_is_asked_again_by_keyboard(own_home: House, page: Page) -> None:
    with own_home.fault("northwind", "html"):
        frame = click_patient(page, own_home, "one-open-gap")
        finished(frame)
        expect(frame.locator("[data-trouble]")).to_contain_text("Northwind")
        assert not frame.locator("[data-kind]").count()
    page.get_by_role("link", name="Close", exact=True).focus()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if focused(frame)["words"] == "Retry":
            break
    page.keyboard.press("Enter")
    expect(frame.locator('[data-kind="gap"][data-state="do-today"]')).to_be_visible()
    expect(frame.locator("[data-trouble]")).to_have_count(0)
    # The button is gone; the focus is near its place, not back at the top of the page.
    assert focused(frame)["tag"] == "summary"
    assert focused(frame)["id"] == "sources"


def _tab_through(page: Page, frame: Frame) -> list[dict[str, Any]]:
    """Every stop inside the frame, until the focus leaves it."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") != "iframe":
            return stops
        stops.append(focused(frame))
    raise AssertionError(f"the focus does not leave the frame after {MOST} stops")
