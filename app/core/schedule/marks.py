"""Reasons to look at a patient first, each with a number and a source; without either there is no mark.

Sources, as read in November 2026:
- Frequent use of emergency departments: four visits or more in twelve months, the definition that most studies share
  (scoping review, https://pmc.ncbi.nlm.nih.gov/articles/PMC5072329).
- LACE index: 10 or more is high (https://pmc.ncbi.nlm.nih.gov/articles/PMC2845681 and what followed it).
- A probability without a word for it: 20 % or more, our own choice, above the 14.5 % of all patients who come back
  within thirty days of a discharge (https://pmc.ncbi.nlm.nih.gov/articles/PMC5070968).
- Discharge: thirty days, as HEDIS Transitions of Care counts them; the classes are those of a stay.
- Overdue for any visit: more than twelve months, our own choice. Not yet reviewed by a clinician.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from app.core.chart import Concept, Fact, Quantity, Value
from app.core.dates import add_months, days_before
from app.core.reading import Reading, last_day, local, newest
from app.core.schedule.row import Mark, MarkKind
from app.core.schedule.since import VISITS_READ_YEARS, known_before, last_visit, maybe_visit
from app.core.sensitive import of_fact, of_words
from app.core.words import phrases, texts

STAYS = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC"})
EMERGENCY = "EMER"
DAYS_AFTER_DISCHARGE = 30
FREQUENT_FROM, FREQUENT_DAYS = 4, 365
OVERDUE_MONTHS = 12
RISK_MONTHS = 12  # an older score is of somebody else, in a way
#: Where an EHR may keep a risk. Of a RiskAssessment the value is the probability, the conclusion the qualitative risk.
RISK_TYPES = ("RiskAssessment", "Observation", "Flag")

_TOOK_PLACE = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_SCORED = frozenset({"final", "amended", "corrected"})
#: The risk of needing care in general, not that of one disease or harm.
_RISK = phrases(
    r"high.?risk\b", r"(?:re-?)?admission risk", r"risk (?:of|for) (?:hospital|(?:re-?)?admission|emergency|death)",
    r"risk (?:score|stratif|level|tier|categor)", r"(?:unplanned )?(?:re-?)?admission\b", r"lace\b", r"lace\+",
    r"hospitali[sz]ation", r"(?:care )?complexity (?:score|level|tier)",
    unlike=(
        "fall", "pressure", "bleed", "cardio", "ascvd", "heart", "breast", "cancer", "suicid", "fractur", "stroke",
        "thrombo", "vte", "diabet", "violen", "nutrition", "caries", "infect", "pregnan", "depress", "substance",
        "medication", "drug", "opioid", "overdos", "sexual", "behavio", "self.?harm", "elope", "wander", "aspirat",
        "expos", "contact", "covid", "foot", "ulcer", "wound", "skin", "allerg", "anaphyl", "genetic", "heredit",
        "osteopor", "kidney", "renal", "liver", "sepsis", "deliri", "anesth", "airway", "surg", "latex", "occupation",
        "travel", "newborn", "infant", "family",
    ),
)  # fmt: skip
_PERCENT_HIGH = Decimal(20)
_LACE, _LACE_HIGH = phrases(r"lace (?:index|score)", r"lace\b"), Decimal(10)
_HIGH = phrases(r"(?:very |extremely )?high\b", "certain\\b", unlike=("not high", "no high"))
_RAISED = frozenset({"H", "HH", "HU", "A", "AA"})
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?: ?%)?")
#: Numbers in words that are no score: days, dates and times, spans, ages, versions.
_NO_SCORE = re.compile(
    r"\b\d{1,4}([-/.])\d{1,2}\1\d{1,4}\b|\b(?:19|20)\d\d(?:-\d\d)?\b|\b\d{1,2}:\d\d\b"
    r"|\b\d{1,2}/\d{1,4}\b(?! ?%)|\b\d+[ -]?(?:days?|d|weeks?|w|months?|mo|years?|y|yrs?|hours?|h)\b"
    r"|\b(?:age|aged|version|v\.?|room|ext\.?|phone|call|x)[ :]*[\d().+ -]*\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b|\d[\d().-]{6,}",
    re.IGNORECASE,
)


def marks(reading: Reading, day: date, age: int | None = None) -> tuple[Mark, ...]:
    """The marks of one patient on a day, as far as the chart was read. `age`: of the patient, None: not known."""
    found = (
        high_risk(reading, day, age),
        discharged(reading, day, age),
        frequent_ed(reading, day, age),
        overdue(reading, day, age),
    )
    return tuple(mark for mark in found if mark)


def high_risk(reading: Reading, day: date, age: int | None = None) -> Mark | None:
    """The newest general risk that the chart calls high, with its number."""
    since = add_months(day, -RISK_MONTHS)
    high = [
        fact
        for kind in RISK_TYPES
        for fact in reading.worded((kind,), _RISK)
        if _number(fact) and _is_high(fact) and _current(fact, since, day)
    ]
    fact = newest(high)
    if fact is None:
        return None
    return _mark(MarkKind.HIGH_RISK, _number(fact), fact, fact.concept.label, age)


def discharged(reading: Reading, day: date, age: int | None = None) -> Mark | None:
    """The newest discharge from a stay in the thirty days before, with the days since, the facility and day 30.

    None for who is in a stay again, or still: transferred, or readmitted.
    """
    left = [
        (stay.until.start, stay)
        for stay in reading.of("Encounter").facts
        if stay.setting.upper() in STAYS
        and stay.status == "finished"
        and stay.until is not None
        and stay.until.start == stay.until.end  # else day 30 is a day that nobody can name
        and stay.until.start <= day <= stay.until.start + timedelta(days=DAYS_AFTER_DISCHARGE)
    ]
    if not left:
        return None
    out, stay = max(left, key=lambda each: (each[0], each[1].ref))
    if any(_is_in(other, out, day) for other in reading.of("Encounter").facts):
        return None
    mark = _mark(MarkKind.DISCHARGED, str((day - out).days), stay, stay.place, age)
    return replace(mark, when=out, until=out + timedelta(days=DAYS_AFTER_DISCHARGE))


def _is_in(stay: Fact, since: date, day: date) -> bool:
    """Whether a stay of `since` or later goes on. One that began earlier and was never closed is a slip of the pen."""
    going_on = stay.setting.upper() in STAYS and stay.status in ("in-progress", "onleave") and stay.until is None
    return going_on and stay.when is not None and since <= stay.when.end <= day


def frequent_ed(reading: Reading, day: date, age: int | None = None) -> Mark | None:
    """Emergency visits of the last year, where there are many. Two entries of one day are one visit, filed twice; a
    part of an emergency visit (after midnight, say) is none of its own.
    """
    window = days_before(day, FREQUENT_DAYS)
    visits = {
        visit.when.start: visit
        for visit in reading.of("Encounter").facts
        if visit.setting.upper() == EMERGENCY
        and visit.status in _TOOK_PLACE
        and visit.when is not None
        and not _is_part(visit, reading)
        and window.start < visit.when.start
        and visit.when.end <= window.end
    }
    if len(visits) < FREQUENT_FROM:
        return None
    last = visits[max(visits)]
    return _mark(MarkKind.FREQUENT_ED, str(len(visits)), last, last.place, age)


def _is_part(visit: Fact, reading: Reading) -> bool:
    whole = reading.encounters.get(local(visit.encounter)) if visit.encounter else None
    return whole is not None and whole is not visit and whole.setting.upper() == EMERGENCY


def overdue(reading: Reading, day: date, age: int | None = None) -> Mark | None:
    """Months since the last visit in person or by video, where they are many. Without a visit there is no number, but
    for who was known before the first day from which visits are read: at least as many months as that is ago.
    """
    if reading.missing(("Encounter",)):
        return None
    visit, maybe = last_visit(reading, day), maybe_visit(reading, day)
    if maybe and (visit is None or last_day(maybe) > last_day(visit)):
        return None  # whether that was a visit cannot be told
    if visit is None and (known := known_before(reading, day)):
        return _mark(MarkKind.OVERDUE_VISIT, f"{12 * VISITS_READ_YEARS}+", known, known.concept.label, age)
    if visit is None or visit.when is None or add_months(visit.when.end, OVERDUE_MONTHS) >= day:
        return None
    last = visit.when.end
    months = (day.year - last.year) * 12 + day.month - last.month - (day.day < last.day)
    return _mark(MarkKind.OVERDUE_VISIT, str(months), visit, visit.concept.label, age)


def _mark(kind: MarkKind, number: str, fact: Fact, what: str, age: int | None) -> Mark:
    hidden = of_fact(fact, age) or of_words(what, age)
    return Mark(kind, number, fact.ref, what, _day(fact), sensitive=hidden is not None)


def _said(fact: Fact) -> Iterator[str]:
    """What an entry says of how high: its values and conclusion; of a flag, its own words."""
    for value in _values(fact):
        if isinstance(value, str):
            yield value
        if isinstance(value, Concept):
            yield from texts(value)
    yield from texts(fact.conclusion)
    if fact.type == "Flag":
        yield from texts(fact.concept)


def _values(fact: Fact) -> Iterator[Value]:
    """The value of an entry, and those of its predictions that are of a general risk."""
    if fact.value is not None:
        yield fact.value
    yield from (part.value for part in fact.components if part.value is not None and _RISK.read_in(part.concept))


def _quantity(fact: Fact) -> Quantity | None:
    return next((value for value in _values(fact) if isinstance(value, Quantity)), None)


def _number(fact: Fact) -> str:
    if value := _quantity(fact):
        unit = " %" if "%" in (value.unit, value.code) else ""
        return f"{value.comparator}{value.value.normalize():f}{unit}"
    return next((found.group() for said in _said(fact) if (found := _NUMBER.search(_NO_SCORE.sub(" ", said)))), "")


def _is_high(fact: Fact) -> bool:
    """By its own word or mark; a number without either, by the cut of its scale."""
    said, value = list(_said(fact)), _quantity(fact)
    if _RAISED & set(fact.interpretation) or any(map(_HIGH.read_like, said)):
        return True
    if any(said) or value is None or value.comparator.startswith("<"):
        return False
    if any(map(_LACE.read_like, texts(fact.concept))):
        return value.value >= _LACE_HIGH
    return "%" in (value.unit, value.code) and value.value >= _PERCENT_HIGH


def _current(fact: Fact, since: date, day: date) -> bool:
    if fact.type == "Flag":
        began, until = fact.when or fact.recorded, fact.until
        return fact.status == "active" and not (began and began.start > day) and not (until and until.end < day)
    return fact.status in _SCORED and since <= last_day(fact) <= day


def _day(fact: Fact) -> date | None:
    when = fact.when or fact.recorded
    return when.start if when and when.start == when.end else None
