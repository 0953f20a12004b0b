"""Out of the outbox: who takes what, and what came of it.

A lease is not a lock: who holds one may be slow, and find that somebody else has taken the rows meanwhile. That one
may still say `sent`, because that is a fact; with `who` it puts nothing back or aside that is somebody else's now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Integer, Row, Text, and_, bindparam, case, func, or_, select, update

from app.core.ledger.outgoing import Post, Sends
from app.store.audit import Audit, record
from app.store.outbox.parcel import Taken, close_words, open_
from app.store.outbox.reading import ids_in
from app.store.schema import Instant, outbox
from app.store.tx import Tx

_t = outbox.c
_WAITING = _t.post == Post.WAITING

# The statements that every write needs, once: putting one together costs more than the database takes to run it.
_NOW: Any = bindparam("now", type_=Instant)
_IDS: Any = bindparam("ids", expanding=True)
# Not with OR: SQLite would look both sides up, and sort.
_FREE = func.coalesce(_t.taken_until, _NOW) <= _NOW
_MAY_LEAVE = and_(_WAITING, _t.due_at <= _NOW, _FREE)
_KIND = _t.kind.in_(bindparam("kinds", expanding=True))
_MINE = or_(bindparam("mine", type_=Text) == "", _t.taken_by == bindparam("mine", type_=Text))
_TAKEN = {"taken_until": bindparam("until"), "taken_by": bindparam("who"), "tries": _t.tries + 1}
_NOBODYS = {"taken_until": None, "taken_by": ""}

_DUE = select(_t.to).where(_KIND, _MAY_LEAVE).distinct().order_by(_t.to)
_LEASED = select(_t.together_hash, _t.to, _t.post).where(_t.taken_until > _NOW)
_NEXT = (
    select(_t.together_hash)
    .where(_t.to == bindparam("dest"), _KIND, _MAY_LEAVE, _t.together_hash.not_in(bindparam("others", expanding=True)))
    .order_by(_t.due_at, _t.id)
    .limit(1)
)
# The conditions once more: a row that was withdrawn since stays where it is. What an earlier try has put back goes with
# the others of its report, due or not.
_TAKE = (
    update(outbox)
    .where(_t.together_hash == bindparam("of"), _t.to == bindparam("dest"), _KIND, _WAITING, _FREE)
    .where(or_(_t.due_at <= _NOW, _t.tries > 0))
    .values(_TAKEN)
    .returning(outbox)
)
_CLAIM = update(outbox).where(_t.id.in_(_IDS), _WAITING, _FREE).values(_TAKEN).returning(outbox)
_HOLDS = or_(bindparam("mine", type_=Text) == "", and_(_t.taken_by == bindparam("mine", type_=Text), _WAITING, ~_FREE))
_AGAINST = (
    update(outbox)
    .where(_t.id.in_(_IDS), _t.post != Post.SENT, _HOLDS)
    .values(against=bindparam("version"))
    .returning(_t.id)
)
_SENT = (
    update(outbox)
    .where(_t.id.in_(_IDS), _t.post != Post.SENT)
    .values(post=str(Post.SENT), sent_at=_NOW, confirmable=bindparam("can"), follow_at=bindparam("follow"))
    .values(trouble="", due_at=None, **_NOBODYS)
    .returning(_t.id)
)
_LATER = (
    update(outbox)
    .where(_t.id.in_(_IDS), _WAITING, _MINE)
    .values(due_at=bindparam("again"), trouble=bindparam("why"), **_NOBODYS)
    .values(tries=case((_t.tries > 0, _t.tries - bindparam("uncounted", type_=Integer)), else_=0))
    .returning(_t.id)
)
_DEAD = (
    update(outbox)
    .where(_t.id.in_(_IDS), _WAITING, _MINE)
    .values(post=str(Post.DEAD), trouble=bindparam("why"), due_at=None, **_NOBODYS)
    .returning(_t.id)
)


def due(tx: Tx, kinds: Iterable[Sends]) -> tuple[str, ...]:
    """To whom something may leave now that nobody is sending."""
    return tuple(tx.conn.execute(_DUE, {"kinds": _names(kinds), "now": tx.now}).scalars())


def take(tx: Tx, to: str, kinds: Iterable[Sends], who: str, lease: timedelta) -> tuple[Taken, ...]:
    """The next write to one destination: every WAITING row of one `together`, as soon as one of them is due. Not while
    somebody has another row of it: two writes to one report would only turn each other away. Empty: nothing is.
    """
    tx.serialise(f"outbox/{to}")
    # Few, and looked up by their one index: a plan that reads the whole box costs more than the write itself.
    leased = tx.conn.execute(_LEASED, {"now": tx.now}).all()
    others = {row.together_hash for row in leased if (row.to, row.post) == (to, Post.WAITING)}
    here = {"dest": to, "kinds": _names(kinds), "now": tx.now}
    together = tx.conn.execute(_NEXT, {**here, "others": sorted(others)}).scalar_one_or_none()
    if together is None:
        return ()
    mine = {**here, "of": together, "until": tx.now + lease, "who": who}
    return _taken(tx, _TAKE, mine) or take(tx, to, kinds, who, lease)


def claim(tx: Tx, ids: Iterable[str], who: str, lease: timedelta) -> tuple[Taken, ...]:
    """Those of `ids` that are WAITING, due or not, and that nobody is sending: for who may send these and no others."""
    mine = {"now": tx.now, "until": tx.now + lease, "who": who}
    return tuple(each for part in ids_in(ids) for each in _taken(tx, _CLAIM, {**mine, "ids": part}))


def against(tx: Tx, ids: Iterable[str], version: str, *, who: str = "") -> tuple[str, ...]:
    """Written down before a write leaves: the version of the report that it is put on. Until it is empty again, the
    write may have arrived. `who`: only what they have taken, and what nobody took from them or put aside since. Those
    of which it was written.
    """
    given = {"version": version, "mine": who, "now": tx.now}
    return tuple(name for part in ids_in(ids) for name in tx.conn.execute(_AGAINST, {**given, "ids": part}).scalars())


def sent(
    tx: Tx,
    entry: Audit,
    ids: Iterable[str],
    *,
    confirmable: bool,
    words: str = "",
    follow: datetime | None = None,
) -> tuple[str, ...]:
    """The payer or EHR has it. `follow`: when it is asked what became of it; None: never. Those of which that is new:
    whatever somebody thought of a row meanwhile, it is there.
    """
    return _end(tx, entry, ids, words, _SENT, {"now": tx.now, "can": int(confirmable), "follow": follow})


def later(
    tx: Tx,
    ids: Iterable[str],
    wait: timedelta,
    trouble: str,
    words: str = "",
    *,
    counts: bool = True,
    who: str = "",
) -> None:
    """To be tried again after `wait`. Not `counts`: it was not tried at all. `who`: only what they have taken."""
    put_back = {"again": tx.now + wait, "why": trouble, "uncounted": int(not counts), "mine": who}
    _end(tx, None, ids, words, _LATER, put_back)


def dead(tx: Tx, entry: Audit, ids: Iterable[str], trouble: str, words: str = "", *, who: str = "") -> tuple[str, ...]:
    """It cannot leave as it is: a person must look. `who`: only what they have taken. Those that are dead now."""
    return _end(tx, entry, ids, words, _DEAD, {"why": trouble, "mine": who})


def resend(tx: Tx, entry: Audit, name: str) -> bool:
    """A person lets a dead letter be tried again, at once. False where it is not dead (any more)."""
    this = update(outbox).where(_t.id == name, _t.post == Post.DEAD)
    again = {"post": str(Post.WAITING), "due_at": tx.now, "tries": 0, "trouble": "", "taken_until": None}
    if tx.conn.execute(this.values(again)).rowcount != 1:
        return False
    record(tx, entry)
    return True


def _taken(tx: Tx, take_: Executable, given: Mapping[str, Any]) -> tuple[Taken, ...]:
    """What this takes, the oldest first."""
    rows = sorted(tx.conn.execute(take_, given).all(), key=lambda row: (row.at, row.id))
    opened = [(row, open_(tx, row)) for row in rows]
    _cannot_be_read(tx, given["who"], [row for row, parcel in opened if parcel is None])
    return tuple(Taken(row.id, parcel, row.tries, row.against) for row, parcel in opened if parcel)


def _end(
    tx: Tx, entry: Audit | None, ids: Iterable[str], words: str, how: Executable, given: Mapping[str, Any]
) -> tuple[str, ...]:
    """What came of a try; the rows are nobody's then."""
    changed = [name for part in ids_in(ids) for name in tx.conn.execute(how, {**given, "ids": part}).scalars()]
    for name in changed if words else ():
        tx.conn.execute(update(outbox).where(_t.id == name).values(outcome=close_words(tx, name, words)))
    if entry and changed:
        record(tx, entry)
    return tuple(changed)


def _names(kinds: Iterable[Sends]) -> list[str]:
    return [str(kind) for kind in kinds]


def _cannot_be_read(tx: Tx, who: str, rows: Sequence[Row[Any]]) -> None:
    """Dead letters: what they were sealed with was retired."""
    for row in rows:
        counts = {row.kind: 1}
        action, outcome = "dead-letter", "sealed"
        entry = Audit(
            launch=who, who=who, role="", patient="", action=action, counts=counts, outcome=outcome, at=tx.now
        )
        dead(tx, entry, [row.id], "sealed")
