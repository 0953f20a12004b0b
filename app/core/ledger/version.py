"""The version of an item as somebody saw it: an action on another version is refused with what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.ledger.action import Action, Item
from app.core.ledger.item import CHART, PAYER, STATE, on, part

_KINDS = (PAYER, CHART, STATE)


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different since a version was seen. Nothing of it: the version is the one there is."""

    payers: bool = False  # what payers say
    chart: bool = False  # what the chart holds
    state: bool = False  # what we make of the two, or the day has
    acted: tuple[Action, ...] = ()  # what people have recorded since, those taken back as well
    undone: tuple[Action, ...] = ()  # what was there and has been taken back since, as far as one can tell

    def __bool__(self) -> bool:
        return self.payers or self.chart or self.state or bool(self.acted or self.undone)


def of(item: Item, actions: Iterable[Action]) -> str:
    """ "<payers>-<chart>-<state>.<number of the newest action on it>", and "u<n>" where n of them were taken back."""
    number, undone = _newest(on(item, actions))
    facts = "-".join(_hash(part(item, kind)) for kind in _KINDS)
    return f"{facts}.{number}" + (f"u{undone}" if undone else "")


def changed(seen: str, item: Item, actions: Iterable[Action]) -> Changed:
    """What has changed since `seen`, a version that was drawn. One that cannot be read has changed in everything."""
    facts, _, numbers = seen.partition(".")
    then, now = facts.split("-"), [_hash(part(item, kind)) for kind in _KINDS]
    newest, _, undone = numbers.partition("u")
    if len(then) != len(now) or not (_is_number(newest) and _is_number(undone or "0")):
        return Changed(payers=True, chart=True, state=True)
    payers, chart, state = (a != b for a, b in zip(then, now, strict=True))
    mine = on(item, actions)
    acted = tuple(each for each in mine if each.number > int(newest))
    before = sorted((e for e in mine if e.number <= int(newest) and e.undone_at), key=lambda e: str(e.undone_at))
    return Changed(payers, chart, state, acted, tuple(before[int(undone or 0) :]))


def _newest(mine: tuple[Action, ...]) -> tuple[int, int]:
    return max((each.number for each in mine), default=0), sum(each.undone_at is not None for each in mine)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
