"""/launch -> authorize -> /callback -> the page of the launch, as real EHRs need it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from authorization_server import AuthorizationServer
from front_door import AT_TOP, IN_FRAME, PUBLIC, SCOPES, Browser, Clock, House, Network, entry, query
from memory_store import MemoryStore

MakeEhr = Callable[..., AuthorizationServer]


@pytest.fixture
def open_house(clock: Clock, network: Network, store: MemoryStore) -> Callable[..., House]:
    return lambda *ehrs, **settings: House(clock, network, store, *ehrs, **settings)


def test_an_ehr_launch_ends_on_the_page_of_its_patient(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    answer = browser.launch(ehr, token="opaque & odd=1")
    shown = json.loads(answer.text)
    assert (shown["patient"], shown["user"]) == ("p1", "Practitioner/dr-okafor")
    assert browser.visited[-1] == f"{PUBLIC}/l/{shown['handle']}/"
    asked = ehr.authorized[0]
    assert asked["launch"] == "opaque & odd=1"
    assert asked["aud"] == ehr.base
    assert asked["scope"].split() == list(SCOPES)
    assert ehr.asked[0]["code_verifier"] not in json.dumps(ehr.authorized)
    assert [found.handle for found in house.launched] == [shown["handle"]]


def test_the_launch_knows_what_the_ehr_said(browser: Browser, house: House, ehr: AuthorizationServer) -> None:
    ehr.habits.token = {
        "need_patient_banner": "false",
        "intent": "reconcile-medications",
        "tenant": "t-17",
        "smart_style_url": "https://ehr.example/style.json",
        "fhirContext": [{"reference": "Appointment/a9"}, "?"],
        "username": "aokafor",
        "session_token": "not for the app",
        "expires_in": "3600",
    }
    browser.launch(ehr)
    (found,) = house.launched
    assert (found.ehr, found.issuer, found.encounter) == ("ehr", ehr.base, "e1")
    assert (found.need_patient_banner, found.intent, found.tenant) == (False, "reconcile-medications", "t-17")
    assert found.fhir_context == ({"reference": "Appointment/a9"},)
    assert found.smart_style_url == "https://ehr.example/style.json"
    assert found.token_fields == {"username": "aokafor", "tenant": "t-17"}
    assert (found.user_name, found.subject) == ("Dr. Ada Okafor", "dr-okafor")
    assert "patient/Observation.rs" in found.scopes
    assert found.missing_scopes == ()


def test_a_standalone_launch_asks_the_ehr_for_the_patient(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    answer = browser.open(f"{PUBLIC}/launch/standalone?iss={ehr.base}")
    assert json.loads(answer.text)["patient"] == "p1"
    asked = ehr.authorized[0]
    assert "launch" not in asked
    assert "launch/patient" in asked["scope"].split()
    assert "launch" not in asked["scope"].split()


@pytest.mark.parametrize(
    ("auth", "secret", "alg"),
    [
        ("none", "", "ES384"),
        ("client_secret_basic", "a+b/c%d e:f", "ES384"),
        ("client_secret_post", "a+b/c%d e:f", "ES384"),
        ("private_key_jwt", "", "RS384"),
        ("private_key_jwt", "", "ES384"),
    ],
)
def test_each_way_of_client_authentication_signs_in_refreshes_and_revokes(
    make_ehr: MakeEhr, open_house: Callable[..., House], auth: str, secret: str, alg: str
) -> None:
    ehr = make_ehr(auth=auth, client_secret=secret)
    house = open_house(entry(ehr, assertion_alg=alg))
    handle = house.browser().handle(ehr)
    bearer = house.launches.bearer(handle)
    assert bearer(False) != bearer(True)
    assert ehr.asked[-1]["grant_type"] == "refresh_token"
    house.launches.end(handle)
    assert len(ehr.revoked) == 2


@pytest.mark.parametrize("alg", ["RS256", "RS384", "ES256", "ES384"])
@pytest.mark.parametrize(("kid", "keys_with_kid"), [(True, True), (False, True), (True, False), (False, False)])
def test_every_id_token_signature_is_checked_with_or_without_kid(
    browser: Browser, ehr: AuthorizationServer, alg: str, kid: bool, keys_with_kid: bool
) -> None:
    ehr.habits.alg, ehr.habits.kid, ehr.habits.keys_with_kid = alg, kid, keys_with_kid
    assert browser.launch(ehr).status_code == 200


def test_aud_is_the_issuer_of_the_launch_byte_for_byte(browser: Browser, ehr: AuthorizationServer) -> None:
    refused = browser.launch(ehr, iss=f"{ehr.base}/")  # this EHR takes the slash for another audience
    assert ehr.authorized[0]["aud"] == f"{ehr.base}/"
    assert refused.status_code == 403


def test_a_pattern_lets_every_issuer_of_its_form_in(make_ehr: MakeEhr, open_house: Callable[..., House]) -> None:
    ehr = make_ehr()
    house = open_house(entry(ehr, issuer="", issuer_pattern="https://ehr.example/{segment}"))
    assert house.browser().launch(ehr).status_code == 200
    assert house.browser().launch(ehr, iss="https://ehr.example/fhir/more").status_code == 403


@pytest.mark.parametrize(
    ("habits", "asked"),
    [
        ({}, "patient/Observation.rs"),
        ({"configuration": {"capabilities": ["permission-v1"]}}, "patient/Observation.read"),
        ({"configuration": {"capabilities": None}}, "patient/Observation.read"),
        ({"configuration": {"capabilities": [], "scopes_supported": ["patient/*.rs"]}}, "patient/Observation.rs"),
        ({"configuration": {"capabilities": [], "scopes_supported": ["patient/*.read"]}}, "patient/Observation.read"),
        ({"well_known": False, "openid_configuration": "full"}, "patient/Observation.read"),
    ],
)
def test_scopes_are_asked_for_in_the_version_that_the_server_speaks(
    make_ehr: MakeEhr, open_house: Callable[..., House], habits: dict[str, Any], asked: str
) -> None:
    if habits.get("openid_configuration") == "full":
        full = {"issuer": "https://ehr.example/oauth2", "jwks_uri": "https://ehr.example/keys"}
        habits = {**habits, "openid_configuration": full}
    ehr = make_ehr(**habits)
    house = open_house(entry(ehr))
    assert house.browser().launch(ehr).status_code == 200
    assert asked in ehr.authorized[0]["scope"].split()
    assert "patient/Observation.rs" in house.launched[0].scopes  # inside the app it is always v2


def test_an_entry_can_say_which_scopes_its_server_speaks(make_ehr: MakeEhr, open_house: Callable[..., House]) -> None:
    ehr = make_ehr()
    open_house(entry(ehr, quirks={"scopes": "v1"})).browser().launch(ehr)
    assert "patient/Observation.read" in ehr.authorized[0]["scope"].split()


def test_silently_trimmed_scopes_are_noticed(browser: Browser, house: House, ehr: AuthorizationServer) -> None:
    ehr.habits.grant = lambda scopes: [s for s in scopes if "Observation" not in s and s != "offline_access"]
    browser.launch(ehr)
    assert house.launched[0].missing_scopes == ("offline_access", "patient/Observation.rs")


def test_a_token_response_without_scope_means_as_requested(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    ehr.habits.token = {"scope": None}
    browser.launch(ehr)
    assert house.launched[0].missing_scopes == ()
    assert house.launched[0].scopes >= set(SCOPES)


def test_no_patient_in_the_token_response_is_no_patient(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    ehr.habits.patient = None
    assert browser.launch(ehr).status_code == 200
    assert (house.launched[0].patient, house.launched[0].encounter) == (None, "e1")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("https://ehr.example/oauth2/api/FHIR/R4/Practitioner/eXyz", "Practitioner/eXyz"),
        ("Practitioner/123", "Practitioner/123"),
        ("PractitionerRole/r-1", "PractitionerRole/r-1"),
        ("https://ehr.example/fhir/Practitioner/7/_history/2", "Practitioner/7"),
    ],
)
def test_fhir_user_is_read_absolute_and_relative(
    browser: Browser, house: House, ehr: AuthorizationServer, said: str, read: str
) -> None:
    ehr.habits.fhir_user = said
    browser.launch(ehr)
    assert house.launched[0].fhir_user == read


@pytest.mark.parametrize("kind", ["Patient", "RelatedPerson", "Person"])
def test_who_is_no_practitioner_is_refused_and_their_tokens_are_given_back(
    browser: Browser, house: House, ehr: AuthorizationServer, kind: str
) -> None:
    ehr.habits.fhir_user = f"{kind}/p1"
    answer = browser.launch(ehr)
    assert answer.status_code == 403
    assert "care teams" in answer.text
    assert house.launched == []
    assert len(ehr.revoked) == 2


@pytest.mark.parametrize(("quirks", "read"), [({}, None), ({"sub_is_practitioner": True}, "Practitioner/dr-okafor")])
def test_a_missing_fhir_user_is_the_subject_only_where_the_entry_says_so(
    make_ehr: MakeEhr, open_house: Callable[..., House], quirks: dict[str, Any], read: str | None
) -> None:
    ehr = make_ehr(claims={"fhirUser": None})
    house = open_house(entry(ehr, quirks=quirks))
    house.browser().launch(ehr)
    assert house.launched[0].fhir_user == read


def test_without_openid_nobody_is_known_and_the_launch_works(
    browser: Browser, house: House, ehr: AuthorizationServer
) -> None:
    ehr.habits.grant = lambda scopes: [s for s in scopes if s != "openid"]
    assert browser.launch(ehr).status_code == 200
    assert (house.launched[0].fhir_user, house.launched[0].subject) == (None, "")
    assert "openid" in house.launched[0].missing_scopes


def test_claims_are_kept_only_if_standard_or_named_by_the_entry(
    make_ehr: MakeEhr, open_house: Callable[..., House]
) -> None:
    ehr = make_ehr(claims={"role": "physician", "ssn": "000-00-0000", "groups": ["a", "b"]})
    house = open_house(entry(ehr, claims=("role", "groups")))
    house.browser().launch(ehr)
    claims = house.launched[0].claims
    assert (claims["role"], claims["groups"]) == ("physician", ["a", "b"])
    assert not {"ssn", "nonce", "exp"} & set(claims)


def test_the_id_token_issuer_and_keys_may_come_from_openid_configuration(
    make_ehr: MakeEhr, open_house: Callable[..., House]
) -> None:
    ehr = make_ehr(
        configuration={"issuer": None, "jwks_uri": None},
        openid_configuration={"issuer": "https://ehr.example/oauth2", "jwks_uri": "https://ehr.example/keys"},
    )
    assert open_house(entry(ehr)).browser().launch(ehr).status_code == 200


def test_keys_are_asked_for_again_when_the_ehr_has_rotated_them(
    browser: Browser, house: House, clock: Clock, network: Network, ehr: AuthorizationServer
) -> None:
    from joserfc.jwk import RSAKey

    browser.launch(ehr)
    ehr.habits.signing = {"RS256": RSAKey.generate_key(2048, {"kid": "rsa-new"})}
    clock.pass_(minutes=1)
    assert browser.launch(ehr).status_code == 200
    browser.launch(ehr)
    assert network.requests.count(f"GET {ehr.origin}/keys") == 2


def test_discovery_is_remembered_for_an_hour(
    browser: Browser, clock: Clock, network: Network, ehr: AuthorizationServer
) -> None:
    asked = f"GET {ehr.base}/.well-known/smart-configuration"
    browser.launch(ehr)
    browser.launch(ehr)
    assert network.requests.count(asked) == 1
    clock.pass_(minutes=61)
    browser.launch(ehr)
    assert network.requests.count(asked) == 2


@pytest.mark.parametrize(
    ("headers", "framed"), [(IN_FRAME, True), (AT_TOP, False), ({}, None), ({"Sec-Fetch-Dest": "object"}, True)]
)
def test_the_launch_knows_whether_it_is_framed(
    house: House, ehr: AuthorizationServer, headers: dict[str, str], framed: bool | None
) -> None:
    house.browser(**headers).launch(ehr)
    assert house.launched[0].framed is framed


def test_every_answer_of_ours_is_private_and_only_its_ehr_may_frame_it(
    browser: Browser, ehr: AuthorizationServer
) -> None:
    browser.launch(ehr)
    browser.open(f"{PUBLIC}/launch?iss=https://stranger.example&launch=x")
    browser.open(f"{PUBLIC}/.well-known/jwks.json")
    ours = [a for a in browser.answers if "/l/" not in a.request.path]
    assert len(ours) >= 5
    for answer in ours:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    framing = [a.headers["X-Ancestors"] for a in browser.answers if a.request.path in ("/launch", "/callback")]
    assert framing == [ehr.origin, ehr.origin, ehr.origin, ""]


def test_two_launches_interleaved_in_one_browser_stay_apart(
    browser: Browser, make_ehr: MakeEhr, ehr: AuthorizationServer
) -> None:
    ehr.habits.patient = "ann"
    first = browser.callback_of(ehr)
    second = browser.callback_of(ehr)
    ehr.habits.patient = "ben"
    at_second = json.loads(browser.open(second).text)
    ehr.habits.patient = "ann"
    at_first = json.loads(browser.open(first).text)
    assert (at_second["patient"], at_first["patient"]) == ("ben", "ann")
    assert json.loads(browser.page(at_second["handle"]).text)["patient"] == "ben"
    assert json.loads(browser.page(at_first["handle"]).text)["patient"] == "ann"


def test_two_ehrs_launch_side_by_side(make_ehr: MakeEhr, open_house: Callable[..., House]) -> None:
    north, south = make_ehr("north", patient="n1"), make_ehr("south", patient="s1", user="dr-lee")
    browser = open_house(entry(north), entry(south)).browser()
    from_north, from_south = browser.callback_of(north), browser.callback_of(south)
    shown = [json.loads(browser.open(url).text) for url in (from_south, from_north)]
    assert [s["patient"] for s in shown] == ["s1", "n1"]
    assert all(browser.page(s["handle"]).status_code == 200 for s in shown)


def test_a_path_in_front_of_us_is_kept_in_redirects_and_cookies(
    make_ehr: MakeEhr, open_house: Callable[..., House]
) -> None:
    ehr = make_ehr()
    house = open_house(entry(ehr), public_url=f"{PUBLIC}/apps/chartside")
    answer = house.browser().open(
        f"{PUBLIC}/launch?iss={ehr.base}&launch=1", stop_at=lambda url: url.startswith(f"{PUBLIC}/apps")
    )
    assert answer.headers["Location"].startswith(f"{PUBLIC}/apps/chartside/launch?")
    browser = house.browser()
    browser.client.set_cookie("__Host-chartside", "b", domain="chartside.example")
    begun = browser.open(f"{PUBLIC}/launch?iss={ehr.base}&launch=1", stop_at=lambda url: True)
    assert query(begun.headers["Location"])["redirect_uri"] == f"{PUBLIC}/apps/chartside/callback"
    assert "Path=/apps/chartside/callback" in begun.headers["Set-Cookie"]


def test_our_public_keys_are_published_without_their_secrets(browser: Browser) -> None:
    published = json.loads(browser.open(f"{PUBLIC}/.well-known/jwks.json").text)["keys"]
    assert {key["alg"] for key in published} == {"ES384", "RS384"}
    for key in published:
        assert key["kid"]
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
