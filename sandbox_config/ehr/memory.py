"""What the authorization server remembers: launches, requests being approved, codes, grants and tokens.

In memory and under one lock, so that single use is single use under any race. Every key is opaque and random.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar

LAUNCH_LIFE = timedelta(minutes=5)
APPROVAL_LIFE = timedelta(minutes=5)
CODE_LIFE = timedelta(seconds=60)
REFRESH_LIFE = timedelta(hours=12)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """What one launch is about. `fields` go into the token response as they are."""

    user: str
    patient: str | None = None
    encounter: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()


@dataclass(slots=True)
class Grant:
    """One authorization of the client, alive over many tokens."""

    tenant: str
    client_id: str
    context: Context
    scopes: tuple[str, ...]
    generation: int = 0  # how often it was refreshed
    reads: int = 0
    revoked: bool = False
    stumbled: set[str] = field(default_factory=set)  # one-time faults that already happened


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what it is bound to (RFC 6749 4.1.2, RFC 7636 4.4)."""

    tenant: str
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    grant: Grant


@dataclass(frozen=True, slots=True)
class _AccessToken:
    grant: Grant
    generation: int


class _Expiring(Generic[T]):
    """A table whose rows end by themselves. Not locked: Memory holds the lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._rows: dict[str, tuple[T, datetime]] = {}
        self._clock = clock

    def put(self, value: T, life: timedelta, key: str | None = None) -> str:
        now = self._clock()
        self._rows = {k: row for k, row in self._rows.items() if row[1] > now}
        key = key or secrets.token_urlsafe(32)
        self._rows[key] = (value, now + life)
        return key

    def get(self, key: str) -> T | None:
        value, ends = self._rows.get(key, (None, self._clock()))
        return value if ends > self._clock() else None

    def take(self, key: str) -> T | None:
        value = self.get(key)
        self._rows.pop(key, None)
        return value


class Memory:
    """All state of the authorization servers of one sandbox."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._lock = Lock()
        self._launches: _Expiring[tuple[str, Context]] = _Expiring(clock)
        self._held: _Expiring[tuple[str, Any]] = _Expiring(clock)
        self._codes: _Expiring[Code] = _Expiring(clock)
        self._spent_codes: _Expiring[Grant] = _Expiring(clock)
        self._access: _Expiring[_AccessToken] = _Expiring(clock)
        self._refresh: _Expiring[Grant] = _Expiring(clock)
        self._spent_refresh: _Expiring[Grant] = _Expiring(clock)
        self._assertions: _Expiring[bool] = _Expiring(clock)

    def mint_launch(self, tenant: str, context: Context) -> str:
        """An opaque launch parameter, good once within five minutes."""
        with self._lock:
            return self._launches.put((tenant, context), LAUNCH_LIFE)

    def take_launch(self, tenant: str, launch: str) -> Context | None:
        with self._lock:
            owner, context = self._launches.take(launch) or ("", None)
            return context if owner == tenant else None

    def hold(self, tenant: str, request: object) -> str:
        """Keep an authorization request while its user chooses and approves."""
        with self._lock:
            return self._held.put((tenant, request), APPROVAL_LIFE)

    def take_held(self, tenant: str, key: str) -> Any:
        with self._lock:
            owner, request = self._held.take(key) or ("", None)
            return request if owner == tenant else None

    def issue_code(self, code: Code) -> str:
        with self._lock:
            return self._codes.put(code, CODE_LIFE)

    def redeem(self, text: str) -> Code | None:
        """The code, once. A second use revokes what the first one gave (RFC 6749 4.1.2)."""
        with self._lock:
            if replayed := self._spent_codes.get(text):
                replayed.revoked = True
                return None
            code = self._codes.take(text)
            if code is not None:
                self._spent_codes.put(code.grant, REFRESH_LIFE, key=text)
            return code

    def issue_access(self, grant: Grant, life: timedelta) -> str:
        with self._lock:
            return self._access.put(_AccessToken(grant, grant.generation), life)

    def issue_refresh(self, grant: Grant) -> str:
        with self._lock:
            return self._refresh.put(grant, REFRESH_LIFE)

    def renew(self, tenant: str, client_id: str, text: str, *, keep: bool) -> Grant | None:
        """The grant of a refresh token. Unless it is kept, a second use of one token ends the grant (RFC 9700 4.14)."""
        with self._lock:
            if replayed := self._spent_refresh.get(text):
                replayed.revoked = True
                return None
            grant = self._refresh.get(text)
            if grant is None or grant.revoked or (grant.tenant, grant.client_id) != (tenant, client_id):
                return None
            if not keep:
                self._refresh.take(text)
                self._spent_refresh.put(grant, REFRESH_LIFE, key=text)
            grant.generation += 1
            return grant

    def reading(self, tenant: str, access_token: str) -> tuple[Grant, int] | None:
        """The live grant behind an access token and the generation of that token; counts the read."""
        with self._lock:
            token = self._access.get(access_token)
            if token is None or token.grant.revoked or token.grant.tenant != tenant:
                return None
            token.grant.reads += 1
            return token.grant, token.generation

    def revoke(self, tenant: str, text: str) -> None:
        """End the grant behind a refresh token, or the one access token (RFC 7009 2.1)."""
        with self._lock:
            grant = self._refresh.get(text)
            token = self._access.get(text)
            if grant is not None and grant.tenant == tenant:
                grant.revoked = True
            elif token is not None and token.grant.tenant == tenant:
                self._access.take(text)

    def first_time(self, grant: Grant, what: str) -> bool:
        """Whether this happens to the grant for the first time."""
        with self._lock:
            fresh = what not in grant.stumbled
            grant.stumbled.add(what)
            return fresh

    def fresh_assertion(self, tenant: str, jti: str) -> bool:
        """Whether this `jti` is seen for the first time (RFC 7523 3, single use)."""
        with self._lock:
            key = f"{tenant} {jti}"
            fresh = self._assertions.get(key) is None
            self._assertions.put(True, timedelta(minutes=10), key=key)
            return fresh
