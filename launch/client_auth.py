"""How we talk to a token endpoint: Authlib's OAuth2Session with our client authentication, time-outs and size cap.

Authlib builds and authenticates the requests (RFC 6749, 7636, 7523, 7009); what comes back is read here, because its
reader takes any size, ignores 4xx without `error`, and fails on an `expires_in` that is not a number.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt

from launch import wire
from launch.errors import EhrUnreachable, EhrUnreadable, TokenRefused, TokenUnreadable
from launch.keys import ClientKeys, SigningKey
from launch.registry import Ehr

ASSERTION_LIFE = 240  # seconds; SMART allows five minutes, and clocks differ
REVOKE_TIMEOUT = (2.0, 2.0)


class Assertion(PrivateKeyJWT):  # type: ignore[misc]  # authlib has no types
    """A client assertion as SMART asks for it: short, single use, with `kid` and `typ`.

    2026-11, Authlib 1.9: the stock class lives an hour, repeats its `jti` and leaves `kid` to the caller (#857).
    """

    def __init__(self, key: SigningKey, alg: str, audience: str, clock: Callable[[], datetime]) -> None:
        super().__init__(token_endpoint=audience, alg=alg)
        self._key = key
        self._clock = clock

    def sign(self, auth: Any, token_endpoint: str) -> str:
        now = int(self._clock().timestamp())
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": token_endpoint,
            "jti": secrets.token_urlsafe(32),
            "iat": now,
            "exp": now + ASSERTION_LIFE,
        }
        header = {"alg": self.alg, "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key, algorithms=[self.alg])


class _Session(OAuth2Session):  # type: ignore[misc]  # authlib has no types
    """Authlib's session, sending through a guarded one."""

    def __init__(self, guarded: requests.Session, client_id: str, **options: Any) -> None:
        super().__init__(client_id, **options)
        self._guarded = guarded
        for setting in ("trust_env", "verify", "cert", "proxies"):
            setattr(self, setting, getattr(guarded, setting))
        self._started = time.monotonic()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self._started = time.monotonic()
        return self._guarded.send(request, **options)

    def parse_response_token(self, response: requests.Response) -> Mapping[str, Any]:
        status = response.status_code
        if 300 <= status < 400:
            response.close()
            raise TokenUnreadable("sent us elsewhere")
        if status >= 500:
            response.close()
            raise EhrUnreachable
        body = _body(response, self._started)
        if "error" in body or status >= 400:
            passing = status == 429 or body.get("error") in ("temporarily_unavailable", "slow_down")
            raise TokenRefused(_text(body, "error"), _text(body, "error_description"), passing=passing)
        self.token_auth.token = body  # not through the setter: it would convert `expires_in` and fail on garbage
        return body


def _body(response: requests.Response, started: float) -> dict[str, Any]:
    try:
        body = wire.read_json(response, started=started)
    except EhrUnreadable as error:
        if response.status_code >= 400:  # a gateway's page
            raise TokenRefused(passing=response.status_code == 429) from error
        raise TokenUnreadable("is not JSON") from error
    if not isinstance(body, dict):
        raise TokenUnreadable("is not a JSON object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


class TokenClient:
    """Our side of one EHR's authorization server."""

    def __init__(self, http: wire.Http, keys: ClientKeys, clock: Callable[[], datetime], redirect_uri: str) -> None:
        self._http = http
        self._keys = keys
        self._clock = clock
        self._redirect_uri = redirect_uri

    def authorize_url(self, ehr: Ehr, endpoint: str, *, verifier: str, **parameters: str | None) -> str:
        """The address to send the browser to, with PKCE S256 (RFC 7636)."""
        with OAuth2Session(ehr.client_id, redirect_uri=self._redirect_uri, code_challenge_method="S256") as session:
            url, _ = session.create_authorization_url(endpoint, code_verifier=verifier, **parameters)
        return str(url)

    def exchange(self, ehr: Ehr, token_endpoint: str, *, code: str, verifier: str) -> dict[str, Any]:
        """The token response for a code (RFC 6749 4.1.3)."""
        return self._ask(
            ehr,
            token_endpoint,
            lambda session: session.fetch_token(
                token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=self._redirect_uri,
                timeout=wire.TIMEOUT,
                allow_redirects=False,
                stream=True,
            ),
        )

    def refresh(self, ehr: Ehr, token_endpoint: str, refresh_token: str) -> dict[str, Any]:
        """The token response for a refresh token (RFC 6749 6); keeps the old refresh token if none is returned."""
        return self._ask(
            ehr,
            token_endpoint,
            lambda session: session.refresh_token(
                token_endpoint,
                refresh_token=refresh_token,
                timeout=wire.TIMEOUT,
                allow_redirects=False,
                stream=True,
            ),
        )

    def revoke(self, ehr: Ehr, token_endpoint: str, endpoint: str, token: str, hint: str) -> bool:
        """Ask for `token` to be revoked (RFC 7009); whether the server said yes. Never raises for its trouble."""
        try:
            with self._session(ehr, token_endpoint) as session:
                response = session.revoke_token(
                    endpoint,
                    token=token,
                    token_type_hint=hint,
                    timeout=REVOKE_TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                )
                response.close()
        except (requests.RequestException, OSError, AuthlibBaseError, ValueError):
            return False
        return bool(response.status_code == 200)

    def _ask(self, ehr: Ehr, token_endpoint: str, call: Callable[[Any], Any]) -> dict[str, Any]:
        with self._session(ehr, token_endpoint) as session:
            try:
                return dict(call(session))
            except (requests.RequestException, OSError) as error:
                raise EhrUnreachable from error
            except AuthlibBaseError as error:
                raise TokenRefused(str(error.error)) from error

    def _session(self, ehr: Ehr, token_endpoint: str) -> _Session:
        method: Any = ehr.auth
        if ehr.auth == "private_key_jwt":
            method = Assertion(self._keys.signer(ehr.assertion_alg), ehr.assertion_alg, token_endpoint, self._clock)
        return _Session(
            self._http(),
            ehr.client_id,
            client_secret=ehr.client_secret or None,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
        )
