"""Client authentication at the token endpoint, really verified: none, basic, post, private_key_jwt.

RFC 6749 2.3.1, RFC 7523 3; SMART App Launch 2.2, Client Authentication: Asymmetric. The tenant is registered with
exactly one method; any other is refused, and so is more than one in a request.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from sandbox_config.ehr.memory import Memory
from sandbox_config.ehr.tenants import CLIENT_ID, SYSTEM_CLIENT_ID, Auth, Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFE = timedelta(minutes=5)
SYSTEM_ALGS = ("ES384", "RS384")  # App Launch 2.2, Backend Services: a server supports at least one of them


class InvalidClient(Exception):
    """The client did not prove who it is; the text says what was wrong."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a check needs beside the request."""

    tenant: Tenant
    token_url: str
    jwks_url: str
    fetch_json: Callable[[str], Any]
    memory: Memory
    now: datetime


def authenticate(door: Door, authorization: str, form: Mapping[str, str]) -> str:
    """The client_id, proven by the tenant's registered method. Raises InvalidClient."""
    offered = _offered(authorization, form)
    if offered != door.tenant.auth:
        raise InvalidClient(f"this client is registered for {door.tenant.auth}, the request used {offered}")
    match offered:
        case Auth.BASIC:
            client_id, secret = _basic(authorization)
        case Auth.POST:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        case Auth.PRIVATE_KEY_JWT:
            client_id, secret = _assertion(door, form, (door.tenant.assertion_alg,)), ""
        case _:
            client_id, secret = form.get("client_id", ""), ""
    if client_id != CLIENT_ID or form.get("client_id", client_id) != client_id:
        raise InvalidClient("unknown client_id")
    if not hmac.compare_digest(secret.encode(), door.tenant.client_secret.encode()):
        raise InvalidClient("wrong client secret")
    return client_id


def authenticate_system(door: Door, authorization: str, form: Mapping[str, str]) -> str:
    """The client_id of the app without a user: only by private_key_jwt (Backend Services). Raises InvalidClient."""
    if not door.tenant.backend:
        raise InvalidClient("no client is registered here for backend services")
    if _offered(authorization, form) is not Auth.PRIVATE_KEY_JWT:
        raise InvalidClient("backend services need private_key_jwt")
    client_id = _assertion(door, form, SYSTEM_ALGS)
    if client_id != SYSTEM_CLIENT_ID:
        raise InvalidClient("unknown client_id")
    return client_id


def _offered(authorization: str, form: Mapping[str, str]) -> Auth:
    offered = [
        method
        for method, present in (
            (Auth.BASIC, bool(authorization)),
            (Auth.POST, "client_secret" in form),
            (Auth.PRIVATE_KEY_JWT, "client_assertion" in form or "client_assertion_type" in form),
        )
        if present
    ]
    if len(offered) > 1:
        raise InvalidClient("more than one client authentication method in one request")
    return offered[0] if offered else Auth.NONE


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as e:
        raise InvalidClient("unreadable Authorization header") from e
    if scheme.lower() != "basic" or not colon:
        raise InvalidClient("the Authorization header is not Basic")
    return unquote_plus(client_id), unquote_plus(secret)  # RFC 6749 2.3.1: both are form-encoded first


def _assertion(door: Door, form: Mapping[str, str], algs: tuple[str, ...]) -> str:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient("wrong client_assertion_type")
    claims = _verified(door, form.get("client_assertion", ""), algs)
    if claims.get("iss") != claims.get("sub") or not isinstance(claims.get("iss"), str):
        raise InvalidClient("iss and sub of the assertion must both be the client_id")
    audience = claims.get("aud")
    if door.token_url not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidClient(f"aud of the assertion must be {door.token_url}")
    _check_life(claims, door.now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti or not door.memory.fresh_assertion(door.tenant.id, jti):
        raise InvalidClient("jti of the assertion is missing or was used before")
    return str(claims["iss"])


def _check_life(claims: Mapping[str, Any], now: datetime) -> None:
    expires = claims.get("exp")
    if not isinstance(expires, int) or expires <= now.timestamp():
        raise InvalidClient("the assertion is expired")
    if expires > (now + MAX_ASSERTION_LIFE).timestamp():
        raise InvalidClient("exp must be no more than 5 minutes in the future")


def _verified(door: Door, assertion: str, algs: tuple[str, ...]) -> Mapping[str, Any]:
    """The claims of an assertion whose signature a published key of the client made."""
    try:
        header = extract_compact(assertion.encode()).headers()
        if header.get("typ") != "JWT" or header.get("alg") not in algs or "kid" not in header:
            raise InvalidClient(f"the assertion's header must have typ JWT, a kid, and alg {' or '.join(algs)}")
        if header.get("jku", door.jwks_url) != door.jwks_url:
            raise InvalidClient("jku is not the registered JWKS URL")
        key = KeySet.import_key_set(door.fetch_json(door.jwks_url)).get_by_kid(header["kid"])
        return jwt.decode(assertion, key, algorithms=list(algs)).claims
    except (JoseError, ValueError, KeyError, TypeError, OSError) as e:
        # OSError is also what a failing fetch of the client's JWKS raises (requests.RequestException)
        raise InvalidClient(f"the assertion cannot be verified: {type(e).__name__}") from e
