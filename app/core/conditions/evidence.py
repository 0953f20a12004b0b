"""What speaks for and against a condition: the payer's evidence by where it comes from, and the chart's, with the same
weight; and whether anything was searched at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.chart import Fact, Quantity
from app.core.conditions.family import WORDS, Likeness, plain
from app.core.conditions.searches import DRUG_TYPES, DRUGS, LAB_TYPES, LABS, Drugs, Lab
from app.core.measures.rule import COUNTS
from app.core.reading import DENIED, OVER, Reading, dated, last_day
from app.core.report import Evidence
from app.core.terminology import ICD10CM, icd10
from app.core.words import Words, texts

#: A payer's chart review, in-home assessment or device screen (OIG OEI-03-23-00380): such evidence alone prompts
#: nobody.
_OWN_MAKING = re.compile(
    r"chart.?review|record.?review|retrospective review|(?:in.)?home (?:health )?(?:risk )?assess|health.?risk.?assess"
    r"|\bhouse.?calls?\b|\bhra\b|\bihra?\b|home screen|screening device|device screen|home device|quantaflo"
    r"|point.of.care screen|vendor (?:visit|screen)",
    re.IGNORECASE,
)
_DEVICE_TYPES = frozenset({"Device", "DeviceMetric", "DeviceUseStatement"})
_TAKEN = frozenset({"active", "completed"})
#: A prescription that was stopped or paused was taken before: its drug is not absent.
_ONCE_TAKEN = _TAKEN | {"stopped", "on-hold", "unknown"}


@dataclass(frozen=True, slots=True)
class Sides:
    """Chart facts for and against, each newest first; what was searched for and not found; what the search lacked."""

    supporting: tuple[Fact, ...]
    against: tuple[Fact, ...]
    absent: tuple[str, ...] = ()
    searched: bool = False
    unread: tuple[str, ...] = ()
    #: What may speak for it: a drug given for much else too, an entry that only its words make one of this condition.
    perhaps: tuple[Fact, ...] = ()


def in_chart(likeness: Likeness, reading: Reading, today: date) -> Sides:
    """What this chart says of the condition: diagnoses of any list, and the results and drugs that the tables know."""
    labs = [lab for lab in LABS if lab.families & likeness.families]
    drugs = [row for row in DRUGS if row.families & likeness.families]
    found = _diagnosed(likeness, reading)
    sides = [(fact, -1 if fact.verification == "refuted" or fact.status in OVER else 1) for fact in found]
    sides += [(fact, way) for lab in labs for fact, way in measured(lab, reading, today)]
    sides += [(fact, 1) for row in drugs for fact in taken(row, reading, today)]
    ordered = sorted(sides, key=lambda side: (last_day(side[0]), side[0].ref), reverse=True)
    lacking = [row for row in drugs if row.absence]
    asked = (*(LAB_TYPES if any(lab.speaks_against for lab in labs) else ()), *(DRUG_TYPES if lacking else ()))
    unread = reading.missing(asked)
    absent = [row.absence for row in lacking if not reading.missing(DRUG_TYPES) and not ever(row, reading, today)]
    return Sides(
        tuple(fact for fact, way in ordered if way > 0),
        tuple(fact for fact, way in ordered if way < 0),
        tuple(absent),
        searched=bool(asked) and not unread,
        unread=unread,
        perhaps=(
            *worded(likeness, reading),
            *(fact for row in drugs if row.also for fact in _once_taken(row.also, row.days, reading, today)),
        ),
    )


def _diagnosed(likeness: Likeness, reading: Reading) -> list[Fact]:
    """The Conditions that speak of it, by code or by the very same words; each once."""
    by_code = [fact for code, facts in reading.diagnosed() if likeness.has(code) for fact in facts]
    by_words = [
        f for text, facts in reading.of("Condition").by_text.items() if plain(text) in likeness.labels for f in facts
    ]
    return list({id(fact): fact for fact in (*by_code, *by_words)}.values())


def worded(likeness: Likeness, reading: Reading) -> list[Fact]:
    """The Conditions without a diagnosis code that we have which read like one of the families."""
    found = [fact for family in likeness.families if (like := WORDS.get(family))
             for fact in reading.worded(("Condition",), like)]  # fmt: skip
    return [
        fact
        for fact in found
        if not icd10(fact.concept) and fact.verification not in DENIED and fact.status not in OVER
    ]


def measured(lab: Lab, reading: Reading, today: date, days: int | None = None) -> list[tuple[Fact, int]]:
    """The results of a lab within its days, or within `days`, that speak: 1 for, -1 against."""
    since = today - timedelta(days=days or lab.days)
    return [
        (fact, way)
        for fact in reading.coded(LAB_TYPES, lab.codes)
        if fact.status in COUNTS["Observation"]
        if (when := dated(fact)) is not None and since <= when.start <= today
        if isinstance(fact.value, Quantity)
        and ({u for u in (fact.value.code, fact.value.unit) if u} or {""}) & lab.units
        if (way := lab.speaks(fact.value.value, fact.value.comparator))
    ]


def taken(row: Drugs, reading: Reading, today: date) -> list[Fact]:
    """The prescriptions of such a drug that are active, or were given within its days."""
    return [fact for fact in _prescribed(row.words, row.days, reading, today) if fact.status in _TAKEN]


def ever(row: Drugs, reading: Reading, today: date) -> bool:
    """Whether any prescription of such a drug was given within its days, whatever became of it."""
    return any(_once_taken(words, row.days, reading, today) for words in (row.words, row.also) if words is not None)


def unnamed(reading: Reading) -> bool:
    """Whether a prescription does not say in words what it is: then nothing is known to be absent."""
    return any(not texts(fact.concept) for kind in DRUG_TYPES for fact in reading.of(kind).facts)


def _once_taken(words: Words, days: int, reading: Reading, today: date) -> list[Fact]:
    return [fact for fact in _prescribed(words, days, reading, today) if fact.status in _ONCE_TAKEN]


def _prescribed(words: Words, days: int, reading: Reading, today: date) -> Iterable[Fact]:
    since = today - timedelta(days=days)
    for fact in reading.worded(DRUG_TYPES, words):
        began, when = fact.when or fact.recorded, fact.until or fact.when or fact.recorded
        if fact.intent in ("proposal", "plan", "option") or (began is not None and began.start > today):
            continue
        if fact.status == "active" or (when is not None and when.end >= since):
            yield fact


def mentioned(likeness: Likeness, reading: Reading) -> list[Fact]:
    """The encounters whose reason is the condition, by the very same words or by code."""
    visits = reading.of("Encounter")
    by_words = [f for text, facts in visits.by_text.items() if plain(text) in likeness.labels for f in facts]
    by_code = [
        f for (system, code), facts in visits.by_code.items() if system == ICD10CM and likeness.has(code) for f in facts
    ]
    return [*by_words, *by_code]


def own_making(evidence: Evidence) -> bool:
    """Whether a piece of evidence is the payer's own: a chart review, an in-home assessment, a device screen."""
    words = f"{evidence.setting} {evidence.what} {evidence.concept.label} {evidence.source}"
    return evidence.type in _DEVICE_TYPES or bool(_OWN_MAKING.search(words))


def readable(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The pieces that can be shown with what they are; a bare reference is none."""
    return [e for e in evidence if e.readable and (e.what or e.concept.label)]
