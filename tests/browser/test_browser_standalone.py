"""The app started by itself: the EHR asks who and for whom, and the panel opens in that window."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Witness
from tests.browser.steps import family, finished, patient_in
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def start(page: Page, home: House) -> Page:
    page.goto(f"{home.ehr}/")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Start Chartside by itself").click()
    return opened.value


def test_the_link_in_the_ehr_leads_through_its_picker_to_the_panel(home: House, page: Page) -> None:
    window = start(page, home)
    window.get_by_label("You are").select_option(label="Dr. Ines Valderrama")
    window.locator('input[name="scenario"][value="out-of-range"]').check()
    window.get_by_role("button", name="Allow", exact=True).click()
    finished(window)
    assert family(home, "out-of-range") in patient_in(window)
    expect(window.locator("[data-patient]")).to_be_visible()
    expect(window.locator("[data-kind='gap']").first).to_be_visible()


def test_who_does_not_allow_it_is_told_that_nothing_was_read(home: House, page: Page, witness: Witness) -> None:
    witness.expect("status of 403")
    window = start(page, home)
    window.get_by_role("button", name="Do not allow").click()
    expect(window.locator("#problem")).to_contain_text("The EHR did not let the app in")
    expect(window.locator("#problem")).to_contain_text("Nothing was read")
