"""Whether a high-risk group keeps a condition out of the office, and whether a diagnosis looks mis-keyed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from app.core.chart import Fact, When
from app.core.conditions.acute import GROUPS, MIS_KEYED, Corroboration, Group
from app.core.conditions.family import diagnoses
from app.core.conditions.model import number_of, version_of
from app.core.conditions.treatment import treated
from app.core.reading import DENIED, Reading, dated, last_day, local
from app.core.report import ConditionCategory, Evidence, Period
from app.core.terminology import ICD10CM, icd10

_ON = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_TOOK_PLACE = _ON | {"finished"}


def restricted(categories: Iterable[ConditionCategory], reading: Reading, year: Period, today: date) -> Group | None:
    """The group that keeps this condition out of the office; None where there is none, or what it asks for is there."""
    categories = tuple(categories)
    named = [diagnoses(category) for category in categories]
    for group in GROUPS:
        if any(_concerns(group, each, codes) for each, codes in zip(categories, named, strict=True)):
            evidence = [e for category in categories for e in category.evidence]
            return None if corroborated(group, evidence, reading, year, today) else group
    return None


def group_of(code: str) -> Group | None:
    """The group of a tidied ICD-10-CM code."""
    return next((group for group in GROUPS if code.startswith(group.diagnoses)), None)


def _concerns(group: Group, category: ConditionCategory, named: Collection[str]) -> bool:
    if named:
        return any(code.startswith(group.diagnoses) for code in named)
    if version := version_of(category):
        return (version, number_of(category)) in group.categories
    return bool(group.words.search(category.label))


def corroborated(group: Group, evidence: Collection[Evidence], reading: Reading, year: Period, today: date) -> bool:
    """Whether what the group asks for is there. Refuted and unconfirmed entries corroborate nothing."""
    asked = group.corroboration
    if asked.treatment is not None:
        return treated(asked.treatment, evidence, reading, year, today)
    here = any(_from_hospital(fact, asked, reading, today) for fact in coded(group, reading))
    return here or any(_seen_there(each, group, asked, today) for each in evidence)


def coded(group: Group, reading: Reading) -> list[Fact]:
    """The entries of the chart that state a diagnosis of the group."""
    facts = (fact for code, found in reading.diagnosed() if code.startswith(group.diagnoses) for fact in found)
    return [fact for fact in {id(fact): fact for fact in facts}.values() if fact.verification not in DENIED]


def _from_hospital(fact: Fact, asked: Corroboration, reading: Reading, today: date) -> bool:
    """Whether a diagnosis is of a hospital encounter, and recent: of its own, else of one on the day it was made."""
    if fact.encounter:
        visit = visit_of(fact, reading)
        return visit is not None and _recent(fact, visit, asked, today)
    made = fact.when or fact.recorded
    return made is not None and any(
        _recent(fact, stay, asked, today)
        for stay in reading.encounters.values()
        if stay.when is not None and stay.when.start <= made.start <= (today if _goes_on(stay) else last_day(stay))
    )


def _recent(fact: Fact, visit: Fact, asked: Corroboration, today: date) -> bool:
    if visit.setting.upper() not in asked.settings or visit.status not in _TOOK_PLACE:
        return False
    if visit.when is None or visit.when.start > today:
        return False
    if asked.days is None:
        return _goes_on(visit)
    onset = fact.when or visit.when
    return today - timedelta(days=asked.days) <= onset.start <= today


def _goes_on(visit: Fact) -> bool:
    return visit.status in _ON and visit.until is None


def visit_of(fact: Fact, reading: Reading) -> Fact | None:
    """The encounter of an entry, where the chart has it."""
    return reading.encounters.get(local(fact.encounter)) if fact.encounter else None


def _seen_there(evidence: Evidence, group: Group, asked: Corroboration, today: date) -> bool:
    """Whether the payer shows the diagnosis from a hospital within the days. An ongoing stay no payer knows of."""
    if asked.days is None or evidence.when is None or evidence.setting.upper() not in asked.settings:
        return False
    if not any(code.startswith(group.diagnoses) for code in icd10(evidence.concept)):
        return False
    return today - timedelta(days=asked.days) <= evidence.when.start <= today


# --- mis-keyed ------------------------------------------------------------------------------------------------------


def mis_keyed(categories: Iterable[ConditionCategory], evidence: Collection[Evidence], reading: Reading) -> list[Fact]:
    """The chart's entries that the payer's diagnosis looks like a slip of: each of its codes is one of theirs with two
    neighbouring characters changed round, they stand on several days, and the payer has one record at most.
    """
    named = [diagnoses(category) for category in categories]
    codes = frozenset().union(*named)
    if not codes or not all(named) or len(evidence) > MIS_KEYED.own_at_most:
        return []
    found: list[Fact] = []
    for code in codes:
        alike = [_often(other, reading) for other in _swapped(code)]
        if not (facts := next((each for each in alike if each), [])):
            return []
        found += facts
    return found


def _swapped(code: str) -> Iterable[str]:
    for n in range(len(code) - 1):
        other = code[:n] + code[n + 1] + code[n] + code[n + 2 :]
        if other != code and other[0].isalpha() and other[1].isdigit():
            yield other


def _often(code: str, reading: Reading) -> list[Fact]:
    """The entries of a diagnosis that the chart has on enough different days."""
    facts = [
        fact for fact in reading.of("Condition").by_code.get((ICD10CM, code), ()) if fact.verification not in DENIED
    ]
    days = {when.text or when.start for fact in facts if (when := _day(fact, reading)) is not None}
    return facts if len(days) >= MIS_KEYED.other_at_least else []


def _day(fact: Fact, reading: Reading) -> When | None:
    visit = visit_of(fact, reading)
    return (dated(visit) if visit else None) or fact.recorded or fact.when
