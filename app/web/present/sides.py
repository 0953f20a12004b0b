"""For and against a condition: both sides cut at the same length, so that neither drowns the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.flag import PromptRow
from app.core.report import Evidence
from app.web.present.facts import evidence_view, evidence_words, fact_view
from app.web.present.names import Payers
from app.web.present.text import plain, sentence
from app.web.present.views import EvidenceView, Labelled

SHOWN = 3

#: What was searched for and not found, by `PromptRow.absent`.
ABSENT_WORDS: Mapping[str, str] = {
    "no-anticoagulant": "No anticoagulant",
    "no-cancer-treatment": "No cancer treatment",
}
_OF_THE_CHART = 2  # where payer and chart both have something, both are seen


@dataclass(frozen=True, slots=True)
class Side:
    """One side: what is shown, and what is only counted there."""

    shown: tuple[EvidenceView, ...]
    rest: tuple[EvidenceView, ...]

    @property
    def more(self) -> str:
        return f"and {len(self.rest)} more" if self.rest else ""  # says no place: paper shows the first ones only

    def details(self, label: str) -> tuple[Labelled, ...]:
        """The rest, for the list one tap away."""
        return tuple(Labelled(label, evidence_words(each)) for each in self.rest)


def supporting(row: PromptRow, payers: Payers, today: date) -> Side:
    """The chart's entries as core ranks them, and the payers' evidence, newest first. A bare visit supports least."""
    chart = [fact_view(fact, today) for fact in row.in_chart]
    ranked = sorted(row.supporting, key=lambda e: e.when.end if e.when else date.min, reverse=True)
    ranked.sort(key=lambda e: e.type == "Encounter")
    payer = [evidence_view(e, payers.short(_payer_of(e, row)), today) for e in ranked]
    first = [*chart[:_OF_THE_CHART], *payer[: SHOWN - min(len(chart), _OF_THE_CHART)]]
    return _cut([*first, *chart[_OF_THE_CHART:], *payer])


def against(row: PromptRow, today: date) -> Side:
    """What the chart holds against it, and what was looked for there and not found."""
    return _cut([*(fact_view(fact, today) for fact in row.against), *(_absent(key) for key in row.absent)])


def _absent(key: str) -> EvidenceView:
    """A search without a find, by its key: "no-anticoagulant"."""
    words = ABSENT_WORDS.get(key) or sentence(plain(key.replace("-", " "))).rstrip(".")
    return EvidenceView(f"{words} found", "in what could be read of this chart")


def _cut(views: Sequence[EvidenceView]) -> Side:
    once = tuple(dict.fromkeys(views))
    return Side(once[:SHOWN], once[SHOWN:])


def _payer_of(evidence: Evidence, row: PromptRow) -> str:
    """Whose evidence it is: each is attributed to the payer that listed it."""
    return next(
        (c.payer for c in row.categories if evidence in c.evidence), row.categories[0].payer if row.categories else ""
    )
