"""What a source said, or why it said nothing. Unknown is never empty (README, Words: answer)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Reason(StrEnum):
    """Why a source gave no usable answer. Each is shown to the user as what it is."""

    NOT_CONNECTED = "not-connected"  # a payer on file that no payer entry recognises
    NOT_ALLOWED = "not-allowed"  # the EHR trimmed the scope, or answered 403
    NOT_READABLE = "not-readable"  # HTML, broken JSON, an OperationOutcome instead of data, too large
    NOT_IDENTIFIED = "not-identified"  # the payer does not know this member
    WRONG_PATIENT = "wrong-patient"  # the payer answered about somebody else; nothing of it may be shown
    RESTRICTED = "restricted"  # a disclosure restriction: the payer was not asked
    RESTRICTION_UNKNOWN = "restriction-unknown"  # whether there is one could not be read: the payer was not asked
    HELD = "held"  # somebody said "wrong patient": hidden for everyone until the privacy role has looked
    CANNOT_LIST = "cannot-list"  # this EHR has no way to list a schedule (never shown as an empty day)
    NOT_AHEAD = "not-ahead"  # left to the morning, because it holds something sensitive; for the night alone
    SIGNED_OUT = "signed-out"  # the token ended and could not be renewed
    DOWN = "down"  # refused, 5xx, or the breaker is open
    SLOW = "slow"  # the deadline passed
    BUSY = "busy"  # our own queue for this source is full, or the source said 429 to the end


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """An answer.

    `received` is when we read it (aware, UTC); what the payload itself says of its age stands inside `value`.
    `stale_because` is set when this is the last good answer, shown because a newer try failed for that reason.
    `incomplete` names what is missing from an otherwise good answer (pages not read, resources not readable).
    """

    value: T_co
    source: str
    received: datetime
    incomplete: tuple[str, ...] = ()
    stale_because: Reason | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, and why. `detail` is ours (never payload text) and free of PHI.

    `groups`: what came and could not be read, as report id, group id and dialect: so that the payer can be told.
    """

    source: str
    reason: Reason
    detail: str = ""
    retry_after: float | None = field(default=None, compare=False)
    groups: tuple[tuple[str, str, str], ...] = ()


Answer: TypeAlias = Known[T] | Unknown
