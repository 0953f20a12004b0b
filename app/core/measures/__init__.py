"""The registry of measures that are checked against the chart: complete or not at all. Every other measure is shown in
the payer's words and "not checked". To add one: a module with a `RULE`, its border tests, and a line here.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.measures import blood_pressure, breast, colorectal, glycaemic
from app.core.measures.rule import MeasureName, MeasureRule
from app.core.report import Measure


class Registry:
    """Rules by the names that payers give their measures: by the whole canonical, its last part, or the title."""

    def __init__(self, rules: Iterable[MeasureRule]) -> None:
        self.rules = tuple(rules)
        self._by_name: dict[str, list[tuple[MeasureRule, MeasureName]]] = {}
        self._by_title: dict[str, MeasureRule] = {}
        for rule in self.rules:
            for name in rule.names:
                self._by_name.setdefault(name.key, []).append((rule, name))
            self._by_title |= dict.fromkeys(rule.titles, rule)

    def find(self, measure: Measure) -> tuple[MeasureRule | None, bool]:
        """The rule for a payer's measure, and whether it was compared with this very version.

        Canonical first. A title alone names the service, so that the row reads well; it never makes a version reviewed.
        """
        url = measure.url.rstrip("/")
        named = self._by_name.get(url) or self._by_name.get(url.rsplit("/", 1)[-1].casefold())
        if named:
            return named[0][0], any(name.reviewed(measure.version) for _, name in named)
        return self._by_title.get(" ".join(measure.title.casefold().split())), False


REGISTRY = Registry((glycaemic.RULE, blood_pressure.RULE, colorectal.RULE, breast.RULE))
