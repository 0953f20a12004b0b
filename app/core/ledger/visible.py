"""What of a ledger a role may see."""

from __future__ import annotations

from app.core.ledger.outgoing import Ledger
from app.core.ledger.verb import Kind


def without_prompts(ledger: Ledger) -> Ledger:
    """For a role that sees no conditions: neither what was said of them nor what is promised about them."""
    actions = tuple(each for each in ledger.actions if each.item.kind is not Kind.PROMPT)
    ids = {each.id for each in actions}
    follow_ups = tuple(each for each in ledger.follow_ups if each.action in ids)
    return Ledger(actions, tuple(each for each in ledger.messages if each.action in ids), follow_ups)
