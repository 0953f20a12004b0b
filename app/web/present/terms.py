"""Several payers ask for one act: who, how their terms differ, where they contradict each other, and whose data is old.

Nothing here merges or averages: each payer keeps its own measure, window, dates and state.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.core.flag import Card, Clash, GapRow, State, Verify
from app.core.report import Gap, Period
from app.web.present.dates import NOT_STATED, day_words, distance, maybe_day, plain_day
from app.web.present.facts import fact_value
from app.web.present.names import Payers
from app.web.present.saying import measure_title, status_words
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.views import Labelled, TermsView
from app.web.present.words import CLASS_WORDS, STATE_MARKS

_UNDER_TWO_WEEKS = 14


def payers_of(card: Card) -> tuple[str, ...]:
    """Ids of the payers that ask for it, the one that words the card first."""
    return distinct([row.gap.payer for row in card.rows if row.gap])


def asked_by(card: Card, payers: Payers) -> str:
    """Northwind and Lakeside ask for it. Empty where one payer or none does."""
    ids = payers_of(card)
    return f"{listed([payers.short(each) for each in ids])} ask for it" if len(ids) > 1 else ""


def terms(card: Card, payers: Payers, today: date) -> tuple[TermsView, ...]:
    """Each payer's own terms, and the payers who say it is met; nothing where there is only one statement."""
    asking = [(row, row.gap) for row in card.rows if row.gap]
    if len(asking) + len(card.closed) < 2:
        return ()
    gaps = [gap for _, gap in asking]
    return (
        *(_asks(row, gap, gaps, payers, today) for row, gap in asking),
        *(_met(gap, gaps, payers, today) for gap in card.closed if gap not in gaps),
    )


def _asks(row: GapRow, gap: Gap, among: Sequence[Gap], payers: Payers, today: date) -> TermsView:
    counts = row.window is not None and row.window != gap.period
    contract = plain(row.contract) or plain(gap.contract) or NOT_STATED
    return TermsView(
        payers.full(gap.payer),
        _heading(gap, among, payers),
        (
            *_measure(gap, today),
            *([Labelled("Counts", f"what was done {span(row.window)}")] if row.window and counts else []),
            Labelled("Contract", contract),
            Labelled("Here", STATE_MARKS[row.state].word.casefold()),
            Labelled("As of", as_of(gap, today)),
        ),
    )


def _met(gap: Gap, among: Sequence[Gap], payers: Payers, today: date) -> TermsView:
    lines = (*_measure(gap, today), Labelled("As of", as_of(gap, today)))
    return TermsView(payers.full(gap.payer), _heading(gap, among, payers), lines)


def _measure(gap: Gap, today: date) -> tuple[Labelled, ...]:
    version = f"version {plain(gap.measure.version) or NOT_STATED}"
    return (
        Labelled("Measure", f"{measure_title(gap)}, {version}"),
        Labelled("Period", f"{span(gap.period)}, ends {distance(gap.period.end, today)}"),
    )


def _heading(gap: Gap, among: Sequence[Gap], payers: Payers) -> str:
    """open; differs from Northwind's in version and period"""
    first = among[0] if among else gap
    differs = _differences(gap, first)
    whose = f"{payers.short(first.payer)}'s"
    return status_words(gap) + (f"; differs from {whose} in {listed(differs)}" if differs else "")


def as_of(gap: Gap, today: date) -> str:
    """Calculated on, and data through: two dates, never one."""
    return f"calculated on {maybe_day(gap.calculated, today)}, data through {maybe_day(gap.data_through, today)}"


def _differences(gap: Gap, first: Gap) -> list[str]:
    """In what this payer's definition differs from that of the payer who words the card, as far as reports say."""
    names = [each.measure.url.rpartition("/")[2].casefold() for each in (gap, first)]
    return [
        *(["measure"] if names[0] != names[1] else []),
        *(["version"] if gap.measure.version != first.measure.version else []),
        *(["period"] if gap.period != first.period else []),
        *(["the way it counts"] if gap.improvement != first.improvement else []),
    ]


