"""Before the visit: which of the gaps that payers list as open belong to somebody who is booked, and what a laboratory
can prepare. Pure.

A payer's member is a patient of the schedule only by member id and birth date together, and only where the identity
gate has nothing against it. Who fits nobody is not booked as far as is known; who fits two is said to be unclear. Who
may be somebody whose coverage could not be read is on no list: what restricts that patient is not known either.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.cards import Acts
from app.core.chart import Patient
from app.core.measures import Registry
from app.core.report import Gap, GapStatus, Report
from app.core.schedule.booked import Booked, by_birth, fitting, maybe
from app.core.schedule.ordering import folded
from app.core.schedule.row import Row

DAYS_AHEAD = 7  # after tomorrow's: a week in which people can still be reached before they come


def month_end(today: date) -> date:
    """The last day of the calendar month that `today` lies in: the end of "this month"."""
    return today.replace(day=monthrange(today.year, today.month)[1])


@dataclass(frozen=True, slots=True)
class Listed:
    """One person on an outreach list. `booked` None: no visit of theirs is known, and only the payer's record names
    them.
    """

    payers: tuple[str, ...]
    member_id: str  # of the payer's record: with the payer's id, who this is
    record: Patient | None  # the payer's record
    gap: Gap
    booked: Booked | None = None

    @property
    def person(self) -> tuple[str, ...]:
        """Two payers' members are one person only where both are the same patient of ours."""
        return ("ehr", self.booked.ref) if self.booked else ("payer", self.payers[0], self.member_id)


@dataclass(frozen=True, slots=True)
class ActCount:
    """One clinical act that payers list as open: the lists behind each number. No entry stands in two of them."""

    act: str
    service: str
    quoted: bool  # `service` is a payer's words
    booked: tuple[Listed, ...] = ()
    unbooked: tuple[Listed, ...] = ()
    unclear: tuple[Listed, ...] = ()  # fits more than one patient of the schedule

    @property
    def open(self) -> int:
        return len(self.booked) + len(self.unbooked) + len(self.unclear)


@dataclass(frozen=True, slots=True)
class Outreach:
    """All acts, those with most people first; and everything that is in none of the numbers."""

    acts: tuple[ActCount, ...] = ()
    uncounted: tuple[tuple[str, Reason, str], ...] = ()  # payers without a list: id, why, in our words
    asking: tuple[str, ...] = ()  # payers whose list is still out
    lacking: tuple[tuple[str, str], ...] = ()  # payers whose list is not exact: id, what it lacks, in our words
    stale: tuple[str, ...] = ()  # payers whose earlier list is shown
    unread: int = 0  # booked patients who could not be looked for in any list
    sensitive: int = 0  # open gaps that are on no outreach list: of a sensitive kind
    restricted: int = 0  # of patients whom a restriction, or somebody's "not this patient", keeps from that payer
    deceased: int = 0
    unsettled: int = 0  # of members born on the day of a booked patient whose coverage could not be read

    def act(self, key: str) -> ActCount | None:
        return next((count for count in self.acts if count.act == key), None)


@dataclass(frozen=True, slots=True)
class LabCount:
    """One step that a laboratory can prepare, with the visits that need it, in time order."""

    service: str
    rows: tuple[Row, ...]


