"""A payer as the night asks it: what holds anything sensitive goes no further than here, so nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.core import sensitive
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import Coverage, Identifier, Patient
from app.core.measures import Registry
from app.core.report import Member, Period, Report
from app.gather import PayerSource


@dataclass(frozen=True, slots=True)
class Discreet:
    """`payer` with `care_gaps` answered only where nothing in it is sensitive (docs/rules.md)."""

    payer: PayerSource
    registry: Callable[[], Registry]

    def member(self, patient: Patient, coverage: Coverage) -> Answer[Member]:
        return self.payer.member(patient, coverage)

    def care_gaps(self, member: Member, period: Period) -> Answer[Report]:
        answer = self.payer.care_gaps(member, period)
        if isinstance(answer, Known) and _tells(answer.value, answer.received.date(), self.registry()):
            return Unknown(answer.source, Reason.NOT_AHEAD)
        return answer

    def risk(self, member: Member, period: Period) -> Answer[Report]:  # noqa: ARG002 # the interface of a payer
        """Never asked: conditions are not read ahead."""
        return Unknown(member.payer, Reason.NOT_AHEAD)

    def open_gaps(self, practitioner: tuple[Identifier, ...], period: Period) -> Answer[tuple[Report, ...]]:
        return self.payer.open_gaps(practitioner, period)


def _tells(report: Report, day: date, registry: Registry) -> bool:
    """Whether one of its gaps is sensitive."""
    years = sensitive.age_of(report.subject, day)
    return any(sensitive.of_gap(gap, years, registry) for gap in report.gaps)
