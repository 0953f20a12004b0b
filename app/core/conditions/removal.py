"""Diagnoses on the problem list that this chart does not support, or contradicts: candidates for removal, by rules that
are data (`unsupported`, `acute.GROUPS`).

Every rule errs towards leaving an entry alone. Nothing is a candidate that was written or assessed this year, that has
no date, or whose rule needs a type of the chart that could not be read. A candidate is a question to a clinician; the
list itself is never touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from app.core.chart import Fact
from app.core.conditions.acute import Group
from app.core.conditions.corroboration import corroborated, group_of, visit_of
from app.core.conditions.evidence import Sides, ever, measured, mentioned, own_making, readable, unnamed, worded
from app.core.conditions.family import Likeness, families
from app.core.conditions.searches import DRUGS, LABS, Lab
from app.core.conditions.settled import seen
from app.core.conditions.treatment import TYPES as TREATMENT_TYPES
from app.core.conditions.treatment import followed, site_of, treated
from app.core.conditions.unsupported import (
    ACUTE,
    CANCER,
    CONTRADICTIONS,
    LABS_CONTRADICT,
    NOT_LATELY,
    SOLID,
    SPREAD,
    STALE,
    Contradiction,
)
from app.core.dates import add_months
from app.core.flag import RuleSource
from app.core.reading import DENIED, Reading, last_day
from app.core.report import ConditionCategory, Evidence, Period

_ON_THE_LIST = "problem-list-item"
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_BASE = ("Condition", "Encounter")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One condition of the problem list that looks unsupported."""

    entries: tuple[Fact, ...]  # newest first
    likeness: Likeness
    because: str
    rule: RuleSource
    against: tuple[Fact, ...] = ()
    absent: tuple[str, ...] = ()
    history_term: str = ""


@dataclass(frozen=True)
class _Listed:
    """What the rules ask again and again of one chart, worked out once."""

    reading: Reading
    today: date
    by_family: Mapping[str, Sequence[tuple[str, Fact]]] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading, today: date) -> _Listed:
        by_family: dict[str, list[tuple[str, Fact]]] = defaultdict(list)
        for code, facts in reading.diagnosed():
            for family in families(code):
                by_family[family] += [(code, fact) for fact in facts]
        return cls(reading, today, by_family)

    @cached_property
    def visits(self) -> tuple[date, ...]:
        """The days on which the patient was seen."""
        found = self.reading.of("Encounter").facts
        return tuple(visit.when.start for visit in found if visit.when is not None and seen(visit))

    def seen_in(self, window: Period) -> int:
        """How often the patient was seen in a window."""
        return sum(window.start <= day <= window.end for day in self.visits)

    def with_code(self, *beginnings: str) -> bool:
        """Whether the chart has any diagnosis that begins so."""
        return any(code.startswith(beginnings) for facts in self.by_family.values() for code, _ in facts)

    def alike(self, likeness: Likeness) -> list[Fact]:
        """Every entry of the same condition, of any list, by its code, or where we do not have it by its words."""
        coded = (fact for family in likeness.families for _, fact in self.by_family.get(family, ()))
        return [*coded, *worded(likeness, self.reading)]


def candidates(reading: Reading, today: date) -> list[Candidate]:
    """The candidates of a chart, one for each condition."""
    if reading.missing(_BASE):
        return []
    chart, found = _Listed.of(reading, today), dict[frozenset[str], Candidate]()
    for code, facts in reading.diagnosed():
        if not _of_interest(code):
            continue
        entries = tuple(sorted((f for f in facts if _listed(f)), key=_by_day, reverse=True))
        likeness = Likeness.of_entry((code,), entries[0].concept.label) if entries else None
        if likeness is None or likeness.families in found or _of_this_year(likeness, chart):
            continue
        if candidate := _judge(code, entries, likeness, chart):
            found[likeness.families] = candidate
    return [found[key] for key in sorted(found, key=sorted)]


