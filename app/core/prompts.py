"""Condition categories become prompts to assess, or are counted with the reason why not (docs/rules.md).

Every category received is in exactly one place: in a row, or hidden. Nothing here suggests an answer or a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.conditions.acute import restricted
from app.core.conditions.evidence import in_chart, own_making, readable
from app.core.conditions.family import merged
from app.core.conditions.hierarchy import dominates, version_of
from app.core.conditions.settled import service_year, settled_by
from app.core.flag import Hidden, PromptRow, PromptState
from app.core.reading import Reading
from app.core.report import ConditionCategory, Evidence

#: RA cc-type and evidence-status codes (2.1.0) in the words of `Hidden.why`.
_NOT_OPEN = {"pending": "pending", "closed-gap": "closed", "invalid-gap": "invalid"}
_PROMPTS = ("historic", "suspected")
_HIERARCHY_MISSING = ("", "not-applied")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Rows in no order yet, and everything else."""

    rows: tuple[PromptRow, ...] = ()
    hidden: tuple[Hidden, ...] = ()


def prompts(categories: Sequence[ConditionCategory], reading: Reading, today: date) -> Prompts:
    """Every category as a prompt or as hidden."""
    hidden: list[Hidden] = []
    left: list[ConditionCategory] = []
    for category in categories:
        if found := _hidden(category, categories, reading, today):
            hidden.append(found)
        else:
            left.append(category)
    rows = tuple(_row(sorted(group, key=_main_first), reading, today) for group in merged(left))
    return Prompts(rows, tuple(hidden))


def _hidden(
    category: ConditionCategory, among: Iterable[ConditionCategory], reading: Reading, today: date
) -> Hidden | None:
    """Why a category is not a prompt; None when it is."""
    if category.cc_type == "net-new":
        return Hidden(category, "net-new")
    if why := _NOT_OPEN.get(category.evidence_status):
        return Hidden(category, why)
    if category.cc_type not in _PROMPTS or category.evidence_status != "open-gap":
        return Hidden(category, "unknown-status")
    higher = next(_dominating(category, among), None)
    if category.hierarchical_status == "applied-superseded":
        return Hidden(category, "superseded", higher.label or higher.code if higher else "")
    if higher and category.hierarchical_status in _HIERARCHY_MISSING:
        return Hidden(category, "superseded", higher.label or higher.code)
    if today > service_year(category, today).end:
        return Hidden(category, "period-over")
    if fact := settled_by(category, reading, today):
        return Hidden(category, "settled", fact.concept.label)
    return None


def _dominating(category: ConditionCategory, among: Iterable[ConditionCategory]) -> Iterator[ConditionCategory]:
    """Categories of the same payer, model and period that dominate this one by our table, the highest first.

    A suspicion dominates nothing, and neither does what was found not to apply: hiding a documented condition behind an
    inferred graver one would push towards the graver one.
    """
    version = version_of(category)
    found = [
        other
        for other in among
        if (other.payer, version_of(other), other.period) == (category.payer, version, category.period)
        and dominates(version, other.code, category.code)
        and other.evidence_status != "invalid-gap"
        and (other.cc_type in ("historic", "net-new") or other.evidence_status in ("closed-gap", "pending"))
    ]
    top = [other for other in found if not any(dominates(version, each.code, other.code) for each in found)]
    return iter(sorted(top, key=lambda other: (other.code, other.group_id)))


def _main_first(category: ConditionCategory) -> tuple[object, ...]:
    """Documented before inferred, the newer model version first; then words that do not change."""
    version = version_of(category)
    return (category.cc_type != "historic", -int(version or 0), category.payer, category.report_id, category.group_id)


def _row(categories: Sequence[ConditionCategory], reading: Reading, today: date) -> PromptRow:
    sides = in_chart(categories, reading, today)
    evidence = tuple(dict.fromkeys(e for category in categories for e in category.evidence))
    kept_out = restricted(categories, reading, service_year(categories[0], today), today)
    if kept_out:
        state = PromptState.HISTORY_TERM
    else:
        state = _state(categories, evidence, has_chart=bool(sides.supporting))
    return PromptRow(
        tuple(categories), state, evidence, sides.supporting, sides.against, kept_out.history_term if kept_out else ""
    )


def _state(categories: Sequence[ConditionCategory], evidence: Sequence[Evidence], *, has_chart: bool) -> PromptState:
    historic = any(category.cc_type == "historic" for category in categories)
    shown = readable(evidence)
    if not has_chart:
        if not shown and not historic:
            return PromptState.NO_EVIDENCE
        if all(own_making(piece) for piece in shown):  # also: nothing that could be read, for a documented condition
            return PromptState.PAYER_ONLY
    return PromptState.ASSESS_HISTORIC if historic else PromptState.ASSESS_SUSPECTED
