"""For and against a condition: both sides cut at the same length, so that neither drowns the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.core.flag import PromptRow
from app.core.report import Evidence
from app.web.present.facts import evidence_view, fact_view
from app.web.present.names import Payers
from app.web.present.views import EvidenceView, Labelled

SHOWN = 3
_OF_THE_CHART = 2  # where payer and chart both have something, both are seen


@dataclass(frozen=True, slots=True)
class Side:
    """One side: what is shown, and what is only counted there."""

    shown: tuple[EvidenceView, ...]
    rest: tuple[EvidenceView, ...]

    @property
    def more(self) -> str:
        return f"{len(self.rest)} more below" if self.rest else ""

    def details(self, label: str) -> tuple[Labelled, ...]:
        """The rest, for the list one tap away."""
        return tuple(Labelled(label, f"{e.what}, {e.when}, {e.setting}; {e.source}") for e in self.rest)


def supporting(row: PromptRow, payers: Payers, today: date) -> Side:
    """The chart's entries as core ranks them, and the payers' evidence, newest first. A bare visit supports least."""
    chart = [fact_view(fact, today) for fact in row.in_chart]
    ranked = sorted(row.supporting, key=lambda e: e.when.end if e.when else date.min, reverse=True)
    ranked.sort(key=lambda e: e.type == "Encounter")
    payer = [evidence_view(e, payers.short(_payer_of(e, row)), today) for e in ranked]
    first = [*chart[:_OF_THE_CHART], *payer[: SHOWN - min(len(chart), _OF_THE_CHART)]]
    return _cut([*first, *chart[_OF_THE_CHART:], *payer])


def against(row: PromptRow, today: date) -> Side:
    """What the chart holds against it."""
    return _cut([fact_view(fact, today) for fact in row.against])


def _cut(views: Sequence[EvidenceView]) -> Side:
    once = tuple(dict.fromkeys(views))
    return Side(once[:SHOWN], once[SHOWN:])


def _payer_of(evidence: Evidence, row: PromptRow) -> str:
    """Whose evidence it is: each is attributed to the payer that listed it."""
    return next((c.payer for c in row.categories if evidence in c.evidence), row.categories[0].payer)
