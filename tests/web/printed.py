"""A scripted day of twenty visits by hand, as busy as a day gets: for what is printed. All people are invented."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from handmade import NOW, TODAY

from app.core.answers import Known
from app.core.chart import Concept, Identifier, Name, Patient, When
from app.core.flag import PatientStatus, State, StatusKind
from app.core.roles import Role
from app.core.schedule.appointment import Appointment, DayAsk, Mode, Schedule
from app.core.schedule.row import Counts, Covering, Mark, MarkKind, Owner, Row, Standing, Step, Where
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day, Progress
from app.web.present.leaving import About

ABOUT = About(
    clinic="Sandbox EHR",
    provider="Mara Ellison, MD",
    user="Jo Rivera",
    role=Role.CLINICAL_STAFF,
    now=NOW,
    payers={"northwind": "Northwind Health Plan", "harbor": "Harbor Health"},
)
ASK = DayAsk.of("Practitioner/ellison", TODAY)

NAMES = (
    ("Okafor", "Grace Amara"), ("Nguyễn", "Thị Minh Khai"), ("Łukasiewicz", "Stanisław"), ("Haddad", "Salma"),
    ("Whitfield-Montgomery", "Alexandria Josephine"), ("Okafor", "Gracie"), ("Petrov", "Iwan"), ("Søndergård", "Åse"),
    ("Díaz Ramírez", "José Ángel"), ("Brandt", "Lena"), ("Castellano", "Rosa"), ("Iyer", "Anand"),
    ("Ōtsuka", "Kenji"), ("Farouk", "Nadia"), ("Kowalczyk", "Ewa"), ("Mbeki", "Thandi"),
    ("Larsen", "Per"), ("Abernathy", "Walter"), ("Quist", "Marten"), ("Zielinski", "Anna"),
)  # fmt: skip

STEPS = (
    Step("glycaemic-status", "order-hba1c", "HbA1c test", Owner.MEDICAL_ASSISTANT, Where.ORDER, State.DO_TODAY,
         due=date(2026, 9, 14), covering=Covering(Standing.ELIGIBLE, "Diabetes monitoring 3, Dr. Ellison")),
    Step("blood-pressure", "measure-blood-pressure", "Blood pressure", Owner.MEDICAL_ASSISTANT, Where.IN_ROOM,
         State.OUT_OF_RANGE),
    Step("measure/x|Spirometry follow-up", "", "Spirometry follow-up", Owner.CLINICIAN, Where.ORDER,
         State.NOT_CHECKED, quoted=True),
)  # fmt: skip


def person(number: int, **changes: Any) -> Patient:
    family, given = NAMES[number % len(NAMES)]
    record = Identifier("urn:ehr.example:mrn", f"{418800 + number:08d}", "MR")
    fields = {
        "names": (Name("official", family, tuple(given.split())),),
        "birth_date": When.day(date(1950 + number, 1 + number % 12, 1 + number)),
        "sex": "female",
        "identifiers": (record,),
        "phone": f"+1 555 01{number:02d}",
    }
    return Patient(f"p{number}", **{**fields, **changes})


def appointment(number: int, day: date = TODAY, **changes: Any) -> Appointment:
    start = datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC) + timedelta(minutes=20 * number)
    fields: dict[str, Any] = {
        "patients": (f"Patient/p{number}",),
        "practitioners": ("Practitioner/ellison",),
        "kind": Concept(text="Follow-up visit"),
        "reason": "Diabetes and blood pressure, medication refill",
    }
    return Appointment(f"Appointment/a{number}", "booked", start, **{**fields, **changes})


def row(number: int, **changes: Any) -> Row:
    fields: dict[str, Any] = {
        "patient": person(number),
        "steps": STEPS,
        "counts": Counts(today=4, ordered=1, staff=1),
        "complete": True,
        "as_of": "2026-11-22T09:12:00+00:00",
    }
    return Row(changes.pop("appointment", None) or appointment(number), f"Patient/p{number}", **{**fields, **changes})


def twenty() -> tuple[Row, ...]:
    """Every visit with three steps, and among them whatever makes a row longer."""
    hospital = Mark(
        MarkKind.DISCHARGED, "10", "Encounter/e9", "St. Brendan Hospital", date(2026, 11, 12), date(2026, 12, 12)
    )
    risk = Mark(MarkKind.HIGH_RISK, "78 %", "RiskAssessment/r1", "LACE")
    dead = PatientStatus(StatusKind.DECEASED, "Patient/p12", None)
    extra: dict[int, dict[str, Any]] = {
        1: {"interpreter": True, "language": "Vietnamese", "new_patient": True},
        2: {"marks": (hospital,)},
        4: {"appointment": appointment(4, mode=Mode.VIDEO), "counts": Counts(next_visit=2, today=1)},
        5: {"similar": True},
        6: {"marks": (Mark(MarkKind.FREQUENT_ED, "5", "Encounter, 5 visits"), risk)},
        9: {"double_booked": True},
        10: {"double_booked": True, "orders_pending": 2, "results_since": 1},
        12: {"steps": (), "counts": Counts(), "withheld": "deceased", "status": (dead,)},
        14: {"silent": ("harbor",), "unread": ("Observation",)},
        17: {"marks": (Mark(MarkKind.OVERDUE_VISIT, "19", "Encounter/e2"),)},
    }  # fmt: skip
    return tuple(row(number, **extra.get(number, {})) for number in range(20))


def day(rows: tuple[Row, ...], **changes: Any) -> Day:
    read = NOW - timedelta(minutes=3)
    fields: dict[str, Any] = {
        "role": Role.CLINICAL_STAFF,
        "schedule": Known(Schedule(tuple(each.appointment for each in rows)), "main", read),
        "rows": rows,
        "missed": (),
        "over": 1,
        "cancelled": 2,
        "ticks": (Tick("Appointment/a0", "Patient/p0", "blood-pressure", Ticked.PREPPED, "Jo Rivera", read),),
        "progress": (Progress("northwind", 20, 20), Progress("harbor", 20, 20)),
        "version": 1,
        "complete": True,
    }
    return Day(ASK, **{**fields, **changes})
