"""Days built by hand, one for each thing that the schedule must be able to say. All people and plans are invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from drawing import SHELL, draw
from handmade import IDS, NOW, TODAY, XSS, days

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Concept, Identifier, Name, Patient, When
from app.core.flag import PatientStatus, State, StatusKind
from app.core.roles import Role
from app.core.schedule.appointment import Appointment, DayAsk, Mode, Schedule
from app.core.schedule.entry import ProviderRow
from app.core.schedule.ordering import Wanted, query
from app.core.schedule.row import Counts, Covering, Mark, MarkKind, Owner, Row, Standing, Step, Where
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day, Progress
from app.web.present import huddle
from app.web.present.views import HuddleLinks, HuddleView, ToolsView

AT = "/l/abc/huddle/"
LINKS = HuddleLinks(
    page=AT, bare=AT, rows=f"{AT}rows", full=f"{AT}?full=1", find=f"{AT}find", retry=f"{AT}retry", end="/l/abc/end",
    panel="", ahead=f"{AT}ahead", missed=f"{AT}missed", paper=f"{AT}print", pdf=f"{AT}print.pdf", open=f"{AT}open",
    tick=f"{AT}tick", untick=f"{AT}untick",
)  # fmt: skip
PAYERS = {"northwind": "Northwind Health Plan", "lakeside": "Lakeside Community Health"}
SCOTT, VALDERRAMA = "Practitioner/scott", "Practitioner/dr"
PROVIDERS = (ProviderRow(VALDERRAMA, "Dr. Ines Valderrama"), ProviderRow(SCOTT, "Dr. Amos Scott"))
PEOPLE = (
    ("Lindqvist", "Marguerite"), ("Okonkwo-Reyes", "Adaeze Marisol"), ("Achebe", "Chidi Emeka"), ("Navarro", "Beatriz"),
    ("Haddow", "Gareth Ian"), ("Kowalczyk", "Irena"), ("Thibodeaux", "Lucien Rémy"), ("Sorensen", "Freya"),
    ("Ferreira", "Tomás"), ("Whitcombe", "Dorothea"), ("Lindquist", "Margaret"), ("Abara", "Ngozi"),
)  # fmt: skip
PROTOCOL = "Adult vaccines 3, M. Ellison MD"


def person(number: int, **changes: Any) -> Patient:
    family, given = PEOPLE[number % len(PEOPLE)]
    made = Patient(
        f"p{number}",
        names=(Name("official", family, tuple(given.split())),),
        birth_date=When.day(date(1950 + number, 1 + number % 12, 2 + number)),
        sex="female",
        identifiers=(Identifier("urn:ehr.example:mrn", f"RB-10{number:04}", "MR"),),
    )
    return replace(made, **changes)


def visit(number: int, **changes: Any) -> Appointment:
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC) + timedelta(minutes=20 * number)
    made = Appointment(
        f"Appointment/{number}",
        "booked",
        start,
        start + timedelta(minutes=20),
        patients=(f"Patient/p{number}",),
        practitioners=(VALDERRAMA,),
        practitioner_names=("Dr. Ines Valderrama",),
        location_names=("Room 3",),
        kind=Concept(text=("Office visit", "Annual wellness visit", "Follow-up")[number % 3]),
        reason=("Diabetes and blood pressure", "", "Knee pain")[number % 3],
    )
    return replace(made, **changes)


def step(service: str, act: str, owner: Owner = Owner.CLINICIAN, **changes: Any) -> Step:
    return replace(Step(service, act, service, owner, state=State.DO_TODAY, payers=("northwind",)), **changes)


A1C = step("HbA1c test", "order-hba1c", due=days(-98), covering=Covering(Standing.NO_PROTOCOL))
FLU = step(
    "Flu vaccine", "offer-influenza-vaccine", Owner.MEDICAL_ASSISTANT, where=Where.IN_ROOM,
    covering=Covering(Standing.ELIGIBLE, PROTOCOL),
)  # fmt: skip
PRESSURE = step(
    "Blood pressure control", "repeat-or-intensify", state=State.OUT_OF_RANGE, where=Where.IN_ROOM, due=days(0)
)
EYE = step("Diabetic eye exam", "refer-eye-exam", Owner.MEDICAL_ASSISTANT, payers=("northwind", "lakeside"))
RECORD = step("Colorectal cancer screening", "request-record", Owner.FRONT_DESK, state=State.DONE_ELSEWHERE)
QUOTED = step("Plan measure 17, in its words", "check-chart", state=State.NOT_CHECKED, quoted=True)
CHECK = Step("visit-check", "check-appointment", "Appointment", Owner.FRONT_DESK)


def row(number: int = 0, appointment: Appointment | None = None, **changes: Any) -> Row:
    made = Row(
        appointment or visit(number),
        f"Patient/p{number}",
        person(number),
        counts=Counts(today=3, ordered=1, prompts=1),
        steps=(A1C, FLU, PRESSURE),
        payers=("northwind",),
        complete=True,
        as_of="2026-11-22T07:41:00+00:00",
    )
    return replace(made, **changes)


def blank(number: int) -> Row:
    """A row of which only the schedule is known."""
    return Row(visit(number), f"Patient/p{number}", person(number))


MARKS = (
    Mark(MarkKind.HIGH_RISK, "78 %", "RiskAssessment/1", "Risk of admission", days(-30)),
    Mark(MarkKind.DISCHARGED, "12", "Encounter/2", "Elmsworth General Hospital", days(-12), days(18)),
    Mark(MarkKind.FREQUENT_ED, "5", "Encounter/3", "", days(-20)),
    Mark(MarkKind.OVERDUE_VISIT, "14", "Encounter/4", "", days(-430)),
)


def morning() -> tuple[Row, ...]:
    """Twelve visits with everything that a row can say."""
    died = PatientStatus(StatusKind.DECEASED, "Patient/p4", days(-9))
    hospice = PatientStatus(StatusKind.HOSPICE, "Encounter/h", days(-40), "Home hospice")
    return (
        row(0, similar=True),
        row(1, steps=(EYE, A1C), more_steps=(RECORD, QUOTED), marks=MARKS, counts=Counts(today=2, staff=1, unclear=1)),
        row(2, interpreter=True, language="Somali", new_patient=True, steps=(), counts=Counts()),
        row(
            3, visit(3, mode=Mode.VIDEO, status="arrived"), steps=(A1C, replace(FLU, next_visit=True)),
            counts=Counts(today=1, next_visit=1),
        ),
        row(4, withheld="deceased", status=(died,), steps=(CHECK,), counts=Counts()),
        row(5, withheld="hospice", status=(hospice,), steps=(), counts=Counts(excluded=4)),
        row(6, visit(6, walk_in=True, status="checked-in"), orders_pending=2, results_since=3, silent=("lakeside",)),
        row(7, visit(7, mode=Mode.PHONE), double_booked=True, counts=Counts(today=1, prompts=2), steps=(A1C,)),
        row(8, double_booked=True, group=2, steps=(), counts=Counts(), restricted=("northwind",)),
        row(9, language="Portuguese", unread=("Observation",), steps=(QUOTED,), counts=Counts(unclear=1)),
        row(10, similar=True, silent=("no-payer",), steps=(), counts=Counts()),
        row(11, steps=(RECORD,), counts=Counts(staff=1), unconnected=("Harbor Mutual",)),
    )  # fmt: skip


TICKS = (
    Tick("Appointment/0", "Patient/p0", "", Ticked.PREPPED, "Mara Ellison", NOW - timedelta(minutes=12)),
    Tick(
        "Appointment/0", "Patient/p0", A1C.key, Ticked.ORDERED, "Mara Ellison", NOW - timedelta(minutes=9), "LAB-4711"
    ),
)
ANSWERED = (Progress("ehr", 160, 160), Progress("northwind", 20, 20), Progress("lakeside", 12, 12))


def day(rows: Sequence[Row] | None = None, **changes: Any) -> Day:
    made = Day(
        DayAsk.of(VALDERRAMA, TODAY),
        Role.CLINICAL_STAFF,
        Known(Schedule(()), "ehr", NOW),
        rows=morning() if rows is None else tuple(rows),
        progress=ANSWERED,
        providers=PROVIDERS,
        version=7,
        complete=True,
    )
    return replace(made, **changes)


def asking() -> Day:
    out = (Progress("ehr", 160, 96), Progress("northwind", 20, 11), Progress("lakeside", 12, 0))
    return day([row(0), row(1), *(blank(n) for n in range(2, 12))], progress=out, complete=False)


def strange() -> Day:
    """Script-like text wherever somebody else's words stand."""
    who = person(0, names=(Name("official", XSS, (XSS,)), Name("nickname", "", (), XSS)))
    odd = visit(0, reason=XSS, kind=Concept(text=XSS), location_names=(XSS,))
    steps = (step(XSS, "x", quoted=True), replace(FLU, covering=Covering(Standing.CONTRAINDICATED, XSS, XSS)))
    marks = (Mark(MarkKind.HIGH_RISK, XSS, XSS, XSS),)
    rows = (row(0, odd, patient=who, steps=steps, marks=marks, language=XSS, unconnected=(XSS,)), row(1))
    return day(rows, providers=(ProviderRow(VALDERRAMA, XSS), ProviderRow(SCOTT, XSS)))


