"""The cookies: exactly these attributes, found missing before anything is spent, and each launch its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from authorization_server import AuthorizationServer
from front_door import AT_TOP, IN_FRAME, PUBLIC, Browser, Clock, House, Network, entry, launch_url, query
from memory_store import MemoryStore


def cookie_lines(browser: Browser) -> Iterator[tuple[str, str, list[str]]]:
    """Name, value and attributes of every cookie that the browser was told to set."""
    for answer in browser.answers:
        for line in answer.headers.getlist("Set-Cookie"):
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            # werkzeug states Max-Age a second time as Expires, for browsers of another age
            yield name, value, [a for a in attributes if not a.startswith("Expires=")]


def set_cookies(browser: Browser) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, _, attributes in cookie_lines(browser):
        found.setdefault(name, []).append("; ".join(sorted(attributes)))
    return found


def test_the_cookies_are_partitioned_secure_and_narrow(browser: Browser, ehr: AuthorizationServer) -> None:
    handle, state = browser.handle(ehr), ehr.authorized[0]["state"]
    browser.page(handle)
    same = "HttpOnly; Partitioned; Path={}; SameSite=None; Secure"
    cookies = set_cookies(browser)
    (pending,) = (name for name in cookies if name.startswith("__Secure-state-"))
    assert state not in pending
    assert cookies == {
        "__Host-chartside": [same.format("/")],
        "__Secure-launch": [same.format(f"/l/{handle}/")],
        pending: ["HttpOnly; Max-Age=600; Partitioned; Path=/callback; SameSite=None; Secure"],
    }


def test_no_cookie_is_ever_rewritten(browser: Browser, ehr: AuthorizationServer) -> None:
    handles = [browser.handle(ehr) for _ in range(3)]
    for handle in handles:
        browser.page(handle)
    by_name = set_cookies(browser)
    assert len(by_name["__Host-chartside"]) == 1
    assert len(set(by_name["__Secure-launch"])) == 3
    assert all(len(set(lines)) == len(lines) for lines in by_name.values())


def test_what_is_stored_opens_nothing(browser: Browser, store: MemoryStore, ehr: AuthorizationServer) -> None:
    handle = browser.handle(ehr)
    browser.callback_of(ehr)
    secrets = {handle, *(a["state"] for a in ehr.authorized), *(value for _, value, _ in cookie_lines(browser))}
    assert len(secrets) >= 6
    kept = repr(store.rows)
    assert not [s for s in secrets if s in kept]


def test_every_secret_has_256_bits(browser: Browser, ehr: AuthorizationServer) -> None:
    handle = browser.handle(ehr)
    values = [value for _, value, _ in cookie_lines(browser)]
    assert {len(v) for v in [handle, ehr.authorized[0]["state"], ehr.asked[0]["code_verifier"], *values]} == {43}


@pytest.mark.parametrize("headers", [IN_FRAME, {}])
def test_with_cookies_blocked_in_the_frame_the_page_links_to_the_unspent_launch(
    house: House, network: Network, store: MemoryStore, ehr: AuthorizationServer, headers: dict[str, str]
) -> None:
    launched = launch_url(ehr.base, "one & two") + "&x=%41"
    blocked = house.browser(cookies=False, **headers).open(launched)
    assert blocked.status_code == 200
    assert f'href="{launched}"' in unescape(blocked.text)
    assert (network.requests, store.rows) == ([], {})
    window = house.browser(**AT_TOP).open(launched)  # the link, in a window of its own
    assert window.status_code == 200
    assert house.launched[0].framed is False


def test_with_cookies_blocked_everywhere_a_plain_page_says_what_to_ask_for(
    house: House, network: Network, ehr: AuthorizationServer
) -> None:
    answer = house.browser(cookies=False, **AT_TOP).launch(ehr)
    assert answer.status_code == 200
    assert ehr.origin in answer.text
    assert PUBLIC in answer.text
    assert network.requests == []


def test_the_probe_redirects_once_and_only_without_a_cookie(browser: Browser, ehr: AuthorizationServer) -> None:
    browser.launch(ehr)
    browser.launch(ehr)
    probes = [url for url in browser.visited if "cookie_probe" in url]
    assert len(probes) == 1
    assert query(probes[0])["iss"] == ehr.base


def test_a_handle_of_another_browser_is_refused(browser: Browser, house: House, ehr: AuthorizationServer) -> None:
    handle = browser.handle(ehr)
    other = house.browser()
    mine = other.handle(ehr)
    assert other.page(handle).status_code == 403
    secret = other.client.get_cookie("__Secure-launch", "chartside.example", f"/l/{mine}/")
    assert secret is not None
    other.client.set_cookie("__Secure-launch", secret.value, domain="chartside.example", path=f"/l/{handle}/")
    assert other.page(handle).status_code == 403  # another launch's secret does not open it either
    assert browser.page(handle).status_code == 200


@pytest.mark.parametrize("handle", ["x", "A" * 43, "../callback", "%00", "A" * 5000])
def test_a_handle_that_never_was_is_not_launched(browser: Browser, handle: str) -> None:
    assert browser.page(handle).status_code == 404


def test_a_launch_ends_after_twenty_idle_minutes(
    browser: Browser, house: House, clock: Clock, ehr: AuthorizationServer
) -> None:
    handle = browser.handle(ehr)
    for _ in range(4):
        clock.pass_(minutes=19)
        assert browser.page(handle).status_code == 200
    clock.pass_(minutes=19)
    assert house.launches.read(handle) is not None  # a look without a browser does not keep it awake
    clock.pass_(minutes=1)
    assert browser.page(handle).status_code == 410
    assert house.launches.read(handle) is None


def test_a_launch_ends_after_twelve_hours_however_busy(
    browser: Browser, house: House, clock: Clock, ehr: AuthorizationServer
) -> None:
    handle = browser.handle(ehr)
    for _ in range(47):
        clock.pass_(minutes=15)
        assert browser.page(handle).status_code == 200
    found = house.launches.read(handle)
    assert found is not None
    assert found.idle_until == found.ends
    clock.pass_(minutes=15)
    assert browser.page(handle).status_code == 410


def test_a_store_that_forgets_to_forget_opens_nothing_that_has_expired(
    clock: Clock, network: Network, ehr: AuthorizationServer
) -> None:
    stopped = clock()
    house = House(clock, network, MemoryStore(lambda: stopped), entry(ehr))
    browser = house.browser()
    handle, back = browser.handle(ehr), browser.callback_of(ehr)
    clock.pass_(minutes=20)
    assert browser.page(handle).status_code == 410
    assert browser.open(back).status_code == 400


def test_looking_at_a_launch_writes_at_most_once_a_minute(
    browser: Browser, store: MemoryStore, clock: Clock, ehr: AuthorizationServer
) -> None:
    handle = browser.handle(ehr)
    (row,) = (row for (kind, _), row in store.rows.items() if kind == "launch")
    for _ in range(5):
        clock.pass_(seconds=15)
        browser.page(handle)
    (now,) = (row for (kind, _), row in store.rows.items() if kind == "launch")
    assert now.version == row.version + 1


def test_an_ended_launch_says_so_and_is_gone(browser: Browser, house: House, ehr: AuthorizationServer) -> None:
    handle = browser.handle(ehr)
    house.launches.end(handle)
    assert browser.page(handle).status_code == 410
    house.launches.end(handle)  # twice is harmless
    assert len(ehr.revoked) == 2


def test_another_user_in_the_same_browser_ends_the_earlier_users_launches(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    mine = [browser.handle(ehr), browser.handle(ehr)]
    elsewhere = house.browser()
    theirs = elsewhere.handle(ehr)
    assert [browser.page(h).status_code for h in mine] == [200, 200]  # the same user may have two charts open
    ehr.habits.user = "ma-silva"
    newest = browser.handle(ehr)
    assert [browser.page(h).status_code for h in mine] == [410, 410]
    assert browser.page(newest).status_code == 200
    assert elsewhere.page(theirs).status_code == 200  # another workstation is not touched
    assert len(ehr.revoked) == 4


class Interrupted(MemoryStore):
    """Lets something happen just before the next launch is written down."""

    before: Callable[[], None] | None = None

    def put(self, kind: str, *args: Any, **options: Any) -> None:
        if kind == "launch" and (happens := self.before):
            self.before = None
            happens()
        super().put(kind, *args, **options)


def test_of_two_users_who_sign_in_at_once_in_one_browser_only_the_later_stays(
    clock: Clock, network: Network, ehr: AuthorizationServer
) -> None:
    store = Interrupted(clock)
    house = House(clock, network, store, entry(ehr))
    browser, later = house.browser(), list[str]()

    def another_user_overtakes() -> None:
        clock.pass_(seconds=1)
        ehr.habits.user = "ma-silva"
        later.append(browser.handle(ehr))

    store.before = another_user_overtakes
    slow = browser.launch(ehr)
    assert slow.status_code == 410
    assert "another person opened the app" in slow.text
    assert browser.page(later[0]).status_code == 200
    assert len([key for key in store.rows if key[0] == "launch"]) == 1
    assert len(ehr.revoked) == 2  # access and refresh token of the one that was ended


def test_a_record_moved_to_another_row_or_sealed_with_a_lost_key_opens_nothing(
    browser: Browser, store: MemoryStore, ehr: AuthorizationServer
) -> None:
    first, second = browser.handle(ehr), browser.handle(ehr)
    one, two = (row for (kind, _), row in store.rows.items() if kind == "launch")
    one.body = two.body
    assert sorted(browser.page(h).status_code for h in (first, second)) == [200, 410]
    two.body = b"gAAAAA-not-ours"
    assert [browser.page(h).status_code for h in (first, second)] == [410, 410]
