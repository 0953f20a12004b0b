"""Several launches of one browser at the same instant: no screen ever shows one patient under another's launch.

A script in every frame reports each patient name at the moment it is drawn, so that a wrong name that stands for one
frame of film is seen as well.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import Witness
from tests.browser.steps import app_frame, family, finished, html_of, panel_of, patient_in
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STORIES = ("one-open-gap", "closed-in-chart", "out-of-range", "nothing-open", "superseded-category")
ROUNDS = 10
ENDED = "status of 410"  # what the console says of a launch that another user's has ended

REPORT_NAMES = """
new MutationObserver(() => {
  for (const name of document.querySelectorAll("[data-patient] .name")) reportName(name.textContent);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


class Seen:
    """Every patient name that any frame has shown, with the address of that frame."""

    def __init__(self, context: BrowserContext) -> None:
        self.names: list[tuple[str, str]] = []
        context.expose_binding("reportName", lambda source, name: self.names.append((source["frame"].url, name)))
        context.add_init_script(REPORT_NAMES)

    def in_frame(self, url: str) -> set[str]:
        """The names in the frame of one launch; its address has a handle of its own."""
        return {name.strip() for at, name in self.names if at == url}


def together(*launches: tuple[Page, dict[str, str]]) -> None:
    """Start each tab on its launch without waiting for any."""
    for tab, _ in launches:
        tab.goto("about:blank")
    for tab, minted in launches:
        tab.evaluate("url => { setTimeout(() => { location.href = url }) }", minted["launch_url"])


def test_two_patients_side_by_side_never_mix(home: House, page: Page) -> None:
    seen = Seen(page.context)
    for turn in range(ROUNDS):
        pair = {"left": STORIES[turn % 5], "right": STORIES[(turn + 1 + turn // 5) % 5]}
        page.goto(f"{home.ehr}/main/compare?left={pair['left']}&right={pair['right']}")
        frames = {side: finished(app_frame(page, side)) for side in pair}
        for side, story in pair.items():
            other = pair["right" if side == "left" else "left"]
            assert family(home, story) in patient_in(frames[side])
            assert family(home, other) not in html_of(frames[side])
            assert len(seen.in_frame(frames[side].url)) == 1, seen.names


def test_two_ehrs_with_the_same_patient_ids_stay_apart_in_two_tabs(home: House, page: Page) -> None:
    seen, other = Seen(page.context), page.context.new_page()
    for turn in range(ROUNDS // 2):
        first, second = STORIES[turn % 5], STORIES[(turn + 2) % 5]
        together((page, home.mint(first, "main")), (other, home.mint(second, "second")))
        for tab, story, ehr in ((page, first, "Sandbox EHR"), (other, second, "Harborlight EHR")):
            finished(tab)
            assert family(home, story) in patient_in(tab)
            assert len(seen.in_frame(tab.url)) == 1, seen.names
            expect(tab.locator("#sources > summary")).to_contain_text(ehr)


def test_another_user_at_the_same_workstation_ends_the_earlier_users_launch(
    home: House, page: Page, witness: Witness
) -> None:
    witness.expect(ENDED)
    seen, other = Seen(page.context), page.context.new_page()
    panel_of(page, home, "one-open-gap", user="dr")
    panel_of(other, home, "out-of-range", user="ma")
    expect(other.locator("[data-user]")).to_have_text("Tobias Achterberg, clinical staff")
    theirs = page.url
    page.reload()
    expect(page.locator("#problem")).to_contain_text("This launch has ended")
    assert family(home, "one-open-gap") not in html_of(page)
    assert len(seen.in_frame(theirs)) == 1


def test_two_users_who_launch_at_the_same_instant_never_see_each_others_patient(
    home: House, page: Page, witness: Witness
) -> None:
    witness.expect(ENDED)
    seen, other = Seen(page.context), page.context.new_page()
    for turn in range(ROUNDS // 2):
        tabs = ((page, STORIES[turn % 5], "dr"), (other, STORIES[(turn + 2) % 5], "ma"))
        together(*[(tab, home.mint(story, user=user)) for tab, story, user in tabs])
        for tab, story, _ in tabs:
            finished(tab)
            assert all(family(home, story) in name for name in seen.in_frame(tab.url)), seen.names
        assert any(seen.in_frame(tab.url) for tab, _, _ in tabs), "the later of the two users must be let in"
