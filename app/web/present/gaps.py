"""A care gap as a row: what to do, why, by when, who says so and as of when. What it cannot say it names as missing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from app.core.flag import GapRow, RuleSource, State, Urgency
from app.core.report import Gap, GapStatus
from app.web.present.dates import NOT_STATED, day_words, maybe_day, plain_day
from app.web.present.facts import evidence_line, fact_line, fact_value, fact_what, types_words
from app.web.present.names import Payers
from app.web.present.text import by_payer, distinct, plain, sentence, speaks_of_worth
from app.web.present.views import Labelled, Mark, Quote, RowView
from app.web.present.words import (
    ACTS,
    GAP_REASON_WORDS,
    GAP_STATUS_WORDS,
    STATE_ACTS,
    STATE_MARKS,
    UNCLEAR_WORDS,
    URGENCY_WORDS,
    URGENT_MARKS,
)

NONE_ON_FILE = "none on file"
WITHHELD = "withheld: this text of the payer speaks of payment"


@dataclass(frozen=True, slots=True)
class _About:
    """One row with what its sentences need beside it: the payer's whole and short name, and the day."""

    row: GapRow
    payer: str
    short: str
    today: date


def row_id(gap: Gap) -> str:
    """Stable across answers, and free of what it stands for: the fragment names drawn rows in its next request."""
    return "g" + hashlib.sha256(f"{gap.payer}|{gap.report_id}|{gap.group_id}".encode()).hexdigest()[:10]


def row_view(row: GapRow, payers: Payers, today: date) -> RowView:
    """One row in words."""
    gap = row.gap
    it = _About(row, payers.full(gap.payer), payers.short(gap.payer), today)
    ours = row.rule is not None and row.state is not State.NOT_CHECKED
    return RowView(
        id=row_id(gap),
        payer=gap.payer,
        state=row.state.value,
        mark=mark(row),
        service=plain(row.service) or measure_title(gap),
        action=action(row),
        why=_why(it),
        last=_last(it),
        due=_due(it),
        measure_end=f"measure ends {day_words(gap.period.end, today)}",
        says=says(gap, it.payer),
        as_of=f"calculated on {day_words(gap.calculated, today)}" if gap.calculated else "calculation date not stated",
        through=f"data through {maybe_day(gap.data_through, today)}",
        note=payers.note(gap.payer),
        quotes=() if ours else tuple(quotes(gap, it.payer)),
        details=_details(it),
    )


def mark(row: GapRow) -> Mark:
    return URGENT_MARKS.get((row.state, row.urgency), STATE_MARKS[row.state])


def action(row: GapRow) -> str:
    """One suggested action: the rule's act where something is to be done, else what the state asks for."""
    to_do = row.state in {State.DO_TODAY, State.OUT_OF_RANGE}
    return ACTS.get(row.act, STATE_ACTS[row.state]) if to_do else STATE_ACTS[row.state]


def measure_title(gap: Gap) -> str:
    """The measure as the payer names it, else the last part of its canonical."""
    last_part = gap.measure.url.rstrip("/").rpartition("/")[2]
    return by_payer(gap.measure.title) or plain(last_part) or "Measure without a name"


def says(gap: Gap, payer: str) -> str:
    """Northwind Health Plan: open. A status we do not know is quoted; one that we derived is not the payer's word."""
    if gap.status is GapStatus.UNKNOWN and gap.status_words:
        return f"{payer}: “{by_payer(gap.status_words, WITHHELD)}”"
    return f"{payer}: {GAP_STATUS_WORDS[gap.status]}" + (", as its counts imply" if gap.derived else "")


def quotes(gap: Gap, payer: str) -> list[Quote]:
    """The payer's own words: its text and its reasons, each once. A text that only repeats the title says nothing."""
    title = plain(gap.measure.title)
    reasons = [": ".join(filter(None, [reason.display, reason.detail])) for reason in gap.reasons]
    spoken = [each for each in distinct([plain(words) for words in (gap.payer_words, *reasons)]) if each != title]
    return [Quote(payer, WITHHELD if speaks_of_worth(words) else words) for words in spoken]


# --- why --------------------------------------------------------------------------------------------------------------


def _why(it: _About) -> str:
    match it.row.state:
        case State.DO_TODAY:
            return _why_due(it)
        case State.ORDERED:
            return sentence(f"on its way: {_settled(it)}")
        case State.DONE_HERE:
            return f"{sentence(_settled(it))} {it.short} does not show it yet."
        case State.OUT_OF_RANGE:
            return _why_out_of_range(it)
        case State.EXCLUDED:
            return f"Does not apply{': ' + _settled(it) if it.row.settled_by else ' to this patient'}."
        case State.PERIOD_OVER:
            return f"The measure's last day was {plain_day(it.row.gap.period.end)}."
        case State.NOT_CHECKED:
            return _why_not_checked(it)
        case State.CANNOT_TELL:
            return _why_unclear(it)


