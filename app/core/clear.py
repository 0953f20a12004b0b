"""Whether "No open gaps" may be said: of whole answers only, and beside a chart that does not speak against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.core import coverage as coverages
from app.core import status
from app.core.answers import Known
from app.core.chart import Chart, Coverage, Quantity
from app.core.dates import add_months
from app.core.flag import PayerAnswers
from app.core.measures import Registry
from app.core.measures.rule import COUNTS, FollowUp, MeasureRule
from app.core.placing import like
from app.core.reading import Reading, dated
from app.core.settling import settling
from app.core.strip import CARE_GAPS, Heard
from app.core.values import Meets, says

#: Where the result of a test may stand, whatever types its rule counts.
_RESULTS = ("Observation", "DiagnosticReport", "Procedure")


def answered(
    chart: Chart,
    in_force: Sequence[Coverage],
    payers: Sequence[PayerAnswers],
    heard: Sequence[Heard],
    unconnected: Sequence[Coverage],
) -> bool:
    """Whether every payer of every active coverage has answered, wholly and now. A last good answer is none."""
    answer = chart.coverages
    if not isinstance(answer, Known) or answer.incomplete or answer.stale_because:
        return False
    if not payers or unconnected or not coverages.accounted(in_force, [p.coverage for p in payers], unconnected):
        return False
    return all(CARE_GAPS in p.speaks for p in payers) and all(each.whole for each in heard)


def looked(reading: Reading, registry: Registry, today: date) -> bool:
    """Whether the chart was read where it could speak against "No open gaps", and says nothing unclear.

    The words are of the payers' lists, but who reads them takes them for "nothing to do". So they need every type in
    which a patient status stands, and every type in which an abnormal result or what settles it stands; and no result
    that reads like a screening of these rules, has no code of ours, and is not plainly normal. Types that neither a
    status nor a follow-up needs (vaccines, allergies, documents) may be unread: the payers list no gap that they could
    settle, and the chart's line names them.
    """
    rules = [(rule, rule.follow_up) for rule in registry.rules if rule.follow_up]
    types = [*status.TYPES, *(t for rule, what in rules for t in (*rule.needs, *what.settled_by.types))]
    return not reading.missing(types) and not any(_may_be_abnormal(rule, what, reading, today) for rule, what in rules)


def _may_be_abnormal(rule: MeasureRule, what: FollowUp, reading: Reading, today: date) -> bool:
    """Whether a result reads like one that calls for the follow-up, is not plainly normal, and makes no row: by another
    code than ours, or on another type of resource. What states no result says nothing, and answers to the single
    questions of a score are none.
    """
    since = add_months(today, -what.months)
    settled = [when.end for fact in settling(what, reading, today) if (when := dated(fact))]
    for kind in rule.evidence:
        if kind.name not in what.after or kind.abnormal is None:
            continue
        for fact in (*reading.coded(_RESULTS, kind.codes), *like(kind, reading, wide=True)):
            when, verdict = dated(fact), says(fact, kind.abnormal)
            if (fact.type in kind.types and kind.codes.holds(fact.concept)) or fact.status not in COUNTS[fact.type]:
                continue
            if when and (when.end < since or when.start > today or any(day >= when.start for day in settled)):
                continue
            stated = fact.value is not None or bool(fact.conclusion.label)
            score = not kind.abnormal.cuts or isinstance(fact.value, Quantity)
            if verdict is Meets.YES or (verdict is Meets.UNCLEAR and stated and score):
                return True
    return False
