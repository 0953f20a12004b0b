"""A care gap as a row: what to do, why, by when, who says so and as of when. What a row cannot say, it names as missing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from app.core.chart import Fact
from app.core.flag import GapRow, RuleSource, State
from app.core.report import Gap, GapStatus
from app.web.present.dates import NOT_STATED, day_words, maybe_day, plain_day, when_words
from app.web.present.facts import evidence_line, fact_line, fact_value, fact_what, types_words
from app.web.present.text import by_payer, distinct, plain, sentence, speaks_of_worth
from app.web.present.views import Labelled, Mark, Quote, RowView
from app.web.present.words import (
    ACTS,
    GAP_REASON_WORDS,
    GAP_STATUS_WORDS,
    STATE_ACTS,
    STATE_MARKS,
    URGENCY_WORDS,
    URGENT_MARKS,
)

NONE_ON_FILE = "none on file"
WITHHELD = "This payer's text speaks of payment and is not shown here."


@dataclass(frozen=True, slots=True)
class _About:
    """One row with what its sentences need beside it."""

    row: GapRow
    payer: str
    today: date


def row_id(gap: Gap) -> str:
    """Stable across answers and free of what it stands for: the fragment names drawn rows in its next request."""
    return "g" + hashlib.sha256(f"{gap.payer}|{gap.report_id}|{gap.group_id}".encode()).hexdigest()[:10]


def row_view(row: GapRow, *, payer: str, today: date) -> RowView:
    """One row in words. `payer` is the payer's name."""
    it, gap = _About(row, payer, today), row.gap
    return RowView(
        id=row_id(gap),
        payer=gap.payer,
        state=row.state.value,
        mark=mark(row),
        service=plain(row.service) or measure_title(gap),
        action=ACTS.get(row.act, STATE_ACTS[row.state]),
        why=_why(it),
        last=_last(it),
        due=_due(it),
        measure_end=_measure_end(gap.period.end, today),
        says=says(gap, payer),
        as_of=f"calculated on {maybe_day(gap.calculated, today)}" if gap.calculated else "calculation date not stated",
        through=f"data through {maybe_day(gap.data_through, today)}",
        quotes=quotes(gap, payer),
        details=_details(it),
    )


def mark(row: GapRow) -> Mark:
    return URGENT_MARKS.get((row.state, row.urgency), STATE_MARKS[row.state])


def measure_title(gap: Gap) -> str:
    """The measure as the payer names it, else the last part of its canonical."""
    return by_payer(gap.measure.title) or plain(gap.measure.url.rstrip("/").rpartition("/")[2]) or "Measure without a name"


def says(gap: Gap, payer: str) -> str:
    """Northwind Health Plan says: open"""
    unknown = gap.status is GapStatus.UNKNOWN and gap.status_words
    words = f"“{by_payer(gap.status_words)}”" if unknown else GAP_STATUS_WORDS[gap.status]
    return f"{payer} says: {words}" + (", as its counts imply" if gap.derived else "")


def quotes(gap: Gap, payer: str) -> tuple[Quote, ...]:
    """The payer's own words: its text and its reasons, each once."""
    spoken = [plain(gap.payer_words), *(plain(" ".join(filter(None, [r.display, r.detail]))) for r in gap.reasons)]
    return tuple(Quote(payer, WITHHELD if speaks_of_worth(words) else words) for words in distinct(spoken))


def _why(it: _About) -> str:
    match it.row.state:
        case State.DO_TODAY:
            return _why_due(it)
        case State.ORDERED:
            return sentence(f"on its way: {_settled(it)}")
        case State.DONE_HERE:
            return f"{sentence(_settled(it))} {it.payer} does not show it yet."
        case State.OUT_OF_RANGE:
            return _why_out_of_range(it)
        case State.EXCLUDED:
            return sentence(f"does not apply: {_settled(it)}") if it.row.settled_by else "Does not apply to this patient."
        case State.PERIOD_OVER:
            return f"The measure's last day was {plain_day(it.row.gap.period.end)}."
        case State.NOT_CHECKED:
            return _why_not_checked(it)
        case State.CANNOT_TELL:
            return f"The chart's {types_words(it.row.missing) or 'entries'} could not be read, so this may be done already."