def down(reason: Reason) -> Day:
    return day((), schedule=Unknown("ehr", reason), progress=(Progress("ehr", 1, 1, reason),))


DAYS: Mapping[str, Callable[[], Day]] = {
    "whole": lambda: day(ticks=TICKS, missed=(row(12), row(13)), over=3, cancelled=1),
    "asking": asking,
    "first": lambda: day([blank(n) for n in range(12)], progress=(Progress("ehr", 12, 0),), complete=False),
    "none yet": lambda: day((), schedule=None, complete=False, progress=()),
    "empty": lambda: day(()),
    "payer-down": lambda: day(progress=(*ANSWERED[:2], Progress("lakeside", 12, 12, Reason.SLOW))),
    "cannot-list": lambda: down(Reason.CANNOT_LIST),
    "ehr-down": lambda: down(Reason.DOWN),
    "snapshot": lambda: day(
        schedule=Unknown("ehr", Reason.DOWN),
        snapshot=NOW - timedelta(hours=2),
        progress=(Progress("ehr", 1, 1, Reason.DOWN),),
    ),
    "in-part": lambda: day(schedule=Known(Schedule(()), "ehr", NOW, ("Appointment: page 2",))),
    "not-open": lambda: day(ask=DayAsk.of("Practitioner/other", TODAY)),
    "nobody": lambda: day((), ask=DayAsk.of("", TODAY), providers=()),
    "script-text": strange,
}  # fmt: skip


