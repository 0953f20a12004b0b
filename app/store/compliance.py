"""Additions and removals side by side: what somebody assessed present, and what nobody has that a payer counts.

Append only: triggers refuse to change or delete a row, each row's hash covers the one before it, and each is written
with an audit record of its own that names its number, in a chain that is sealed. So a line that was taken off the end
by somebody who has dropped the triggers is missed as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select

from app.store.audit import Audit, record
from app.store.audit.chain import instant, parse, patient_hash, place
from app.store.errors import SealBroken
from app.store.said import Person
from app.store.schema import COMPLIANCE_LINE, audit, compliance
from app.store.tx import Tx

_t = compliance.c
_COUNTED = "line"


class Direction(StrEnum):
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `payer_status`: what the payer had it as (closed-gap, historic, net-new, …)."""

    direction: Direction
    payer: str
    condition: str
    model: str = ""
    payer_status: str = ""
    reason: str = ""
    by: str = ""
    word: str = ""
    person: Person = field(default_factory=Person)
    action: str = ""
    at: datetime | None = None
    number: int = 0
    patient: str = ""  # patient key; `add` takes it from its entry


def add(tx: Tx, entry: Audit, issuer: str, line: Line) -> int:
    """Append, about the patient of `entry` at its time; its number. The audit record is that of `entry`, but with an
    action code of its own, and the number.
    """
    tx.serialise(compliance.name)
    last = tx.conn.execute(select(_t.seq, _t.hash).order_by(_t.seq.desc()).limit(1)).one_or_none()
    seq, prev = (last.seq + 1, last.hash) if last else (1, "")
    row: dict[str, Any] = {
        "seq": seq,
        "at": entry.at,
        "direction": str(line.direction),
        "patient_hash": patient_hash(tx, entry.patient),
        "issuer_hash": tx.hash("issuer", issuer),
        "prev_hash": prev,
    }
    body = _written(replace(line, patient=entry.patient))
    sealed = tx.seal(body.encode(), _row(seq))
    tx.conn.execute(insert(compliance).values(**row, body=sealed, hash=_link(tx, body=body, **row)))
    record(tx, replace(entry, action=COMPLIANCE_LINE, counts={_COUNTED: seq}))
    return seq


def lines(tx: Tx, issuer: str) -> tuple[Line, ...]:
    """The list of one EHR, the oldest first. A line that cannot be opened is left out: `broken` names it."""
    rows = tx.conn.execute(select(compliance).where(_t.issuer_hash == tx.hash("issuer", issuer)).order_by(_t.seq))
    return tuple(line for row in rows if (line := _open(tx, row)))


def broken(tx: Tx) -> tuple[int, ...]:
    """Numbers of lines that are not what was written, or are missing; empty: all is whole."""
    wrong: set[int] = set()
    seq, prev = 0, ""
    for row in tx.conn.execute(select(compliance).order_by(_t.seq)):
        wrong |= set(range(seq + 1, row.seq))
        if row.prev_hash != prev or row.hash != _hash_of(tx, row):
            wrong.add(row.seq)
        seq, prev = row.seq, row.hash
    return tuple(sorted(wrong | {number for number in _audited(tx) if number > seq}))


def _audited(tx: Tx) -> Iterator[int]:
    """The numbers that the audit has, as far back as it is kept."""
    for row in tx.conn.execute(select(audit).where(audit.c.action == COMPLIANCE_LINE)):
        try:
            yield parse("", tx.unseal(row.body, place(row.chain, row.seq))).counts[_COUNTED]
        except (SealBroken, ValueError, TypeError, KeyError):  # what `audit.verify` says already
            continue


def _hash_of(tx: Tx, row: Row[Any]) -> str:
    columns = {name: row._mapping[name] for name in ("at", "direction", "patient_hash", "issuer_hash", "prev_hash")}
    try:
        return _link(tx, seq=row.seq, body=tx.unseal(row.body, _row(row.seq)).decode(), **columns)
    except SealBroken:
        return ""


def _link(tx: Tx, *, at: datetime, seq: int, body: str, **columns: str) -> str:
    return tx.hash("compliance-line", str(seq), instant(at), json.dumps(columns, sort_keys=True), body)


def _written(line: Line) -> str:
    said = asdict(line)
    for column in ("direction", "at", "number"):
        del said[column]
    return json.dumps(said, separators=(",", ":"))


def _open(tx: Tx, row: Row[Any]) -> Line | None:
    try:
        said = json.loads(tx.unseal(row.body, _row(row.seq)))
        said["person"] = Person(**said["person"])
        return Line(direction=Direction(row.direction), at=row.at, number=row.seq, **said)
    except (SealBroken, ValueError, KeyError, TypeError):
        return None


def _row(seq: int) -> str:
    return f"compliance/{seq}"
