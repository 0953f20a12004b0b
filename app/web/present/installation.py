"""What the operator reads about the installation itself: processes, queue, audit seals, database."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.health import Site
from app.web.present.dates import moment_words
from app.web.present.text import counted
from app.web.present.views import Labelled

SEAL_LATE = timedelta(minutes=3)  # heads are sealed each minute


def installation(site: Site, now: datetime) -> tuple[Labelled, ...]:
    """Its lines; `now` is in the clinic's zone."""
    database, waiting = site.database, sum(seen.waiting for seen in site.sources.values())
    since = database.unsealed_since
    sealed = f"sealed {_ago(site.at - database.sealed)}" if database.sealed else "not sealed yet"
    if since is None:
        audit = f"{sealed}; nothing waits"
    elif site.at - since > SEAL_LATE:
        audit = f"{sealed}; entries wait since {moment_words(since, now)}: look into the log"
    else:
        audit = f"{sealed}; newer entries are sealed within a minute"
    lines = [
        Labelled("Processes", str(site.processes)),
        Labelled("Queue", counted(waiting, "question") + " waiting for a turn"),
        Labelled("Audit", audit),
        Labelled("Database", f"revision {database.revision or 'none'}"),
    ]
    if database.disk is not None:
        lines.append(Labelled("SQLite", f"{database.disk / 1_000_000:.1f} MB on disk"))
    return tuple(lines)


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
