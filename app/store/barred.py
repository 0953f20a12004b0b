"""Which payers this practice itself keeps from being asked about a patient. One look, as every reading needs it."""

from __future__ import annotations

from sqlalchemy import literal, select, union_all

from app.core.restrictions import Own
from app.store.audit.chain import patient_hash
from app.store.schema import held_reports, restrictions
from app.store.tx import Tx


def own(tx: Tx, patient: str) -> Own:
    """The payers that are held for this patient, and those that an entry of the practice restricts."""
    here, held, entered = patient_hash(tx, patient), held_reports.c, restrictions.c
    both = union_all(
        select(literal("held").label("how"), held.payer).where(held.patient_hash == here, held.released_at.is_(None)),
        select(literal("restricted"), entered.payer).where(entered.patient_hash == here, entered.lifted_at.is_(None)),
    )
    rows = tx.conn.execute(both).all()
    return Own(*(frozenset(payer for how, payer in rows if how == name) for name in ("held", "restricted")))
