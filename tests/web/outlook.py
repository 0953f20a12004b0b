"""The time ahead by hand: payers' lists of open gaps against a schedule. All people and plans are invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from handmade import IDS, NOW, TODAY
from printed import ABOUT, appointment, person

from app.ahead import Horizon
from app.core.answers import Known, Reason, Unknown
from app.core.chart import Coverage, Identifier
from app.core.measures import REGISTRY
from app.core.report import Gap, GapStatus, Measure, Period, Report
from app.core.roles import Role
from app.core.schedule.ahead import outreach
from app.core.schedule.appointment import DayAsk, Schedule
from app.core.schedule.booked import Booked
from app.web.present import ahead as words
from app.web.present.views.ahead import AheadView

ECQM = "https://madie.cms.gov/Measure/"
HBA1C = Measure(ECQM + "CMS122FHIRDiabetesAssessGreaterThan9Percent", "0.5.000", "Glycemic status")
FALLS = Measure("https://plan.example/Measure/falls", "3", "Home fall-risk walkthrough")
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
MONTH_END = date(2026, 11, 30)
HBA1C_TEST = "HbA1c test"


def gap(measure: Measure, payer: str = "northwind") -> Gap:
    return Gap(payer, "r", "g", measure, GapStatus.OPEN, "Open", False, date(2026, 11, 14), None, YEAR)


def listed(number: int, *measures: Measure) -> Report:
    """A member of Northwind's list who is the patient with the same number."""
    ids = (Identifier("urn:member", f"W{number:06}", "MB"),)
    record = replace(person(number), id=f"m{number}", identifiers=ids, phone="")
    return Report("northwind", "care-gaps", f"Patient/m{number}", record, tuple(gap(each) for each in measures))


def booked(number: int, ahead: int = 1, **changes: Any) -> Booked:
    ids = (Identifier("urn:member", f"W{number:06}", "MB"),)
    coverage = Coverage("Coverage/1", "active", member_ids=ids, relationship="self")
    visits = (appointment(number, TODAY + timedelta(days=ahead)),)
    return replace(Booked(f"Patient/p{number}", visits, person(number), (("northwind", coverage),)), **changes)


def horizon(reports: Sequence[Report], on_schedule: Sequence[Booked], **changes: Any) -> Horizon:
    """As it is when all is in; `lists` adds what other payers said."""
    lists = {"northwind": Known(tuple(reports), "northwind", NOW), **changes.pop("lists", {})}
    found = outreach(lists, on_schedule, REGISTRY, changes.pop("sensitive", lambda *_: False))
    last = TODAY + timedelta(days=8)
    whole = Horizon(
        Role.MANAGER,
        DayAsk(ABOUT.provider, TODAY, max(MONTH_END, last)),
        Known(Schedule(()), "main", NOW),
        {TODAY + timedelta(days=number): number for number in range(1, 9)},
        found,
        MONTH_END,
        complete=True,
    )
    return replace(whole, **changes)


def usual() -> Horizon:
    """Ten of whom four are booked; a payer that cannot list, and one that is down."""
    reports = [listed(number, HBA1C, *([FALLS] if number % 3 == 0 else [])) for number in range(10)]
    others = {"harbor": Unknown("harbor", Reason.CANNOT_LIST), "lakeside": Unknown("lakeside", Reason.DOWN)}
    return horizon(reports, [booked(number) for number in (1, 3, 5, 9)], lists=others)


def view(found: Horizon) -> AheadView:
    return words.ahead(
        found,
        ABOUT,
        IDS,
        list_url=lambda act, code: f"people?act={act}&booked={code}",
        day_links={day: (f"?day={day}", f"ahead/laboratory?day={day}") for day in found.visits},
        next_url="/l/abc/huddle/ahead",
    )
