"""How old a source's word may be: by the class of its data, never one average (docs/rules.md).

Three dates stand side by side: `calculated` is when the payer computed it, `data_through` how far its data went,
`received` when we read it. Any may be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class SourceClass(StrEnum):
    """What a source's data is made of. Each class is late in its own way."""

    ADJUDICATED_CLAIMS = "adjudicated-claims"
    PRE_ADJUDICATION = "pre-adjudication"
    PHARMACY = "pharmacy"
    CLINICAL = "clinical"
    PROVIDER_SUBMITTED = "provider-submitted"
    AUTHORIZATION = "authorization"
    ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True)
class DataClass:
    """One `[[payer.data]]` row of a payer entry: what the answer to one question is made of.

    `lag_days` is how late such data usually is; past `limit_days` an act it asks for reads "verify first".
    """

    question: str  # care-gaps | risk
    kind: SourceClass
    lag_days: int
    limit_days: int


@dataclass(frozen=True, slots=True)
class Age:
    """How old the data behind one statement is, and from which day that is counted."""

    base: date  # data through, or calculated on where that is earlier, or the other one says nothing
    days: int

    def passes(self, data: DataClass) -> bool:
        """Whether this is older than data of that class may be."""
        return self.days > data.limit_days


def age(calculated: date | None, data_through: date | None, today: date) -> Age | None:
    """By the earlier of the two: data reaches no further than the day on which it was counted. A date that lies ahead
    is a slip of the sender's: it says nothing, and the other one stands. None where neither is left.
    """
    base = min((day for day in (calculated, data_through) if day is not None and day <= today), default=None)
    return None if base is None else Age(base, (today - base).days)


def of_question(rows: Iterable[DataClass], question: str) -> DataClass | None:
    """What the answer to one question is made of; None: the payer's entry does not say."""
    return next((row for row in rows if row.question == question), None)


def oldest(days: Iterable[date | None]) -> date | None:
    """The oldest of the days that are stated; None: none is."""
    return min((day for day in days if day is not None), default=None)