def span(period: Period) -> str:
    """1 Jan 2026 to 31 Dec 2026"""
    return f"{plain_day(period.start)} to {plain_day(period.end)}"


# --- contradictions ---------------------------------------------------------------------------------------------------


def clashes(card: Card, payers: Payers, today: date) -> tuple[str, ...]:
    """Each contradiction as one sentence. Nobody is put right: both sides are named."""
    worded = {Clash.OPEN_AND_CLOSED: _open_and_closed, Clash.WOULD_REOPEN: _would_reopen}
    return tuple(worded[each](card, payers, today) for each in card.clashes)


def _open_and_closed(card: Card, payers: Payers, _: date) -> str:
    """Northwind says open, Lakeside says met."""
    met = distinct([payers.short(gap.payer) for gap in card.closed])
    asking = distinct([payers.short(row.gap.payer) for row in card.rows if row.gap and row.gap not in card.closed])
    return f"{_says(asking)} open, {_says(met)} met."


def _would_reopen(card: Card, payers: Payers, today: date) -> str:
    """Lakeside says met; 9.8 % of 3 Nov 2026 would reopen it."""
    met = distinct([payers.short(gap.payer) for gap in card.closed])
    row = next((row for row in card.rows if row.state is State.OUT_OF_RANGE), card.main)
    fact = row.settled_by or row.last_in_chart
    value = fact_value(fact) if fact else ""
    day = (fact.when or fact.recorded) if fact else None
    when = "" if day is None else " of today" if day.start == today == day.end else f" of {plain_day(day.end)}"
    return f"{_says(met)} met; {value or 'the newest value'}{when} would reopen it."


def _says(names: Sequence[str]) -> str:
    return f"{listed(names)} {'says' if len(names) == 1 else 'say'}"


# --- old data ---------------------------------------------------------------------------------------------------------


def check_first(card: Card) -> str:
    """Check first for an earlier mammogram. Empty where nothing is to be done, or somebody's data is new enough."""
    if not card.verify or card.main.state is not State.DO_TODAY:
        return ""
    return f"Check first for an earlier {lower_first(plain(card.main.service)) or 'result'}"


def verify_words(card: Card, payers: Payers, act: str) -> str:
    """Northwind's claims reach only to 14 Jul 2026 (19 weeks; usually 6 weeks). If there is none: order a mammogram."""
    if not card.verify:
        return ""
    reach = listed([_reach(each, card, payers) for each in card.verify])
    if check_first(card):
        return f"{reach}. If there is none: {lower_first(act)}."
    return f"Check the chart for an earlier {lower_first(plain(card.main.service)) or 'result'} first: {reach}."


def _reach(old: Verify, card: Card, payers: Payers) -> str:
    whose = f"{payers.short(old.payer)}'s {CLASS_WORDS[old.data.kind]}"
    through = any(row.gap and row.gap.payer == old.payer and row.gap.data_through == old.base for row in card.rows)
    reach = "reach only to" if through else "were last calculated on"
    return f"{whose} {reach} {plain_day(old.base)} ({lag(old.days)}; usually {lag(old.data.lag_days)})"


def lag(days: int) -> str:
    """19 weeks; 5 days"""
    return counted(days, "day") if days < _UNDER_TWO_WEEKS else f"{round(days / 7)} weeks"


def lower_first(words: str) -> str:
    """Mammogram -> mammogram; HbA1c and FIT keep their letters."""
    first = words.split(" ")[0]
    return words[0].lower() + words[1:] if first[1:].islower() else words


def ends(gaps: Sequence[Gap], today: date) -> str:
    """measure ends 31 Dec 2026, in 6 weeks; of several last days the first."""
    days = sorted({gap.period.end for gap in gaps})
    if not days:
        return ""
    first = "first measure" if len(days) > 1 else "measure"
    return f"{first} ends {day_words(days[0], today)}"
