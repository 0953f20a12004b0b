"""The patient-status gate, read before ranking: death and hospice, each with its source and date (docs/rules.md).

Deceased is what the chart says; a payer's record of death is named as a difference of identity, it hides nothing by
itself. Hospice is enrolment, not a mention: ICD-10-CM Z51.5 is palliative care, and a consult, an offer or a refusal
is not care.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.answers import Known
from app.core.chart import Chart, Fact, When
from app.core.dates import days_before, overlaps
from app.core.exclusions import DENIED, OVER
from app.core.flag import PatientStatus, StatusKind
from app.core.reading import PATIENT, Reading, last_day, newest
from app.core.terminology import HCPCS, LOINC, NO_CODES, CodeSet, codes
from app.core.words import Words, words

#: Services that only hospice patients receive (HCPCS Level II; CMS Hospice library of the eCQM 2026, its HCPCS part).
HOSPICE_SERVICES = codes(
    HCPCS, "G0182", "G9473", "G9474", "G9475", "G9476", "G9477", "G9478", "G9479", "Q5003", "Q5004", "Q5005", "Q5006",
    "Q5007", "Q5008", "Q5010", "S9126", "T2042", "T2043", "T2044", "T2045", "T2046",
)  # fmt: skip
HOSPICE_ASSESSMENT = codes(LOINC, "45755-6")  # Minimum Data Set: hospice care, answered yes
HOSPICE_WORDS = words(
    "hospice",
    unlike=(
        "palliative", "no hospice", "not ", "discuss", "inform", "evaluat", "eligib", "screen", "discharge[d]? from",
        "revok", "revoc", "graduat", "volunteer", "bereave", "consider", "offer", "mother", "father", "spouse",
    ),
)  # fmt: skip
_YES = frozenset({"yes", "y", "true", "la33-6"})


@dataclass(frozen=True, slots=True)
class Row:
    """Where hospice shows: a resource type, with these statuses, by these codes or words, this many days back.

    `lasts`: an entry without an end still holds today (a flag, a problem); else it is what happened on its day.
    """

    type: str
    statuses: frozenset[str]
    codes: CodeSet
    words: Words | None
    days: int
    lasts: bool = False
    answered_yes: bool = False


#: 90 days: the first two benefit periods of Medicare hospice last 90 days each (42 CFR 418.21).
ROWS: tuple[Row, ...] = (
    Row("Flag", frozenset({"active"}), HOSPICE_SERVICES, HOSPICE_WORDS, 90, lasts=True),
    Row(
        "Encounter",
        frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"}),
        HOSPICE_SERVICES,
        HOSPICE_WORDS,
        90,
    ),
    Row("Procedure", frozenset({"in-progress", "completed"}), HOSPICE_SERVICES, HOSPICE_WORDS, 90),
    Row("ServiceRequest", frozenset({"active"}), HOSPICE_SERVICES, HOSPICE_WORDS, 90),
    Row("Condition", frozenset({"active", "recurrence", "relapse", ""}), NO_CODES, HOSPICE_WORDS, 90, lasts=True),
    Row(
        "Observation",
        frozenset({"final", "amended", "corrected"}),
        HOSPICE_ASSESSMENT,
        None,
        90,
        answered_yes=True,
    ),
)
TYPES: tuple[str, ...] = tuple(dict.fromkeys(row.type for row in ROWS))


@dataclass(frozen=True, slots=True)
class Status:
    """What the gate found. `pending`: types that have not answered; until then nothing may be ranked."""

    findings: tuple[PatientStatus, ...] = ()
    pending: tuple[str, ...] = ()
    hospice: Fact | None = None

    @property
    def deceased(self) -> bool:
        return any(finding.kind is StatusKind.DECEASED for finding in self.findings)


def read(chart: Chart, reading: Reading, today: date) -> Status:
    """The status of the patient as far as the chart has answered."""
    findings = [*_death(chart)]
    fact = newest(fact for row in ROWS for fact in _named(row, reading) if _shows(row, fact, today))
    if fact:
        findings.append(
            PatientStatus(StatusKind.HOSPICE, fact.ref, _exactly(fact.when or fact.recorded), fact.concept.label)
        )
    unread = [PATIENT] if chart.patient is not None and not isinstance(chart.patient, Known) else []
    unread += [kind for kind in reading.missing(TYPES) if kind in reading.answered]
    findings += [PatientStatus(StatusKind.UNREADABLE, kind) for kind in unread]
    pending = ((PATIENT,) if chart.patient is None else ()) + reading.pending(TYPES)
    return Status(tuple(findings), pending, fact)


def _death(chart: Chart) -> Iterable[PatientStatus]:
    if not isinstance(chart.patient, Known) or not chart.patient.value.deceased:
        return
    patient = chart.patient.value
    when = patient.deceased if isinstance(patient.deceased, When) else None
    yield PatientStatus(StatusKind.DECEASED, f"{PATIENT}/{patient.id}", _exactly(when))


def _named(row: Row, reading: Reading) -> list[Fact]:
    coded = reading.coded((row.type,), row.codes)
    return coded + (reading.worded((row.type,), row.words) if row.words else [])


def _shows(row: Row, fact: Fact, today: date) -> bool:
    """Whether a fact shows that the patient is in hospice now."""
    if fact.status not in row.statuses or fact.verification in DENIED or fact.status in OVER:
        return False
    if fact.type == "ServiceRequest" and fact.intent in ("proposal", "plan", "option"):
        return False
    if row.answered_yes and not _yes(fact):
        return False
    return _holds_now(row, fact, today)


def _holds_now(row: Row, fact: Fact, today: date) -> bool:
    began = fact.when or fact.recorded
    if began and began.start > today:
        return False
    still_on = fact.status in ("in-progress", "onleave") and fact.until is None
    if still_on or (row.lasts and "encounter-diagnosis" not in fact.category):
        return fact.until is None or fact.until.end >= today
    return began is not None and overlaps(began.start, last_day(fact), days_before(today, row.days))


def _yes(fact: Fact) -> bool:
    if isinstance(fact.value, bool):
        return fact.value
    label = getattr(fact.value, "label", fact.value)
    return isinstance(label, str) and label.strip().casefold() in _YES


def _exactly(when: When | None) -> date | None:
    """The day, where one is known: a year alone is not turned into the last day of it."""
    return when.start if when and when.start == when.end else None
