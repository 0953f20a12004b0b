"""Into the outbox, out of it again before it has left, and free to leave at the end of a visit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, insert, or_, select, update

from app.core.ledger.outgoing import Judged, Post
from app.store import visits
from app.store.audit import Audit, record
from app.store.audit.chain import patient_hash
from app.store.outbox.parcel import Parcel, close
from app.store.outbox.reading import ids_in
from app.store.schema import outbox
from app.store.tx import Tx

_t = outbox.c

# Made once: putting a statement together costs several times what the database takes to answer it.
_NEW = insert(outbox)
_THERE = select(_t.id).where(_t.id.in_(bindparam("ids", expanding=True)))
_NOW = bindparam("now", type_=_t.taken_until.type)
_FREE = and_(or_(_t.taken_until.is_(None), _t.taken_until <= _NOW), _t.against == "")
_MINE = bindparam("mine", type_=_t.taken_by.type)
_OURS = and_(_MINE != "", _t.taken_by == _MINE, _t.taken_until.is_not(None))
#: What has not left and that nobody is sending at this moment, or the caller alone.
_UNSENT = or_(_t.post == str(Post.HELD), and_(_t.post == str(Post.WAITING), or_(_FREE, _OURS)))
_DEAD = and_(_t.post == str(Post.DEAD), bindparam("dead", type_=Integer) == 1)
_WITHDRAW = (
    update(outbox)
    .where(_t.id.in_(bindparam("ids", expanding=True)), or_(_UNSENT, _DEAD))
    .values(post=str(Post.WITHDRAWN), trouble=bindparam("why"), taken_until=None, due_at=None)
    .returning(_t.id)
)


def put(tx: Tx, entry: Audit, parcels: Sequence[Parcel]) -> tuple[str, ...]:
    """Put in: HELD where it waits for a visit that is not closed, else WAITING. Their ids. What is in already is left
    as it is, and nothing is written where all of it is.
    """
    closed: dict[str, bool] = {}
    for visit in sorted({parcel.visit for parcel in parcels} - {""}):
        visits.alone(tx, visit)
        closed[visit] = visits.closed(tx, visit)
    there = _there(tx, {parcel.id for parcel in parcels} - {""})
    named = [replace(parcel, id=parcel.id or secrets.token_hex(16)) for parcel in parcels]
    new = {parcel.id: parcel for parcel in named if parcel.id not in there}
    rows = [_row(tx, each, held=bool(each.visit) and not closed[each.visit]) for each in new.values()]
    if rows:
        tx.conn.execute(_NEW, rows)
        record(tx, entry)
    return tuple(parcel.id for parcel in named)


def withdraw(
    tx: Tx, entry: Audit, ids: Iterable[str], why: str, *, mine: str = "", also_dead: bool = False
) -> tuple[str, ...]:
    """Take back what has not left: HELD; WAITING that nobody is sending at this moment, of which no earlier try may
    have arrived; what `mine`, who took it, has not sent; and dead letters, so that nobody sends them again. Those that
    were taken back.
    """
    found: list[str] = []
    for part in ids_in(ids):
        given = {"ids": part, "why": why, "mine": mine, "dead": int(also_dead), "now": tx.now}
        found += tx.conn.execute(_WITHDRAW, given).scalars().all()
    if found:
        record(tx, entry)
    return tuple(found)


def release(tx: Tx, entry: Audit, visit: str) -> int:
    """The visit has ended: what waits for it may leave now, or when it is due. How many; nothing is written where there
    is none.
    """
    visits.alone(tx, visit)
    here = update(outbox).where(_t.visit_hash == visit, _t.post == Post.HELD)
    count = tx.conn.execute(here.values(post=str(Post.WAITING), due_at=func.coalesce(_t.due_at, tx.now))).rowcount
    if count:
        record(tx, entry)
    return count


def _there(tx: Tx, names: Iterable[str]) -> set[str]:
    """Which of these are in already. Until this transaction ends, nobody else puts any of them in."""
    found: set[str] = set()
    for part in ids_in(sorted(names)):
        for name in part:
            tx.serialise(f"outbox row/{name}")
        found |= set(tx.conn.execute(_THERE, {"ids": part}).scalars())
    return found


def _row(tx: Tx, parcel: Parcel, *, held: bool) -> dict[str, Any]:
    name = parcel.id
    return {
        "id": name,
        "kind": str(parcel.kind),
        "to": parcel.to,
        "together_hash": tx.hash("together", parcel.together or name),
        "patient_hash": patient_hash(tx, parcel.patient),
        # A patient key is the issuer, "|" and the id; a FHIR id has no "|".
        "issuer_hash": tx.hash("issuer", parcel.patient.rpartition("|")[0]),
        "action": parcel.action,
        "visit_hash": parcel.visit,
        "launch_hash": tx.hash("launch", parcel.launch) if parcel.launch else "",
        "post": str(Post.HELD if held else Post.WAITING),
        "at": tx.now,
        "due_at": parcel.due or (None if held else tx.now),
        "tries": 0,
        "taken_by": "",
        "against": "",
        "confirmable": 1,
        "judged": str(Judged.NOTHING),
        "trouble": "",
        "body": close(tx, name, parcel),
    }
