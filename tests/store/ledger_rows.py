"""What the ledger's tables hold in tests: one patient, one act, one payer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app.core.ledger.action import Action, Item, Target
from app.core.ledger.outgoing import FollowUp, Sends
from app.core.ledger.verb import Kind, Verb, Why
from app.store import Store, audit, visits
from app.store.audit import Audit
from app.store.compliance import Direction, Line
from app.store.outbox import Parcel
from app.store.said import Person
from app.store.visits import Group, Visited
from tests.store.one_store import START
from tests.store.test_store_audit import ENTRY

ISSUER = "https://ehr.example/fhir"
PATIENT = f"{ISSUER}|p1"
PERSON = Person("Rivera, Marisol", "1961-04-02", "MRN-77")
ITEM = Item(
    Kind.GAP,
    ("glycaemic-status@2026",),
    "HbA1c test",
    "facts-1",
    (Target("northwind", "report-1", "group-1", "care-gaps", "deqm-us-5.0.0", "open-gap", "http://m.example|1"),),
    date(2026, 12, 31),
)
ACTION = Action(
    Verb.DECLINED,
    ITEM,
    by="Imani Osei",
    who="Practitioner/imani",
    role="clinician",
    whys=(Why.OTHER,),
    word="asked not to",
    evidence=("Observation/9",),
    encounter="Encounter/e1",
    issuer=ISSUER,
)
REMARK: Mapping[str, Any] = {"report_id": "report-1", "group_id": "group-1", "code": "declined-by-patient"}
GROUP = Group("northwind", "report-1", "group-1", "ra-2.1.0")
FOLLOW_UP = FollowUp("", "result", ("glycaemic-status@2026",), "HbA1c test", "clinician", date(2026, 3, 16), START)
LINE = Line(Direction.REMOVED, "northwind", "Heart failure", "CMS-HCC V28", "closed-gap", "never-had", person=PERSON)


def entry(store: Store, action: str, patient: str = PATIENT, launch: str = ENTRY.launch) -> Audit:
    with store.read() as tx:
        return replace(ENTRY, action=action, patient=patient, launch=launch, at=tx.now)


def parcel(
    name: str = "", *, report: str = "report-1", group: str = "group-1", to: str = "northwind", **more: Any
) -> Parcel:
    body = {**REMARK, "report_id": report, "group_id": group}
    given: dict[str, Any] = {"patient": PATIENT, "person": PERSON, "label": "HbA1c test", "by": "Imani Osei", **more}
    return Parcel(Sends.REMARK, to, f"{to}|{report}", body=body, id=name, **given)


def visit(store: Store, encounter: str = "Encounter/e1") -> Visited:
    with store.read() as tx:
        name = visits.key(tx, ISSUER, encounter)
    return Visited(name, "main", ISSUER, encounter, PATIENT, "handle-one", START + timedelta(hours=9), person=PERSON)


def trail(store: Store, launch: str = ENTRY.launch) -> list[str]:
    """What the audit of a launch has, after it was found whole."""
    with store.read() as tx:
        assert audit.verify(tx) == []
        return [each.action for each in audit.trail(tx, launch)]
