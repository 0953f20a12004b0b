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
from app.core.conditions.hierarchy import categories_of, covering
from app.core.conditions.model import Models, model_of, number_of
from app.core.dates import Within, within
from app.core.reading import DENIED, OVER, Reading, local, newest
from app.core.report import ConditionCategory, Period
from app.core.words import texts

IN_PERSON_OR_VIDEO = frozenset({"AMB", "VR", "HH", "FLD", "IMP", "ACUTE", "NONAC", "OBSENC", "EMER", "SS"})
_TOOK_PLACE = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_NOT_SEEN = re.compile(
    r"\b(?:tele)?phone|\baudio(?![ /-]*(?:and |& ?)?(?:video|visual))|\be-?visit|\bmessag|\bpatient portal"
    r"|\bchart review|\brefill|(?<!house )\bcall(?:s|ed|back)?\b|\bno.?show|\bletter|\bresults? only"
    r"|\bdocumentation only|\borders? only",
    re.IGNORECASE,
)
#: Visits at which nobody who diagnoses sees the patient.
_NO_CLINICIAN = re.compile(
    r"\blab(?:s|oratory|work)?\b|\bblood draw|\bphlebotom|\bvenipuncture|\bspecimen|\bnurse (?!practitioner)|\bnurse$"
    r"|\bnursing visit|\b(?:flu|allergy) shot|\bimmuni[sz]|\bvaccin|\binjection (?:only|visit)|\bimaging\b"
    r"|\bradiolog|\bx-?ray|\bmammogra|\bpharmac|\bblood pressure check|\bbp check|\bdevice check",
    re.IGNORECASE,
)
_VIDEO = re.compile(r"\bvideo|\baudio[ /-]*(?:and |& ?)?visual|\btele-?video|\bwebcam", re.IGNORECASE)


def service_year(category: ConditionCategory, today: date) -> Period:
    """The year that a category is assessed for. A period that begins on 1 January runs to 31 December, also when the
    report covers only a part of it; without a period it is the calendar year of today."""
    period = category.period
    if period is None:
        return Period(date(today.year, 1, 1), date(today.year, 12, 31))
    if (period.start.month, period.start.day) == (1, 1):
        return Period(period.start, max(period.end, date(period.start.year, 12, 31)))
    return period


def settled_by(category: ConditionCategory, reading: Reading, today: date, models: Models) -> Fact | None:
    """The encounter diagnosis that settles a category: the same diagnosis, or one of the same or a higher category.

    Where we have no tables of the model, only the very same diagnosis does.
    """
    year = service_year(category, today)
    named, model = diagnoses(category), model_of(category, models)
    enough = covering(model, number_of(category))
    found = [
        fact
        for code, facts in reading.diagnosed()
        if code in named or not enough.isdisjoint(categories_of(model, code))
        for fact in facts
        if assessed(fact, reading, year, today)
    ]
    return newest(found)


def assessed(fact: Fact, reading: Reading, year: Period, today: date) -> bool:
    """Whether an entry is an encounter diagnosis of a visit in person or by video in these days."""
    if "encounter-diagnosis" not in fact.category or fact.verification in DENIED or fact.status in OVER:
        return False
    visit = reading.encounters.get(local(fact.encounter))
    return (
        visit is not None and seen(visit) and visit.when is not None and within(visit.when, year, today) is Within.YES
    )


def seen(visit: Fact) -> bool:
    """Whether a clinician saw the patient: a visit that took place, in person or, where it says so, by video."""
    if visit.status not in _TOOK_PLACE or visit.setting.upper() not in IN_PERSON_OR_VIDEO:
        return False
    said = texts(visit.concept)
    if any(_NOT_SEEN.search(text) or _NO_CLINICIAN.search(text) for text in said):
        return False
    return visit.setting.upper() != "VR" or any(_VIDEO.search(text) for text in said)
