"""The morning schedule: the day, its rows, and what stands around them."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.marks import Mark
from app.web.present.views.panel import TroubleView
from app.web.present.views.rows import NameView


@dataclass(frozen=True, slots=True)
class LinkView:
    """A way to another view of the schedule. `here`: it is the one that is shown."""

    words: str
    url: str
    here: bool = False
    heard: str = ""  # what the link says to those who hear it, where its words alone do not tell


@dataclass(frozen=True, slots=True)
class FilterView:
    """One filter with its choices; the first one takes it off again."""

    title: str
    choices: tuple[LinkView, ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A hidden field, so that a form keeps the place that its page had."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HuddleLinks:
    """The addresses of one launch's schedule, as the routes made them; each with the day and provider that is shown.

    `open`, `tick` and `untick` are where the forms of a row are sent to; empty where this user may not, and so are the
    lists over all patients.
    """

    page: str
    bare: str  # the same without day, filters and all: a form adds them
    rows: str
    full: str  # the whole page as far as it has answered, for a browser without scripts
    find: str
    retry: str
    end: str
    panel: str  # the panel of the chart that is open in the EHR; empty without one
    ahead: str
    missed: str
    paper: str
    pdf: str
    open: str
    tick: str
    untick: str
    sent: str = ""
    follow_ups: str = ""


@dataclass(frozen=True, slots=True)
class ToolsView:
    """What a page of the schedule has above its rows. Nothing of it changes while the rows fill."""

    title: str  # the day
    days: tuple[LinkView, ...]
    day: str  # of the date field, ISO
    filters: tuple[FilterView, ...]
    filtered: str  # the line above the filters: which are on
    clear_url: str  # takes every filter and search off; empty where none is on
    find: str  # what is searched for
    keep: tuple[FieldView, ...]  # for the search: everything of the address but what is searched for
    keep_day: tuple[FieldView, ...]  # for the date field: everything but the day
    came_back: str = ""  # how much a payer contradicts of what this user has said


@dataclass(frozen=True, slots=True)
class TickView:
    """A button that marks something as prepared, or takes that back."""

    id: str
    url: str
    row: str
    step: str
    what: str
    label: str
    heard: str
    on: bool
    said: str = ""  # who marked it, and when
    asks_order: bool = False  # with a field for the order's number


@dataclass(frozen=True, slots=True)
class StepView:
    """One thing that somebody of the team does. `words` and `owner` are the line; the rest is one tap away."""

    key: str
    mark: Mark
    words: str
    owner: str
    note: str  # "next in-person visit", "ordered 4711"
    lines: tuple[str, ...]
    ticks: tuple[TickView, ...]


@dataclass(frozen=True, slots=True)
class NoteView:
    """Something to know of a visit before it begins. `strong`: it is about safety."""

    words: str
    mark: Mark | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class VisitView:
    """One row. `gone`: it was drawn, and is on the schedule no more; it keeps its place and says so."""

    id: str
    state: str  # asking | filled | withheld | gone
    time: str
    name: NameView | None
    unnamed: str  # in the place of a name
    others: tuple[NameView, ...]
    ids: tuple[str, ...]  # birth date and record number, or that they are not known yet
    visit: tuple[str, ...]  # kind of visit, mode, status, place
    reason: str
    notes: tuple[NoteView, ...]
    steps: tuple[StepView, ...]
    more_steps: tuple[StepView, ...]
    counts: str  # by kind; of a row that is being filled, that it is
    lines: tuple[str, ...]  # marks with number and source, what is not known, and of whom
    tick: TickView | None
    can_open: bool
    open_words: str  # what the name does; where it does nothing, how the panel is opened
    named: bool = False  # the appointment that the app was opened from
    gone: str = ""
    room: bool = False  # it was drawn before it was filled, and keeps room for what may come


@dataclass(frozen=True, slots=True)
class MeterView:
    """How many of its questions one source has answered."""

    id: str
    name: str
    words: str
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class ProgressView:
    """Where the rows come from: one line that never wraps, and every source one tap away with its own bar."""

    line: str
    asking: bool
    answered: int
    asked: int
    heard: str  # read out politely; the same words until a quarter more has come
    meters: tuple[MeterView, ...]
    label: str = "Answers received"


@dataclass(frozen=True, slots=True)
class HuddleView:
    """The fragment."""

    provider: str
    providers: tuple[LinkView, ...]  # whose days may be opened; none where there is but one
    choose: bool  # nothing to see here, and others' days to choose from: the choice stands open
    progress: ProgressView
    snapshot: str  # from when these rows are
    troubles: tuple[TroubleView, ...]
    problem: str  # why there are no rows, where that is no empty day
    advice: str
    empty: str
    summary: str  # 20 visits, 2 no-shows
    rows: tuple[VisitView, ...]
    caption: str
    added: str  # "1 visit was added": shown after a tap
    added_url: str
    added_full: str
    missed: tuple[VisitView, ...]
    missed_title: str
    how: str  # how a patient's panel is opened, where a row cannot
    next_url: str  # the fragment's own next request
    calm_url: str  # once everything is in: asked now and then, and answered only with news
    calm_id: str
    shown: str
    unreviewed: str  # how many of our rules behind these steps nobody has reviewed
    links: HuddleLinks  # with what is drawn now in those that draw it again
