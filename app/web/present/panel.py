"""The panel as a view: what is shown first, what is folded away, and the fragment's own next request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from app.core.flag import MAX_GAPS, MAX_PROMPTS, Card, Panel, PromptRow, SourceState
from app.core.schedule.tick import Tick
from app.web.present.acting import Rows
from app.web.present.acts import Acts
from app.web.present.dates import plain_day
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.people import header
from app.web.present.place import Drawn, Earlier, Held, as_now, drawn_row, held_back, keep_place
from app.web.present.prepared import prepared_words
from app.web.present.recorded import overdue_lines
from app.web.present.refusals import assess_words, unsent_words
from app.web.present.rest import clear_words, folds, none_words, unreviewed_words
from app.web.present.sources import strip
from app.web.present.standing import status_views
from app.web.present.troubles import troubles
from app.web.present.views import Links, PanelView, PromptView, RowView, WaitingView
from app.web.present.views.panel import JustView

DECEASED = "deceased"  # Panel.withheld
PROMPTS_WAIT = "Shown when the gaps are in."
PREPARED = "k0000000000"  # among the ids of what is drawn: the line above the rows that says what was prepared
FIRST = "Show the most urgent first"
SINCE = "Show what came since"
AWAY = "Fold away what is answered"
TAKEN_BACK = "taken back."


def panel(
    found: Panel,
    *,
    now: datetime,
    links: Links,
    version: str,
    ids: Ids,
    banner: bool = True,
    drawn: Drawn | None = None,
    earlier: Earlier | None = None,
    ticks: Sequence[Tick] = (),
    acts: Acts | None = None,
    kept: str = "",
) -> PanelView:
    """The view of the flags fragment.

    `now` is aware and in the clinic's zone. `version` is that of the answers `found` was built from. `drawn` is what
    the request said is on screen; `earlier` builds the panel that it was drawn from. `banner` False omits the patient
    header (SMART App Launch 2.2, need_patient_banner). `ticks` are the team's, of today's appointments. `acts`: under
    what may be recorded; `kept`: the id of the row of the last tap, which stays where it was drawn.
    """
    today, payers = now.date(), Payers.of(found.sources, found.identity)
    tapped, (before, kept) = kept, as_now(found, drawn or Drawn(), kept, ids)
    if acts and acts.refused[0] and acts.refused[0] == tapped:
        acts = replace(acts, refused=(kept, acts.refused[1]))
    rows_of = Rows(payers, today, ids, acts)
    held = held_back(found, before, earlier, ids, kept) if earlier else Held()
    stay = tuple(card for card in (*found.put_away, *found.settled) if ids.card(card) in before.ids)
    gaps = keep_place(found.gaps, (*found.more_gaps, *stay), before.ids, ids.card, MAX_GAPS, held.cards)
    settled = not _gaps_are_out(found)

    def prompt_id(row: PromptRow) -> str:
        """The id that it was drawn under, where a payer that came late words it now."""
        return next((id_ for id_ in ids.prompts(row) if id_ in held.prompts), ids.prompt(row))

    answered = (*found.put_away_prompts, *found.settled_prompts)
    stays = tuple(row for row in answered if prompt_id(row) in before.ids)
    prompts = keep_place(
        found.prompts if settled else (),
        (*found.more_prompts, *stays) if settled else (),
        before.ids,
        prompt_id,
        MAX_PROMPTS,
        held.prompts if settled else {},
    )
    expanded = (*gaps.ids, *prompts.ids)
    just = _just(found, kept, rows_of) if acts and kept and kept not in expanded else None
    rest = _without(found, (*expanded, *([kept] if just else [])), ids)
    away = bool(stay or stays)
    all_troubles = troubles(found.sources, today, ids)
    above = tuple(each for each in all_troubles if not before.rows or each.id in before.ids)
    prepared = prepared_words(ticks, now)
    marked = (PREPARED,) if prepared and (not before.rows or PREPARED in before.ids) else ()
    waits = held.cards.keys() | held.prompts.keys()
    rows = [drawn_row(each, found, before, each in waits, ids) for each in (*gaps.ids, *prompts.ids)]
    shown_gaps = tuple(rows_of.gap(card) for card in gaps.expanded)
    shown_prompts = tuple(rows_of.prompt(row) for row in prompts.expanded)
    moved = gaps.moved or prompts.moved
    return PanelView(
        header=header(found.patient, today=today, on_screen=banner) if found.patient else None,
        status=status_views(found.status, found.excluded, today),
        only_status=found.withheld == DECEASED,
        strip=strip(found.sources, now),
        troubles=above,
        late_troubles=tuple(each for each in all_troubles if each not in above),
        notes=_notes(found, gaps.expanded, payers),
        gaps=shown_gaps,
        says_clear="" if gaps.expanded else clear_words(found),
        says_none="" if gaps.expanded else none_words(found),
        prompts_wait="" if settled or not found.prompts else PROMPTS_WAIT,
        prompts=shown_prompts,
        folds=folds(rest, gaps, prompts, rows_of),
        unreviewed=unreviewed_words(found),
        reorder=SINCE if waits & {*gaps.ids, *prompts.ids} else AWAY if away else FIRST if moved else "",
        next_url=""
        if found.complete
        else _next(links, version, before, [*rows, *(each.id for each in above), *marked]),
        shown=f"As of {plain_day(today)}, {now:%H:%M}",
        prepared=prepared if marked else "",
        late_prepared="" if marked else prepared,
        overdue=overdue_lines(acts.ledger.follow_ups, now) if acts else (),
        unsent=unsent_words(acts.role, acts.sitting) if acts else "",
        assess_words=assess_words(acts.role, acts.sitting) if acts else "",
        just=just,
        said=_heard_of(
            kept, (*shown_gaps, *(just.rows if just else ())), (*shown_prompts, *(just.prompts if just else ()))
        )
        if kept
        else "",
        drawn=".".join([*rows, *(each.id for each in above), *marked]),
    )


def _just(found: Panel, kept: str, rows: Rows) -> JustView | None:
    """The row of the last tap that stands in a fold: short where it was answered, else only why it was not."""
    cards = [card for card in (*found.put_away, *found.settled) if rows.ids.card(card) == kept]
    prompts = [row for row in (*found.put_away_prompts, *found.settled_prompts) if kept in rows.ids.prompts(row)]
    words = rows.acts.refused[1] if rows.acts else ""
    if not (words or cards or prompts):
        return None
    return JustView(words, tuple(rows.gap(card) for card in cards), tuple(rows.prompt(row) for row in prompts))


def _heard_of(kept: str, rows: Sequence[RowView], prompts: Sequence[PromptView]) -> str:
    """What came of the last tap, for those who do not see the row."""
    views = [(row.service, row.acting) for row in rows if row.id == kept]
    views += [(prompt.title, prompt.acting) for prompt in prompts if prompt.id == kept]
    for label, acting in views:
        if acting is not None:
            return acting.notice or f"{label}: {acting.told[0].words if acting.told else TAKEN_BACK}"
    return ""


def _without(found: Panel, shown: Sequence[str], ids: Ids) -> Panel:
    """Without what is drawn above already: a late answer may have made it something for staff, or excluded it; what was
    answered stays where it stood.
    """
    staff, excluded, away, settled = (
        tuple(card for card in cards if ids.card(card) not in shown)
        for cards in (found.staff, found.excluded, found.put_away, found.settled)
    )
    put, done = (
        tuple(row for row in rows if not set(ids.prompts(row)) & set(shown))
        for rows in (found.put_away_prompts, found.settled_prompts)
    )
    return replace(
        found,
        staff=staff,
        excluded=excluded,
        put_away=away,
        settled=settled,
        put_away_prompts=put,
        settled_prompts=done,
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
