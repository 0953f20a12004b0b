"""The launches of one installation: whose is this handle, is it alive, which token reads for it. Knows no Flask."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

from launch.client_auth import TokenClient
from launch.context import Launch
from launch.cookies import fits, new_secret, secret_hash
from launch.deriving import derived, narrowed, opens_others
from launch.errors import LaunchExpired, NotLaunched, NotYours, OnlyThisChart
from launch.opening import IDLE, Opened, Opening
from launch.records import Record, Records
from launch.settings import Settings
from launch.tokens import Bearer, Renewal

_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")
MOST_OPENED = 100  # launches at once that were opened from one
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

    def current(self, handle: str, cookie: str | None, *, awake: bool = True) -> Launch:
        """The launch behind a handle, for the browser that holds its cookie. Being looked at keeps it awake; `awake`
        False is for what a page asks by itself, with nobody in front of it.
        """
        record, parent = self._living(handle) if _HANDLE.fullmatch(handle) else (None, None)
        if record is None:
            raise LaunchExpired if cookie else NotLaunched
        if not fits(cookie, record.secret_hash):
            raise NotYours
        if awake:
            parent = self._awake(parent) if parent else None  # who reads what was opened from it is not away from it
            record = self._awake(record, parent.launch.idle_until if parent else None)
        return narrowed(record.launch, parent) if parent else record.launch

    def read(self, handle: str) -> Launch | None:
        """The launch behind a handle, for work that no browser waits for."""
        record, parent = self._living(handle)
        if record is None:
            return None
        return narrowed(record.launch, parent) if parent else record.launch

    def open_for(
        self, handle: str, cookie: str | None, browser: str, *, patient: str, encounter: str | None = None,
        appointment: str | None = None, back: str = "",
    ) -> Opened:  # fmt: skip
        """A launch of its own for another patient, from the launch that this browser holds; raises OnlyThisChart where
        the EHR has granted nothing beyond its own patient. From a derived launch it is its parent that opens.
        """
        of = self.current(handle, cookie)
        if not opens_others(of.scopes):
            raise OnlyThisChart
        parent = self._records.holder(handle)
        if parent is None:
            raise LaunchExpired
        made, secret = new_secret(), new_secret()
        whom = {"patient": patient, "encounter": encounter, "appointment": appointment, "back": back}
        record = derived(parent, made, secret_hash(secret), self.settings.clock(), **whom)  # type: ignore[arg-type] # by name
        self._records.add(record, browser)
        with ExitStack() as undo:
            undo.callback(self._records.drop, made)
            self._remember(parent.launch.handle, made)
            self.settings.launched(record.launch)
            undo.pop_all()
        return Opened(record.launch, secret)

    def bearer(self, handle: str) -> Bearer:
        """The access token of a launch, for any thread."""
        return Bearer(self._renewal, handle)

    def end(self, handle: str) -> tuple[str, ...]:
        """End a launch now, with all that was opened from it, then revoke its tokens where the EHR offers that. The
        handles that have ended.
        """
        record = self._records.read(handle)
        if record is None:
            return ()
        ended = (handle, *record.opened)
        for each in ended:
            self._records.drop(each)
        if ehr := self.settings.registry.get(record.launch.ehr):
            self._renewal.revoke(ehr, record.tokens)
        return ended

    def _living(self, handle: str) -> tuple[Record | None, Record | None]:
        """The launch behind a handle, and the one that it was opened from; without its parent it has ended."""
        record = self._records.read(handle)
        if record is None or not record.launch.opened_from:
            return record, None
        parent = self._records.read(record.launch.opened_from)
        if parent is None:
            self._records.drop(handle)
            return None, None
        return record, parent

    def _remember(self, parent: str, made: str) -> None:
        """Write down what ends with a launch; beyond what a day needs the oldest end now."""
        beyond: tuple[str, ...] = ()

        def one_more(now: Record) -> Record:
            nonlocal beyond
            opened = (*now.opened, made)
            beyond = opened[:-MOST_OPENED]
            return replace(now, opened=opened[-MOST_OPENED:])

        if self._records.update(parent, one_more) is None:
            raise LaunchExpired
        for old in beyond:
            self._records.drop(old)

    def _awake(self, record: Record, at_most: datetime | None = None) -> Record:
        until = min(self.settings.clock() + IDLE, record.launch.ends, *([at_most] if at_most else []))
        if until - record.launch.idle_until < _EXTEND_AFTER:
            return record

        def extend(now: Record) -> Record:
            later = max(until, now.launch.idle_until)
            return replace(now, launch=replace(now.launch, idle_until=later))

        extended = self._records.update(record.launch.handle, extend)
        if extended is None:
            raise LaunchExpired
        return extended
