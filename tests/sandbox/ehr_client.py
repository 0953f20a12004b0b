"""A SMART client written by hand against the sandbox EHR in process, for tests that walk a launch step by step."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.test import TestResponse

from sandbox_config.ehr import create_ehr
from sandbox_config.ehr.tenants import TENANTS
from sandbox_config.scenario import Scenario, load_all

BASE = "http://localhost:8600"
APP = "http://127.0.0.1:8000"
CALLBACK = f"{APP}/callback"
VERIFIER = "v" * 43
SCOPES = (
    "launch openid fhirUser offline_access patient/*.rs user/Practitioner.rs user/Organization.rs user/Appointment.rs"
)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@cache
def stories() -> Mapping[str, Scenario]:
    """Two stories are enough for the EHR's side."""
    loaded = load_all(date(2026, 11, 23))
    return {name: loaded[name] for name in ("one-open-gap", "two-payers")}


@cache
def client_key(alg: str) -> RSAKey | ECKey:
    parameters: Any = {"kid": f"client-{alg}", "alg": alg, "use": "sig"}
    return RSAKey.generate_key(2048, parameters) if alg == "RS384" else ECKey.generate_key("P-384", parameters)


def client_jwks(_url: str) -> dict[str, Any]:
    return {"keys": [client_key(alg).as_dict(private=False) for alg in ("RS384", "ES384")]}


def new_ehr(clock: Clock, **options: Any) -> Flask:
    """A fresh EHR: nothing minted, no fault on, no wait."""
    defaults: dict[str, Any] = {"sleep": lambda _seconds: None, "fetch_json": client_jwks}
    return create_ehr(stories(), base_url=BASE, app_url=APP, clock=clock, **(defaults | options))


class Visitor:
    """One client at one tenant. Every step takes overrides; an override of None leaves the field out."""

    def __init__(self, ehr: Flask, clock: Clock, tenant: str = "main") -> None:
        self.http = ehr.test_client()
        self.clock = clock
        self.tenant = TENANTS[tenant]
        self.root = f"/{tenant}"
        self.aud = f"{BASE}/{tenant}/fhir"

    def mint(self, scenario: str = "one-open-gap", **options: str) -> str:
        answer = self.http.get(f"{self.root}/launch-url", query_string={"scenario": scenario, **options})
        assert answer.status_code == 200, answer.text
        return str(answer.json["launch"])

    def authorize(self, launch: str | None, /, **overrides: str | None) -> TestResponse:
        asked = {
            "response_type": "code",
            "client_id": "chartside",
            "redirect_uri": CALLBACK,
            "scope": SCOPES if launch else "launch/patient openid patient/*.rs",
            "state": "state-1",
            "nonce": "nonce-1",
            "aud": self.aud,
            "launch": launch,
            "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | overrides
        return self.http.get(f"{self.root}/auth/authorize", query_string=present(asked))

    def code(self, **options: str) -> str:
        return came_back(self.authorize(self.mint(**options)))["code"]

    def exchange(self, code: str, /, headers: Mapping[str, str] | None = None, **overrides: str | None) -> TestResponse:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **self.credentials(),
        } | overrides
        return self.post("token", asked, headers)

    def refresh(self, refresh_token: str, **overrides: str | None) -> TestResponse:
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.credentials()} | overrides
        return self.post("token", asked)

    def post(self, endpoint: str, form: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> TestResponse:
        sent = self.headers() if headers is None else headers
        return self.http.post(f"{self.root}/auth/{endpoint}", data=present(form), headers=sent)

    def credentials(self) -> dict[str, str]:
        match self.tenant.auth:
            case "none":
                return {"client_id": "chartside"}
            case "client_secret_post":
                return {"client_id": "chartside", "client_secret": self.tenant.client_secret}
            case "private_key_jwt":
                return assertion_form(self.assertion())
            case _:
                return {}

    def headers(self) -> dict[str, str]:
        return basic("chartside", self.tenant.client_secret) if self.tenant.auth == "client_secret_basic" else {}

    def assertion(self, header: Mapping[str, Any] | None = None, key_alg: str = "", **claims: Any) -> str:
        alg = self.tenant.assertion_alg
        now = int(self.clock().timestamp())
        body = {
            "iss": "chartside",
            "sub": "chartside",
            "aud": f"{BASE}{self.root}/auth/token",
            "exp": now + 240,
            "jti": secrets.token_hex(8),
        } | claims
        fields = {"alg": alg, "typ": "JWT", "kid": f"client-{alg}"} | dict(header or {})
        key = client_key(key_alg or alg)
        return jwt.encode(present(fields), present(body), key, algorithms=["RS384", "ES384"], default_type=None)

    def tokens(self, **options: str) -> dict[str, Any]:
        """A complete EHR launch; the token response."""
        answer = self.exchange(self.code(**options))
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def get(self, path: str, access_token: str = "", **query: Any) -> TestResponse:
        """A FHIR request. Underscores inside a parameter's name stand for hyphens; leading ones stay."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        return self.http.get(path.removeprefix(BASE) if "://" in path else f"{self.root}/fhir/{path}",
                             query_string=query or None, headers=headers)  # fmt: skip

    def claims(self, id_token: str) -> dict[str, Any]:
        """The claims of an id_token whose signature the published keys verify."""
        published = KeySet.import_key_set(self.http.get(f"{self.root}/auth/jwks").json)
        key = published.keys[-1]
        return dict(jwt.decode(id_token, key, algorithms=[self.tenant.id_token_alg]).claims)


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def came_back(answer: TestResponse) -> dict[str, str]:
    """What the redirect to the callback carries."""
    assert answer.status_code == 302, answer.text
    assert answer.location.startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(answer.location).query))


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


def assertion_form(assertion: str) -> dict[str, str]:
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }


def resources(bundle: Mapping[str, Any], mode: str = "match") -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", ()) if entry["search"]["mode"] == mode]
