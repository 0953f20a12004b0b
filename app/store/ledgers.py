"""The ledgers of the patients of a day: their versions by one statement, what they hold by three."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Integer, Select, Text, func, literal, select, union_all

from app.core.ledger.outgoing import Ledger, Post
from app.store import follow_ups, outbox, recorded
from app.store.audit.chain import patient_hash
from app.store.schema import actions
from app.store.schema import follow_ups as promised
from app.store.schema import outbox as messages
from app.store.tx import Tx

_a, _m, _f = actions.c, messages.c, promised.c


def versions(tx: Tx, patients: Iterable[str]) -> dict[str, str]:
    """One text of each ledger that `of_patients` would give, and of no other state of it, by patient key. Of whom
    nothing is recorded is not in it. Nothing is unsealed.
    """
    whose = {patient_hash(tx, each): each for each in patients}
    if not whose:
        return {}
    each_of: list[Select[tuple[object, ...]]] = [
        select(
            _a.patient_hash,
            literal("actions", Text).label("what"),
            func.count(),
            func.count(_a.undone_at),
            func.max(_a.at),
            func.max(_a.undone_at),
        )
        .where(_a.patient_hash.in_(whose))
        .group_by(_a.patient_hash),
        select(
            _m.patient_hash,
            (_m.post + literal(" ", Text) + _m.judged).label("what"),
            func.count(),
            func.count(_m.sent_at),
            func.max(_m.sent_at),
            func.max(_m.judged_at),
        )
        .where(_m.patient_hash.in_(whose), _m.action != "", _m.post != Post.WITHDRAWN)
        .group_by(_m.patient_hash, _m.post, _m.judged),
        select(
            _f.patient_hash,
            literal("follow-ups", Text).label("what"),
            func.count(),
            literal(0, Integer),
            func.max(_f.at),
            func.min(_f.at),
        )
        .where(_f.patient_hash.in_(whose), _f.done_at.is_(None))
        .group_by(_f.patient_hash),
    ]
    found: dict[str, list[str]] = {}
    for row in tx.conn.execute(union_all(*each_of)):
        found.setdefault(whose[row.patient_hash], []).append(" ".join(map(str, row[1:])))
    return {patient: "; ".join(sorted(parts)) for patient, parts in found.items()}


def of_patients(tx: Tx, patients: Iterable[str]) -> dict[str, Ledger]:
    """What was recorded about each, as far as it decides what is to be done: without what the software sent of its
    own, what was withdrawn and what is done. By patient key; of whom nothing is recorded is not in it.
    """
    wanted = list(patients)
    said, sent = recorded.of_patients(tx, wanted), outbox.of_patients(tx, wanted)
    promises = follow_ups.open_of_patients(tx, wanted)
    return {
        patient: Ledger(said.get(patient, ()), sent.get(patient, ()), promises.get(patient, ()))
        for patient in {*said, *sent, *promises}
    }
