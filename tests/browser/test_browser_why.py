"""Why am I seeing this: from each item one tap to its page and back, behind the same gate, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Witness
from tests.browser.conftest import NewPage
from tests.browser.steps import click_patient, family, finished, panel_of, patient_in
from tests.browser.test_browser_axe import violations_in_light_and_dark
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STORY = "historic-and-suspected"


def test_every_item_of_the_panel_leads_to_its_own_page(home: House, page: Page) -> None:
    panel_of(page, home, STORY)
    whole = page.url
    links = page.locator("#flags .why-link").evaluate_all("all => all.map(each => each.href)")
    items = page.locator("[data-kind]").count()
    assert len(links) >= items > 2
    for link in links:
        page.goto(link)
        expect(page.locator("[data-why] h1 .state")).to_be_visible()
        assert family(home, STORY) in patient_in(page)
    page.get_by_role("link", name="Back to the panel").click()
    assert page.url.startswith(whole)
    finished(page)


def test_the_page_of_an_item_is_accessible(home: House, page: Page) -> None:
    panel_of(page, home, STORY)
    for kind in ("gap", "prompt"):
        href = page.locator(f'[data-kind="{kind}"] .why-link').first.get_attribute("href")
        page.goto(f"{home.app}{href}")
        expect(page.locator("[data-why]")).to_be_visible()
        assert violations_in_light_and_dark(page) == []
        page.go_back()
        finished(page)


def test_it_works_in_the_frame_and_without_scripts(home: House, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    frame = click_patient(page, home, STORY)
    frame.get_by_role("link", name="Show the panel").click()
    expect(frame.locator("[data-kind]").first).to_be_attached()
    frame.locator("#flags .why-link").first.click()
    expect(frame.locator("[data-why]")).to_be_visible()
    frame.get_by_role("link", name="Back to the panel").click()
    expect(frame.locator("[data-kind]").first).to_be_attached()


def test_an_item_that_is_not_there_says_so_and_shows_the_way_back(home: House, page: Page, witness: Witness) -> None:
    witness.expect("status of 404")
    panel_of(page, home, STORY)
    panel_url = page.url
    page.goto(f"{panel_url}why/g0123456789")
    expect(page.get_by_role("heading", name="This is no longer on the panel")).to_be_visible()
    page.get_by_role("link", name="Back to the panel").click()
    expect(page.locator("[data-kind]").first).to_be_attached()


def test_nobody_else_reads_it(home: House, page: Page, new_page: NewPage, witness: Witness) -> None:
    witness.expect("status of 403", "status of 404", "status of 409", "status of 401", "status of 410")
    panel_of(page, home, STORY)
    href = page.locator("#flags .why-link").first.get_attribute("href")
    stranger = new_page()
    answer = stranger.goto(f"{home.app}{href}")
    assert answer is not None
    assert answer.status >= 400
    expect(stranger.locator("[data-why]")).to_have_count(0)


def test_not_this_patient_hides_what_that_payer_says(own_home: House, page: Page) -> None:
    panel_of(page, own_home, STORY)
    payer = page.locator("[data-kind][data-payer]").first.get_attribute("data-payer")
    page.locator(f'[data-payer="{payer}"] .why-link').first.click()
    page.get_by_role("button", name="Not this patient").first.click()
    finished(page)
    expect(page.locator(f'[data-kind][data-payer="{payer}"]')).to_have_count(0)
    expect(page.locator("[data-trouble]").first).to_contain_text("hidden for everyone")
