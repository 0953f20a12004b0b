"""What never reaches paper, outreach or what is read ahead: restricted, substance use, behavioural, sexual and
reproductive health, HIV, violence, and what a minor may keep confidential (docs/rules.md). The rows stand in
`app.core.sensitive_rows`.

Whatever reads like it counts: leaving one thing too many off a sheet costs a look at the screen. Nothing here hides
anything from somebody whose own token can read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from app.core.chart import Concept, Fact, Patient
from app.core.flag import Card
from app.core.measures import REGISTRY, Registry
from app.core.measures.population import ages_at
from app.core.report import ConditionCategory, Gap
from app.core.sensitive_rows import (
    CATEGORIES,
    CODES,
    LABELS,
    MEASURES,
    MINOR_AGES,
    MINOR_CODES,
    MINOR_WORDS,
    NAMED,
    WORDS,
)
from app.core.sensitive_rows import Topic as Topic  # what everything here answers with
from app.core.words import texts

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # CervicalCancerScreening, HIVScreening


def of_labels(labels: Iterable[str]) -> Topic | None:
    """Why the EHR's own security labels make something sensitive; None: they do not."""
    return next((LABELS[label] for label in labels if label in LABELS), None)


def age_of(patient: Patient | None, day: date) -> int | None:
    """The age to judge by; None, which counts as a minor's, where it is not known or a birth date leaves two."""
    ages = ages_at(patient.birth_date, day) if patient else None
    return ages[0] if ages and ages[0] == ages[1] else None


def of_fact(fact: Fact, patient_age: int | None = None) -> Topic | None:
    """Why a chart entry is sensitive: by its labels, its codes or its words; None: it is not.

    `patient_age` in whole years, None where it is not known: then what a minor may keep confidential counts.
    """
    concepts = [fact.concept, fact.conclusion, *(part.concept for part in fact.components)]
    if isinstance(fact.value, Concept):
        concepts.append(fact.value)
    return of_labels(fact.labels) or next(
        (topic for concept in concepts if (topic := of_concept(concept, patient_age))), None
    )


def of_concept(concept: Concept, patient_age: int | None = None) -> Topic | None:
    """Why a concept is sensitive by its codes or its words; None: it is not."""
    if not concept.codings and not concept.text:
        return None
    found = next((topic for topic, rows in CODES.items() if rows.holds(concept)), None)
    if found is None and _may_be_minor(patient_age) and MINOR_CODES.holds(concept):
        return Topic.MINOR
    return found or of_words(" ; ".join(sorted(texts(concept))), patient_age)


def of_words(text: str, patient_age: int | None = None) -> Topic | None:
    """Why words read like something sensitive: the reason of a visit, a payer's title; None: they do not."""
    found = _read(text)
    if found is None and _may_be_minor(patient_age) and MINOR_WORDS.read_like(text):
        return Topic.MINOR
    return found


def of_gap(gap: Gap, patient_age: int | None = None, registry: Registry = REGISTRY) -> Topic | None:
    """Why a payer's gap is sensitive: by the rule of its measure, else by what the payer calls it; None: it is not.

    A measure without a rule is judged by every word that the payer wrote of it.
    """
    rule, _ = registry.find(gap.measure)
    if rule is not None:
        return MEASURES.get(rule.key)
    reasons = (text for reason in gap.reasons for text in (reason.display, reason.detail))
    said = (gap.measure.title, gap.payer_words, gap.status_words, *reasons, *(piece.what for piece in gap.evidence))
    return _of_name(gap.measure.url) or next((topic for text in said if (topic := of_words(text, patient_age))), None)


def of_card(card: Card, patient_age: int | None = None, registry: Registry = REGISTRY) -> Topic | None:
    """Why a card is sensitive: by its act, a gap of it, or the labels of what it rests on; None: it is not."""
    if topic := MEASURES.get(card.act.split("/")[0]):
        return topic
    gaps = [*(row.gap for row in card.rows if row.gap), *card.closed]
    if topic := next((found for gap in gaps if (found := of_gap(gap, patient_age, registry))), None):
        return topic
    rests_on = (f for row in card.rows for f in (row.last_in_chart, row.settled_by, row.overdue, *row.unclear) if f)
    return next((found for fact in rests_on if (found := of_labels(fact.labels))), None)


def of_category(category: ConditionCategory, patient_age: int | None = None) -> Topic | None:
    """Why a condition category is sensitive: by its number, its diagnoses or its words; None: it is not."""
    if topic := CATEGORIES.get((category.version.removeprefix("V"), category.code.removeprefix("HCC"))):
        return topic
    diagnoses = (*category.diagnoses, *category.qualifying)
    found = next((topic for each in diagnoses if (topic := of_concept(each, patient_age))), None)
    return found or of_words(category.label, patient_age)


def _may_be_minor(age: int | None) -> bool:
    return age is None or MINOR_AGES[0] <= age <= MINOR_AGES[1]


def _of_name(url: str) -> Topic | None:
    """By the last part of a canonical, as an abbreviation or as words run together."""
    name = url.rstrip("/").rsplit("/", 1)[-1].partition("|")[0]
    found = next((topic for topic, pattern in NAMED.items() if pattern.search(name)), None)
    return found or _read(_HUMP.sub(" ", name).replace("-", " ").replace("_", " "))


@lru_cache(8192)  # the same words stand in every chart and report
def _read(text: str) -> Topic | None:
    """Something harmless in the same text makes nothing else in it harmless."""
    return next((topic for topic, row in WORDS.items() if row.like.search(row.unlike.sub(" ", text))), None)
