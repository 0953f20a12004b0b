"""Whether a payer may be told anything about a patient at this moment, by what the practice itself has decided."""

from __future__ import annotations

from app.core.restrictions import EVERY_PAYER, Own
from app.store import Tx, barred

RESTRICTION = "restriction"  # why something was taken back: a code of ours
DECEASED = "deceased"


def is_barred(tx: Tx, patient: str, payer: str) -> bool:
    """A hold or a restriction is in force."""
    return bars(barred.own(tx, patient), payer)


def bars(own: Own, payer: str) -> bool:
    return payer in own.held or bool({payer, EVERY_PAYER} & own.restricted)
