"""Appending to the chains, and sealing their heads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from app.store.audit.chain import Audit, Seal, canonical, chain_of, link, parse, patient_hash, place, seal_link
from app.store.schema import audit, audit_heads, audit_seals
from app.store.tx import Tx

_heads = audit_heads.c

# Statements are made once: putting one together costs several times what the database takes to answer it.
_HEAD = select(_heads.seq, _heads.hash).where(_heads.chain == bindparam("of"))
_ENTRY, _NEW_HEAD = insert(audit), insert(audit_heads)
_GROWN = update(audit_heads).where(_heads.chain == bindparam("of"))


def record(tx: Tx, entry: Audit) -> None:
    """Append `entry` to its launch's chain, in the transaction of what it speaks of."""
    record_all(tx, [entry])


def record_all(tx: Tx, entries: Sequence[Audit]) -> None:
    """Append `entries`, all of one launch, in their order: a morning schedule shows many charts at once."""
    if not entries:
        return
    chain = chain_of(tx, entries[0].launch)
    tx.serialise(f"audit/{chain}")
    head = tx.heads.get(chain)  # nobody else appends to a chain until the transaction that has it ends
    if head is None and (found := tx.conn.execute(_HEAD, {"of": chain}).one_or_none()):
        head = (found.seq, found.hash)
    seq, prev = head or (0, "")
    rows: list[dict[str, Any]] = []
    for entry in entries:
        assert entry.launch == entries[0].launch, "one chain at a time"
        body = canonical(entry)
        row = {
            "chain": chain,
            "seq": (seq := seq + 1),
            "at": entry.at,
            "action": entry.action,
            "patient_hash": patient_hash(tx, entry.patient),
            "body": tx.seal(body.encode(), place(chain, seq)),
            "prev_hash": prev,
            "hash": (prev := link(tx, chain, seq, prev, body)),
        }
        rows.append(row)
    tx.conn.execute(_ENTRY, rows)
    grown = {"seq": seq, "hash": prev, "at": entries[-1].at}
    tx.heads[chain] = (seq, prev)
    if head:
        tx.conn.execute(_GROWN, {"of": chain, **grown})
    else:
        tx.conn.execute(_NEW_HEAD, {"chain": chain, "sealed_seq": 0, **grown})


def trail(tx: Tx, launch: str) -> list[Audit]:
    """The entries of one launch or job, in order. Raises `SealBroken` where one cannot be opened."""
    chain = chain_of(tx, launch)
    rows = tx.conn.execute(select(audit).where(audit.c.chain == chain).order_by(audit.c.seq)).all()
    return [parse(launch, tx.unseal(row.body, place(chain, row.seq))) for row in rows]


def seal_heads(tx: Tx) -> Seal | None:
    """Seal every chain that has grown since the last time into the site chain; None when none has.

    A chain that is being written to at this moment is left for the next time, so that nobody waits for anybody.
    """
    tx.serialise("audit_seals")
    grown = select(audit_heads).where(_heads.seq > _heads.sealed_seq).order_by(_heads.chain)
    rows = tx.conn.execute(grown.with_for_update(skip_locked=True)).all()
    if not rows:
        return None
    last = tx.conn.execute(select(audit_seals).order_by(audit_seals.c.seq.desc()).limit(1)).one_or_none()
    seq, prev = (last.seq + 1, last.hash) if last else (1, "")
    heads = json.dumps([[row.chain, row.seq, row.hash] for row in rows], separators=(",", ":"))
    seal = Seal(seq, seal_link(tx, seq, prev, tx.now, heads))
    tx.conn.execute(insert(audit_seals).values(seq=seq, at=tx.now, heads=heads, prev_hash=prev, hash=seal.hash))
    tx.conn.execute(
        update(audit_heads).where(_heads.chain == bindparam("of")).values(sealed_seq=bindparam("to")),
        [{"of": row.chain, "to": row.seq} for row in rows],
    )
    return seal
