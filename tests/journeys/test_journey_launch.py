"""Launches against every way in which the sandbox EHR can behave, good and bad, through the front door."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import requests

from sandbox_config.demo import browser
from sandbox_config.ehr.tenants import TENANTS
from sandbox_config.screen import read, watch
from tests.house import House

OPENS = sorted(set(TENANTS) - {"patientuser", "nofhiruser"})


@pytest.mark.parametrize("tenant", OPENS)
def test_every_kind_of_ehr_opens_the_panel(home: House, tenant: str) -> None:
    screen = home.panel("one-open-gap", tenant)
    surname = home.scenarios["one-open-gap"].chart[0]["name"][0]["family"]
    assert surname in screen.patient
    assert not screen.next


def test_a_user_whom_the_ehr_does_not_name_has_no_role_and_sees_nothing_of_the_chart(home: House) -> None:
    session = browser()
    page = home.launch("one-open-gap", "nofhiruser", session)
    screen = watch(session, page.url)
    assert "does not know your role" in screen.text
    assert not screen.rows
    assert not screen.patient


def test_a_patient_signed_in_at_the_ehr_is_refused(home: House) -> None:
    page = home.launch("one-open-gap", "patientuser")
    assert page.status_code == 403
    assert "/l/" not in page.url


def test_trimmed_scopes_are_named_and_the_rest_works(home: House) -> None:
    screen = home.panel("one-open-gap", "trimmed")
    assert {"chart/Procedure", "coverage"} & {s.key for s in screen.sources if s.reason == "not-allowed"} or (
        "did not let Chartside read" in screen.text
    )
    assert screen.patient
    assert not screen.clear


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("authorize-error", "EHR"),
        ("authorize-no-code", "EHR"),
        ("token-error", "EHR"),
        ("idtoken-expired", "who"),
        ("idtoken-wrong-aud", "who"),
        ("idtoken-wrong-nonce", "who"),
        ("idtoken-bad-signature", "who"),
    ],
)
def test_a_launch_that_the_ehr_spoils_says_what_to_do(home: House, fault: str, says: str) -> None:
    page = home.launch("one-open-gap", fault=fault)
    assert page.status_code >= 400
    assert "/l/" not in page.url
    assert "chart" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_launch_without_a_patient_lands_on_the_schedule(home: House) -> None:
    page = home.launch("one-open-gap", fault="token-no-patient")
    assert page.status_code == 200
    assert page.url.endswith("/huddle/")


@pytest.mark.parametrize(
    "iss",
    [
        "",
        "not a url",
        "https://evil.example/fhir",
        "http://localhost:1/main/fhir",
        "javascript:alert(1)",
        "//evil.example",
    ],
)
def test_an_unknown_or_malformed_iss_is_refused_before_any_request_leaves(home: House, iss: str) -> None:
    page = browser().get(f"{home.app}/launch", params={"iss": iss, "launch": "x"}, allow_redirects=False, timeout=10)
    assert page.status_code in (400, 403)
    assert "<script" not in page.text


def test_a_replayed_launch_is_refused_by_the_ehr_and_opens_nothing(home: House) -> None:
    minted = home.mint("one-open-gap")
    assert "/l/" in browser().get(minted["launch_url"], timeout=20).url
    again = browser().get(minted["launch_url"], timeout=20)
    assert again.status_code >= 400
    assert "/l/" not in again.url


def test_a_handle_is_worth_nothing_in_another_browser(home: House) -> None:
    page = home.launch("one-open-gap")
    stranger = browser().get(page.url, timeout=10)
    assert stranger.status_code in (401, 403)
    assert not read(stranger.text).patient


def test_two_patients_in_one_browser_never_mix(home: House) -> None:
    session = browser()
    first, second = "one-open-gap", "two-payers"
    pages = {name: home.launch(name, session=session).url for name in (first, second)}
    for _ in range(3):
        for name in (first, second):
            names = {p: home.scenarios[p].chart[0]["name"][0]["family"] for p in pages}
            screen = watch(session, pages[name])
            assert names[name] in screen.patient
            assert all(names[other] not in screen.html for other in pages if other != name)


def test_many_launches_at_the_same_instant_each_show_their_own_patient(home: House) -> None:
    names = ["one-open-gap", "two-payers", "closed-in-chart", "out-of-range", "nothing-open", "superseded-category"]
    family = {name: home.scenarios[name].chart[0]["name"][0]["family"] for name in names}
    shared = browser()  # two frames of one browser, and four browsers beside it
    sessions = [shared, shared, *(browser() for _ in names[2:])]
    gate, wrong = threading.Barrier(len(names)), list[str]()

    def go(name: str, session: requests.Session) -> None:
        gate.wait()
        screen = home.panel(name, session=session)
        if family[name] not in screen.patient or any(f in screen.html for n, f in family.items() if n != name):
            wrong.append(name)

    threads = [threading.Thread(target=go, args=pair) for pair in zip(names, sessions, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_two_ehrs_with_the_same_patient_ids_share_nothing(home: House) -> None:
    session = browser()
    pages = [home.launch("one-open-gap", tenant, session) for tenant in ("main", "second")]
    names = [watch(session, page.url).text for page in pages]
    assert "Sandbox EHR" in names[0]
    assert "Harborlight EHR" in names[1]


def test_an_expired_launch_says_how_to_reopen_from_the_chart(own_home: House) -> None:
    session = browser()
    page = own_home.launch("one-open-gap", session=session)
    assert watch(session, page.url).patient
    own_home.clock.ahead = timedelta(minutes=21)
    late = session.get(f"{page.url}flags", headers={"HX-Request": "true"}, timeout=10)
    assert late.status_code == 410
    assert "again from the chart" in late.text.replace("patient&#39;s ", "")
    assert "<html" not in late.text


def test_a_closed_launch_is_closed_and_its_token_revoked(own_home: House) -> None:
    session = browser()
    page = own_home.launch("one-open-gap", session=session)
    ended = session.post(f"{page.url}end", headers={"Sec-Fetch-Site": "same-origin"}, timeout=10)
    assert ended.status_code == 200
    assert session.get(page.url, timeout=10).status_code == 410


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_write_from_elsewhere_is_refused(home: House, headers: dict[str, str]) -> None:
    session = browser()
    page = home.launch("one-open-gap", session=session)
    assert session.post(f"{page.url}end", headers=headers, timeout=10).status_code == 403
    assert session.get(page.url, timeout=10).status_code == 200


def test_every_page_may_be_framed_by_its_own_ehr_only(home: House) -> None:
    session = browser()
    page = home.launch("one-open-gap", session=session)
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {home.ehr}" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in page.headers
    refused = browser().get(f"{home.app}/launch", timeout=10)
    assert home.ehr in refused.headers["Content-Security-Policy"]  # a problem page shows in the frame, not blank
    assert (
        "frame-ancestors 'none'" in browser().get(f"{home.app}/healthz", timeout=10).headers["Content-Security-Policy"]
    )
