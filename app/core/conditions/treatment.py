"""What shows that a cancer is under treatment, as data: by code where it may be shipped, else by words; and whether it
is.

Words are enough here: treatment only lets a clinician be asked, and the answer is theirs. Each site has drugs and
operations of its own: rituximab for rheumatism says nothing of a breast cancer. OIG looks for surgery, radiotherapy and
chemotherapy within a year of the diagnosis (A-07-23-01213); an oncology visit counts here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.chart import Fact
from app.core.dates import overlaps
from app.core.reading import DENIED, Reading, dated
from app.core.report import Evidence, Period
from app.core.terminology import HCPCS, ICD10CM, below, codes
from app.core.words import Words, words

#: Drugs against cancer (J9…); radiotherapy, chemotherapy and immunotherapy as the reason of a visit.
_CODES = below(HCPCS, "J90", "J91", "J92", "J93") | codes(ICD10CM, "Z51.0", "Z51.11", "Z51.12")
_ANY = ("chemother", "radiation ther", "radiother", "immunother", "antineoplas", "brachyther", "stereotactic body")
_HAPPENED = frozenset({"finished", "completed", "in-progress", "active", "arrived", "onleave"})
#: Where treatment stands. All of them must have been readable before its absence says anything.
TYPES = ("MedicationRequest", "Procedure", "Encounter", "Condition")


@dataclass(frozen=True, slots=True)
class Treatment:
    """The words of a site's drugs and operations, and the specialists beside oncology who follow such a cancer.

    Their visits do not make an office prompt, but who is seen by them is no candidate for removal.
    """

    words: Words
    followed_by: re.Pattern[str] | None = None


_ONCOLOGY = re.compile(r"\b(?:h[ae]+mato-?)?oncolog", re.IGNORECASE)


def _followed_by(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


_BREAST = (
    "mastectom", "lumpectom", "tamoxifen", "anastrozole", "letrozole", "exemestane", "fulvestrant", "goserelin",
    "palbociclib", "ribociclib", "abemaciclib", "trastuzumab", "pertuzumab", "capecitabine", "elacestrant", "olaparib",
)  # fmt: skip
_LUNG = (
    "lobectom", "pneumonectom", "osimertinib", "erlotinib", "gefitinib", "afatinib", "alectinib", "lorlatinib",
    "pembrolizumab", "nivolumab", "atezolizumab", "durvalumab", "cemiplimab", "pemetrexed", "carboplatin", "cisplatin",
    "etoposide",
)  # fmt: skip
_COLON = (
    "colectom", "hemicolectom", "proctectom", "fluorouracil inj", "capecitabine", "oxaliplatin", "irinotecan", "folfox",
    "folfiri", "bevacizumab", "cetuximab", "panitumumab", "regorafenib", "trifluridine",
)  # fmt: skip
_PROSTATE = (
    "prostatectom", "leuprolide", "leuprorelin", "goserelin", "triptorelin", "degarelix", "relugolix", "abiraterone",
    "enzalutamide", "apalutamide", "darolutamide", "bicalutamide", "docetaxel", "active surveillance",
    "watchful waiting",
)  # fmt: skip
_OTHERS = (
    "imatinib", "dasatinib", "nilotinib", "ibrutinib", "acalabrutinib", "zanubrutinib", "venetoclax", "lenalidomide",
    "pomalidomide", "bortezomib", "carfilzomib", "daratumumab", "rituximab", "obinutuzumab", "azacitidine",
    "decitabine", "hydroxyurea", "ruxolitinib", "sunitinib", "sorafenib", "lenvatinib", "gemcitabine", "paclitaxel",
    "cyclophosphamide", "stem cell transplant", "bone marrow transplant",
)  # fmt: skip

BREAST = Treatment(words(*_ANY, *_BREAST), _followed_by("breast surg"))
LUNG = Treatment(words(*_ANY, *_LUNG), _followed_by("thoracic surg"))
COLON = Treatment(words(*_ANY, *_COLON), _followed_by("colorectal surg"))
PROSTATE = Treatment(words(*_ANY, *_PROSTATE), _followed_by("urolog"))
ANY_SITE = Treatment(words(*_ANY, *_BREAST, *_LUNG, *_COLON, *_PROSTATE, *_OTHERS))


def treated(treatment: Treatment, evidence: Iterable[Evidence], reading: Reading, window: Period, today: date) -> bool:
    """Active treatment, or an oncology visit, in the window: in the chart, or a visit that the payer saw."""
    until = Period(window.start, min(window.end, today))
    here = [when for fact in _treatment(treatment, reading) if (when := dated(fact) or fact.recorded)]
    there = [
        e.when for e in evidence if e.type == "Encounter" and _oncology(e.what, e.concept.label, e.setting, e.source)
    ]
    return any(when is not None and overlaps(when.start, when.end, until) for when in (*here, *there))


def followed(treatment: Treatment, reading: Reading, window: Period) -> bool:
    """Whether another specialist for this site saw the patient in the window."""
    pattern = treatment.followed_by
    return pattern is not None and any(
        overlaps(when.start, when.end, window)
        for fact in reading.of("Encounter").facts
        if fact.status in _HAPPENED and any(pattern.search(text) for text in (fact.concept.label, fact.who))
        if (when := dated(fact)) is not None
    )


def _treatment(treatment: Treatment, reading: Reading) -> Iterable[Fact]:
    given = ("Procedure", "MedicationRequest", "Encounter")
    for fact in (*reading.coded(given, _CODES), *reading.worded(given, treatment.words)):
        if fact.status in _HAPPENED and fact.intent not in ("proposal", "plan", "option"):
            yield fact
    for fact in reading.coded(("Condition",), _CODES):
        if "encounter-diagnosis" in fact.category and fact.verification not in DENIED:
            yield fact
    for fact in reading.of("Encounter").facts:
        if fact.status in _HAPPENED and _oncology(fact.concept.label, fact.who):
            yield fact


def _oncology(*texts: str) -> bool:
    return any(_ONCOLOGY.search(text) for text in texts if text)
