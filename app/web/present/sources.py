"""The source strip: one line when all is well, each trouble named with what to do about it, every source one tap away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.core.answers import Reason
from app.core.flag import SourceLine, SourceState
from app.web.present.dates import NOT_STATED, day_words, short_day, time_words
from app.web.present.facts import TYPE_WORDS
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.views import Mark, SourceView, StripView, TroubleView
from app.web.present.words import SOURCE_MARKS

CHART, COVERAGE = "chart", "coverage"

_WHAT = {"chart": "chart", "coverage": "coverage", "care-gaps": "care gaps", "risk": "conditions to assess"}

#: Each reason in words: (what happened to {name}, what to do). "{name}" is the source's name.
REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.NOT_CONNECTED: (
        "{name} is on file, but Chartside is not connected to it.",
        "Its gaps are not shown here. Look in the payer's own portal.",
    ),
    Reason.NOT_ALLOWED: (
        "{name} does not let Chartside read this.",
        "What needs it says “cannot tell”. Ask the person who runs Chartside to have it allowed.",
    ),
    Reason.NOT_READABLE: (
        "{name} answered, but the answer could not be read.",
        "Retry. If it stays, tell the person who runs Chartside.",
    ),
    Reason.NOT_IDENTIFIED: (
        "{name} does not know this patient by the member number on file.",
        "Check the member number in the coverage, then retry.",
    ),
    Reason.WRONG_PATIENT: (
        "{name} answered about somebody else. Nothing of that answer is shown.",
        "Tell the person who runs Chartside; do not look this patient up there by hand.",
    ),
    Reason.RESTRICTED: (
        "{name} was not asked: restriction on disclosure.",
        "Nothing about this patient was sent.",
    ),
    Reason.SIGNED_OUT: (
        "The sign-in to {name} has ended.",
        "Reopen Chartside from the patient's chart.",
    ),
    Reason.DOWN: ("{name} is not available now.", "Retry in a minute."),
    Reason.SLOW: ("{name} did not answer in time.", "Retry."),
    Reason.BUSY: ("{name} is busy.", "Retry in a minute."),
}

#: Where asking again can change the answer.
RETRYABLE = frozenset({Reason.NOT_READABLE, Reason.NOT_IDENTIFIED, Reason.DOWN, Reason.SLOW, Reason.BUSY})

NO_PAYER = ("No payer on file: nobody can be asked for gaps.", "If the patient is insured, add the coverage in the EHR.")


def strip(lines: Sequence[SourceLine], now: datetime) -> StripView:
    """The strip over all sources. `now` carries the clinic's zone."""
    asking = [line for line in lines if line.state is SourceState.ASKING]
    answered = [line for line in lines if line.state in {SourceState.ANSWERED, SourceState.STALE}]
    return StripView(
        line=" · ".join(_parts(lines, now.date())) or "No source",
        asking=_asking(asking),
        progress=_progress(len(answered), len(lines), len(asking)),
        answered=len(answered),
        total=len(lines),
        troubles=tuple(_troubles(lines, now.date())),
        sources=tuple(source_view(line, now) for line in lines),
    )


def _asking(lines: Sequence[SourceLine]) -> str:
    """Asking Northwind Health Plan and Lakeside Community Health…"""
    names = distinct([plain(line.name) for line in lines])
    return f"Asking {listed(names)}…" if names else ""


def _progress(answered: int, total: int, asking: int) -> str:
    """2 of 4 answered, 1 did not; true at every moment, and short enough to be read out."""
    failed = total - answered - asking
    return f"{answered} of {total} answered" + (f", {failed} did not" if failed else "")


def _parts(lines: Sequence[SourceLine], today: date) -> list[str]:
    """Sandbox EHR chart · Northwind 14 Nov · Lakeside did not answer: one part a source, oldest date of each."""
    short = short_names([line.name for line in lines if line.what not in {CHART, COVERAGE}])
    parts: list[str] = []
    for name in distinct([line.name for line in lines]):
        own = [line for line in lines if line.name == name]
        payer = any(line.what not in {CHART, COVERAGE} for line in own) or all(line.key.startswith("coverage/") for line in own)
        shown = short.get(name, plain(name)) if payer else f"{plain(name)} chart"
        parts.append(" ".join(filter(None, [shown, _part(own, today, payer=payer)])))
    return parts


