"""What one chart holds for one measure rule and one period: evidence, near misses, what is under way, what excludes.

Evidence is by code, status, date and value, never by words (docs/rules.md, "Right before early").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.core.chart import Fact, When
from app.core.dates import Within, add_months, within
from app.core.exclusions import excluded
from app.core.measures.rule import COUNTS, Kind, MeasureRule
from app.core.orders import under_way
from app.core.reading import Reading, dated, newest
from app.core.report import Period
from app.core.values import Meets, has_all, judge


@dataclass(frozen=True, slots=True)
class Findings:
    """What the chart says to one rule. At most one of `done` and `out_of_range` is set; `unclear` says why neither may
    be.
    """

    done: Fact | None = None
    out_of_range: Fact | None = None
    unclear: tuple[Fact, ...] = ()
    because: str = ""  # code-not-known | date-not-certain | value-not-certain
    newest: Fact | None = (
        None  # newest that counts by code and status, whenever it was; else one that only reads like it
    )
    clinical_due: date | None = None
    under_way: Fact | None = None
    excluded: tuple[Fact, ...] = ()


def findings(rule: MeasureRule, period: Period, reading: Reading, today: date) -> Findings:
    """Everything the chart says to `rule` for `period`."""
    known = [(fact, kind) for kind in rule.evidence for fact in _coded(kind, reading)]
    alike = _alike(rule, reading, period, today)
    done, missed, unclear, because = (_by_latest if rule.latest else _by_any)(rule, period, known, alike, today)
    # What has not happened yet is a slip of the pen: it is neither evidence nor the last one done.
    past = [(fact, kind) for fact, kind in known if (when := dated(fact)) is not None and when.start <= today]
    last = newest(fact for fact, _ in past)
    return Findings(
        done,
        missed,
        unclear,
        because,
        last or newest(alike),
        _clinical_due(rule, past, missed),
        under_way(rule, reading, today, after=last),
        excluded(rule, period, reading, today),
    )


def _coded(kind: Kind, reading: Reading) -> list[Fact]:
    """Facts of a kind by type, code, status and setting. Whether date and value serve is another question."""
    facts = [fact for fact in reading.coded(kind.types, kind.codes) if fact.status in COUNTS[fact.type]]
    if not kind.not_settings:
        return facts
    stays = reading.days_in(kind.not_settings)
    return [fact for fact in facts if not _from_a_stay(fact, kind, reading, stays)]


def _from_a_stay(fact: Fact, kind: Kind, reading: Reading, stays: frozenset[int]) -> bool:
    """Whether a reading comes from an encounter that does not count; one without an encounter, by its day."""
    if fact.encounter or fact.setting:
        return reading.setting(fact) in kind.not_settings
    when = dated(fact)
    return when is not None and any(day in stays for day in range(when.start.toordinal(), when.end.toordinal() + 1))


def _alike(rule: MeasureRule, reading: Reading, period: Period, today: date) -> list[Fact]:
    """Finished entries that read like the service and carry no code of ours: CPT, SNOMED CT, local codes, words."""
    found: dict[str, Fact] = {}
    for kind in rule.evidence:
        window = kind.window.of(period)
        for fact in like(kind, reading, wide=not rule.latest):
            if _place(fact, window, today) is not Within.NO and not _is_coded(rule, fact):
                found[fact.ref] = fact
    return list(found.values())


def like(kind: Kind, reading: Reading, *, wide: bool) -> list[Fact]:
    """Finished entries that read like a kind. `wide`: as a procedure or a report too, whatever the kind's own types."""
    types = (*kind.types, "Procedure", "DiagnosticReport") if wide else kind.types
    return [fact for fact in reading.worded(types, kind.words) if fact.status in COUNTS[fact.type]]


def _is_coded(rule: MeasureRule, fact: Fact) -> bool:
    return any(kind.codes.holds(fact.concept) for kind in rule.evidence)


