"""The registry of measures that are checked against the chart: complete or not at all. Every other measure is shown in
the payer's words and "not checked". To add one: a module with a `RULE`, its border tests, and a line here.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.core.measures import blood_pressure, breast, colorectal, glycaemic
from app.core.measures.rule import MeasureRule
from app.core.report import Measure

REGISTRY: tuple[MeasureRule, ...] = (glycaemic.RULE, blood_pressure.RULE, colorectal.RULE, breast.RULE)


def find(measure: Measure, registry: Sequence[MeasureRule] = REGISTRY) -> tuple[MeasureRule | None, bool]:
    """The rule for a payer's measure, and whether it was compared with this very version.

    Canonical first. A title alone names the service, so that the row reads well, and never makes a version reviewed.
    """
    for rule in registry:
        named = [name for name in rule.names if name.names(measure.url)]
        if named:
            return rule, any(name.reviewed(measure.version) for name in named)
    title = " ".join(measure.title.casefold().split())
    return next((rule for rule in registry if title in rule.titles), None), False
