"""Abnormal screenings without their follow-up: a row of its own, first in rank, whatever any payer says of the
screening, and whether or not one lists the measure.

Sending the screening's result closes a payer's gap and leaves this row.
"""

from __future__ import annotations

from datetime import date

from app.core.chart import Fact
from app.core.dates import add_months
from app.core.flag import GapRow, State, Urgency
from app.core.measures import Registry
from app.core.measures.rule import FollowUp, MeasureRule
from app.core.orders import waiting
from app.core.placing import coded, moment
from app.core.reading import Reading, dated, newest
from app.core.settling import settling, settling_alike
from app.core.values import Meets, says


def abnormal(reading: Reading, today: date, registry: Registry) -> list[GapRow]:
    """At most one row for each rule that names a follow-up, found in the chart alone."""
    made = [_row(rule, rule.follow_up, reading, today) for rule in registry.rules if rule.follow_up]
    return [row for row in made if row]


def _row(rule: MeasureRule, what: FollowUp, reading: Reading, today: date) -> GapRow | None:
    test = _test(rule, what, reading, today)
    when = dated(test) if test else None
    if test is None or when is None or when.end < add_months(today, -what.months):
        return None
    if any(_follows(fact, test, rule, what) for fact in settling(what, reading, today)):
        return None
    unclear = tuple(f for f in settling_alike(what, reading, today) if _follows(f, test, rule, what))
    after = what.settled_by
    orders = waiting(rule, reading, today, after=test, kinds=(after,))
    missing = reading.missing((*after.types, *rule.order_types))
    ordered = orders.under_way
    state = State.ORDERED if ordered else State.CANNOT_TELL if unclear or missing else State.DO_TODAY
    return GapRow(
        None,
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
        overdue=orders.overdue if state is State.DO_TODAY else None,
    )


def _test(rule: MeasureRule, what: FollowUp, reading: Reading, today: date) -> Fact | None:
    """The newest abnormal result; none where a later normal one of the same kind settles it."""
    kinds = [kind for kind in rule.evidence if kind.name in what.after]
    results = [(f, kind) for kind in kinds for f in coded(kind, reading) if _happened(f, today)]
    bad = newest(f for f, kind in results if kind.abnormal and says(f, kind.abnormal) is Meets.YES)
    if bad is None or not what.repeat_settles:
        return bad
    good = (f for f, kind in results if kind.abnormal and says(f, kind.abnormal) is Meets.NO)
    return None if any(_last(fact) > _last(bad) for fact in good) else bad


def _follows(fact: Fact, test: Fact, rule: MeasureRule, what: FollowUp) -> bool:
    """Whether an entry may be what followed the test. The same test of the same day, filed twice, is not."""
    when, tested = moment(fact, what.settled_by), dated(test)
    day = tested.start if tested else date.min
    if fact.ref == test.ref or when is None:
        return fact.ref != test.ref
    return when.end >= day and not (when.end <= _last(test) and _tests(fact, what, rule))


def _tests(fact: Fact, what: FollowUp, rule: MeasureRule) -> bool:
    return any(kind.codes.holds(fact.concept) for kind in rule.evidence if kind.name in what.after)


def _happened(fact: Fact, today: date) -> bool:
    when = dated(fact)
    return when is not None and when.start <= today


def _last(fact: Fact) -> date:
    when = dated(fact)
    return when.end if when else date.min
