"""What one chart holds for one measure rule and one period: evidence, near misses, what is under way, what excludes.

Evidence is by code, status, date and value, never by words (docs/rules.md, "Right before early").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from app.core.chart import Fact, When
from app.core.combining import Outcome, by_any, by_latest
from app.core.dates import add_months, happened
from app.core.events import due_event
from app.core.exclusions import doubts, excluded
from app.core.measures.kind import Kind
from app.core.measures.rule import BEGUN, MeasureRule
from app.core.orders import waiting
from app.core.placing import Placed, alike, coded, elsewhere, harmless, moment, placed, widest
from app.core.reading import Reading, last_day, newest
from app.core.report import Period
from app.core.values import Meets, judge


@dataclass(frozen=True, slots=True)
class Findings:
    """What the chart says to one rule. At most one of `done` and `out_of_range` is set; `unclear` says why neither may
    be.
    """

    done: Fact | None = None
    out_of_range: Fact | None = None
    unclear: tuple[Fact, ...] = ()
    because: str = ""  # code-not-known | date-not-certain | value-not-certain | not-final | event-not-in-chart
    #: exclusion-not-certain | told-not-to
    newest: Fact | None = (
        None  # newest that counts by code and status, whenever it was; else one that only reads like it
    )
    clinical_due: date | None = None
    under_way: Fact | None = None
    excluded: tuple[Fact, ...] = ()
    elsewhere: Fact | None = None  # somebody else did it, by an entry here that is no evidence of ours
    overdue: Fact | None = None  # an order that got no result in time
    window: Period | None = None  # in which evidence counts: the widest of the rule's kinds
    parts: tuple[Fact, ...] = ()  # what is done of a measure that asks for several things
    act: str = ""  # what to do where one of several things is missing; empty: the rule's own
    over: bool = False  # nothing done from today on can count any more, though the period may still run
    late: Fact | None = None  # what the measure asks for was done, and later than it counts
    also: tuple[Fact, ...] = ()  # the rest of what meets a measure that asks for several things


def findings(rule: MeasureRule, period: Period, reading: Reading, today: date) -> Findings:
    """Everything the chart says to `rule` for `period`."""
    out = excluded(rule, period, reading, today)
    if rule.event is None:
        found = _found(rule, period, None, reading, today)
        against, why = doubts(rule, reading, today)
        if against:
            found = replace(found, unclear=(*against, *found.unclear), because=why)
        return replace(found, excluded=out)
    event = due_event(rule, period, reading, today)
    if event is None:
        return Findings(because="event-not-in-chart", excluded=out)
    found = _found(rule, period, event, reading, today)
    return replace(found, excluded=out, clinical_due=None if found.done else event.start)


Windows = Mapping[str, Period]  # by the names of a rule's kinds


def _found(rule: MeasureRule, period: Period, own: Period | None, reading: Reading, today: date) -> Findings:
    """What the chart says within the rule's windows for the period, or within one window of its own."""
    known = [(fact, kind) for kind in rule.evidence for fact in coded(kind, reading)]
    windows = {kind.name: own or kind.window.of(period) for kind in rule.evidence}
    read = [each for each in _place_all(alike(rule, reading), windows, reading, today) if each.may_count]
    # What somebody else found and what calls for something is no errand for staff: it stays among the doubts.
    told = [each for each in read if elsewhere(each.fact)]
    told += [each for each in _reported(rule, windows, reading, today) if each.fact not in (e.fact for e in told)]
    read = [each for each in read if not elsewhere(each.fact)]
    read += [each for each in told if not harmless(each.fact, each.kind, rule)]
    told = [each for each in told if harmless(each.fact, each.kind, rule)]
    ours = _place_all(known, windows, reading, today)
    outcome = (by_latest if rule.latest else by_any)(rule, ours, read, reading, today)
    # What has not happened yet is a slip of the pen: it is neither evidence nor the last one done.
    past = [(f, kind) for f, kind in known if (when := moment(f, kind)) is not None and when.start <= today]
    pending = _pending(rule, reading, today) if rule.latest and (outcome.done or outcome.missed) else []
    deciding = outcome.done or outcome.missed
    if deciding and (rivals := [fact for fact in pending if last_day(fact) >= last_day(deciding)]):
        outcome = Outcome(None, None, tuple(rivals), "not-final")
    last = newest(fact for fact, _ in past)
    lacking = tuple(kind for kind in rule.evidence if kind.name in outcome.lacking)
    window = own or widest(rule, period, reading)
    orders = waiting(
        rule, reading, today, after=None if outcome.parts else last, kinds=lacking or None, until=window.end
    )
    return Findings(
        outcome.done,
        outcome.missed,
        outcome.unclear,
        outcome.because,
        last or newest(each.fact for each in read),
        _clinical_due(rule, past, outcome.missed),
        orders.under_way,
        elsewhere=newest(each.fact for each in told),
        overdue=orders.overdue,
        window=window,
        parts=outcome.parts,
        also=outcome.also,
        act=next((kind.act for kind in lacking if kind.act), "") if outcome.parts else "",
        over=today > window.end or outcome.late is not None,
        late=outcome.late,
    )


def _pending(rule: MeasureRule, reading: Reading, today: date) -> list[Fact]:
    """Results that are there and not final yet: where the newest value decides, the last final one may not be it."""
    return [
        fact
        for kind in rule.evidence
        for fact in reading.coded(kind.types, kind.codes)
        if fact.status in BEGUN.get(fact.type, ())
        and (fact.value is not None or fact.components)
        and (when := moment(fact, kind)) is not None
        and happened(when, today)
    ]


def _reported(rule: MeasureRule, windows: Windows, reading: Reading, today: date) -> list[Placed]:
    """Coded entries of the rule that are somebody else's word, within their window."""
    facts = [(fact, kind) for kind in rule.evidence for fact in coded(kind, reading, told=True)]
    return [each for each in _place_all(facts, windows, reading, today) if each.may_count]


def _place_all(facts: Iterable[tuple[Fact, Kind]], windows: Windows, reading: Reading, today: date) -> list[Placed]:
    return [placed(fact, kind, windows[kind.name], reading, today) for fact, kind in facts]


def _clinical_due(rule: MeasureRule, past: list[tuple[Fact, Kind]], missed: Fact | None) -> date | None:
    """When the service is due again for the patient, whatever the measure's calendar says: the kind that holds
    longest; of several things that are all needed the one that is due first.
    """
    if missed:
        return add_months(_start(missed), rule.months_out_of_range)
    usable = [(fact, kind) for fact, kind in past if not (kind.needs_value and fact.value is None)]
    if rule.latest and (last := newest(fact for fact, _ in usable)):
        months = rule.evidence[0].months
        above = judge((last,), rule.targets) is Meets.NO
        return add_months(_start(last), rule.months_out_of_range if above else months)
    started: dict[str, date] = {}
    for fact, kind in usable:
        if kind.months:
            started[kind.name] = max(_start(fact, kind), started.get(kind.name, date.min))
    due = {kind.name: add_months(started[kind.name], kind.months) for kind in rule.evidence if kind.name in started}
    ways = [[due[name] for name in way.kinds] for way in rule.all_ways if all(name in due for name in way.kinds)]
    return max((min(days) for days in ways), default=None)


def _start(fact: Fact, kind: Kind | None = None) -> date:
    when: When | None = moment(fact, kind)
    assert when is not None, "placed facts have a date"
    return when.start
