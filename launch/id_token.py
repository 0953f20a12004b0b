"""Who is signed in: checks an id_token (OpenID Connect Core 3.1.3.7) and reads `fhirUser`. Knows no launch."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, RSAKey

from launch import wire
from launch.context import STAFF, typed_reference
from launch.discovery import Cache
from launch.errors import EhrTrouble, IdTokenInvalid, IdTokenUncheckable, UserNotStaff
from launch.keys import is_too_short

#: alg -> what its key must be: kty, and for EC the curve
ALGORITHMS = {"RS256": ("RSA", ""), "RS384": ("RSA", ""), "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384")}
LEEWAY = 60  # seconds that the EHR's clock may differ from ours
_REFRESH_AT_MOST = timedelta(seconds=10)
_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
Jwk = dict[str, str]


class _Registry(jws.JWSRegistry):
    max_header_length = 16_384  # 2026-11: some servers put their certificate chain (x5c) there


class PublishedKeys:
    """The signing keys at a `jwks_uri` (RFC 7517), remembered, and asked for again when none of them fits."""

    def __init__(self, http: wire.Http, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._cache: Cache[list[Jwk]] = Cache(clock)

    def candidates(self, uri: str, alg: str, kid: str | None) -> Iterator[RSAKey | ECKey]:
        """Keys that may have signed: first the known ones, then, if asked for more, those published now."""
        known = self._cache.get(uri)
        if known is not None:
            yield from _fitting(known, alg, kid)
            if self._cache.get(uri, max_age=_REFRESH_AT_MOST) is not None:
                return
        try:
            said = wire.get_json(self._http, uri)
        except EhrTrouble as error:
            raise IdTokenUncheckable("its signing keys where it says (jwks_uri)") from error
        yield from _fitting(self._cache.put(uri, _jwks(said)), alg, kid)


def _jwks(said: Any) -> list[Jwk]:
    keys = said.get("keys") if isinstance(said, dict) else None
    listed = [k for k in keys if isinstance(k, dict)] if isinstance(keys, list) else []
    return [{n: v for n, v in key.items() if isinstance(v, str)} for key in listed]


def _fitting(keys: list[Jwk], alg: str, kid: str | None) -> Iterator[RSAKey | ECKey]:
    kty, crv = ALGORITHMS[alg]
    for key in keys:
        usable = key.get("use", "sig") == "sig" and key.get("alg", alg) == alg
        # The launcher's header has no kid; some key sets have none. Where both have one, they must agree.
        named = kid is None or key.get("kid", kid) == kid
        fits = (
            key.get("kty") == kty
            and key.get("crv", "") == crv
            and not (kty == "RSA" and is_too_short(key.get("n", "")))
        )
        if usable and named and fits:
            members: Any = {n: key[n] for n in _MEMBERS if n in key}
            try:
                yield RSAKey.import_key(members) if kty == "RSA" else ECKey.import_key(members)
            except (JoseError, ValueError):
                continue  # a broken key in the set is as good as absent


class IdTokens:
    """Checks id_tokens of any EHR."""

    def __init__(self, http: wire.Http, clock: Callable[[], datetime]) -> None:
        self._keys = PublishedKeys(http, clock)
        self._clock = clock

    def verify(self, token: Any, *, issuer: str, jwks_uri: str, client_id: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that is signed by the EHR, for us, for this launch, and still valid."""
        if not issuer:
            raise IdTokenUncheckable("an issuer")
        if not jwks_uri:
            raise IdTokenUncheckable("the address of its signing keys (jwks_uri)")
        if not isinstance(token, str):
            raise IdTokenInvalid("it is not text")
        claims = self._signed(token, jwks_uri)
        self._check(claims, issuer, client_id)
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise IdTokenInvalid("it was not made for this launch (nonce)")
        return claims

    def _signed(self, token: str, jwks_uri: str) -> dict[str, Any]:
        try:
            header = jws.extract_compact(token.encode()).headers()
            alg, kid = header.get("alg"), header.get("kid")
            if not isinstance(alg, str) or alg not in ALGORITHMS:
                raise IdTokenInvalid(f"it is not signed with one of {', '.join(ALGORITHMS)}")
            registry = _Registry(algorithms=[alg], strict_check_header=False)
            for key in self._keys.candidates(jwks_uri, alg, kid if isinstance(kid, str) else None):
                try:
                    return jwt.decode(token, key, registry=registry).claims
                except BadSignatureError:
                    continue
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise IdTokenInvalid("it is not a readable JWT") from error
        raise IdTokenInvalid("its signature fits none of the EHR's keys")

    def _check(self, claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
        rules = jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
        )
        try:
            rules.validate(dict(claims))
        except ExpiredTokenError as error:
            raise IdTokenInvalid("it has expired (exp)") from error
        except ClaimError as error:
            raise IdTokenInvalid(f"its {error.claim} is missing or not what it must be") from error
        # OpenID Connect Core 3.1.3.7: with other audiences present, the token must name us as its party.
        several = isinstance(claims["aud"], list) and len(set(claims["aud"])) > 1
        if claims.get("azp", None if several else client_id) != client_id:
            raise IdTokenInvalid("it was made for another app (azp)")


def fhir_user(claims: Mapping[str, Any], said: Mapping[str, Any], *, sub_is_practitioner: bool = False) -> str | None:
    """`Practitioner/123` or `PractitionerRole/123`, or None when the EHR does not say; refuses everybody else.

    Absolute (Epic, Oracle Health) or relative (launcher, Medplum): the last two segments count, because Epic's own
    examples differ in the base. SMART 1.0 put it into the `profile` claim. Where there is none and the EHR entry says
    so, `sub` is the Practitioner's id (2026-11, Epic apps that are not registered for R4).
    """
    for value in (claims.get("fhirUser"), claims.get("profile"), said.get("fhirUser")):
        if reference := typed_reference(value):
            kind, id_ = reference
            if kind in STAFF:
                return f"{kind}/{id_}"
            if kind in ("Patient", "RelatedPerson", "Person", "Device"):
                raise UserNotStaff(kind)
    subject = typed_reference(f"Practitioner/{claims.get('sub')}") if claims.get("sub") else None
    return f"Practitioner/{subject[1]}" if sub_is_practitioner and subject else None
