"""A client of a sandbox payer for tests: keys, assertions and tokens made with joserfc, over the WSGI app itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.test import TestResponse

from sandbox_config.payer import create_payer
from sandbox_config.payer.style import style_of
from sandbox_config.scenario import Scenario, load_all

TODAY = date(2026, 11, 22)
BASE = "http://localhost:8601"
JWKS_URL = "http://127.0.0.1:8000/.well-known/jwks.json"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Json = dict[str, Any]


@cache
def stories(day: date = TODAY) -> Mapping[str, Scenario]:
    """The stories as told on that day, loaded once."""
    return load_all(day)


@cache
def key(alg: str, kid: str) -> ECKey | RSAKey:
    """A signing key of the client."""
    parameters: Any = {"kid": kid, "alg": alg, "use": "sig"}
    return ECKey.generate_key("P-384", parameters) if alg == "ES384" else RSAKey.generate_key(2048, parameters)


class PayerHouse:
    """One payer, a clock that stands still until moved, and the client's published keys."""

    def __init__(self, payer: str = "northwind", scenarios: Mapping[str, Scenario] | None = None) -> None:
        self.payer = payer
        self.now = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
        self.slept: list[float] = []
        self.jwks_reads = 0
        self.published = [key("ES384", "one")]
        self.token_url = f"{BASE}/oauth/token"
        self._jti = count()
        self.app: Flask = create_payer(
            payer,
            stories() if scenarios is None else scenarios,
            base_url=BASE,
            jwks_url=JWKS_URL,
            clock=lambda: self.now,
            sleep=self.slept.append,
            fetch_json=self._fetch,
        )
        self.http: FlaskClient = self.app.test_client()

    def _fetch(self, url: str) -> Any:
        assert url == JWKS_URL
        self.jwks_reads += 1
        return KeySet(self.published).as_dict(private=False)  # type: ignore[arg-type]  # joserfc wants an invariant list

    def assertion(self, alg: str = "ES384", kid: str = "one", *, header: Json | None = None, **claims: Any) -> str:
        """A client assertion that is right but for what is given; a claim of None is left out."""
        said: Json = {
            "iss": "chartside",
            "sub": "chartside",
            "aud": self.token_url,
            "exp": int((self.now + timedelta(seconds=240)).timestamp()),
            "jti": f"jti-{next(self._jti)}",
        } | claims
        body = {name: value for name, value in said.items() if value is not None}
        head = {"alg": alg, "kid": kid, "typ": "JWT"} | (header or {})
        return jwt.encode({k: v for k, v in head.items() if v is not None}, body, key(alg, kid), algorithms=[alg])

    def ask_token(self, scope: str = "system/*.rs", assertion: str = "", **form: str) -> TestResponse:
        """The token endpoint's answer."""
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            "scope": scope,
        }
        return self.http.post("/oauth/token", data=fields | form)

    def bearer(self, scope: str = "system/*.rs") -> dict[str, str]:
        """An Authorization header that works."""
        answer = self.ask_token(scope)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {json_of(answer)['access_token']}"}

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """A FHIR GET with a token, unless headers are given."""
        sent = self.bearer() if headers is None else headers
        return self.http.get(f"/fhir/{path}", query_string=query, headers=sent)

    def post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> TestResponse:
        """A FHIR POST with a token, unless headers are given."""
        sent = self.bearer() if headers is None else headers
        return self.http.post(f"/fhir/{path}", data=json.dumps(body), headers={"Content-Type": FHIR, **sent})

    def send(self, method: str, path: str, body: Json, **headers: str) -> TestResponse:
        """A FHIR write with a token that may write reports. Underscores in a header's name stand for hyphens."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": FHIR, **self.bearer("system/*.rs system/MeasureReport.cu"), **said}
        return self.http.open(f"/fhir/{path}", method=method, data=json.dumps(body), headers=sent)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """What the control routes say."""
        answer = self.http.open(path, method=method, json=body or None)
        assert answer.status_code == 200, answer.text
        return json_of(answer)

    def gaps(self, patient: str, statuses: tuple[str, ...] = ("open-gap", "closed-gap"), **more: Any) -> Json:
        """`$care-gaps` of one patient for the year."""
        answer = self.ask_gaps(patient, statuses, **more)
        if answer.status_code == 202:
            self.now += timedelta(seconds=int(answer.headers["Retry-After"]))
            answer = self.get(answer.headers["Content-Location"].removeprefix(f"{BASE}/fhir/"))
        assert answer.status_code == 200, answer.text
        return body_of(answer)

    def ask_gaps(self, patient: str, statuses: tuple[str, ...], **more: Any) -> TestResponse:
        """The first answer to `$care-gaps` for the year."""
        query = {"periodStart": "2026-01-01", "periodEnd": "2026-12-31", "status": statuses, **more}
        return self.get("Measure/$care-gaps", subject=f"Patient/{patient}", **query)

    def any_risk(self, patient: str) -> Json:
        """The RA reports of a patient for the year, in whatever way this payer gives them."""
        operation = style_of(self.payer, "", "").ra.operation
        if operation == "risk-gap":
            return body_of(self.post("MeasureReport/$risk-gap", risk_gap(patient, self.number_of(patient))))
        if operation:
            year = {"periodStart": "2026-01-01", "periodEnd": "2026-12-31"}
            return body_of(self.get("MeasureReport/$report", subject=f"Patient/{patient}", **year))
        return body_of(self.get("MeasureReport", patient=patient, _include="MeasureReport:evaluated-resource"))

    def number_of(self, patient: str) -> str:
        """The member number of one of the payer's patients."""
        return str(body_of(self.get(f"Patient/{patient}"))["identifier"][0]["value"])

    def risk(self, patient: str, **more: Any) -> Json:
        """One page of the RA reports of a patient for the year."""
        period = ["ge2026-01-01", "le2026-12-31"]
        answer = self.get("MeasureReport", patient=f"Patient/{patient}", period=period, category="ra", **more)
        assert answer.status_code == 200, answer.text
        return body_of(answer)


