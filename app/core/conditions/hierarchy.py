"""Which condition category dominates which, and which categories a diagnosis has: by the tables of its model version.

Where there are no tables, no dominance and no membership is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.conditions.model import Models, RiskModel, model_of, number_of
from app.core.report import ConditionCategory


def dominates(model: RiskModel | None, higher: str, lower: str) -> bool:
    """Whether, within one model version, `higher` dominates `lower`."""
    return model is not None and lower in model.dominates.get(higher, ())


def categories_of(model: RiskModel | None, code: str) -> tuple[str, ...]:
    """The categories of a tidied ICD-10-CM code; a combination code has several."""
    return model.members.get(code, ()) if model else ()


def covers(category: ConditionCategory, codes: Iterable[str], models: Models) -> bool:
    """Whether one of the codes is of this category or of one that dominates it."""
    model = model_of(category, models)
    enough = covering(model, number_of(category))
    return any(not enough.isdisjoint(categories_of(model, code)) for code in codes)


def covering(model: RiskModel | None, own: str) -> frozenset[str]:
    """A category and all that dominate it; none without tables."""
    return frozenset({own, *(each for each in model.dominates if dominates(model, each, own))} if model else ())
