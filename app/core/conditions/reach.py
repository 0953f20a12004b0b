"""Whether a chart supports a suspicion itself: by a diagnosis of its own or a higher category, or by a result that
reaches its stage. A milder member of the family does not, nor does a drug, which may be given for something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.chart import Fact, Quantity
from app.core.conditions.evidence import measured
from app.core.conditions.family import diagnoses, plain
from app.core.conditions.hierarchy import covers
from app.core.conditions.model import Models, number_of, version_of
from app.core.conditions.searches import LABS
from app.core.reading import DENIED, Reading, last_day
from app.core.report import ConditionCategory
from app.core.terminology import icd10


@dataclass(frozen=True, slots=True)
class Reach:
    """Diagnoses, and categories where none is named, that a result of a lab reaches: any that speaks for the family, or
    only one from or below a limit.
    """

    diagnoses: tuple[str, ...]  # beginnings of ICD-10-CM codes, tidied
    categories: frozenset[tuple[str, str]]  # (CMS-HCC version, category)
    lab: str  # a name of `searches.LABS`
    from_: Decimal | None = None
    below: Decimal | None = None

    def by(self, value: Decimal) -> bool:
        """Whether a value, known to speak for the family, reaches it."""
        return (self.from_ is None or value >= self.from_) and (self.below is None or value < self.below)


def _of(categories: str) -> frozenset[tuple[str, str]]:
    return frozenset((version, number) for version, _, number in (each.partition("/") for each in categories.split()))


def _below(stems: str, categories: str, limit: str) -> Reach:
    return Reach(tuple(stems.split()), _of(categories), "eGFR", below=Decimal(limit))


def _from(stems: str, categories: str, lab: str, limit: str) -> Reach:
    return Reach(tuple(stems.split()), _of(categories), lab, from_=Decimal(limit))


_CHRONIC_FAILURE = (
    "I501",
    "I502",
    "I5020",
    "I5022",
    "I503",
    "I5030",
    "I5032",
    "I504",
    "I5040",
    "I5042",
    "I509",
    "I110",
)

#: The stages by the limits of KDIGO, the NHLBI and the PHQ-9 (sources: `searches.LABS`). Complications, acute failure
#: and psychosis have no result of their own. The longest beginning decides.
REACHES: tuple[Reach, ...] = (
    _below("N183 N1830 N1831", "28/329 24/138", "60"),
    _below("N1832", "28/328", "45"),
    _below("N184", "28/327 24/137", "30"),
    _below("N185", "28/326 24/136", "15"),
    Reach(("N181", "N182"), frozenset(), "urine albumin/creatinine"),
    Reach(("E119", "E1165", "E139", "E1365"), _of("28/38 24/19"), "HbA1c"),
    *(
        Reach(_CHRONIC_FAILURE, _of("28/226 24/85"), lab)
        for lab in ("left ventricular ejection fraction", "BNP", "NT-proBNP")
    ),
    Reach(("J41", "J42", "J43", "J44"), _of("28/280 24/111"), "FEV1/FVC"),
    Reach(("E6601", "Z6835", "Z6836", "Z6837", "Z6838", "Z6839"), _of("28/48 24/22"), "body mass index"),
    *(
        _from(stems, "", "body mass index", limit)
        for stems, limit in (("E66813 Z6841", "40"), ("Z6842", "45"), ("Z6843", "50"), ("Z6844", "60"), ("Z6845", "70"))
    ),
    _from("F320 F321 F329 F32A F330 F331 F339", "28/155 24/59", "PHQ-9", "10"),
    _from("F322 F332", "", "PHQ-9", "15"),
)


def reached(
    category: ConditionCategory, supporting: Iterable[Fact], reading: Reading, today: date, models: Models
) -> bool:
    """Whether one of the chart's facts for the family supports this very category."""
    named = diagnoses(category)
    labels = {plain(text) for text in (category.label, *(c.label for c in category.diagnoses)) if text}
    for fact in supporting:
        if fact.type != "Condition" or fact.verification in DENIED:
            continue
        codes = icd10(fact.concept)
        if named & set(codes) or covers(category, codes, models) or (not codes and plain(fact.concept.label) in labels):
            return True
    rows = [_rows(code) for code in named] if named else [_numbered(category)]
    return all(any(_measured(row, reading, today) for row in each) for each in rows)


def _rows(code: str) -> list[Reach]:
    fitting = [(len(stem), row) for row in REACHES for stem in row.diagnoses if _is(code, stem)]
    longest = max((length for length, _ in fitting), default=0)
    return [row for length, row in fitting if length == longest]


def _is(code: str, stem: str) -> bool:
    """A category of three characters stands for all in it, a longer code for itself."""
    return code.startswith(stem) if len(stem) == 3 else code == stem


def _numbered(category: ConditionCategory) -> list[Reach]:
    return [row for row in REACHES if (version_of(category), number_of(category)) in row.categories]


def _measured(row: Reach, reading: Reading, today: date) -> bool:
    """Whether the newest result that speaks for the family reaches the stage: `> 9` is at least 9, `< 35` below 35."""
    found = [(fact, way) for lab in LABS if lab.name == row.lab for fact, way in measured(lab, reading, today)]
    newest = max((fact for fact, way in found if way > 0), key=lambda fact: (last_day(fact), fact.ref), default=None)
    return newest is not None and isinstance(newest.value, Quantity) and row.by(newest.value.value)
