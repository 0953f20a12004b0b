"""`python -m app export-audit`: the audit of some days as FHIR AuditEvents, for who keeps such records of the site."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.store import Store, audit
from app.store.audit import event
from app.store.audit.read import Wanted

NAME = "export-audit"  # the chain of who reads it by hand
Write = Callable[[str], object]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = (
        "Writes every entry that is what was written, one a line, and for each place that is not a security alert; "
        "ends with 1 where there is one. Days are those of the site's time zone. That it was exported is recorded."
    )
    day: dict[str, Any] = {"metavar": "YYYY-MM-DD", "type": date.fromisoformat}
    parser.add_argument("--from", dest="since", required=True, **day)
    parser.add_argument("--to", dest="last", help="the last day; else that one day", **day)
    parser.add_argument("--bundle", action="store_true", help="one Bundle (collection) instead of lines")


def run(store: Store, zone: ZoneInfo, observer: str, given: argparse.Namespace, out: Write, complain: Write) -> int:
    """0: every entry is what was written; 1: some are not; 2: no such days. `observer`: this site, as the events have
    it.
    """
    last = given.last or given.since
    if last < given.since:
        complain("chartside: the last day is before the first")
        return 2
    wanted = Wanted(_midnight(given.since, zone), _midnight(last + timedelta(days=1), zone))
    with store.begin() as tx:
        entry = audit.Audit(
            launch=NAME, who="system", role="command line", patient="", action=NAME, counts={}, outcome="ok", at=tx.now
        )
        audit.record(tx, entry)
    alerts, kept = 0, list[dict[str, Any]]()
    with store.read() as tx:
        for each in event.exported(tx, wanted, observer):
            alerts += event.is_alert(each)
            if given.bundle:
                kept.append(each)
            else:
                out(json.dumps(each, ensure_ascii=False, separators=(",", ":")))
    if given.bundle:
        out(json.dumps(event.bundle(kept), ensure_ascii=False))
    if alerts:
        complain(f"{alerts} places are not what was written")
    return 1 if alerts else 0


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