def url(changes: Mapping[str, str]) -> str:
    return f"{AT}?{urlencode(changes)}"


def about(wanted: Wanted | None = None, find: str = "", **more: Any) -> huddle.About:
    made = huddle.About("Sandbox EHR", PAYERS, NOW, LINKS, IDS, url, wanted or Wanted(), find)
    return replace(made, **more)


def view(of: Day, shown: huddle.Shown | None = None, **more: Any) -> HuddleView:
    return huddle.day_view(of, about(**more), shown)


def tools(wanted: Wanted | None = None, find: str = "", on: date = TODAY) -> ToolsView:
    asked = wanted or Wanted()
    place = dict(query(asked))
    return huddle.tools_view(on, TODAY, asked, url, place, payers=PAYERS, services={"glycemic": "HbA1c"}, find=find)


def fragment(of: Day, **more: Any) -> str:
    return draw("huddle/_huddle.html", links=view(of, **more).links, huddle=view(of, **more))


def page(of: Day | None, wanted: Wanted | None = None, find: str = "", **more: Any) -> str:
    seen = view(of, wanted=wanted, find=find, **more) if of else None
    return draw(
        "huddle/page.html", shell=SHELL, links=seen.links if seen else LINKS, tools=tools(wanted, find), huddle=seen,
        waiting=huddle.waiting(LINKS),
    )  # fmt: skip
