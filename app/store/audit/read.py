"""Reading the audit for somebody who is responsible for it: by days, user and patient, the newest first, or all of it.

Each entry is checked by itself as it is read: what was edited or cannot be opened is shown as that, never as what it
says. Whether one is missing is for `verify`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from app.store.audit.chain import Audit, chain_of, patient_hash
from app.store.audit.verify import opened
from app.store.schema import audit
from app.store.tx import Tx

_a = audit.c
_AT_ONCE = 200
_TRIES = 20  # entries of a chain that are looked at for the EHR that it belongs to


@dataclass(frozen=True, slots=True)
class Where:
    """Where an entry stands: what a page goes on from."""

    at: datetime
    chain: str
    seq: int


@dataclass(frozen=True, slots=True)
class Found:
    """One entry. `entry` None: it cannot be opened. `problem` empty: it is what was written."""

    where: Where
    hash: str
    entry: Audit | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: from `since` until before `until`. `issuer` empty: of every EHR, and of none."""

    since: datetime
    until: datetime
    issuer: str = ""
    who: str = ""  # "Practitioner/123", or its id alone
    patient: str = ""  # patient key


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, the newest first. `after`: where to go on; None: that was all.

    `full` False with an `after`: only a part was looked through, because hardly anything of it fits.
    """

    found: tuple[Found, ...]
    after: Where | None
    full: bool


def page(tx: Tx, wanted: Wanted, after: Where | None = None, *, size: int = 50, most: int = 2000) -> Page:
    """The newest `size` entries before `after`, of at most `most` that are looked at."""
    reader, found = _Reader(tx, wanted), list[Found]()
    looked = 0
    while looked < most:
        older = [_before(after)] if after else []
        newest = _rows(tx, wanted, *older).order_by(_a.at.desc(), _a.chain.desc(), _a.seq.desc())
        rows = tx.conn.execute(newest.limit(_AT_ONCE)).all()
        for row in rows:
            after, looked = Where(row.at, row.chain, row.seq), looked + 1
            if fits := reader.read(row):
                found.append(fits)
            if len(found) == size:
                return Page(tuple(found), after if _any(tx, wanted, after) else None, full=True)
        if len(rows) < _AT_ONCE:
            return Page(tuple(found), None, full=False)
    return Page(tuple(found), after, full=False)


def entries(tx: Tx, wanted: Wanted) -> Iterator[Found]:
    """All of them, the oldest first."""
    reader = _Reader(tx, wanted)
    oldest = _rows(tx, wanted).order_by(_a.at, _a.chain, _a.seq)
    for row in tx.conn.execute(oldest.execution_options(yield_per=_AT_ONCE)):
        if fits := reader.read(row):
            yield fits


def count(tx: Tx, wanted: Wanted) -> int:
    """How many would be looked at: no fewer than fit."""
    return int(tx.conn.execute(select(func.count()).select_from(_rows(tx, wanted).subquery())).scalar_one())


class _Reader:
    """Which entries fit, with the EHR of each chain looked up once."""

    def __init__(self, tx: Tx, wanted: Wanted) -> None:
        self._tx, self._wanted = tx, wanted
        self._issuers: dict[str, str] = {}

    def read(self, row: Row[Any]) -> Found | None:
        entry, problem = opened(self._tx, row)
        found = Found(Where(row.at, row.chain, row.seq), row.hash, entry, problem)
        if self._wanted.issuer and self._issuer(row.chain, entry) != self._wanted.issuer:
            return None
        who = entry.who if entry else ""
        return found if self._wanted.who in ("", who, who.rpartition("/")[2]) else None

    def _issuer(self, chain: str, entry: Audit | None) -> str:
        """Of the EHR that an entry is about: by its patient, else by whose chain it stands in."""
        named = entry.patient.rpartition("|")[0] if entry else ""
        if "://" in named:  # a payer's member has the payer's id there
            return named
        if chain not in self._issuers:
            self._issuers[chain] = self._of_chain(chain)
        return self._issuers[chain]

    def _of_chain(self, chain: str) -> str:
        first = select(audit).where(_a.chain == chain).order_by(_a.seq).limit(_TRIES)
        for row in self._tx.conn.execute(first).all():
            entry, _ = opened(self._tx, row)
            named = entry.patient.rpartition("|")[0] if entry else ""
            if "://" in named:
                return named
        return ""


def launch_chain(tx: Tx, launch: str) -> str:
    """The name that a launch or job has in the audit."""
    return chain_of(tx, launch)


def _rows(tx: Tx, wanted: Wanted, *more: ColumnElement[bool]) -> Select[Any]:
    of: Sequence[ColumnElement[bool]] = [_a.patient_hash == patient_hash(tx, wanted.patient)] if wanted.patient else []
    return select(audit).where(_a.at >= wanted.since, _a.at < wanted.until, *of, *more)


def _before(where: Where) -> ColumnElement[bool]:
    same = and_(_a.chain == where.chain, _a.seq < where.seq)
    return or_(_a.at < where.at, and_(_a.at == where.at, or_(_a.chain < where.chain, same)))


def _any(tx: Tx, wanted: Wanted, after: Where) -> bool:
    return tx.conn.execute(_rows(tx, wanted, _before(after)).limit(1)).first() is not None