def _why_due(it: _About) -> str:
    due, last = it.row.clinical_due, it.row.last_in_chart
    if it.row.urgency is Urgency.ABNORMAL and last:
        return f"{fact_what(last)}: no follow-up found in this chart."
    if last is None:
        return "None on file, neither here nor at the payer." if it.row.last_at_payer is None else "None in this chart."
    if due is None:
        return "What is on file does not meet the measure."
    return f"Overdue since {plain_day(due)}." if due < it.today else f"The last one holds until {plain_day(due)}."


def _why_out_of_range(it: _About) -> str:
    fact = it.row.settled_by or it.row.last_in_chart
    if fact is None:
        return "The latest value misses the measure's target."
    value = fact_value(fact) or fact_what(fact)
    return f"{value} misses the measure's target."


def _why_not_checked(it: _About) -> str:
    version = plain(it.row.gap.measure.version)
    named = f"version {version} of this measure" if version else "this measure, whose version is not stated"
    return f"There is no rule of ours for {named}: it may be done already."


def _why_unclear(it: _About) -> str:
    """Why nothing can be told: a part of the chart was not read, or an entry reads like it and may not count."""
    if not it.row.unclear:
        return f"Not read: {types_words(it.row.missing) or 'a part of the chart'}. It may be done already."
    doubt = UNCLEAR_WORDS.get(it.row.because, UNCLEAR_WORDS["code-not-known"])
    return f"In this chart: {fact_line(it.row.unclear[0], it.today)}. {doubt}"


def _settled(it: _About) -> str:
    fact = it.row.settled_by
    return fact_line(fact, it.today) if fact else f"date {NOT_STATED}"


# --- last, due --------------------------------------------------------------------------------------------------------


def _last(it: _About) -> tuple[Labelled, ...]:
    """Last done, as the chart and as the payer know it. Unread is not "none on file"."""
    fact, evidence = it.row.last_in_chart, it.row.last_at_payer
    if fact:
        chart = fact_line(fact, it.today)
    elif it.row.missing:
        chart = f"not known, {types_words(it.row.missing)} could not be read"
    else:
        chart = "not checked" if it.row.state is State.NOT_CHECKED else NONE_ON_FILE
    payer = evidence_line(evidence, it.short, it.today) if evidence else NONE_ON_FILE
    return (Labelled("This chart", chart), Labelled(it.short, payer))


def _due(it: _About) -> str:
    """The clinical due date: ours, by the rule. The measure's last day is another thing and stands beside it."""
    if it.row.clinical_due:
        return day_words(it.row.clinical_due, it.today)
    if it.row.state is State.DO_TODAY and it.row.last_in_chart is None and it.row.rule:
        return f"now, {NONE_ON_FILE}"
    return f"clinical due date {NOT_STATED}"


# --- one tap away -----------------------------------------------------------------------------------------------------


def _details(it: _About) -> tuple[Labelled, ...]:
    """The measure, our rule, and what the payer said and looked at."""
    gap = it.row.gap
    title = f"{measure_title(gap)}, version {plain(gap.measure.version) or NOT_STATED}"
    reasons = distinct([GAP_REASON_WORDS.get(reason.code, "") for reason in gap.reasons if not reason.display])
    return (
        Labelled("Measure", f"{title}, {plain_day(gap.period.start)} to {plain_day(gap.period.end)}"),
        Labelled("Our rule", rule_words(it.row.rule)),
        Labelled("Ranked as", URGENCY_WORDS[it.row.urgency]),
        *(Labelled(f"{it.short} writes", f"“{quote.words}”") for quote in quotes(gap, it.payer)),
        *(Labelled(f"{it.short} gives as reason", words) for words in reasons),
        *(Labelled(f"{it.short} looked at", evidence_line(each, it.short, it.today)) for each in gap.evidence),
    )


def rule_words(rule: RuleSource | None) -> str:
    """Name, version, reviewer and day of the review; a rule that nobody reviewed says so."""
    if rule is None:
        return "none for this measure version"
    version = f", version {plain(rule.version)}" if rule.version else ""
    if not rule.reviewer:
        return f"{plain(rule.name)}{version}, not yet reviewed"
    when = f" on {plain_day(rule.reviewed)}" if rule.reviewed else ""
    return f"{plain(rule.name)}{version}, reviewed by {plain(rule.reviewer)}{when}"
