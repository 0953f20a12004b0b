"""The order of rows and the budget of expanded ones (docs/rules.md). Total: two rows are never left to chance.

Urgency class; data fresh enough not to be verified first; fits this visit; the patient's own due date; the measure's
last day; then words and ids that do not change. How many contracts a patient counts for, and what they pay, is not
known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from app.core.flag import Card, GapRow, Urgency
from app.core.measures import REGISTRY, Registry
from app.core.visit import Visit

_URGENCY = {urgency: place for place, urgency in enumerate(Urgency)}
R = TypeVar("R")

Key = tuple[int | bool | date | str, ...]


def gap_key(row: GapRow, visit: Visit | None, registry: Registry = REGISTRY) -> Key:
    """Never done stands before overdue; a row without a rule of ours has no due date and stands last of its class."""
    never_done = row.rule is not None and row.last_in_chart is None
    due = row.clinical_due or (date.min if never_done else date.max)
    gap = row.gap
    first = (_URGENCY[row.urgency], not fits(row, visit, registry), due)
    if gap is None:
        return (*first, date.max, row.service.casefold(), "", row.act)
    words = (row.service or gap.measure.title).casefold()
    ids = (gap.payer, row.act, gap.measure.url, gap.measure.version, gap.report_id, gap.group_id)
    last = (
        gap.status.value,
        gap.period.start,
        str(gap.calculated),
        str(gap.data_through),
        gap.derived,
        gap.payer_words,
    )
    return (*first, gap.period.end, words, *ids, *last)


def fits(row: GapRow, visit: Visit | None, registry: Registry = REGISTRY) -> bool:
    """Whether what the row asks for can be done at this visit. Without a visit nothing is ruled out."""
    if visit is None or visit.in_person:
        return True
    rule = registry.find(row.gap.measure)[0] if row.gap else None
    return rule is None or not rule.in_person


def card_key(card: Card, visit: Visit | None, registry: Registry = REGISTRY) -> Key:
    """As its main row; of one urgency class, what has to be verified first comes after what has not."""
    urgency, *rest = gap_key(card.main, visit, registry)
    return (urgency, bool(card.verify), *rest, card.act)


def ranked_cards(cards: Iterable[Card], visit: Visit | None, registry: Registry = REGISTRY) -> tuple[Card, ...]:
    return tuple(sorted(cards, key=lambda card: card_key(card, visit, registry)))


def split(rows: Sequence[R], budget: int) -> tuple[tuple[R, ...], tuple[R, ...]]:
    """The expanded rows and the rest."""
    return tuple(rows[:budget]), tuple(rows[budget:])
