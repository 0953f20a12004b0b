"""The launches of one installation: whose is this handle, is it alive, which token reads for it. Knows no Flask."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import timedelta

from launch.client_auth import TokenClient
from launch.context import Launch
from launch.cookies import fits
from launch.errors import LaunchExpired, NotLaunched, NotYours
from launch.opening import IDLE, Opening
from launch.records import Record, Records
from launch.settings import Settings
from launch.tokens import Bearer, Renewal

_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")
_EXTEND_AFTER = timedelta(minutes=1)  # one write a minute is enough to keep a launch awake


class Launches:
    """Wires the parts together; `launch.init_app` makes one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._records = Records(settings.store, settings.seal, settings.digest, settings.clock)
        client = TokenClient(settings.http, settings.keys, settings.clock, settings.redirect_uri)
        self._renewal = Renewal(settings.registry, self._records, client, settings.clock)
        self.opening = Opening(settings, self._records, client, self._renewal)
        # At DEBUG Authlib and urllib3 write verifiers, codes and tokens into the log.
        for name in ("authlib", "requests_oauthlib", "urllib3"):
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))

    def current(self, handle: str, cookie: str | None) -> Launch:
        """The launch behind a handle, for the browser that holds its cookie; being looked at keeps it awake."""
        record = self._records.read(handle) if _HANDLE.fullmatch(handle) else None
        if record is None:
            raise LaunchExpired if cookie else NotLaunched
        if not fits(cookie, record.secret_hash):
            raise NotYours
        return self._awake(record).launch

    def read(self, handle: str) -> Launch | None:
        """The launch behind a handle, for work that no browser waits for."""
        record = self._records.read(handle)
        return record.launch if record else None

    def bearer(self, handle: str) -> Bearer:
        """The access token of a launch, for any thread."""
        return Bearer(self._renewal, handle)

    def end(self, handle: str) -> None:
        """End a launch now, then revoke its tokens where the EHR offers that."""
        record = self._records.read(handle)
        if record is None:
            return
        self._records.drop(handle)
        if ehr := self.settings.registry.get(record.launch.ehr):
            self._renewal.revoke(ehr, record.tokens)

    def _awake(self, record: Record) -> Record:
        until = min(self.settings.clock() + IDLE, record.launch.ends)
        if until - record.launch.idle_until < _EXTEND_AFTER:
            return record

        def extend(now: Record) -> Record:
            later = max(until, now.launch.idle_until)
            return replace(now, launch=replace(now.launch, idle_until=later))

        extended = self._records.update(record.launch.handle, extend)
        if extended is None:
            raise LaunchExpired
        return extended
