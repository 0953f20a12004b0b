"""Abnormal screenings without their follow-up test: a row of its own, first in rank, whatever the payer says of the
screening.

Sending the screening's result closes the payer's gap and leaves this row. It needs a gap of the same measure in some
report to stand on, of any status: finding abnormal results without any payer's measure is for a later release.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.core.chart import Concept, Fact
from app.core.dates import add_months
from app.core.evidence import like
from app.core.flag import GapRow, State, Urgency
from app.core.measures.rule import COUNTS, FollowUp, Kind, MeasureRule
from app.core.orders import under_way
from app.core.reading import Reading, dated, newest
from app.core.report import Gap


def follow_up(gaps: Iterable[tuple[Gap, MeasureRule]], reading: Reading, today: date) -> list[GapRow]:
    """At most one row for each measure that names a follow-up, however many payers list the measure."""
    first: dict[str, tuple[MeasureRule, Gap]] = {}
    for gap, rule in sorted(gaps, key=lambda each: (each[0].payer, each[0].report_id, each[0].group_id)):
        first.setdefault(rule.key, (rule, gap))
    made = [_row(rule, gap, rule.follow_up, reading, today) for rule, gap in first.values() if rule.follow_up]
    return [row for row in made if row]


def _row(rule: MeasureRule, gap: Gap, what: FollowUp, reading: Reading, today: date) -> GapRow | None:
    kinds = {kind.name: kind for kind in rule.evidence}
    test = newest(fact for name in what.after for fact in _results(kinds[name], reading, today))
    when = dated(test) if test and _abnormal(test, what) else None
    if test is None or when is None or when.end < add_months(today, -what.months):
        return None
    after = kinds[what.settled_by]
    if newest(fact for fact in _results(after, reading, today) if _not_before(fact, when.start)):
        return None
    unclear = tuple(f for f in _alike(after, reading, today) if _not_before(f, when.start))
    ordered = under_way(rule, reading, today, after=test, kinds=(after,))
    missing = reading.missing((*after.types, *rule.order_types))
    state = State.ORDERED if ordered else State.CANNOT_TELL if unclear or missing else State.DO_TODAY
    return GapRow(
        gap,
        state,
        Urgency.ABNORMAL,
        service=what.service,
        act="await-result" if ordered else what.act if state is State.DO_TODAY else "check-chart",
        clinical_due=when.start,
        last_in_chart=test,
        last_at_payer=None,
        settled_by=ordered or test,
        rule=rule.source,
        missing=missing,
        staff_can=ordered is not None,
        because="" if state is not State.CANNOT_TELL else "code-not-known" if unclear else "unread-types",
        unclear=unclear,
    )


def _results(kind: Kind, reading: Reading, today: date) -> list[Fact]:
    return [
        fact
        for fact in reading.coded(kind.types, kind.codes)
        if fact.status in COUNTS[fact.type] and (when := dated(fact)) is not None and when.start <= today
    ]


def _alike(kind: Kind, reading: Reading, today: date) -> list[Fact]:
    """Finished entries that read like the follow-up and carry a code we do not have."""
    return [
        fact
        for fact in like(kind, reading, wide=True)
        if not kind.codes.holds(fact.concept) and ((when := dated(fact)) is None or when.start <= today)
    ]


def _not_before(fact: Fact, day: date) -> bool:
    when = dated(fact)
    return when is None or when.end >= day


def _abnormal(fact: Fact, what: FollowUp) -> bool:
    value = fact.value.label if isinstance(fact.value, Concept) else fact.value
    return isinstance(value, str) and value.strip().casefold() in what.abnormal
