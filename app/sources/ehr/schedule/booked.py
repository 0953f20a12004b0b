"""Plan D: athenahealth's own list of booked appointments, `GET /v1/{practice}/appointments/booked`.

https://docs.athenahealth.com/api/api-ref/appointment-slot. 2026-11, athenaOne: dates are mm/dd/yyyy and times local to
the department; status is one letter; ids are bare numbers, which its FHIR API wraps with the practice's. Written from
the vendor's documentation: no practice could be reached, and `quirks.booked` of an entry sets how its FHIR ids look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote, urlsplit

from app.core.chart import Concept
from app.core.schedule.appointment import Appointment, DayAsk, Plan, Schedule
from app.core.schedule.entry import ScheduleEntry
from app.sources.ehr.schedule.reading import mine
from app.sources.errors import CannotList, SourceError, Unreadable
from app.sources.fhir import visit_words
from app.sources.fhir.shape import Json, objs, words
from app.sources.http import Http

_STATUS = {"f": "booked", "2": "checked-in", "3": "fulfilled", "4": "fulfilled", "x": "cancelled"}
_OPEN = "o"  # a slot that nobody has booked
_IDS = {
    "patient": "a-{practice}.E-{id}",
    "practitioner": "a-{practice}.Provider-{id}",
    "encounter": "a-{practice}.encounter-{id}",
    "appointment": "a-{practice}.appointment-{id}",
}
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_NUMBER = re.compile(r"[0-9]{1,18}")
_PAGES, _DEPARTMENTS = 20, 20


class Booked:
    """The list of one practice. Raises CannotList where the entry does not say which."""

    def __init__(self, http: Http, entry: ScheduleEntry, quirks: Mapping[str, Any]) -> None:
        if not entry.practice or not entry.departments:
            raise CannotList("its entry names no practice or no departments")
        self._http, self._entry = http, entry
        self._ids = {**_IDS, **(quirks.get("booked") or {})}
        self._skipped: dict[str, int] = {}
        self._troubles: list[str] = []

    def ask(self, ask: DayAsk, zone: tzinfo) -> tuple[Schedule, tuple[str, ...]]:
        """The provider's days, and what is missing. Raises SourceError when no department answers."""
        provider = self._provider(ask.provider)
        found: list[Appointment] = []
        first: SourceError | None = None
        answered = False
        if len(self._entry.departments) > _DEPARTMENTS:
            self._troubles.append(f"only {_DEPARTMENTS} of {len(self._entry.departments)} departments are asked")
        for department in self._entry.departments[:_DEPARTMENTS]:
            try:
                for row in self._rows(department, provider, ask):
                    found += self._read(row, zone)
                answered = True
            except SourceError as trouble:
                first = first or trouble
                self._troubles.append(f"appointments: not all of it was read: {trouble.detail}")
        if not answered and first is not None:
            raise first
        if self._skipped and not found:
            raise Unreadable("none of its appointments can be used")
        skipped = [f"{count} appointments: {why}" for why, count in self._skipped.items()]
        return Schedule(mine(found, ask, zone, Plan.BOOKED), (), Plan.BOOKED), (*self._troubles, *skipped)

    def _provider(self, ref: str) -> str:
        """The number by which the practice knows the provider."""
        before, _, after = self._wrapped("practitioner", "\0").partition("\0")
        bare = ref.removeprefix("Practitioner/")
        number = bare.removeprefix(before).removesuffix(after) if bare.startswith(before) else ""
        if not _NUMBER.fullmatch(number):
            raise CannotList("the provider's id is not one of this practice's")
        return number

    def _rows(self, department: str, provider: str, ask: DayAsk) -> Iterator[Json]:
        params = [
            ("departmentid", department), ("startdate", _written(ask.first)), ("enddate", _written(ask.last)),
            ("providerid", provider),
        ]  # fmt: skip
        parts = urlsplit(self._http.base)
        where = f"{parts.scheme}://{parts.netloc}/v1/{quote(self._entry.practice, safe='')}/appointments/booked"
        page = self._http.get(where, params)
        for _ in range(_PAGES):
            if not isinstance(page.get("appointments"), list):
                raise Unreadable("answered without a list of appointments")
            yield from objs(page["appointments"])
            if not (following := words(page.get("next"))):
                return
            page = self._http.get(following if "/" in following[:1] or "://" in following else f"/{following}")
        raise Unreadable(f"a list of appointments has more than {_PAGES} pages")

    def _read(self, row: Json, zone: tzinfo) -> Iterator[Appointment]:
        status = words(row.get("appointmentstatus")).lower()
        if status == _OPEN:
            return
        number, patient, start = words(row.get("appointmentid")), words(row.get("patientid")), _moment(row, zone)
        if start is None or (why := _why_not(number, status, patient, words(row.get("providerid")))):
            why = "no start" if start is None else why
            self._skipped[why] = self._skipped.get(why, 0) + 1
            return
        begun = words(row.get("startcheckin"))
        kind = Concept((), words(row.get("appointmenttype")) or words(row.get("patientappointmenttypename")))
        encounter, provider = words(row.get("encounterid")), words(row.get("providerid"))
        minutes = words(row.get("duration"))
        yield Appointment(
            ref=f"Appointment/{self._wrapped('appointment', number)}",
            status="arrived" if status == "f" and begun else _STATUS[status],
            start=start,
            end=start + timedelta(minutes=int(minutes)) if re.fullmatch(r"[0-9]{1,4}", minutes) else None,
            patients=(f"Patient/{self._wrapped('patient', patient)}",),
            practitioners=(f"Practitioner/{self._wrapped('practitioner', provider)}",) if provider else (),
            practitioner_names=("",) if provider else (),
            kind=kind,
            mode=visit_words.mode((kind,)),
            walk_in=visit_words.is_walk_in((kind,)),
            new_patient=visit_words.new_patient((kind,)),
            encounter=f"Encounter/{self._wrapped('encounter', encounter)}" if _NUMBER.fullmatch(encounter) else "",
        )

    def _wrapped(self, kind: str, number: str) -> str:
        return str(self._ids[kind]).replace("{practice}", self._entry.practice).replace("{id}", number)


def _why_not(number: str, status: str, patient: str, provider: str) -> str:
    if not _NUMBER.fullmatch(number):
        return "no id"
    if status not in _STATUS:
        return "a status that is not documented"
    if not _NUMBER.fullmatch(patient):
        return "names no patient"
    return "" if _NUMBER.fullmatch(provider) else "names no provider"


def _written(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def _moment(row: Json, zone: tzinfo) -> datetime | None:
    day, clock = _DATE.fullmatch(words(row.get("date"))), _TIME.fullmatch(words(row.get("starttime")))
    if day is None or clock is None:
        return None
    try:
        local = datetime(int(day[3]), int(day[1]), int(day[2]), int(clock[1]), int(clock[2]), tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
