"""What of the chart may be relied on: facts by type, code and words; which types could not be read or are still out.

Entries marked `entered-in-error` are dropped here, once, so that no rule ever meets one. An entry that says not to do
something is set aside here too: it is no order, no treatment and no evidence, and only who asks for `refusals` finds
it. The index is built once, so that rules look codes up instead of going through the whole chart again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from app.core.answers import Known
from app.core.chart import Chart, Fact, When
from app.core.terminology import ICD10CM, CodeSet, system_of, tidy
from app.core.words import Words, texts, told_outside

IN_ERROR = "entered-in-error"
PATIENT = "Patient"
#: Verification statuses with which a condition is not established.
DENIED = frozenset({"refuted", "unconfirmed", "provisional", "differential"})
#: Clinical statuses of a condition that is over.
OVER = frozenset({"inactive", "resolved", "remission"})
#: Where an order stands whose words may say not to do it. `doNotPerform` says so by itself, whatever the type.
_ORDERS = frozenset({"ServiceRequest", "MedicationRequest", "Appointment"})
#: At the beginning only: "do not crush" behind the name of a drug is how to take it.
_FORBIDS = re.compile(r"\s*(?:do not|don.?t)\s", re.IGNORECASE)
_LONGEST_STAY = 400  # days; a stay that nobody closed does not cover the years after it


@dataclass(frozen=True, slots=True)
class Index:
    """The facts of one resource type by their codes and by their words."""

    facts: tuple[Fact, ...]
    by_code: Mapping[tuple[str, str], tuple[Fact, ...]]
    by_text: Mapping[str, tuple[Fact, ...]]
    told: tuple[str, ...] = ()  # the texts that speak of somebody else, or of what was only told
    alike: dict[Words, tuple[Fact, ...]] = field(default_factory=dict, repr=False, compare=False)  # looked up already

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Index:
        facts = tuple(facts)
        by_code: dict[tuple[str, str], list[Fact]] = {}
        by_text: dict[str, list[Fact]] = {}
        known: dict[int, tuple[list[tuple[str, str]], Iterable[str]]] = {}  # facts share the concepts that are alike
        for fact in facts:
            concept = fact.concept
            if (named := known.get(id(concept))) is None:
                named = [(system_of(c), tidy(c.code)) for c in concept.codings], texts(concept)
                known[id(concept)] = named
            for key in named[0]:
                by_code.setdefault(key, []).append(fact)
            for text in named[1]:
                by_text.setdefault(text, []).append(fact)
        told = tuple(filter(told_outside, by_text))
        return cls(facts, {k: tuple(v) for k, v in by_code.items()}, {k: tuple(v) for k, v in by_text.items()}, told)

    def coded(self, codes: CodeSet) -> list[Fact]:
        """Facts with a code of the set; one with two such codes comes twice."""
        found = [fact for key in codes.full & self.by_code.keys() for fact in self.by_code[key]]
        if codes.beginnings:
            for (system, code), facts in self.by_code.items():
                if system in codes.starts and code.startswith(codes.starts[system]):
                    found += facts
        return found

    def worded(self, words: Words) -> tuple[Fact, ...]:
        """Facts one of whose texts reads like the words; one with two such texts comes twice."""
        found = self.alike.get(words)
        if found is None:
            found = tuple(f for text, facts in self.by_text.items() if words.read_like(text) for f in facts)
            self.alike[words] = found
        return found


_EMPTY = Index((), {}, {})


@dataclass(frozen=True, slots=True)
class Reading:
    """The chart's facts by type. `unread`: refused, failed, read in part, or only an older copy is at hand."""

    indexes: Mapping[str, Index]
    unread: frozenset[str]
    answered: frozenset[str]  # types that have answered at all, with success or not
    encounters: Mapping[str, Fact] = field(default_factory=dict)
    born: When | None = None
    memo: dict[object, tuple[Fact, ...]] = field(default_factory=dict, repr=False, compare=False)  # statuses found
    refusals: Mapping[str, Index] = field(default_factory=dict)  # entries that say not to do something, by type

    def of(self, kind: str) -> Index:
        """The facts of one type; empty where it could not be read."""
        return self.indexes.get(kind, _EMPTY)

    def coded(self, types: Iterable[str], codes: CodeSet) -> list[Fact]:
        """The facts of these types with a code of the set, each once."""
        return _once([fact for kind in dict.fromkeys(types) for fact in self.of(kind).coded(codes)])

    def worded(self, types: Iterable[str], words: Words) -> list[Fact]:
        """The facts of these types that read like the words, each once."""
        return _once([fact for kind in dict.fromkeys(types) for fact in self.of(kind).worded(words)])

    def refused(self, types: Iterable[str], codes: CodeSet, words: Words) -> list[Fact]:
        """The entries of these types that say not to do what the codes or the words name, each once."""
        found: list[Fact] = []
        for kind in dict.fromkeys(types):
            index = self.refusals.get(kind, _EMPTY)
            named = [fact for text, facts in index.by_text.items() if words.like.search(text) for fact in facts]
            found += [*index.coded(codes), *named]  # whatever else the words say: it is not to be done
        return _once(found)

    def diagnosed(self) -> Iterator[tuple[str, tuple[Fact, ...]]]:
        """Every ICD-10-CM code among the Conditions, tidied, with the entries that carry it."""
        return ((code, facts) for (system, code), facts in self.of("Condition").by_code.items() if system == ICD10CM)

    def missing(self, types: Iterable[str]) -> tuple[str, ...]:
        """Those of `types` that could not be read, or not wholly, or that are still out; each once."""
        return tuple(t for t in dict.fromkeys(types) if t in self.unread or t not in self.answered)

    def pending(self, types: Iterable[str]) -> tuple[str, ...]:
        """Those of `types` that have not answered yet."""
        return tuple(t for t in dict.fromkeys(types) if t not in self.answered)

    def setting(self, fact: Fact) -> str:
        """The Encounter.class of a fact: its own, else that of its encounter; empty when neither is known."""
        encounter = self.encounters.get(local(fact.encounter))
        return (fact.setting or (encounter.setting if encounter else "")).upper()

    def days_in(self, settings: frozenset[str]) -> frozenset[int]:
        """The days (ordinals) of all encounters of these classes."""
        stays = [e for e in self.encounters.values() if e.when and e.setting.upper() in settings]
        return frozenset(day for stay in stays for day in _days(stay))


