"""Why a category is counted and never prompted: its status, what dominates it, its year, a visit that settled it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from app.core.conditions.corroboration import restricted
from app.core.conditions.family import Likeness, diagnoses, plain
from app.core.conditions.hierarchy import dominates
from app.core.conditions.model import Models, model_of, number_of, version_of
from app.core.conditions.settled import service_year, settled_by
from app.core.flag import Hidden
from app.core.reading import Reading
from app.core.report import ConditionCategory

#: RA cc-type and evidence-status codes (2.1.0) in the words of `Hidden.why`.
_NOT_OPEN = {"pending": "pending", "closed-gap": "closed", "invalid-gap": "invalid"}
_PROMPTS = ("historic", "suspected")
#: Why a category is not asked about that its payer counts all the same.
_COUNTED = frozenset({"closed", "net-new", "pending", "superseded"})
_HIERARCHY_MISSING = ("", "not-applied")


def hidden_because(
    category: ConditionCategory, among: Iterable[ConditionCategory], reading: Reading, today: date, models: Models
) -> Hidden | None:
    """Why a category is not a prompt; None when it is."""
    if category.cc_type == "net-new":
        return Hidden(category, "net-new")
    if why := _NOT_OPEN.get(category.evidence_status):
        return Hidden(category, why)
    if category.cc_type not in _PROMPTS or category.evidence_status != "open-gap":
        return Hidden(category, "unknown-status")
    dominating = list(_dominating(category, among, models))
    asked = [other for other in dominating if not _ends_as_history(other, reading, today)]
    higher = next(iter(asked), None)
    if category.hierarchical_status == "applied-superseded" and (asked or not dominating):
        return Hidden(category, "superseded", _named(higher, models) if higher else "")
    if higher and category.hierarchical_status in _HIERARCHY_MISSING:
        return Hidden(category, "superseded", _named(higher, models))
    if today > service_year(category, today).end:
        return Hidden(category, "period-over")
    if fact := settled_by(category, reading, today, models):
        return Hidden(category, "settled", fact.concept.label)
    return None


def _ends_as_history(category: ConditionCategory, reading: Reading, today: date) -> bool:
    """Whether a category is open and kept out of the office: it leaves nothing to ask that would stand for a lower."""
    if category.evidence_status != "open-gap":
        return False
    return restricted((category,), reading, service_year(category, today), today) is not None


def _named(category: ConditionCategory, models: Models) -> str:
    """A category in the payer's words, else in those of its model."""
    model = model_of(category, models)
    return category.label or (model.labels.get(number_of(category), "") if model else "") or category.code


def _dominating(
    category: ConditionCategory, among: Iterable[ConditionCategory], models: Models
) -> Iterator[ConditionCategory]:
    """Categories of the same payer, model and period that dominate this one by the model's table, the highest first.

    A suspicion dominates nothing, and neither does what was found not to apply: hiding a documented condition behind an
    inferred graver one would push towards the graver one.
    """
    model, version, own = model_of(category, models), version_of(category), number_of(category)
    if model is None:
        return iter(())
    found = [
        other
        for other in among
        if dominates(model, number_of(other), own)
        and (other.payer, version_of(other), other.period) == (category.payer, version, category.period)
        and other.evidence_status != "invalid-gap"
        and (other.cc_type in ("historic", "net-new") or other.evidence_status in ("closed-gap", "pending"))
    ]
    numbers = [number_of(each) for each in found]
    top = [other for other in found if not any(dominates(model, each, number_of(other)) for each in numbers)]
    return iter(sorted(top, key=lambda other: (other.code, other.group_id)))


def counted_too(like: Likeness, hidden: Iterable[Hidden]) -> tuple[ConditionCategory, ...]:
    """What payers count of the very same condition without asking: nobody has the one and not the other. A family is
    not enough: who has no diabetes with complications may well have diabetes.
    """
    return tuple(
        each.category
        for each in hidden
        if each.why in _COUNTED
        and (like.codes & diagnoses(each.category) or plain(each.category.label) in like.labels - {""})
    )
