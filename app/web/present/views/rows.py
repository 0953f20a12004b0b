"""What one row is made of: a care gap, a condition, a finding of the status gate."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.acting import ActingView
from app.web.present.views.marks import Mark


@dataclass(frozen=True, slots=True)
class Quote:
    """A payer's own words. They are shown as a quotation and never steer anything."""

    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """One line of a list of facts."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class NameView:
    """A name with its script (BCP 47, empty for Latin). `before` says which name it is: "formerly"."""

    words: str
    lang: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class HeaderView:
    """Who the patient is: name, birth date and record number, so that two identifiers are always in sight."""

    name: NameView
    others: tuple[NameView, ...]
    born: str
    sex: str
    record: str
    on_screen: bool  # False: the EHR's own banner shows the patient around us; still printed


@dataclass(frozen=True, slots=True)
class StatusView:
    """A finding of the status gate. `quiet`: it changes measures, not the panel; one line."""

    kind: str
    mark: Mark
    words: str
    source: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class TermsView:
    """One payer's own terms of an act that several ask for."""

    payer: str
    says: str
    lines: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """One clinical act. Every field is a sentence or says that it is not stated; a row without a payer has no terms."""

    id: str
    payer: str
    state: str
    mark: Mark
    service: str
    action: str
    why: str
    verify: str  # "verify first": the act, and how old the data behind it is
    clashes: tuple[str, ...]  # payers that contradict each other, or the chart
    last: tuple[Labelled, ...]
    due: str
    measure_end: str
    says: str
    as_of: str
    through: str
    note: str  # a payer's identity of this member differs in a part that does not block
    quotes: tuple[Quote, ...]
    terms: tuple[TermsView, ...]  # where several payers ask for it
    details: tuple[Labelled, ...]
    acting: ActingView | None = None  # None: nothing is recorded where it is drawn


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One piece of evidence: what it is, then date, setting and source; of what was not found, where it was sought."""

    what: str
    when: str
    setting: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class PromptView:
    """One condition to assess, or to take off a list."""

    id: str
    payer: str
    state: str
    mark: Mark
    title: str  # "Assess: …"
    why: str
    action: str
    supporting: tuple[EvidenceView, ...]
    more_supporting: str  # "and 2 more", where one side is longer than is shown
    against: tuple[EvidenceView, ...]
    more_against: str
    no_support: str  # said where there is none
    no_against: str
    says: str
    as_of: str
    note: str
    details: tuple[Labelled, ...]
    acting: ActingView | None = None
