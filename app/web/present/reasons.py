"""Why a gap stands as it stands: one function a state, each one sentence or two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from app.core.chart import Fact
from app.core.flag import GapRow, State, Urgency
from app.web.present.dates import NOT_STATED, day_words, plain_day, when_words
from app.web.present.facts import evidence_line, fact_line, fact_value, fact_what, types_words
from app.web.present.names import Payers
from app.web.present.text import listed, plain, sentence
from app.web.present.words import BEGUN_WORDS, OUTSIDE_WORDS, UNCLEAR_WORDS


@dataclass(frozen=True, slots=True)
class About:
    """One row with what its sentences need beside it: the payers' names, and the day. Without a gap no payer asks."""

    row: GapRow
    payers: Payers
    today: date

    @property
    def payer(self) -> str:
        return self.payers.full(self.row.gap.payer) if self.row.gap else ""

    @property
    def short(self) -> str:
        return self.payers.short(self.row.gap.payer) if self.row.gap else ""


#: Acts that follow a positive screening: its value is a finding, and misses no target.
POSITIVE_ACTS = frozenset({"plan-depression-follow-up"})


def why(it: About) -> str:
    """Why the row is in its state."""
    return _WHY[it.row.state](it)


def _due(it: About) -> str:
    due, last = it.row.clinical_due, it.row.last_in_chart
    if it.row.parts:
        done = listed([fact_line(each, it.today) for each in it.row.parts])
        return f"Done already: {done}. The rest is missing."
    if it.row.urgency is Urgency.ABNORMAL and last:
        return _abnormal(it, last)
    if it.row.overdue:
        return f"{_begun(it.row.overdue, it.today)} Nothing came of it so far."
    if last is None:
        payer = it.row.gap is not None and it.row.last_at_payer is None
        return "None on file, neither here nor at the payer." if payer else "None in this chart."
    if due is None:
        return "What is on file does not meet the measure."
    return f"Overdue since {plain_day(due)}." if due < it.today else f"The last one holds until {plain_day(due)}."


def _abnormal(it: About, last: Fact) -> str:
    order = f" {_begun(it.row.overdue, it.today)} Nothing came of it so far." if it.row.overdue else ""
    return f"{fact_what(last)}: no follow-up found in this chart.{order}"


def _ordered(it: About) -> str:
    fact = it.row.settled_by
    return _begun(fact, it.today) if fact else f"On its way, date {NOT_STATED}."


def _begun(fact: Fact, today: date) -> str:
    """Ordered 10 Nov 2026, 12 days ago, by Dr. Ellison: retinal exam. The day of a booking is the day it is for."""
    began = BEGUN_WORDS.get(fact.type, "on its way")
    booked = fact.type == "Appointment"
    who = f"{' with' if booked else ', by'} {plain(fact.who)}" if fact.who else f", by whom is {NOT_STATED}"
    return sentence(f"{began} {when_words(fact.when or fact.recorded, today)}{who}: {fact_what(fact)}")


def _done_here(it: About) -> str:
    fact = it.row.settled_by
    what = sentence(fact_line(fact, it.today) if fact else f"date {NOT_STATED}")
    return f"{what} {it.short} does not show it yet." if it.row.gap else what


def _done_elsewhere(it: About) -> str:
    """What says that somebody else did it: another payer's evidence, or an entry here that is no result of ours."""
    if it.row.elsewhere:
        source = f", from {plain(it.row.elsewhere.source)}" if it.row.elsewhere.source else ""
        who = it.payers.short(it.row.seen_by) if it.row.seen_by else "Another payer"
        return f"{who} knows of it: {evidence_line(it.row.elsewhere, who, it.today)}{source}. The record is not here."
    fact = it.row.settled_by
    who = f", from {plain(fact.who)}" if fact and fact.who else ""
    noted = f"This chart notes it: {fact_line(fact, it.today)}{who}." if fact else "This chart notes that it was done."
    return f"{noted} The record itself is not here."


def _out_of_range(it: About) -> str:
    fact = it.row.settled_by or it.row.last_in_chart
    if fact is None:
        return "The latest value misses the measure's target."
    if it.row.act in POSITIVE_ACTS:
        return f"{fact_what(fact)} is positive, and no follow-up plan was found."
    return f"{fact_value(fact) or fact_what(fact)} misses the measure's target."


def _excluded(it: About) -> str:
    fact = it.row.settled_by
    return f"Does not apply: {fact_line(fact, it.today)}." if fact else "Does not apply to this patient."


def _outside(it: About) -> str:
    words = OUTSIDE_WORDS.get(it.row.because, "The patient is outside the measure, by this chart.")
    fact = it.row.settled_by
    return f"{words[:-1]}: {fact_line(fact, it.today)}." if fact else words


def _period_over(it: About) -> str:
    gap = it.row.gap
    if it.row.because == "followed-late" and it.row.settled_by:
        return f"Done later than the measure counts: {fact_line(it.row.settled_by, it.today)}."
    if gap and not it.row.staff_can and (fact := it.row.settled_by or next(iter(it.row.unclear), None)):
        misses = "misses the target" if it.row.settled_by else "may miss the target"
        return f"{fact_what(fact)} {misses}. The measure's last day was {plain_day(gap.period.end)}."
    return f"The measure's last day was {plain_day(gap.period.end)}." if gap else "Its last day is over."


def _not_checked(it: About) -> str:
    version = plain(it.row.gap.measure.version) if it.row.gap else ""
    named = f"version {version} of this measure" if version else "this measure, whose version is not stated"
    return f"There is no rule of ours for {named}: it may be done already."


def _unclear(it: About) -> str:
    """Why nothing can be told: a part of the chart was not read, or an entry reads like it and may not count."""
    if it.row.elsewhere and it.row.seen_by:
        who = it.payers.short(it.row.seen_by)
        shown = evidence_line(it.row.elsewhere, who, it.today)
        return f"{who} shows an abnormal result: {shown}. Neither the result nor a follow-up was found in this chart."
    doubt = UNCLEAR_WORDS.get(it.row.because, UNCLEAR_WORDS["code-not-known"])
    if it.row.unclear:
        return f"In this chart: {fact_line(it.row.unclear[0], it.today)}. {doubt}"
    if it.row.missing or it.row.because in ("", "unread-types"):
        return f"Not read: {types_words(it.row.missing) or 'a part of the chart'}. It may be done already."
    return doubt


_WHY: Mapping[State, Callable[[About], str]] = {
    State.DO_TODAY: _due,
    State.ORDERED: _ordered,
    State.DONE_HERE: _done_here,
    State.DONE_ELSEWHERE: _done_elsewhere,
    State.OUT_OF_RANGE: _out_of_range,
    State.EXCLUDED: _excluded,
    State.DOES_NOT_APPLY: _outside,
    State.PERIOD_OVER: _period_over,
    State.NOT_CHECKED: _not_checked,
    State.CANNOT_TELL: _unclear,
}


def due_words(it: About) -> str:
    """The clinical due date: ours, by the rule. The measure's last day is another thing and stands beside it."""
    if it.row.clinical_due:
        return day_words(it.row.clinical_due, it.today)
    if it.row.state is State.DO_TODAY and it.row.last_in_chart is None and it.row.rule:
        return "now, none on file"
    return f"clinical due date {NOT_STATED}"
