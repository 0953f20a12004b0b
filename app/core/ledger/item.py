"""What an action is about, made from what is drawn: one clinical act or one condition in one measurement period.

An item survives a re-issued report: its keys and its facts hold no id of a report and no day of a calculation. Its
facts are statements, each a short hash with a letter before it (`payer`, `chart`, `state`): a statement that was not
there before is new evidence; one that is missing, because a source is silent today, is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from app.core.changes import key_of
from app.core.chart import Fact
from app.core.conditions.settled import service_year
from app.core.flag import Card, GapRow, Hidden, Panel, PromptRow, PromptState
from app.core.ledger.action import Action, Item, Target
from app.core.ledger.verb import BESIDE, Kind
from app.core.report import ConditionCategory, Evidence, Gap, Measure, Period
from app.core.strip import CARE_GAPS, RISK

PAYER, CHART, STATE = "p", "c", "s"  # what a statement is of
COUNTED = "counted/"  # begins the state of what is only counted
_APART = "-"


def of_card(card: Card, today: date) -> Item:
    """The item of a card: its act, in the period that still runs, else in the one that is over."""
    gaps = [row.gap for row in card.rows if row.gap]
    every = [gap.period for gap in gaps] or [Period(today, date(today.year, 12, 31))]
    running = [period for period in every if period.end >= today] or every
    years = dict.fromkeys(period.end.year for period in running)
    acts = dict.fromkeys((card.act, *(also for gap in gaps if (also := _also_named(card.act, gap)))))
    main = card.main
    settles = main.settled_by or next((row.settled_by for row in card.rows if row.settled_by), None)
    label = main.service or (main.gap.measure.title if main.gap else "") or card.act
    return Item(
        Kind.GAP if gaps else Kind.FINDING,
        tuple(f"{act}@{year}" for act in acts for year in years),
        label,
        _written(_of_card(card)),
        tuple(dict.fromkeys(_of_gap(row.gap, card.act) for row in card.rows if row.gap)),
        max(period.end for period in running) if gaps else None,
        main.state.value,
        settled_by=settles.ref if settles else "",
    )


def of_prompt(row: PromptRow, today: date) -> Item:
    """The item of a prompt: its condition, in the year that it is assessed for. Categories that the payer does not ask
    about, and that are the same condition, are targets as well: what nobody has is said of all of them.
    """
    label = row.label or next((category.label for category in row.categories if category.label), "")
    every = (*row.categories, *row.also)
    years = [service_year(category, today).end for category in row.categories] or [date(today.year, 12, 31)]
    ends = [(key_of(category), service_year(category, today).end) for category in every]
    keys = [f"{key}@{end.year}" for key, end in ends if end.year >= min(years).year]
    if not row.categories:  # what only the chart lists is called by its words, whatever payers count beside it
        keys = [f"condition/{label.casefold()}@{today.year}", *keys]
    return Item(
        Kind.PROMPT,
        tuple(dict.fromkeys(keys)),
        label or (row.categories[0].code if row.categories else ""),
        _written(_of_prompt(row)),
        tuple(dict.fromkeys(_of_category(category) for category in every)),
        max(years),
        row.state.value,
        against=row.state is PromptState.REMOVE,
    )


def of_hidden(hidden: Hidden, today: date) -> Item:
    """The item of a category that is counted and never prompts. That nobody has it is all that can be said of it."""
    category = hidden.category
    word = category.payer, key_of(category), category.cc_type, category.evidence_status, str(category.period)
    return Item(
        Kind.PROMPT,
        (f"{key_of(category)}@{service_year(category, today).end.year}",),
        category.label or category.code,
        _written([(PAYER, word), (STATE, hidden.why)]),
        (_of_category(category),),
        service_year(category, today).end,
        COUNTED + hidden.why,
        against=True,
    )


def same(a: Item, b: Item) -> bool:
    """Whether two items are the same thing: they have a key in common."""
    return not set(a.keys).isdisjoint(b.keys)


def on(item: Item, actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions about an item, those taken back as well, the oldest first."""
    keys = set(item.keys)
    return tuple(sorted((each for each in actions if not keys.isdisjoint(each.item.keys)), key=lambda a: a.number))


