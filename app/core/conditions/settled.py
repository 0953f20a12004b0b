"""Whether a condition has been assessed this year: by an encounter diagnosis from a visit, never by a problem-list
entry.

The visit was in person or by video; VR covers telephone too, so words decide there. A code carried along on a problem
list says that somebody wrote it once, not that anybody assessed it.
"""

from __future__ import annotations

import re
from datetime import date

from app.core.chart import Fact
from app.core.conditions.family import diagnoses
from app.core.conditions.hierarchy import covers
from app.core.dates import Within, within
from app.core.exclusions import DENIED
from app.core.reading import Reading, local, newest
from app.core.report import ConditionCategory, Period

IN_PERSON_OR_VIDEO = frozenset({"AMB", "VR", "HH", "FLD", "IMP", "ACUTE", "NONAC", "OBSENC", "EMER", "SS"})
_TOOK_PLACE = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_NOT_SEEN = re.compile(
    r"\b(?:tele)?phone|\baudio|\be-?visit|\bmessag|\bpatient portal|\bchart review|\brefill", re.IGNORECASE
)


def service_year(category: ConditionCategory, today: date) -> Period:
    """The year that a category is assessed for. A period that begins on 1 January runs to 31 December, also when the
    report covers only a part of it; without a period it is the calendar year of today."""
    period = category.period
    if period is None:
        return Period(date(today.year, 1, 1), date(today.year, 12, 31))
    if (period.start.month, period.start.day) == (1, 1):
        return Period(period.start, max(period.end, date(period.start.year, 12, 31)))
    return period


def settled_by(category: ConditionCategory, reading: Reading, today: date) -> Fact | None:
    """The encounter diagnosis that settles a category: the same diagnosis, or one of the same or a higher category."""
    year = service_year(category, today)
    named = diagnoses(category)
    found = [
        fact
        for code, facts in reading.diagnosed()
        if code in named or covers(category, (code,))
        for fact in facts
        if _is_encounter_diagnosis(fact) and _assessed_at_visit(fact, reading, year, today)
    ]
    return newest(found)


def _is_encounter_diagnosis(fact: Fact) -> bool:
    return "encounter-diagnosis" in fact.category and fact.verification not in DENIED


def _assessed_at_visit(fact: Fact, reading: Reading, year: Period, today: date) -> bool:
    visit = reading.encounters.get(local(fact.encounter))
    if visit is None or visit.status not in _TOOK_PLACE or visit.when is None:
        return False
    if visit.setting.upper() not in IN_PERSON_OR_VIDEO or _NOT_SEEN.search(visit.concept.label):
        return False
    return within(visit.when, year, today) is Within.YES
