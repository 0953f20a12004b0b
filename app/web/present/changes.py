"""What changed since this patient was last opened: one quiet line, and what is behind it."""

from __future__ import annotations

from datetime import date

from app.core.flag import Change, Changes, PromptState, State
from app.web.present.dates import short_day
from app.web.present.prompts import HIDDEN_WORDS, unnumbered
from app.web.present.text import by_payer, counted, plain
from app.web.present.views import FoldPart, FoldView, LineView
from app.web.present.words import PROMPT_MARKS, STATE_MARKS

_STATES: dict[str, str] = {
    **{state.value: STATE_MARKS[state].word.casefold() for state in State},
    **{state.value: PROMPT_MARKS[state].word.casefold() for state in PromptState},
    **HIDDEN_WORDS,
    "met": "met, by the payers",
}


def changes_fold(found: Changes, today: date) -> FoldView:
    """Since 12 Nov: 2 changes. Without lines there is nothing to show."""
    since = f"Since {short_day(found.since, today)}" if found.since else "Since the last time"
    lines = tuple(LineView(change_line(each)) for each in found.items) if found.since else ()
    return FoldView("changes", f"{since}: {counted(len(lines), 'change')}", (FoldPart("", lines=lines),))


def change_line(change: Change) -> str:
    """HbA1c test: do today, was ordered"""
    label = unnumbered(by_payer(change.label)) or "One item"
    return f"{label}: {change_words(change)}"


def change_words(change: Change) -> str:
    now, was = state_words(change.now), state_words(change.was)
    if not was:
        return f"new, {now}"
    if not now:
        return f"no longer listed, was {was}"
    return f"still {now}, with a newer entry in this chart" if now == was else f"{now}, was {was}"


def state_words(state: str) -> str:
    return _STATES.get(state) or plain(state.replace("-", " "))
