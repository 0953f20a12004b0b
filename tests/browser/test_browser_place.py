"""Late answers never take away the reader's place: focus, what is open, the scroll position and every drawn row stay.

The panel's own request is kept back once rows are drawn, until the reader has done something with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.steps import click_patient, finished, focused, top_of
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROWS_ARE_DRAWN = re.compile(r"/flags\?.*\bdrawn=[gp]")
STORY = "two-payers"  # Northwind answers at once, Lakeside late


@contextmanager
def kept_back(page: Page, asked: re.Pattern[str]) -> Iterator[None]:
    """Requests that match wait until the block ends."""
    waiting: list[Any] = []
    ended = False

    def keep(route: Any) -> None:
        if ended:
            route.continue_()
        else:
            waiting.append(route)

    page.route(asked, keep)
    yield
    ended = True
    for route in waiting:
        route.continue_()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page(viewport={"width": 1280, "height": 500})


def test_a_late_payer_moves_nothing_that_the_reader_has_opened(own_home: House, page: Page) -> None:
    with own_home.fault("lakeside", "slow:care-gaps"), kept_back(page, ROWS_ARE_DRAWN):
        frame = _click_and_see_rows(page, own_home)
        row = frame.locator('[data-kind="gap"][data-place="expanded"]').first
        expect(frame.locator("#strip")).to_contain_text("Asking")
        summary = _tab_to_summary_of(frame, row.get_attribute("id") or "")
        page.keyboard.press("Enter")
        expect(row.locator('details[id$="-details"]')).to_have_attribute("open", "")
        frame.evaluate("scrollTo(0, 120)")
        before, drawn = _scroll(frame), _tops(frame)
        assert before == 120
    finished(frame)

    expect(row.locator('details[id$="-details"]')).to_have_attribute("open", "")
    assert focused(frame)["id"] == f"{row.get_attribute('id')}-details"
    assert summary.evaluate("e => e === document.activeElement")
    assert _scroll(frame) == before
    assert {name: _tops(frame)[name] for name in drawn} == drawn
    expect(frame.locator("#sources > summary")).to_contain_text("Lakeside")


def test_a_payer_that_joins_a_drawn_row_late_is_announced_and_moves_nothing(own_home: House, page: Page) -> None:
    with own_home.fault("northwind", "slow:care-gaps"), kept_back(page, ROWS_ARE_DRAWN):
        frame = _click_and_see_rows(page, own_home)
        drawn = _tops(frame)
        says = frame.locator('#gaps [data-field="says"]').all_inner_texts()
    finished(frame)
    late = _tops(frame)
    assert {name: late[name] for name in drawn} == drawn
    assert list(late)[: len(drawn)] == list(drawn)
    assert frame.locator('#gaps [data-field="says"]').all_inner_texts()[: len(says)] == says

    frame.get_by_role("link", name="Show what came since").click()  # only the reader moves rows
    expect(frame.get_by_role("link", name="Show what came since")).to_have_count(0)
    assert sorted(_tops(frame)) == sorted(late)
    expect(frame.locator("#gaps")).to_contain_text("Lakeside and Northwind ask for it")


def test_a_payer_that_fails_late_moves_no_row_at_any_width(own_home: House, page: Page) -> None:
    # The first of its questions fails at once, before any row is drawn, the other one late.
    with own_home.fault("northwind", "html:risk", "slow:care-gaps", "html:care-gaps"):
        with kept_back(page, ROWS_ARE_DRAWN):
            frame = _click_and_see_rows(page, own_home)
            drawn = _tops_at_every_width(frame)
        finished(frame)
    expect(frame.locator("[data-trouble]")).to_contain_text("Northwind")
    assert _tops_at_every_width(frame) == drawn


def _click_and_see_rows(page: Page, home: House) -> Frame:
    """Click the patient and wait for the request that is kept back: rows are drawn, and the panel is asking on."""
    with page.expect_request(ROWS_ARE_DRAWN):
        return click_patient(page, home, STORY)


def _tab_to_summary_of(frame: Frame, row: str) -> Any:
    """Reach a row's details by keyboard, from the top of the panel."""
    frame.locator("#sources > summary").focus()
    for _ in range(20):
        if focused(frame)["id"] == f"{row}-details":
            break
        frame.page.keyboard.press("Tab")
    return frame.locator(f"#{row}-details > summary")


def _scroll(frame: Frame) -> int:
    return int(frame.evaluate("scrollY"))


def _tops(frame: Frame) -> dict[str, float]:
    """Where each expanded row stands in its window."""
    rows = frame.locator('[data-kind][data-place="expanded"]')
    return {str(row.get_attribute("id")): top_of(row) for row in rows.all()}


def _tops_at_every_width(frame: Frame) -> dict[str, dict[str, float]]:
    """The same after each click on one of the EHR's widths of the panel."""
    tops = {}
    for width in ("320", "400", "800"):
        frame.page.get_by_role("link", name=width, exact=True).click()
        frame.wait_for_function("width => Math.abs(innerWidth - width) <= 2", arg=int(width))
        tops[width] = _tops(frame)
    return tops
