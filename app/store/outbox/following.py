"""What became of what was sent: whose payer is to be asked, and what its later reports say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from app.core.ledger.outgoing import Judged, Post
from app.store.audit import Audit, record
from app.store.outbox.parcel import Listed, close_words, listed
from app.store.outbox.reading import ids_in
from app.store.schema import outbox
from app.store.tx import Tx

_t = outbox.c
_SENT = _t.post == Post.SENT


def to_follow(tx: Tx, who: str, lease: timedelta, limit: int) -> tuple[Listed, ...]:
    """Sent rows whose payer is to be asked now what became of them; the caller has them until the lease is over."""
    tx.serialise("outbox/follow")
    free = func.coalesce(_t.taken_until, tx.now) <= tx.now
    next_ = select(_t.id).where(_SENT, _t.follow_at <= tx.now, free).order_by(_t.follow_at, _t.id).limit(limit)
    ids = list(tx.conn.execute(next_).scalars())
    if not ids:
        return ()
    mine = update(outbox).where(_t.id.in_(ids), _SENT).values(taken_until=tx.now + lease, taken_by=who)
    rows = tx.conn.execute(mine.returning(outbox)).all()
    return tuple(listed(tx, row) for row in sorted(rows, key=lambda row: (row.follow_at, row.id)))


def follow(tx: Tx, ids: Iterable[str], at: datetime | None) -> None:
    """When these are asked about next; None: never again. They are nobody's then."""
    for part in ids_in(ids):
        these = update(outbox).where(_t.id.in_(part), _SENT)
        tx.conn.execute(these.values(follow_at=at, taken_until=None, taken_by=""))


def judge(tx: Tx, entry: Audit, name: str, judged: Judged, words: str = "", follow: datetime | None = None) -> bool:
    """What a later report says of what was sent. False, and nothing written but `follow`, where that is no news.
    `follow`: when to ask again; None leaves it as it is.
    """
    this = update(outbox).where(_t.id == name, _SENT)
    asked: dict[str, Any] = {} if follow is None else {"follow_at": follow, "taken_until": None, "taken_by": ""}
    news = {"judged": str(judged), "judged_at": tx.now, **asked}
    if words:
        news["outcome"] = close_words(tx, name, words)
    is_new = _t.judged != str(judged)
    if judged is not Judged.NOTHING and tx.conn.execute(this.where(is_new).values(news)).rowcount == 1:
        record(tx, entry)
        return True
    if asked:
        tx.conn.execute(this.values(asked))
    return False
