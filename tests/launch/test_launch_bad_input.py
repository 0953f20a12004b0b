"""Every way in that must not open: each with its own clear words, and nothing spent or sent that need not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
from authorization_server import STRANGER, AuthorizationServer
from flask import Response, jsonify, redirect
from front_door import PUBLIC, Browser, Clock, House, Network, entry, launch_url, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore
from werkzeug.test import TestResponse

import launch


def refused(answer: TestResponse, status: int, code: str) -> None:
    assert (answer.status_code, f"<code>{code}</code>" in answer.text) == (status, True), answer.text


# -- the way in


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/launch", 400, "issuer-missing"),
        ("/launch?launch=x", 400, "issuer-missing"),
        ("/launch?iss=&launch=x", 400, "issuer-missing"),
        ("/launch?iss=https://ehr.example/fhir&iss=https://ehr.example/fhir&launch=x", 400, "issuer-missing"),
        (f"/launch?iss=https://ehr.example/{'a' * 20_000}&launch=x", 400, "issuer-missing"),
        ("/launch?iss=https://stranger.example/fhir&launch=x", 403, "issuer-unknown"),
        ("/launch?iss=https://ehr.example/fhir/../fhir&launch=x", 403, "issuer-unknown"),
        ("/launch?iss=https://ehr.example@stranger.example/fhir&launch=x", 403, "issuer-unknown"),
        ("/launch?iss=javascript:alert(1)&launch=x", 403, "issuer-unknown"),
        ("/launch?iss=https://ehr.example/fhir", 400, "launch-missing"),
        ("/launch?iss=https://ehr.example/fhir&launch=", 400, "launch-missing"),
        ("/launch/standalone", 400, "issuer-missing"),
        ("/launch/standalone?iss=https://stranger.example/fhir", 403, "issuer-unknown"),
        ("/callback", 400, "state-unknown"),
        ("/callback?code=x", 400, "state-unknown"),
        ("/callback?code=x&state=made-up", 400, "state-unknown"),
        ("/callback?error=access_denied", 403, "authorize-refused"),
    ],
)
def test_a_malformed_address_is_refused_before_any_request_leaves_us(
    browser: Browser, network: Network, store: MemoryStore, address: str, status: int, code: str
) -> None:
    refused(browser.open(PUBLIC + address), status, code)
    assert (network.requests, store.rows) == ([], {})


def test_an_unknown_issuer_is_shown_escaped_and_short(browser: Browser) -> None:
    hostile = "https://x.example/<script>alert(1)</script>" + "y" * 500
    text = browser.open(f"{PUBLIC}/launch?{urlencode({'iss': hostile, 'launch': 'x'})}").text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "y" * 100 not in text


def test_a_head_request_spends_nothing(browser: Browser, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    checker = browser.client.head(back.removeprefix(PUBLIC), base_url=PUBLIC)
    assert checker.status_code == 405
    assert browser.open(back).status_code == 200


def test_a_replayed_launch_is_refused_in_the_ehrs_words(browser: Browser, ehr: AuthorizationServer) -> None:
    assert browser.launch(ehr, token="once").status_code == 200
    answer = browser.launch(ehr, token="once")
    refused(answer, 403, "authorize-refused")
    assert "invalid_request" in answer.text


# -- discovery


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"token_endpoint": None}, 200, ""),  # /metadata still says it
        ({"authorization_endpoint": "http://ehr.example/auth"}, 200, ""),
        ({"token_endpoint": "https://user@ehr.example/token"}, 200, ""),
    ],
)
def test_an_unusable_smart_configuration_falls_back_to_metadata(
    browser: Browser, ehr: AuthorizationServer, changes: dict[str, Any], status: int, code: str
) -> None:
    full = {"issuer": "https://ehr.example/oauth2", "jwks_uri": "https://ehr.example/keys"}
    ehr.habits.configuration, ehr.habits.openid_configuration = changes, full
    assert browser.launch(ehr).status_code == status


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda *_: Response("<html>We are down</html>"), 502, "ehr-unreadable"),
        (lambda *_: Response('{"token_endpoint": "https://ehr'), 502, "ehr-unreadable"),
        (lambda *_: Response("[" * 100_000), 502, "ehr-unreadable"),
        (lambda *_: Response(b'{"a": "' + b"x" * 2_000_000 + b'"}'), 502, "ehr-unreadable"),
        (lambda *_: jsonify([1]), 502, "discovery-incomplete"),
        (lambda *_: jsonify({"resourceType": "OperationOutcome"}), 502, "discovery-incomplete"),
        (lambda *_: ("", 404), 502, "discovery-incomplete"),
        (lambda *_: ("", 503), 504, "ehr-unreachable"),
        (lambda *_: redirect("https://stranger.example/config"), 502, "ehr-unreadable"),
        (lambda *_: redirect("/fhir/metadata"), 502, "ehr-unreadable"),
    ],
)
def test_discovery_that_cannot_be_used_is_explained(
    browser: Browser, ehr: AuthorizationServer, answer: Callable[..., Any], status: int, code: str
) -> None:
    ehr.app.before_request(answer)
    refused(browser.launch(ehr), status, code)


@pytest.mark.parametrize("error", [requests.ConnectTimeout(), requests.ConnectionError("refused"), OSError("reset")])
def test_an_ehr_that_cannot_be_reached_is_explained(
    browser: Browser, network: Network, ehr: AuthorizationServer, error: Exception
) -> None:
    network.hosts[ehr.host] = error
    refused(browser.launch(ehr), 504, "ehr-unreachable")


# -- the way back


def test_error_at_authorize_is_shown_with_the_ehrs_words_escaped(browser: Browser, ehr: AuthorizationServer) -> None:
    ehr.habits.authorize_error = "access_denied<script>"
    answer = browser.launch(ehr)
    refused(answer, 403, "authorize-refused")
    assert "access_denied&lt;script&gt;" in answer.text


def test_error_without_state_tells_nothing_of_what_the_address_says(browser: Browser) -> None:
    answer = browser.open(f"{PUBLIC}/callback?error=call+555-0100+now")
    refused(answer, 403, "authorize-refused")
    assert "555" not in answer.text


def test_a_callback_without_code_is_refused_and_spent(browser: Browser, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    state = query(back)["state"]
    refused(browser.open(f"{PUBLIC}/callback?state={state}"), 400, "code-missing")
    refused(browser.open(back), 400, "state-spent")


def test_a_callback_works_once(browser: Browser, house: House, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    assert browser.open(back).status_code == 200
    refused(browser.open(back), 400, "state-spent")
    assert len(ehr.asked) == 1
    assert len(house.launched) == 1


def test_a_callback_with_another_state_is_refused(browser: Browser, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    refused(browser.open(back.replace("state=", "state=x")), 400, "state-unknown")
    assert browser.open(back).status_code == 200  # nothing was spent by that


def test_a_callback_without_its_cookie_is_refused_and_not_spent(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    back = browser.callback_of(ehr)
    refused(house.browser().open(back), 403, "state-not-yours")
    other = house.browser()
    other.callback_of(ehr)  # a browser with a pending sign-in of its own
    refused(other.open(back), 403, "state-not-yours")
    assert ehr.asked == []
    assert browser.open(back).status_code == 200


def test_a_callback_after_ten_minutes_is_refused(browser: Browser, clock: Clock, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    clock.pass_(minutes=10)
    refused(browser.open(back), 400, "state-spent")


def test_an_answer_that_names_another_server_is_refused(browser: Browser, ehr: AuthorizationServer) -> None:
    right, wrong = (f"&iss={quote(i)}" for i in ("https://ehr.example/oauth2", "https://stranger.example"))
    refused(browser.open(browser.callback_of(ehr) + wrong), 400, "issuer-mixed-up")
    assert browser.open(browser.callback_of(ehr) + right).status_code == 200


# -- the token


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda: (jsonify(error="invalid_grant", error_description="too <late>"), 400), 502, "token-refused"),
        (lambda: jsonify(error="invalid_grant"), 502, "token-refused"),
        (lambda: (jsonify(message="no"), 401), 502, "token-refused"),
        (lambda: (jsonify(error={"a": 1}), 400), 502, "token-refused"),
        (lambda: ("<h1>Forbidden</h1>", 403), 502, "token-refused"),
        (lambda: "<h1>Welcome</h1>", 502, "token-unreadable"),
        (lambda: '{"access_token": "x', 502, "token-unreadable"),
        (lambda: "[" * 100_000, 502, "token-unreadable"),
        (lambda: jsonify(["access_token"]), 502, "token-unreadable"),
        (lambda: jsonify(resourceType="OperationOutcome"), 502, "token-unreadable"),
        (lambda: jsonify(access_token="", token_type="Bearer"), 502, "token-unreadable"),
        (lambda: jsonify(access_token={"a": 1}), 502, "token-unreadable"),
        (lambda: jsonify(access_token="a\r\nHost: x"), 502, "token-unreadable"),
        (lambda: jsonify(access_token="t", token_type="mac"), 502, "token-unreadable"),
        (lambda: Response(b'{"access_token": "' + b"x" * 2_000_000 + b'"}'), 502, "token-unreadable"),
        (lambda: redirect("https://stranger.example/token"), 502, "token-unreadable"),
        (lambda: (jsonify(access_token="t", scope="launch"), 302), 502, "token-unreadable"),
        (lambda: ("", 503), 504, "ehr-unreachable"),
        (lambda: jsonify(access_token="t"), 403, "id-token-missing"),
    ],
)
def test_a_token_answer_that_cannot_be_used_is_explained(
    browser: Browser, house: House, ehr: AuthorizationServer, answer: Callable[[], Any], status: int, code: str
) -> None:
    ehr.habits.token_answer = answer
    refused(browser.launch(ehr), status, code)
    assert house.launched == []


def test_the_wrong_client_secret_is_refused(
    clock: Clock, network: Network, store: MemoryStore, make_ehr: Callable[..., AuthorizationServer]
) -> None:
    ehr = make_ehr(auth="client_secret_basic", client_secret="right")
    house = House(clock, network, store, entry(ehr, client_secret="wrong"))
    answer = house.browser().launch(ehr)
    refused(answer, 502, "token-refused")
    assert "invalid_client" in answer.text
    assert "wrong" not in answer.text


# -- who is signed in


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"aud": "another-app"}, "aud"),
        ({"aud": ["another-app"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["chartside", "another-app"]}, "azp"),
        ({"aud": ["chartside", "another-app"], "azp": "another-app"}, "azp"),
        ({"azp": "another-app"}, "azp"),
        ({"iss": "https://ehr.example/fhir"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": 7}, "iss"),
        ({"exp": None}, "exp"),
        ({"exp": 1}, "expired"),
        ({"exp": "soon"}, "exp"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "of another launch"}, "nonce"),
        ({"nonce": "ü"}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": {"a": 1}}, "sub"),
    ],
)
def test_an_id_token_that_is_not_for_this_launch_is_refused(
    browser: Browser, house: House, ehr: AuthorizationServer, claims: dict[str, Any], says: str
) -> None:
    ehr.habits.claims = claims
    answer = browser.launch(ehr)
    refused(answer, 403, "id-token-invalid")
    assert says in answer.text
    assert house.launched == []


@pytest.mark.parametrize(
    "claims",
    [{"aud": ["chartside"]}, {"aud": ["chartside", "chartside"]}, {"aud": ["chartside", "x"], "azp": "chartside"}],
)
def test_an_audience_may_be_a_list(browser: Browser, ehr: AuthorizationServer, claims: dict[str, Any]) -> None:
    ehr.habits.claims = claims
    assert browser.launch(ehr).status_code == 200


@pytest.mark.parametrize("late", [299, 359])
def test_a_five_minute_id_token_may_be_a_minute_late(
    browser: Browser, clock: Clock, ehr: AuthorizationServer, late: int
) -> None:
    now = int(clock().timestamp())
    ehr.habits.claims = {"iat": now - late, "exp": now - late + 300}
    assert browser.launch(ehr).status_code == 200
    ehr.habits.claims = {"iat": now - 361, "exp": now - 61}
    refused(browser.launch(ehr), 403, "id-token-invalid")


def test_an_id_token_signed_by_a_stranger_is_refused(browser: Browser, ehr: AuthorizationServer) -> None:
    back = browser.callback_of(ehr)
    with ehr.app.app_context():
        published = ehr.keys()
    ehr.app.view_functions["keys"] = lambda: published
    ehr.habits.signing = {"RS256": STRANGER}
    refused(browser.open(back), 403, "id-token-invalid")


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA", 7, {"a": 1}, ["x"]],
)
def test_what_is_no_signed_id_token_is_refused(browser: Browser, ehr: AuthorizationServer, token: Any) -> None:
    ehr.habits.token = {"id_token": token}
    refused(browser.launch(ehr), 403, "id-token-invalid")


def test_openid_granted_but_no_id_token_is_refused(browser: Browser, ehr: AuthorizationServer) -> None:
    ehr.habits.token = {"id_token": None}
    refused(browser.launch(ehr), 403, "id-token-missing")


@pytest.mark.parametrize(("configuration", "says"), [({"issuer": None}, "an issuer"), ({"jwks_uri": None}, "jwks_uri")])
def test_an_ehr_that_does_not_say_how_to_check_its_id_token_is_told_what_is_missing(
    browser: Browser, ehr: AuthorizationServer, configuration: dict[str, Any], says: str
) -> None:
    ehr.habits.configuration = configuration
    answer = browser.launch(ehr)
    refused(answer, 403, "id-token-uncheckable")
    assert says in answer.text


def test_keys_that_cannot_be_fetched_are_named_as_what_is_missing(browser: Browser, ehr: AuthorizationServer) -> None:
    ehr.app.view_functions["keys"] = lambda: ("", 500)
    refused(browser.launch(ehr), 403, "id-token-uncheckable")


# -- anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["patient", "encounter", "need_patient_banner", "expires_in", "expires_at", "scope", "intent", "fhirContext",
     "tenant", "smart_style_url", "refresh_token", "token_type", "fhirUser", "user", "access_token", "id_token"]
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.dictionaries(FIELDS, JSON, max_size=6))
def test_garbage_in_the_token_response_opens_a_launch_or_one_of_our_pages(
    house: House, ehr: AuthorizationServer, garbage: dict[str, Any]
) -> None:
    ehr.habits.token_answer = lambda: json.dumps({"access_token": "t", "scope": "launch", **garbage})
    answer = house.browser().launch(ehr)
    assert answer.status_code in (200, 403, 502), answer.text
    if answer.status_code == 200:
        found = house.launched[-1]
        assert found.patient is None or found.patient.strip("./")
        house.launches.bearer(found.handle)(False)


def test_our_errors_never_carry_a_secret(browser: Browser, ehr: AuthorizationServer) -> None:
    ehr.habits.claims = {"aud": "another-app"}
    back = browser.callback_of(ehr)
    text = browser.open(back).text
    for secret in (query(back)["code"], query(back)["state"], ehr.asked[0]["code_verifier"]):
        assert secret not in text


def test_a_failure_of_the_apps_own_hook_leaves_no_launch_behind(
    clock: Clock, network: Network, store: MemoryStore, ehr: AuthorizationServer
) -> None:
    def full_disk(_: launch.Launch) -> None:
        raise OSError("disk full")

    house = House(clock, network, store, entry(ehr), launched=full_disk)
    with pytest.raises(OSError, match="disk full"):
        house.browser().launch(ehr)
    assert not [kind for kind, _ in store.rows if kind == "launch"]


def test_launch_addresses_keep_their_exact_bytes_through_the_probe(browser: Browser, ehr: AuthorizationServer) -> None:
    answer = browser.open(launch_url(ehr.base, "a/b=?&c") + "&extra=%7e%2F", stop_at=lambda _: True)
    assert answer.headers["Location"] == launch_url(ehr.base, "a/b=?&c") + "&extra=%7e%2F&cookie_probe=1"
