"""What speaks for and against a condition: the payer's evidence by where it comes from, and the chart's, with the same
weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.core.chart import Fact, Quantity
from app.core.conditions.family import Likeness, family_of, plain
from app.core.exclusions import OVER
from app.core.measures.rule import COUNTS
from app.core.reading import Reading, dated, last_day
from app.core.report import ConditionCategory, Evidence
from app.core.terminology import LOINC, CodeSet, codes

#: A payer's chart review, in-home assessment or device screen (OIG OEI-03-23-00380): such evidence alone prompts
#: nobody.
_OWN_MAKING = re.compile(
    r"chart.?review|record.?review|retrospective review|(?:in.)?home (?:health )?(?:risk )?assess|health.?risk.?assess"
    r"|\bhra\b|\bihra?\b|home screen|screening device|device screen|home device|quantaflo|point.of.care screen"
    r"|vendor (?:visit|screen)",
    re.IGNORECASE,
)
_DEVICE_TYPES = frozenset({"Device", "DeviceMetric", "DeviceUseStatement"})


@dataclass(frozen=True, slots=True)
class Lab:
    """A measurement that speaks for a condition up or down to a value, and against it on the other side of another."""

    family: str
    codes: CodeSet
    units: frozenset[str]
    supports_below: Decimal | None = None
    supports_from: Decimal | None = None
    against_from: Decimal | None = None
    against_below: Decimal | None = None
    days: int = 730

    def speaks(self, value: Decimal) -> int:
        """1 for, -1 against, 0 neither."""
        if (self.supports_below and value < self.supports_below) or (
            self.supports_from and value >= self.supports_from
        ):
            return 1
        if (self.against_from and value >= self.against_from) or (self.against_below and value < self.against_below):
            return -1
        return 0


LABS: tuple[Lab, ...] = (
    Lab(  # KDIGO 2024: below 60 for three months; one value at or above speaks against stages 3 to 5
        "kidney disease",
        codes(LOINC, "33914-3", "48642-3", "48643-1", "62238-1", "77147-7", "88293-6", "88294-4", "98979-8", "98980-6"),
        frozenset({"mL/min/{1.73_m2}", "mL/min/1.73m2", "mL/min/1.73 m2", "mL/min/1.73m²", "mL/min/1.73"}),
        supports_below=Decimal(60),
        against_from=Decimal(60),
    ),
    Lab(  # ADA 2026, section 2: 6.5 % and above diagnoses; below 5.7 % is normal
        "diabetes",
        codes(LOINC, "4548-4", "4549-2", "17855-8", "17856-6", "96595-4"),
        frozenset({"%", "percent"}),
        supports_from=Decimal("6.5"),
        against_below=Decimal("5.7"),
    ),
)


@dataclass(frozen=True, slots=True)
class Sides:
    """Chart facts for and against, each newest first."""

    supporting: tuple[Fact, ...]
    against: tuple[Fact, ...]


def in_chart(categories: Iterable[ConditionCategory], reading: Reading, today: date) -> Sides:
    """What this chart says of the condition: diagnoses of any list, and the measurements that the table knows."""
    categories = tuple(categories)
    found = _diagnosed(Likeness.of(categories), reading)
    sides = [(fact, -1 if fact.verification == "refuted" or fact.status in OVER else 1) for fact in found]
    family = {family_of(category) for category in categories}
    sides += [(f, way) for lab in LABS if lab.family in family for f, way in _measured(lab, reading, today)]
    ordered = sorted(sides, key=lambda side: (last_day(side[0]), side[0].ref), reverse=True)
    return Sides(tuple(f for f, way in ordered if way > 0), tuple(f for f, way in ordered if way < 0))


def _diagnosed(likeness: Likeness, reading: Reading) -> list[Fact]:
    """The Conditions that speak of it, by code or by the very same words; each once."""
    by_code = [fact for code, facts in reading.diagnosed() if likeness.has(code) for fact in facts]
    by_words = [
        f for text, facts in reading.of("Condition").by_text.items() if plain(text) in likeness.labels for f in facts
    ]
    return list({id(fact): fact for fact in (*by_code, *by_words)}.values())


def _measured(lab: Lab, reading: Reading, today: date) -> list[tuple[Fact, int]]:
    since = today - timedelta(days=lab.days)
    return [
        (fact, way)
        for fact in reading.coded(("Observation",), lab.codes)
        if fact.status in COUNTS["Observation"]
        if (when := dated(fact)) is not None and since <= when.start <= today
        if isinstance(fact.value, Quantity) and not fact.value.comparator
        if {u for u in (fact.value.code, fact.value.unit) if u} & lab.units
        if (way := lab.speaks(fact.value.value))
    ]


def own_making(evidence: Evidence) -> bool:
    """Whether a piece of evidence is the payer's own: a chart review, an in-home assessment, a device screen."""
    words = f"{evidence.setting} {evidence.what} {evidence.concept.label} {evidence.source}"
    return evidence.type in _DEVICE_TYPES or bool(_OWN_MAKING.search(words))


def readable(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The pieces that can be shown with what they are; a bare reference is none."""
    return [e for e in evidence if e.readable and (e.what or e.concept.label)]
