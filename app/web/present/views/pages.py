"""What stands around the panel, and the page that says why an item is on it."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.acting import ActingView
from app.web.present.views.marks import Mark
from app.web.present.views.rows import HeaderView, Labelled


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
    apart: str = ""  # this is not the chart that the EHR has open


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A page that says what is wrong and what to do."""

    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class DoorView:
    """A page that a role without the panel may open instead."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """One question that the page of an item answers."""

    title: str
    lines: tuple[Labelled, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldView:
    """The button that says of one payer that what it reports is not about this patient."""

    payer: str
    label: str


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why an item is on the panel. `mark` None: it is there no more, and `lead` says what happened."""

    id: str
    title: str
    header: HeaderView | None
    mark: Mark | None
    lead: tuple[str, ...]
    sections: tuple[SectionView, ...]
    holds: tuple[HoldView, ...]
    holds_title: str
    holds_words: str  # what the button does
    back_url: str
    acting: ActingView | None = None  # of a condition that has no row on the panel