def _place(fact: Fact, window: Period, today: date) -> Within:
    when = dated(fact)
    return within(when, window, today) if when else Within.MAYBE


_Outcome = tuple[Fact | None, Fact | None, tuple[Fact, ...], str]


def _by_any(_: MeasureRule, period: Period, known: list[tuple[Fact, Kind]], alike: list[Fact], today: date) -> _Outcome:
    """A screening: any one that counts is enough; the newest of them is named."""
    placed = [(fact, kind, _place(fact, kind.window.of(period), today)) for fact, kind in known]
    counted = [f for f, kind, place in placed if place is Within.YES and not (kind.needs_value and f.value is None)]
    if counted:
        return newest(counted), None, (), ""
    if empty := [f for f, _, place in placed if place is Within.YES]:
        return None, None, tuple(empty), "value-not-certain"
    if near := [f for f, _, place in placed if place is Within.MAYBE]:
        return None, None, tuple(near), "date-not-certain"
    return None, None, tuple(alike), "code-not-known" if alike else ""


def _by_latest(
    rule: MeasureRule, period: Period, known: list[tuple[Fact, Kind]], alike: list[Fact], today: date
) -> _Outcome:
    """A control measure: the newest day of the period decides, and with it whatever may be of that day."""
    placed = [(fact, _place(fact, kind.window.of(period), today)) for fact, kind in known]
    undated = [fact for fact, place in placed if place is Within.MAYBE]
    inside = [fact for fact, place in placed if place is Within.YES]
    top = _newest_day(rule, inside)
    if not top:
        if undated:
            return None, None, tuple(undated), "date-not-certain"
        rest = tuple(inside) or tuple(alike)  # a day with half a blood pressure, or words alone
        return None, None, rest, ("value-not-certain" if inside else "code-not-known") if rest else ""
    border = max(_when(fact).start for fact in top)  # the newest day is not before this one
    if rivals := [f for f in undated if dated(f) is None or _when(f).end >= border]:
        return None, None, tuple(rivals), "date-not-certain"
    if later := [f for f in alike if dated(f) is None or _when(f).end > border]:
        return None, None, tuple(later), "code-not-known"
    if len({_when(fact) for fact in top}) > 1 and len({judge((fact,), rule.targets) for fact in top}) > 1:
        return None, None, tuple(top), "date-not-certain"
    verdict = judge(top, rule.targets)
    deciding = newest([fact for fact in top if judge((fact,), rule.targets) is verdict] or top)
    match verdict:
        case Meets.YES:
            return deciding, None, (), ""
        case Meets.NO:
            return None, deciding, (), ""
        case Meets.UNCLEAR:
            return None, None, tuple(top), "value-not-certain"


def _newest_day(rule: MeasureRule, inside: list[Fact]) -> list[Fact]:
    """The facts that may be of the newest day. Where a measure asks for two numbers, a day without both is passed
    over.
    """
    left = inside
    while left:
        last = _when(newest(left))
        day = [fact for fact in left if _when(fact).end >= last.start]
        if len(rule.targets) == 1 or has_all(day, rule.targets):
            return day
        left = [fact for fact in left if fact not in day]
    return []


def _when(fact: Fact | None) -> When:
    when = dated(fact) if fact else None
    assert when is not None, "placed facts have a date"
    return when


def _clinical_due(rule: MeasureRule, past: list[tuple[Fact, Kind]], missed: Fact | None) -> date | None:
    """When the service is due again for the patient, whatever the measure's calendar says: the kind that holds
    longest.
    """
    if missed:
        return add_months(_when(missed).start, rule.months_out_of_range)
    usable = [(fact, kind) for fact, kind in past if not (kind.needs_value and fact.value is None)]
    if rule.latest and (last := newest(fact for fact, _ in usable)):
        months = rule.evidence[0].months
        above = judge((last,), rule.targets) is Meets.NO
        return add_months(_when(last).start, rule.months_out_of_range if above else months)
    return max((add_months(_when(fact).start, kind.months) for fact, kind in usable), default=None)
