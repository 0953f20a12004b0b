"""Our own token at a payer or an EHR: SMART Backend Services with `private_key_jwt`, fetched once and shared.

SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric"; RFC 7523. The assertion lives 240 s
(servers refuse more than five minutes), has a fresh `jti` each time and names its key by `kid`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.sources import deadline
from app.sources.connections import Connections
from app.sources.errors import NotAllowed, Refused, Slow, Unreadable
from app.sources.http import Http, Limits
from app.sources.replies import Json
from app.sources.urls import origin

Key = ECKey | RSAKey

_ASSERTION_LIFE = timedelta(seconds=240)
_DISCOVERY_LIFE = timedelta(hours=1)
_MARGIN = timedelta(seconds=30)  # a token is not used to its last second; of a short one, not to its last fifth
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenShare(Protocol):
    """Where the processes of one site keep a token, and until when to use it; it seals what it stores."""

    def get(self) -> tuple[str, datetime] | None: ...
    def put(self, token: str, expires: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at a server: `id` is the entry's, `base` its FHIR base. `token_url`: instead of discovery."""

    id: str
    base: str
    client_id: str
    scopes: tuple[str, ...]
    assertion_alg: str = "ES384"
    token_url: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    text: str
    until: datetime


class Backend:
    """`bearer` is the token callable of `Http`. Thread-safe; one thread of a process fetches, the others wait."""

    def __init__(
        self,
        client: Client,
        *,
        key_for: Callable[[str], Key],
        connections: Connections,
        share: TokenShare | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._client, self._key_for, self._connections, self._share = client, key_for, connections, share
        self._limits, self._clock = limits or Limits(), connections.clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._endpoint: tuple[str, datetime] | None = None
        self._given = threading.local()

    def bearer(self, renew: bool) -> str:
        """The token; with `renew`, another one than this thread was given last. Raises SourceError."""
        with self._turn():
            refused = getattr(self._given, "text", "") if renew else ""
            token = self._held(refused) or self._fetch()
            self._token, self._given.text = token, token.text
            return token.text

    def grant(self) -> Json:
        """The token endpoint's whole answer, kept nowhere: to check an entry, not to ask with. Raises SourceError."""
        return self._ask(self._token_endpoint())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        limit = deadline.current()
        if not self._lock.acquire(timeout=max(0.0, limit.remaining()) if limit else -1):
            raise Slow("waited too long for a token")
        try:
            yield
        finally:
            self._lock.release()

    def _held(self, refused: str) -> _Token | None:
        """Ours, else one that another process has fetched; never one that has just been refused."""
        now = self._clock()
        if self._token and self._token.text != refused and self._token.until > now:
            return self._token
        shared = self._share.get() if self._share else None
        if shared and shared[0] != refused and shared[1] > now:
            return _Token(*shared)
        return None

    def _fetch(self) -> _Token:
        asked = self._clock()
        reply = self._ask(self._token_endpoint())
        text, kind = reply.get("access_token"), str(reply.get("token_type", "")).lower()
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or not text or kind != "bearer":
            raise Unreadable("the token endpoint answered without a bearer token")
        token = _Token(text, asked + _life(reply.get("expires_in")))
        if self._share:
            self._share.put(token.text, token.until)
        return token

    def _ask(self, endpoint: str) -> Json:
        form = [
            ("grant_type", "client_credentials"),
            ("scope", " ".join(self._client.scopes)),
            ("client_assertion_type", _JWT_BEARER),
            ("client_assertion", self._assertion(endpoint)),
        ]
        try:  # never repeated: the server must refuse a jti that it has seen
            return self._http(endpoint).post_form(endpoint, form, attempts=1)
        except Refused as refused:
            why = refused.codes[0] if refused.codes else str(refused.status)
            raise NotAllowed(f"the token endpoint refused us ({why})") from refused

    def _assertion(self, audience: str) -> str:
        key = self._key_for(self._client.assertion_alg)
        now = self._clock()
        claims: dict[str, str | int] = {
            "iss": self._client.client_id,
            "sub": self._client.client_id,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
            "jti": secrets.token_urlsafe(24),
        }
        header = {"alg": self._client.assertion_alg, "typ": "JWT", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[self._client.assertion_alg])

    def _token_endpoint(self) -> str:
        if self._client.token_url:
            return self._client.token_url
        now = self._clock()
        if self._endpoint is None or self._endpoint[1] <= now:
            found = self._http(self._client.base).get(".well-known/smart-configuration").get("token_endpoint")
            if not isinstance(found, str):
                raise Unreadable("smart-configuration names no token_endpoint")
            if origin(found)[0] != "https" and self._client.base.startswith("https://"):
                raise Unreadable("smart-configuration names a token_endpoint that is not https")
            self._endpoint = found, now + _DISCOVERY_LIFE
        return self._endpoint[0]

    def _http(self, base: str) -> Http:
        return self._connections.http(f"{self._client.id}-token", base, limits=self._limits)


def _life(stated: object) -> timedelta:
    """How long a token is used: as stated less the margin; five minutes when the server does not state it."""
    seconds = stated if isinstance(stated, int) and not isinstance(stated, bool) else 300
    life = timedelta(seconds=max(1, min(seconds, 86_400)))
    return life - min(_MARGIN, life / 5)
