"""What one request may show of a day, or of several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.core.answers import Answer, Reason
from app.core.roles import Role
from app.core.schedule.appointment import DayAsk, Schedule
from app.core.schedule.entry import ProviderRow
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one source: how many of its questions are asked for this day by now, and how many have come to something.

    `trouble`: it does not answer; said once for the whole day.
    """

    source: str  # EHR or a payer id
    asked: int
    answered: int
    trouble: Reason | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What one request may show of a day. `schedule` None: still being asked; `role` None: not known yet."""

    ask: DayAsk
    role: Role | None
    schedule: Answer[Schedule] | None
    rows: tuple[Row, ...] = ()  # booked, arrived and checked-in, in time order
    missed: tuple[Row, ...] = ()  # no-shows
    over: int = 0  # fulfilled
    cancelled: int = 0
    ticks: tuple[Tick, ...] = ()
    progress: tuple[Progress, ...] = ()
    providers: tuple[ProviderRow, ...] = ()  # whose days this user may open, their own first
    version: int = 0
    complete: bool = False
    snapshot: datetime | None = None  # these rows are from then: the EHR, or a payer, does not answer now
