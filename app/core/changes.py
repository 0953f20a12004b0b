"""What changed since a patient was last opened: a panel as a memory, and two memories compared.

Only what could be known both times is compared: a state that several sources made, when all of them are heard. What a
payer that did not answer would have said is neither gone nor new; what the chart alone shows is never called gone,
because the next reader's rights may show less of it. A memory holds names of services and conditions, states and days;
no value, no payer's id of anybody, nothing of a report that the panel does not use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.core.cards import Acts
from app.core.flag import Card, Change, GapRow, Panel, PromptRow, SourceState, State
from app.core.measures import REGISTRY, Registry
from app.core.report import ConditionCategory, Gap
from app.core.strip import CARE_GAPS, CHART, RISK

MET = "met"
CHART_ALONE = ""  # the source of what no payer lists
_UNREAD = "unread"  # a state that the chart's unread types have made: it is compared with nothing
#: A newer entry in the chart is news while there is something to do about it.
_STILL_TO_DO = frozenset({State.OUT_OF_RANGE, State.DO_TODAY})


@dataclass(frozen=True, slots=True)
class Seen:
    """One statement: who makes it, its state, and the day of the chart's newest entry as ISO (empty: none)."""

    source: str  # payer id, or CHART_ALONE
    state: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One card or condition. Two entries with a key in common are the same thing. `quiet`: it was only counted."""

    keys: tuple[str, ...]
    label: str
    seen: tuple[Seen, ...]  # what ranks it first
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """One part of a panel, gaps or prompts. `heard` have answered; `whole` of them in full, so that what they do not
    list is not there.
    """

    day: date  # the clinic's
    heard: frozenset[str]
    whole: frozenset[str]
    entries: tuple[Entry, ...]

    def write(self) -> bytes:
        """As JSON."""
        entries = [
            [each.keys, each.label, [[s.source, s.state, s.day] for s in each.seen], each.quiet]
            for each in self.entries
        ]
        return json.dumps([self.day.isoformat(), sorted(self.heard), sorted(self.whole), entries]).encode()

    @classmethod
    def read(cls, body: bytes) -> Memory | None:
        """What was written; None where it was written in another form."""
        try:
            day, heard, whole, entries = json.loads(body)
            found = tuple(
                Entry(tuple(keys), label, tuple(Seen(*each) for each in seen), quiet)
                for keys, label, seen, quiet in entries
            )
            return cls(date.fromisoformat(day), frozenset(heard), frozenset(whole), found)
        except (ValueError, TypeError):
            return None


def of_gaps(panel: Panel, day: date, registry: Registry = REGISTRY) -> Memory:
    """The care gaps of a panel."""
    cards = (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded, *panel.put_away, *panel.settled)
    every = (*(gap for card in cards for gap in _gaps(card)), *panel.closed, *panel.other)
    acts, also = Acts.among(every, registry), _also_named(every, registry)
    met = [
        Entry(
            tuple(filter(None, (acts.of_gap(gap), also.get(id(gap))))),
            _name(gap, registry),
            (Seen(gap.payer, MET),),
            quiet=True,
        )
        for gap in panel.closed
    ]
    return Memory(day, *_sources(panel, CARE_GAPS), (*(_card(card, registry, also) for card in cards), *met))


def of_prompts(panel: Panel, day: date) -> Memory:
    """The conditions of a panel, with those that are only counted."""
    acted_on = (*panel.put_away_prompts, *panel.settled_prompts)
    rows = [_prompt(row) for row in (*panel.prompts, *panel.more_prompts, *acted_on)]
    hidden = [
        Entry((key_of(each.category),), each.category.label, (Seen(each.category.payer, each.why),), quiet=True)
        for each in panel.hidden
    ]
    return Memory(day, *_sources(panel, RISK), (*rows, *hidden))


def changes(before: Memory, now: Memory) -> tuple[Change, ...]:
    """What is different, in the order of the panel; what is gone comes last."""
    found: list[Change | None] = []
    matched: set[int] = set()
    for entry in now.entries:
        same = [n for n, each in enumerate(before.entries) if set(each.keys) & set(entry.keys) and n not in matched]
        matched |= set(same)
        if same:
            found.append(_changed(before.entries[same[0]], entry, before.heard & now.heard))
        elif not entry.quiet:
            found.append(_new(entry, before.whole & now.heard))
    left = [each for n, each in enumerate(before.entries) if n not in matched and not each.quiet]
    found += [_gone(entry, before.heard & now.whole) for entry in left]
    return tuple(dict.fromkeys(each for each in found if each))


# --- comparing --------------------------------------------------------------------------------------------------------


def _changed(was: Entry, now: Entry, heard: frozenset[str]) -> Change | None:
    if not {each.source for each in (*was.seen, *now.seen)} <= heard:
        return None  # the state is what all of them made of it
    then, here = _first(was.seen, heard), _first(now.seen, heard)
    if then is None or here is None or _UNREAD in (then.state, here.state) or (was.quiet and now.quiet):
        return None
    newer = here.day > then.day and here.state in _STILL_TO_DO
    if then.state == here.state and not newer:
        return None
    return Change(now.keys[0], now.label, then.state, here.state)


def _new(entry: Entry, whole: frozenset[str]) -> Change | None:
    """New is what somebody lists who did not list it then, having answered in full."""
    here = _first(entry.seen, whole)
    return Change(entry.keys[0], entry.label, "", here.state) if here and here.state != _UNREAD else None


def _gone(entry: Entry, whole: frozenset[str]) -> Change | None:
    """Gone is what all who listed it do not list any more, having answered in full."""
    sources = {each.source for each in entry.seen}
    if CHART_ALONE in sources or not sources <= whole or entry.seen[0].state == _UNREAD:
        return None
    return Change(entry.keys[0], entry.label, entry.seen[0].state, "")


def _first(seen: Sequence[Seen], sources: frozenset[str]) -> Seen | None:
    return next((each for each in seen if each.source in sources), None)


# --- remembering ------------------------------------------------------------------------------------------------------


def _sources(panel: Panel, question: str) -> tuple[frozenset[str], frozenset[str]]:
    """Who has answered, and who of them in full. An older copy is no answer of today."""
    heard, whole = set(), set()
    for line in panel.sources:
        if line.what in (question, CHART) and line.state is SourceState.ANSWERED:
            source = CHART_ALONE if line.what == CHART else line.key.partition("/")[0]
            heard.add(source)
            if not (line.incomplete or line.unreadable or line.said):
                whole.add(source)
    return frozenset(heard), frozenset(whole)


def _card(card: Card, registry: Registry, also: Mapping[int, str]) -> Entry:
    main = card.main
    label = main.service or (_name(main.gap, registry) if main.gap else "")
    rows = [_row(row) for row in card.rows]
    shown = [replace(made, source=row.seen_by) for row, made in zip(card.rows, rows, strict=True) if row.seen_by]
    keys = dict.fromkeys((card.act, *(also[id(gap)] for gap in _gaps(card) if id(gap) in also)))
    return Entry(tuple(keys), label, (*rows, *(Seen(gap.payer, MET) for gap in card.closed), *shown))


def _gaps(card: Card) -> list[Gap]:
    return [*(row.gap for row in card.rows if row.gap), *card.closed]


def _also_named(gaps: Sequence[Gap], registry: Registry) -> dict[int, str]:
    """What a gap of a measure that we do not know is called too, by id(gap): report ids change from answer to answer,
    and titles are reworded. By its payer, canonical and group, where only one gap is so called; else by its title.
    """
    unknown = [gap for gap in {id(gap): gap for gap in gaps}.values() if registry.find(gap.measure)[0] is None]
    places = [("gap", gap.payer, gap.measure.url.partition("|")[0], gap.group_id) for gap in unknown]
    titles = [("titled", gap.payer, gap.measure.url.partition("|")[0], gap.measure.title.casefold()) for gap in unknown]
    found: dict[int, str] = {}
    for gap, place, title in zip(unknown, places, titles, strict=True):
        named = (place, places.count(place)) if gap.measure.url and gap.group_id else (title, titles.count(title))
        if named[1] == 1:
            found[id(gap)] = "/".join(named[0])
    return found


def _row(row: GapRow) -> Seen:
    newest = row.last_in_chart.when if row.last_in_chart else None
    state = _UNREAD if row.because == "unread-types" else row.state.value
    return Seen(row.gap.payer if row.gap else CHART_ALONE, state, newest.end.isoformat() if newest else "")


def _name(gap: Gap, registry: Registry) -> str:
    rule, _ = registry.find(gap.measure)
    return rule.service if rule else gap.measure.title


def _prompt(row: PromptRow) -> Entry:
    label = row.label or next((category.label for category in row.categories if category.label), "")
    keys = tuple(key_of(category) for category in row.categories) or (f"condition/{label.casefold()}",)
    payers = dict.fromkeys(category.payer for category in row.categories) or {CHART_ALONE: None}
    return Entry(keys, label, tuple(Seen(payer, row.state.value) for payer in payers))


def key_of(category: ConditionCategory) -> str:
    return f"condition/{category.system}|{category.version}|{category.code or category.label.casefold()}"
