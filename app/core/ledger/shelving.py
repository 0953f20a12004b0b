"""Which rows of a panel stand aside because somebody has said enough about them (`dismissal`).

What was put aside in this visit keeps its place in the budget until the next: who finishes a row is not handed another,
and nothing else on the page moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from app.core.flag import Card, PromptRow
from app.core.ledger.action import Item
from app.core.ledger.dismissal import Now, Placed, Shelf, placed
from app.core.ledger.item import of_card, of_prompt
from app.core.ledger.outgoing import Ledger

R = TypeVar("R", Card, PromptRow)


@dataclass(frozen=True, slots=True)
class Said(Generic[R]):
    """Rows with where each stands, in the order in which they came."""

    rows: tuple[tuple[R, Placed], ...]

    @property
    def ranked(self) -> tuple[R, ...]:
        """Those that the budget is shared out among."""
        return tuple(row for row, at in self.rows if at.shelf is Shelf.SHOWN or at.this_visit)

    @property
    def put_away(self) -> tuple[R, ...]:
        return self._on(Shelf.PUT_AWAY)

    @property
    def settled(self) -> tuple[R, ...]:
        return self._on(Shelf.SETTLED)

    def left(self, rows: Iterable[R]) -> tuple[R, ...]:
        """Those of `rows` that are shown."""
        aside = {id(row) for row, at in self.rows if at.shelf is not Shelf.SHOWN}
        return tuple(row for row in rows if id(row) not in aside)

    def _on(self, shelf: Shelf) -> tuple[R, ...]:
        return tuple(row for row, at in self.rows if at.shelf is shelf)


def of_cards(cards: Sequence[Card], ledger: Ledger, now: Now) -> Said[Card]:
    return _said(cards, of_card, ledger, now)


def of_prompts(rows: Sequence[PromptRow], ledger: Ledger, now: Now) -> Said[PromptRow]:
    return _said(rows, of_prompt, ledger, now)


def _said(rows: Sequence[R], item_of: Callable[[R, date], Item], ledger: Ledger, now: Now) -> Said[R]:
    if not ledger.actions:
        return Said(tuple((row, Placed()) for row in rows))
    return Said(tuple((row, placed(item_of(row, now.today), ledger, now)) for row in rows))
