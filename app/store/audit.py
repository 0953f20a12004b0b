"""Who saw and did what, so that a change of it shows: one hash chain per launch or job (DESIGN 3.6).

Each entry's hash covers its plain content, its place and the hash before it, by the keyed digest: who can write to the
database but holds no key can neither forge nor edit. `seal_heads` writes the chains' newest hashes into a site chain, so
that cutting the end off a chain, or taking a whole one away, shows as well. The newest seal itself is only as safe as the
database: log it, and `verify` takes it back as a witness.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from app.store.schema import audit, audit_heads, audit_seals
from app.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One entry. `launch` is the launch handle, or the name of a job; it is kept as a hash only.

    `counts` says of which types how many were read or written ({"Condition": 12}); no clinical content belongs here.
    """

    launch: str
    who: str  # fhirUser, or the job
    role: str
    patient: str  # patient key; empty: no patient
    action: str  # a code of ours: read-chart
    counts: Mapping[str, int]
    outcome: str  # ok, or why not
    at: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the site chain: enough to be written down elsewhere and held against the database later."""

    seq: int
    hash: str


def record(tx: Tx, entry: Audit) -> None:
    """Append `entry` to its launch's chain, in the transaction of what it speaks of."""
    chain = chain_of(tx, entry.launch)
    tx.serialise(f"audit/{chain}")
    head = tx.conn.execute(select(audit_heads).where(audit_heads.c.chain == chain)).one_or_none()
    seq, prev = (head.seq + 1, head.hash) if head else (1, "")
    body = canonical(entry)
    grown = {"seq": seq, "hash": link(tx, chain, seq, prev, body), "at": entry.at}
    tx.conn.execute(
        insert(audit).values(
            chain=chain,
            action=entry.action,
            patient_hash=patient_hash(tx, entry.patient),
            body=tx.seal(body.encode(), place(chain, seq)),
            prev_hash=prev,
            **grown,
        )
    )
    if head:
        tx.conn.execute(update(audit_heads).where(audit_heads.c.chain == chain).values(**grown))
    else:
        tx.conn.execute(insert(audit_heads).values(chain=chain, sealed_seq=0, **grown))


def trail(tx: Tx, launch: str) -> list[Audit]:
    """The entries of one launch or job, in order."""
    chain = chain_of(tx, launch)
    rows = tx.conn.execute(select(audit).where(audit.c.chain == chain).order_by(audit.c.seq)).all()
    return [_entry(launch, tx.unseal(row.body, place(chain, row.seq))) for row in rows]


def seal_heads(tx: Tx) -> Seal | None:
    """Seal every chain that has grown since the last time into the site chain; None when none has.

    A chain that is being written to at this moment is left for the next time, so that nobody waits for anybody.
    """
    tx.serialise("audit_seals")
    heads = audit_heads.c
    grown = select(audit_heads).where(heads.seq > heads.sealed_seq).order_by(heads.chain)
    rows = tx.conn.execute(grown.with_for_update(skip_locked=True)).all()
    if not rows:
        return None
    last = tx.conn.execute(select(audit_seals).order_by(audit_seals.c.seq.desc()).limit(1)).one_or_none()
    seq, prev = (last.seq + 1, last.hash) if last else (1, "")
    sealed = json.dumps([[row.chain, row.seq, row.hash] for row in rows], separators=(",", ":"))
    hash_ = seal_link(tx, seq, prev, tx.now, sealed)
    tx.conn.execute(insert(audit_seals).values(seq=seq, at=tx.now, heads=sealed, prev_hash=prev, hash=hash_))
    tx.conn.execute(
        update(audit_heads).where(heads.chain.in_([row.chain for row in rows])).values(sealed_seq=heads.seq)
    )
    return Seal(seq, hash_)


def chain_of(tx: Tx, launch: str) -> str:
    return tx.hash("audit-chain", launch)


def patient_hash(tx: Tx, patient: str) -> str:
    return tx.hash("patient", patient) if patient else ""


def canonical(entry: Audit) -> str:
    """The content that is sealed and hashed: everything but the launch, in one fixed order and form."""
    content = asdict(entry) | {"at": instant(entry.at), "counts": dict(entry.counts)}
    del content["launch"]
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def link(tx: Tx, chain: str, seq: int, prev: str, body: str) -> str:
    return tx.hash("audit-entry", chain, str(seq), prev, body)


def seal_link(tx: Tx, seq: int, prev: str, at: datetime, heads: str) -> str:
    return tx.hash("audit-seal", str(seq), prev, instant(at), heads)


def place(chain: str, seq: int) -> str:
    return f"audit/{chain}/{seq}"


def _entry(launch: str, body: bytes) -> Audit:
    content = json.loads(body)
    return Audit(launch=launch, **content | {"at": datetime.fromisoformat(content["at"])})
