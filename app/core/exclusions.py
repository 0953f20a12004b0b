"""What the chart holds that takes a patient out of one measure: a patient status of the rule, or an exclusion of it."""

from __future__ import annotations

from datetime import date

from app.core import status
from app.core.chart import Fact
from app.core.dates import overlaps
from app.core.measures.population import within_ages
from app.core.measures.rule import COUNTS, Exclusion, MeasureRule
from app.core.reading import DENIED as DENIED  # for those who read conditions
from app.core.reading import OVER as OVER
from app.core.reading import Reading, last_known, newest
from app.core.report import Period


def excluded(rule: MeasureRule, period: Period, reading: Reading, today: date) -> tuple[Fact, ...]:
    """The facts that take the patient out of the measure: those of the first status or exclusion that is wholly met."""
    for out in rule.statuses:
        if within_ages(reading.born, out.ages, period.end) and (
            facts := status.in_period(out.kind, reading, period, today, alone=out.alone)
        ):
            return facts
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
    if fact.type in ("Condition", "AllergyIntolerance"):
        if fact.verification in DENIED:
            return False
        if fact.type == "AllergyIntolerance" and fact.status not in COUNTS[fact.type]:
            return False
    elif fact.status not in COUNTS[fact.type]:
        return False
    began = fact.when or fact.recorded
    start = began.start if began else None
    if start and start > today:
        return False
    if exclusion.ever:
        return (start or today) <= period.end
    return start is not None and overlaps(start, last_known(fact, start, exclusion.lasts_days), period)
