"""Reading every chain again: what was edited, removed, moved or cut off since it was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, true

from app.store.audit.chain import Audit, Seal, canonical, link, parse, patient_hash, place, seal_link
from app.store.errors import SealBroken
from app.store.schema import AUDIT_KEPT, audit, audit_heads, audit_seals
from app.store.tx import Tx

SITE = "site"
_AT_ONCE = 500  # chains that one statement names
_ENTRIES = select(audit).order_by(audit.c.chain, audit.c.seq)


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the audit is not what was written. `chain` is a hash, or `site` for the chain of seals."""

    chain: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.chain} entry {self.seq}: {self.what}"


def verify(tx: Tx, witness: Seal | None = None, *, since: datetime | None = None) -> list[Problem]:
    """Every problem of every chain; empty when all is whole. `witness` is a seal that was written down elsewhere.

    `since`: only the chains that have grown or were sealed since then, each as a whole, and the seals since then.
    """
    sealed, problems = _seals(tx, witness, since)
    of = audit_heads.c.at >= since if since else true()
    heads = {row.chain: row for row in tx.conn.execute(select(audit_heads).where(of))}
    if since:  # a chain whose head was taken away has entries all the same, or a seal
        missing = {chain for chain, _ in sealed} | _grown(tx, since) - heads.keys()
        heads |= {row.chain: row for row in _of(tx, select(audit_heads), audit_heads.c.chain, missing - heads.keys())}
        rows = iter(_of(tx, _ENTRIES, audit.c.chain, missing | heads.keys()))
    else:
        rows = iter(tx.conn.execute(_ENTRIES.execution_options(yield_per=500)))
    for chain, entries in groupby(rows, key=lambda row: str(row.chain)):
        problems += _chain(tx, chain, entries, heads.pop(chain, None), sealed)
    problems += [Problem(chain, head.seq, "the whole chain is missing") for chain, head in heads.items()]
    problems += [Problem(chain, seq, "sealed, and missing now") for chain, seq in sealed]
    return problems


def opened(tx: Tx, row: Row[Any]) -> tuple[Audit | None, str]:
    """One entry, and what is wrong with it by itself; empty: nothing. None: it cannot be opened."""
    try:
        body = tx.unseal(row.body, place(row.chain, row.seq))
        entry = parse("", body)
    except (SealBroken, ValueError, TypeError, KeyError):
        return None, "unreadable, or moved here from another place"
    whole = row.hash == link(tx, row.chain, row.seq, row.prev_hash, body.decode())
    return entry, "" if whole and _columns_agree(tx, row, entry, body) else "edited"


def _grown(tx: Tx, since: datetime) -> set[str]:
    return set(tx.conn.execute(select(audit.c.chain).where(audit.c.at >= since).distinct()).scalars())


def _of(tx: Tx, what: Select[Any], column: ColumnElement[str], chains: Iterable[str]) -> Iterator[Row[Any]]:
    """The rows of these chains, one chain after the other."""
    named = sorted(chains)
    for start in range(0, len(named), _AT_ONCE):
        yield from tx.conn.execute(what.where(column.in_(named[start : start + _AT_ONCE])))


def _chain(
    tx: Tx, chain: str, entries: Iterable[Row[Any]], head: Row[Any] | None, sealed: dict[tuple[str, int], str]
) -> Iterator[Problem]:
    """The problems of one chain. Takes from `sealed` what it has seen."""
    seq, prev = 0, ""
    for row in entries:
        if row.seq != seq + 1:
            yield Problem(chain, seq + 1, "missing")
        elif row.prev_hash != prev:
            yield Problem(chain, row.seq, "does not follow the entry before it")
        if what := opened(tx, row)[1]:
            yield Problem(chain, row.seq, what)
        if sealed.pop((chain, row.seq), row.hash) != row.hash:
            yield Problem(chain, row.seq, "not what was sealed")
        seq, prev = row.seq, row.hash
    if head is None or (head.seq, head.hash) != (seq, prev):
        yield Problem(chain, seq + 1, "the end of the chain was cut off or exchanged")


def _columns_agree(tx: Tx, row: Row[Any], entry: Audit, body: bytes) -> bool:
    shown = (row.at, row.action, row.patient_hash)
    return canonical(entry) == body.decode() and shown == (entry.at, entry.action, patient_hash(tx, entry.patient))


def _seals(tx: Tx, witness: Seal | None, since: datetime | None) -> tuple[dict[tuple[str, int], str], list[Problem]]:
    """What must still stand, by the site chain, and the problems of the site chain itself."""
    must_stand: dict[tuple[str, int], str] = {}
    problems: list[Problem] = []
    seq, prev, witnessed = 0, "", witness is None
    seals = select(audit_seals).order_by(audit_seals.c.seq)
    if since:  # those before it are taken as they are: the last of them is what the next follows
        last = select(func.max(audit_seals.c.seq)).where(audit_seals.c.at < since).scalar_subquery()
        before = tx.conn.execute(select(audit_seals).where(audit_seals.c.seq == last)).one_or_none()
        seq, prev = (before.seq, before.hash) if before else (0, "")
        seals = seals.where(audit_seals.c.seq > seq)
    for row in tx.conn.execute(seals):
        if row.seq != seq + 1:
            problems.append(Problem(SITE, seq + 1, "missing"))
        elif row.prev_hash != prev:
            problems.append(Problem(SITE, row.seq, "does not follow the entry before it"))
        if row.hash != seal_link(tx, row.seq, row.prev_hash, row.at, row.heads):
            problems.append(Problem(SITE, row.seq, "edited"))
        elif row.at > tx.now - AUDIT_KEPT:  # what was sealed earlier may have been purged by now
            must_stand |= {(chain, n): hash_ for chain, n, hash_ in json.loads(row.heads)}
        witnessed = witnessed or (row.seq, row.hash) == (witness and witness.seq, witness and witness.hash)
        seq, prev = row.seq, row.hash
    if witness and not witnessed:
        problems.append(Problem(SITE, witness.seq, "not what was witnessed"))
    return must_stand, problems
