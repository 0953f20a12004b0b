"""What of the chart may be relied on: facts by type, and which types could not be read or have not answered yet.

Entries marked `entered-in-error` are dropped here, once, so that no rule ever meets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.core.answers import Known
from app.core.chart import Chart, Fact, When

IN_ERROR = "entered-in-error"
PATIENT = "Patient"


@dataclass(frozen=True, slots=True)
class Reading:
    """The chart's facts by type. `unread`: refused, failed, read in part, or only an older copy is at hand."""

    facts: Mapping[str, tuple[Fact, ...]]
    unread: frozenset[str]
    answered: frozenset[str]  # types that have answered at all, with success or not
    encounters: Mapping[str, Fact] = field(default_factory=dict)

    def of(self, types: Iterable[str]) -> tuple[Fact, ...]:
        """All facts of these types."""
        return tuple(fact for kind in types for fact in self.facts.get(kind, ()))

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


def read(chart: Chart) -> Reading:
    """The reading of a chart as far as it has answered."""
    facts: dict[str, tuple[Fact, ...]] = {}
    unread: set[str] = set()
    for kind, answer in chart.facts.items():
        if isinstance(answer, Known):
            facts[kind] = tuple(f for f in answer.value if IN_ERROR not in (f.status, f.verification))
        if not isinstance(answer, Known) or answer.incomplete or answer.stale_because:
            unread.add(kind)
    encounters = {local(f.ref): f for f in facts.get("Encounter", ())}
    return Reading(facts, frozenset(unread), frozenset(chart.facts), encounters)


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


def last_day(fact: Fact) -> date:
    """The last day a fact may mean, for ordering only."""
    when = dated(fact) or fact.recorded
    return when.end if when else date.min
