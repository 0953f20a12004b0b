"""Deletes what is past its retention. What that is, the tables say (`schema`).

What a nightly prefetch brought goes first: its rows say what that is.
"""

from __future__ import annotations

from sqlalchemy import delete

from app.store.prefetch import cleared
from app.store.schema import Retention, metadata
from app.store.tx import Tx


def purge(tx: Tx) -> dict[str, int]:
    """Delete every expired row of every table; how many went, by table."""
    counts: dict[str, int] = {"answers of the prefetch": cleared(tx)}
    for table in metadata.sorted_tables:
        kept: Retention = table.info["retention"]
        if kept.expired is not None:
            counts[table.name] = tx.conn.execute(delete(table).where(kept.expired(tx.now))).rowcount
    return counts
