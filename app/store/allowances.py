"""Shares of what a source allows, as the processes of a site hold them: one row a process, and one for every few
seconds of the last minute (`app.core.allowance` has the rules).

A process that has died holds its share until its lease is over. Calls that were given out in a span of seconds count
until no minute can hold one of them any more, whoever made them; those that were not made come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from app.core.allowance import GRACE, LEASE, MINUTE, SLICE, Limit, Need, Share, fair
from app.store import Store
from app.store.schema import allowances
from app.store.tx import Tx

_t = allowances.c
_SLICE = "@"  # what the name of a span of seconds begins with; no process is called so
Unused = tuple[tuple[str, int], ...]


def settle(tx: Tx, source: str, process: str, limit: Limit, need: Need) -> Share:
    """What `process` may do from now on, in the place of what it had."""
    tx.serialise(f"allowances/{source}")
    _give_back(tx, source, need.unused)
    tx.conn.execute(delete(allowances).where(_t.source == source, _t.until <= tx.now - GRACE))
    rows = tx.conn.execute(select(allowances).where(_t.source == source)).all()
    own = next((row for row in rows if row.process == process), None)
    others = [row for row in rows if row.process != process and not row.process.startswith(_SLICE)]
    seats, contended = _seats(tx.now, limit, need, own, others)
    calls, where = _calls(tx, source, limit, need, rows, others)
    changed = {
        "in_flight": max(need.out, seats) if limit.in_flight else 0,
        "wanted": need.wanted,
        "used": 0,
        "at": own.at if own and not seats and not calls else tx.now,
        "until": tx.now + LEASE,
    }
    if own:
        tx.conn.execute(update(allowances).where(_t.source == source, _t.process == process).values(**changed))
    else:
        tx.conn.execute(insert(allowances).values(source=source, process=process, **changed))
    return Share(seats, calls, where, contended)


def crowded(tx: Tx, source: str, limit: Limit) -> bool:
    """Whether the processes want more calls out at once than there may be."""
    alive = [_t.source == source, _t.until > tx.now - GRACE, ~_t.process.startswith(_SLICE)]
    wanted = tx.conn.execute(select(func.coalesce(func.sum(_t.wanted), 0)).where(*alive)).scalar_one()
    return int(wanted) > limit.in_flight


def leave(tx: Tx, source: str, process: str, unused: Unused) -> None:
    """`process` gives back what it has."""
    tx.serialise(f"allowances/{source}")
    _give_back(tx, source, unused)
    tx.conn.execute(delete(allowances).where(_t.source == source, _t.process == process))


def _give_back(tx: Tx, source: str, unused: Unused) -> None:
    for where, calls in unused:
        here = (_t.source == source, _t.process == where, _t.used >= calls)
        tx.conn.execute(update(allowances).where(*here).values(used=_t.used - calls))


def _seats(
    now: datetime, limit: Limit, need: Need, own: Row[Any] | None, others: Sequence[Row[Any]]
) -> tuple[int, bool]:
    """How many calls may be out, and whether there are not enough for everybody.

    Who had a share last stands at the end where there are too few to go round. Half of what nobody wants is left for
    whoever comes, so that they need not wait until somebody gives something back.
    """
    parties = sorted([(own.at if own else now, "", need.wanted), *((o.at, o.process, o.wanted) for o in others)])
    wants = [wanted for _, _, wanted in parties]
    shares = fair(limit.in_flight, wants)
    mine = next(share for share, (_, who, _) in zip(shares, parties, strict=True) if not who)
    mine += (limit.in_flight - sum(shares)) // 2
    free = limit.in_flight - sum(other.in_flight for other in others)
    return max(0, min(mine, free)), bool(limit.in_flight) and sum(wants) > limit.in_flight


def _calls(
    tx: Tx, source: str, limit: Limit, need: Need, rows: Sequence[Row[Any]], others: Sequence[Row[Any]]
) -> tuple[int, str]:
    """Calls of the minute for one process, and the span in which they are counted from now on."""
    if not limit.per_minute or not need.calls:
        return 0, ""
    spans = [row for row in rows if row.process.startswith(_SLICE) and row.until > tx.now]
    room = limit.minute_for(need.rank) - sum(row.used for row in spans)
    seekers = 1 + sum(other.wanted > 0 for other in others)
    calls = min(need.calls, -(-max(0, room) // seekers))
    if not calls:
        return 0, ""
    number = int(tx.now.timestamp() // SLICE.total_seconds())
    where = f"{_SLICE}{number}"
    if any(row.process == where for row in rows):
        here = (_t.source == source, _t.process == where)
        tx.conn.execute(update(allowances).where(*here).values(used=_t.used + calls))
    else:
        began = datetime.fromtimestamp(number * SLICE.total_seconds(), UTC)
        span = {"in_flight": 0, "wanted": 0, "used": calls, "at": began, "until": began + SLICE + MINUTE}
        tx.conn.execute(insert(allowances).values(source=source, process=where, **span))
    return calls, where


class SqlShares:
    """What one process holds, for code that knows no transactions. Raises StoreError."""

    def __init__(self, store: Store, process: str) -> None:
        self._store, self._process = store, process

    def settle(self, source: str, limit: Limit, need: Need) -> Share:
        with self._store.begin() as tx:
            return settle(tx, source, self._process, limit, need)

    def crowded(self, source: str, limit: Limit) -> bool:
        with self._store.read() as tx:
            return crowded(tx, source, limit)

    def leave(self, source: str, unused: Unused) -> None:
        with self._store.begin() as tx:
            leave(tx, source, self._process, unused)
