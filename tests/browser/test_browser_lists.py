"""The lists over all patients in a browser: axe in both schemes, narrow and wide, off paper, by keyboard."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from app.store.compliance import Direction, Line
from tests.browser.test_browser_axe import OPEN_ALL, violations_in_light_and_dark
from tests.house import House
from tests.web.ledger_house import LATE, SOMEBODY, Told, assess, promise, tell

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = {"sent": "dr", "follow-ups": "ma", "audit": "privacy", "compliance": "privacy"}


def test_the_lists_are_accessible_fit_a_narrow_frame_and_keep_sensitive_lines_off_paper(
    own_home: House, page: Page
) -> None:
    tell(
        own_home,
        Told("dead", "Mammogram", post="dead", trouble="not-taken", said="Unknown code"),
        Told("late", ago=LATE),
        Told("sensitive", "Depression screening", ago=LATE),
    )
    promise(own_home, due=date(2026, 1, 2))
    promise(own_home, label="Depression screening", due=date(2026, 1, 2))
    assess(own_home, Line(Direction.REMOVED, "northwind", "HIV/AIDS", payer_status="historic", person=SOMEBODY))
    for to, user in PAGES.items():
        page.goto(own_home.mint("one-open-gap", user=user)["launch_url"])
        page.goto("/".join(page.url.split("/")[:5]) + f"/{to}" + ("?check=1" if to == "audit" else ""))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.evaluate(OPEN_ALL)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width, to
            assert violations_in_light_and_dark(page) == [], to
        page.emulate_media(media="print")
        for words in ("Depression screening", "HIV/AIDS"):
            for each in page.get_by_text(words).all():
                expect(each).to_be_hidden()
        page.emulate_media(media="screen")
    page.goto(own_home.mint("one-open-gap", user="dr")["launch_url"])
    page.goto("/".join(page.url.split("/")[:5]) + "/sent")
    page.get_by_role("button", name="Resend").press("Enter")
    expect(page.locator("[data-said]")).to_have_text("It will be tried again.")
    expect(page.get_by_role("button", name="Resend")).to_have_count(0)
