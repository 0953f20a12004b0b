"""Use case: the time ahead. Which of the gaps that payers list as open belong to somebody who is booked this month, and
who takes what off the screen: every list of people and every sheet of paper is audited before it is made.

The schedule is read once for all days; of its patients only those are asked about whose birth date stands on a
payer's list, and of them only coverage and restrictions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, tzinfo

from app.core import sensitive
from app.core.answers import Answer, Known
from app.core.asking import CHART_PREFIX, CONSENTS, COVERAGE, EHR, PATIENT, Ask, Opening, report_period
from app.core.chart import Identifier, Patient
from app.core.coverage import connect
from app.core.measures import Registry
from app.core.report import Gap
from app.core.restrictions import FLAG
from app.core.roles import Role
from app.core.schedule.ahead import DAYS_AHEAD, Listed, Outreach, month_end, outreach
from app.core.schedule.appointment import Appointment, DayAsk, Schedule
from app.core.schedule.booked import Booked, births, born_on
from app.gather import Filled, Gathering, Reader, State
from app.gather.population import Lists
from app.store import Store, audit

#: What tells whether somebody is a payer's member, and whether they may be shown together.
_IDENTITY = (PATIENT, COVERAGE, CONSENTS, CHART_PREFIX + FLAG)
_AT_ONCE = 12  # patients that are being asked about for this
_LOOK_AGAIN = 0.2
#: A source that has failed is not asked again while the others still answer: a long list would never end.
FAILURES_STAND = timedelta(minutes=2)

PRINTED, LISTED, COUNTED = "print-schedule", "read-outreach", "read-outreach-counts"


@dataclass(frozen=True, slots=True)
class Horizon:
    """What one request may show of the time ahead: numbers only, nobody's name. `role` None: not known yet.

    `visits` counts the seats of tomorrow and the days after it. `outreach` None: the schedule has not been read.
    """

    role: Role | None
    ask: DayAsk
    schedule: Answer[Schedule] | None = None
    visits: Mapping[date, int] = field(default_factory=dict)
    outreach: Outreach | None = None
    until: date | None = None  # the last day that counts as this month
    complete: bool = False


class Ahead:
    """One per process."""

    def __init__(self, store: Store, gathering: Gathering, registry: Callable[[], Registry]) -> None:
        self._store, self._gathering, self._registry = store, gathering, registry

    def look(
        self, opening: Opening, provider: str, known_as: tuple[Identifier, ...], zone: tzinfo, *, timeout: float
    ) -> Horizon:
        """The time ahead of one provider (`known_as`: by which payers know them) once all is in, or what is known after
        `timeout` seconds. Shows nobody by name: `audited` is for who does.
        """
        end = time.monotonic() + timeout
        while not (found := self._now(opening, provider, known_as, zone)).complete and time.monotonic() < end:
            time.sleep(_LOOK_AGAIN)
        return found

    def counted(self, opening: Opening, reader: Reader, found: Horizon) -> None:
        """Commit that the numbers were looked at: of whom they are made, nobody sees by it."""
        acts = found.outreach.acts if found.outreach else ()
        self._record(opening, reader.user, found.role, COUNTED, {"": {"acts": len(acts)}})

    def listed(self, opening: Opening, reader: Reader, role: Role | None, people: Iterable[Listed]) -> None:
        """Commit who is about to be shown, one record a person; a payer's member whom no patient of ours is known by
        that payer's id.
        """
        shown: dict[str, Mapping[str, int]] = {}
        for one in people:
            ref = one.booked.ref if one.booked else ""
            key = _key(opening, ref) if ref else f"{one.payers[0]}|{one.member_id}"
            shown[key] = {f"{payer}/open-gap": 1 for payer in one.payers}
        self._record(opening, reader.user, role, LISTED, shown)

    def taken(self, opening: Opening, reader: Reader, role: Role | None, refs: Iterable[str], action: str) -> None:
        """Commit that what is known of these patients ("Patient/123") leaves the screen: on paper, or as a list of
        people to call.
        """
        self._record(opening, reader.user, role, action, {_key(opening, ref): {"row": 1} for ref in refs})

    def _record(
        self, opening: Opening, user: str, role: Role | None, action: str, patients: Mapping[str, Mapping[str, int]]
    ) -> None:
        with self._store.begin() as tx:
            entries = [
                audit.Audit(
                    launch=opening.handle,
                    who=user,
                    role=str(role or "not known yet"),
                    patient=key,
                    action=action,
                    counts=counts,
                    outcome="ok",
                    at=tx.now,
                )
                for key, counts in patients.items()
            ]
            audit.record_all(tx, entries)

    # --- one look -------------------------------------------------------------------------------------------------

    def _now(self, opening: Opening, provider: str, known_as: tuple[Identifier, ...], zone: tzinfo) -> Horizon:
        until = month_end(opening.day)
        ask = DayAsk(provider, opening.day, max(until, opening.day + timedelta(days=1 + DAYS_AHEAD)))
        nobody = replace(opening, patient_id=None, encounter_id=None, failures_stand=FAILURES_STAND)
        filled = self._gathering.mornings.now(
            replace(nobody, schedule=ask), replace(nobody, only=(PATIENT,), types=()), zone
        )
        lists = self._gathering.populations.lists(opening, known_as, report_period(opening.day))
        found = Horizon(filled.role, ask, filled.schedule, until=until)
        if not isinstance(filled.schedule, Known):
            return replace(found, complete=filled.schedule is not None)
        booked, waiting = self._booked(filled, lists, zone, until)
        out = waiting or not filled.complete or any(answer is None for answer in lists.values())
        registry = self._registry()
        counts = outreach(lists, booked, registry, lambda gap, person: _sensitive(gap, person, opening.day, registry))
        return replace(found, visits=_visits(filled, ask, zone), outreach=counts, complete=not out)

    def _booked(self, filled: Filled, lists: Lists, zone: tzinfo, until: date) -> tuple[list[Booked], bool]:
        """Everybody who is booked by the end of the month, and whether something of them is still being asked."""
        visits: dict[str, list[Appointment]] = {}
        for appointment, ref in filled.arranged.shown:
            if appointment.start.astimezone(zone).date() <= until:
                visits.setdefault(ref, []).append(appointment)
        dates, found, asking = births(lists.values()), list[Booked](), 0
        for ref, own in visits.items():
            one = Booked(ref, tuple(own), _patient(filled.patients.get(ref)))
            born = born_on(one.patient)
            if born is None:
                found.append(replace(one, unread=True))
            elif born not in dates:
                found.append(one)
            else:
                asking += 1
                one, complete = self._identified(one, filled.openings[ref], asking <= _AT_ONCE)
                asking -= complete
                found.append(one)
        return found, asking > 0

    def _identified(self, one: Booked, of: Opening, may_ask: bool) -> tuple[Booked, bool]:
        """By which coverages a patient is somebody's member, and whose answers may not be laid beside their name."""
        opening = replace(of, only=_IDENTITY)
        state = self._gathering.state(opening)
        if state.idle and may_ask:
            self._gathering.advance(opening)
        coverages = state.answers.get(Ask(EHR, COVERAGE))
        if not isinstance(coverages, Known) or not state.complete:
            return replace(one, unread=True), state.complete
        connected, _ = connect(coverages.value, opening.ehr, opening.day, self._gathering.populations.rows)
        by_payer = tuple((row.id, coverage) for row, coverage in connected)
        return replace(one, coverages=by_payer, refused=tuple(state.plan.restricted)), True


def _patient(state: State | None) -> Patient | None:
    answer = state.answers.get(Ask(EHR, PATIENT)) if state else None
    return answer.value if isinstance(answer, Known) and isinstance(answer.value, Patient) else None


def _visits(filled: Filled, ask: DayAsk, zone: tzinfo) -> dict[date, int]:
    days = {ask.first + timedelta(days=number): 0 for number in range(1, 2 + DAYS_AHEAD)}
    for appointment, _ in filled.arranged.shown:
        day = appointment.start.astimezone(zone).date()
        if day in days:
            days[day] += 1
    return days


def _sensitive(gap: Gap, person: Patient | None, today: date, registry: Registry) -> bool:
    born = born_on(person)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day)) if born else None
    return sensitive.of_gap(gap, years, registry) is not None


def _key(opening: Opening, ref: str) -> str:
    """The patient in the audit, as every other look at them is kept."""
    return f"{opening.issuer}|{ref.removeprefix('Patient/')}"