def _why_due(it: _About) -> str:
    due, last = it.row.clinical_due, it.row.last_in_chart
    if last is None:
        return "None on file in this chart or at the payer." if it.row.last_at_payer is None else "None on file in this chart."
    if due is None:
        return "What is on file does not meet the measure."
    if due < it.today:
        return f"Overdue since {plain_day(due)}."
    return f"The last one holds until {plain_day(due)}."


def _why_out_of_range(it: _About) -> str:
    fact = it.row.settled_by or it.row.last_in_chart
    if fact is None:
        return "The latest value misses the measure's target."
    value = fact_value(fact) or fact_what(fact)
    return f"{value} on {when_words(fact.when or fact.recorded, it.today)}, misses the measure's target."


def _why_not_checked(it: _About) -> str:
    version = plain(it.row.gap.measure.version)
    named = f"version {version} of this measure" if version else "this measure, whose version is not stated"
    return f"Not checked against the chart: no rule of ours for {named}. {it.payer}'s words only."


def _settled(it: _About) -> str:
    fact: Fact | None = it.row.settled_by
    return fact_line(fact, it.today) if fact else f"the chart names no date ({NOT_STATED})"


def _last(it: _About) -> tuple[Labelled, ...]:
    """Last done, as the chart and as the payer know it. Unread is not "none on file"."""
    fact, evidence = it.row.last_in_chart, it.row.last_at_payer
    if fact:
        chart = fact_line(fact, it.today)
    elif it.row.missing:
        chart = f"not known, {types_words(it.row.missing)} could not be read"
    elif it.row.state is State.NOT_CHECKED:
        chart = "not checked"
    else:
        chart = NONE_ON_FILE
    payer = evidence_line(evidence, it.payer, it.today) if evidence else NONE_ON_FILE
    return (Labelled("This chart", chart), Labelled(it.payer, payer))


def _due(it: _About) -> str:
    """The clinical due date: ours, by the rule. The measure's last day is another thing and stands beside it."""
    if it.row.clinical_due:
        return day_words(it.row.clinical_due, it.today)
    if it.row.state is State.DO_TODAY and it.row.last_in_chart is None and it.row.rule:
        return f"now, {NONE_ON_FILE}"
    return f"clinical due date {NOT_STATED}"


def _measure_end(end: date, today: date) -> str:
    return f"measure's last day {day_words(end, today)}"


def _details(it: _About) -> tuple[Labelled, ...]:
    """What stands one tap away: the measure, our rule, what the payer looked at."""
    gap, rule = it.row.gap, it.row.rule
    version = plain(gap.measure.version)
    lines = [
        Labelled("Measure", f"{measure_title(gap)}, version {version or NOT_STATED}"),
        Labelled("Period", f"{plain_day(gap.period.start)} to {plain_day(gap.period.end)}"),
        Labelled("Our rule", rule_words(rule)),
        Labelled("Ranked as", URGENCY_WORDS[it.row.urgency]),
    ]
    reasons = distinct([GAP_REASON_WORDS.get(r.code, "") for r in gap.reasons if not r.display])
    lines += [Labelled("Payer's reason", sentence(words)) for words in reasons]
    lines += [Labelled("Payer looked at", evidence_line(e, it.payer, it.today)) for e in gap.evidence]
    return tuple(lines)


def rule_words(rule: RuleSource | None) -> str:
    """Name, version, reviewer and day of the review; a rule nobody reviewed says so."""
    if rule is None:
        return "none for this measure version"
    reviewed = f"reviewed by {plain(rule.reviewer)}" if rule.reviewer else "not yet reviewed"
    when = f" on {plain_day(rule.reviewed)}" if rule.reviewer and rule.reviewed else ""
    return f"{plain(rule.name)}, version {plain(rule.version)}, {reviewed}{when}"
