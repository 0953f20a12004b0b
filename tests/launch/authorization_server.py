"""An EHR's authorization server for these tests: strict where real ones are, with every odd habit a switch.

Written from the specifications (RFC 6749, 7636, 7523, 7009; OpenID Connect Core; SMART App Launch 2.2); shares no code
with `launch`. It signs everybody in at once.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

Json = dict[str, Any]
SIGNING = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa-1"}),
    "RS384": RSAKey.generate_key(2048, {"kid": "rsa-2"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec-1"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "ec-2"}),
}
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})  # the right name, the wrong key
OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass
class Habits:
    """What this EHR does. Tests change it before or during a launch."""

    auth: str = "none"
    client_id: str = "chartside"
    client_secret: str = ""
    client_jwks: Json = field(default_factory=dict)
    alg: str = "RS256"
    kid: bool = True  # in headers of id_tokens
    keys_with_kid: bool = True
    signing: Mapping[str, Any] = field(default_factory=lambda: dict(SIGNING))
    well_known: bool = True
    configuration: Json = field(default_factory=dict)  # None drops a member
    openid_configuration: Json | None = None
    token: Json = field(default_factory=dict)  # overrides of the token response; None drops a member
    claims: Json = field(default_factory=dict)  # overrides of the id_token; None drops a claim
    refreshed: Json = field(default_factory=dict)  # overrides of refresh responses
    grant: Callable[[list[str]], list[str]] = lambda scopes: scopes
    lifetime: int = 3600
    refresh: str = "rotate"  # rotate | keep | never
    refresh_delay: float = 0.0
    authorize_error: str = ""
    token_answer: Callable[[], Any] | None = None  # replaces the token endpoint's answer
    user: str = "dr-okafor"
    patient: str | None = "p1"
    encounter: str | None = "e1"
    fhir_user: str | None = None


class AuthorizationServer:
    """One EHR under `origin`; its FHIR base is `origin`/fhir."""

    def __init__(self, origin: str, clock: Callable[[], datetime], redirect_uri: str, **habits: Any) -> None:
        self.origin, self.base = origin, f"{origin}/fhir"
        self.host = urlsplit(origin).netloc
        self.clock, self.redirect_uri = clock, redirect_uri
        self.habits = Habits(**habits)
        self.authorized: list[Json] = []  # parameters of each authorize request
        self.asked: list[Json] = []  # parameters of each token request
        self.revoked: list[str] = []
        self.theft = 0  # uses of a refresh token that was no longer good
        self._codes: dict[str, Json] = {}
        self._launches: set[str] = set()
        self._grants: dict[str, Json] = {}  # refresh token -> grant
        self._jtis: set[str] = set()
        self._lock = threading.Lock()
        self.app = self._routes()

    def _routes(self) -> Flask:
        app = Flask(__name__)
        app.get("/fhir/.well-known/smart-configuration")(self.smart_configuration)
        app.get("/fhir/.well-known/openid-configuration")(self.openid)
        app.get("/fhir/metadata")(self.metadata)
        app.get("/auth/authorize")(self.authorize)
        app.post("/auth/token")(self.token)
        app.post("/auth/revoke")(self.revoke)
        app.get("/keys")(self.keys)
        return app

    # -- discovery

    def smart_configuration(self) -> Any:
        if not self.habits.well_known:
            return "", 404
        return jsonify(
            _changed(
                {
                    "issuer": f"{self.origin}/oauth2",
                    "jwks_uri": f"{self.origin}/keys",
                    "authorization_endpoint": f"{self.origin}/auth/authorize",
                    "token_endpoint": f"{self.origin}/auth/token",
                    "revocation_endpoint": f"{self.origin}/auth/revoke",
                    "capabilities": ["launch-ehr", "launch-standalone", "permission-v1", "permission-v2"],
                    "code_challenge_methods_supported": ["S256"],
                },
                self.habits.configuration,
            )
        )

    def openid(self) -> Any:
        said = self.habits.openid_configuration
        return jsonify(said) if said is not None else ("", 404)

    def metadata(self) -> Any:
        uris = [{"url": "authorize", "valueUri": f"{self.origin}/auth/authorize"}]
        uris.append({"url": "token", "valueUri": f"{self.origin}/auth/token"})
        security = {"extension": [{"url": OAUTH, "extension": uris}]}
        return jsonify({"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "security": security}]})

    def keys(self) -> Any:
        published = [key.as_dict(private=False) for key in self.habits.signing.values()]
        if not self.habits.keys_with_kid:
            published = [{k: v for k, v in key.items() if k != "kid"} for key in published]
        return jsonify({"keys": [*published, {"kty": "quantum", "kid": "?"}, "not a key"]})

    # -- sign-in

    def authorize(self) -> Any:
        asked = request.args.to_dict()
        self.authorized.append(asked)
        if asked.get("redirect_uri") != self.redirect_uri or asked.get("client_id") != self.habits.client_id:
            return "unknown client or redirect_uri", 400
        error = self.habits.authorize_error or self._refusal(asked)
        if error:
            return redirect(f"{self.redirect_uri}?{urlencode({'error': error, 'state': asked.get('state', '')})}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return redirect(f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}")

    def _refusal(self, asked: Json) -> str:
        if asked.get("aud") != self.base:  # a slash more or less is another audience
            return "invalid_request"
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            return "invalid_request"
        if len(asked.get("state", "")) < 22 or "code_challenge" not in asked:
            return "invalid_request"
        if "launch" in asked.get("scope", "").split():
            launch = asked.get("launch", "")
            if not launch or launch in self._launches:  # each launch is good once
                return "invalid_request"
            self._launches.add(launch)
        return ""

    def token(self) -> Any:
        asked = request.form.to_dict()
        self.asked.append(asked)
        if self.habits.token_answer:
            return self.habits.token_answer()
        if not self._client_is_who_it_says(asked):
            return jsonify(error="invalid_client"), 401
        if asked.get("grant_type") == "refresh_token":
            return self._refresh(asked)
        with self._lock:
            authorized = self._codes.pop(asked.get("code", ""), None)
        if authorized is None or asked.get("redirect_uri") != authorized["redirect_uri"]:
            return jsonify(error="invalid_grant", error_description="code"), 400
        challenge = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != authorized["code_challenge"]:
            return jsonify(error="invalid_grant", error_description="code_verifier"), 400
        return self._answer(authorized, self.habits.token)

    def _refresh(self, asked: Json) -> Any:
        with self._lock:
            take = self._grants.pop if self.habits.refresh == "rotate" else self._grants.get
            grant = take(asked.get("refresh_token", ""), None)
        time.sleep(self.habits.refresh_delay)
        if grant is None:
            self.theft += 1
            self._grants.clear()
            return jsonify(error="invalid_grant"), 400
        return self._answer(grant, {"id_token": None, **self.habits.refreshed})

    def _answer(self, authorized: Json, changes: Json) -> Response:
        habits = self.habits
        granted = habits.grant(authorized["scope"].split())
        answer: Json = {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": habits.lifetime,
            "scope": " ".join(granted),
            "patient": habits.patient,
            "encounter": habits.encounter,
            "need_patient_banner": False,
        }
        if "openid" in granted:
            answer["id_token"] = self.id_token(authorized.get("nonce"))
        if habits.refresh != "never" and {"offline_access", "online_access"} & set(granted):
            keep = habits.refresh == "keep" and request.form.get("refresh_token")
            if not keep:
                answer["refresh_token"] = secrets.token_urlsafe(24)
                self._grants[answer["refresh_token"]] = authorized
        response = jsonify(_changed(answer, changes))
        response.headers["Cache-Control"] = "no-store"
        return response

    def id_token(self, nonce: str | None) -> str:
        habits, now = self.habits, int(self.clock().timestamp())
        claims = {
            "iss": f"{self.origin}/oauth2",
            "sub": habits.user,
            "aud": habits.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Dr. Ada Okafor",
            "fhirUser": habits.fhir_user or f"{self.base}/Practitioner/{habits.user}",
        }
        key = habits.signing[habits.alg]
        header = {"alg": habits.alg} | ({"kid": key.kid} if habits.kid else {})
        return jwt.encode(header, _changed(claims, habits.claims), key, algorithms=[habits.alg])

    def revoke(self) -> Any:
        asked = request.form.to_dict()
        if not self._client_is_who_it_says(asked):
            return jsonify(error="invalid_client"), 401
        self.revoked.append(asked["token"])
        return ""

    # -- client authentication: the registered way and no other

    def _client_is_who_it_says(self, asked: Json) -> bool:
        habits, basic = self.habits, request.authorization
        ways = {
            "client_secret_basic": basic is not None,
            "client_secret_post": "client_secret" in asked,
            "private_key_jwt": "client_assertion" in asked,
        }
        used = [way for way, is_used in ways.items() if is_used] or ["none"]
        if used != [habits.auth]:
            return False
        if habits.auth == "private_key_jwt":
            return self._assertion_is_good(asked)
        if habits.auth == "client_secret_basic":
            return basic is not None and (basic.username, basic.password) == (habits.client_id, habits.client_secret)
        secret = asked.get("client_secret", "")
        return asked.get("client_id") == habits.client_id and secret == habits.client_secret

    def _assertion_is_good(self, asked: Json) -> bool:
        if asked.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return False
        try:
            keys = KeySet.import_key_set(self.habits.client_jwks)  # type: ignore[arg-type] # a plain dict is one
            token = jwt.decode(asked["client_assertion"], keys, algorithms=["RS384", "ES384"])
        except (JoseError, ValueError):
            return False
        claims, now = token.claims, int(self.clock().timestamp())
        fresh = now < claims["exp"] <= now + 300 and claims["jti"] not in self._jtis
        self._jtis.add(claims["jti"])
        who = claims["iss"] == claims["sub"] == self.habits.client_id
        return fresh and who and claims["aud"] == f"{self.origin}/auth/token" and token.header["typ"] == "JWT"


def _changed(said: Json, changes: Json) -> Json:
    return {k: v for k, v in {**said, **changes}.items() if v is not None}
