"""The panel as a view: what is shown first, what is folded away, and the fragment's own next request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from app.core.flag import MAX_GAPS, MAX_PROMPTS, Card, Panel, SourceState
from app.web.present.dates import plain_day
from app.web.present.gaps import row_id, row_view
from app.web.present.names import Payers
from app.web.present.people import header
from app.web.present.place import as_drawn, keep_place, voices
from app.web.present.prompts import prompt_id, prompt_view
from app.web.present.rest import clear_words, folds, none_words, unreviewed_words
from app.web.present.sources import strip
from app.web.present.standing import status_views
from app.web.present.troubles import troubles
from app.web.present.views import Links, PanelView, WaitingView

DECEASED = "deceased"  # Panel.withheld
PROMPTS_WAIT = "Shown when the gaps are in."
FIRST = "Show the most urgent first"
SINCE = "Show what came since"
ID_LENGTH = 11  # of a row: a letter and ten digits; behind it stand the payers who spoke on it
MAX_LENGTH = 31
MAX_DRAWN = 24  # rows and troubles that a request may name; more would be no URL of ours


@dataclass(frozen=True, slots=True)
class Drawn:
    """What this browser has in front of it: how often it asked, and the ids of the rows and troubles that it shows."""

    turn: int = 0
    ids: tuple[str, ...] = ()
    voices: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by row: who spoke on it when it was drawn

    @classmethod
    def parse(cls, turn: str, ids: str) -> Drawn:
        """From the query of the fragment's own request. Whatever is malformed counts as not drawn."""
        known = [each for each in ids.split(".") if each.isascii() and each.isalnum() and len(each) <= MAX_LENGTH]
        known = known[:MAX_DRAWN]
        said = {each[:ID_LENGTH]: each[ID_LENGTH:] for each in known}
        voices = {id_: frozenset(more[n : n + 2] for n in range(0, len(more), 2)) for id_, more in said.items() if more}
        return cls(int(turn) if turn.isdecimal() and len(turn) < 6 else 0, tuple(said), voices)

    @property
    def rows(self) -> bool:
        """Whether anything is drawn that could be pushed away."""
        return any(each.startswith(("g", "p")) for each in self.ids)


def panel(
    found: Panel, *, now: datetime, links: Links, version: str, banner: bool = True, drawn: Drawn | None = None
) -> PanelView:
    """The view of the flags fragment.

    `now` is aware and in the clinic's zone. `version` is that of the answers `found` was built from. `drawn` is what
    the request said is on screen. `banner` False omits the patient header (SMART App Launch 2.2, need_patient_banner).
    """
    before, today, payers = drawn or Drawn(), now.date(), Payers.of(found.sources, found.identity)
    gaps = keep_place(found.gaps, found.more_gaps, before.ids, row_id, MAX_GAPS)
    cards = tuple(as_drawn(card, before.voices.get(row_id(card), ())) for card in gaps.expanded)
    settled = not _gaps_are_out(found)
    prompts = keep_place(
        found.prompts if settled else (), found.more_prompts if settled else (), before.ids, prompt_id, MAX_PROMPTS
    )
    all_troubles = troubles(found.sources, today)
    above = tuple(each for each in all_troubles if not before.rows or each.id in before.ids)
    ids = [row_id(card) + voices(card) for card in cards] + [prompt_id(row) for row in prompts.expanded]
    return PanelView(
        header=header(found.patient, today=today, on_screen=banner) if found.patient else None,
        status=status_views(found.status, found.excluded, today),
        only_status=found.withheld == DECEASED,
        strip=strip(found.sources, now),
        troubles=above,
        late_troubles=tuple(each for each in all_troubles if each not in above),
        notes=_notes(found, gaps.expanded, payers),
        gaps=tuple(row_view(card, payers, today) for card in cards),
        says_clear=clear_words(found),
        says_none="" if gaps.expanded else none_words(found),
        prompts_wait="" if settled or not found.prompts else PROMPTS_WAIT,
        prompts=tuple(prompt_view(row, payers, today) for row in prompts.expanded),
        folds=folds(found, gaps, prompts, payers, today),
        unreviewed=unreviewed_words(found),
        reorder=FIRST if gaps.moved or prompts.moved else SINCE if cards != gaps.expanded else "",
        next_url="" if found.complete else _next(links, version, before, [*ids, *(each.id for each in above)]),
        shown=f"As of {plain_day(today)}, {now:%H:%M}",
    )


def _gaps_are_out(found: Panel) -> bool:
    """Whether a late gap may still come. Prompts stand below and are drawn only when nothing pushes them away."""
    above = {"chart", "coverage", "care-gaps"}
    return any(line.state is SourceState.ASKING and line.what in above for line in found.sources)


def _notes(found: Panel, expanded: Sequence[Card], payers: Payers) -> tuple[str, ...]:
    """Identity notes that no expanded gap says already."""
    said = {row.gap.payer for card in expanded for row in card.rows if row.gap}
    return tuple(payers.note(each.payer) for each in found.identity if each.payer not in said)


def waiting(links: Links, *, version: str = "", drawn: Drawn | None = None) -> WaitingView:
    """The page before its first fragment; with a version, the fragment while user or patient are not known yet."""
    url = _next(links, version, drawn or Drawn(), []) if version else links.flags
    return WaitingView(url, "Opening the chart…")


def _next(links: Links, version: str, before: Drawn, ids: list[str]) -> str:
    """The fragment's own next request.

    `turn` makes it differ from the last one: htmx fires `load` again only for a changed hx-get, and a long poll that
    ends without news has the version it began with.
    """
    query = {"seen": version, "turn": str(before.turn + 1), "drawn": ".".join(ids)}
    return f"{links.flags}?{urlencode(query)}"
