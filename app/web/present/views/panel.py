"""The flags fragment and its parts."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.marks import Mark
from app.web.present.views.rows import HeaderView, PromptView, RowView, StatusView


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of one launch, as the routes made them."""

    page: str  # /l/<handle>/
    flags: str  # /l/<handle>/flags
    full: str  # the same as a whole page, for a browser without scripts
    retry: str
    end: str
    why: str  # /l/<handle>/why/, before the id of an item
    schedule: str = ""  # the morning schedule, for who may see one
    back: str = ""  # the schedule that this patient was opened from
    act: str = ""
    undo: str = ""
    sent: str = ""  # what left for payers, for who may see it
    follow_ups: str = ""


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
class LineView:
    """A plain line of a fold. `id`: it has a page of its own that says why it stands there."""

    words: str
    id: str = ""
    about: str = ""  # what that page is about, for those who hear the link


@dataclass(frozen=True, slots=True)
class FoldPart:
    """Rows, prompts or plain lines under a title (empty where the fold's summary has said it)."""

    title: str
    place: str = "more"  # more | staff | excluded
    rows: tuple[RowView, ...] = ()
    prompts: tuple[PromptView, ...] = ()
    lines: tuple[LineView, ...] = ()


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
    prepared: str = ""  # what the team has marked for today's appointment
    late_prepared: str = ""  # the same, marked after rows were drawn: below them, or it would push them away
    overdue: tuple[str, ...] = ()  # what was promised about this patient and has not come
    unsent: str = ""  # said once where nothing leaves, whatever is recorded
    assess_words: str = ""  # why conditions cannot be assessed here
    just: JustView | None = None  # what came of the last tap, where its row is not expanded
    said: str = ""  # the same for those who hear it
    drawn: str = ""  # what is on screen, for the form of the next tap


@dataclass(frozen=True, slots=True)
class JustView:
    """The row of the last tap, where it stood in a fold; or why nothing was recorded."""

    words: str = ""
    rows: tuple[RowView, ...] = ()
    prompts: tuple[PromptView, ...] = ()
