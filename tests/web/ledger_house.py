"""A ledger for the lists: rows as the delivery leaves them, put into a house's database about patients of its EHR."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests
from bs4 import BeautifulSoup, Tag

from app import open_store
from app.core.ledger.action import Action, Item
from app.core.ledger.outgoing import FollowUp, Judged, Sends
from app.core.ledger.verb import Kind, Verb
from app.store import Store, Tx, audit, compliance, follow_ups, outbox, recorded
from app.store.compliance import Line
from app.store.outbox import Parcel
from app.store.said import Person
from sandbox_config.demo import browser
from tests.house import House

SOMEBODY = Person("Okonkwo-Reyes, Adaeze", "born 3 Feb 1961", "record RB-104117")
OURS = {"Sec-Fetch-Site": "same-origin"}
LATE = timedelta(days=60)


def issuer(home: House, tenant: str = "main") -> str:
    return f"{home.ehr}/{tenant}/fhir"


@dataclass
class Desk:
    """One user at a launch, and the pages that they get."""

    home: House
    user: str = "mgr"
    story: str = ""  # the chart that is open; empty: none
    session: requests.Session = field(default_factory=browser)

    def __post_init__(self) -> None:
        page = (
            self.home.launch(self.story, session=self.session, user=self.user)
            if self.story
            else self.home.open_morning(session=self.session, user=self.user)
        )
        self.url = "/".join(page.url.split("/")[:5]) + "/"
        self.handle = page.url.split("/")[4]

    def get(self, to: str, **query: str) -> requests.Response:
        return self.session.get(f"{self.url}{to}", params=query, timeout=30)

    def post(self, to: str, **form: str) -> requests.Response:
        return self.session.post(f"{self.url}{to}", data=form, headers=OURS, timeout=30)

    def soup(self, to: str, **query: str) -> BeautifulSoup:
        page = self.get(to, **query)
        assert page.status_code == 200, page.text
        return BeautifulSoup(page.text, "html.parser")


@contextmanager
def store_of(home: House, at: datetime | None = None) -> Iterator[Store]:
    """The house's database; `at`: what is written then has happened at that time."""
    store = open_store(home.settings, (lambda: at) if at else home.clock)
    try:
        yield store
    finally:
        store.close()


def trail(home: House, handle: str) -> list[audit.Audit]:
    with store_of(home) as store, store.read() as tx:
        return audit.trail(tx, handle)


def words(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.text.split())


@dataclass(frozen=True)
class Told:
    """Something that was recorded and put into the outbox; then `sent` and `judged`, or `dead`."""

    name: str
    label: str = "Colorectal cancer screening"
    verb: Verb | None = Verb.DONE
    kind: Kind = Kind.GAP
    to: str = "northwind"
    post: str = "sent"  # held | waiting | later | sent | dead
    ago: timedelta = timedelta(days=3)
    code: str = "satisfied-in-EHR"
    judged: Judged = Judged.NOTHING
    confirmable: bool = True
    trouble: str = ""
    said: str = ""
    patient: str = "pat-1"
    tenant: str = "main"
    person: Person = SOMEBODY
    by: str = "Wren Castellane"
    who: str = "Practitioner/staff-dr"
    sends: Sends = Sends.REMARK


def tell(home: House, *told: Told) -> dict[str, str]:
    """Put them in; the ids of their messages by name."""
    ids: dict[str, str] = {}
    for one in told:
        at = home.clock() - one.ago
        with store_of(home, at) as store, store.begin() as tx:
            ids[one.name] = _tell(home, tx, one)
    return ids


def _tell(home: House, tx: Tx, one: Told) -> str:
    patient = f"{issuer(home, one.tenant)}|{one.patient}"
    entry = audit.Audit(
        launch=f"seed {one.name}", who=one.who, role="clinician", patient=patient, action="record-action",
        counts={one.to: 1}, outcome="ok", at=tx.now,
    )  # fmt: skip
    action = ""
    if one.verb is not None:
        recorded.lock(tx, patient)
        item = Item(one.kind, (f"{one.name}@2026",), one.label, "facts")
        made = Action(one.verb, item, by=one.by, who=one.who, role="clinician", issuer=issuer(home, one.tenant))
        action = recorded.add(tx, entry, made, f"token {one.name}").id
    question = "risk" if one.kind is Kind.PROMPT else "care-gaps"
    body: dict[str, Any] = {"report_id": one.name, "group_id": "g", "question": question, "code": one.code}
    parcel = Parcel(
        one.sends, one.to, f"{one.to}|{one.name}", patient, body, action=action, person=one.person, label=one.label,
        by=one.by, who=one.who, member={"payer": one.to, "member_id": "NW-77"},
        visit="a visit" if one.post == "held" else "",
    )  # fmt: skip
    [name] = outbox.put(tx, entry, [parcel])
    if one.post == "dead":
        outbox.dead(tx, entry, [name], one.trouble, one.said)
    elif one.post == "later":
        outbox.take(tx, one.to, [one.sends], "seed", timedelta(0))
        outbox.later(tx, [name], timedelta(hours=1) + one.ago, one.trouble, one.said)
    elif one.post == "sent":
        outbox.sent(tx, entry, [name], confirmable=one.confirmable, follow=tx.now)
        if one.judged is not Judged.NOTHING:
            outbox.judge(tx, entry, name, one.judged, one.said)
    return name


def promise(home: House, patient: str = "pat-1", **more: Any) -> str:
    """A follow-up; its id."""
    given: dict[str, Any] = {
        "id": "", "what": "result", "keys": ("k@2026",), "label": "HbA1c test", "owner": "clinician",
        "due": date(2026, 1, 1), "at": datetime.now(UTC), "by": "Wren Castellane", **more,
    }  # fmt: skip
    tenant = given.pop("tenant", "main")
    person = given.pop("person", SOMEBODY)
    with store_of(home) as store, store.begin() as tx:
        patient = f"{issuer(home, tenant)}|{patient}"
        entry = audit.Audit(
            launch="seed", who="Practitioner/staff-dr", role="clinician", patient=patient, action="record-action",
            counts={}, outcome="ok", at=tx.now,
        )  # fmt: skip
        [name] = follow_ups.add(tx, entry, issuer(home, tenant), person, [FollowUp(**given)])
    return name


def assess(home: House, *lines: Line, tenant: str = "main") -> None:
    """Lines of the compliance list."""
    with store_of(home) as store, store.begin() as tx:
        patient = f"{issuer(home, tenant)}|pat-1"
        for line in lines:
            entry = audit.Audit(
                launch="seed", who="Practitioner/staff-dr", role="clinician", patient=patient,
                action="record-action", counts={}, outcome="ok", at=tx.now,
            )  # fmt: skip
            compliance.add(tx, entry, issuer(home, tenant), line)
