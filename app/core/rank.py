"""The order of rows and the budget of expanded ones (docs/rules.md). Total: two rows are never left to chance.

Urgency class; fits this visit; the patient's own due date; the measure's last day; then words and ids that do not
change. How many contracts a patient counts for, and what they pay, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from app.core.flag import GapRow, PromptRow, PromptState, Urgency
from app.core.measures import REGISTRY, Registry
from app.core.visit import Visit

_URGENCY = {urgency: place for place, urgency in enumerate(Urgency)}
_PROMPT = {state: place for place, state in enumerate(PromptState)}
R = TypeVar("R")

Key = tuple[int | bool | date | str, ...]


def gap_key(row: GapRow, visit: Visit | None, registry: Registry = REGISTRY) -> Key:
    """Never done stands before overdue; a row without a rule of ours has no due date and stands last of its class."""
    never_done = row.rule is not None and row.last_in_chart is None
    due = row.clinical_due or (date.min if never_done else date.max)
    gap = row.gap
    words = (row.service or gap.measure.title).casefold()
    ids = (gap.payer, gap.measure.url, gap.measure.version, gap.report_id, gap.group_id, row.act)
    last = (gap.status.value, gap.period.start, str(gap.calculated), gap.payer_words)
    return (_URGENCY[row.urgency], not fits(row, visit, registry), due, gap.period.end, words, *ids, *last)


def fits(row: GapRow, visit: Visit | None, registry: Registry = REGISTRY) -> bool:
    """Whether what the row asks for can be done at this visit. Without a visit nothing is ruled out."""
    if visit is None or visit.in_person:
        return True
    rule, _ = registry.find(row.gap.measure)
    return rule is None or not rule.in_person


def prompt_key(row: PromptRow) -> Key:
    """Historic before suspected; with something in this chart before without; the payer's deadline; then words and
    ids.
    """
    main = row.categories[0]
    deadline = main.deadline or (main.period.end if main.period else date.max)
    ids = (main.payer, main.report_id, main.group_id)
    return (_PROMPT[row.state], not row.in_chart, deadline, main.label.casefold(), *ids)


def ranked_gaps(rows: Iterable[GapRow], visit: Visit | None, registry: Registry = REGISTRY) -> list[GapRow]:
    return sorted(rows, key=lambda row: gap_key(row, visit, registry))


def ranked_prompts(rows: Iterable[PromptRow]) -> list[PromptRow]:
    return sorted(rows, key=prompt_key)


def split(rows: Sequence[R], budget: int) -> tuple[tuple[R, ...], tuple[R, ...]]:
    """The expanded rows and the rest."""
    return tuple(rows[:budget]), tuple(rows[budget:])
