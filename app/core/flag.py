"""Flags: a gap or a prompt as it is shown, its state and why; and the panel that holds them. Types only.

`panel.build` decides them; the sentences are `app/web/present.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.answers import Answer, Reason
from app.core.chart import Coverage, Fact, Patient
from app.core.report import ConditionCategory, Evidence, Gap, Member, Report

MAX_GAPS = 3  # docs/rules.md: adding gaps never adds expanded rows
MAX_PROMPTS = 2


class State(StrEnum):
    """What one gap is, once the payer's word has met the chart."""

    DO_TODAY = "do-today"
    ORDERED = "ordered"  # ordered or booked, not overdue
    DONE_HERE = "done-here"  # qualifying evidence in this chart; the plan does not know
    OUT_OF_RANGE = "out-of-range"  # done in the window, value misses the target
    EXCLUDED = "excluded"  # patient status or measure exclusion
    PERIOD_OVER = "period-over"  # after the measure's last day: can only be sent or explained
    NOT_CHECKED = "not-checked"  # no reviewed rule for this measure version: payer's words only
    CANNOT_TELL = "cannot-tell"  # a needed part of the chart could not be read


class Urgency(StrEnum):
    """Urgency classes, most urgent first (order of definition is the ranking)."""

    ABNORMAL = "abnormal-without-follow-up"
    MONITORING = "monitoring-overdue-or-out-of-range"
    PREVENTION = "prevention-overdue"
    LATER = "due-later"


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Where a rule of ours comes from. `reviewer` empty reads "not yet reviewed" on screen."""

    name: str
    version: str
    url: str = ""
    reviewer: str = ""
    reviewed: date | None = None


@dataclass(frozen=True, slots=True)
class GapRow:
    gap: Gap
    state: State
    urgency: Urgency
    service: str  # short clinical noun: "HbA1c test"
    act: str  # key of the suggested action; present.py words it ("order-hba1c", "repeat-or-intensify", ...)
    clinical_due: date | None  # from our rule; None when it has none or nothing is on file
    last_in_chart: Fact | None  # newest relevant fact, qualifying or not
    last_at_payer: Evidence | None
    settled_by: Fact | None = None  # qualifying evidence, order or booking that puts the row in its state
    rule: RuleSource | None = None
    missing: tuple[str, ...] = ()  # chart types that could not be read, for CANNOT_TELL
    staff_can: bool = False  # can be settled without the clinician: goes to the collapsed line
    because: str = ""  # CANNOT_TELL: unread-types | code-not-known | date-not-certain | value-not-certain
    unclear: tuple[Fact, ...] = ()  # the entries that make it so: they read like evidence and are not known to be


class PromptState(StrEnum):
    ASSESS_HISTORIC = "assess-historic"
    ASSESS_SUSPECTED = "assess-suspected"
    PAYER_ONLY = "payer-only"  # only a payer's chart review, in-home assessment or device screen supports it: collapsed
    NO_EVIDENCE = "no-evidence"  # suspected without evidence: collapsed, never a prompt
    HISTORY_TERM = "history-term"  # office prompt not allowed (acute event); offer the history term: collapsed


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One condition, whatever models and payers list it."""

    categories: tuple[ConditionCategory, ...]  # same condition across models and payers, the main one first
    state: PromptState
    supporting: tuple[Evidence, ...]  # payer's evidence
    in_chart: tuple[Fact, ...]  # chart facts with the same diagnosis, newest first
    against: tuple[Fact, ...]
    history_term: str = ""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Counted, never prompted: net-new, pending, closed, invalid, superseded, settled. `by` names what dominates."""

    category: ConditionCategory
    why: str  # net-new | pending | closed | invalid | superseded | settled | unknown-status | period-over
    by: str = ""


class StatusKind(StrEnum):
    DECEASED = "deceased"
    HOSPICE = "hospice"
    UNREADABLE = "unreadable"  # a status could not be read: `source_ref` names the type


@dataclass(frozen=True, slots=True)
class PatientStatus:
    """A finding of the status gate with its source."""

    kind: StatusKind
    source_ref: str
    when: date | None = None
    what: str = ""


class SourceState(StrEnum):
    ASKING = "asking"
    ANSWERED = "answered"
    STALE = "stale"  # last good answer shown, newest try failed
    NO_ANSWER = "no-answer"
    NO_PAYER = "no-payer-on-file"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the source strip. `key` names the question to retry."""

    key: str  # chart | coverage | <payer id>/care-gaps | <payer id>/risk | coverage/<ref>
    name: str  # as shown: "Sandbox EHR", "Northwind Health"
    what: str  # chart | coverage | care-gaps | risk
    state: SourceState
    reason: Reason | None = None
    calculated: date | None = None
    received: str = ""  # ISO time we read it
    incomplete: tuple[str, ...] = ()
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class PayerAnswers:
    """What came back from one payer of an active coverage; None: still out."""

    id: str
    name: str
    coverage: Coverage
    member: Answer[Member] | None = None
    care_gaps: Answer[Report] | None = None
    risk: Answer[Report] | None = None
    speaks: tuple[str, ...] = ("care-gaps", "risk")  # which questions this payer's entry answers at all


@dataclass(frozen=True, slots=True)
class IdentityNote:
    """Shown beside a report whose identity differs in a part that does not block (sex, family name)."""

    payer: str
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    patient: Patient | None
    status: tuple[PatientStatus, ...]
    gaps: tuple[GapRow, ...]  # expanded, at most MAX_GAPS, ranked
    more_gaps: tuple[GapRow, ...]  # counted, one tap away
    staff: tuple[GapRow, ...]  # the one collapsed line
    excluded: tuple[GapRow, ...]
    closed: tuple[Gap, ...]  # the payer says met; counted
    other: tuple[Gap, ...]  # not applicable or unknown status, counted and shown with the payer's words
    prompts: tuple[PromptRow, ...]  # expanded, at most MAX_PROMPTS
    more_prompts: tuple[PromptRow, ...]
    hidden: tuple[Hidden, ...]
    sources: tuple[SourceLine, ...]
    identity: tuple[IdentityNote, ...]
    complete: bool  # nothing is being asked any more
    clear: bool  # "No open gaps" may be said: every payer of every active coverage answered, and none is open
    withheld: str = ""  # deceased | hospice: why prompts and gaps are not shown
