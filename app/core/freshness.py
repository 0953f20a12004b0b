"""How old a payer's word is: three dates side by side, never an average, never a score.

`calculated` is when the payer computed it, `data_through` how far its data went, `received` when we read it. Any may
be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.report import ConditionCategory, Gap

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Freshness:
    """The dates of one statement, with the age of what it is based on."""

    calculated: date | None
    data_through: date | None
    today: date

    @property
    def days(self) -> int | None:
        """Age of the data in days: from `data_through`, else from `calculated`. None: the payer stated neither."""
        base = self.data_through or self.calculated
        return None if base is None else (self.today - base).days

    @property
    def weeks(self) -> int | None:
        """Whole weeks of `days`. A date in the future gives None: it is a slip of the sender's, not a freshness."""
        return self.days // DAYS_A_WEEK if self.days is not None and self.days >= 0 else None


def of(item: Gap | ConditionCategory, today: date) -> Freshness:
    """The freshness of one gap or category. RA reports (2.1.0) do not state how far their data goes."""
    return Freshness(item.calculated, item.data_through if isinstance(item, Gap) else None, today)


def oldest(dates: Iterable[date | None]) -> date | None:
    """The oldest of the stated dates; None as soon as one is not stated, since the oldest is then not known."""
    stated = list(dates)
    known = [day for day in stated if day is not None]
    return min(known) if known and len(known) == len(stated) else None
