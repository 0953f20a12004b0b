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
from app.core.values import Meets, judge


@dataclass(frozen=True, slots=True)
class Others:
    """The evidence that came with all payers' gaps, by resource type. One payer alone has nothing to tell another."""

    by_type: Mapping[str, Sequence[tuple[str, Evidence]]] = field(default_factory=dict)

    @classmethod
    def among(cls, gaps: Sequence[Gap]) -> Others:
        found: dict[str, dict[tuple[str, str], Evidence]] = {}
        if len({gap.payer for gap in gaps}) > 1:
            for gap in gaps:
                for piece in gap.evidence:
                    found.setdefault(piece.type, {})[gap.payer, piece.ref] = piece
        return cls({kind: [(payer, e) for (payer, _), e in pieces.items()] for kind, pieces in found.items()})

    def seen(self, rule: MeasureRule, gap: Gap, today: date) -> tuple[str, Evidence] | None:
        """The newest piece of other payers' evidence that would settle `gap` if it stood in this chart, with the
        payer's id; or None. Where the newest value decides, that piece must meet the target: one without a value
        settles nothing.
        """
        if rule.event is not None:  # its window hangs on a stay that this chart tells of
            return None
        alone = {way.kinds[0] for way in rule.all_ways if len(way.kinds) == 1}
        counted = [
            (payer, piece)
            for kind in rule.evidence
            if kind.name in alone and not (kind.result or kind.from_age or kind.lasts)  # more than a date decides those
            for type_ in kind.types
            for payer, piece in self.by_type.get(type_, ())
            if payer != gap.payer and _counts(piece, kind, gap, today)
        ]
        found = max(counted, key=_newness, default=None)
        if found is None or not rule.latest:
            return found
        piece = found[1]
        as_fact = Fact(piece.type, piece.ref, piece.concept, piece.status, when=piece.when, value=piece.value)
        return found if judge((as_fact,), rule.targets) is Meets.YES else None


def _newness(each: tuple[str, Evidence]) -> tuple[date, str, str, str]:
    payer, piece = each
    return (piece.when.end if piece.when else date.min, piece.ref, payer, repr(piece.value))


def _counts(evidence: Evidence, kind: Kind, gap: Gap, today: date) -> bool:
    """By type, status, code, date and setting, as in the chart (`app.core.evidence`)."""
    if evidence.when is None or not _finished(evidence):
        return False
    if evidence.setting in kind.not_settings or (kind.needs_value and evidence.value is None):
        return False
    inside = within(evidence.when, kind.window.of(gap.period), today) is Within.YES
    return inside and kind.codes.holds(evidence.concept)


def _finished(evidence: Evidence) -> bool:
    """By its status; where the payer shows none, by what it was counted for."""
    if evidence.status:
        return evidence.status in COUNTS.get(evidence.type, ())
    return "numerator" in evidence.population.split(", ")