def _of_interest(code: str) -> bool:
    """Whether any rule concerns the code at all; most codes end here."""
    return (
        group_of(code) is not None
        or any(code.startswith(row.diagnoses) for row in CONTRADICTIONS)
        or not STALE.families.isdisjoint(families(code))
    )


def _judge(code: str, entries: tuple[Fact, ...], likeness: Likeness, chart: _Listed) -> Candidate | None:
    if group := group_of(code):
        rule = _cancer if group.corroboration.treatment else _acute
        return rule(group, code, entries, likeness, chart)
    for row in CONTRADICTIONS:
        if code.startswith(row.diagnoses) and (against := _contradicted(row, chart)):
            return Candidate(entries, likeness, LABS_CONTRADICT, row.source, against)
    if likeness.families <= STALE.families and not code.startswith(STALE.unless):
        return _stale(entries, likeness, chart)
    return None


# --- the rules ------------------------------------------------------------------------------------------------------


def _acute(group: Group, _: str, entries: tuple[Fact, ...], likeness: Likeness, chart: _Listed) -> Candidate | None:
    """An acute event that stands on the list past its days, not seen again since, and not under treatment."""
    reading, today = chart.reading, chart.today
    last = today - timedelta(days=group.listed_days)
    drug = next((row for row in DRUGS if group.unless_drug and row.absence == group.unless_drug), None)
    if drug and (reading.missing(("MedicationRequest",)) or unnamed(reading) or ever(drug, reading, today)):
        return None
    if any(_by_day(fact)[0] >= last for fact in chart.alike(likeness)):
        return None
    if corroborated(group, (), reading, Period(last, today), today):
        return None
    absent = (group.unless_drug,) if drug else ()
    return Candidate(entries, likeness, ACUTE, group.source, absent=absent, history_term=group.history_term)


def _cancer(group: Group, code: str, entries: tuple[Fact, ...], likeness: Likeness, chart: _Listed) -> Candidate | None:
    """A solid cancer without treatment, oncology or other visit for it in the look-back, of a patient who is seen."""
    reading, window = chart.reading, Period(chart.today - timedelta(days=group.listed_days), chart.today)
    treatment = group.corroboration.treatment
    site = site_of(code)
    if treatment is None or site is None or not code.startswith(SOLID):
        return None
    if reading.missing(TREATMENT_TYPES) or unnamed(reading):
        return None
    if chart.with_code(*SPREAD) or any(_by_day(fact)[0] >= window.start for fact in chart.alike(likeness)):
        return None
    if treated(treatment, (), reading, window, chart.today) or followed(site, reading, window):
        return None
    if _mentioned(likeness, chart, window) or not chart.seen_in(window):
        return None
    return Candidate(
        entries, likeness, CANCER, group.source, absent=("no-cancer-treatment",), history_term=group.history_term
    )


def _contradicted(row: Contradiction, chart: _Listed) -> tuple[Fact, ...]:
    """The results that speak against a stage; none when they are too few, too close, or followed by one for it."""
    if chart.reading.missing(("Observation",)) or _explained(row, chart.reading):
        return ()
    beside = (
        lab for lab in LABS if lab.name != row.lab and any(lab.families & other.families for other in _labs(row.lab))
    )
    if any(way > 0 for lab in beside for _, way in measured(lab, chart.reading, chart.today, days=row.within_days)):
        return ()
    results = [
        each for lab in _labs(row.lab) for each in measured(lab, chart.reading, chart.today, days=row.within_days)
    ]
    since = max((last_day(fact) for fact, way in results if way > 0), default=date.min)
    against = sorted((f for f, way in results if way < 0 and last_day(f) > since), key=_by_day, reverse=True)
    far = against and (last_day(against[0]) - last_day(against[-1])).days >= row.apart_days
    return tuple(against) if far else ()


def _explained(row: Contradiction, reading: Reading) -> bool:
    """Whether the chart has what explains such results otherwise, by code or in words."""
    coded = any(code.startswith(row.unless) for code, _ in reading.diagnosed())
    return coded or bool(reading.worded(("Condition", "Procedure", "Encounter", "ServiceRequest"), row.unless_words))


