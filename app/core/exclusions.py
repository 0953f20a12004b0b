"""What the chart holds that takes a patient out of one measure."""

from __future__ import annotations

from datetime import date, timedelta

from app.core.chart import Fact, When
from app.core.dates import overlaps
from app.core.measures.rule import COUNTS, Exclusion, MeasureRule
from app.core.reading import Reading, newest
from app.core.report import Period

#: Verification statuses with which a condition is not established.
DENIED = frozenset({"refuted", "unconfirmed", "provisional", "differential"})
#: Clinical statuses of a condition that is over.
OVER = frozenset({"inactive", "resolved", "remission"})


def excluded(rule: MeasureRule, period: Period, reading: Reading, today: date) -> tuple[Fact, ...]:
    """The facts that take the patient out of the measure: those of the first exclusion that is wholly met."""
    for exclusion in rule.exclusions:
        found = [
            newest(f for f in reading.coded(exclusion.types, codes) if _stands(f, exclusion, period, today))
            for codes in exclusion.all_of
        ]
        if all(found):
            return tuple(fact for fact in found if fact)
    return ()


def _stands(fact: Fact, exclusion: Exclusion, period: Period, today: date) -> bool:
    """Whether an entry is established and lies where the exclusion asks for it."""
    if fact.type == "Condition":
        if fact.verification in DENIED:
            return False
    elif fact.status not in COUNTS[fact.type]:
        return False
    began = fact.when or fact.recorded
    start = began.start if began else None
    if start and start > today:
        return False
    if exclusion.ever:
        return (start or today) <= period.end
    return start is not None and overlaps(start, _end(fact, exclusion, start), period)


def _end(fact: Fact, exclusion: Exclusion, start: date) -> date | None:
    """The last day an entry is known to hold. A visit's diagnosis holds for that visit; a closed entry without a date
    too.
    """
    if fact.until:
        return fact.until.end
    point = fact.type != "Condition" or "encounter-diagnosis" in fact.category or fact.status in OVER
    if point:
        return (fact.when or fact.recorded or When.day(start)).end
    return start + timedelta(days=exclusion.lasts_days) if exclusion.lasts_days else None
