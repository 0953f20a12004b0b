"""Why to look at a patient first, in words: always with a number and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.core.schedule.row import Mark, MarkKind
from app.web.present.dates import short_day
from app.web.present.facts import type_words
from app.web.present.text import counted, plain

#: What a mark comes from, where the word for one entry of that type would mislead.
_SOURCES = {"Encounter": "visits on file", "RiskAssessment": "risk assessment"}


def mark_short(mark: Mark) -> str:
    """High risk 78 % (risk assessment)"""
    number = plain(mark.number)
    match mark.kind:
        case MarkKind.HIGH_RISK:
            words = f"High risk {number}"
        case MarkKind.DISCHARGED:
            where = f", {plain(mark.what)}" if mark.what else ""
            words = f"Discharged {counted(int(number), 'day')} ago{where}" if number.isdecimal() else "Discharged"
        case MarkKind.FREQUENT_ED:
            words = f"{number} emergency visits in a year"
        case MarkKind.OVERDUE_VISIT:
            words = f"No visit for {number} months"
    return f"{words} ({source_words(mark.source)})"


def mark_words(mark: Mark, today: date) -> str:
    """The whole of it: High risk: 78 %, Risk of admission, 23 Oct (risk assessment)"""
    return f"{', '.join(_parts(mark, today))} ({source_words(mark.source)})"


def _parts(mark: Mark, today: date) -> Iterable[str]:
    what, number = plain(mark.what), plain(mark.number)
    day = short_day(mark.when, today) if mark.when else ""
    match mark.kind:
        case MarkKind.HIGH_RISK:
            yield from filter(None, [f"High risk: {number}", what, day])
        case MarkKind.DISCHARGED:
            yield f"Discharged on {day}" if day else "Discharged"
            yield from filter(None, [what, f"day 30 is {short_day(mark.until, today)}" if mark.until else ""])
        case MarkKind.FREQUENT_ED:
            yield from filter(None, [f"{number} emergency visits in a year", day and f"the last on {day}"])
        case MarkKind.OVERDUE_VISIT:
            last = day if number.isdecimal() else ""  # "24+": what is named then is an older entry, and no visit
            yield from filter(None, [f"No visit for {number} months", last and f"the last on {last}"])


def source_words(source: str) -> str:
    """An entry of the chart by its kind; who says so as they are called."""
    kind, slash, _ = source.partition("/")
    return _SOURCES.get(kind, type_words(kind)) if slash else plain(source)
