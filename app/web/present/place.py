"""Where a row stands: once drawn it stays until the user acts. Late answers append or are announced."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from app.core.flag import Card
from app.core.report import Gap

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Placed(Generic[Row]):
    """Rows as they are drawn now. `late` counts rows that rank among the expanded but found their places taken."""

    expanded: tuple[Row, ...]
    more: tuple[Row, ...]
    late: int
    moved: bool  # the drawn order is not the ranking


def keep_place(
    ranked: Sequence[Row], more: Sequence[Row], drawn: Sequence[str], key: Callable[[Row], str], limit: int
) -> Placed[Row]:
    """`ranked` are the rows that rank high enough to be expanded, `drawn` the ids expanded so far, in their order."""
    known = {key(row): row for row in (*ranked, *more)}
    kept = [known[each] for each in dict.fromkeys(drawn) if each in known][:limit]
    kept_ids = {key(row) for row in kept}
    free = limit - len(kept)
    expanded = (*kept, *[row for row in ranked if key(row) not in kept_ids][:free])
    shown = {key(row) for row in expanded}
    rest = tuple(row for row in (*ranked, *more) if key(row) not in shown)
    late = sum(key(row) not in shown for row in ranked)
    return Placed(tuple(expanded), rest, late, moved=[key(r) for r in expanded] != [key(r) for r in ranked])


def voices(card: Card) -> str:
    """Which payers speak on a card, as two letters each: what the fragment's next request says of a drawn row."""
    payers = {_payer(gap) for gap in (*(row.gap for row in card.rows), *card.closed)}
    return "".join(sorted(payers - {""}))


def as_drawn(card: Card, heard: Collection[str]) -> Card:
    """The card without the payers who joined it since it was drawn: their lines would push the rows below away.

    `heard`: the payers who spoke on it then, as `voices` names them; empty: it was not drawn, or by none of them.
    """
    if not heard:
        return card
    rows = tuple(row for row in card.rows if row.gap is None or _payer(row.gap) in heard)
    closed = tuple(gap for gap in card.closed if _payer(gap) in heard)
    if not rows or (len(rows), len(closed)) == (len(card.rows), len(card.closed)):
        return card
    return replace(card, rows=rows, closed=closed, clashes=card.clashes if closed else ())


def _payer(gap: Gap | None) -> str:
    return hashlib.sha256(gap.payer.encode()).hexdigest()[:2] if gap else ""
