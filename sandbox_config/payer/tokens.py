"""The payer's authorization server: SMART Backend Services (App Launch 2.2, client_credentials with private_key_jwt).

Strict where real ones are: signature by a key of the client's published JWKS, RS384 or ES384, `aud` exactly the token
endpoint, `exp` at most five minutes ahead, `jti` once, `iss` = `sub` = client. Scopes granted are asked and allowed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

CLIENT_ID = "chartside"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS384", "ES384")
MAX_ASSERTION_LIFE = timedelta(minutes=5)
TOKEN_LIFE = timedelta(seconds=300)

#: What this client may ever have: resource type and permissions (SMART v2 letters).
ALLOWED: Mapping[str, str] = {
    "MeasureReport": "crus", "Measure": "rs", "Patient": "rs", "Organization": "rs", "Coverage": "rs",
    "Condition": "rs", "Encounter": "rs", "Observation": "rs", "Procedure": "rs", "DocumentReference": "rs",
    "Practitioner": "rs",
}  # fmt: skip

_SCOPE = re.compile(r"system/([A-Za-z]+|\*)\.(c?r?u?d?s?|read|write|\*)")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


class Refused(Exception):
    """An OAuth error answer (RFC 6749 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that was given out: what it may read, and until when."""

    may: Mapping[str, str]  # resource type -> letters
    ends: datetime

    def allows(self, resource_type: str, letter: str) -> bool:
        return letter in self.may.get(resource_type, "")


class TokenEndpoint:
    """Gives out and recognises access tokens."""

    def __init__(
        self, url: str, *, jwks_url: str, clock: Callable[[], datetime], fetch_json: Callable[[str], Any]
    ) -> None:
        self._url = url
        self._jwks_url = jwks_url
        self._clock = clock
        self._fetch_json = fetch_json
        self._keys: KeySet | None = None
        self._seen: dict[str, datetime] = {}
        self._tokens: dict[str, Token] = {}
        self._lock = Lock()

    def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The token response for a form. Raises Refused."""
        if form.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type", "only client_credentials")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refused("invalid_client", "client_assertion_type must be jwt-bearer", 401)
        self._check(form.get("client_assertion", ""))
        scopes, may = granted(form.get("scope", ""))
        if not may:
            raise Refused("invalid_scope", "none of these scopes is allowed to this client")
        text = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[text] = Token(may, self._clock() + TOKEN_LIFE)
        return {
            "access_token": text,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": scopes,
        }

    def recognise(self, authorization: str) -> Token | None:
        """The live token behind an Authorization header."""
        scheme, _, text = authorization.partition(" ")
        token = self._tokens.get(text) if scheme.lower() == "bearer" else None
        return token if token and token.ends > self._clock() else None

    def forget(self) -> None:
        """Every token so far is worthless from now on."""
        with self._lock:
            self._tokens.clear()

    def _check(self, assertion: str) -> None:
        claims = self._verified(assertion)
        now = self._clock()
        if claims.get("iss") != CLIENT_ID or claims.get("sub") != CLIENT_ID:
            raise Refused("invalid_client", "iss and sub must be the client_id", 401)
        if claims.get("aud") != self._url:
            raise Refused("invalid_client", "aud must be exactly the token endpoint", 401)
        ends = claims.get("exp")
        if not isinstance(ends, int | float) or not now.timestamp() < ends <= (now + MAX_ASSERTION_LIFE).timestamp():
            raise Refused("invalid_client", "exp must be in the future, no more than 5 minutes", 401)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise Refused("invalid_client", "jti is missing", 401)
        with self._lock:
            self._seen = {key: until for key, until in self._seen.items() if until > now}
            if jti in self._seen:
                raise Refused("invalid_client", "this jti was used before", 401)
            self._seen[jti] = now + 2 * MAX_ASSERTION_LIFE

    def _verified(self, assertion: str) -> Mapping[str, Any]:
        try:
            header = extract_compact(assertion.encode()).headers()
            if header.get("alg") not in ALGORITHMS or not header.get("kid"):
                raise Refused("invalid_client", "the header needs a kid and alg RS384 or ES384", 401)
            if header.get("jku", self._jwks_url) != self._jwks_url:
                raise Refused("invalid_client", "jku is not the registered JWKS", 401)
            return jwt.decode(assertion, self._keys_with(str(header["kid"])), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError) as e:
            raise Refused("invalid_client", f"the assertion cannot be verified: {type(e).__name__}", 401) from e

    def _keys_with(self, kid: str) -> KeySet:
        """The client's keys, from memory while they know this `kid`, else fetched again (keys rotate)."""
        if self._keys is None or all(key.kid != kid for key in self._keys.keys):
            try:
                self._keys = KeySet.import_key_set(self._fetch_json(self._jwks_url))
            except (OSError, KeyError, TypeError) as e:
                raise Refused("invalid_client", f"the client's JWKS cannot be read: {type(e).__name__}", 401) from e
        return self._keys


def granted(asked: str) -> tuple[str, Mapping[str, str]]:
    """The scopes to grant as text, and what they allow: asked and allowed, both, letter by letter."""
    kept: list[str] = []
    may: dict[str, str] = {}
    for scope in asked.split():
        match = _SCOPE.fullmatch(scope)
        if not match:
            continue
        resource_type, permission = match.groups()
        wanted = _V1.get(permission, permission)
        types = ALLOWED if resource_type == "*" else {resource_type: ALLOWED.get(resource_type, "")}
        letters = {name: "".join(c for c in wanted if c in allowed) for name, allowed in types.items()}
        if not any(letters.values()):
            continue
        kept.append(scope if permission in _V1 else f"system/{resource_type}.{max(letters.values(), key=len)}")
        may |= {name: may.get(name, "") + text for name, text in letters.items() if text}
    return " ".join(kept), may
