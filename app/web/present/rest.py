"""What stands around the expanded rows: patient status, what is folded away, what may be said of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.core.answers import Reason
from app.core.flag import GapRow, Panel, PatientStatus, PromptRow, PromptState, SourceState, StatusKind
from app.core.report import Gap
from app.web.present.dates import day_words, maybe_day
from app.web.present.facts import type_words, types_words
from app.web.present.gaps import measure_title, row_view, says
from app.web.present.names import Payers
from app.web.present.place import Placed
from app.web.present.prompts import hidden_line, prompt_view
from app.web.present.sources import COVERAGE
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.views import FoldPart, FoldView, StatusView
from app.web.present.words import STATUS_MARKS

CLEAR = "No open gaps. Every payer of every active coverage has answered."

_TO_ASSESS = frozenset({PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED})


def status_views(found: Sequence[PatientStatus], today: date) -> tuple[StatusView, ...]:
    """The findings of the status gate; whatever could not be read is one of them."""
    unread = [status.source_ref for status in found if status.kind is StatusKind.UNREADABLE]
    views = [_status_view(status, today) for status in found if status.kind is not StatusKind.UNREADABLE]
    if unread:
        words = f"Not read: {types_words(unread)}. Hospice care or death may be missed here."
        kind = StatusKind.UNREADABLE
        views.append(StatusView(kind.value, STATUS_MARKS[kind], words, source=""))
    return tuple(views)


def _status_view(status: PatientStatus, today: date) -> StatusView:
    """Death is said once, plainly, and nothing is asked of the reader."""
    when = day_words(status.when, today) if status.when else ""
    if status.kind is StatusKind.DECEASED:
        words = f"The chart records that this patient died{' on ' + when if when else ''}. Nothing is suggested."
    else:
        words = f"In hospice care{', since ' + when if when else ''}. Nothing is suggested."
    source = [type_words(status.source_ref.partition("/")[0]), plain(status.what)]
    return StatusView(status.kind.value, STATUS_MARKS[status.kind], words, f"Source: {', '.join(filter(None, source))}")


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
    if found.staff or found.more_gaps:
        return "Nothing here needs you today. What is left stands below."
    return "No gap is listed, but not every question was answered, so open gaps cannot be ruled out."


def _is_silent(state: SourceState, reason: Reason | None) -> bool:
    return state is SourceState.NO_ANSWER or reason is Reason.NOT_CONNECTED


def folds(
    found: Panel, gaps: Placed[GapRow], prompts: Placed[PromptRow], payers: Payers, today: date
) -> tuple[FoldView, ...]:
    """More gaps, what staff can do, more conditions, and everything with nothing to do."""
    to_assess = [row for row in prompts.more if row.state in _TO_ASSESS]
    services = listed(distinct([plain(row.service) for row in found.staff]))
    late = f", {gaps.late} of them more urgent" if gaps.late else ""
    every = (
        FoldView(
            "more-gaps", f"{counted(len(gaps.more), 'more care gap')}{late}", (_rows("more", gaps.more, payers, today),)
        ),
        FoldView("staff", f"For staff, without you: {services}", (_rows("staff", found.staff, payers, today),)),
        FoldView(
            "more-prompts",
            f"{counted(len(to_assess), 'more condition')} to assess",
            (_conditions("", to_assess, payers, today),),
        ),
        _nothing_to_do(found, [row for row in prompts.more if row.state not in _TO_ASSESS], payers, today),
    )
    return tuple(fold for fold in every if any(part.rows or part.prompts or part.lines for part in fold.parts))


def _nothing_to_do(found: Panel, noted: Sequence[PromptRow], payers: Payers, today: date) -> FoldView:
    """Counted and never suggested: excluded, met, another status, noted and not prompted."""
    excluded = _rows("excluded", found.excluded, payers, today, _excluded_words(found))
    parts = (
        excluded,
        _gap_lines(f"{counted(len(found.closed), 'gap')} met", found.closed, payers, today),
        _gap_lines(f"{counted(len(found.other), 'gap')} with another status", found.other, payers, today),
        _conditions(f"{counted(len(noted), 'condition')} noted", noted, payers, today),
        FoldPart(
            f"{counted(len(found.hidden), 'condition')} not prompted",
            lines=tuple(hidden_line(item, payers) for item in found.hidden),
        ),
    )
    filled = tuple(part for part in parts if part.rows or part.prompts or part.lines)
    return FoldView("nothing-to-do", f"Nothing to do: {listed([part.title for part in filled])}", filled)


def _excluded_words(found: Panel) -> str:
    services = listed(distinct([plain(row.service) for row in found.excluded]))
    return f"{counted(len(found.excluded), 'measure')} not applicable ({services})"


def _rows(place: str, items: Sequence[GapRow], payers: Payers, today: date, title: str = "") -> FoldPart:
    return FoldPart(title, place, rows=tuple(row_view(row, payers, today) for row in items))


def _conditions(title: str, items: Sequence[PromptRow], payers: Payers, today: date) -> FoldPart:
    return FoldPart(title, prompts=tuple(prompt_view(row, payers, today) for row in items))


def _gap_lines(title: str, gaps: Sequence[Gap], payers: Payers, today: date) -> FoldPart:
    lines = (
        f"{measure_title(gap)}: {says(gap, payers.full(gap.payer))}, calculated on {maybe_day(gap.calculated, today)}"
        for gap in gaps
    )
    return FoldPart(title, lines=tuple(lines))


def unreviewed_words(found: Panel) -> str:
    """How many of our rules behind these rows no clinician has reviewed yet: said, not hidden (docs/rules.md)."""
    rows = (*found.gaps, *found.more_gaps, *found.staff, *found.excluded)
    rules = {(row.rule.name, row.rule.version) for row in rows if row.rule and not row.rule.reviewer}
    verb = "is" if len(rules) == 1 else "are"
    return f"{counted(len(rules), 'rule')} of ours used here {verb} not yet reviewed by a clinician." if rules else ""
