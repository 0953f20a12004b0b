"""The panel as a view: what is shown first, what is counted, and what may be said when there is nothing to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from app.core.flag import MAX_GAPS, MAX_PROMPTS, GapRow, IdentityNote, Panel, PatientStatus, PromptRow, SourceState, StatusKind
from app.core.report import Gap, GapStatus
from app.web.present.dates import day_words, maybe_day, plain_day
from app.web.present.facts import types_words
from app.web.present.gaps import measure_title, row_id, row_view
from app.web.present.people import header
from app.web.present.place import Placed, keep_place
from app.web.present.prompts import hidden_count, prompt_id, prompt_view
from app.web.present.sources import strip
from app.web.present.text import by_payer, counted, distinct, listed, plain
from app.web.present.views import CountView, FoldView, Links, PanelView, StatusView
from app.web.present.words import GAP_STATUS_WORDS, STATUS_MARKS

DECEASED, HOSPICE = "deceased", "hospice"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What this browser has in front of it: the version of the answers, how often it asked, the ids of the expanded rows."""

    version: str = ""
    turn: int = 0
    rows: tuple[str, ...] = ()

    @classmethod
    def parse(cls, version: str, turn: str, rows: str) -> Drawn:
        """From the query of the fragment's own request; anything malformed counts as nothing drawn."""
        ids = tuple(each for each in rows.split(".") if each.isalnum() and len(each) <= 16)
        return cls(version, int(turn) if turn.isdecimal() and len(turn) < 6 else 0, ids[: MAX_GAPS + MAX_PROMPTS])


def panel(found: Panel, *, now: datetime, links: Links, banner: bool = True, version: str = "", drawn: Drawn | None = None) -> PanelView:
    """The fragment's view.

    `now` is aware and in the clinic's zone; `banner` False omits the patient header on screen (SMART App Launch 2.2,
    need_patient_banner). `version` is the version of the answers that `found` was built from, `drawn` what the request said
    the browser shows.
    """
    seen, today = drawn or Drawn(), now.date()
    gaps = keep_place(found.gaps, found.more_gaps, seen.rows, lambda row: row_id(row.gap), MAX_GAPS)
    prompts = keep_place(found.prompts, found.more_prompts, seen.rows, prompt_id, MAX_PROMPTS)
    names = _payer_names(found)
    shown = [row_id(row.gap) for row in gaps.expanded] + [prompt_id(row) for row in prompts.expanded]
    return PanelView(
        header=header(found.patient, today=today, on_screen=banner) if found.patient else None,
        status=tuple(_status(each, today) for each in found.status),
        only_status=found.withheld == DECEASED,
        strip=strip(found.sources, now),
        notes=tuple(_identity(note, names) for note in found.identity),
        gaps=_rows(gaps.expanded, names, today),
        says_clear=_clear(found),
        says_none="" if found.clear or gaps.expanded else _none(found),
        prompts=tuple(prompt_view(row, payers=names, today=today) for row in prompts.expanded),
        folds=_folds(found, gaps, prompts, names, today),
        counts=_counts(found, names, today),
        unreviewed=_unreviewed(found),
        reorder="Show the most urgent first" if gaps.late or prompts.late else "",
        next_url="" if found.complete else _next(links.flags, version, seen.turn + 1, shown),
        shown=f"As of {plain_day(today)}, {now:%H:%M}",
    )


def _payer_names(found: Panel) -> dict[str, str]:
    return {line.key.partition("/")[0]: plain(line.name) for line in found.sources if "/" in line.key}


def _name(names: dict[str, str], payer: str) -> str:
    return names.get(payer, plain(payer))


def _rows(rows: Sequence[GapRow], names: dict[str, str], today: date) -> tuple:  # type: ignore[type-arg]
    return tuple(row_view(row, payer=_name(names, row.gap.payer), today=today) for row in rows)


def _next(flags: str, version: str, turn: int, rows: list[str]) -> str:
    """The next request differs from the last one in `turn`: an unchanged hx-get would not fire again after a morph."""
    return f"{flags}?{urlencode({'seen': version, 'turn': turn, 'drawn': '.'.join(rows)})}"