def read(chart: Chart) -> Reading:
    """The reading of a chart as far as it has answered."""
    indexes: dict[str, Index] = {}
    refusals: dict[str, Index] = {}
    unread: set[str] = set()
    for kind, answer in chart.facts.items():
        if isinstance(answer, Known):
            facts = [f for f in answer.value if IN_ERROR not in (f.status, f.verification)]
            if not_to_do := [f for f in facts if _says_not_to(f)]:
                refusals[kind] = Index.of(not_to_do)
                facts = [f for f in facts if not _says_not_to(f)]
            indexes[kind] = Index.of(facts)
        if not isinstance(answer, Known) or answer.incomplete or answer.stale_because:
            unread.add(kind)
    encounters = {local(f.ref): f for f in indexes.get("Encounter", _EMPTY).facts}
    born = chart.patient.value.birth_date if isinstance(chart.patient, Known) else None
    return Reading(indexes, frozenset(unread), frozenset(chart.facts), encounters, born, refusals=refusals)


def _says_not_to(fact: Fact) -> bool:
    """Whether an entry says not to do something: as an element, or at the beginning of an order's words."""
    return fact.refused or (fact.type in _ORDERS and any(map(_FORBIDS.match, texts(fact.concept))))


@lru_cache(8192)  # a chart names few encounters, and every rule that asks for the setting looks them up
def local(ref: str) -> str:
    """`Encounter/7` of any way to write a reference: absolute, with a version, relative."""
    parts = ref.split("/_history/")[0].rstrip("/").split("/")
    return "/".join(parts[-2:])


def dated(fact: Fact) -> When | None:
    """When something was done: the end of its period where it has one, as measures count it."""
    return fact.until or fact.when


def newest(facts: Iterable[Fact]) -> Fact | None:
    """The fact with the latest date; of two with one date the one with the higher reference. Undated ones come last."""
    return max(facts, key=lambda f: (last_day(f), f.ref), default=None)


def last_known(fact: Fact, start: date, lasts_days: int | None = None) -> date | None:
    """The last day an entry is known to hold; None: it still does. A visit's diagnosis holds for that visit, a closed
    entry without a date too, and whatever is no condition, allergy or flag is of its day.
    """
    if fact.until:
        return fact.until.end
    lasting = fact.type in ("Condition", "AllergyIntolerance", "Flag")
    if not lasting or "encounter-diagnosis" in fact.category or fact.status in OVER:
        return (fact.when or fact.recorded or When.day(start)).end
    return start + timedelta(days=lasts_days) if lasts_days else None


def last_day(fact: Fact) -> date:
    """The last day a fact may mean, for ordering only."""
    when = dated(fact) or fact.recorded
    return when.end if when else date.min


def _days(stay: Fact) -> range:
    when = stay.when or When.day(date.min)
    first, last = when.start.toordinal(), (stay.until or when).end.toordinal()
    return range(first, min(last, first + _LONGEST_STAY) + 1)


def _once(facts: list[Fact]) -> list[Fact]:
    """Each fact once, in order, without hashing all of it."""
    return facts if len(facts) < 2 else list({id(fact): fact for fact in facts}.values())
