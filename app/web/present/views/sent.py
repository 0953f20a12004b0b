"""What the page of what was sent receives: sections of messages, those for the payer meeting by payer."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.marks import Mark


@dataclass(frozen=True, slots=True)
class RowView:
    """One message. `paper` False: for the screen alone. `resend_url` empty: it cannot be let go again here."""

    id: str
    mark: Mark
    title: str
    to: str
    name: str
    ids: tuple[str, ...]
    said: str  # what was said, by whom
    state: str
    quote: str  # the receiver's own words
    paper: bool
    resend_url: str = ""


@dataclass(frozen=True, slots=True)
class GroupView:
    """Rows of one section; of the payer meeting, those of one payer, with the file of them."""

    id: str
    title: str
    rows: tuple[RowView, ...]
    more: str = ""
    file_url: str = ""
    file_words: str = ""
    off_paper: str = ""


@dataclass(frozen=True, slots=True)
class SectionView:
    id: str
    title: str
    lead: str
    groups: tuple[GroupView, ...]


@dataclass(frozen=True, slots=True)
class SentView:
    """The page. `said`: what came of the button that was pressed before."""

    title: str
    summary: str
    said: str
    sections: tuple[SectionView, ...]
    counts: tuple[str, ...]
