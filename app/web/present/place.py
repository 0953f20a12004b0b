"""Where a row stands: once drawn it stays until the user acts. Late answers append or are announced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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
