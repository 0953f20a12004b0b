"""What the team has prepared for today's appointment, in one quiet line of the panel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.core.schedule.tick import Tick, Ticked
from app.web.present.dates import clock_words
from app.web.present.text import plain

_VISIT, _STEP = "the visit", "a step"


def prepared_words(ticks: Iterable[Tick], now: datetime) -> str:
    """Who has prepared what, in the order of the day; empty where nothing is marked. `now`: in the clinic's zone."""
    by: dict[str, list[str]] = {}
    for tick in ticks:
        by.setdefault(plain(tick.by) or "somebody", []).append(_words(tick, now))
    return " ".join(f"Prepared by {who}: {'; '.join(said)}." for who, said in by.items())


def _words(tick: Tick, now: datetime) -> str:
    what = plain(tick.service) or (_STEP if tick.step else _VISIT)
    order = f", order {plain(tick.order)}" if tick.order else ""
    said = {
        Ticked.PREPPED: f"{what} ready",
        Ticked.TOLD: f"front desk told of {what}",
        Ticked.ORDERED: f"{what} ordered{order}",
        Ticked.CALLED: "patient called",
    }[tick.what]
    return f"{said} ({clock_words(tick.at, now)})"
