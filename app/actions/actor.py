"""Who acts, whether they may, and the audit record that their write commits with."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.roles import May, Role, may
from app.errors import NotAllowed
from app.store import Tx, audit


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, under which launch. `issuer`: of the EHR that gave them their role; it reaches no further."""

    launch: str
    user: str
    name: str
    role: Role
    issuer: str


def must(actor: Actor, what: May) -> None:
    """Raises NotAllowed where the role may not."""
    if not may(actor.role, what):
        raise NotAllowed


def entry_of(tx: Tx, actor: Actor, action: str, patient: str, what: str, outcome: str = "ok") -> audit.Audit:
    """`action` on one `what` of `patient` (patient key), by `actor`, now."""
    return audit.Audit(
        launch=actor.launch,
        who=actor.user,
        role=str(actor.role),
        patient=patient,
        action=action,
        counts={what: 1},
        outcome=outcome,
        at=tx.now,
    )
