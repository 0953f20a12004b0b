"""Visits that somebody worked in: what waits for their end, and which groups of which reports were received.

A visit is one row, changed under its lock (`alone`), which whoever puts in what waits for it holds as well: so what is
put in while the visit is being closed either is released with the rest, or finds it closed and does not wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, insert, or_, select, update

from app.store.audit.chain import patient_hash
from app.store.errors import SealBroken
from app.store.said import Person
from app.store.schema import visits
from app.store.tx import Tx

_t = visits.c

# Made once: putting a statement together costs several times what the database takes to answer it.
_FIND = select(visits).where(_t.key_hash == bindparam("name"))
_CLOSED = select(_t.key_hash).where(_t.key_hash == bindparam("name"), _t.closed_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Group:
    """One group of an RA report, as it was received in this visit. `presented`: it was drawn expanded."""

    payer: str
    report_id: str
    group_id: str
    dialect: str = ""
    ingested: bool = True
    presented: bool = False
    withheld: bool = False  # its payer may not be told: a restriction came up in the visit


@dataclass(frozen=True, slots=True)
class Visited:
    """One visit. `closed_at`: when what waited for its end was released. Of one that was sealed with a key that is gone
    only the key and the times are known.
    """

    key: str  # `key(tx, issuer, encounter)`
    ehr: str
    issuer: str
    encounter: str
    patient: str  # patient key
    launch: str  # handle of the launch that saw it last
    ends_at: datetime  # the clinic's midnight
    groups: tuple[Group, ...] = ()
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    person: Person = field(default_factory=Person)  # for lists: whom it is about


def key(tx: Tx, issuer: str, encounter: str) -> str:
    """The keyed hash by which a visit is found."""
    return tx.hash("visit", issuer, encounter)


def alone(tx: Tx, name: str) -> None:
    """Until this transaction ends, nobody else changes this visit or puts in what waits for it. Before any audit
    record of the transaction, or two of them wait for each other.
    """
    tx.serialise(f"visit/{name}")


def find(tx: Tx, name: str) -> Visited | None:
    row = tx.conn.execute(_FIND, {"name": name}).one_or_none()
    return None if row is None else _open(tx, row)


def closed(tx: Tx, name: str) -> bool:
    """Whether what waited for it has been released."""
    return tx.conn.execute(_CLOSED, {"name": name}).first() is not None


def news(tx: Tx, visit: Visited, groups: Iterable[Group]) -> bool:
    """Whether `see` would write anything: asked first, in a transaction that only reads, by whoever looks often."""
    return _seen(find(tx, visit.key), visit, groups) is not None


def see(tx: Tx, visit: Visited, groups: Iterable[Group]) -> bool:
    """Begin a visit, or add to one: a group once presented, ingested or withheld stays so. Nothing once it is closed.
    Whether anything was new. When the day ends, the first look has said.
    """
    return _see(tx, visit, groups)[0]


def joined(tx: Tx, visit: Visited) -> Visited:
    """The visit as it is, begun or added to as by `see`."""
    return _see(tx, visit, ())[1]


def _see(tx: Tx, visit: Visited, groups: Iterable[Group]) -> tuple[bool, Visited]:
    alone(tx, visit.key)
    before = find(tx, visit.key)
    after = _seen(before, visit, groups)
    if after is None:
        return False, before or visit
    body = tx.seal(_written(after), _row(visit.key))
    if before is None:
        whose = patient_hash(tx, visit.patient)
        new = insert(visits).values(key_hash=visit.key, patient_hash=whose, at=tx.now, ends_at=visit.ends_at, body=body)
        tx.conn.execute(new)
    else:
        tx.conn.execute(update(visits).where(_t.key_hash == visit.key).values(body=body))
    return True, after


def ended(tx: Tx, name: str) -> bool:
    """The EHR says that it is finished. False where that is known, or the visit is not."""
    this = update(visits).where(_t.key_hash == name, _t.ended_at.is_(None)).values(ended_at=tx.now)
    return tx.conn.execute(this).rowcount == 1


def over(tx: Tx) -> tuple[Visited, ...]:
    """Visits that have ended, by the EHR's word or by the clinic's midnight, and are not closed."""
    end = and_(_t.closed_at.is_(None), or_(_t.ended_at.is_not(None), _t.ends_at <= tx.now))
    return tuple(_open(tx, row) for row in tx.conn.execute(select(visits).where(end).order_by(_t.ends_at, _t.key_hash)))


def under_way(tx: Tx) -> tuple[Visited, ...]:
    """Visits that have not ended, as far as anybody knows."""
    on = and_(_t.closed_at.is_(None), _t.ended_at.is_(None), _t.ends_at > tx.now)
    return tuple(_open(tx, row) for row in tx.conn.execute(select(visits).where(on).order_by(_t.ends_at, _t.key_hash)))


def close(tx: Tx, name: str) -> bool:
    """What waited for it has been released. False where somebody else has done that. Its groups are what `find` says
    after this: nobody adds to them any more.
    """
    alone(tx, name)
    this = update(visits).where(_t.key_hash == name, _t.closed_at.is_(None)).values(closed_at=tx.now)
    return tx.conn.execute(this).rowcount == 1


def _seen(before: Visited | None, visit: Visited, groups: Iterable[Group]) -> Visited | None:
    """What is known of a visit after another look; None where that is nothing new."""
    if before is not None and before.closed_at:
        return None
    known = {_name(group): group for group in (before.groups if before else ())}
    for group in (*visit.groups, *groups):
        old = known.get(_name(group), group)
        known[_name(group)] = replace(
            old,
            dialect=group.dialect or old.dialect,
            ingested=old.ingested or group.ingested,
            presented=old.presented or group.presented,
            withheld=old.withheld or group.withheld,
        )
    base = visit
    if before and before.patient:
        base = replace(
            before, launch=visit.launch, person=visit.person if any(astuple(visit.person)) else before.person
        )
    after = replace(base, groups=tuple(known.values()))
    return None if before is not None and _written(after) == _written(before) else after


def _name(group: Group) -> tuple[str, str, str]:
    return group.payer, group.report_id, group.group_id


def _written(visit: Visited) -> bytes:
    names = ("ehr", "issuer", "encounter", "patient", "launch")
    said: dict[str, Any] = {name: getattr(visit, name) for name in names}
    said["groups"] = [asdict(group) for group in visit.groups]
    said["person"] = asdict(visit.person)
    return json.dumps(said, separators=(",", ":")).encode()


def _open(tx: Tx, row: Row[Any]) -> Visited:
    times = {"ends_at": row.ends_at, "ended_at": row.ended_at, "closed_at": row.closed_at}
    try:
        said = json.loads(tx.unseal(row.body, _row(row.key_hash)))
        said["groups"] = tuple(Group(**group) for group in said["groups"])
        said["person"] = Person(**said["person"])
        return Visited(key=row.key_hash, **said, **times)
    except (SealBroken, ValueError, KeyError, TypeError):
        return Visited(row.key_hash, "", "", "", "", "", **times)


def _row(name: str) -> str:
    return f"visit/{name}"
