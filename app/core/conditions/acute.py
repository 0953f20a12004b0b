"""Conditions that an office visit does not assess as current: acute events, and cancer without treatment (OIG
A-07-23-01213).

OIG found these groups unsupported in 79 to 96 % of audited records. They are restricted by diagnosis; by category or
by the payer's words only where no diagnosis is given. What is offered instead is the history term, in words, never a
code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.conditions.family import diagnoses
from app.core.conditions.hierarchy import version_of
from app.core.conditions.treatment import treated
from app.core.reading import Reading
from app.core.report import ConditionCategory, Evidence, Period
from app.core.terminology import icd10


@dataclass(frozen=True, slots=True)
class Restricted:
    """One group of conditions. `days`: an event this recent may still be assessed; `treated`: so may one under
    treatment.
    """

    key: str
    diagnoses: tuple[str, ...]  # beginnings of ICD-10-CM codes, tidied
    categories: frozenset[tuple[str, str]]  # (CMS-HCC version, category)
    words: re.Pattern[str]
    history_term: str
    days: int | None = None
    treated: bool = False


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})", re.IGNORECASE)


RESTRICTED: tuple[Restricted, ...] = (
    Restricted(
        "acute-stroke",
        ("I60", "I61", "I62", "I63", "I64"),
        frozenset({("24", "99"), ("24", "100"), ("28", "248"), ("28", "249")}),
        _words("(?:acute |ischa?emic |ha?emorrhagic |unspecified )*stroke|intracranial ha?emorrhage|cerebral infarct"),
        "History of stroke, with what remains of it",
    ),
    Restricted(
        "myocardial-infarction",
        ("I21", "I22"),
        frozenset({("24", "86"), ("28", "228")}),
        _words("(?:acute )?myocardial infarct|heart attack"),
        "Old myocardial infarction",
        days=28,  # ICD-10-CM I21: "a stated duration of 4 weeks (28 days) or less from onset"
    ),
    Restricted(
        "sepsis",
        ("A40", "A41", "R65"),
        frozenset({("24", "2"), ("28", "2")}),
        _words("sepsis|septic"),
        "History of sepsis",
    ),
    Restricted(
        "acute-embolism",
        ("I26", "I74", "I822", "I824", "I826", "I82A1", "I82B1", "I82C1"),
        frozenset({("28", "267")}),
        _words("(?:acute )?(?:pulmonary )?embol|deep vein thromb"),
        "History of embolism or thrombosis",
    ),
    Restricted(
        "cancer",
        (*(f"C{n:02d}" for n in range(97) if n != 44), "C4A", "C7A", "C7B"),
        frozenset({*(("24", str(n)) for n in range(8, 13)), *(("28", str(n)) for n in range(17, 24))}),
        _words("cancer|malignan|leuka?emia|lymphoma|myeloma|melanoma|carcinoma|metasta"),
        "Personal history of cancer",
        treated=True,
    ),
)


def restricted(
    categories: Iterable[ConditionCategory], reading: Reading, year: Period, today: date
) -> Restricted | None:
    """The row that keeps this condition out of the office, unless the event is recent or the cancer is under
    treatment.
    """
    categories = tuple(categories)
    for row in RESTRICTED:
        if not any(_concerns(row, category) for category in categories):
            continue
        evidence = [e for category in categories for e in category.evidence]
        recent = row.days is not None and _recent(row, evidence, reading, today)
        if not recent and not (row.treated and treated(evidence, reading, year, today)):
            return row
    return None


def _concerns(row: Restricted, category: ConditionCategory) -> bool:
    if named := diagnoses(category):
        return any(code.startswith(row.diagnoses) for code in named)
    if version := version_of(category):
        return (version, category.code) in row.categories
    return bool(row.words.search(category.label))


def _recent(row: Restricted, evidence: Iterable[Evidence], reading: Reading, today: date) -> bool:
    """Whether the event itself, as coded in chart or payer's evidence, lies within the days."""
    first = today - timedelta(days=row.days or 0)
    here = [
        f.when or f.recorded for code, facts in reading.diagnosed() if code.startswith(row.diagnoses) for f in facts
    ]
    there = [e.when for e in evidence if any(code.startswith(row.diagnoses) for code in icd10(e.concept))]
    return any(when is not None and first <= when.start <= today for when in (*here, *there))
