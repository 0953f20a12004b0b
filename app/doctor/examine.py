"""All checks side by side: each entry on a thread of its own, and an end after half a minute whatever hangs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TypeVar

import requests

from app.config import Settings
from app.doctor.ehr import EhrCheck
from app.doctor.looking import Looking
from app.doctor.ours import Ours
from app.doctor.payer import PayerCheck
from app.doctor.report import Examined, Finding, Hidden, cannot_tell
from app.entries import ehr_entries, payer_entries
from app.sources.connections import Connections
from app.sources.deadline import Deadline
from app.sources.errors import SourceError
from app.sources.payer import PayerEntry
from app.sources.wire import new_session
from launch.keys import ClientKeys
from launch.registry import SEGMENT, Ehr, Registry

ONE_ENTRY = 16.0  # seconds
ALL = 25.0
_AT_ONCE = 32

Check = Callable[[], Iterator[Finding]]
Entry = TypeVar("Entry", Ehr, PayerEntry)


class NoSuchEntry(Exception):
    """The settings have no entry of that name; the message lists those that they have."""


class ForeignIssuer(Exception):
    """An issuer that is not the named entry's own. Whoever publishes its token endpoint would be sent our secret."""


@dataclass(frozen=True)
class Doctor:
    """`settings` are those that the app runs with. `make_session` may carry the wire elsewhere."""

    settings: Settings
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    make_session: Callable[[], requests.Session] = new_session

    def examine(
        self, hidden: Hidden, *, ehr: str | None = None, payer: str | None = None, issuer: str = ""
    ) -> list[Examined]:
        """The named entries; all when none is named. `issuer` is one of the entry `ehr`, as its launches would name it.

        Raises NoSuchEntry, and ForeignIssuer before anything leaves.
        """
        keys = ClientKeys.load({"client_keys": self.settings.client_keys})
        ehrs, payers = _named(ehr_entries(self.settings), ehr), _named(payer_entries(self.settings), payer)
        if issuer:
            _own(issuer, ehrs if ehr else [])
        ours = self._ours(keys)
        checks = [
            *((_of_ehr(e, issuer, ours), partial(self._ehr, e, issuer, keys)) for e in ehrs if ehr or not payer),
            *((_of_payer(p, ours), partial(self._payer, p, keys, hidden)) for p in payers if payer or not ehr),
        ]
        return [hidden.clean(examined) for examined in _side_by_side(checks)]

    def _looking(self) -> Looking:
        return Looking(self.make_session, self.clock)

    def _ours(self, keys: ClientKeys) -> Ours:
        return Ours(self.settings.public_url, keys, self._looking())

    def _ehr(self, entry: Ehr, issuer: str, keys: ClientKeys) -> Iterator[Finding]:
        base = issuer or entry.issuer
        if not base:
            yield cannot_tell(
                "issuer",
                f"its entry has a pattern: {entry.issuer_pattern}",
                "Give one FHIR base to look at: --issuer URL",
            )
            return
        check = EhrCheck(entry, base, keys, self._looking(), self.make_session)
        yield from chain(check.findings(), self._ours(keys).for_ehr(entry, base))

    def _payer(self, entry: PayerEntry, keys: ClientKeys, hidden: Hidden) -> Iterator[Finding]:
        connections = Connections(self.make_session, clock=self.clock)
        check = PayerCheck(entry, keys.signer, self._looking(), connections, hidden)
        yield from chain(self._ours(keys).for_payer(entry.assertion_alg), check.findings())


def _of_ehr(entry: Ehr, issuer: str, ours: Ours) -> Examined:
    address = issuer or entry.issuer or entry.issuer_pattern.replace(SEGMENT, "…")
    return Examined("EHR", entry.id, entry.name, address, (), ours.register_ehr(entry))


def _of_payer(entry: PayerEntry, ours: Ours) -> Examined:
    return Examined("payer", entry.id, entry.name, entry.base, (), ours.register_payer(entry.asked_scopes))


def secrets_of(settings: Settings) -> list[str]:
    """Everything in the settings that no output may hold, as it would be written."""
    stated = [*settings.sealing_keys, settings.digest_key]
    stated += [str(table["client_secret"]) for table in settings.ehrs if table.get("client_secret")]
    text = settings.client_keys.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        said = json.loads(text)
        private = [key.get(part) for key in said.get("keys", [said]) for part in ("d", "p", "q", "dp", "dq", "qi", "k")]
        return [*stated, *(part for part in private if isinstance(part, str))]
    return [*stated, *(line for line in text.splitlines() if "-----" not in line)]


def _named(entries: list[Entry], name: str | None) -> list[Entry]:
    if name is None:
        return list(entries)
    found = [entry for entry in entries if entry.id == name]
    if not found:
        raise NoSuchEntry(f"there is no entry {name!r}; entries: {', '.join(entry.id for entry in entries)}")
    return found


def _own(issuer: str, named: Sequence[Ehr]) -> None:
    """Raises ForeignIssuer unless a launch from `issuer` would be one of the named entry (by launch's own registry)."""
    if not named:
        raise ForeignIssuer("--issuer needs --ehr ID: it is looked at as that entry alone")
    if Registry(named).find(issuer) is None:
        (entry,) = named
        registered = entry.issuer or entry.issuer_pattern
        raise ForeignIssuer(f"{issuer} is not {registered}, which entry {entry.id!r} is for; nothing was sent there")


def _side_by_side(checks: Sequence[tuple[Examined, Check]]) -> Iterator[Examined]:
    """Run each check in a thread of its own. One that hangs past the end is left to the process's own end."""
    end = time.monotonic() + ALL
    turns = threading.BoundedSemaphore(_AT_ONCE)
    found: list[list[Finding]] = [[] for _ in checks]

    def run(check: Check, into: list[Finding]) -> None:
        with turns, Deadline(ONE_ENTRY):
            try:
                for finding in check():
                    into.append(finding)
            except SourceError as trouble:
                into.append(cannot_tell("the rest", f"not looked at: {trouble.detail}"))
            except Exception as error:  # one entry must not hide the others
                into.append(cannot_tell("the rest", f"Chartside itself failed to check it ({type(error).__name__})"))

    threads = [
        threading.Thread(target=run, args=(check, into), name="doctor", daemon=True)
        for (_, check), into in zip(checks, found, strict=True)
    ]
    for thread in threads:
        thread.start()
    for (entry, _), thread, findings in zip(checks, threads, found, strict=True):
        thread.join(timeout=max(0.0, end - time.monotonic()))
        late = [cannot_tell("the rest", f"no end after {ALL:.0f} s")] if thread.is_alive() else []
        yield replace(entry, findings=(*findings, *late))
