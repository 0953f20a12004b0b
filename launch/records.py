"""What launch keeps between requests, sealed: pending sign-ins, and launches with their tokens. Knows no HTTP.

Keys are keyed hashes of states and handles, so the store alone opens nothing. A launch is one row, so it ends at once
and as a whole; everybody who changes it goes through `update`, which loses nobody's change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken, MultiFernet

from launch.context import Launch, seconds
from launch.discovery import Configuration
from launch.errors import RefreshUnavailable, TokenUnreadable
from launch.store import LaunchStore

PENDING = "pending"
LAUNCH = "launch"
_SKEW = timedelta(seconds=60)
_ATTEMPTS = 50


@dataclass(frozen=True)
class Tokens:
    """What the EHR gave for one launch, and where to renew and revoke it."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    obtained: datetime
    expires_at: datetime | None  # None: the EHR did not say
    token_endpoint: str
    revocation_endpoint: str
    renewed: datetime | None = None  # the last time that this was refreshed
    lease: str = ""  # who is refreshing just now ...
    lease_until: datetime | None = None  # ... and how long that may take
    retry_at: datetime | None = None  # no refresh ahead of time before this

    @classmethod
    def read(cls, said: Mapping[str, Any], token_endpoint: str, revocation_endpoint: str, now: datetime) -> Tokens:
        """The tokens of a token response (RFC 6749 5.1); TokenUnreadable if there is no Bearer token in it."""
        access, refresh = said.get("access_token"), said.get("refresh_token")
        kind = said.get("token_type", "Bearer")
        if not isinstance(access, str) or not access.isascii() or not access.isprintable() or not access.strip():
            raise TokenUnreadable("has no access token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise TokenUnreadable("is not for a Bearer token")
        life = seconds(said.get("expires_in"))
        return cls(
            access_token=access,
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            obtained=now,
            expires_at=now + timedelta(seconds=life) if life else None,
            token_endpoint=token_endpoint,
            revocation_endpoint=revocation_endpoint,
        )

    def usable(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def due(self, now: datetime) -> bool:
        """Whether to refresh ahead: in the last minute, or the last fifth of a short life."""
        if self.expires_at is None or self.refresh_token is None or (self.retry_at and now < self.retry_at):
            return False
        return now >= self.expires_at - min(_SKEW, (self.expires_at - self.obtained) / 5)

    def leased(self, now: datetime) -> bool:
        return bool(self.lease) and self.lease_until is not None and now < self.lease_until

    def free(self, **changes: Any) -> Tokens:
        """The same without a lease, and with these changes."""
        return replace(self, lease="", lease_until=None, **changes)


@dataclass(frozen=True)
class Record:
    """One launch as kept: what the app may know, the hash of its cookie, whose it is, and its tokens.

    `opened`: handles of the launches that were opened from it, which end with it.
    """

    launch: Launch
    secret_hash: str
    user: str  # keyed hash of who is signed in at that EHR
    requested: tuple[str, ...]  # scopes
    tokens: Tokens
    opened: tuple[str, ...] = ()

    def alive(self, now: datetime) -> bool:
        return now < self.expires

    @property
    def expires(self) -> datetime:
        return min(self.launch.idle_until, self.launch.ends)


@dataclass(frozen=True)
class Pending:
    """A sign-in that was started: everything needed to check and finish it when the browser comes back."""

    ehr: str
    configuration: Configuration
    scopes: tuple[str, ...]
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    secret_hash: str
    framed: bool | None
    expires: datetime


class Records:
    """The sealed records in a LaunchStore."""

    def __init__(
        self,
        store: LaunchStore,
        seal: MultiFernet,
        digest: Callable[[str], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._seal = seal
        self._digest = digest
        self._clock = clock

    def add_pending(self, state: str, pending: Pending) -> None:
        key = self._digest(state)
        self._store.put(PENDING, key, self._sealed(key, pending), expires=pending.expires)

    def pending(self, state: str) -> Pending | None:
        """Look at a pending sign-in without spending it."""
        key = self._digest(state)
        found = self._store.get(PENDING, key)
        pending = self._opened(key, found[0], _pending) if found else None
        return pending if pending and self._clock() < pending.expires else None

    def spend_pending(self, state: str) -> bool:
        """Remove it; False if somebody else was first."""
        return self._store.take(PENDING, self._digest(state)) is not None

    def add(self, record: Record, browser: str) -> None:
        key = self._digest(record.launch.handle)
        group = self._digest(browser) if browser else ""
        self._store.put(LAUNCH, key, self._sealed(key, record), expires=record.expires, group=group)

    def read(self, handle: str) -> Record | None:
        """The launch behind a handle while it lives."""
        found = self._found(self._digest(handle))
        return found[0] if found else None

    def holder(self, handle: str) -> Record | None:
        """Whose tokens a launch reads with: its own, or those of the launch that it was opened from; None once either
        has ended.
        """
        record = self.read(handle)
        return self.read(record.launch.opened_from) if record and record.launch.opened_from else record

    def of_browser(self, browser: str) -> Iterator[Record]:
        """The living launches of one browser."""
        for key in self._store.keys(LAUNCH, self._digest(browser)) if browser else ():
            if found := self._found(key):
                yield found[0]

    def update(self, handle: str, change: Callable[[Record], Record]) -> Record | None:
        """Apply `change` to the newest version, again if somebody else was first; None if the launch has ended.

        A `change` that returns its argument writes nothing.
        """
        key = self._digest(handle)
        for _ in range(_ATTEMPTS):
            found = self._found(key)
            if found is None:
                return None
            record, version = found
            changed = change(record)
            if changed is record:
                return record
            body = self._sealed(key, changed)
            if self._store.replace(LAUNCH, key, body, version=version, expires=changed.expires):
                return changed
        raise RefreshUnavailable  # fifty others were faster; somebody is getting on

    def drop(self, handle: str) -> None:
        self._store.drop(LAUNCH, self._digest(handle))

    def _found(self, key: str) -> tuple[Record, int] | None:
        row = self._store.get(LAUNCH, key)
        record = self._opened(key, row[0], _record) if row else None
        return (record, row[1]) if row and record and record.alive(self._clock()) else None

    def _sealed(self, key: str, what: Pending | Record) -> bytes:
        body = {"key": key, "body": _plain(what)}
        return self._seal.encrypt(json.dumps(body, default=datetime.isoformat, separators=(",", ":")).encode())

    def _opened(self, key: str, body: bytes, load: Callable[[dict[str, Any]], Any]) -> Any:
        """None for what we cannot open: sealed with a retired key, moved from another row, or of an older form."""
        try:
            kept = json.loads(self._seal.decrypt(body))
            return load(kept["body"]) if kept["key"] == key else None
        except (InvalidToken, ValueError, KeyError, TypeError):
            return None


def _plain(what: Pending | Record) -> dict[str, Any]:
    plain = asdict(what)
    if isinstance(what, Record):
        plain["launch"] = what.launch.dump()
    return plain


def _pending(kept: dict[str, Any]) -> Pending:
    kept["configuration"] = Configuration.load(kept["configuration"])
    kept["scopes"] = tuple(kept["scopes"])
    kept["expires"] = datetime.fromisoformat(kept["expires"])
    return Pending(**kept)


def _record(kept: dict[str, Any]) -> Record:
    tokens = kept["tokens"]
    for name in ("obtained", "expires_at", "renewed", "lease_until", "retry_at"):
        tokens[name] = datetime.fromisoformat(tokens[name]) if tokens[name] else None
    kept["launch"], kept["tokens"] = Launch.load(kept["launch"]), Tokens(**tokens)
    kept["requested"] = tuple(kept["requested"])
    kept["opened"] = tuple(kept.get("opened", ()))
    return Record(**kept)
