"""Flags: a gap or a prompt as it is shown, its state and why; and the panel that holds them. Types only.

`panel.build` decides them; the sentences are `app/web/present.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.answers import Answer, Reason
from app.core.chart import Coverage, Fact, Patient
from app.core.freshness import DataClass
from app.core.report import ConditionCategory, Evidence, Gap, Member, Period, Report

MAX_GAPS = 3  # docs/rules.md: adding gaps never adds expanded rows
MAX_PROMPTS = 2


class State(StrEnum):
    """What one gap is, once the payer's word has met the chart."""

    DO_TODAY = "do-today"
    ORDERED = "ordered"  # ordered or booked, not overdue
    DONE_HERE = "done-here"  # qualifying evidence in this chart; the plan does not know
    DONE_ELSEWHERE = "done-elsewhere"  # somebody else did it, by what is known here: its record can be requested
    OUT_OF_RANGE = "out-of-range"  # done in the window, value misses the target
    EXCLUDED = "excluded"  # patient status or measure exclusion
    DOES_NOT_APPLY = "does-not-apply"  # the patient is outside the measure (age, sex, diagnosis): tell the plan
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
    """One payer's gap against the chart; or, without a gap, an abnormal result whose follow-up the chart lacks."""

    gap: Gap | None
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
    #: CANNOT_TELL: unread-types | code-not-known | date-not-certain | value-not-certain,
    #: exclusion-not-certain | told-not-to (an entry speaks against the act),
    #: not-final | read-result (a person must read it) | abnormal-at-payer (`elsewhere`, by `seen_by`),
    #: or direction-not-certain: a status that we derived, and the report does not count in the measure's direction.
    #: DOES_NOT_APPLY: age | sex | no-diagnosis. PERIOD_OVER: followed-late (`settled_by`).
    because: str = ""
    unclear: tuple[Fact, ...] = ()  # the entries that make it so: they read like evidence and are not known to be
    window: Period | None = None  # in which evidence counts for this measure and period: the widest of its kinds
    elsewhere: Evidence | None = None  # DONE_ELSEWHERE: what another payer looked at, if that is how we know
    contract: str = ""  # as the report names it, else the plan of the coverage; empty: not stated
    seen_by: str = ""  # id of the payer whose report shows `elsewhere`
    parts: tuple[Fact, ...] = ()  # what is done already of a measure that asks for several things
    overdue: Fact | None = None  # an order that nothing came of in time: it is asked for again, and the row says why
    also: tuple[Fact, ...] = ()  # DONE_HERE: the rest of what settles it, where the measure asks for several things


class Clash(StrEnum):
    """Where two statements about one act contradict each other. Shown, never settled by us."""

    OPEN_AND_CLOSED = "open-and-closed"  # one payer says open, another met
    WOULD_REOPEN = "would-reopen"  # a payer says met; the newest value in this chart misses its target


@dataclass(frozen=True, slots=True)
class Verify:
    """ "Verify first": the data behind a row is older than the limit of its own class."""

    payer: str
    data: DataClass
    base: date  # data through, else calculated on
    days: int


@dataclass(frozen=True, slots=True)
class Card:
    """One clinical act, whatever payers ask for it: what is drawn as one row.

    `rows` are never empty; the first ranks and words the card. `closed` are the same act at payers who say it is met;
    where the chart's newest value would reopen it and no row of an open gap says so, such a gap has a row as well.
    `verify` is filled only where everybody who asks for the act speaks from data past its limit.
    """

    act: str  # what makes it one: the rule's key, "<key>/follow-up", else the measure's own name
    rows: tuple[GapRow, ...]
    closed: tuple[Gap, ...] = ()
    clashes: tuple[Clash, ...] = ()
    verify: tuple[Verify, ...] = ()

    @property
    def main(self) -> GapRow:
        """The row that ranks and words the card."""
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different from when this patient was last opened here.

    A state is a `State` or `PromptState` value, "met" where the payers say closed, or a `Hidden.why`. Twice the same
    state: the chart has a newer entry than it had then.
    """

    key: str  # of the card or prompt: Card.act, or "condition/…"
    label: str  # its service or condition, as it was or is called; may be a payer's words
    was: str  # its state then; empty: it is new
    now: str  # its state now; empty: it is gone


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the patient was last opened. `since` None: never opened before, or not remembered."""

    since: date | None = None
    items: tuple[Change, ...] = ()


