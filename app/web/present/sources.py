"""The source strip: one line when all is well, each trouble with what to do about it, every source one tap away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.core.answers import Reason
from app.core.flag import SourceLine, SourceState
from app.web.present.dates import NOT_STATED, day_words, short_day, time_words
from app.web.present.facts import types_words
from app.web.present.names import short_names
from app.web.present.text import by_payer, counted, distinct, listed, plain
from app.web.present.views import Mark, SourceView, StripView, TroubleView
from app.web.present.words import SOURCE_MARKS

CHART, COVERAGE = "chart", "coverage"

_WHAT = {CHART: "chart", COVERAGE: "coverage", "care-gaps": "care gaps", "risk": "conditions to assess"}

#: Each reason in words: what happened, and what to do. {name} is the source, {what} what was asked of it.
REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.NOT_CONNECTED: (
        "{name} is on file, but Chartside is not connected to it.",
        "Its gaps are not shown here; look in that payer's own portal.",
    ),
    Reason.NOT_ALLOWED: (
        "{name} does not let Chartside read the {what}.",
        "Ask the person who runs Chartside to have it allowed.",
    ),
    Reason.NOT_READABLE: (
        "{name} answered, but the answer could not be read.",
        "Retry. If it stays so, tell the person who runs Chartside.",
    ),
    Reason.NOT_IDENTIFIED: (
        "{name} does not know this patient by the member number on file.",
        "Check the member number in the coverage, then retry.",
    ),
    Reason.WRONG_PATIENT: (
        "{name} answered about somebody else. Nothing of that answer is shown.",
        "Tell the person who runs Chartside.",
    ),
    Reason.RESTRICTED: ("{name} was not asked: restriction on disclosure.", "Nothing about this patient was sent."),
    Reason.SIGNED_OUT: ("The sign-in to {name} has ended.", "Reopen Chartside from the patient's chart."),
    Reason.DOWN: ("{name} is not available now.", "Retry in a minute."),
    Reason.SLOW: ("{name} did not answer in time.", "Retry."),
    Reason.BUSY: ("{name} is busy.", "Retry in a minute."),
}

#: Where asking again can change the answer.
RETRYABLE = frozenset({Reason.NOT_READABLE, Reason.NOT_IDENTIFIED, Reason.DOWN, Reason.SLOW, Reason.BUSY})

NO_PAYER = (
    "No payer on file: nobody can be asked for gaps.",
    "If the patient is insured, add the coverage in the EHR.",
)
IN_PART = Mark("In part", "half", "unsure")


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


def _is_payer(line: SourceLine) -> bool:
    return "/" in line.key


def _parts(lines: Sequence[SourceLine], today: date) -> list[str]:
    """Sandbox EHR chart, Northwind 14 Nov, Lakeside no answer: one part a source, with its oldest date."""
    short = short_names([line.name for line in lines if _is_payer(line)])
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
        return "no answer"
    if any(line.state is SourceState.NO_ANSWER or _is_partial(line) for line in lines):
        return "in part"
    if not _is_payer(lines[0]):
        return "names no payer" if any(line.state is SourceState.NO_PAYER for line in lines) else ""
    dates = [line.calculated for line in lines if line.calculated]
    return short_day(min(dates), today) if dates else f"date {NOT_STATED}"


# --- troubles ---------------------------------------------------------------------------------------------------------


def troubles(lines: Sequence[SourceLine], today: date) -> list[TroubleView]:
    """One trouble per source and reason: a payer that fails two questions for one reason is one trouble.

    While a source is still being asked it has none: the words would grow, and push rows that are drawn by then.
    """
    asking = {line.name for line in lines if line.state is SourceState.ASKING}
    lines = [line for line in lines if line.name not in asking]
    groups: dict[tuple[str, Reason | None, SourceState], list[SourceLine]] = {}
    for line in lines:
        if line.state in {SourceState.NO_ANSWER, SourceState.STALE, SourceState.NO_PAYER}:
            groups.setdefault((line.name, line.reason, line.state), []).append(line)
    partly = [_partly(line) for line in lines if _is_partial(line)]
    return [_trouble(group, today) for group in groups.values()] + partly


def _is_partial(line: SourceLine) -> bool:
    return line.state is not SourceState.NO_ANSWER and bool(line.incomplete or line.unreadable)


def _trouble(lines: Sequence[SourceLine], today: date) -> TroubleView:
    line, name = lines[0], plain(lines[0].name)
    if line.reason is None:
        return TroubleView(
            _trouble_id(line.name, line.reason or ""), SOURCE_MARKS[line.state], *NO_PAYER, retry_key="", retry_label=""
        )
    happened, advice = REASONS[line.reason]
    retry = line.key if line.reason in RETRYABLE else ""
    return TroubleView(
        id=_trouble_id(line.name, line.reason or ""),  # the same when a second question fails as the first did
        mark=SOURCE_MARKS[line.state],
        words=happened.format(name=name, what=_what(lines)),
        advice=" ".join(filter(None, [_meaning(lines, today), advice])),
        retry_key=retry,
        retry_label=f"Retry {name}" if retry else "",
    )


def _what(lines: Sequence[SourceLine]) -> str:
    return listed(distinct([_WHAT.get(line.what, plain(line.what)) for line in lines]))


def _meaning(lines: Sequence[SourceLine], today: date) -> str:
    """What the trouble means for this screen."""
    line = lines[0]
    if line.state is SourceState.STALE:
        dates = [each.calculated for each in lines if each.calculated]
        return "Its earlier answer is shown" + (f", calculated on {day_words(min(dates), today)}." if dates else ".")
    if any(each.key == COVERAGE for each in lines):
        return "Which payers to ask is not known."
    asked = _is_payer(line) and line.reason in RETRYABLE
    return f"Not known from there: {_what(lines)}." if asked else ""


def _partly(line: SourceLine) -> TroubleView:
    """A good answer with something missing: named, because what is missing could settle a gap or be one."""
    name, payer = plain(line.name), _is_payer(line)
    words = []
    if line.incomplete and payer:
        said = listed([f"“{by_payer(each, 'withheld')}”" for each in line.incomplete])
        words.append(f"The answer of {name} is not whole: {said}.")
    elif line.incomplete:
        words.append(f"Not read from {name}: {types_words(line.incomplete)}.")
    if line.unreadable:
        words.append(f"{counted(line.unreadable, 'entry', 'entries')} of {name} could not be read.")
    meaning = "Its list may be longer than shown." if payer else "What needs them says “cannot tell”."
    advice = f"{meaning} {REASONS[line.reason][1]}" if line.reason else meaning
    retry = line.key if line.reason is None or line.reason in RETRYABLE else ""
    id_ = _trouble_id(line.key, "in part")
    return TroubleView(id_, IN_PART, " ".join(words), advice, retry, f"Retry {name}" if retry else "")


def _trouble_id(about: str, why: str) -> str:
    return "t" + hashlib.sha256(f"{about}|{why}".encode()).hexdigest()[:10]


# --- every source -----------------------------------------------------------------------------------------------------


def source_view(line: SourceLine, now: datetime) -> SourceView:
    """One source of the opened strip."""
    return SourceView(
        key=line.key,
        state=line.state.value,
        reason=line.reason.value if line.reason else "",
        mark=SOURCE_MARKS[line.state],
        name=f"{plain(line.name)}, {_what([line])}",
        words=_source_words(line, now),
    )


def _source_words(line: SourceLine, now: datetime) -> str:
    if line.state is SourceState.ASKING:
        return ""
    if line.state is SourceState.NO_PAYER:
        return NO_PAYER[0]
    if line.state is SourceState.NO_ANSWER:
        return REASONS[line.reason][0].format(name=plain(line.name), what=_what([line])) if line.reason else ""
    read = time_words(line.received, now.tzinfo)
    as_of = f"calculated on {day_words(line.calculated, now.date())}" if line.calculated else ""
    if not as_of and _is_payer(line):
        as_of = f"calculation date {NOT_STATED}"
    return ", ".join(filter(None, [as_of, f"read at {read}" if read else ""]))
