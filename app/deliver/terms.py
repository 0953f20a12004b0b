"""What was agreed with one payer, and what delivery needs of its adapter (`app.sources.payer`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.answers import Answer
from app.core.ledger.outgoing import Remark, Written
from app.core.report import Member, Period, Report


@dataclass(frozen=True, slots=True)
class Terms:
    """By the payer's entry. `software`: every RA group of a visit gets a remark, ours where nobody has said anything;
    `confirm_days`: after so many a gap that is still open is late.
    """

    id: str
    software: bool = False
    confirm_days: int = 45


class Writes(Protocol):
    """One payer, as something is sent to it."""

    def remark(
        self, report_id: str, remarks: Sequence[Remark], against: str, about_to_send: Callable[[str], None]
    ) -> Written:
        """Put these on a report, unless they are there. `against`: the version that an earlier try was put on;
        `about_to_send` is told what to keep of it just before each write, and stops it by raising; it is told "" where
        a write has certainly not arrived.
        """
        ...

    def submit(self, envelope: Mapping[str, Any], against: str, about_to_send: Callable[[str], None]) -> Written:
        """Send evidence exactly as it was shown; it carries an identifier of its own."""
        ...


class Tells(Protocol):
    """One payer, as it is asked what became of what was sent."""

    def care_gaps(self, who: Member, period: Period) -> Answer[Report]: ...
    def risk(self, who: Member, period: Period) -> Answer[Report]: ...