FHIR = "application/fhir+json"


def risk_gap(patient: str, number: str, **changed: Any) -> Json:
    """The Parameters of `$risk-gap` (RA 3.0.0-ballot); what is given replaces parts of them, None leaves one out."""
    coverage = {"resourceType": "Coverage", "id": "c1", "subscriberId": number}
    data = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": coverage}]}
    parts: Json = {
        "periodStart": {"valueDate": "2026-01-01"},
        "periodEnd": {"valueDate": "2026-12-31"},
        "subject": {"valueReference": {"reference": f"Patient/{patient}"}},
        "coverage": {"valueReference": {"reference": "Coverage/c1"}},
        "data": {"resource": data},
    } | changed
    return {"resourceType": "Parameters", "parameter": [{"name": k, **v} for k, v in parts.items() if v]}


def body_of(answer: TestResponse) -> Json:
    """The JSON of a FHIR answer."""
    assert answer.content_type.startswith(FHIR), answer.content_type
    body = json.loads(answer.text)
    assert isinstance(body, dict)
    return body


def json_of(answer: TestResponse) -> Any:
    """The JSON of any other answer."""
    return json.loads(answer.text)


def bundles(parameters: Json) -> list[Json]:
    """The Bundles of a `$care-gaps` answer."""
    return [parameter["resource"] for parameter in parameters.get("parameter", ())]


def resources(bundle: Json, resource_type: str) -> list[Json]:
    """The resources of one type in a Bundle."""
    return [e["resource"] for e in bundle.get("entry", ()) if e["resource"]["resourceType"] == resource_type]


def extension(element: Json, url: str, within: str = "extension") -> Json:
    """The extension with this URL, or nothing."""
    return next((e for e in element.get(within, ()) if e["url"] == url), {})
