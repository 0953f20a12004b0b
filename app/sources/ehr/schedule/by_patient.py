"""Plan E: who is on the practice's worklist, asked for patient by patient where the EHR allows that.

What the EHR says of a patient's appointments that day counts; where it may not be asked, or knows of none, the file's
row stands. Those who come next are asked about first, and the rest is left when the question's time is nearly over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any

from app.core.chart import Identifier
from app.core.schedule.appointment import Appointment, DayAsk, Plan, Schedule
from app.core.schedule.day import is_asked_for
from app.sources import deadline
from app.sources.ehr.schedule.days import bounds
from app.sources.ehr.schedule.reading import Reading, Resolve, schedule
from app.sources.ehr.schedule.worklist import Line, Worklist
from app.sources.errors import CannotList, NotAllowed, NotFound, Refused, SourceError, Unreadable
from app.sources.fhir.bundles import Outcomes, Rejects, matches
from app.sources.fhir.values import identifiers
from app.sources.http import Http

_TOGETHER = 10  # patients in one search (R4 search.html 3.1.1.4.10: commas mean or)
_RECORD_NUMBERS = 40
_RECORD_NUMBER_TYPES = frozenset({"MR", ""})  # v2-0203; many EHRs give their own numbers no type
_SPARE = 2.0  # seconds

_Told = dict[tuple[str, date], list[Appointment]]


@dataclass(slots=True)
class ByPatient:
    """One question. `may_ask`, `may_identify`: whether Appointments by patient, and Patients by record number, may be
    searched for.
    """

    http: Http
    zone: tzinfo
    resolve: Resolve
    quirks: Mapping[str, Any]
    may_ask: bool
    may_identify: bool

    def ask(self, worklist: Worklist, ask: DayAsk, now: datetime) -> tuple[Schedule, tuple[str, ...]]:
        """The provider's days, and what is missing of them. Raises CannotList for a file that is of other days."""
        days = {self._day(line.appointment) for line in worklist.lines}
        if not any(ask.first <= day <= ask.last for day in days):
            raise CannotList("its worklist file has no line of these days")
        lines = [line for line in worklist.lines if is_asked_for(line.appointment, ask, self.zone, Plan.WORKLIST)]
        lines.sort(key=lambda line: (line.appointment.start < now, line.appointment.start))
        lines, unknown = self._identified(lines)
        reading = Reading()
        told = self._told(lines, ask, reading) if self.may_ask else {}
        kept = tuple(dict.fromkeys(self._merged(lines, told)))
        missing = [*worklist.wrong, *reading.missing()]
        if max(days) < ask.last:
            missing.append(f"worklist: it ends on {max(days).isoformat()}")
        if unknown:
            missing.append(f"worklist: {unknown} record numbers that the EHR did not resolve to one patient")
        return Schedule(kept, reading.patients(kept), Plan.WORKLIST), tuple(missing)

    def _merged(self, lines: Iterable[Line], told: _Told) -> Iterator[Appointment]:
        for line in lines:
            (patient,) = line.appointment.patients
            yield from told.get((patient, self._day(line.appointment))) or [line.appointment]

    def _told(self, lines: Sequence[Line], ask: DayAsk, reading: Reading) -> _Told:
        """What the EHR says, by patient and day. A refusal ends the asking: the file's rows stand."""
        ids = list(dict.fromkeys(ref.partition("/")[2] for line in lines for ref in line.appointment.patients if ref))
        size = _TOGETHER
        while ids and _time_left():
            asked, ids = ids[:size], ids[size:]
            try:
                reading.take(self.http.search("Appointment", (*bounds(ask, self.zone), ("patient", self._list(asked)))))
            except Refused as refused:
                if size == 1:
                    reading.failed(refused)
                    ids = []
                else:
                    ids, size = [*asked, *ids], 1
            except SourceError as trouble:
                reading.failed(trouble)
                if isinstance(trouble, NotAllowed | NotFound):
                    ids = []
        if ids:
            reading.lacks(f"{len(ids)} patients of the worklist were not asked about: the time was over")
        try:
            found = schedule(reading, ask, self.zone, Plan.WORKLIST, self.resolve)
        except (NotAllowed, Unreadable) as trouble:
            reading.failed(trouble)
            return {}
        told: _Told = {}
        for each in found.appointments:
            for patient in each.patients:
                told.setdefault((patient, self._day(each)), []).append(each)
        return told

    def _identified(self, lines: list[Line]) -> tuple[list[Line], int]:
        """The rows with record numbers resolved to patients, and how many were not."""
        known: dict[str, str] = {}
        for line in lines:
            if (
                line.mrn
                and line.mrn not in known
                and self.may_identify
                and len(known) < _RECORD_NUMBERS
                and _time_left()
            ):
                known[line.mrn] = self._patient(line.mrn)
        filled = [
            replace(line, appointment=replace(line.appointment, patients=(ref,)))
            if (ref := known.get(line.mrn, ""))
            else line
            for line in lines
        ]
        return filled, sum(not line.appointment.patients[0] for line in filled)

    def _patient(self, mrn: str) -> str:
        """The one patient with this record number; "" for none, several, or no answer."""
        try:
            pages = self.http.search("Patient", (("identifier", mrn),), post=True)
        except SourceError:
            return ""
        found = [
            entry.ref
            for entry in matches(pages.bundles, "Patient", Outcomes(), Rejects())
            if entry.id and any(_is(each, mrn) for each in identifiers(entry.resource.get("identifier")))
        ]
        return found[0] if len(set(found)) == 1 else ""

    def _list(self, ids: Iterable[str]) -> str:
        return ",".join(each if self.quirks.get("bare_ids") else f"Patient/{each}" for each in ids)

    def _day(self, found: Appointment) -> date:
        return found.start.astimezone(self.zone).date()


def _is(stated: Identifier, mrn: str) -> bool:
    """Whether it is the record number: the same digits may stand in a driver's licence or a member number."""
    return stated.value == mrn and stated.type_code in _RECORD_NUMBER_TYPES


def _time_left() -> bool:
    limit = deadline.current()
    return limit is None or limit.remaining() > _SPARE
