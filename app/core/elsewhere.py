"""What another payer looked at and this chart does not hold: done by somebody else, its record can be requested.

It is never offered as something we could send: data of one payer does not go to another (docs/rules.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.core.chart import Fact
from app.core.dates import Within, within
from app.core.measures.kind import Kind
from app.core.measures.rule import COUNTS, MeasureRule
from app.core.report import Evidence, Gap
from app.core.values import Meets, given, judge, no_result, says


@dataclass(frozen=True, slots=True)
class Others:
    """The evidence that came with all payers' gaps, by resource type."""

    by_type: Mapping[str, Sequence[tuple[str, Evidence]]] = field(default_factory=dict)
    payers: frozenset[str] = frozenset()  # that showed any

    @classmethod
    def among(cls, gaps: Sequence[Gap]) -> Others:
        found: dict[str, dict[tuple[str, str], Evidence]] = {}
        for gap in gaps:
            for piece in gap.evidence:
                found.setdefault(piece.type, {})[gap.payer, piece.ref] = piece
        showed = frozenset(gap.payer for gap in gaps if gap.evidence)
        by_type = {kind: [(payer, e) for (payer, _), e in pieces.items()] for kind, pieces in found.items()}
        return cls(by_type, showed)

    def seen(self, rule: MeasureRule, gap: Gap, today: date) -> tuple[str, Evidence] | None:
        """The newest piece of other payers' evidence that would settle `gap` if it stood in this chart, with the
        payer's id; or None. Where the newest value decides, that piece must meet the target: one without a value
        settles nothing. A result that may call for a follow-up settles nothing either, and hides what is older.
        """
        if rule.event is not None or self.payers <= {gap.payer}:  # a stay opens its window, and this chart tells of it
            return None
        alone = {way.kinds[0] for way in rule.all_ways if len(way.kinds) == 1}
        counted = [
            (payer, piece, kind)
            for kind in rule.evidence
            if kind.name in alone and not (kind.result or kind.from_age or kind.lasts)  # more than a date decides those
            for type_ in kind.types
            for payer, piece in self.by_type.get(type_, ())
            if payer != gap.payer and _counts(piece, kind, gap, today)
        ]
        if any(_calls_for_more(piece, kind) for _, piece, kind in counted):
            return None
        found = max((each for each in counted if _is_result(*each[1:])), key=_newness, default=None)
        if found is None:
            return None
        payer, piece, _ = found
        if rule.latest and judge((as_fact(piece),), rule.targets) is not Meets.YES:
            return None
        return payer, piece

    def abnormal(self, rule: MeasureRule, today: date) -> tuple[str, Evidence, Kind] | None:
        """The newest piece of any payer's evidence whose result calls for the rule's follow-up; or None."""
        found = [
            (payer, piece, kind)
            for kind in rule.evidence
            if kind.abnormal
            for type_ in kind.types
            for payer, piece in self.by_type.get(type_, ())
            if piece.when is not None
            and piece.when.start <= today
            and (not piece.status or piece.status in COUNTS.get(piece.type, ()))
            and kind.codes.holds(piece.concept)
            and says(as_fact(piece), kind.abnormal) is Meets.YES
        ]
        return max(found, key=_newness, default=None)


def as_fact(piece: Evidence) -> Fact:
    """A payer's evidence in the shape in which rules read charts."""
    return Fact(piece.type, piece.ref, piece.concept, piece.status, when=piece.when, value=piece.value)


def _calls_for_more(piece: Evidence, kind: Kind) -> bool:
    """Whether a stated result is abnormal, or may be."""
    fact = as_fact(piece)
    if kind.abnormal is None or piece.value is None or no_result(fact):
        return False
    return says(fact, kind.abnormal) is not Meets.NO


def _is_result(piece: Evidence, kind: Kind) -> bool:
    return given(as_fact(piece), kind) is Meets.YES


def _newness(each: tuple[str, Evidence, Kind]) -> tuple[date, str, str, str]:
    payer, piece, _ = each
    return (piece.when.end if piece.when else date.min, piece.ref, payer, repr(piece.value))


def _counts(evidence: Evidence, kind: Kind, gap: Gap, today: date) -> bool:
    """By type, status, code, date and setting, as in the chart (`app.core.evidence`)."""
    if evidence.when is None or not _finished(evidence):
        return False
    if evidence.setting in kind.not_settings:
        return False
    inside = within(evidence.when, kind.window.of(gap.period), today) is Within.YES
    return inside and kind.codes.holds(evidence.concept)


def _finished(evidence: Evidence) -> bool:
    """By its status; where the payer shows none, by what it was counted for."""
    if evidence.status:
        return evidence.status in COUNTS.get(evidence.type, ())
    return "numerator" in evidence.population.split(", ")
