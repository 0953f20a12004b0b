"""The work of the nightly prefetch: one row for each provider whose day is asked for and each patient on it.

The rows are the truth of it, whatever becomes of a job or a process: who takes a row has it until its lease is over,
and a row that is done is never taken again. `cleared` takes everything back once the day is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select, update

from app.store import answers as answer_rows
from app.store.audit.chain import patient_hash
from app.store.errors import SealBroken
from app.store.schema import answers, prefetch
from app.store.tx import Tx

_t = prefetch.c
_CHUNK = 500


class Kind(StrEnum):
    SCHEDULE = "schedule"  # `about`: Practitioner/…
    PATIENT = "patient"  # `about`: the id of the Patient


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be asked: a provider's schedule, or about a patient. `patient`: the patient's key in the store."""

    kind: Kind
    about: str
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One row that the caller has taken."""

    key: str
    item: Item
    tries: int


@dataclass(frozen=True, slots=True)
class Left:
    """How far a run is. `next`: when the first of what is left may be taken; None: nothing is left."""

    done: int
    undone: int
    next: datetime | None


def handle(run: str) -> str:
    """Under which name a run asks: its answers' scope, and its chain in the audit."""
    return f"prefetch {run}"


def add(tx: Tx, run: str, items: Iterable[Item], ends: datetime) -> int:
    """Write down what is to be asked; what stands there already is left as it is. How many rows are new."""
    tx.serialise(f"prefetch/{run}")
    wanted = {tx.hash("prefetch", run, item.kind, item.about): item for item in items}
    there = set(tx.conn.execute(select(_t.item_hash).where(_t.run == run)).scalars())
    rows = [
        {"run": run, "item_hash": key, "at": tx.now, "body": _close(tx, run, key, item), "tries": 0, "ends": ends}
        for key, item in wanted.items()
        if key not in there
    ]
    if rows:
        tx.conn.execute(insert(prefetch), rows)
    return len(rows)


def take(tx: Tx, run: str, lease: timedelta) -> Work | None:
    """The next row that nobody works on, schedules first; the caller has it for `lease`."""
    tx.serialise(f"prefetch/{run}")
    free = [_t.run == run, _t.done_at.is_(None), or_(_t.taken_until.is_(None), _t.taken_until <= tx.now)]
    row = tx.conn.execute(select(prefetch).where(*free).order_by(_t.at, _t.item_hash).limit(1)).one_or_none()
    if row is None:
        return None
    _change(tx, run, row.item_hash, taken_until=tx.now + lease, tries=row.tries + 1)
    item = _open(tx, row)
    if item is None:  # its sealing key was retired
        done(tx, run, row.item_hash)
        return take(tx, run, lease)
    return Work(row.item_hash, item, row.tries + 1)


def done(tx: Tx, run: str, key: str) -> None:
    """A row has come to something."""
    _change(tx, run, key, taken_until=None, done_at=tx.now)


def later(tx: Tx, run: str, work: Work, wait: timedelta, *, counts: bool = True) -> None:
    """Put a row back, to be taken again after `wait`. Not `counts`: it was not tried at all."""
    _change(tx, run, work.key, taken_until=tx.now + wait, tries=work.tries if counts else work.tries - 1)


def left(tx: Tx, run: str) -> Left:
    """How far the run is."""
    undone = _t.done_at.is_(None)
    rows = tx.conn.execute(
        select(undone, func.count(), func.min(func.coalesce(_t.taken_until, _t.at)))
        .where(_t.run == run)
        .group_by(undone)
    ).all()
    by = {bool(is_undone): (number, first) for is_undone, number, first in rows}
    number, first = by.get(True, (0, None))
    return Left(by.get(False, (0, None))[0], number, first)


def begun(tx: Tx, run: str) -> bool:
    """Whether anything of the run was written down."""
    return tx.conn.execute(select(_t.run).where(_t.run == run).limit(1)).first() is not None


def unfinished(tx: Tx) -> list[str]:
    """The runs of which something is left that may be taken now."""
    free = [_t.done_at.is_(None), or_(_t.taken_until.is_(None), _t.taken_until <= tx.now), _t.ends > tx.now]
    return list(tx.conn.execute(select(_t.run).where(*free).distinct().order_by(_t.run)).scalars())


def forget(tx: Tx, run: str, patient: str) -> int:
    """Delete what the EHR has said of one patient to the run's own token."""
    answer_rows.alone(tx)
    here = (answers.c.scope_hash == tx.hash("scope", handle(run)), answers.c.patient_hash == patient_hash(tx, patient))
    return tx.conn.execute(delete(answers).where(*here)).rowcount


def cleared(tx: Tx) -> int:
    """Delete what the runs brought whose day is over, and their rows. How many answers of payers went.

    Those that came after a patient was done were asked for by somebody else, and stay.
    """
    over = tx.conn.execute(select(prefetch).where(_t.ends <= tx.now)).all()
    if not over:
        return 0
    answer_rows.alone(tx)
    brought: dict[str, datetime] = {}
    for row in over:
        if (item := _open(tx, row)) and item.patient:
            until = row.done_at or tx.now
            brought[patient_hash(tx, item.patient)] = max(brought.get(item.patient, until), until)
    gone = sum(_without(tx, part) for part in _parts(list(brought.items())))
    for run in {row.run for row in over}:
        tx.conn.execute(delete(answers).where(answers.c.scope_hash == tx.hash("scope", handle(run))))
    tx.conn.execute(delete(prefetch).where(_t.ends <= tx.now))
    return gone


def _without(tx: Tx, patients: Sequence[tuple[str, datetime]]) -> int:
    until = dict(patients)
    c = answers.c
    found = select(c.question_hash, c.patient_hash, c.good_at).where(c.scope_hash == "", c.patient_hash.in_(until))
    old = [
        row.question_hash
        for row in tx.conn.execute(found)
        if row.good_at is None or row.good_at <= until[row.patient_hash]
    ]
    for part in _parts(old):
        tx.conn.execute(delete(answers).where(c.question_hash.in_(part)))
    return len(old)


def _parts(items: list[Any]) -> list[list[Any]]:
    return [items[i : i + _CHUNK] for i in range(0, len(items), _CHUNK)]


def _change(tx: Tx, run: str, key: str, **values: Any) -> None:
    tx.conn.execute(update(prefetch).where(_t.run == run, _t.item_hash == key).values(**values))


def _close(tx: Tx, run: str, key: str, item: Item) -> bytes:
    body = {"kind": item.kind, "about": item.about, "patient": item.patient}
    return tx.seal(json.dumps(body).encode(), _place(run, key))


def _open(tx: Tx, row: Row[Any]) -> Item | None:
    try:
        body = json.loads(tx.unseal(row.body, _place(row.run, row.item_hash)))
    except SealBroken:
        return None
    return Item(Kind(body["kind"]), body["about"], body["patient"])


def _place(run: str, key: str) -> str:
    return f"prefetch/{run}/{key}"
