"""Who of a payer's list is on the schedule: by member id and birth date together, and only where the identity gate has
nothing against it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.core import identity
from app.core.answers import Answer, Known
from app.core.chart import Coverage, Patient
from app.core.membership import Membership, membership
from app.core.report import Member, Report
from app.core.schedule.appointment import Appointment


@dataclass(frozen=True, slots=True)
class Booked:
    """A patient of the schedule, with what it takes to recognise them in a payer's list.

    `coverages` by payer id. `refused`: payers that a restriction, or somebody's "not this patient", keeps apart from
    this patient. `unread`: who they are, their coverage or their restrictions are not known (yet).
    """

    ref: str
    visits: tuple[Appointment, ...]  # in time order, never empty
    patient: Patient | None = None
    coverages: tuple[tuple[str, Coverage], ...] = ()
    refused: tuple[str, ...] = ()
    unread: bool = False


def births(lists: Iterable[Answer[tuple[Report, ...]] | None]) -> frozenset[date]:
    """Every birth date that stands on a list: of nobody else's patients the coverage has to be read to find them."""
    known = [answer for answer in lists if isinstance(answer, Known)]
    return frozenset(born for answer in known for report in answer.value if (born := born_on(report.subject)))


def born_on(patient: Patient | None) -> date | None:
    """The birth date, where it is one day."""
    born = patient.birth_date if patient else None
    return born.start if born and born.start == born.end else None


def by_birth(booked: Iterable[Booked]) -> dict[date, list[Booked]]:
    """Those whose birth date is one day."""
    found: dict[date, list[Booked]] = {}
    for each in booked:
        if (born := born_on(each.patient)) is not None:
            found.setdefault(born, []).append(each)
    return found


def fitting(payer: str, report: Report, known: Mapping[date, Sequence[Booked]]) -> tuple[Booked, ...]:
    """The patients of the schedule who are this member: those with a record that fits better than a shared family id
    go first.
    """
    born = born_on(report.subject)
    if born is None or report.subject is None:
        return ()
    fits = [(tie, each) for each in known.get(born, ()) if (tie := _tie(payer, report, each)) is not None]
    best = max((tie for tie, _ in fits), default=Membership.OTHER)
    return tuple(each for tie, each in fits if tie is best)


def maybe(report: Report, known: Mapping[date, Sequence[Booked]]) -> bool:
    """Whether a member may be a patient of the schedule of whom too little could be read to tell."""
    born = born_on(report.subject)
    return born is not None and any(each.unread for each in known.get(born, ()))


def _tie(payer: str, report: Report, each: Booked) -> Membership | None:
    """How the member's record is tied to a patient by this payer's coverage; None where it is not, or is blocked."""
    coverage, record = dict(each.coverages).get(payer), report.subject
    if coverage is None or record is None or each.patient is None:
        return None
    tie = membership(coverage, record)
    if tie not in (Membership.OWN, Membership.SHARED):
        return None
    asked = Member(payer, report.subject_id, "", "identifier", record)
    verdict = identity.compare(each.patient, coverage, asked, record)
    return None if verdict.blocks else tie
