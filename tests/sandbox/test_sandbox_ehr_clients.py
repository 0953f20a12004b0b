"""Client authentication at the sandbox EHR: each registered method works, and nothing else does."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey
from requests import ConnectionError as Unreachable

from tests.sandbox.ehr_client import Clock, Visitor, assertion_form, basic, client_jwks, new_ehr

CLOCK = Clock()  # nobody moves it here
NOW = int(CLOCK.now.timestamp())


@cache
def shared_ehr() -> Flask:
    return new_ehr(CLOCK)


def at(tenant: str, **options: Any) -> Visitor:
    return Visitor(new_ehr(CLOCK, **options) if options else shared_ehr(), CLOCK, tenant)


@pytest.mark.parametrize("tenant", ["main", "basic", "post", "rs384", "es384"])
def test_the_registered_method_works_for_code_refresh_and_revocation(tenant: str) -> None:
    visitor = at(tenant)
    tokens = visitor.tokens()
    refreshed = visitor.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    revoked = visitor.post("revoke", {"token": refreshed.json["refresh_token"], **visitor.credentials()})
    assert revoked.status_code == 200
    assert visitor.get("Patient/p-1001", refreshed.json["access_token"]).status_code == 401


WRONG: list[tuple[str, dict[str, str], dict[str, str | None]]] = [
    ("main", {}, {"client_id": None}),
    ("main", {}, {"client_id": "other"}),
    ("main", {}, {"client_secret": "anything"}),
    ("basic", {}, {"client_id": "chartside"}),
    ("basic", basic("chartside", "wrong"), {}),
    ("basic", basic("other", "sandbox-basic-secret"), {}),
    ("basic", {"Authorization": "Basic !!!"}, {}),
    ("basic", {"Authorization": "Bearer x"}, {}),
    ("basic", basic("chartside", "sandbox-basic-secret"), {"client_secret": "sandbox-basic-secret"}),
    ("basic", {}, {"client_id": "chartside", "client_secret": "sandbox-basic-secret"}),
    ("post", {}, {"client_secret": "wrong"}),
    ("post", {}, {"client_secret": None}),
    ("post", basic("chartside", "sandbox-post-secret"), {"client_secret": None}),
    ("rs384", {}, {"client_assertion": None, "client_assertion_type": None, "client_id": "chartside"}),
    ("rs384", {}, {"client_assertion_type": "other"}),
    ("rs384", {}, {"client_assertion": "not.a.jwt"}),
    ("rs384", {}, {"client_id": "other"}),
]


@pytest.mark.parametrize(("tenant", "headers", "form"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_anything_else_is_refused_at_the_code(
    tenant: str, headers: dict[str, str], form: dict[str, str | None]
) -> None:
    visitor = at(tenant)
    answer = visitor.exchange(visitor.code(), headers=headers, **form)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    if headers:
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_refresh_needs_the_client_too() -> None:
    visitor = at("post")
    refresh_token = visitor.tokens()["refresh_token"]
    assert visitor.refresh(refresh_token, client_secret=None).status_code == 401
    assert visitor.refresh(refresh_token).status_code == 200


@pytest.mark.parametrize("tenant", ["rs384", "es384"])
@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"kid": None}, {}),
        ({"kid": "unknown"}, {}),
        ({"typ": None}, {}),
        ({"typ": "at+jwt"}, {}),
        ({"jku": "http://127.0.0.1:8000/other"}, {}),
        ({}, {"iss": "other"}),
        ({}, {"sub": "other"}),
        ({}, {"iss": "other", "sub": "other"}),
        ({}, {"aud": "http://localhost:8600/main/auth/token"}),
        ({}, {"aud": None}),
        ({}, {"exp": NOW + 3600}),
        ({}, {"exp": NOW + 301}),
        ({}, {"exp": NOW}),
        ({}, {"exp": None}),
        ({}, {"jti": None}),
    ],
    ids=str,
)
def test_a_wrong_assertion_is_refused(tenant: str, header: dict[str, Any], claims: dict[str, Any]) -> None:
    visitor = at(tenant)
    form = assertion_form(visitor.assertion(header, **claims))
    answer = visitor.exchange(visitor.code(), **form)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_an_assertion_at_the_limit_of_five_minutes_is_good() -> None:
    visitor = at("es384")
    form = assertion_form(visitor.assertion(exp=NOW + 300, aud=["x", "http://localhost:8600/es384/auth/token"]))
    assert visitor.exchange(visitor.code(), **form).status_code == 200


def test_an_assertion_works_once() -> None:
    visitor = at("es384")
    form = assertion_form(visitor.assertion())
    assert visitor.exchange(visitor.code(), **form).status_code == 200
    assert visitor.exchange(visitor.code(), **form).status_code == 401


def test_the_algorithm_is_the_registered_one() -> None:
    visitor = at("rs384")
    other = visitor.assertion({"alg": "ES384", "kid": "client-ES384"}, key_alg="ES384")
    assert visitor.exchange(visitor.code(), **assertion_form(other)).status_code == 401


def test_a_key_that_is_not_published_signs_nothing() -> None:
    stranger = ECKey.generate_key("P-384", {"kid": "client-ES384", "alg": "ES384", "use": "sig"})
    visitor = at("es384", fetch_json=lambda _url: {"keys": [stranger.as_dict(private=False)]})
    assert visitor.exchange(visitor.code()).status_code == 401


def test_the_keys_are_fetched_from_the_registered_address_each_time() -> None:
    asked: list[str] = []

    def fetch(url: str) -> Any:
        asked.append(url)
        return client_jwks(url)

    visitor = at("es384", fetch_json=fetch)
    visitor.refresh(visitor.tokens()["refresh_token"])
    assert asked == ["http://127.0.0.1:8000/.well-known/jwks.json"] * 2


@pytest.mark.parametrize("trouble", [Unreachable("no route"), ValueError("not JSON")])
def test_unreachable_or_unreadable_keys_refuse_the_client(trouble: Exception) -> None:
    def fetch(_url: str) -> Any:
        raise trouble

    visitor = at("es384", fetch_json=fetch)
    assert visitor.exchange(visitor.code()).json["error"] == "invalid_client"
