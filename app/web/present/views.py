"""What the templates receive: finished words, marks and dates. Nothing is left to decide but "is it there".

Every string that came from an EHR or payer has been through `text.plain`; escaping is the template engine's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of one launch, as the routes made them."""

    page: str  # /l/<handle>/
    flags: str  # /l/<handle>/flags
    full: str  # the same as a whole page, for a browser without scripts
    retry: str
    end: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A state as word, shape and tone. The shape names a drawing in `macros.html`; the tone a colour in `app.css`."""

    word: str
    shape: str
    tone: str  # act | urgent | done | wait | unsure | quiet


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
    """A finding of the status gate."""

    kind: str
    mark: Mark
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One care gap. Every field is a sentence or says that it is not stated."""

    id: str
    payer: str
    state: str
    mark: Mark
    service: str
    action: str
    why: str
    last: tuple[Labelled, ...]
    due: str
    measure_end: str
    says: str
    as_of: str
    through: str
    note: str  # the payer's identity of this member differs in a part that does not block
    quotes: tuple[Quote, ...]
    details: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One piece of evidence: what it is, then date, setting and source."""

    what: str
    when: str
    setting: str
    source: str


@dataclass(frozen=True, slots=True)
class PromptView:
    """One condition to assess."""

    id: str
    payer: str
    state: str
    mark: Mark
    title: str  # "Assess: …"
    why: str
    action: str
    supporting: tuple[EvidenceView, ...]
    more_supporting: str  # "2 more below", where one side is longer than is shown
    against: tuple[EvidenceView, ...]
    more_against: str
    no_support: str  # said where there is none
    no_against: str
    says: str
    as_of: str
    note: str
    details: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """One question to one source, in the opened strip."""

    key: str
    state: str
    reason: str
    mark: Mark
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class TroubleView:
    """What did not work, what to do about it, and what a retry would ask again (empty: a retry would not help)."""

    id: str
    mark: Mark
    words: str
    advice: str
    retry_key: str
    retry_label: str  # for those who hear it: "Retry Lakeside Community Health"


@dataclass(frozen=True, slots=True)
class StripView:
    """Where the panel comes from: one line, and every source one tap away."""

    line: str  # every source, or what is still out: always one line, so that nothing below it moves
    asking: bool
    progress: str  # "2 of 4 answered", read out politely
    answered: int
    total: int
    sources: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True)
class FoldPart:
    """Rows, prompts or plain lines under a title (empty where the fold's summary has said it)."""

    title: str
    place: str = "more"  # more | staff | excluded
    rows: tuple[RowView, ...] = ()
    prompts: tuple[PromptView, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldView:
    """Something counted and one tap away."""

    id: str
    summary: str
    parts: tuple[FoldPart, ...]


@dataclass(frozen=True, slots=True)
class PanelView:
    """Everything of the flags fragment."""

    header: HeaderView | None
    status: tuple[StatusView, ...]
    only_status: bool  # deceased: the status and nothing else
    strip: StripView
    troubles: tuple[TroubleView, ...]
    late_troubles: tuple[TroubleView, ...]  # came after rows were drawn: below them, or they would push them away
    notes: tuple[str, ...]  # identity notes of payers without an expanded row
    gaps: tuple[RowView, ...]
    says_clear: str  # "No open gaps…", only when it may be said
    says_none: str  # why no gap is expanded, when it may not
    prompts: tuple[PromptView, ...]
    prompts_wait: str  # prompts are known, and held back while gaps may still be drawn above them
    folds: tuple[FoldView, ...]
    unreviewed: str  # how many of our rules on this screen nobody has reviewed
    reorder: str  # offered where the drawn order is not the ranking any more
    next_url: str  # the fragment's own next request; empty when all is in
    shown: str  # when this was put together


@dataclass(frozen=True, slots=True)
class WaitingView:
    """The shell before there is anything to show: it asks for the fragment, and again while nothing may be shown."""

    next_url: str
    words: str


@dataclass(frozen=True, slots=True)
class ShellView:
    """Whose launch it is, and what this launch may not read."""

    user: str
    role: str
    ehr: str
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A page that says what is wrong and what to do."""

    title: str
    advice: str