def outreach(
    lists: Mapping[str, Answer[tuple[Report, ...]] | None],
    booked: Sequence[Booked],
    registry: Registry,
    sensitive: Callable[[Gap, Patient | None], bool],
) -> Outreach:
    """Every open gap of the payers' lists, by act, apart by whether its member is booked. `lists` by payer id; None is
    still being asked, and is no zero.
    """
    known = {payer: answer for payer, answer in lists.items() if isinstance(answer, Known)}
    acts = Acts.among((gap for answer in known.values() for report in answer.value for gap in report.gaps), registry)
    people = by_birth(booked)
    found: dict[str, dict[tuple[str, ...], Listed]] = {}
    unclear: dict[str, dict[tuple[str, ...], Listed]] = {}
    words: dict[str, tuple[str, bool]] = {}
    hidden = {"sensitive": 0, "restricted": 0, "deceased": 0, "unsettled": 0}
    for payer, answer in known.items():
        for report in answer.value:
            fits = fitting(payer, report, people)
            doubt = not fits and maybe(report, people)
            for act, gap in _open(report, acts).items():
                if why := _left_out(payer, report, gap, fits, sensitive, doubt=doubt):
                    hidden[why] += 1
                    continue
                words.setdefault(act, _service(gap, registry))
                one = Listed((payer,), report.subject_id, report.subject, gap, fits[0] if len(fits) == 1 else None)
                into = (unclear if len(fits) > 1 else found).setdefault(act, {})
                into[one.person] = _together(into.get(one.person), one)
    counts = [
        ActCount(
            act,
            *words[act],
            booked=_by_visit(one for one in found.get(act, {}).values() if one.booked),
            unbooked=_by_name(one for one in found.get(act, {}).values() if not one.booked),
            unclear=_by_name(unclear.get(act, {}).values()),
        )
        for act in words
    ]
    return Outreach(
        tuple(sorted(counts, key=lambda count: (-count.open, count.service.casefold(), count.act))),
        uncounted=tuple((p, a.reason, a.detail) for p, a in lists.items() if isinstance(a, Unknown)),
        asking=tuple(payer for payer, answer in lists.items() if answer is None),
        lacking=tuple((payer, what) for payer, answer in known.items() for what in answer.incomplete),
        stale=tuple(payer for payer, answer in known.items() if answer.stale_because),
        unread=sum(each.unread for each in booked),
        **hidden,
    )


def labs(rows: Sequence[Row]) -> tuple[LabCount, ...]:
    """What a laboratory can prepare for the visits of a day, those with most patients first."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for service in dict.fromkeys(row.labs):
            found.setdefault(service, []).append(row)
    counts = [LabCount(service, tuple(each)) for service, each in found.items()]
    return tuple(sorted(counts, key=lambda count: (-len(count.rows), count.service.casefold())))


# --- whose a list entry is --------------------------------------------------------------------------------------------


def _open(report: Report, acts: Acts) -> dict[str, Gap]:
    """The open gaps of one member, one for each act."""
    found: dict[str, Gap] = {}
    for gap in report.gaps:
        if gap.status is GapStatus.OPEN:
            found.setdefault(acts.of_gap(gap), gap)
    return found


def _left_out(
    payer: str,
    report: Report,
    gap: Gap,
    fits: Sequence[Booked],
    sensitive: Callable[[Gap, Patient | None], bool],
    *,
    doubt: bool,
) -> str:
    """Why a gap is on no outreach list, or nothing. `doubt`: it may be of a patient who could not be read enough."""
    people = [report.subject, *(each.patient for each in fits)]
    if any(person is not None and person.deceased for person in people):
        return "deceased"
    if any(payer in each.refused for each in fits):
        return "restricted"
    if doubt:
        return "unsettled"
    return "sensitive" if any(sensitive(gap, person) for person in people) else ""


def _together(known: Listed | None, one: Listed) -> Listed:
    """The same person's same act at a second payer is one line."""
    return one if known is None else replace(known, payers=tuple(dict.fromkeys((*known.payers, *one.payers))))


def _service(gap: Gap, registry: Registry) -> tuple[str, bool]:
    rule, _ = registry.find(gap.measure)
    if rule is not None:
        return rule.service, False
    return gap.measure.title or gap.measure.url.rstrip("/").rpartition("/")[2], True


def _by_visit(listed: Iterable[Listed]) -> tuple[Listed, ...]:
    """In the order in which they come."""
    return tuple(sorted(listed, key=lambda one: (_first_visit(one), one.person)))


def _first_visit(one: Listed) -> float:
    assert one.booked is not None, "asked for the booked only"
    return one.booked.visits[0].start.timestamp()


def _by_name(listed: Iterable[Listed]) -> tuple[Listed, ...]:
    def name(one: Listed) -> tuple[str, str]:
        names = one.record.names if one.record else ()
        return (folded(names[0].family), folded(" ".join(names[0].given))) if names else ("", "")

    return tuple(sorted(listed, key=lambda one: (name(one), one.person)))
