"""What the chart holds that takes a patient out of one measure: a patient status of the rule, or an exclusion of it.
And what speaks against the act without excluding: an entry that only reads like a reason, or that says not to do it.
"""

from __future__ import annotations

from datetime import date

from app.core import status
from app.core.chart import Fact
from app.core.dates import overlaps
from app.core.flag import StatusKind
from app.core.measures.kind import Kind
from app.core.measures.population import within_ages
from app.core.measures.rule import COUNTS, Exclusion, FollowUp, MeasureRule
from app.core.reading import DENIED as DENIED  # for those who read conditions
from app.core.reading import OVER as OVER
from app.core.reading import Reading, dated, last_known, newest
from app.core.report import Period

#: Statuses of a condition, an allergy or a flag that is not over.
_HOLDS = frozenset({"active", "recurrence", "relapse", ""})


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


def doubts(rule: MeasureRule, reading: Reading, today: date) -> tuple[tuple[Fact, ...], str]:
    """The entries because of which the rule's act must not be suggested outright, and why: "told-not-to" or
    "exclusion-not-certain"; ((), "") where there are none.
    """
    refused = [fact for kind in rule.evidence for fact in told_not_to(kind, rule, reading, today)]
    reads = [fact for out in rule.statuses if out.asks for fact in status.asks(out.kind, reading, today)]
    reads += [
        fact
        for doubt in rule.doubts
        for fact in (*reading.coded(doubt.types, doubt.codes), *reading.worded(doubt.types, doubt.words))
        if fact.status in _HOLDS and fact.verification != "refuted" and not _ahead(fact, today)
    ]
    found = {fact.ref: fact for fact in (*refused, *reads)}
    return tuple(found.values()), "told-not-to" if refused else "exclusion-not-certain" if reads else ""


def told_not_to(kind: Kind, rule: MeasureRule, reading: Reading, today: date) -> list[Fact]:
    """The orders in force that say not to do what a kind names."""
    types = (*kind.types, *rule.order_types)
    said = reading.refused(types, kind.codes, kind.words)
    return [fact for fact in said if fact.status == "active" and not _ahead(fact, today)]


def against_follow_up(
    rule: MeasureRule, what: FollowUp, test: Fact, reading: Reading, today: date
) -> tuple[tuple[Fact, ...], str]:
    """As `doubts`, for what an abnormal result calls for: an order not to do it that came after the result, or
    palliative care where the rule leaves such patients out. The row stands; what to do is not for us to say.
    """
    refused = [fact for fact in told_not_to(what.settled_by, rule, reading, today) if _since(fact, test)]
    palliative = any(out.kind is StatusKind.PALLIATIVE for out in rule.statuses)
    care = status.now(StatusKind.PALLIATIVE, reading, today) if palliative else ()
    return (*refused, *care), "told-not-to" if refused else "exclusion-not-certain" if care else ""


def moot(what: FollowUp, test: Fact, reading: Reading, today: date) -> bool:
    """Whether nothing is left to follow up: since the test the organ was removed, or what it looks for was diagnosed.
    An entry from before the test, or without a date that says so, settles nothing.
    """
    for end in what.moot:
        found = [newest(f for f in reading.coded(end.types, codes) if _established(f, today)) for codes in end.all_of]
        if all(found) and any(_since(fact, test) for fact in found if fact):
            return True
    return False


def _established(fact: Fact, today: date) -> bool:
    if fact.verification in DENIED or _ahead(fact, today):
        return False
    return fact.type == "Condition" or fact.status in COUNTS[fact.type]


def _since(fact: Fact, test: Fact) -> bool:
    began, tested = fact.when or fact.recorded, dated(test)
    return began is not None and tested is not None and began.start >= tested.start


def _ahead(fact: Fact, today: date) -> bool:
    began = fact.when or fact.recorded
    return began is not None and began.start > today


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
