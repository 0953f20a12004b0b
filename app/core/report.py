"""What one payer says of one member, in our words: care gaps (DEQM) and condition categories (Da Vinci RA)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.core.chart import Concept, Patient, Value, When, built_often


class GapStatus(StrEnum):
    """DEQM gaps-status, and UNKNOWN for a code we do not know (its words are kept and shown)."""

    OPEN = "open-gap"
    CLOSED = "closed-gap"
    PROSPECTIVE = "prospective-gap"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"


@built_often
class Period:
    start: date
    end: date


@built_often
class Measure:
    """A measure or risk model as a payer names it. Two versions are two measures."""

    url: str  # canonical without |version
    version: str = ""
    title: str = ""


@built_often
class Evidence:
    """One resource that a payer evaluated. `what` is empty when only the reference was readable."""

    ref: str
    type: str = ""
    what: str = ""
    concept: Concept = field(default_factory=Concept)
    when: When | None = None
    setting: str = ""  # Encounter.class code, or the payer's word
    source: str = ""  # who recorded it, as stated
    value: Value | None = None  # the result, where it is one
    population: str = ""  # cqf-criteriaReference
    readable: bool = True
    status: str = ""  # of the resource, where it could be read: what was cancelled or never done is no evidence


@built_often
class GapReason:
    """A care-gap-reason with the payer's display and what it points at."""

    code: str
    display: str = ""
    detail: str = ""


@built_often
class Gap:
    payer: str  # payer entry id
    report_id: str
    group_id: str
    measure: Measure
    status: GapStatus
    status_words: str  # the payer's display or code, as written
    derived: bool  # True: no DetectedIssue; we derived the status from the populations
    calculated: date | None  # MeasureReport.date, or group calculatedDate: the report's "as of"
    data_through: date | None  # None: the payer did not state it
    period: Period
    improvement: str = "increase"  # increase | decrease (inverse measure)
    payer_words: str = ""  # section title / DetectedIssue text, quoted and attributed
    reasons: tuple[GapReason, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remarks: int = 0
    contract: str = ""  # the program or contract that the report names (DEQM reportingProgram), as written
    dialect: str = ""  # of its report, where it was put on a panel


@built_often
class ConditionCategory:
    """One group of an RA MeasureReport: one condition category of one model version."""

    payer: str
    report_id: str
    group_id: str
    model: Measure
    system: str
    version: str  # the coding's version: 24, 28
    code: str
    label: str
    cc_type: str  # historic | suspected | net-new | other words as written
    evidence_status: str  # open-gap | closed-gap | invalid-gap | pending | ""
    status_date: date | None = None
    hierarchical_status: str = ""  # applied-superseded | applied-not-superseded | not-applied | not-applicable | ""
    confidence: str = ""
    diagnoses: tuple[Concept, ...] = ()
    qualifying: tuple[Concept, ...] = ()
    deadline: date | None = None
    period: Period | None = None
    calculated: date | None = None
    evidence: tuple[Evidence, ...] = ()
    remarks: int = 0
    dialect: str = ""  # of its report, where it was put on a panel


@dataclass(frozen=True, slots=True)
class Member:
    """Who the patient is at one payer. `patient` is the payer's own record and may be absent before a report."""

    payer: str
    patient_id: str
    member_id: str  # as sent
    how: str  # identifier | member-match
    patient: Patient | None = None


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """One group of an RA report as it was received: `ingested` is False where it is nothing that we could show."""

    report_id: str
    group_id: str
    ingested: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """One payer's answer to one question. `subject` is whom the payer says it is about, for the identity gate."""

    payer: str
    kind: str  # care-gaps | risk
    subject_id: str
    subject: Patient | None
    gaps: tuple[Gap, ...] = ()
    categories: tuple[ConditionCategory, ...] = ()
    calculated: date | None = None  # oldest of its parts
    received: datetime | None = None
    unreadable: tuple[str, ...] = ()  # one line a resource that could not be read: type, id, why
    outcomes: tuple[str, ...] = ()  # OperationOutcome texts that rode inside a 200
    dialect: str = ""  # what the payer turned out to speak: "deqm-us-5.0.0", "ra-2.1.0", ...
    asked: tuple[str, ...] = ()  # gap statuses asked for; without closed-gap nothing is known of what the payer counts
    groups: tuple[ReportGroup, ...] = ()  # risk: every group received that a remark could be put on, each once
