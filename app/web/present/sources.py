"""The source strip: one line when all is well, and every source one tap away with how old its word is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from app.core.answers import Reason
from app.core.flag import SourceLine, SourceState
from app.web.present.dates import NOT_STATED, day_words, maybe_day, short_day, time_words
from app.web.present.names import short_names
from app.web.present.terms import lag
from app.web.present.text import distinct, listed, plain
from app.web.present.troubles import NO_PAYER, REASONS, is_partial, is_payer, source_mark, what_words
from app.web.present.views import SourceView, StripView
from app.web.present.words import CLASS_WORDS

_NOT_ASKED = frozenset({Reason.RESTRICTED, Reason.RESTRICTION_UNKNOWN})


def strip(lines: Sequence[SourceLine], now: datetime) -> StripView:
    """The strip over all sources. `now` carries the clinic's zone."""
    asking = [line for line in lines if line.state is SourceState.ASKING]
    answered = [line for line in lines if line.state in {SourceState.ANSWERED, SourceState.STALE}]
    progress = _progress(len(answered), len(lines), len(asking))
    parts = " · ".join(_parts(lines, now.date())) or "No source asked"
    return StripView(
        line=f"{_asking(asking)} {progress}" if asking else parts,
        asking=bool(asking),
        progress=progress,
        answered=len(answered),
        total=len(lines),
        sources=tuple(source_view(line, now) for line in lines),
    )


def _asking(lines: Sequence[SourceLine]) -> str:
    """Asking Northwind Health Plan… or, where several are out, Asking Northwind and Lakeside…"""
    names = distinct([plain(line.name) for line in lines])
    short = short_names(names)
    return f"Asking {names[0] if len(names) == 1 else listed([short[name] for name in names])}…"


def _progress(answered: int, total: int, asking: int) -> str:
    """2 of 4 answered, 1 did not: true at every moment, and short enough to be read out."""
    failed = total - answered - asking
    return f"{answered} of {total} answered" + (f", {failed} did not" if failed else "")


# --- the one line -----------------------------------------------------------------------------------------------------


def _parts(lines: Sequence[SourceLine], today: date) -> list[str]:
    """Sandbox EHR chart, Northwind 14 Nov, Lakeside no answer: one part a source, with its oldest date."""
    short = short_names([line.name for line in lines if is_payer(line)])
    parts: list[str] = []
    for name in distinct([line.name for line in lines]):
        own = [line for line in lines if line.name == name]
        shown = short[name] if name in short else f"{plain(name)} chart"
        parts.append(" ".join(filter(None, [shown, _part(own, today)])))
    return parts


def _part(lines: Sequence[SourceLine], today: date) -> str:
    if any(line.reason is Reason.NOT_CONNECTED for line in lines):
        return "not connected"
    if any(line.state is SourceState.ASKING for line in lines):
        return "…"
    if all(line.state is SourceState.NO_ANSWER for line in lines):
        return _silence({line.reason for line in lines})
    if any(line.state is SourceState.NO_ANSWER or is_partial(line) for line in lines):
        return "in part"
    if not is_payer(lines[0]):
        return "names no payer" if any(line.state is SourceState.NO_PAYER for line in lines) else ""
    dates = [line.calculated for line in lines if line.calculated]
    return short_day(min(dates), today) if dates else f"date {NOT_STATED}"


def _silence(reasons: set[Reason | None]) -> str:
    """Nothing was asked, something is hidden, or nobody answered: three different things."""
    if reasons <= _NOT_ASKED:
        return "not asked"
    return "hidden" if reasons == {Reason.HELD} else "no answer"


# --- every source -----------------------------------------------------------------------------------------------------


def source_view(line: SourceLine, now: datetime) -> SourceView:
    """One source of the opened strip."""
    return SourceView(
        key=line.key,
        state=line.state.value,
        reason=line.reason.value if line.reason else "",
        mark=source_mark(line),
        name=f"{plain(line.name)}, {what_words([line])}",
        words=_source_words(line, now),
    )


def _source_words(line: SourceLine, now: datetime) -> str:
    if line.state is SourceState.ASKING:
        return ""
    if line.state is SourceState.NO_PAYER:
        return NO_PAYER[0]
    if line.state is SourceState.NO_ANSWER:
        return REASONS[line.reason][0].format(name=plain(line.name), what=what_words([line])) if line.reason else ""
    read = time_words(line.received, now.tzinfo)
    return ", ".join(filter(None, [*_freshness(line, now.date()), f"read at {read}" if read else ""]))


def _freshness(line: SourceLine, today: date) -> list[str]:
    """What a payer's answer is made of, when it was calculated, how far its data goes, and how late such data is."""
    if not is_payer(line):
        return []
    return [
        f"from {CLASS_WORDS[line.data.kind]}" if line.data else f"kind of data {NOT_STATED}",
        f"calculated on {day_words(line.calculated, today)}" if line.calculated else f"calculation date {NOT_STATED}",
        f"data through {maybe_day(line.data_through, today)}",
        f"usually {lag(line.data.lag_days)} behind" if line.data else "",
    ]
