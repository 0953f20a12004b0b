"""The payer's door: SMART Backend Services (App Launch 2.2), strict where real servers are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from payer_client import BASE, PayerHouse, body_of, json_of, key

from sandbox_config.payer.tokens import granted


@pytest.fixture(name="house")
def _house() -> PayerHouse:
    return PayerHouse()


def test_discovery_names_the_token_endpoint(house: PayerHouse) -> None:
    answer = house.http.get("/fhir/.well-known/smart-configuration")
    assert json_of(answer)["token_endpoint"] == f"{BASE}/oauth/token"
    assert json_of(answer)["grant_types_supported"] == ["client_credentials"]
    assert set(json_of(answer)["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_a_good_assertion_gives_a_short_token(house: PayerHouse, alg: str) -> None:
    house.published = [key(alg, "one")]
    answer = house.ask_token("system/Patient.rs", house.assertion(alg))
    assert answer.status_code == 200
    assert json_of(answer)["expires_in"] == 300
    assert json_of(answer)["token_type"].lower() == "bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json_of(answer)["scope"] == "system/Patient.rs"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": f"{BASE}/oauth/token/"}, "aud"),
        ({"aud": f"{BASE}/fhir"}, "aud"),
        ({"aud": [f"{BASE}/oauth/token"]}, "aud"),
        ({"iss": "somebody"}, "iss"),
        ({"sub": "somebody"}, "sub"),
        ({"jti": None}, "jti"),
        ({"exp": None}, "exp"),
        ({"exp": 1_795_359_600 + 301}, "exp"),
        ({"exp": 1_795_359_600 - 1}, "exp"),
        ({"exp": "soon"}, "exp"),
    ],
)
def test_an_assertion_that_is_wrong_in_one_claim_is_refused(
    house: PayerHouse, claims: dict[str, Any], why: str
) -> None:
    assert int(house.now.timestamp()) == 1_795_359_600
    answer = house.ask_token(assertion=house.assertion(**claims))
    assert answer.status_code == 401
    assert json_of(answer)["error"] == "invalid_client"
    assert why in json_of(answer)["error_description"]


@pytest.mark.parametrize("header", [{"kid": None}, {"jku": "https://elsewhere.example/jwks.json"}])
def test_a_header_that_does_not_name_the_registered_key_is_refused(house: PayerHouse, header: dict[str, Any]) -> None:
    assert house.ask_token(assertion=house.assertion(header=header)).status_code == 401


def test_an_assertion_works_once(house: PayerHouse) -> None:
    assertion = house.assertion()
    assert house.ask_token(assertion=assertion).status_code == 200
    again = house.ask_token(assertion=assertion)
    assert again.status_code == 401
    assert "before" in json_of(again)["error_description"]


def test_a_foreign_signature_is_refused(house: PayerHouse) -> None:
    head, claims, _ = house.assertion().split(".")
    signature = house.assertion(jti="another").split(".")[2]
    assert house.ask_token(assertion=f"{head}.{claims}.{signature}").status_code == 401
    assert house.ask_token(assertion="not.a.jwt").status_code == 401


def test_keys_are_remembered_and_read_again_when_a_kid_is_new(house: PayerHouse) -> None:
    house.ask_token()
    house.ask_token()
    assert house.jwks_reads == 1
    house.published = [key("ES384", "two")]
    assert house.ask_token(assertion=house.assertion(kid="two")).status_code == 200
    assert house.jwks_reads == 2


def test_other_grants_are_refused(house: PayerHouse) -> None:
    answer = house.ask_token(grant_type="authorization_code")
    assert (answer.status_code, json_of(answer)["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("asked", "text", "may"),
    [
        ("system/Patient.rs", "system/Patient.rs", {"Patient": "rs"}),
        ("system/Patient.cruds", "system/Patient.rs", {"Patient": "rs"}),
        ("system/Patient.r system/Patient.s", "system/Patient.r system/Patient.s", {"Patient": "rs"}),
        ("system/Patient.read", "system/Patient.read", {"Patient": "rs"}),
        ("system/Group.rs system/Measure.r", "system/Measure.r", {"Measure": "r"}),
        ("user/Patient.rs launch openid", "", {}),
        ("system/Patient.write", "", {}),
    ],
)
def test_scopes_granted_are_those_both_asked_and_allowed(asked: str, text: str, may: dict[str, str]) -> None:
    assert granted(asked) == (text, may)


def test_no_allowed_scope_is_an_error(house: PayerHouse) -> None:
    answer = house.ask_token("user/Patient.rs")
    assert (answer.status_code, json_of(answer)["error"]) == (400, "invalid_scope")


def test_fhir_wants_a_token_that_lives_and_suffices(house: PayerHouse) -> None:
    without = house.get("Patient/nw-77120431", headers={})
    assert without.status_code == 401
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    assert body_of(without)["resourceType"] == "OperationOutcome"

    header = house.bearer("system/Patient.r")
    assert house.get("Patient/nw-77120431", headers=header).status_code == 200
    assert house.get("Patient", headers=header, identifier="a|b").status_code == 403
    assert house.get("Organization/northwind", headers=header).status_code == 403

    house.now += timedelta(seconds=301)
    assert house.get("Patient/nw-77120431", headers=header).status_code == 401


def test_tokens_can_be_forgotten(house: PayerHouse) -> None:
    header = house.bearer()
    house.http.delete("/_tokens")
    assert house.get("Patient/nw-77120431", headers=header).status_code == 401
    assert house.get("Patient/nw-77120431").status_code == 200


@pytest.mark.parametrize(("payer", "category"), [("northwind", "category"), ("lakeside", "measurereport-category")])
def test_the_capability_statement_says_which_guides_it_follows(payer: str, category: str) -> None:
    statement = body_of(PayerHouse(payer).http.get("/fhir/metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    assert any(guide.endswith("davinci-deqm|5.0.0") for guide in statement["implementationGuide"])
    by_type = {resource["type"]: resource for resource in statement["rest"][0]["resource"]}
    assert by_type["Measure"]["operation"][0]["definition"].endswith("davinci-deqm/OperationDefinition/care-gaps")
    assert category in {param["name"] for param in by_type["MeasureReport"]["searchParam"]}
    assert ("searchParam" in by_type["Patient"]) == (payer == "northwind")
