"""A launch opened from another one: own handle and cookie, the parent's tokens, and never longer than the parent."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from authorization_server import AuthorizationServer
from front_door import PUBLIC, Browser, Clock, House, Network, entry
from memory_store import MemoryStore

import launch
from launch.launches import MOST_OPENED

USER = ("launch", "openid", "fhirUser", "offline_access", "user/Patient.rs", "user/Observation.rs", "patient/Flag.rs")


@pytest.fixture
def house(clock: Clock, network: Network, store: MemoryStore, ehr: AuthorizationServer) -> House:
    ehr.habits.patient = ehr.habits.encounter = None  # opened from no chart
    return House(clock, network, store, entry(ehr, scopes=USER))


@pytest.fixture
def parent(browser: Browser, ehr: AuthorizationServer) -> str:
    return browser.handle(ehr)


def refreshes(ehr: AuthorizationServer) -> int:
    return sum(asked["grant_type"] == "refresh_token" for asked in ehr.asked)


def test_it_has_a_handle_a_cookie_and_a_patient_of_its_own(browser: Browser, house: House, parent: str) -> None:
    answer = browser.open_other(parent, "p7")
    child = str(answer.headers["Location"]).split("/")[-2]
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert child != parent
    assert len(child) == 43
    assert cookie.startswith("__Secure-launch=")
    for attribute in (f"Path=/l/{child}/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert attribute in cookie.split("; ")
    assert json.loads(browser.page(child).text)["patient"] == "p7"
    assert json.loads(browser.page(parent).text)["patient"] is None
    assert [of.handle for of in house.launched] == [parent, child]  # the app hears of both in the same way


def test_what_the_ehr_said_of_its_own_chart_is_not_said_of_another_patient(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    ehr.habits.patient, ehr.habits.encounter = "p1", "e1"
    ehr.habits.token = {
        "need_patient_banner": False, "appointment": "a1", "intent": "huddle", "location": "l1",
        "fhirContext": [{"reference": "Appointment/a2"}],
    }  # fmt: skip
    first = browser.handle(ehr)
    of, other = house.launches.read(first), house.launches.read(browser.other(first, "p7"))
    assert of is not None
    assert other is not None
    assert (of.patient, of.encounter, of.appointments) == ("p1", "e1", ("Appointment/a2", "Appointment/a1"))
    assert (other.patient, other.encounter, other.appointments) == ("p7", None, ("Appointment/a9",))
    assert (of.need_patient_banner, other.need_patient_banner) == (False, True)
    assert (of.intent, other.intent) == ("huddle", None)
    assert (other.token_fields, other.opened_from, other.back) == ({"location": "l1"}, first, "huddle/?day=2026-11-23")
    assert (other.fhir_user, other.user_name, other.subject) == (of.fhir_user, of.user_name, of.subject)


def test_a_scope_of_the_charts_own_patient_does_not_reach_another_one(
    browser: Browser, house: House, parent: str
) -> None:
    of, other = house.launches.read(parent), house.launches.read(browser.other(parent, "p7"))
    assert of is not None
    assert other is not None
    assert "patient/Flag.rs" in of.scopes
    assert other.scopes == of.scopes - {"patient/Flag.rs"}
    assert (of.missing_scopes, other.missing_scopes) == ((), ("patient/Flag.rs",))  # and the panel can say so


@pytest.mark.parametrize(
    ("granted", "opens"),
    [
        ("patient/Patient.rs patient/*.rs", False),
        ("user/Observation.rs", False),
        ("user/Patient.s", False),
        ("user/Patient.rs?_id=p1", False),
        ("user/Patient.read", True),
        ("user/*.read", True),
        ("system/Patient.rs", True),
    ],
)
def test_without_a_scope_beyond_the_chart_nobody_else_is_opened_and_the_page_says_how(
    browser: Browser, house: House, ehr: AuthorizationServer, granted: str, opens: bool
) -> None:
    ehr.habits.grant = lambda _: ["launch", "openid", "fhirUser", "offline_access", *granted.split()]
    handle = browser.handle(ehr)
    of = house.launches.read(handle)
    assert of is not None
    assert launch.opens_others(of) is opens
    answer = browser.open_other(handle, "p7")
    if opens:
        assert answer.status_code == 303
    else:
        assert answer.status_code == 403
        assert "Open the patient's chart in the EHR" in answer.text
        assert len(house.launched) == 1


def test_another_browser_can_neither_open_from_a_launch_nor_see_what_was_opened(
    browser: Browser, house: House, parent: str, ehr: AuthorizationServer
) -> None:
    child = browser.other(parent, "p7")
    stranger = house.browser()
    stranger.handle(ehr)
    assert stranger.open_other(parent, "p7").status_code == 403
    assert stranger.page(child).status_code == 403
    assert browser.open_other("A" * 43, "p7").status_code == 404


def test_both_read_with_one_token_and_renew_it_once(house: House, browser: Browser, ehr: AuthorizationServer) -> None:
    ehr.habits.refresh_delay = 0.05
    parent = browser.handle(ehr)
    handles = [parent, *(browser.other(parent, f"p{n}") for n in range(3))]
    bearers = [house.launches.bearer(handle) for handle in handles for _ in range(3)]
    together = threading.Barrier(len(bearers))

    def read(bearer: Any) -> tuple[str, str]:
        first = bearer(False)
        together.wait()  # the EHR answers 401 to all of them
        return first, bearer(True)

    with ThreadPoolExecutor(len(bearers)) as pool:
        got = list(pool.map(read, bearers))
    assert len({first for first, _ in got}) == len({second for _, second in got}) == 1
    assert (refreshes(ehr), ehr.theft) == (1, 0)


def test_a_rotated_token_of_one_is_the_token_of_the_other(
    house: House, browser: Browser, parent: str, clock: Clock, ehr: AuthorizationServer
) -> None:
    child = browser.other(parent, "p7")
    for handle in (child, parent, child):
        house.launches.bearer(handle)(True)
        clock.pass_(seconds=10)
    assert (refreshes(ehr), ehr.theft) == (3, 0)
    assert house.launches.bearer(child)(False) == house.launches.bearer(parent)(False)


def test_no_token_is_kept_twice(house: House, browser: Browser, store: MemoryStore, parent: str) -> None:
    child = browser.other(parent, "p7")
    token = house.launches.bearer(child)(False)
    assert token
    records = house.launches._records
    kept = [records.read(handle) for handle in (parent, child)]
    assert [each.tokens.access_token for each in kept if each] == [token, ""]
    assert [each.tokens.refresh_token is None for each in kept if each] == [False, True]


def test_scopes_that_a_refresh_takes_away_are_gone_from_both(
    house: House, browser: Browser, parent: str, ehr: AuthorizationServer
) -> None:
    child = browser.other(parent, "p7")
    ehr.habits.refreshed = {"scope": "openid fhirUser offline_access user/Patient.rs"}
    house.launches.bearer(child)(True)
    of = house.launches.read(child)
    assert of is not None
    assert not launch.covers(of.scopes, "user/Observation.rs")
    assert "user/Observation.rs" in of.missing_scopes


def test_it_ends_with_its_parent_and_gives_the_tokens_back_once(
    house: House, browser: Browser, store: MemoryStore, parent: str, ehr: AuthorizationServer
) -> None:
    children = [browser.other(parent, f"p{n}") for n in range(3)]
    assert house.launches.end(parent) == (parent, *children)
    assert [browser.page(handle).status_code for handle in (parent, *children)] == [410] * 4
    assert not [key for key in store.rows if key[0] == "launch"]
    assert len(ehr.revoked) == 2
    with pytest.raises(launch.SignedOut):
        house.launches.bearer(children[0])(False)


def test_ending_it_leaves_the_parent_signed_in(
    house: House, browser: Browser, parent: str, ehr: AuthorizationServer
) -> None:
    child = browser.other(parent, "p7")
    assert house.launches.end(child) == (child,)
    assert [browser.page(handle).status_code for handle in (parent, child)] == [200, 410]
    assert ehr.revoked == []
    assert house.launches.bearer(parent)(False)


def test_a_parent_that_is_gone_without_a_word_takes_it_along(
    house: House, browser: Browser, store: MemoryStore, parent: str
) -> None:
    child = browser.other(parent, "p7")
    house.launches._records.drop(parent)  # as an expiry or another process would
    assert house.launches.read(child) is None
    assert browser.page(child).status_code == 410
    assert not [key for key in store.rows if key[0] == "launch"]


def test_reading_it_keeps_its_parent_awake_and_left_alone_it_ends_by_itself(
    house: House, browser: Browser, parent: str, clock: Clock
) -> None:
    read, left = browser.other(parent, "p7"), browser.other(parent, "p8")
    for _ in range(3):
        clock.pass_(minutes=15)
        assert browser.page(read).status_code == 200
    assert [browser.page(handle).status_code for handle in (parent, left)] == [200, 410]


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(
    house: House, browser: Browser, parent: str, clock: Clock
) -> None:
    child = browser.other(parent, "p7")
    for _ in range(19):
        clock.pass_(minutes=1)
        assert [browser.calm(handle).status_code for handle in (parent, child)] == [200, 200]
    clock.pass_(minutes=1)
    assert [browser.calm(handle).status_code for handle in (parent, child)] == [410, 410]


def test_it_is_never_idle_longer_nor_lives_longer_than_its_parent(
    house: House, browser: Browser, parent: str, clock: Clock
) -> None:
    for _ in range(46):
        clock.pass_(minutes=15)
        browser.page(parent)
    child = browser.other(parent, "p7")
    browser.page(child)
    of, other = house.launches.read(parent), house.launches.read(child)
    assert of is not None
    assert other is not None
    assert (other.ends, other.idle_until <= of.idle_until <= of.ends) == (of.ends, True)
    clock.pass_(minutes=15)
    assert browser.page(child).status_code == 200
    clock.pass_(minutes=15)
    assert browser.page(child).status_code == 410


def test_another_user_in_the_browser_ends_both(
    house: House, browser: Browser, parent: str, ehr: AuthorizationServer
) -> None:
    child = browser.other(parent, "p7")
    ehr.habits.user = "ma-silva"
    newest = browser.handle(ehr)
    assert [browser.page(handle).status_code for handle in (parent, child, newest)] == [410, 410, 200]
    assert len(ehr.revoked) == 2


def test_what_is_opened_from_it_belongs_to_the_same_parent(house: House, browser: Browser, parent: str) -> None:
    first = browser.other(parent, "p7")
    second = browser.other(first, "p8")
    of = house.launches.read(second)
    assert of is not None
    assert (of.opened_from, of.patient) == (parent, "p8")
    house.launches.end(first)
    assert browser.page(second).status_code == 200


def test_beyond_what_a_day_needs_the_oldest_end(house: House, browser: Browser, parent: str) -> None:
    children = [browser.other(parent, f"p{n}") for n in range(MOST_OPENED + 2)]
    assert [browser.page(handle).status_code for handle in children[:4]] == [410, 410, 200, 200]
    assert browser.page(parent).status_code == 200


def test_where_the_app_refuses_it_there_is_none(
    clock: Clock, network: Network, store: MemoryStore, ehr: AuthorizationServer
) -> None:
    def refuses(of: launch.Launch) -> None:
        if of.opened_from:
            raise launch.LaunchError("not now")

    ehr.habits.patient = None
    house = House(clock, network, store, entry(ehr, scopes=USER), launched=refuses)
    browser = house.browser()
    parent = browser.handle(ehr)
    assert browser.open_other(parent, "p7").status_code == 400
    assert len([key for key in store.rows if key[0] == "launch"]) == 1


# --- where the browser lands ----------------------------------------------------------------------------------------


def test_the_app_says_where_a_launch_lands(
    clock: Clock, network: Network, store: MemoryStore, ehr: AuthorizationServer
) -> None:
    house = House(clock, network, store, entry(ehr), landing=lambda of: "" if of.patient else "huddle/")
    browser = house.browser()
    with_patient = browser.launch(ehr, stop_at=lambda url: "/l/" in url).headers["Location"]
    ehr.habits.patient = None
    without = browser.launch(ehr, stop_at=lambda url: "/l/" in url).headers["Location"]
    handles = [of.handle for of in house.launched]
    assert [with_patient, without] == [f"{PUBLIC}/l/{handles[0]}/", f"{PUBLIC}/l/{handles[1]}/huddle/"]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"fhirContext": [{"reference": "Appointment/a1"}, {"reference": "Patient/p1"}]}, ("Appointment/a1",)),
        ({"fhirContext": [{"reference": "https://ehr.example/fhir/Appointment/a1/_history/2"}]}, ("Appointment/a1",)),
        ({"fhirContext": [{"reference": "a1"}, {"canonical": "Appointment/a1"}]}, ()),
        ({"appointment": "a1"}, ("Appointment/a1",)),
        ({"appointment": "Appointment/a1", "fhirContext": [{"reference": "Appointment/a1"}]}, ("Appointment/a1",)),
        ({"appointment": "Patient/a1"}, ()),
        ({"appointment": {"id": "a1"}}, ()),
        ({}, ()),
    ],
)
def test_the_appointments_that_a_launch_names(
    browser: Browser, house: House, ehr: AuthorizationServer, said: dict[str, Any], named: tuple[str, ...]
) -> None:
    ehr.habits.token = said
    of = house.launches.read(browser.handle(ehr))
    assert of is not None
    assert of.appointments == named
