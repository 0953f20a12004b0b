"""What the printed schedule receives, as a page and as a PDF: finished words, and nothing that may not be on paper."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.rows import NameView


@dataclass(frozen=True, slots=True)
class PaperStep:
    """One thing to do, with a box to tick. `done`: who ticked it on the screen, and when."""

    words: str
    owner: str
    note: str
    done: str


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One visit. `names` holds the main name and the others: letters that a PDF cannot set fall back to the next."""

    time: str
    names: tuple[NameView, ...]
    identifiers: tuple[str, ...]  # birth date and record number, or that they are not stated
    visit: str  # kind of visit, mode, place
    reason: str
    notes: str  # new patient, interpreter, similar name, …
    marks: tuple[str, ...]
    counts: str
    steps: tuple[PaperStep, ...]
    more: str  # how many items are not on this sheet


@dataclass(frozen=True, slots=True)
class SheetView:
    """The sheet: `rows` in time order; `destroy` stands at the foot of every page."""

    title: str
    clinic: str
    provider: str
    day: str
    printed: str
    warnings: tuple[str, ...]  # from the snapshot, not complete, a payer that is silent
    summary: str
    sources: str  # how old what stands here is
    left_out: str
    rows: tuple[PaperRow, ...]
    empty: str  # instead of rows
    destroy: str
    file_name: str  # of the PDF: no person in it
