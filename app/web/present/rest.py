"""What stands around the expanded rows: what is folded away, and what may be said of nothing."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.answers import Reason
from app.core.flag import Card, Panel, PromptRow, PromptState, SourceState
from app.core.ledger.item import of_card
from app.core.report import Gap
from app.web.present.acting import Rows
from app.web.present.changes import changes_fold
from app.web.present.place import Placed
from app.web.present.prompts import condition_label, hidden_line, row_label
from app.web.present.saying import gap_line, measure_title
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.troubles import COVERAGE
from app.web.present.views import FoldPart, FoldView, LineView

CLEAR = "No open gaps. Every payer of every active coverage has answered."

_TO_ASSESS = frozenset({PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED, PromptState.REMOVE})


def clear_words(found: Panel) -> str:
    return CLEAR if found.clear else ""


def none_words(found: Panel) -> str:
    """What may be said where no gap is expanded and "No open gaps" may not be: never more than is known."""
    if found.clear or found.withheld:
        return ""
    if not found.complete:
        return "Nothing to show yet."
    if any(line.state is SourceState.NO_PAYER for line in found.sources):
        return "Without a payer on file nothing is known of gaps."
    if any(line.key == COVERAGE and line.state is SourceState.NO_ANSWER for line in found.sources):
        return "Open gaps cannot be ruled out: which payers to ask is not known."
    silent = distinct([plain(line.name) for line in found.sources if _is_silent(line.state, line.reason)])
    if silent:
        return f"Open gaps cannot be ruled out: nothing known from {listed(silent)}."
    if found.staff or found.more_gaps or found.excluded or found.settled or found.put_away:
        return "Nothing here needs you today. What is left stands below."
    return "No gap is listed, but not every question was answered, so open gaps cannot be ruled out."


def _is_silent(state: SourceState, reason: Reason | None) -> bool:
    return state is SourceState.NO_ANSWER or reason is Reason.NOT_CONNECTED


def folds(found: Panel, gaps: Placed[Card], prompts: Placed[PromptRow], rows: Rows) -> tuple[FoldView, ...]:
    """What changed, more gaps, what staff can do, more conditions, what was answered, and everything with nothing to
    do.
    """
    to_assess = [row for row in prompts.more if row.state in _TO_ASSESS]
    services = listed(distinct([plain(card.main.service) for card in found.staff]))
    late = f", {gaps.late} of them more urgent" if gaps.late else ""
    every = (
        changes_fold(found.changes, rows.today),
        FoldView(
            "more-gaps",
            f"{counted(len(gaps.more), 'more care gap')}{late}",
            (_rows("more", gaps.more, rows),),
        ),
        FoldView(
            "staff",
            f"For staff, without you: {services}{_against(found.staff, rows)}",
            (_rows("staff", found.staff, rows),),
        ),
        FoldView("more-prompts", _to_assess_words(to_assess), (_conditions("", to_assess, rows),)),
        _answered("settled", "done or under way", found.settled, found.settled_prompts, rows),
        _answered("put-away", "put away", found.put_away, found.put_away_prompts, rows),
        _nothing_to_do(found, [row for row in prompts.more if row.state not in _TO_ASSESS], rows),
    )
    return tuple(fold for fold in every if any(part.rows or part.prompts or part.lines for part in fold.parts))


def _against(cards: Sequence[Card], rows: Rows) -> str:
    """That a payer has contradicted what somebody here recorded: a folded line must not keep it from them."""
    acts = rows.acts
    count = sum(bool(acts.standing(of_card(card, rows.today)).conflicts) for card in cards) if acts else 0
    return f" ({count} contradicted by the plan)" if count else ""


def _to_assess_words(rows: Sequence[PromptRow]) -> str:
    """2 more conditions to assess, 1 listed, not supported"""
    removals = sum(row.state is PromptState.REMOVE for row in rows)
    if removals == len(rows):
        return f"{counted(removals, 'more listed condition')}, not supported"
    noted = f", {removals} listed, not supported" if removals else ""
    return f"{counted(len(rows), 'more condition')} to assess{noted}"


def _answered(name: str, words: str, cards: Sequence[Card], conditions: Sequence[PromptRow], rows: Rows) -> FoldView:
    """What somebody has said enough about for now, in one line; one tap away who, and the way back."""
    what = [*(plain(card.main.service) for card in cards), *(row_label(row) for row in conditions)]
    part = FoldPart("", name, tuple(rows.gap(card) for card in cards), tuple(rows.prompt(row) for row in conditions))
    return FoldView(name, f"{len(what)} {words}: {listed(distinct(what))}", (part,))


def _nothing_to_do(found: Panel, noted: Sequence[PromptRow], rows: Rows) -> FoldView:
    """Counted and never suggested: excluded, met, another status, noted and not prompted."""
    excluded = _rows("excluded", found.excluded, rows, _excluded_words(found))
    parts = (
        excluded,
        _gap_lines(f"{counted(len(found.closed), 'gap')} met", found.closed, rows),
        _gap_lines(f"{counted(len(found.other), 'gap')} with another status", found.other, rows),
        _conditions(f"{counted(len(noted), 'condition')} noted", noted, rows),
        FoldPart(
            f"{counted(len(found.hidden), 'condition')} not prompted",
            lines=tuple(
                LineView(hidden_line(item, rows.payers), rows.ids.hidden(item), condition_label(item.category))
                for item in found.hidden
            ),
        ),
    )
    filled = tuple(part for part in parts if part.rows or part.prompts or part.lines)
    return FoldView("nothing-to-do", f"Nothing to do: {listed([part.title for part in filled])}", filled)


def _excluded_words(found: Panel) -> str:
    services = listed(distinct([plain(card.main.service) for card in found.excluded]))
    return f"{counted(len(found.excluded), 'measure')} not applicable ({services})"


def _rows(place: str, items: Sequence[Card], rows: Rows, title: str = "") -> FoldPart:
    return FoldPart(title, place, rows=tuple(rows.gap(card) for card in items))


def _conditions(title: str, items: Sequence[PromptRow], rows: Rows) -> FoldPart:
    return FoldPart(title, prompts=tuple(rows.prompt(row) for row in items))


def _gap_lines(title: str, gaps: Sequence[Gap], rows: Rows) -> FoldPart:
    lines = (LineView(gap_line(gap, rows.payers, rows.today), rows.ids.gap(gap), measure_title(gap)) for gap in gaps)
    return FoldPart(title, lines=tuple(lines))


def unreviewed_words(found: Panel) -> str:
    """How many of our rules behind these rows no clinician has reviewed yet: said, not hidden (docs/rules.md)."""
    cards = (*found.gaps, *found.more_gaps, *found.staff, *found.excluded, *found.put_away, *found.settled)
    rows = [row for card in cards for row in card.rows]
    rules = {(row.rule.name, row.rule.version) for row in rows if row.rule and not row.rule.reviewer}
    verb = "is" if len(rules) == 1 else "are"
    return f"{counted(len(rules), 'rule')} of ours used here {verb} not yet reviewed by a clinician." if rules else ""
