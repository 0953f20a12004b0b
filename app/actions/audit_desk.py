"""Use case: the privacy role reads who saw and did what in its own EHR. Reading it is itself audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.actions.actor import Actor, entry_of, must
from app.actions.lists import nobody
from app.core.roles import May
from app.store import Store, Tx, audit
from app.store.audit import event, read
from app.store.audit.read import Found as Found  # what is read
from app.store.audit.read import Page as Page
from app.store.audit.read import Wanted
from app.store.audit.read import Where as Where

READ_AUDIT, CHECK_AUDIT, EXPORT_AUDIT = "read-audit", "check-audit", "export-audit"
PAGE = 50
MOST_EXPORTED = 10_000  # entries; more are for the command line


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of the audit: from `since` until before `until`, of one user, of one patient (patient key)."""

    since: datetime
    until: datetime
    who: str = ""
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking the chains came to: of the whole site, because a chain that is broken names no EHR any more."""

    problems: tuple[audit.Problem, ...]
    at: datetime


class AuditDesk:
    """One per process. `observer`: this installation as an export names it."""

    def __init__(self, store: Store, observer: str) -> None:
        self._store, self._observer = store, observer

    def page(self, actor: Actor, asked: Asked, after: Where | None = None) -> Page:
        """The newest entries of this EHR before `after`."""
        must(actor, May.READ_AUDIT)
        with self._store.begin() as tx:
            found = read.page(tx, _wanted(actor, asked), after, size=PAGE)
            _said(tx, actor, READ_AUDIT, asked, {"entry": len(found.found)})
        return found

    def check(self, actor: Actor, asked: Asked) -> Checked:
        """Verify the chains that have grown since the first of these days."""
        must(actor, May.READ_AUDIT)
        with self._store.begin() as tx:
            _said(tx, actor, CHECK_AUDIT, asked, {})
        with self._store.read() as tx:
            return Checked(tuple(audit.verify(tx, since=asked.since)), tx.now)

    def export(self, actor: Actor, asked: Asked) -> list[dict[str, Any]] | None:
        """AuditEvents of these days. None, and nothing is read, where there are too many of them to wait for."""
        must(actor, May.READ_AUDIT)
        wanted = _wanted(actor, asked)
        with self._store.begin() as tx:
            if read.count(tx, wanted) > MOST_EXPORTED:
                return None
            _said(tx, actor, EXPORT_AUDIT, asked, {})
        with self._store.read() as tx:
            return list(event.exported(tx, wanted, self._observer))

    def chain(self, launch: str) -> str:
        """The name that a launch has in the audit."""
        with self._store.read() as tx:
            return read.launch_chain(tx, launch)


def _wanted(actor: Actor, asked: Asked) -> Wanted:
    return Wanted(asked.since, asked.until, issuer=actor.issuer, who=asked.who, patient=asked.patient)


def _said(tx: Tx, actor: Actor, action: str, asked: Asked, counts: Mapping[str, int]) -> None:
    """Whose entries were asked for, where that was a patient's; else of this EHR and of nobody."""
    entry = entry_of(tx, actor, action, asked.patient or nobody(actor), "entry")
    audit.record(tx, replace(entry, counts=counts))
