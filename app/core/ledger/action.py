"""One recorded action, the item it is about, and what follows from it for others. Types only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.core.ledger.verb import Kind, Verb, Why


@dataclass(frozen=True, slots=True)
class Target:
    """One payer's statement that a remark would go to: a group of one of its reports."""

    payer: str
    report_id: str
    group_id: str
    question: str  # care-gaps | risk
    dialect: str = ""  # as the report was read: "deqm-us-5.0.0", "ra-2.1.0"; empty: not known
    status: str = ""  # the payer's status then: GapStatus or evidence status
    measure: str = ""  # canonical|version
    key: str = ""  # of the act or condition, without the year: finds it again in a re-issued report
    reasons: tuple[str, ...] = ()  # codes of the payer's reasons then (DEQM care-gap-reason): a later one may be new


@dataclass(frozen=True, slots=True)
class Item:
    """What an action is about: one clinical act or one condition of one patient in one measurement period.

    Keyed by patient, act and period, never by payer ids: two items with a key in common are the same thing.
    """

    kind: Kind
    keys: tuple[str, ...]  # of the act or condition (`core.changes`), each with "@" and the last year of its period
    label: str  # service or condition, in our words, else the payer's
    facts: str  # fingerprint of what is known of it: another one is new evidence
    targets: tuple[Target, ...] = ()
    period_end: date | None = None
    state: str = ""  # flag.State or flag.PromptState then
    against: bool = False  # a removal candidate: the chart does not support what is listed
    settled_by: str = ""  # reference of the chart entry that settles it, if one does


@dataclass(frozen=True, slots=True)
class Action:
    """What one person recorded. `id` is empty until it is kept."""

    verb: Verb
    item: Item
    by: str = ""  # name, as shown
    who: str = ""  # fhirUser
    role: str = ""
    npi: str = ""
    at: datetime | None = None
    id: str = ""
    number: int = 0  # of this patient's actions, from 1: the order in which they were recorded
    whys: tuple[Why, ...] = ()
    word: str = ""  # what they wrote, at most 200 characters
    until: date | None = None  # NOT_NOW: None is the next visit
    on: date | None = None  # ALREADY_DONE: the day
    place: str = ""  # ALREADY_DONE: where
    evidence: tuple[str, ...] = ()  # references of chart entries
    agreed: bool = False  # NEEDS_HELP: the patient agreed to telling the plan
    encounter: str = ""  # Encounter/… of the launch; empty: there is none, and nothing leaves
    issuer: str = ""  # of the EHR
    undone_at: datetime | None = None
    undone_by: str = ""