def _labs(name: str) -> Iterable[Lab]:
    return (lab for lab in LABS if lab.name == name)


def _stale(entries: tuple[Fact, ...], likeness: Likeness, chart: _Listed) -> Candidate | None:
    """A chronic diagnosis that nobody assessed lately and that nothing supports."""
    reading, today = chart.reading, chart.today
    if reading.missing(("Observation", "MedicationRequest")):
        return None
    window = Period(add_months(today, -STALE.months), today)
    if any(_by_day(fact)[0] >= window.start for fact in chart.alike(likeness)):
        return None
    if not chart.seen_in(Period(add_months(today, -STALE.seen_months), today)):
        return None
    if chart.seen_in(window) < STALE.visits or _mentioned(likeness, chart, window):
        return None
    days = (today - window.start).days
    if any(
        way > 0
        for lab in LABS
        if lab.families & likeness.families
        for _, way in measured(lab, reading, today, days=max(days, lab.days))
    ):
        return None
    if unnamed(reading) or any(ever(row, reading, today) for row in DRUGS if row.families & likeness.families):
        return None
    return Candidate(entries, likeness, NOT_LATELY, STALE.source)


def only_against(
    categories: Iterable[ConditionCategory], evidence: Iterable[Evidence], sides: Sides, reading: Reading, today: date
) -> bool:
    """A documented category for which this chart has nothing, and against which all that could be read speaks: the
    payer's own records are older than it, or of the payer's own making.

    What is treated, or may be this condition, is not refuted by results; and no result does it that treatment mends.
    """
    if sides.supporting or not sides.against or sides.unread or reading.missing(("Condition",)):
        return False
    if not (any(fact.type == "Condition" for fact in sides.against) or _refuted(sides, reading, today)):
        return False
    newest = max(last_day(fact) for fact in sides.against)
    later = [e for e in readable(evidence) if not own_making(e) and (e.when is None or e.when.end >= newest)]
    return any(category.cc_type == "historic" for category in categories) and not later


def _refuted(sides: Sides, reading: Reading, today: date) -> bool:
    """Whether results alone refute an established condition."""
    if sides.perhaps or reading.missing(("MedicationRequest",)) or unnamed(reading):
        return False
    refs = {fact.ref for fact in sides.against}
    for lab in (each for each in LABS if each.refutes_after is not None):
        days = [last_day(fact) for fact, way in measured(lab, reading, today) if way < 0 and fact.ref in refs]
        explained = any(row.lab == lab.name and _explained(row, reading) for row in CONTRADICTIONS)
        if days and not explained and (max(days) - min(days)).days >= (lab.refutes_after or 0):
            return True
    return False


# --- dates ----------------------------------------------------------------------------------------------------------


def _listed(fact: Fact) -> bool:
    """Whether an entry is an active one of the problem list, of which it is known since when."""
    active = fact.status in _ACTIVE and fact.verification not in DENIED
    return active and _ON_THE_LIST in fact.category and bool(fact.recorded or fact.when)


def _of_this_year(likeness: Likeness, chart: _Listed) -> bool:
    """Whether anybody wrote or assessed the condition this year."""
    first = date(chart.today.year, 1, 1)
    for fact in chart.alike(likeness):
        visit = visit_of(fact, chart.reading)
        days = (fact.recorded, fact.when, visit.when if visit else None)
        if any(when is not None and when.end >= first for when in days):
            return True
    return False


def _by_day(fact: Fact) -> tuple[date, str]:
    """The last day on which an entry may have been written or become true."""
    days = [when.end for when in (fact.recorded, fact.until, fact.when) if when]
    return max(days, default=date.max), fact.ref


def _mentioned(likeness: Likeness, chart: _Listed, window: Period) -> bool:
    return any(last_day(visit) >= window.start for visit in mentioned(likeness, chart.reading))
