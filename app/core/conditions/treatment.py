"""Whether a cancer is under treatment in the service year: by code where it may be shipped, else by words.

Words are enough here: treatment only lets a clinician be asked, and the answer is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from app.core.chart import Fact, When
from app.core.dates import overlaps
from app.core.reading import Reading, dated
from app.core.report import Evidence, Period
from app.core.terminology import HCPCS, ICD10CM, below, codes
from app.core.words import words

#: Drugs against cancer (J9…); radiotherapy, chemotherapy and immunotherapy as the reason of a visit.
_CODES = below(HCPCS, "J90", "J91", "J92", "J93") | codes(ICD10CM, "Z51.0", "Z51.11", "Z51.12")
_WORDS = words(
    "chemother", "radiation ther", "radiother", "immunother", "antineoplas", "tamoxifen", "anastrozole", "letrozole",
    "exemestane", "fulvestrant", "leuprolide", "goserelin", "abiraterone", "enzalutamide", "imatinib", "ibrutinib",
    "lenalidomide", "capecitabine", "palbociclib", "osimertinib", "pembrolizumab", "nivolumab", "trastuzumab",
    "rituximab",
)  # fmt: skip
_ONCOLOGY = re.compile(r"\b(?:h[ae]+mato-?)?oncolog", re.IGNORECASE)
_HAPPENED = frozenset({"finished", "completed", "in-progress", "active", "arrived", "onleave"})


def treated(evidence: Iterable[Evidence], reading: Reading, year: Period, today: date) -> bool:
    """Active treatment, or an oncology visit, in the service year: in the chart, or a visit that the payer saw."""
    until = Period(year.start, min(year.end, today))
    here = [when for fact in _treatment(reading) if (when := dated(fact) or fact.recorded)]
    there = [
        e.when for e in evidence if e.type == "Encounter" and _oncology(e.what, e.concept.label, e.setting, e.source)
    ]
    return any(when is not None and _in(until, when) for when in (*here, *there))


def _treatment(reading: Reading) -> Iterable[Fact]:
    given = ("Procedure", "MedicationRequest", "Encounter")
    for fact in (*reading.coded(given, _CODES), *reading.worded(given, _WORDS)):
        if fact.status in _HAPPENED:
            yield fact
    yield from (f for f in reading.coded(("Condition",), _CODES) if "encounter-diagnosis" in f.category)
    for fact in reading.of("Encounter").facts:
        if fact.status in _HAPPENED and _oncology(fact.concept.label, fact.who):
            yield fact


def _oncology(*texts: str) -> bool:
    return any(_ONCOLOGY.search(text) for text in texts)


def _in(period: Period, when: When) -> bool:
    return overlaps(when.start, when.end, period)
