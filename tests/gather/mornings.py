"""An EHR with a schedule, and payers of everybody on it, that answer by hand: for mornings."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import Opening, PayerRow
from app.core.chart import Coverage, Identifier, Name, Patient, When
from app.core.conditions.model import NO_MODELS
from app.core.coverage import Recognition
from app.core.measures import REGISTRY
from app.core.report import Gap, GapStatus, Measure, Member, Period, Report
from app.core.roles import Role, RoleRow, User
from app.core.schedule.appointment import Appointment, DayAsk, Schedule
from app.core.schedule.entry import ProviderRow
from app.gather import Gathering, Reader
from app.huddle import Day, Huddle
from app.sources.pools import Pools, Size
from app.store import Store
from tests.gather.made import Now, real

ZONE = "America/New_York"
WHO = Reader("Practitioner/1")
GIVEN = ("Ada", "Bert", "Cleo", "Dana", "Emil", "Fern", "Gus", "Hana")
ANY = "any"


def opening(day: date, role: Role = Role.CLINICIAN, handle: str = "handle", **changed: Any) -> Opening:
    of = Opening(handle, "main", "Main", "https://ehr.example", None, None, "Practitioner/1", day,
                 roles=(RoleRow(role, any=True),))  # fmt: skip
    return replace(of, **changed)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(ZONE))


def booked(day: date, n: int, **changed: Any) -> Appointment:
    start = at(day, 8) + timedelta(minutes=15 * n)
    made = Appointment(f"Appointment/{n}", "booked", start, start + timedelta(minutes=15), (f"Patient/p{n}",),
                       practitioners=("Practitioner/1",))  # fmt: skip
    return replace(made, **changed)


def person(patient_id: str) -> Patient:
    n = int(patient_id.removeprefix("p"))
    return Patient(patient_id, (Name(family=f"Family{n}", given=(GIVEN[n % len(GIVEN)],)),),
                   When.day(date(1950 + n % 50, 1 + n % 12, 1 + n % 27)), "female")  # fmt: skip


def member_id(patient_id: str) -> Identifier:
    return Identifier("n", f"NW-{patient_id}", "MB")


@dataclass
class Clinic:
    """Answers at once, after `takes`, or (of a patient) when `open_` is set. `rides`: patients came along."""

    now: Now = real
    appointments: Sequence[Appointment] = ()
    covers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by patient id; ANY: everybody else
    rides: bool = True
    takes: float = 0.0
    refuses: Reason | None = None  # the schedule alone
    fails: Reason | None = None  # everything that is about a patient
    says: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # consents by patient id
    open_: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)
    most: int = 0
    _out: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.open_.set()

    def _known(self, what: str, value: Callable[[], Any]) -> Answer[Any]:
        with self._lock:
            self.asked[what] += 1
            self._out += 1
            self.most = max(self.most, self._out)
        if what.split()[0] not in ("schedule", "user"):
            self.open_.wait(30)
        time.sleep(self.takes)
        with self._lock:
            self._out -= 1
        fails = self.fails if " p" in what else None
        return Unknown("main", fails) if fails else Known(value(), "main", self.now())

    def schedule(self, ask: DayAsk, named: tuple[str, ...] = ()) -> Answer[Schedule]:
        refuses = self.refuses
        found = self._known(f"schedule {ask.provider}", lambda: Schedule(tuple(self.appointments), self._riding()))
        return Unknown("main", refuses) if refuses else found

    def _riding(self) -> tuple[Patient, ...]:
        ids = dict.fromkeys(ref.removeprefix("Patient/") for each in self.appointments for ref in each.patients)
        return tuple(map(person, ids)) if self.rides else ()

    def user(self, ref: str) -> Answer[User]:
        return self._known("user", lambda: User(ref, "Dr. One"))

    user_roles = user

    def encounter(self, encounter_id: str) -> Answer[Any]:
        raise AssertionError(encounter_id)

    def patient(self, patient_id: str) -> Answer[Patient]:
        return self._known(f"patient {patient_id}", lambda: person(patient_id))

    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]:
        covers = self.covers.get(patient_id, self.covers.get(ANY, ("Northwind",)))
        return self._known(
            f"coverage {patient_id}",
            lambda: tuple(
                Coverage(
                    f"Coverage/{name}", "active", (name,), member_ids=(member_id(patient_id),), relationship="self"
                )
                for name in covers
            ),
        )

    def consents(self, patient_id: str) -> Answer[tuple[Any, ...]]:
        return self._known(f"consents {patient_id}", lambda: self.says.get(patient_id, ()))

    def facts(self, kind: str, patient_id: str, _since: date | None) -> Answer[tuple[Any, ...]]:
        return self._known(f"{kind} {patient_id}", tuple)


@dataclass
class Insurer:
    """A payer that knows everybody, and counts."""

    id: str
    now: Now = real
    takes: float = 0.0
    down: Reason | None = None
    open_: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)
    most: int = 0
    _out: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.open_.set()

    def _count(self, what: str, value: Any) -> Answer[Any]:
        with self._lock:
            self.asked[what] += 1
            self._out += 1
            self.most = max(self.most, self._out)
        self.open_.wait(30)
        time.sleep(self.takes)
        with self._lock:
            self._out -= 1
        return Unknown(self.id, self.down) if self.down else Known(value, self.id, self.now())

    def _at_payer(self, member: str) -> Patient:
        return replace(person(member), identifiers=(member_id(member),))

    def member(self, patient: Patient, _coverage: Coverage) -> Answer[Member]:
        found = Member(
            self.id, f"Patient/{patient.id}", member_id(patient.id).value, "identifier", self._at_payer(patient.id)
        )
        return self._count(f"member {patient.id}", found)

    def care_gaps(self, member: Member, period: Period) -> Answer[Report]:
        patient = member.member_id.removeprefix("NW-")
        measure = Measure("https://example.org/Measure/any", "1", "Any measure")
        gap = Gap(self.id, "r", f"gap-{patient}", measure, GapStatus.OPEN, "open", False, None, None, period)
        return self._count(
            f"care-gaps {patient} {period.end.year}",
            Report(self.id, "care-gaps", f"Patient/{patient}", self._at_payer(patient), gaps=(gap,)),
        )

    def risk(self, member: Member, period: Period) -> Answer[Report]:
        patient = member.member_id.removeprefix("NW-")
        return self._count(
            f"risk {patient} {period.end.year}", Report(self.id, "risk", f"Patient/{patient}", self._at_payer(patient))
        )

    def open_gaps(self, *_: object) -> Answer[tuple[Report, ...]]:
        raise AssertionError


@dataclass
class Process:
    """One process of a site, with what its web would call."""

    gathering: Gathering
    huddle: Huddle

    def look(self, of: Opening, ask: DayAsk, seen: int | None = None, timeout: float = 0.0) -> Day:
        return self.huddle.look(of, ask, WHO, seen=seen, timeout=timeout)

    def finished(self, of: Opening, ask: DayAsk, limit: float = 60) -> Day:
        """The day in which nothing is out any more."""
        seen, end = None, time.monotonic() + limit
        while time.monotonic() < end:
            day = self.look(of, ask, seen, 2)
            if day.complete:
                return day
            seen = day.version
        raise TimeoutError(f"still out: {day.progress}")


@contextmanager
def process(
    store: Store,
    clinic: Clinic,
    payers: Mapping[str, Insurer],
    who: str = "one",
    *,
    at_work: Mapping[str, int] | None = None,
    others: Sequence[ProviderRow] = (),
) -> Iterator[Process]:
    """One process that asks them until the block ends. A payer is recognised by its id with a capital."""
    rows = [PayerRow(name, name.title(), (Recognition(payor=name.title()),)) for name in payers]
    sizes = {source: Size(workers=n, queue=2000, patience=60) for source, n in (at_work or {}).items()}
    pools = Pools(sizes, size=Size(workers=16, queue=2000, patience=60))
    made = Gathering(store, pools, ehr=lambda _: clinic, payers=payers, rows=rows, who=who, at_work=at_work)
    huddle = Huddle(
        store, made, timezones={"main": ZONE}, rows={"main": tuple(others)}, protocols={}, registry=lambda: REGISTRY,
        models=NO_MODELS,
    )  # fmt: skip
    try:
        yield Process(made, huddle)
    finally:
        pools.shutdown()
        made.close()
