"""The keys of the sandbox EHR, its published JWKS, and the id_tokens it signs (OpenID Connect Core 1.0, 2).

Keys live as long as the process. Where a tenant's id_tokens carry no `kid`, its JWKS holds a retired key first:
a client that just takes the first key is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sandbox_config.ehr.tenants import Tenant
from sandbox_config.switches import is_on

ID_TOKEN_LIFE = timedelta(minutes=5)  # 2026-11, Epic: five minutes
_CURVES = {"ES256": "P-256", "ES384": "P-384"}


_making = Lock()  # the first two launches at the same instant must be signed by the same key


def _key(alg: str, purpose: str) -> RSAKey | ECKey:
    """One key an algorithm and purpose: current, retired, or stray (never published)."""
    with _making:
        return _made(alg, purpose)


@cache
def _made(alg: str, purpose: str) -> RSAKey | ECKey:
    parameters: Any = {"use": "sig", "alg": alg, "kid": f"sandbox-{alg.lower()}-{purpose}"}
    if alg in _CURVES:
        return ECKey.generate_key(_CURVES[alg], parameters)
    return RSAKey.generate_key(2048, parameters)


def jwks(tenant: Tenant) -> dict[str, Any]:
    """The tenant's public keys."""
    purposes = ("current",) if tenant.id_token_kid else ("retired", "current")
    keys = [_key(tenant.id_token_alg, purpose).as_dict(private=False) for purpose in purposes]
    if not tenant.id_token_kid:
        keys = [{name: value for name, value in key.items() if name != "kid"} for key in keys]
    return {"keys": keys}


def id_token(
    tenant: Tenant, claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime, faults: frozenset[str]
) -> str:
    """A signed id_token, or one that is wrong in the way a fault asks for."""
    issued = now - timedelta(hours=1) - ID_TOKEN_LIFE if is_on(faults, "idtoken-expired") else now
    body = {
        **claims,
        "iss": issuer,
        "aud": "somebody-else" if is_on(faults, "idtoken-wrong-aud") else audience,
        "iat": int(issued.timestamp()),
        "exp": int((issued + ID_TOKEN_LIFE).timestamp()),
    }
    if is_on(faults, "idtoken-wrong-nonce"):
        body["nonce"] = "another-nonce"
    alg = tenant.id_token_alg
    header: dict[str, Any] = {"alg": alg, "typ": "JWT"}
    if tenant.id_token_kid:
        header["kid"] = f"sandbox-{alg.lower()}-current"
    key = _key(alg, "stray" if is_on(faults, "idtoken-bad-signature") else "current")
    return jwt.encode(header, body, key, algorithms=[alg])
