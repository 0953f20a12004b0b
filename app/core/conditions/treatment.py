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
from app.core.conditions.drugs import names
from app.core.dates import overlaps
from app.core.reading import DENIED, Reading, dated
from app.core.report import Evidence, Period
from app.core.terminology import HCPCS, ICD10CM, below, codes
from app.core.words import Words, phrases, texts, words

#: Drugs against cancer (J9…); radiotherapy, chemotherapy and immunotherapy as the reason of a visit.
_CODES = below(HCPCS, "J90", "J91", "J92", "J93") | codes(ICD10CM, "Z51.0", "Z51.11", "Z51.12")
_ANY = ("chemother", "radiation ther", "radiother", "immunother", "antineoplas", "brachyther", "stereotactic body")
_HAPPENED = frozenset({"finished", "completed", "in-progress", "active", "arrived", "onleave"})
#: Where treatment stands. All of them must have been readable before its absence says anything.
TYPES = ("MedicationRequest", "Procedure", "Encounter", "Condition")
#: Where a site may be named. Those beside the above are looked at where they could be read.
_ENTRIES = (*TYPES, "ServiceRequest", "Appointment", "DiagnosticReport", "Observation", "DocumentReference")


@dataclass(frozen=True, slots=True)
class Treatment:
    """The words of a site's drugs and operations."""

    words: Words


@dataclass(frozen=True, slots=True)
class Site:
    """A site of solid cancers: the words by which any entry names it or its drugs, and the specialists beside oncology
    who follow such a cancer. Their visits make no office prompt; but who is seen by them, and whose site is named at
    all, is no candidate for removal.
    """

    stems: tuple[str, ...]  # beginnings of ICD-10-CM codes, tidied
    names: Words
    followed_by: Words


_ONCOLOGY = re.compile(r"\b(?:h[ae]+mato-?)?oncolog", re.IGNORECASE)

_BREAST = ("mastectom", "lumpectom", *names("breast"))
_LUNG = ("lobectom", "pneumonectom", *names("lung"))
_COLON = ("colectom", "hemicolectom", "proctectom", *names("colon"))
_PROSTATE = ("prostatectom", "active surveillance", "watchful waiting", *names("prostate"))
_BLADDER = (r"(?:trans)?urethral resection of (?:the )?bladder", "turbt", "cystectom", *names("bladder"))
_OTHERS = ("stem cell transplant", "bone marrow transplant", *names("antineoplastic"))

BREAST = Treatment(words(*_ANY, *_BREAST))
LUNG = Treatment(words(*_ANY, *_LUNG))
COLON = Treatment(words(*_ANY, *_COLON))
PROSTATE = Treatment(words(*_ANY, *_PROSTATE))
ANY_SITE = Treatment(words(*_ANY, *_BREAST, *_LUNG, *_COLON, *_PROSTATE, *_BLADDER, *_OTHERS))


def _site(stems: str, like: tuple[str, ...], followed_by: tuple[str, ...]) -> Site:
    never = ("histor", r"\bfh\b", "family")
    return Site(tuple(stems.split()), phrases(*like, unlike=never), phrases(*followed_by, unlike=never))


#: A solid cancer of none of these is never a candidate: we do not know what would show that it is followed.
SITES: tuple[Site, ...] = (
    _site("C50", ("breast", "mammary", *_BREAST), ("breast",)),
    _site("C34", ("lung", "bronch", "pulmonary nodul", *_LUNG), ("thoracic", "pulmon")),
    _site(
        "C18 C19 C20 C21",
        ("colon", "colorect", "rect(?:al|um)", "bowel", "colostom", "ileostom", r"\bcea\b", "carcinoembry", *_COLON),
        ("colorectal", "proctolog", "gastroenter"),
    ),
    _site("C61", ("prostat", r"psa\b", *_PROSTATE), ("urolog",)),
    _site("C67 C65 C66", ("bladder", "urotheli", "cystoscop", "ureter", *_BLADDER), ("urolog",)),
    _site("C64", ("kidney", "renal", "nephrect"), ("urolog", "nephrolog")),
    _site("C62", ("testic", "testis", "orchiect"), ("urolog",)),
    _site("C73", ("thyroid", "thyroglob", *names("thyroid")), ("endocrin",)),
    _site("C43", ("melanom", "skin", "mole", "sentinel"), ("dermat",)),
    _site(
        "C51 C52 C53 C54 C55 C56 C57",
        ("ovar", "uter", "endometri", "cervi", "vulv", "vagin", "hysterect", "salping", r"ca[- ]?125"),
        ("gyn", "obstetr"),
    ),
)  # fmt: skip


def site_of(code: str) -> Site | None:
    """The site of a tidied ICD-10-CM code."""
    return next((site for site in SITES if code.startswith(site.stems)), None)


def treated(treatment: Treatment, evidence: Iterable[Evidence], reading: Reading, window: Period, today: date) -> bool:
    """Active treatment, or an oncology visit, in the window: in the chart, or a visit that the payer saw."""
    until = Period(window.start, min(window.end, today))
    here = [when for fact in _treatment(treatment, reading) if (when := dated(fact) or fact.recorded)]
    there = [
        e.when for e in evidence if e.type == "Encounter" and _oncology(e.what, e.concept.label, e.setting, e.source)
    ]
    return any(when is not None and overlaps(when.start, when.end, until) for when in (*here, *there))


def followed(site: Site, reading: Reading, window: Period) -> bool:
    """Whether any entry of the window names the site or its treatment, or another specialist for it saw the patient.

    What was not done counts too: somebody thought of it.
    """
    named = [fact for fact in reading.worded(_ENTRIES, site.names) if _about(fact, window)]
    return bool(named) or any(
        site.followed_by.read_like(text)
        for fact in reading.of("Encounter").facts
        if _about(fact, window)
        for text in (*texts(fact.concept), fact.who)
    )


def _about(fact: Fact, window: Period) -> bool:
    days = [when for when in (fact.when, fact.until, fact.recorded) if when is not None]
    held = fact.type == "MedicationRequest" and fact.status == "active"
    return held or not days or any(overlaps(when.start, when.end, window) for when in days)


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
