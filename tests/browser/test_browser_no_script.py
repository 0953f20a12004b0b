"""Without JavaScript: links and forms show the whole panel, in the EHR's frame as well."""

from __future__ import annotations

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.steps import FINISHED, click_patient, family, patient_in
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page(java_script_enabled=False)


def test_the_link_on_the_shell_shows_the_whole_panel(home: House, page: Page) -> None:
    frame = click_patient(page, home, "historic-and-suspected")
    expect(frame.get_by_role("link", name="Show the panel")).to_be_visible()
    _follow_the_link_until_finished(frame)
    assert family(home, "historic-and-suspected") in patient_in(frame)
    expect(frame.locator('[data-kind="gap"]').first).to_be_visible()
    expect(frame.locator('[data-kind="prompt"]').first).to_be_visible()
    frame.locator("[data-kind] summary").first.click()
    expect(frame.locator("[data-kind] details").first).to_have_attribute("open", "")
    expect(frame.locator("[data-user]")).to_have_text("Dr. Ines Valderrama, clinician")


def test_retry_is_a_form_and_brings_the_panel_back(home: House, page: Page) -> None:
    frame = click_patient(page, home, "payer-down")
    _follow_the_link_until_finished(frame)
    with page.expect_event("framenavigated", lambda navigated: navigated == frame):
        frame.get_by_role("button", name="Retry Northwind Health Plan").click()
    _follow_the_link_until_finished(frame)
    expect(frame.get_by_role("button", name="Retry Northwind Health Plan")).to_be_visible()
    assert family(home, "payer-down") in patient_in(frame)


def test_closing_is_a_form_too(home: House, page: Page) -> None:
    frame = click_patient(page, home, "one-open-gap")
    frame.get_by_role("button", name="Close and sign out").click()
    expect(frame.get_by_role("heading", name="Chartside is closed")).to_be_visible()


def _follow_the_link_until_finished(frame: Frame) -> None:
    """What somebody without scripts does: press the panel's own link until nothing is out any more."""
    more, done = frame.locator(".late a, .unscripted a"), frame.locator(FINISHED)
    expect(more.or_(done).first).to_be_attached()
    while not done.count():
        with frame.page.expect_event("framenavigated", lambda navigated: navigated == frame):
            more.click()
        expect(more.or_(done).first).to_be_attached()