class PromptState(StrEnum):
    ASSESS_HISTORIC = "assess-historic"
    ASSESS_SUSPECTED = "assess-suspected"
    PAYER_ONLY = "payer-only"  # only a payer's chart review, in-home assessment or device screen supports it: collapsed
    NO_EVIDENCE = "no-evidence"  # suspected without evidence: collapsed, never a prompt
    REMOVE = "consider-removing"  # a listed condition that the chart does not support, or contradicts
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
    label: str = ""  # a removal candidate that no payer lists: the words of the chart
    #: REMOVE: why it looks unsupported (acute-event-listed, cancer-without-treatment, labs-contradict, only-against,
    #: not-assessed-lately). HISTORY_TERM: the high-risk group. PAYER_ONLY: mis-keyed. present.py words the keys.
    because: str = ""
    modelled: bool = True  # False: a model without tables of ours, so no hierarchy was applied
    #: Whether this chart was searched for what speaks against it beyond its own entries (results, drugs, treatment).
    #: False: there is no such search for this condition, or it needs a chart type that is in `unread`.
    searched: bool = False
    absent: tuple[str, ...] = ()  # searched for and not found: no-anticoagulant, no-cancer-treatment, …
    unread: tuple[str, ...] = ()  # chart types that the search needs and that could not be read
    rule: RuleSource | None = None  # where the rule behind REMOVE, HISTORY_TERM or PAYER_ONLY comes from
    #: REMOVE: categories of the same condition that no payer asks about (closed, net-new, …): they are counted too.
    also: tuple[ConditionCategory, ...] = ()


@dataclass(frozen=True, slots=True)
class Hidden:
    """Counted, never prompted: net-new, pending, closed, invalid, superseded, settled. `by` names what dominates."""

    category: ConditionCategory
    why: str  # net-new | pending | closed | invalid | superseded | settled | unknown-status | period-over
    by: str = ""


class StatusKind(StrEnum):
    DECEASED = "deceased"
    HOSPICE = "hospice"
    PALLIATIVE = "palliative-care"
    PREGNANCY = "pregnancy"
    NURSING_HOME = "long-term-nursing-home"
    FRAILTY = "frailty-with-advanced-illness"
    UNREADABLE = "unreadable"  # a status could not be read: `source_ref` names the type


@dataclass(frozen=True, slots=True)
class PatientStatus:
    """A finding of the status gate with its source."""

    kind: StatusKind
    source_ref: str
    when: date | None = None
    what: str = ""
    sure: bool = True  # False: an entry only reads like it; nothing is withheld, a person must look


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
    data: DataClass | None = None  # what a payer's answer is made of, by its entry
    data_through: date | None = None  # oldest stated; None: not stated
    said: tuple[str, ...] = ()  # texts that the payer sent about its own answer, as written


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
    data: tuple[DataClass, ...] = ()
    restricted_by: tuple[str, ...] = ()  # entries of the chart for which it was not asked, in words


@dataclass(frozen=True, slots=True)
class IdentityNote:
    """Shown beside a report whose identity differs in a part that does not block (sex, family name)."""

    payer: str
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    patient: Patient | None
    status: tuple[PatientStatus, ...]
    gaps: tuple[Card, ...]  # expanded, at most MAX_GAPS, ranked
    more_gaps: tuple[Card, ...]  # counted, one tap away
    staff: tuple[Card, ...]  # the one collapsed line
    excluded: tuple[Card, ...]
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
    changes: Changes = Changes()
    #: What somebody has said enough about for now (`core.ledger.dismissal`), ranked; each is one tap away.
    put_away: tuple[Card, ...] = ()  # declined, not appropriate, already done, not now
    put_away_prompts: tuple[PromptRow, ...] = ()  # not present, not now
    settled: tuple[Card, ...] = ()  # done, ordered, handed over: sent and confirmed ones among them
    settled_prompts: tuple[PromptRow, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()  # ids of follow-ups that are kept now, and how (`core.ledger.keeping`)
