"""What did not work: each trouble with what it means for this screen and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from app.core.answers import Reason
from app.core.flag import SourceLine, SourceState
from app.web.present.dates import day_words
from app.web.present.facts import types_words
from app.web.present.ids import Ids
from app.web.present.lacks import lack_words
from app.web.present.text import by_payer, counted, distinct, listed, plain
from app.web.present.views import Mark, TroubleView
from app.web.present.words import HIDDEN, IN_PART, NOT_ASKED, NOT_THIS_PATIENT, SOURCE_MARKS

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
    Reason.RESTRICTION_UNKNOWN: (
        "{name} was not asked: whether disclosure is restricted is not certain.",
        "Nothing about this patient was sent. Retry to read it again.",
    ),
    Reason.HELD: (
        f"The answer of {{name}} was marked “{NOT_THIS_PATIENT}”. It is hidden for everyone.",
        "The privacy officer looks at it.",
    ),
    Reason.CANNOT_LIST: (
        "{name} cannot list a schedule for Chartside. This is not an empty day.",
        "Open each patient's chart in the EHR, and Chartside from there. The person who runs Chartside can have the "
        "schedule read by location, or patient by patient from a worklist file.",
    ),
    Reason.NOT_AHEAD: ("{name} was not asked ahead for what is confidential.", "Retry to ask it now."),
    Reason.SIGNED_OUT: ("The sign-in to {name} has ended.", "Reopen Chartside from the patient's chart."),
    Reason.DOWN: ("{name} is not available now.", "Retry in a minute."),
    Reason.SLOW: ("{name} did not answer in time.", "Retry."),
    Reason.BUSY: ("{name} is busy.", "Retry in a minute."),
}

#: Where asking again can change the answer.
RETRYABLE = frozenset({
    Reason.NOT_READABLE, Reason.NOT_IDENTIFIED, Reason.RESTRICTION_UNKNOWN, Reason.NOT_AHEAD, Reason.DOWN,
    Reason.SLOW, Reason.BUSY,
})  # fmt: skip

NO_PAYER = (
    "No payer on file: nobody can be asked for gaps.",
    "If the patient is insured, add the coverage in the EHR.",
)

#: What happened where only a part of a source was not read; the reasons' own sentences speak of all of it.
_OF_A_PART: Mapping[Reason, str] = {
    Reason.NOT_ALLOWED: "{name} does not let Chartside read it.",
    Reason.NOT_READABLE: "The answer could not be read.",
    Reason.SIGNED_OUT: "The sign-in to {name} has ended.",
    Reason.DOWN: "{name} was not available for it.",
    Reason.SLOW: "{name} did not answer in time.",
    Reason.BUSY: "{name} was busy.",
}
_MARKS: Mapping[Reason | None, Mark] = {
    Reason.RESTRICTED: NOT_ASKED,
    Reason.RESTRICTION_UNKNOWN: NOT_ASKED,
    Reason.HELD: HIDDEN,
    Reason.WRONG_PATIENT: HIDDEN,
}


def troubles(lines: Sequence[SourceLine], today: date, ids: Ids) -> list[TroubleView]:
    """One trouble per source and reason: a payer that fails two questions for one reason is one trouble.

    While a source is still being asked it has none: the words would grow, and push rows that are drawn by then.
    """
    asking = {line.name for line in lines if line.state is SourceState.ASKING}
    lines = [line for line in lines if line.name not in asking]
    groups: dict[tuple[str, Reason | None, SourceState], list[SourceLine]] = {}
    for line in lines:
        if line.state in {SourceState.NO_ANSWER, SourceState.STALE, SourceState.NO_PAYER}:
            groups.setdefault((line.name, line.reason, line.state), []).append(line)
    partly = [_partly(line, ids) for line in lines if is_partial(line)]
    return [_trouble(group, today, ids) for group in groups.values()] + partly


def source_mark(line: SourceLine) -> Mark:
    """The state of a source; what was not asked, or is hidden, did not fail to answer."""
    if line.state is SourceState.NO_ANSWER and line.reason in _MARKS:
        return _MARKS[line.reason]
    return IN_PART if line.state is SourceState.ANSWERED and is_partial(line) else SOURCE_MARKS[line.state]


def is_payer(line: SourceLine) -> bool:
    return "/" in line.key


def is_partial(line: SourceLine) -> bool:
    return line.state is not SourceState.NO_ANSWER and bool(line.incomplete or line.said or line.unreadable)


def _trouble(lines: Sequence[SourceLine], today: date, ids: Ids) -> TroubleView:
    line, name = lines[0], plain(lines[0].name)
    if line.reason is None:
        return TroubleView(
            ids.trouble(line.name, line.reason or ""), SOURCE_MARKS[line.state], *NO_PAYER, retry_key="", retry_label=""
        )
    happened, advice = REASONS[line.reason]
    retry = line.key if line.reason in RETRYABLE else ""
    return TroubleView(
        id=ids.trouble(line.name, line.reason or ""),  # the same when a second question fails as the first did
        mark=source_mark(line),
        words=" ".join(filter(None, [happened.format(name=name, what=what_words(lines)), _in_doubt(line)])),
        advice=" ".join(filter(None, [_meaning(lines, today), advice])),
        retry_key=retry,
        retry_label=f"Retry {name}" if retry else "",
    )


def _in_doubt(line: SourceLine) -> str:
    """The entries of the chart that leave open whether a payer may be asked."""
    if line.reason is not Reason.RESTRICTION_UNKNOWN or not line.incomplete:
        return ""
    entries = types_words(line.incomplete)
    return f"In doubt: {entries}. If nothing is restricted, have that made clear in the chart."


def what_words(lines: Sequence[SourceLine]) -> str:
    return listed(distinct([_WHAT.get(line.what, plain(line.what)) for line in lines]))


def _meaning(lines: Sequence[SourceLine], today: date) -> str:
    """What the trouble means for this screen."""
    line = lines[0]
    if line.state is SourceState.STALE:
        dates = [each.calculated for each in lines if each.calculated]
        return "Its earlier answer is shown" + (f", calculated on {day_words(min(dates), today)}." if dates else ".")
    if any(each.key == COVERAGE for each in lines):
        return "Which payers to ask is not known."
    asked = is_payer(line) and line.reason in RETRYABLE
    return f"Not known from there: {what_words(lines)}." if asked else ""


def _partly(line: SourceLine, ids: Ids) -> TroubleView:
    """A good answer with something missing: named, because what is missing could settle a gap or be one."""
    name, payer = plain(line.name), is_payer(line)
    words = []
    if line.said:
        quoted = listed([f"“{by_payer(each, 'withheld')}”" for each in line.said])
        words.append(f"{name} says of its answer: {quoted}.")
    if line.incomplete and payer:
        words.append(f"The answer of {name} is not whole: {listed([lack_words(each) for each in line.incomplete])}.")
    elif line.incomplete:
        words.append(f"Not read from {name}: {types_words(line.incomplete)}.")
    if line.unreadable:
        words.append(f"{counted(line.unreadable, 'entry', 'entries')} of {name} could not be read.")
    if line.reason and line.reason in _OF_A_PART:
        words.append(_OF_A_PART[line.reason].format(name=name))
    meaning = "Its list may be longer than shown." if payer else "What needs them says “cannot tell”."
    advice = f"{meaning} {REASONS[line.reason][1]}" if line.reason else meaning
    retry = line.key if line.reason is None or line.reason in RETRYABLE else ""
    id_ = ids.trouble(line.key, "in part")
    return TroubleView(id_, IN_PART, " ".join(words), advice, retry, f"Retry {name}" if retry else "")
