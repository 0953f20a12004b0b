"""The panel as a view: what is shown first, what is folded away, and the fragment's own next request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from app.core.flag import MAX_GAPS, MAX_PROMPTS, Panel
from app.web.present.dates import plain_day
from app.web.present.gaps import row_id, row_view
from app.web.present.names import Payers
from app.web.present.people import header
from app.web.present.place import keep_place
from app.web.present.prompts import prompt_id, prompt_view
from app.web.present.rest import clear_words, folds, identity_words, none_words, status_view, unreviewed_words
from app.web.present.sources import strip
from app.web.present.views import Links, PanelView, WaitingView

DECEASED = "deceased"  # Panel.withheld


@dataclass(frozen=True, slots=True)
class Drawn:
    """What this browser has in front of it: how often it asked, and the ids of the expanded rows."""

    turn: int = 0
    rows: tuple[str, ...] = ()

    @classmethod
    def parse(cls, turn: str, rows: str) -> Drawn:
        """From the query of the fragment's own request. Whatever is malformed counts as not drawn."""
        ids = tuple(each for each in rows.split(".") if each.isalnum() and each.isascii() and len(each) <= 16)
        return cls(int(turn) if turn.isdecimal() and len(turn) < 6 else 0, ids[: MAX_GAPS + MAX_PROMPTS])


def panel(
    found: Panel, *, now: datetime, links: Links, version: str, banner: bool = True, drawn: Drawn | None = None
) -> PanelView:
    """The view of the flags fragment.

    `now` is aware and in the clinic's zone. `version` is that of the answers `found` was built from. `drawn` is what the
    request said is on screen. `banner` False omits the patient header there (SMART App Launch 2.2, need_patient_banner).
    """
    before, today, payers = drawn or Drawn(), now.date(), Payers.of(found.sources)
    gaps = keep_place(found.gaps, found.more_gaps, before.rows, lambda row: row_id(row.gap), MAX_GAPS)
    prompts = keep_place(found.prompts, found.more_prompts, before.rows, prompt_id, MAX_PROMPTS)
    ids = [row_id(row.gap) for row in gaps.expanded] + [prompt_id(row) for row in prompts.expanded]
    return PanelView(
        header=header(found.patient, today=today, on_screen=banner) if found.patient else None,
        status=tuple(status_view(each, today) for each in found.status),
        only_status=found.withheld == DECEASED,
        strip=strip(found.sources, now),
        notes=tuple(identity_words(note, payers) for note in found.identity),
        gaps=tuple(row_view(row, payers, today) for row in gaps.expanded),
        says_clear=clear_words(found),
        says_none="" if gaps.expanded else none_words(found),
        prompts=tuple(prompt_view(row, payers, today) for row in prompts.expanded),
        folds=folds(found, gaps, prompts, payers, today),
        unreviewed=unreviewed_words(found),
        reorder="Show the most urgent first" if gaps.moved or prompts.moved else "",
        next_url="" if found.complete else _next(links, version, before, ids),
        shown=f"As of {plain_day(today)}, {now:%H:%M}",
    )


def waiting(links: Links, *, version: str = "", drawn: Drawn | None = None) -> WaitingView:
    """The page before its first fragment; with a version, the fragment while user or patient are not known yet."""
    url = _next(links, version, drawn or Drawn(), []) if version else links.flags
    return WaitingView(url, "Opening the chart…")


def _next(links: Links, version: str, before: Drawn, rows: list[str]) -> str:
    """The fragment's own next request.

    `turn` makes it differ from the last one: htmx fires `load` again only for a changed hx-get, and a long poll that
    ends without news has the version it began with.
    """
    query = {"seen": version, "turn": str(before.turn + 1), "drawn": ".".join(rows)}
    return f"{links.flags}?{urlencode(query)}"
