"""Reports that somebody marked "wrong patient": hidden for everyone, in every launch, until the privacy role decides.

What is hidden is everything that one payer says of one patient of one EHR. A hold that was looked at and kept stays
one; only a release ends it. Every write takes the audit record that it commits with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update

from app.store import barred, said
from app.store.audit import Audit, record
from app.store.barred import HELD
from app.store.said import Note, Said
from app.store.schema import held_reports
from app.store.tx import Tx

_t = held_reports.c


class Decision(StrEnum):
    RELEASE = "release"  # it was this patient after all, or the payer has mended it
    KEEP = "keep"  # stays hidden


@dataclass(frozen=True, slots=True)
class Held:
    """One hold. `said` None: sealed with a key that is gone; it still hides, and can still be released."""

    id: str
    payer: str
    at: datetime
    said: Said | None
    decided_at: datetime | None = None  # None: nobody has looked yet
    decided: Said | None = None
    released: bool = False

    @property
    def version(self) -> str:
        """Another one after every decision: a page that shows an older one is not to decide."""
        return self.decided_at.isoformat() if self.decided_at else "waiting"


def hold(tx: Tx, entry: Audit, payer: str, note: Note) -> bool:
    """Hide what `payer` says of the patient of `entry`. False, and nothing written, where it is hidden already."""
    return barred.begin(tx, HELD, entry, payer, note)


def hidden(tx: Tx) -> list[Held]:
    """Every hold that has not been released, those that nobody has looked at first, the oldest first."""
    return sorted((_held(tx, row) for row in barred.rows(tx, HELD)), key=lambda each: each.decided_at is not None)


def find(tx: Tx, name: str) -> Held | None:
    """One hold, released or not. Until the transaction ends nobody else decides on it."""
    tx.serialise(held_reports.name)
    row = tx.conn.execute(select(held_reports).where(_t.id == name)).one_or_none()
    return None if row is None else _held(tx, row)


def decide(tx: Tx, entry: Audit, found: Held, decision: Decision, note: Note) -> None:
    """What the privacy role decided on a hold that was found in this transaction."""
    ended = {"released_at": entry.at} if decision is Decision.RELEASE else {}
    decided = said.close(tx, entry, note, _decision(found.id))
    this = update(held_reports).where(_t.id == found.id)
    tx.conn.execute(this.values(decided_at=entry.at, decision=decided, **ended))
    record(tx, entry)


def _held(tx: Tx, row: Row[Any]) -> Held:
    decided = said.read(tx, row.decision, _decision(row.id))
    whom = barred.body(tx, HELD, row)
    return Held(row.id, row.payer, row.at, whom, row.decided_at, decided, row.released_at is not None)


def _decision(name: str) -> str:
    return barred.place(HELD, name, "decision")
