"""How a visit ends: left idle, closed, or printed for the folder; and what is then still on the screen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.chromium import Witness
from tests.browser.steps import app_frame, click_patient, family, finished, html_of, patient_in
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ENDED = "status of 410"  # what the console says of it
STORY = "payer-down"  # it has a Retry


def test_a_launch_left_idle_says_how_to_reopen_and_shows_nothing_of_the_chart_any_more(
    own_home: House, page: Page, witness: Witness
) -> None:
    witness.expect(ENDED)
    frame = click_patient(page, own_home, STORY)
    finished(frame)
    own_home.clock.ahead = timedelta(minutes=21)
    frame.get_by_role("button", name="Retry Northwind Health Plan").click()
    _says_that_it_ended(frame, own_home)
    with page.expect_event("framenavigated", lambda navigated: navigated == frame):
        frame.evaluate("location.reload()")
    _says_that_it_ended(frame, own_home)

    page.reload()  # the chart is opened again
    frame = app_frame(page)
    finished(frame)
    assert family(own_home, STORY) in patient_in(frame)


def test_a_closed_launch_shows_nothing_of_the_chart_and_cannot_be_called_back(
    home: House, page: Page, witness: Witness
) -> None:
    witness.expect(ENDED)
    frame = click_patient(page, home, STORY)
    finished(frame)
    panel = frame.url
    frame.get_by_role("button", name="Close and sign out").click()
    expect(frame.get_by_role("heading", name="Chartside is closed")).to_be_visible()
    assert family(home, STORY) not in html_of(frame)
    frame.goto(panel)
    _says_that_it_ended(frame, home)


def _says_that_it_ended(frame: Frame, home: House) -> None:
    expect(frame.locator("#problem")).to_contain_text("This launch has ended")
    expect(frame.locator("#problem")).to_contain_text("Open it again from the chart")
    assert frame.locator("[data-patient], [data-kind], [data-source]").count() == 0
    assert family(home, STORY) not in html_of(frame)


def test_paper_has_the_patient_and_nothing_to_press(home: House, page: Page) -> None:
    frame = click_patient(page, home, "historic-and-suspected")  # the EHR shows the banner: ours is not on the screen
    finished(frame)
    expect(frame.locator("[data-patient]")).to_be_hidden()
    # page.emulate_media does not reach a frame of another site
    page.context.new_cdp_session(frame).send("Emulation.setEmulatedMedia", {"media": "print"})
    expect(frame.locator("[data-patient]")).to_be_visible()
    expect(frame.locator("[data-patient]")).to_contain_text("RB-")
    expect(frame.locator('[data-kind="gap"]').first).to_be_visible()
    expect(frame.locator(".shown")).to_contain_text("As of")
    for control in frame.locator("button, input, progress, a").all():
        expect(control).to_be_hidden()


def test_the_panel_prints_on_few_sheets(home: House, page: Page) -> None:
    page.goto(home.mint("historic-and-suspected")["launch_url"])
    finished(page)
    sheets = page.pdf(format="Letter").count(b"/Type /Page\n")
    assert 1 <= sheets <= 2
