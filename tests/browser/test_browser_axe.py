"""WCAG 2.2 AA as far as a machine can see it (axe-core), on every kind of page, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.chromium import Witness, blocked_inside
from tests.browser.conftest import NewProfile
from tests.browser.steps import click_patient, finished, panel_of
from tests.house import ROOT, House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},  # 2.5.8 is off unless asked for
    "iframes": False,  # each document is asked by itself
    "resultTypes": ["violations"],  # of what passes, one element a rule is enough; all of them take most of the time
}
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"
STORIES = (
    "two-payers", "historic-and-suspected", "payer-down", "deceased", "hospice", "nothing-open", "non-latin-name"
)  # fmt: skip


def violations(shown: Page | Frame) -> list[str]:
    """What axe finds in one document: rule, and the elements that break it."""
    shown.evaluate(AXE)
    found = shown.evaluate("rules => axe.run(document, rules)", RULES)
    assert found["passes"], "axe looked at nothing"
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]


def violations_in_light_and_dark(page: Page) -> list[str]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {each}" for each in violations(page)]
    return found


@pytest.mark.parametrize("story", STORIES)
def test_the_panel_is_accessible(home: House, page: Page, story: str) -> None:
    panel_of(page, home, story)
    page.evaluate(OPEN_ALL)
    assert violations_in_light_and_dark(page) == []


def test_the_panel_is_accessible_while_it_is_asking(own_home: House, page: Page) -> None:
    with own_home.fault("northwind", "slow"):
        page.goto(own_home.mint("one-open-gap")["launch_url"])
        expect(page.locator("progress")).to_be_visible()
        assert violations_in_light_and_dark(page) == []


def _unregistered(home: House) -> str:
    return f"{home.app}/launch?iss=https%3A%2F%2Fehr.example%2Ffhir&launch=x"


def _refused(home: House) -> str:
    return home.mint("one-open-gap", fault="authorize-error")["launch_url"]


def _without_role(home: House) -> str:
    return home.mint("one-open-gap", "nofhiruser")["launch_url"]


@pytest.mark.parametrize("where", [_unregistered, _refused, _without_role])
def test_the_pages_that_say_why_there_is_no_panel_are_accessible(
    home: House, page: Page, witness: Witness, where: Callable[[House], str]
) -> None:
    witness.expect("status of 403")
    page.goto(where(home))
    expect(page.locator("#problem")).to_be_visible()
    assert violations_in_light_and_dark(page) == []


def test_the_page_that_links_to_a_new_window_is_accessible(home: House, new_profile: NewProfile) -> None:
    page = new_profile(blocked_inside(home.app, home.ehr)).pages[0]
    frame = click_patient(page, home, "one-open-gap")
    expect(frame.get_by_role("link", name="Open in a new window")).to_be_visible()
    assert violations(frame) == []


@pytest.mark.parametrize("kind", ["gap", "prompt"])
def test_the_page_that_says_why_is_accessible_and_fits_a_narrow_frame(home: House, page: Page, kind: str) -> None:
    panel_of(page, home, "historic-and-suspected" if kind == "prompt" else "payers-disagree")
    page.locator(f'[data-kind="{kind}"][data-place="expanded"] .why-link').first.click()
    expect(page.locator("[data-why]")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert violations_in_light_and_dark(page) == []


def test_the_privacy_officers_page_is_accessible_and_fits_a_narrow_frame(own_home: House, page: Page) -> None:
    panel_of(page, own_home, "payers-disagree")
    page.locator(".why-link").first.click()
    page.get_by_role("button", name="Not this patient: Northwind Health Plan").click()
    expect(page.locator("#flags")).to_contain_text("Not this patient")
    page.goto(own_home.mint("payers-disagree", user="privacy")["launch_url"])
    page.locator(".doors a").first.click()
    page.get_by_label("Do not disclose to").select_option(label="Every payer")
    form = page.get_by_role("form", name="New restriction")
    form.get_by_label("Reason").fill("Asked for in writing")
    form.get_by_role("button", name="Restrict").click()
    expect(page.locator("[data-restriction]")).to_be_visible()
    expect(page.locator("[data-held]")).to_be_visible()
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations_in_light_and_dark(page) == []


@pytest.mark.parametrize("path", ["main/", "main/chart/historic-and-suspected", "main/compare", "second/chart/hospice"])
def test_the_sandbox_ehr_is_accessible(home: House, page: Page, path: str) -> None:
    page.goto(f"{home.ehr}/{path}")
    page.evaluate(OPEN_ALL)
    assert violations(page) == []


def test_the_picker_of_the_sandbox_ehr_is_accessible(home: House, page: Page) -> None:
    page.goto(f"{home.app}/launch/standalone?iss={home.ehr}/main/fhir")
    page.evaluate(OPEN_ALL)
    assert violations(page) == []


def test_the_panel_in_the_frame_is_accessible(home: House, page: Page) -> None:
    frame = click_patient(page, home, "superseded-category")
    finished(frame)
    assert violations(frame) == []
