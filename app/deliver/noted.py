"""The audit records of what the software does on its own: in chains by destination and day, so that one payer's writers
wait for no other's.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.store import Tx, audit

SYSTEM = "system"


def by_delivery(tx: Tx, patient: str, action: str, to: str, number: int, outcome: str) -> audit.Audit:
    """`number` messages about `patient` (patient key) to one payer."""
    return audit.Audit(
        launch=f"delivery {to} {tx.now.date().isoformat()}", who=SYSTEM, role="delivery", patient=patient,
        action=action, counts={to: number}, outcome=outcome, at=tx.now,
    )  # fmt: skip


def by_visit(tx: Tx, launch: str, patient: str, action: str, counts: Mapping[str, int], outcome: str) -> audit.Audit:
    """What a look, or the end of a visit, brought about: in the chain of the launch that saw the visit last."""
    return audit.Audit(
        launch=launch or "visits", who=SYSTEM, role="visit", patient=patient, action=action, counts=counts,
        outcome=outcome, at=tx.now,
    )  # fmt: skip
