"""Our ranking in plain words: why a row stands where it stands (docs/rules.md, "Few and calm")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.core.flag import MAX_GAPS, MAX_PROMPTS, Card, Panel, PromptRow, PromptState, Urgency
from app.web.present.dates import NOT_STATED, day_words
from app.web.present.names import Payers
from app.web.present.reasons import About, due_words
from app.web.present.terms import ends
from app.web.present.views import Labelled
from app.web.present.words import URGENCY_WORDS

NO_PART = Labelled("Plays no part", "what a payer writes, how many payers ask, and which contract it is for")
_CLASS = {urgency: place for place, urgency in enumerate(Urgency, start=1)}
_PROMPT_KIND: dict[PromptState, str] = {
    PromptState.REMOVE: "to take off a list: one of the two expanded rows is kept for these",
    PromptState.ASSESS_HISTORIC: "documented before: stands before what is only suspected",
    PromptState.ASSESS_SUSPECTED: "suspected: stands after what was documented",
    PromptState.PAYER_ONLY: "known from the payer's record only: never expanded",
    PromptState.NO_EVIDENCE: "suspected without evidence: never expanded",
    PromptState.HISTORY_TERM: "an acute event, or a condition no longer treated: never expanded",
}


def gap_ranking(card: Card, found: Panel, today: date, fits: bool | None) -> tuple[Labelled, ...]:
    """In the order in which they decide: class, visit, due date, the measure's end."""
    row = card.main
    gaps = [each.gap for each in card.rows if each.gap]
    old = [Labelled("Old data", "stands after others of its class: the data that asks for it is past its limit")]
    return (
        Labelled("Urgency", f"{URGENCY_WORDS[row.urgency]}, class {_CLASS[row.urgency]} of {len(Urgency)}"),
        *(old if card.verify else []),
        Labelled("Fits this visit", _fits_words(fits)),
        Labelled("Due", due_words(About(row, Payers(), today))),
        Labelled("Last day", ends(gaps, today) or "no measure asks for it"),
        Labelled("Place", _place(card, found)),
        NO_PART,
    )


def _fits_words(fits: bool | None) -> str:
    if fits is None:
        return "not known: no visit was named when Chartside was opened"
    return "yes" if fits else "no: it needs the patient in the room"


def _place(card: Card, found: Panel) -> str:
    if card in found.staff:
        return "for staff: it can be settled without the clinician"
    if card in found.excluded:
        return "counted only: it does not apply to this patient"
    return _of(list((*found.gaps, *found.more_gaps)).index(card), len(found.gaps) + len(found.more_gaps), MAX_GAPS)


def prompt_ranking(row: PromptRow, found: Panel, today: date) -> tuple[Labelled, ...]:
    """In the order in which they decide: kind, something in this chart, the payer's last day."""
    deadlines = [category.deadline for category in row.categories if category.deadline]
    rows: Sequence[PromptRow] = (*found.prompts, *found.more_prompts)
    return (
        Labelled("Kind", _PROMPT_KIND[row.state]),
        Labelled("In this chart", "something supports it" if row.in_chart else "nothing supports it"),
        Labelled("Takes evidence until", day_words(min(deadlines), today) if deadlines else NOT_STATED),
        Labelled("Place", _of(rows.index(row), len(rows), MAX_PROMPTS)),
        NO_PART,
    )


def _of(index: int, number: int, budget: int) -> str:
    return f"number {index + 1} of {number}; at most {budget} are expanded"
