"""How a rule's evidence combines: any one way is enough, or the newest day decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from app.core.chart import Fact, When
from app.core.dates import Within
from app.core.measures.kind import Way
from app.core.measures.rule import FollowUp, MeasureRule
from app.core.placing import Placed, counts
from app.core.reading import Reading, dated, newest
from app.core.settling import settling, settling_alike, whole_only
from app.core.values import Meets, has_all, judge, no_result, says, unreadable


@dataclass(frozen=True, slots=True)
class Outcome:
    """At most one of `done` and `missed`; `unclear` and `because` where neither may be said.

    `parts` and `lacking`: of a measure that asks for several things, what is there, and the kinds that are not.
    """

    done: Fact | None = None
    missed: Fact | None = None
    unclear: tuple[Fact, ...] = ()
    because: str = ""
    parts: tuple[Fact, ...] = ()
    lacking: frozenset[str] = frozenset()
    late: Fact | None = None  # what the measure asks for, done later than it counts
    also: tuple[Fact, ...] = ()  # the rest of what meets it together with `done`


def by_any(
    rule: MeasureRule, known: Sequence[Placed], alike: Sequence[Placed], reading: Reading, today: date
) -> Outcome:
    """A screening: any one way that is wholly met is enough; the newest of what meets it is named."""
    counted: dict[str, list[Fact]] = {}
    for each in counts(known):
        counted.setdefault(each.kind.name, []).append(each.fact)
    if (
        rule.follow_up
        and rule.follow_up.days is not None
        and (found := _answered(rule, known, counted, reading, today))
    ):
        return found
    met = [facts for way in rule.all_ways if (facts := _meets(way, counted))]
    if met:
        done = newest(fact for facts in met for fact in facts)
        way = next(facts for facts in met if done in facts)
        return Outcome(done, also=tuple(fact for fact in way if fact != done))
    parts, lacking = _nearest(rule, counted)
    kinds = lacking or frozenset(kind.name for kind in rule.evidence)
    unclear, because = _doubts([e for e in known if e.kind.name in kinds], [e for e in alike if e.kind.name in kinds])
    return Outcome(None, None, unclear, because, parts, lacking)


def _meets(way: Way, counted: dict[str, list[Fact]]) -> tuple[Fact, ...]:
    """One fact of each kind of the way, the newest that lie near enough to each other; empty where there are none."""
    each = [sorted(counted.get(name, ()), key=_day, reverse=True) for name in way.kinds]
    if not all(each):
        return ()
    if not way.near:
        return tuple(facts[0] for facts in each)
    near = [each[way.kinds.index(name)] for name in way.near]
    pair = next((facts for facts in product(*near) if _apart(facts) <= way.days), None)
    return (*(facts[0] for facts in each if facts not in near), *pair) if pair else ()


def _apart(facts: Iterable[Fact]) -> int:
    days = [_day(fact) for fact in facts]
    return (max(days) - min(days)).days


def _nearest(rule: MeasureRule, counted: dict[str, list[Fact]]) -> tuple[tuple[Fact, ...], frozenset[str]]:
    """Of the ways that ask for several things: what is there of the one that lacks least, and what all of them lack."""
    begun = [way for way in rule.ways if len(way.kinds) > 1 and any(name in counted for name in way.kinds)]
    if not begun:
        return (), frozenset()
    best = min(begun, key=lambda way: sum(name not in counted for name in way.kinds))
    parts = [last for name in best.kinds if (last := newest(counted.get(name, ())))]
    return tuple(parts), frozenset(name for way in rule.ways for name in way.kinds if name not in counted)


def _doubts(known: Sequence[Placed], alike: Sequence[Placed]) -> tuple[tuple[Fact, ...], str]:
    """Why it cannot be said that nothing was done: a value, a date, a code."""
    if empty := [e.fact for e in known if e.place is Within.YES and e.serves is Meets.UNCLEAR]:
        return _once(empty), "value-not-certain"
    if near := [e.fact for e in known if e.place is Within.MAYBE and e.serves is not Meets.NO]:
        return _once(near), "date-not-certain"
    found = _once([each.fact for each in alike])
    return found, "code-not-known" if found else ""


def _answered(
    rule: MeasureRule, known: Sequence[Placed], counted: dict[str, list[Fact]], reading: Reading, today: date
) -> Outcome | None:
    """A screening that counts only with its answer: the newest result decides, and an abnormal one needs what the
    rule's follow-up names within its days. None: nothing was screened.
    """
    what = rule.follow_up
    assert what is not None, "asked for rules with a follow-up only"
    assert what.days is not None, "asked for follow-ups that the measure counts"
    tests = [(fact, kind) for kind in rule.evidence for fact in counted.get(kind.name, ())]
    last = newest(fact for fact, _ in tests)
    if last is None:
        return None
    # A newer one that is no certain result may overrule it; one that says of itself that it is none may not.
    if rivals := [each for each in known if each.may_count and _may_overrule(each, last)]:
        return Outcome(None, None, _once([e.fact for e in rivals]), _why(rivals))
    day = whole_only([(fact, kind) for fact, kind in tests if _day(fact) == _day(last)], what)
    if whole := newest(fact for fact, kind in day if kind.name not in what.after):
        return Outcome(whole)  # a code that says the result and what was done about it
    verdicts = {says(fact, kind.abnormal) for fact, kind in day if kind.abnormal}
    if Meets.YES not in verdicts:
        clear = Meets.NO in verdicts
        return Outcome(last) if clear else Outcome(None, None, (last,), "value-not-certain")
    positive = next(f for f, kind in day if kind.abnormal and says(f, kind.abnormal) is Meets.YES)
    return _plan(positive, what, what.days, reading, today)


def _may_overrule(each: Placed, last: Fact) -> bool:
    """Whether an entry that is not counted may be a newer result than the last one that is."""
    if (each.place is Within.YES and each.serves is Meets.YES) or each.fact.value is None or no_result(each.fact):
        return False
    when = dated(each.fact)
    return when is None or when.end > _day(last)


def _why(rivals: Iterable[Placed]) -> str:
    return "date-not-certain" if any(each.place is Within.MAYBE for each in rivals) else "value-not-certain"


def _plan(positive: Fact, what: FollowUp, days: int, reading: Reading, today: date) -> Outcome:
    first = _day(positive)
    until = first + timedelta(days=days)
    if settled := newest(f for f in settling(what, reading, today) if _between(f, first, until)):
        return Outcome(positive, parts=(settled,))
    alike = settling_alike(what, reading, today)
    if unclear := [f for f in alike if _between(f, first, until)]:
        return Outcome(None, None, _once(unclear), "code-not-known")
    if late := newest(f for f in settling(what, reading, today) if _between(f, first, today)):
        return Outcome(late=late)
    if unclear := [f for f in alike if _between(f, first, today)]:
        return Outcome(None, None, _once(unclear), "code-not-known")
    return Outcome(None, positive)


def _between(fact: Fact, first: date, last: date) -> bool:
    when = fact.when if fact.type == "MedicationRequest" else dated(fact)
    return when is None or (when.end >= first and when.start <= last)


def by_latest(rule: MeasureRule, known: Sequence[Placed], alike: Sequence[Placed], _: Reading, __: date) -> Outcome:
    """A control measure: the newest day of the period decides, and with it whatever may be of that day."""
    undated = [each.fact for each in known if each.place is Within.MAYBE]
    inside = [each.fact for each in known if each.place is Within.YES]
    read = [each.fact for each in alike]
    top = _newest_day(rule, inside)
    if not top:
        if undated:
            return Outcome(None, None, tuple(undated), "date-not-certain")
        rest = tuple(inside) or tuple(read)  # a day with half a blood pressure, or words alone
        return Outcome(None, None, rest, ("value-not-certain" if inside else "code-not-known") if rest else "")
    border = max(_when(fact).start for fact in top)  # the newest day is not before this one
    if rivals := [f for f in undated if dated(f) is None or _when(f).end >= border]:
        return Outcome(None, None, tuple(rivals), "date-not-certain")
    if later := [f for f in read if dated(f) is None or _when(f).end > border]:
        return Outcome(None, None, tuple(later), "code-not-known")
    if len({_when(fact) for fact in top}) > 1 and len({judge((fact,), rule.targets) for fact in top}) > 1:
        return Outcome(None, None, tuple(top), "date-not-certain")
    verdict = judge(top, rule.targets)
    deciding = newest([fact for fact in top if judge((fact,), rule.targets) is verdict] or top)
    match verdict:
        case Meets.YES:
            return Outcome(deciding)
        case Meets.NO:
            return Outcome(None, deciding)
        case Meets.UNCLEAR:
            return Outcome(None, None, tuple(top), "value-not-certain")


def _newest_day(rule: MeasureRule, inside: list[Fact]) -> list[Fact]:
    """The facts that may be of the newest day. Where a measure asks for two numbers, a day without both is passed
    over.
    """
    left = inside
    while left:
        last = _when(newest(left))
        day = [fact for fact in left if _when(fact).end >= last.start]
        if len(rule.targets) == 1 or has_all(day, rule.targets) or any(map(unreadable, day)):
            return day
        left = [fact for fact in left if fact not in day]
    return []


def _once(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple({fact.ref: fact for fact in facts}.values())


def _day(fact: Fact) -> date:
    return _when(fact).end


def _when(fact: Fact | None) -> When:
    when = dated(fact) or fact.recorded if fact else None
    assert when is not None, "placed facts have a date"
    return when
