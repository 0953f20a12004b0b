"""The sandbox EHR's authorization server: a complete launch by hand, and every way of doing it wrong."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from joserfc.errors import JoseError

from sandbox_config.ehr.tenants import TENANTS
from tests.sandbox.ehr_client import APP, BASE, CALLBACK, Clock, Visitor, came_back, new_ehr

CLOCK = Clock()  # tests only ever move it forward


@cache
def shared_ehr() -> Flask:
    """One EHR for all: whatever one test mints, no other can name."""
    return new_ehr(CLOCK)


def at(tenant: str) -> Visitor:
    return Visitor(shared_ehr(), CLOCK, tenant)


@pytest.fixture
def visitor() -> Visitor:
    return at("main")


def test_a_launch_by_the_book_ends_in_the_launched_patients_chart(visitor: Visitor) -> None:
    configuration = visitor.get(".well-known/smart-configuration").json
    assert configuration["authorization_endpoint"] == f"{BASE}/main/auth/authorize"
    minted = visitor.http.get("/main/launch-url?scenario=one-open-gap").json
    assert minted["launch_url"].startswith(f"{APP}/launch?iss=http%3A%2F%2Flocalhost%3A8600%2Fmain%2Ffhir&launch=")

    answer = came_back(visitor.authorize(minted["launch"]))
    assert answer["state"] == "state-1"
    response = visitor.exchange(answer["code"])
    assert response.headers["Cache-Control"] == "no-store"
    tokens = response.json

    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["patient"] == "p-1001"
    assert tokens["encounter"] == "p-1001-visit"
    claims = visitor.claims(tokens["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (f"{BASE}/main/fhir", "chartside", "nonce-1")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["fhirUser"] == "Practitioner/staff-dr"
    patient = visitor.get("Patient/p-1001", tokens["access_token"])
    assert patient.content_type == "application/fhir+json; charset=utf-8"
    assert patient.json["id"] == "p-1001"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("aud", f"{BASE}/main/fhir/", "invalid_request"),
        ("aud", f"{BASE}/second/fhir", "invalid_request"),
        ("aud", None, "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", "tooshort", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("launch", "made-up", "invalid_request"),
        ("launch", None, "invalid_request"),
        ("scope", "openid patient/*.rs", "invalid_request"),
        ("scope", "launch/patient", "invalid_request"),
        ("state", None, "invalid_request"),
    ],
)
def test_a_wrong_authorization_request_goes_back_as_an_error(
    visitor: Visitor, field: str, value: str | None, error: str
) -> None:
    answer = came_back(visitor.authorize(visitor.mint(), **{field: value}))
    assert answer["error"] == error
    assert "code" not in answer


@pytest.mark.parametrize(
    ("field", "value"),
    [("client_id", "other"), ("redirect_uri", f"{CALLBACK}/"), ("redirect_uri", f"{APP}/x"), ("redirect_uri", None)],
)
def test_an_unregistered_client_or_address_is_never_redirected_to(
    visitor: Visitor, field: str, value: str | None
) -> None:
    answer = visitor.authorize(visitor.mint(), **{field: value})
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("tenant", "client", "present", "absent"),
    [
        ("main", "client-public", {"permission-v1", "permission-v2", "permission-offline"}, set()),
        ("basic", "client-confidential-symmetric", {"permission-v2"}, set()),
        ("es384", "client-confidential-asymmetric", {"permission-v2"}, {"permission-v1"}),
        ("norefresh", "client-public", {"permission-v2"}, {"permission-offline", "permission-online"}),
    ],
)
def test_discovery_says_what_a_tenant_can_do(tenant: str, client: str, present: set[str], absent: set[str]) -> None:
    told = at(tenant).get(".well-known/smart-configuration").json
    always = {"launch-ehr", "launch-standalone", "sso-openid-connect", "permission-patient", "permission-user"}
    assert always | {client} | present <= set(told["capabilities"])
    assert absent.isdisjoint(told["capabilities"])
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert ("revocation_endpoint" in told) is (tenant != "norefresh")
    known = [TENANTS[tenant].auth, *(["private_key_jwt"] if TENANTS[tenant].backend else [])]
    assert told["token_endpoint_auth_methods_supported"] == known


def test_the_authorization_request_may_be_posted(visitor: Visitor) -> None:
    form = dict(parse_qsl(urlsplit(visitor.authorize(visitor.mint()).request.url).query)) | {"launch": visitor.mint()}
    assert "code" in came_back(visitor.http.post("/main/auth/authorize", data=form))


def test_a_launch_parameter_works_once_for_five_minutes_and_at_its_own_tenant_only() -> None:
    main, second = at("main"), at("second")
    launch = main.mint()
    assert "code" in came_back(main.authorize(launch))
    assert came_back(main.authorize(launch))["error"] == "invalid_request"
    assert came_back(second.authorize(main.mint()))["error"] == "invalid_request"
    late = main.mint()
    CLOCK.advance(301)
    assert came_back(main.authorize(late))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code_verifier", "w" * 43),
        ("code_verifier", None),
        ("redirect_uri", f"{APP}/other"),
        ("redirect_uri", None),
        ("code", "made-up"),
    ],
)
def test_a_code_is_bound_to_its_verifier_and_address(visitor: Visitor, field: str, value: str | None) -> None:
    answer = visitor.exchange(visitor.code(), **{field: value})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_a_code_dies_after_sixty_seconds(visitor: Visitor) -> None:
    code = visitor.code()
    CLOCK.advance(61)
    assert visitor.exchange(code).json["error"] == "invalid_grant"


def test_a_replayed_code_is_refused_and_takes_its_tokens_with_it(visitor: Visitor) -> None:
    code = visitor.code()
    tokens = visitor.exchange(code).json
    assert visitor.get("Patient/p-1001", tokens["access_token"]).status_code == 200
    assert visitor.exchange(code).json["error"] == "invalid_grant"
    assert visitor.get("Patient/p-1001", tokens["access_token"]).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_rotated_refresh_tokens_work_once_and_a_second_use_ends_everything() -> None:
    visitor = at("shortlived")
    first = visitor.tokens()
    assert first["expires_in"] == 20
    CLOCK.advance(21)
    assert visitor.get("Patient/p-1001", first["access_token"]).status_code == 401
    second = visitor.refresh(first["refresh_token"]).json
    assert second["patient"] == "p-1001"
    assert visitor.get("Patient/p-1001", second["access_token"]).status_code == 200
    assert visitor.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert visitor.get("Patient/p-1001", second["access_token"]).status_code == 401
    assert visitor.refresh(second["refresh_token"]).json["error"] == "invalid_grant"


def test_a_refresh_token_that_stays_is_not_sent_again() -> None:
    visitor = at("norotate")
    kept = visitor.tokens()["refresh_token"]
    for _ in range(2):
        answer = visitor.refresh(kept)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json


def test_a_refresh_cannot_widen_the_scopes(visitor: Visitor) -> None:
    answer = visitor.refresh(visitor.tokens()["refresh_token"], scope="user/*.rs")
    assert answer.json["error"] == "invalid_scope"


def test_no_refresh_token_where_none_is_offered_or_none_was_asked() -> None:
    assert "refresh_token" not in at("norefresh").tokens()
    visitor = at("main")
    code = came_back(visitor.authorize(visitor.mint(), scope="launch patient/*.rs"))["code"]
    tokens = visitor.exchange(code).json
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


def test_revoking_the_refresh_token_ends_the_grant(visitor: Visitor) -> None:
    tokens = visitor.tokens()
    assert visitor.post("revoke", {"token": tokens["refresh_token"], "client_id": "chartside"}).status_code == 200
    assert visitor.get("Patient/p-1001", tokens["access_token"]).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert visitor.post("revoke", {"token": "unknown", "client_id": "chartside"}).status_code == 200
    assert visitor.post("revoke", {"token": "unknown", "client_id": "other"}).status_code == 401


def test_the_v1_tenant_has_its_endpoints_in_the_capability_statement_and_speaks_v1_only() -> None:
    visitor = at("v1")
    assert visitor.get(".well-known/smart-configuration").status_code == 404
    security = visitor.get("metadata").json["rest"][0]["security"]
    uris = {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]}
    assert uris["authorize"] == f"{BASE}/v1/auth/authorize"
    assert came_back(visitor.authorize(visitor.mint()))["error"] == "invalid_scope"
    code = came_back(visitor.authorize(visitor.mint(), scope="launch patient/*.read"))["code"]
    tokens = visitor.exchange(code).json
    assert tokens["scope"] == "launch patient/*.read"
    assert visitor.get("Condition", tokens["access_token"], patient="p-1001").status_code == 200


def test_a_v2_only_tenant_refuses_v1_scopes() -> None:
    visitor = at("second")
    assert came_back(visitor.authorize(visitor.mint(), scope="launch patient/*.read"))["error"] == "invalid_scope"


def test_scopes_are_trimmed_without_a_word() -> None:
    visitor = at("trimmed")
    tokens = visitor.tokens()
    granted = tokens["scope"].split()
    assert "patient/Condition.rs" in granted
    assert not any("Coverage" in scope for scope in granted)
    assert "patient/*.rs" not in granted
    assert visitor.get("Coverage", tokens["access_token"], patient="p-1001").status_code == 403
    assert visitor.get("Condition", tokens["access_token"], patient="p-1001").status_code == 200


def test_write_and_granular_scopes_are_not_granted(visitor: Visitor) -> None:
    asked = "launch patient/Condition.cruds patient/Observation.rs?category=laboratory patient/Nonsense.rs"
    code = came_back(visitor.authorize(visitor.mint(), scope=asked))["code"]
    assert visitor.exchange(code).json["scope"] == "launch patient/Condition.rs"


@pytest.mark.parametrize(
    ("tenant", "issuer", "fhir_user"),
    [
        ("main", "/main/fhir", "Practitioner/staff-dr"),
        ("issuer", "/issuer/oauth2", f"{BASE}/issuer/fhir/Practitioner/staff-dr"),
        ("second", "/second/oauth2", f"{BASE}/second/fhir/Practitioner/staff-dr"),
        ("es256", "/es256/fhir", "Practitioner/staff-dr"),
        ("nofhiruser", "/nofhiruser/fhir", None),
        ("patientuser", "/patientuser/fhir", "Patient/p-1001"),
    ],
)
def test_id_tokens_differ_by_tenant_as_vendors_do(tenant: str, issuer: str, fhir_user: str) -> None:
    visitor = at(tenant)
    claims = visitor.claims(visitor.tokens()["id_token"])
    assert claims["iss"] == BASE + issuer
    assert claims.get("fhirUser") == fhir_user
    assert visitor.get(".well-known/openid-configuration").json["issuer"] == claims["iss"]
    assert visitor.http.get(f"{issuer}/.well-known/openid-configuration").json["issuer"] == claims["iss"]


def test_without_fhir_user_the_subject_is_the_practitioner() -> None:
    visitor = at("nofhiruser")
    assert visitor.claims(visitor.tokens()["id_token"])["sub"] == "staff-dr"


def test_the_keys_of_the_kidless_tenant_do_not_help_who_takes_the_first() -> None:
    visitor = at("es256")
    keys = visitor.http.get("/es256/auth/jwks").json["keys"]
    assert [key.get("kid") for key in keys] == [None, None]
    assert all("d" not in key for key in keys)


def test_launch_context_varies_as_vendors_do() -> None:
    assert at("textbanner").tokens(banner="false")["need_patient_banner"] == "false"
    assert at("main").tokens(banner="false")["need_patient_banner"] is False
    encounter_only = at("encounteronly").tokens()
    assert "patient" not in encounter_only
    assert encounter_only["encounter"] == "p-1001-visit"
    assert "encounter" not in at("main").tokens(encounter="none")
    assert at("main").tokens(intent="reconcile")["intent"] == "reconcile"
    assert {"patient", "encounter"}.isdisjoint(at("main").tokens(patient="none"))


def test_each_user_is_who_they_are(visitor: Visitor) -> None:
    for user in ("dr", "ma", "mgr"):
        claims = visitor.claims(visitor.tokens(user=user)["id_token"])
        assert claims["fhirUser"] == f"Practitioner/staff-{user}"
    assert visitor.http.get("/main/launch-url?scenario=one-open-gap&user=nobody").status_code == 400
    assert visitor.http.get("/main/launch-url?scenario=nothing-such").status_code == 404
    assert visitor.http.get("/nowhere/launch-url?scenario=one-open-gap").status_code == 404


def test_a_standalone_launch_picks_user_and_patient_and_asks(visitor: Visitor) -> None:
    page = visitor.authorize(None)
    assert page.status_code == 200
    held = re.search(r'name="held" value="([^"]+)"', page.text)
    assert held
    form = {"held": held[1], "user": "ma", "scenario": "two-payers", "decision": "approve"}
    answer = came_back(visitor.http.post("/main/auth/approve", data=form))
    tokens = visitor.exchange(answer["code"]).json
    assert tokens["patient"] == "p-1002"
    assert visitor.http.post("/main/auth/approve", data=form).status_code == 400


def test_a_user_may_refuse_a_standalone_launch(visitor: Visitor) -> None:
    held = re.search(r'name="held" value="([^"]+)"', visitor.authorize(None).text)
    assert held
    answer = came_back(visitor.http.post("/main/auth/approve", data={"held": held[1], "decision": "deny"}))
    assert (answer["error"], answer["state"]) == ("access_denied", "state-1")


def test_an_id_token_is_not_verified_by_another_tenants_keys() -> None:
    foreign = at("es256").tokens()["id_token"]
    with pytest.raises(JoseError):
        at("main").claims(foreign)
