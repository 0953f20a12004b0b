"""One patient whose colonoscopy is in the chart and whom two payers ask about: what the tests of what leaves share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from shutil import copy
from typing import Any
from zoneinfo import ZoneInfo

from app.actions import Actor, Person
from app.actions.tap import Under
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import Opening
from app.core.chart import Fact
from app.core.flag import Card
from app.core.ledger.item import of_card
from app.core.ledger.offer import Offer, of_gaps
from app.core.ledger.outgoing import Submission
from app.core.ledger.permission import Sitting
from app.core.ledger.practice import Practice
from app.core.measures import REGISTRY
from app.core.report import Member
from app.core.roles import Role
from app.store import Store, audit
from app.store.migrations import migrate
from tests.core.made import COLORECTAL, TODAY, build, chart, colonoscopy, gap, lakeside, payer
from tests.store.one_store import START, Clock, open_store

ISSUER = "https://ehr.example"
PATIENT = f"{ISSUER}|p1"
DOCTOR = Actor("handle", "Practitioner/1", "Dr. Wren Castellane", Role.CLINICIAN, ISSUER)
DONE = colonoscopy("2026-03-02", ref="Procedure/done")
RAW: dict[str, Any] = {
    "resourceType": "Procedure", "id": "done", "status": "completed", "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes", "code": "G0121"}]},
    "performedDateTime": "2026-03-02", "note": [{"text": "the patient was anxious"}],
}  # fmt: skip
MEMBERS = {
    "northwind": Member("northwind", "nw-77", "NW-2048", "identifier"),
    "lakeside": Member("lakeside", "lk-1", "LK5", "identifier"),
}
OPENING = Opening("handle", "main", "Sandbox EHR", ISSUER, "p1", "e1", "Practitioner/1", TODAY)


def card(*facts: Fact, two: bool = False) -> Card:
    theirs = replace(gap(COLORECTAL), payer="lakeside", report_id="lk-r", group_id="lk-g")
    found = build(chart(*(facts or (DONE,))), payer((gap(COLORECTAL),)), *([lakeside(theirs)] if two else []))
    return next(iter((*found.gaps, *found.more_gaps, *found.staff)))


def offers(*, two: bool = False, done: Fact = DONE) -> tuple[Offer, ...]:
    """Of Northwind, and of Lakeside too."""
    return tuple(sorted(of_gaps(card(done, two=two), REGISTRY, 63), key=lambda each: each.payer, reverse=True))


ITEM = of_card(card(), TODAY)


def under(**other: Any) -> Under:
    fields: dict[str, Any] = {
        "patient": PATIENT, "person": Person("ROE, Jane", "born 14 Mar 1963", "record 7"), "ehr": "main",
        "sitting": Sitting("Encounter/e1", "in-progress", TODAY, TODAY), "launch": "handle",
        "zone": ZoneInfo("America/New_York"), "ends_at": START, "npi": "1234567893",
        "practice": Practice("Alder Street Clinic", "1982345678", "555-0100"),
    }  # fmt: skip
    return Under(**(fields | other))


@contextmanager
def fresh(template: Path, path: Path, clock: Clock | None = None) -> Iterator[Store]:
    """An empty store; the tables are made once, in `template`."""
    if not template.exists():
        making = open_store(f"sqlite:///{template}", Clock())
        migrate(making.engine)
        making.close()
    copy(template, path / "store.sqlite3")
    opened = open_store(f"sqlite:///{path}/store.sqlite3", clock or Clock())
    yield opened
    opened.close()


class Chart:
    """An EHR that answers from a table; what is not in it cannot be read."""

    def __init__(self, *entries: Mapping[str, Any]) -> None:
        self.entries = {f"{each['resourceType']}/{each['id']}": each for each in entries or (RAW,)}
        self.asked: list[str] = []

    def raw(self, ref: str) -> Answer[Mapping[str, Any]]:
        self.asked.append(ref)
        if ref not in self.entries:
            return Unknown("main", Reason.DOWN)
        return Known(self.entries[ref], "main", START)


def envelope(what: Submission) -> Answer[Mapping[str, Any]]:
    """What a payer takes: all that it was given, as text."""
    body = {"path": "Measure/$submit-data", "headers": {}, "content": repr(what), "identifier": f"urn:x|{what.id}"}
    return Known(body, what.payer, START)


def done(store: Store, handle: str = "handle") -> list[tuple[str, str]]:
    """The audit of one launch: action and outcome."""
    with store.read() as tx:
        return [(entry.action, entry.outcome) for entry in audit.trail(tx, handle)]


def noon(day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("America/New_York"))
