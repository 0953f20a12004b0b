"""The registry of measures that are checked against the chart: complete or not at all. Every other measure is shown in
the payer's words and "not checked". To add one: a module with a `RULE`, its border tests, and a line here.

A canonical or title that stands for several rates at once (HEDIS GSD: below 8 % and above 9 %; SPC, SPD: received and
adherence; DSF-E; TRC; AIS-E) names none of them, so no rule has it: each rate stands by itself, in the payer's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from app.core.measures import (
    blood_pressure,
    breast,
    cervical,
    colorectal,
    depression,
    eye_exam,
    glycaemic,
    immunization,
    kidney,
    reconciliation,
    statin,
)
from app.core.measures.imported import CodeList, with_codes
from app.core.measures.rule import MeasureName, MeasureRule
from app.core.report import Measure, Period


class Registry:
    """Rules by the names that payers give their measures: by the whole canonical, its last part, or the title."""

    def __init__(
        self, rules: Iterable[MeasureRule], names: Mapping[str, Sequence[MeasureName]] = MappingProxyType({})
    ) -> None:
        """`names`: what payers call these rules beside the rules' own names, by key."""
        self.rules = tuple(rules)
        self._names = dict(names)
        self._by_name: dict[str, list[tuple[MeasureRule, MeasureName]]] = {}
        self._by_title: dict[str, MeasureRule] = {}
        for rule in self.rules:
            for name in (*rule.names, *names.get(rule.key, ())):
                self._by_name.setdefault(name.key, []).append((rule, name))
            self._by_title |= dict.fromkeys(rule.titles, rule)

    def find(self, measure: Measure, period: Period | None = None) -> tuple[MeasureRule | None, bool]:
        """The rule for a payer's measure, and whether it was compared with this very version, and for this period.

        Canonical first. A title alone names the service, so that the row reads well; it never makes a version reviewed.
        """
        url = measure.url.rstrip("/")
        named = self._by_name.get(url) or self._by_name.get(url.rsplit("/", 1)[-1].casefold())
        if named:
            rule = named[0][0]
            covered = period is None or rule.covers(period)
            return rule, covered and any(name.reviewed(measure.version) for _, name in named)
        return self._by_title.get(" ".join(measure.title.casefold().split())), False

    def with_codes(self, lists: Iterable[CodeList]) -> Registry:
        """The same rules with the code lists that a practice has imported. Raises ValueError for an unknown target."""
        return Registry(with_codes(self.rules, lists), self._names)


RULES = (
    glycaemic.RULE,
    kidney.RULE,
    eye_exam.RULE,
    blood_pressure.RULE,
    breast.RULE,
    colorectal.RULE,
    cervical.RULE,
    statin.RULE,
    immunization.INFLUENZA,
    immunization.PNEUMOCOCCAL,
    depression.RULE,
    reconciliation.RULE,
)
#: By the rules' own names alone; what a site's payers call them comes from its entries (`app.core.measures.names`).
REGISTRY = Registry(RULES)
