"""Whether a patient is surely outside a measure: by age, sex, or a diagnosis that was refuted.

The payer put the patient in. Only what the chart states beyond doubt says otherwise: a birth date all of whose days
agree, an administrative gender with nothing beside it that speaks against, a diagnosis that was entered and refuted
and is supported by nothing else.
"""

from __future__ import annotations

from datetime import date

from app.core.chart import Fact, Patient, When
from app.core.dates import add_years
from app.core.measures.rule import At, MeasureRule, Population
from app.core.reading import Reading, newest
from app.core.report import Period
from app.core.terminology import ICD10CM, below, codes

AGE, SEX, NO_DIAGNOSIS = "age", "sex", "no-diagnosis"
#: Entries with which the administrative gender does not say which organs somebody has.
_GENDER = below(ICD10CM, "F64") | codes(ICD10CM, "Z87.890")


def outside(
    rule: MeasureRule, patient: Patient, reading: Reading, period: Period, today: date
) -> tuple[str, Fact | None]:
    """Why the patient is outside the rule's population (age | sex | no-diagnosis), with the entry that says so.

    ("", None) where they are inside, or where it is not certain. Age and sex stand in the patient record: no entry.
    """
    whom = rule.population
    if _age(whom, patient.birth_date, period):
        return AGE, None
    if whom.sex and patient.sex in ("female", "male") and patient.sex != whom.sex and not _doubt(rule, reading):
        return SEX, None
    return _refuted(whom, reading, today)


def ages_at(born: When | None, day: date) -> tuple[int, int] | None:
    """The lowest and the highest age in whole years that a birth date allows on a day; None: not known.

    Who is born on 29 February turns a year older on 1 March in common years.
    """
    if born is None:
        return None
    return _years(born.end, day), _years(born.start, day)


def birthday(born: date, years: int) -> date:
    """The day somebody turns `years`; 1 March for 29 February where there is none."""
    day = add_years(born, years)
    return day if day.day == born.day else date(day.year, 3, 1)


def within_ages(born: When | None, ages: tuple[int, int | None] | None, day: date) -> bool | None:
    """Whether somebody is of these ages on a day; None: the birth date does not say."""
    if ages is None:
        return True
    found = ages_at(born, day)
    if found is None:
        return None
    low, high = ages
    inside = {low <= age and (high is None or age <= high) for age in range(found[0], found[1] + 1)}
    return inside.pop() if len(inside) == 1 else None


def _age(whom: Population, born: When | None, period: Period) -> bool:
    day = period.start if whom.at is At.START else period.end
    return within_ages(born, whom.ages, day) is False


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _doubt(rule: MeasureRule, reading: Reading) -> bool:
    """Whether the chart holds something that the recorded sex does not explain, or may: Condition must be readable."""
    if reading.missing(("Condition",)) or reading.coded(("Condition",), _GENDER):
        return True
    return any(reading.coded(kind.types, kind.codes) for kind in rule.evidence)


def _refuted(whom: Population, reading: Reading, today: date) -> tuple[str, Fact | None]:
    """A refuted diagnosis that no other entry supports, by code or by the refuted entry's own words."""
    if reading.missing(("Condition",)) or not (whom.diagnosis.full or whom.diagnosis.beginnings):
        return "", None
    entered = reading.coded(("Condition",), whom.diagnosis)
    if not entered or any(fact.verification != "refuted" for fact in entered):
        return "", None
    words = {fact.concept.label.casefold() for fact in entered} - {""}
    others = (fact for fact in reading.of("Condition").facts if fact.verification != "refuted")
    if any(fact.concept.label.casefold() in words for fact in others):
        return "", None
    fact = newest(f for f in entered if (f.recorded or f.when) is None or _began(f) <= today)
    return (NO_DIAGNOSIS, fact) if fact else ("", None)


def _began(fact: Fact) -> date:
    when = fact.recorded or fact.when
    return when.start if when else date.min
