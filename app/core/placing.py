"""Facts against one kind of evidence: which are of the kind, where they lie against its window, whether they serve."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from app.core.chart import Fact, When, built_often
from app.core.dates import Within, within
from app.core.measures.kind import Kind
from app.core.measures.population import birthday
from app.core.measures.rule import COUNTS, MeasureRule
from app.core.reading import Reading, dated
from app.core.report import Period
from app.core.values import Meets, given, judge, says
from app.core.words import texts, told_outside

_NOT_DONE = re.compile(
    r"\b(?:declin|refus|prep\b|family|never|due\b|overdue|order|recommend|discuss|educat|consult|counsel|request|not )",
    re.IGNORECASE,
)
#: Where an entry may speak of something done elsewhere, beside the types in which it would count.
_TELLING = ("Procedure", "DiagnosticReport", "Observation", "DocumentReference", "Immunization")


@built_often
class Placed:
    """One fact for one kind: where it lies against the window, and whether its value serves."""

    fact: Fact
    kind: Kind
    place: Within
    serves: Meets

    @property
    def may_count(self) -> bool:
        """Whether it lies in the window, or may."""
        return self.place is not Within.NO


def coded(kind: Kind, reading: Reading, *, told: bool = False) -> list[Fact]:
    """Facts of a kind by type, code, status and setting. Whether date and value serve is another question.

    `told`: those that are somebody else's word instead of those that are not.
    """
    facts = [f for f in reading.coded(kind.types, kind.codes) if f.status in COUNTS[f.type] and f.reported is told]
    if kind.intents:
        facts = [fact for fact in facts if fact.intent in kind.intents]
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


def alike(rule: MeasureRule, reading: Reading) -> list[tuple[Fact, Kind]]:
    """Finished entries that read like a kind and carry no code of ours: CPT, SNOMED CT, local codes, words."""
    found: dict[tuple[str, str], tuple[Fact, Kind]] = {}
    ours: dict[int, bool] = {}  # of each concept, which the facts of a code share
    for kind in rule.evidence:
        for fact in (*like(kind, reading, wide=not rule.latest), *_told(kind, reading)):
            if (key := id(fact.concept)) not in ours:
                ours[key] = rule.codes.holds(fact.concept)
            if not ours[key]:
                found[fact.ref, kind.name] = fact, kind
        if kind.other_scale.full:
            for fact in reading.coded(kind.types, kind.other_scale):
                if fact.status in COUNTS[fact.type]:
                    found[fact.ref, kind.name] = fact, kind
    return list(found.values())


def like(kind: Kind, reading: Reading, *, wide: bool) -> list[Fact]:
    """Finished entries that read like a kind. `wide`: as a procedure or a report too, whatever the kind's own types."""
    types = (*kind.types, "Procedure", "DiagnosticReport") if wide else kind.types
    return [fact for fact in reading.worded(types, kind.words) if fact.status in COUNTS[fact.type]]


def _told(kind: Kind, reading: Reading) -> list[Fact]:
    """Entries that read like a kind done elsewhere; words such as "historical" are no objection here."""
    return [
        fact
        for type_ in dict.fromkeys((*kind.types, *_TELLING))
        if type_ in COUNTS
        for text in reading.of(type_).told
        if not _NOT_DONE.search(text) and kind.words.like.search(text)
        for fact in reading.of(type_).by_text[text]
        if fact.status in COUNTS[type_]
    ]


def elsewhere(fact: Fact) -> bool:
    """Whether an entry says that somebody else did it, or only told of it."""
    return fact.reported or any(map(told_outside, texts(fact.concept)))


def harmless(fact: Fact, kind: Kind, rule: MeasureRule) -> bool:
    """Whether what somebody else did or told of may be left to a request for its record: no value that misses the
    target, and no result that may call for something.
    """
    if fact.value is None and not fact.components and not fact.conclusion.label:
        return True
    if rule.latest:
        return judge((fact,), rule.targets) is Meets.YES
    return kind.abnormal is None or says(fact, kind.abnormal) is Meets.NO


def placed(fact: Fact, kind: Kind, window: Period, reading: Reading, today: date) -> Placed:
    """One fact against the window of its kind."""
    place = _lasting(fact, window, today) if kind.lasts else _dated(fact, window, today)
    if place is not Within.NO and kind.from_age is not None:
        place = _of_age(fact, kind.from_age, place, reading.born)
    return Placed(fact, kind, place, _serves(fact, kind))


def moment(fact: Fact, kind: Kind | None = None) -> When | None:
    """When a fact is dated for its kind: what lasts is dated by its beginning."""
    return fact.when if kind is not None and kind.lasts else dated(fact)


def widest(rule: MeasureRule, period: Period, reading: Reading) -> Period:
    """From the first day on which any kind may count to the last."""
    windows = [_from_birthday(kind, kind.window.of(period), reading.born) for kind in rule.evidence]
    return Period(min(w.start for w in windows), max(w.end for w in windows))


def counts(facts: Iterable[Placed]) -> list[Placed]:
    """Those that surely lie in their window and whose value serves."""
    return [each for each in facts if each.place is Within.YES and each.serves is Meets.YES]


def _serves(fact: Fact, kind: Kind) -> Meets:
    if given(fact, kind) is Meets.UNCLEAR:
        return Meets.UNCLEAR
    return says(fact, kind.result) if kind.result else Meets.YES


def _dated(fact: Fact, window: Period, today: date) -> Within:
    when = dated(fact)
    return within(when, window, today) if when else Within.MAYBE


def _lasting(fact: Fact, window: Period, today: date) -> Within:
    """A prescription: it counts where it touches the window. One that is active still holds today."""
    began = fact.when or fact.recorded
    if began is None:
        return Within.MAYBE
    last = fact.until or (When.day(today) if fact.status == "active" and began.start <= today else began)
    if began.start > min(window.end, today) or last.end < window.start:
        return Within.NO
    return Within.YES if began.end <= window.end and last.start >= window.start else Within.MAYBE


def _of_age(fact: Fact, age: int, place: Within, born: When | None) -> Within:
    """Held against the birthday from which on a kind counts; without a birth date that cannot be said."""
    when = dated(fact)
    if when is None or born is None:
        return Within.MAYBE
    if when.end < birthday(born.start, age):
        return Within.NO
    return place if when.start >= birthday(born.end, age) else Within.MAYBE


def _from_birthday(kind: Kind, window: Period, born: When | None) -> Period:
    if kind.from_age is None or born is None:
        return window
    return Period(max(window.start, birthday(born.start, kind.from_age)), window.end)
