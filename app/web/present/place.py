"""Where a row stands: once drawn it stays as it is until the user acts. Late answers append or are announced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from app.core.flag import Card, Panel, PromptRow, SourceState
from app.web.present.ids import ID_LENGTH, SOURCE_DIGITS, Ids

MAX_DRAWN = 24  # rows and troubles that a request may name; more would be no URL of ours
MAX_SOURCES = 24  # behind one row
MAX_LENGTH = ID_LENGTH + MAX_SOURCES * SOURCE_DIGITS

Row = TypeVar("Row")

#: The panel as it would be if these questions (keys of source lines) were out still.
Earlier = Callable[[frozenset[str]], Panel]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What this browser has in front of it: how often it asked, and the ids of the rows and troubles that it shows."""

    turn: int = 0
    ids: tuple[str, ...] = ()
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by row: which sources it was drawn from

    @classmethod
    def parse(cls, turn: str, ids: str) -> Drawn:
        """From the query of the fragment's own request. Whatever is malformed counts as not drawn."""
        known = [each for each in ids.split(".") if each.isascii() and each.isalnum() and len(each) <= MAX_LENGTH]
        rows = {each[:ID_LENGTH]: each[ID_LENGTH:] for each in known[:MAX_DRAWN]}
        heard = {id_: _sources(more) for id_, more in rows.items() if more}
        return cls(int(turn) if turn.isdecimal() and len(turn) < 6 else 0, tuple(rows), heard)

    @property
    def rows(self) -> bool:
        """Whether anything is drawn that could be pushed away."""
        return any(each.startswith(("g", "p")) for each in self.ids)


def _sources(words: str) -> frozenset[str]:
    return frozenset(words[n : n + SOURCE_DIGITS] for n in range(0, len(words), SOURCE_DIGITS))


@dataclass(frozen=True, slots=True)
class Held:
    """Drawn rows as they were drawn, where what has answered since would change them; by id."""

    cards: Mapping[str, Card] = field(default_factory=dict)
    prompts: Mapping[str, PromptRow] = field(default_factory=dict)


def as_now(found: Panel, drawn: Drawn, kept: str, ids: Ids) -> tuple[Drawn, str]:
    """The row of a tap under the id that it has now, in its place: a payer that came late may word a condition."""
    now = next((ids.prompt(row) for row in _conditions(found) if kept and kept in ids.prompts(row)), kept)
    places = tuple(dict.fromkeys(now if each == kept else each for each in drawn.ids))
    return replace(drawn, ids=places), now


def _conditions(found: Panel) -> tuple[PromptRow, ...]:
    return (*found.prompts, *found.more_prompts, *found.put_away_prompts, *found.settled_prompts)


def held_back(found: Panel, drawn: Drawn, earlier: Earlier, ids: Ids, kept: str = "") -> Held:
    """Every drawn row that an answer since would change: a line more or less pushes away what stands below. The row of
    a tap (`kept`) is shown as it is now: held back, it would be refused for ever.
    """
    since: dict[frozenset[str], list[str]] = {}
    for id_ in drawn.ids:
        if id_ == kept:
            continue
        answered, heard = _heard(found, _WHAT.get(id_[:1], ""), ids), drawn.heard.get(id_, frozenset())
        if late := frozenset(key for key, name in answered.items() if name not in heard):
            since.setdefault(late, []).append(id_)
    cards: dict[str, Card] = {}
    prompts: dict[str, PromptRow] = {}
    now_cards = {ids.card(card): card for card in (*found.gaps, *found.more_gaps)}
    now_prompts = {id_: row for row in (*found.prompts, *found.more_prompts) for id_ in ids.prompts(row)}
    for late, rows in since.items():
        then = earlier(late)
        for card in (*then.gaps, *then.more_gaps):
            if (id_ := ids.card(card)) in rows and card != now_cards.get(id_):
                cards[id_] = card
        for row in (*then.prompts, *then.more_prompts):
            if (id_ := ids.prompt(row)) in rows and row != now_prompts.get(id_):
                prompts[id_] = row
    return Held(cards, prompts)


#: What the rows of a kind are drawn from, by the letter of their ids.
_WHAT = {"g": "care-gaps", "p": "risk"}


def _heard(found: Panel, what: str, ids: Ids) -> dict[str, str]:
    """The payers' questions of one kind that have an answer, by key, with the names they have in a request."""
    answered = (line.key for line in found.sources if line.what == what and line.state is not SourceState.ASKING)
    return {key: ids.source(key) for key in answered if "/" in key}


def drawn_row(id_: str, found: Panel, before: Drawn, held: bool, ids: Ids) -> str:
    """How the fragment's next request names a row: its id, and from which sources it is drawn."""
    now = before.heard.get(id_, frozenset()) if held else _heard(found, _WHAT[id_[0]], ids).values()
    return id_ + "".join(sorted(now)[:MAX_SOURCES])


@dataclass(frozen=True, slots=True)
class Placed(Generic[Row]):
    """Rows as they are drawn now. `late` counts rows that rank among the expanded but found their places taken."""

    expanded: tuple[Row, ...]
    more: tuple[Row, ...]
    late: int
    moved: bool  # the drawn order is not the ranking
    ids: tuple[str, ...]  # of the expanded


def keep_place(
    ranked: Sequence[Row],
    more: Sequence[Row],
    drawn: Sequence[str],
    key: Callable[[Row], str],
    limit: int,
    held: Mapping[str, Row] | None = None,
) -> Placed[Row]:
    """`ranked` are the rows that rank high enough to be expanded, `drawn` the ids expanded so far, in their order;
    `held` are shown as they were drawn.
    """
    known = {key(row): row for row in (*ranked, *more)} | dict(held or {})
    kept = list(dict.fromkeys(each for each in drawn if each in known))[:limit]
    free = limit - len(kept)
    shown = (*kept, *[key(row) for row in ranked if key(row) not in kept][:free])
    rest = tuple(row for row in (*ranked, *more) if key(row) not in shown)
    late = sum(key(row) not in shown for row in ranked)
    moved = list(shown) != [key(row) for row in ranked]
    return Placed(tuple(known[each] for each in shown), rest, late, moved, shown)
