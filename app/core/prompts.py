"""Condition categories become prompts to assess, or are counted with the reason why not; and what the problem list
carries without support becomes a question whether to remove it (docs/rules.md).

Every category received is in exactly one place: in a row, or hidden. Nothing here suggests an answer or a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from app.core.chart import Fact
from app.core.conditions.acute import HOME_ASSESSMENTS, MIS_KEYED
from app.core.conditions.corroboration import mis_keyed, restricted
from app.core.conditions.evidence import Sides, in_chart, own_making, readable
from app.core.conditions.family import Likeness, merged
from app.core.conditions.hidden import counted_too, hidden_because
from app.core.conditions.model import NO_MODELS, Models, model_of, version_of
from app.core.conditions.reach import reached
from app.core.conditions.removal import Candidate, candidates, only_against
from app.core.conditions.settled import service_year
from app.core.conditions.treatment import TYPES as TREATMENT_TYPES
from app.core.conditions.unsupported import ACUTE, CANCER, NOT_LATELY, ONLY_AGAINST, ONLY_AGAINST_SOURCE
from app.core.flag import MAX_PROMPTS, Hidden, PromptRow, PromptState
from app.core.reading import Reading
from app.core.report import ConditionCategory, Evidence

ASSESS = (PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED)
#: A removal stands above any suspicion, and below what was documented before.
_ORDER = {
    state: place
    for place, state in enumerate(
        (
            PromptState.ASSESS_HISTORIC,
            PromptState.REMOVE,
            PromptState.ASSESS_SUSPECTED,
            PromptState.PAYER_ONLY,
            PromptState.NO_EVIDENCE,
            PromptState.HISTORY_TERM,
        )
    )
}


@dataclass(frozen=True, slots=True)
class Prompts:
    """Rows in no order yet, and everything else."""

    rows: tuple[PromptRow, ...] = ()
    hidden: tuple[Hidden, ...] = ()


def prompts(
    categories: Sequence[ConditionCategory],
    reading: Reading,
    today: date,
    models: Models = NO_MODELS,
    *,
    removals: bool = True,
) -> Prompts:
    """Every category as a prompt or as hidden, and the removal candidates of this chart.

    `removals` off: a payer is still out, whose answer may be about the same condition; a drawn row must not change.
    """
    hidden: list[Hidden] = []
    left: list[ConditionCategory] = []
    for category in categories:
        if found := hidden_because(category, categories, reading, today, models):
            hidden.append(found)
        else:
            left.append(category)
    rows = [_Row.of(group, reading, today, models) for group in merged(left, models)]
    if removals:
        for candidate in candidates(reading, today):
            _place(candidate, rows, reading, today)
    return Prompts(tuple(each.with_counted(hidden) for each in rows), tuple(hidden))


def expanded(
    rows: Iterable[PromptRow], budget: int = MAX_PROMPTS
) -> tuple[tuple[PromptRow, ...], tuple[PromptRow, ...]]:
    """The rows that are shown, at most `budget`, and the rest, both ranked. Only questions to assess and removals are
    shown; where there are both, exactly one row is a removal.
    """
    ranked = in_order(rows)
    asks = [row for row in ranked if row.state in ASSESS]
    removals = [row for row in ranked if row.state is PromptState.REMOVE]
    room = max(1, budget - len(asks)) if removals and budget else 0
    chosen = {id(row) for row in (*removals[:room], *asks[: budget - min(room, len(removals))])}
    return tuple(r for r in ranked if id(r) in chosen), tuple(r for r in ranked if id(r) not in chosen)


def in_order(rows: Iterable[PromptRow]) -> tuple[PromptRow, ...]:
    return tuple(sorted(rows, key=_key))


def _key(row: PromptRow) -> tuple[int | bool | date | str, ...]:
    """Historic, removals, suspected; with something in this chart before without; the payer's deadline; words and
    ids.
    """
    first = (_ORDER[row.state], not row.in_chart)
    if not row.categories:
        return (*first, date.max, row.label.casefold(), "", "", row.in_chart[0].ref if row.in_chart else "")
    main = row.categories[0]
    deadline = main.deadline or (main.period.end if main.period else date.max)
    return (*first, deadline, main.label.casefold(), main.payer, main.report_id, main.group_id)


# --- rows -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """A row being made, and what entries of the chart it speaks of."""

    row: PromptRow
    likeness: Likeness

    @classmethod
    def of(cls, group: Iterable[ConditionCategory], reading: Reading, today: date, models: Models) -> _Row:
        categories = tuple(sorted(group, key=_main_first))
        likeness = Likeness.of(categories, models)
        sides = in_chart(likeness, reading, today)
        evidence = tuple(dict.fromkeys(e for category in categories for e in category.evidence))
        row = PromptRow(
            categories,
            _state(categories, evidence, _support(categories, sides, reading, today, models)),
            evidence,
            sides.supporting,
            sides.against,
            modelled=any(model_of(category, models) for category in categories),
            searched=sides.searched,
            absent=sides.absent,
            unread=sides.unread,
        )
        return cls(_guarded(row, sides, reading, today), likeness)

    def with_counted(self, hidden: Iterable[Hidden]) -> PromptRow:
        """The row; a removal with what payers count of the very same diagnosis without asking."""
        removal = self.row.state is PromptState.REMOVE
        return replace(self.row, also=counted_too(self.likeness, hidden)) if removal else self.row


def _guarded(row: PromptRow, sides: Sides, reading: Reading, today: date) -> PromptRow:
    """The row behind the guards: high-risk groups, slips of the keyboard, and a chart that only speaks against it."""
    year = service_year(row.categories[0], today)
    if group := restricted(row.categories, reading, year, today):
        row = replace(
            row,
            state=PromptState.HISTORY_TERM,
            history_term=group.history_term,
            because=group.key,
            rule=group.source,
        )
        if group.corroboration.treatment:  # its absence is what was searched for
            unread = reading.missing(TREATMENT_TYPES)
            absent = () if unread else ("no-cancer-treatment",)
            return replace(row, searched=not unread, absent=(*row.absent, *absent), unread=unread)
        return row
    if row.state is PromptState.PAYER_ONLY and readable(row.supporting):
        return replace(row, rule=HOME_ASSESSMENTS)
    if row.state not in ASSESS:
        return row
    if not row.in_chart and (others := mis_keyed(row.categories, row.supporting, reading)):
        return replace(
            row,
            state=PromptState.PAYER_ONLY,
            against=_once(row.against, others),
            because=MIS_KEYED.key,
            rule=MIS_KEYED.source,
        )
    if only_against(row.categories, row.supporting, sides, reading, today):
        return replace(row, state=PromptState.REMOVE, because=ONLY_AGAINST, rule=ONLY_AGAINST_SOURCE)
    return row


def _main_first(category: ConditionCategory) -> tuple[object, ...]:
    """Documented before inferred, the newer model version first; then words that do not change."""
    version = version_of(category)
    first = (category.cc_type != "historic", -int(version or 0), category.payer, category.report_id, category.group_id)
    # two groups of one id: 2026-11, seen in made reports only; their order must not hang on the payer's
    rest = (category.version, category.code, category.cc_type, category.evidence_status, category.hierarchical_status)
    return (*first, *rest, *((each.ref, each.what, each.setting, each.source) for each in category.evidence))


class _Support(Enum):
    """What the chart says for a row: nothing, something of the family, or something of these very categories."""

    NOTHING = 0
    FAMILY = 1
    OWN = 2


def _support(
    categories: Sequence[ConditionCategory], sides: Sides, reading: Reading, today: date, models: Models
) -> _Support:
    if not sides.supporting:
        return _Support.NOTHING
    own = all(reached(category, sides.supporting, reading, today, models) for category in categories)
    return _Support.OWN if own else _Support.FAMILY


def _state(categories: Sequence[ConditionCategory], evidence: Sequence[Evidence], support: _Support) -> PromptState:
    """A milder member of the family corroborates no suspicion, and no home assessment."""
    historic = any(category.cc_type == "historic" for category in categories)
    shown = readable(evidence)
    if support is not _Support.OWN and not (support is _Support.FAMILY and historic and not shown):
        if not shown and not historic:
            return PromptState.NO_EVIDENCE
        if all(own_making(piece) for piece in shown):  # also: nothing that could be read, for a documented condition
            return PromptState.PAYER_ONLY
    return PromptState.ASSESS_HISTORIC if historic else PromptState.ASSESS_SUSPECTED


# --- removal --------------------------------------------------------------------------------------------------------


def _place(candidate: Candidate, rows: list[_Row], reading: Reading, today: date) -> None:
    """A candidate turns the row of its condition, where a payer lists it; else it is a row of its own."""
    codes = candidate.likeness.codes
    for each in rows:
        if any(each.likeness.has(code) for code in codes):
            if not _seen_elsewhere(candidate, each.row):
                each.row = _removed(candidate, each.row)
            return
    sides = in_chart(candidate.likeness, reading, today)
    in_favour = _once(candidate.entries, sides.supporting)
    own = PromptRow(
        (), PromptState.REMOVE, (), in_favour, sides.against, searched=True, label=candidate.entries[0].concept.label
    )
    rows.append(_Row(_removed(candidate, replace(own, absent=sides.absent)), candidate.likeness))


def _removed(candidate: Candidate, row: PromptRow) -> PromptRow:
    return replace(
        row,
        state=PromptState.REMOVE,
        against=_once(row.against, candidate.against),
        history_term=candidate.history_term or row.history_term,
        because=candidate.because,
        searched=True,
        absent=tuple(dict.fromkeys((*row.absent, *candidate.absent))),
        rule=candidate.rule,
    )


def _seen_elsewhere(candidate: Candidate, row: PromptRow) -> bool:
    """Whether the payer's records support what this chart lacks: corroboration, or an assessment somewhere else."""
    if candidate.because in (ACUTE, CANCER):
        return row.state in ASSESS
    return candidate.because == NOT_LATELY and any(not own_making(piece) for piece in readable(row.supporting))


def _once(*parts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Everything in order, each once."""
    return tuple(dict.fromkeys(each for part in parts for each in part))
