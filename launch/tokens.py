"""Access tokens of a living launch: hands out, renews ahead of their end or on demand, revokes at the end.

One renewal at a time for one launch, across threads (a lock) and processes (a lease in the record): an EHR that rotates
refresh tokens takes a second use for theft and signs everybody out (RFC 9700 4.14).
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from launch import scopes
from launch.client_auth import TokenClient
from launch.context import Context
from launch.errors import (
    EhrUnreachable,
    LaunchError,
    PatientChanged,
    RefreshUnavailable,
    SignedOut,
    TokenRefused,
    TokenUnreadable,
)
from launch.records import Record, Records, Tokens
from launch.registry import Ehr, Registry

LEASE = timedelta(seconds=15)  # longer than a token request may take (wire.DEADLINE)
MOMENT = timedelta(seconds=0.5)
JUST_RENEWED = timedelta(seconds=5)
RETRY_AFTER = timedelta(seconds=15)
_POLL = 0.05  # seconds between looks at another process's renewal

log = logging.getLogger("launch")


class Bearer:
    """The access token of one launch for whoever reads with it; callable from any thread, outside any request.

    `bearer(False)` gives a token; `bearer(True)` gives another one after the EHR has answered 401. Of many threads that
    were refused with the same token, one renews it and the others get its result.
    """

    def __init__(self, renewal: Renewal, handle: str) -> None:
        self._renewal = renewal
        self._handle = handle
        self._mine = threading.local()
        self._last: tuple[str, datetime] | None = None

    def __call__(self, force: bool = False) -> str:
        refused: str = getattr(self._mine, "token", "") if force else ""
        token = self._company() if not force else None
        if token is None:
            token = self._renewal.token(self._handle, force=force, refused=refused)
            self._last = token, self._renewal.clock()
        self._mine.token = token
        return token

    def _company(self) -> str | None:
        """The token as read a moment ago: a chart is read by many calls at once, and each look costs."""
        last = self._last
        return last[0] if last and timedelta(0) <= self._renewal.clock() - last[1] < MOMENT else None


class Renewal:
    """Renews and revokes the tokens in the records."""

    def __init__(
        self, registry: Registry, records: Records, client: TokenClient, clock: Callable[[], datetime]
    ) -> None:
        self._registry = registry
        self._records = records
        self._client = client
        self.clock = clock
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    def token(self, handle: str, *, force: bool, refused: str = "") -> str:
        """A usable access token; raises SignedOut. `refused` is the token that the EHR would not take, if known."""
        record = self._records.holder(handle)
        if record is None:
            raise SignedOut
        handle = record.launch.handle
        tokens, now = record.tokens, self.clock()
        if force:
            just = tokens.renewed is not None and now - tokens.renewed < JUST_RENEWED
            renewed_since = tokens.access_token != refused if refused else just
            return tokens.access_token if renewed_since else self._renew(handle, tokens.access_token)
        if not tokens.usable(now):
            return self._renew(handle, tokens.access_token)
        if not tokens.due(now):
            return tokens.access_token
        try:
            return self._renew(handle, tokens.access_token)
        except SignedOut:
            if self._records.read(handle) is None:
                raise
            return tokens.access_token  # renewed ahead of time without success: it still works

    def revoke(self, ehr: Ehr, tokens: Tokens) -> None:
        """Tell the EHR that these tokens are no longer needed, where it offers that (RFC 7009); best effort."""
        if not tokens.revocation_endpoint:
            return
        for hint, token in (("refresh_token", tokens.refresh_token), ("access_token", tokens.access_token)):
            done = token is None or self._client.revoke(
                ehr, tokens.token_endpoint, tokens.revocation_endpoint, token, hint
            )
            if not done:
                log.info("the EHR %s did not revoke a token", ehr.id)
                return

    def _renew(self, handle: str, used: str) -> str:
        with self._guard:
            lock = self._locks.setdefault(handle, threading.Lock())
        with lock:
            mine = secrets.token_urlsafe(16)
            record = self._claim(handle, used, mine)
            if record.tokens.access_token != used:
                return record.tokens.access_token
            return self._exchange(record, mine)

    def _claim(self, handle: str, used: str, mine: str) -> Record:
        """The record with our lease on it, or one that somebody else has renewed meanwhile."""

        def claim(record: Record) -> Record:
            tokens, now = record.tokens, self.clock()
            if tokens.access_token != used or tokens.refresh_token is None or tokens.leased(now):
                return record
            return replace(record, tokens=replace(tokens, lease=mine, lease_until=now + LEASE))

        give_up = time.monotonic() + LEASE.total_seconds()
        while time.monotonic() < give_up:
            record = self._records.update(handle, claim)
            if record is None:
                raise SignedOut
            if record.tokens.access_token != used or record.tokens.lease == mine:
                return record
            if record.tokens.refresh_token is None:
                raise SignedOut
            time.sleep(_POLL)
        raise RefreshUnavailable

    def _exchange(self, record: Record, mine: str) -> str:
        old, ehr = record.tokens, self._registry.get(record.launch.ehr)
        if ehr is None or old.refresh_token is None:
            raise SignedOut
        try:
            said = self._client.refresh(ehr, old.token_endpoint, old.refresh_token)
            new = Tokens.read(said, old.token_endpoint, old.revocation_endpoint, self.clock())
        except TokenRefused as error:
            log.info("the EHR %s refused a refresh: %s", ehr.id, error.error)
            raise self._failed(record, mine, passing=error.passing) from error
        except (EhrUnreachable, TokenUnreadable) as error:
            raise self._failed(record, mine, passing=True) from error
        new = replace(new, refresh_token=new.refresh_token or old.refresh_token, renewed=new.obtained)
        self._same_patient(ehr, record, said, new)
        settled = self._records.update(record.launch.handle, lambda r: _settled(r, said, new))
        if settled is None:  # ended while we asked
            self.revoke(ehr, new)
            raise SignedOut
        return new.access_token

    def _failed(self, record: Record, mine: str, *, passing: bool) -> LaunchError:
        """Note that a renewal failed; for good, unless it was `passing`. What to raise."""
        retry_at = self.clock() + RETRY_AFTER

        def note(now: Record) -> Record:
            if now.tokens.lease != mine:
                return now
            kept = now.tokens.refresh_token if passing else None
            return replace(now, tokens=now.tokens.free(retry_at=retry_at, refresh_token=kept))

        self._records.update(record.launch.handle, note)
        return RefreshUnavailable() if passing else SignedOut()

    def _same_patient(self, ehr: Ehr, record: Record, said: dict[str, Any], new: Tokens) -> None:
        patient = Context.read(said, record.launch.issuer).patient
        if record.launch.patient is None or patient in (None, record.launch.patient):
            return
        log.warning("the EHR %s answered a refresh for another patient; the launch was ended", ehr.id)
        self._records.drop(record.launch.handle)
        self.revoke(ehr, new)
        raise PatientChanged


def _settled(record: Record, said: dict[str, Any], new: Tokens) -> Record:
    """The record with new tokens, and with the scopes where the response states them (RFC 6749 6: may be fewer)."""
    if "scope" not in said:
        return replace(record, tokens=new)
    granted = scopes.granted(said["scope"], record.launch.scopes)
    missing = scopes.missing(granted, record.requested)
    return replace(record, tokens=new, launch=replace(record.launch, scopes=granted, missing_scopes=missing))