def standing(item: Item, actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions about an item that stand: nobody has taken them back."""
    return tuple(each for each in on(item, actions) if each.undone_at is None)


def counting(mine: Sequence[Action]) -> tuple[Action, ...]:
    """Of the actions that stand on an item, the oldest first: those that count now, the newest first. It is the newest
    word, and the one before it too where that says nothing against it.
    """
    found: list[Action] = []
    for each in reversed(mine):
        found.append(each)
        if each.verb not in BESIDE:
            break
    return tuple(found)


def is_new(then: Item, now: Item) -> bool:
    """Whether a payer or the chart says anything now that was not said then. What only the calendar has changed, or a
    source that can be read again, is no evidence.
    """
    news = set(_statements(now.facts)) - set(_statements(then.facts))
    return any(not each.startswith(STATE) for each in news)


def of_panel(panel: Panel, today: date) -> tuple[Item, ...]:
    """Everything on a panel that an action can be about, put away or not."""
    cards = (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded, *panel.put_away, *panel.settled)
    rows = (*panel.prompts, *panel.more_prompts, *panel.put_away_prompts, *panel.settled_prompts)
    return (*(of_card(card, today) for card in cards), *(of_prompt(row, today) for row in rows))


def part(item: Item, of: str) -> str:
    """The facts of one kind (PAYER, CHART or STATE)."""
    return _APART.join(each for each in _statements(item.facts) if each.startswith(of))


# --- keys and targets -------------------------------------------------------------------------------------------------


def _also_named(act: str, gap: Gap) -> str:
    """What a gap of a measure that we do not know is called too, so that a reworded title does not make it another."""
    if not act.startswith("measure/") or not gap.group_id:
        return ""
    if gap.measure.url:
        return f"gap/{gap.payer}/{_canonical(gap.measure.url)}/{gap.group_id}"
    return f"titled/{gap.payer}/{gap.measure.title.casefold()}/{gap.group_id}"


def _canonical(url: str) -> str:
    return url.partition("|")[0].rstrip("/")


def named(measure: Measure) -> str:
    """canonical|version, as a target names it."""
    return f"{_canonical(measure.url)}|{measure.version}" if measure.version else _canonical(measure.url)


def reasons_of(gap: Gap) -> tuple[str, ...]:
    """The codes of a payer's reasons, each once."""
    return tuple(sorted({reason.code for reason in gap.reasons if reason.code}))


def _of_gap(gap: Gap, act: str) -> Target:
    return Target(
        gap.payer,
        gap.report_id,
        gap.group_id,
        CARE_GAPS,
        gap.dialect,
        gap.status.value,
        named(gap.measure),
        act,
        reasons_of(gap),
    )


def _of_category(category: ConditionCategory) -> Target:
    return Target(
        category.payer,
        category.report_id,
        category.group_id,
        RISK,
        category.dialect,
        category.evidence_status,
        named(category.model),
        key_of(category),
    )


# --- facts ------------------------------------------------------------------------------------------------------------


def _statements(facts: str) -> list[str]:
    return facts.split(_APART) if facts else []


def _written(statements: Iterable[tuple[str, object]]) -> str:
    return _APART.join(sorted({kind + _hash(what) for kind, what in statements}))


def _hash(what: object) -> str:
    return hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()[:10]


def _of_card(card: Card) -> Iterator[tuple[str, object]]:
    for row in card.rows:
        yield from _of_row(row)
    for gap in card.closed:
        yield PAYER, _word(gap)


def _of_row(row: GapRow) -> Iterator[tuple[str, object]]:
    gap = row.gap
    yield STATE, (gap.payer if gap else "", gap.measure.url if gap else "", row.state.value, row.because)
    if gap:
        yield PAYER, _word(gap)
    for piece in (row.last_at_payer, row.elsewhere):
        if piece:
            yield PAYER, _piece(piece)
    for fact in (row.last_in_chart, row.settled_by, row.overdue, *row.unclear, *row.parts, *row.also):
        if fact:
            yield CHART, _fact(fact)


def _of_prompt(row: PromptRow) -> Iterator[tuple[str, object]]:
    yield STATE, (row.state.value, row.because)
    for category in (*row.categories, *row.also):
        yield (
            PAYER,
            (category.payer, key_of(category), category.cc_type, category.evidence_status, str(category.period)),
        )
    for piece in row.supporting:
        if piece.readable:
            yield PAYER, _piece(piece)
    for fact in (*row.in_chart, *row.against):
        yield CHART, _fact(fact)


def _word(gap: Gap) -> tuple[object, ...]:
    """What one payer says, but when it was worked out and in which report."""
    return gap.payer, named(gap.measure), str(gap.period), gap.status.value, reasons_of(gap)


def _piece(piece: Evidence) -> tuple[object, ...]:
    """A piece of a payer's evidence, without its id: another report may give it another."""
    return piece.type, piece.what or piece.concept.label, _days(piece), str(piece.value), piece.status


def _fact(fact: Fact) -> tuple[object, ...]:
    parts = [(each.concept.label, str(each.value)) for each in fact.components]
    said = fact.conclusion.label
    return fact.ref, fact.status, fact.verification, _days(fact), str(fact.value), parts, said


def _days(of: Evidence | Fact) -> tuple[str, str]:
    return (of.when.start.isoformat(), of.when.end.isoformat()) if of.when else ("", "")