def _part(lines: Sequence[SourceLine], today: date, *, payer: bool) -> str:
    if any(line.reason is Reason.NOT_CONNECTED for line in lines):
        return "not connected"
    if any(line.state is SourceState.NO_PAYER for line in lines):
        return "names no payer"
    if any(line.state is SourceState.ASKING for line in lines):
        return "…"
    if any(line.state is SourceState.NO_ANSWER for line in lines):
        return "in part" if any(line.state is not SourceState.NO_ANSWER for line in lines) else "no answer"
    if not payer:
        return "in part" if any(line.incomplete for line in lines) else ""
    dates = [line.calculated for line in lines if line.calculated]
    return short_day(min(dates), today) if dates else f"date {NOT_STATED}"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The first word of each name where it is long enough and belongs to one name only; else the whole name."""
    first = {name: plain(name).split(" ")[0] for name in distinct(names)}
    uses = list(first.values())
    return {name: word if len(word) > 3 and uses.count(word) == 1 else plain(name) for name, word in first.items()}


def _troubles(lines: Sequence[SourceLine], today: date) -> list[TroubleView]:
    """One trouble per source and reason: a payer that fails two questions for one reason is one trouble."""
    groups: dict[tuple[str, str, SourceState], list[SourceLine]] = {}
    for line in lines:
        if line.reason or line.state is SourceState.NO_PAYER:
            groups.setdefault((line.name, line.reason or "", line.state), []).append(line)
    troubles = [_trouble(group, today) for group in groups.values()]
    return troubles + [_partly(line) for line in lines if not line.reason and (line.incomplete or line.unreadable)]


def _trouble(lines: Sequence[SourceLine], today: date) -> TroubleView:
    line = lines[0]
    name, mark = plain(line.name), SOURCE_MARKS[line.state]
    if line.reason is None:
        return TroubleView(_trouble_id(line), mark, *NO_PAYER, retry_key="", retry_label="")
    happened, advice = REASONS[line.reason]
    words = happened.format(name=name)
    if line.state is SourceState.STALE:
        dates = [each.calculated for each in lines if each.calculated]
        as_of = f", calculated on {day_words(min(dates), today)}" if dates else ""
        words = f"{words} Its earlier answer is shown{as_of}."
    if line.what not in {CHART, COVERAGE} and line.reason in RETRYABLE and line.state is SourceState.NO_ANSWER:
        words = f"{words} Not known from there: {listed([_WHAT.get(each.what, plain(each.what)) for each in lines])}."
    retry = line.key if line.reason in RETRYABLE else ""
    return TroubleView(_trouble_id(line), mark, words, advice, retry, f"Retry {name}" if retry else "")


def _partly(line: SourceLine) -> TroubleView:
    """A good answer with something missing: named, because what is missing could settle a gap."""
    parts = [TYPE_WORDS.get(name, ("", plain(name)))[1] for name in line.incomplete]
    words = [f"Not read from {plain(line.name)}: {listed(parts)}."] if parts else []
    if line.unreadable:
        words.append(f"{counted(line.unreadable, 'entry', 'entries')} of {plain(line.name)} could not be read.")
    advice = "What needs them says “cannot tell”." if line.what == CHART else "Its list may be longer than shown."
    return TroubleView(_trouble_id(line), Mark("In part", "half", "unsure"), " ".join(words), advice, line.key, f"Retry {plain(line.name)}")


def _trouble_id(line: SourceLine) -> str:
    safe = "".join(c if c.isalnum() else "-" for c in line.key)
    return f"trouble-{safe}"


def source_view(line: SourceLine, now: datetime) -> SourceView:
    """One source of the opened strip."""
    mark = SOURCE_MARKS[line.state]
    what = _WHAT.get(line.what, plain(line.what))
    return SourceView(
        key=line.key,
        state=line.state.value,
        reason=line.reason.value if line.reason else "",
        mark=mark,
        name=f"{plain(line.name)}, {what}",
        words=_source_words(line, now),
    )


def _source_words(line: SourceLine, now: datetime) -> str:
    if line.state is SourceState.ASKING:
        return "asking…"
    if line.state is SourceState.NO_PAYER:
        return NO_PAYER[0]
    if line.state is SourceState.NO_ANSWER:
        reason = REASONS[line.reason][0].format(name=plain(line.name)) if line.reason else "No answer."
        return reason
    read = time_words(line.received, now.tzinfo)
    as_of = f"calculated on {day_words(line.calculated, now.date())}" if line.calculated else ""
    if not as_of and line.what not in {CHART, COVERAGE}:
        as_of = f"calculation date {NOT_STATED}"
    return ", ".join(filter(None, [as_of, f"read at {read}" if read else ""]))
