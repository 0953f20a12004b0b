"""A click in the EHR opens the app in its frame, whatever the browser does with cookies (README, Decisions)."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.wrappers import Response

from sandbox_config.serving import free_ports, serving
from tests.browser.chromium import (
    ALL_BLOCKED,
    THIRD_PARTY_ALLOWED,
    THIRD_PARTY_BLOCKED,
    Prefs,
    Witness,
    blocked_inside,
)
from tests.browser.conftest import NewProfile
from tests.browser.steps import app_frame, click_patient, family, finished, patient_in
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STORY = "one-open-gap"


@pytest.mark.parametrize(
    ("prefs", "open_to_third_parties"),
    [
        pytest.param(THIRD_PARTY_BLOCKED, False, id="third-party cookies blocked"),
        pytest.param(THIRD_PARTY_ALLOWED, True, id="third-party cookies allowed"),
    ],
)
def test_a_click_on_a_patient_opens_the_panel_in_the_frame(
    home: House, new_profile: NewProfile, prefs: Prefs, open_to_third_parties: bool
) -> None:
    context = new_profile(prefs)
    frame = click_patient(context.pages[0], home, STORY)
    finished(frame)
    assert frame.evaluate("document.hasStorageAccess()") is open_to_third_parties, "the setting has no effect"
    assert family(home, STORY) in patient_in(frame)
    expect(frame.locator('[data-kind="gap"][data-state="do-today"]')).to_be_visible()


def test_the_cookies_are_partitioned_and_out_of_reach_of_scripts(home: House, new_profile: NewProfile) -> None:
    context = new_profile(THIRD_PARTY_BLOCKED)
    frame = click_patient(context.pages[0], home, STORY)
    finished(frame)
    ours = [cookie for cookie in context.cookies() if cookie["domain"] == "127.0.0.1"]
    assert {cookie["name"].split("-state")[0] for cookie in ours} >= {"__Host-chartside", "__Secure-launch"}
    assert all(cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "None" for cookie in ours)
    assert {cookie.get("partitionKey") for cookie in ours} == {"http://localhost"}
    assert frame.evaluate("document.cookie") == ""


def test_the_panel_can_be_loaded_again_in_its_frame(home: House, new_profile: NewProfile) -> None:
    context = new_profile(THIRD_PARTY_BLOCKED)
    frame = click_patient(context.pages[0], home, STORY)
    finished(frame)
    with frame.page.expect_event("framenavigated", lambda navigated: navigated == frame):
        frame.evaluate("location.reload()")
    finished(frame)
    assert family(home, STORY) in patient_in(frame)


def test_where_the_frame_may_keep_no_cookie_the_same_launch_opens_in_a_new_window(
    home: House, new_profile: NewProfile
) -> None:
    context = new_profile(blocked_inside(home.app, home.ehr))
    asked = _requests(context)
    frame = click_patient(context.pages[0], home, STORY)
    link = frame.get_by_role("link", name="Open in a new window")
    expect(link).to_be_visible()
    assert _launches(asked)[0] == link.get_attribute("href"), "the link is the launch as the EHR made it"
    assert not [url for url in asked if "/auth/" in url or "/callback" in url], "something was spent in the frame"
    assert not context.cookies()

    with context.expect_page() as opened:
        link.click()
    window = opened.value
    finished(window)
    assert family(home, STORY) in patient_in(window)
    expect(window.locator("[data-patient]")).to_be_visible()  # the EHR's banner is not around this window
    expect(link).to_be_visible()  # the frame stays as it was


def test_where_nothing_may_keep_a_cookie_a_plain_page_says_what_to_ask_for(
    home: House, new_profile: NewProfile
) -> None:
    context = new_profile(ALL_BLOCKED)
    asked = _requests(context)
    frame = click_patient(context.pages[0], home, STORY)
    with context.expect_page() as opened:
        frame.get_by_role("link", name="Open in a new window").click()
    window = opened.value
    expect(window.get_by_role("heading", name="blocks the cookie")).to_be_visible()
    for words in ("support desk", home.app, home.ehr, "patient's chart"):
        expect(window.locator("#problem")).to_contain_text(words)
    assert not [url for url in asked if "/auth/" in url or "/callback" in url]
    assert not context.cookies()


def test_the_app_lets_no_other_site_frame_it(home: House, page: Page, witness: Witness) -> None:
    witness.expect("frame-ancestors")
    launch = home.mint(STORY)["launch_url"].replace("&", "&amp;")
    html = f'<!doctype html><link rel="icon" href="data:,"><iframe data-app="" src="{launch}"></iframe>'
    stranger, [port] = Response(html, mimetype="text/html"), free_ports(1)
    with serving(stranger, port), page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(f"http://localhost:{port}/")
    assert app_frame(page).url.startswith("chrome-error:")


def _requests(context: BrowserContext) -> list[str]:
    urls: list[str] = []
    context.on("request", lambda request: urls.append(request.url))
    return urls


def _launches(urls: list[str]) -> list[str]:
    return [url for url in urls if "/launch?" in url and "iss=" in url]
