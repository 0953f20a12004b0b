"""What becomes of what was sent: asked at most once a day, only where that is permitted, and judged at every look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import PayerRow
from app.core.chart import Coverage, Identifier, Patient
from app.core.consents import Consent, Rule
from app.core.coverage import Recognition
from app.core.ledger.action import Action, Item, Target
from app.core.ledger.outgoing import Judged, Message, Post
from app.core.ledger.verb import Kind, Verb
from app.core.report import Gap, GapStatus, Measure, Member, Period, Report
from app.deliver import Access, Delivery, Following, Permitted
from app.store import Store, outbox, recorded, restrictions
from app.store.said import Note
from tests.deliver.byhand import ByHand
from tests.deliver.shop import ISSUER, PATIENT, entry, found, names, parcel, put
from tests.store.one_store import START, Clock

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
MEASURE = "https://measures.example/a1c"
TARGET = Target("northwind", "r1", "g1", "care-gaps", "deqm-us-5.0.0", "open-gap", MEASURE)
MEMBER = {"payer": "northwind", "patient_id": "m1", "member_id": "NW-1", "how": "identifier"}


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass
class Plan:
    """A payer that says one thing of one gap."""

    status: GapStatus = GapStatus.OPEN
    calculated: date = field(default_factory=lambda: START.date())
    subject: str = "m1"
    says: Unknown | None = None
    asked: Counter[str] = field(default_factory=Counter)

    def report(self) -> Report:
        gap = Gap(
            "northwind", "r1", "g1", Measure(MEASURE), self.status, str(self.status), False, self.calculated, None, YEAR
        )
        return Report("northwind", "care-gaps", self.subject, None, (gap,))

    def care_gaps(self, who: Member, period: Period) -> Answer[Report]:
        assert (who.patient_id, period) == ("m1", YEAR)
        self.asked["care-gaps"] += 1
        return self.says or Known(self.report(), "northwind", START)

    def risk(self, _who: Member, _period: Period) -> Answer[Report]:
        raise AssertionError("nothing of RA was sent")


def everybody(_patient: str) -> frozenset[str]:
    return frozenset({"northwind"})


def following(store: Store, plan: Plan, permitted: Callable[[str], frozenset[str]] = everybody) -> Following:
    return Following(store, {"northwind": plan}, permitted, "one")


@pytest.fixture
def sent(store: Store) -> str:
    """A remark that says the act was done, and that the payer has had since yesterday."""
    item = Item(Kind.GAP, ("a1c@2026",), "HbA1c test", "facts", (TARGET,))
    with store.begin() as tx:
        recorded.lock(tx, PATIENT)
        action = recorded.add(tx, entry(tx, "record-action"), Action(Verb.DONE, item, issuer=ISSUER), "a-tap")
    made = parcel(TARGET, name=names(1)[0])
    body = {**made.body, "code": "satisfied-in-EHR"}
    put(store, [replace(made, body=body, action=action.id, member=MEMBER)])
    Delivery(store, {"northwind": ByHand()}, "one").run()
    message = found(store, made.id).message
    assert message.post is Post.SENT
    return made.id


def now(store: Store, name: str) -> Message:
    return found(store, name).message


def test_a_payer_is_asked_a_day_later_and_once_a_day(store: Store, clock: Clock, sent: str) -> None:
    plan = Plan()
    following(store, plan).run()
    assert not plan.asked, "it was sent just now"
    for day in (1, 2, 3):
        clock.advance(days=1)
        for _ in range(3):
            following(store, plan).run()
        assert plan.asked == {"care-gaps": day}
    assert now(store, sent).judged is Judged.NOTHING, "calculated before it was sent"


def test_it_is_confirmed_by_the_payers_own_word_and_not_asked_about_again(
    store: Store, clock: Clock, sent: str
) -> None:
    plan = Plan(GapStatus.CLOSED, START.date() + timedelta(days=1))
    clock.advance(days=2)
    assert following(store, plan).run()[str(Judged.CONFIRMED)] == 1
    assert now(store, sent).judged is Judged.CONFIRMED
    clock.advance(days=2)
    following(store, plan).run()
    assert plan.asked == {"care-gaps": 1}


def test_what_is_still_open_when_it_was_worked_out_again_is_said(store: Store, clock: Clock, sent: str) -> None:
    clock.advance(days=3)
    plan = Plan(GapStatus.OPEN, START.date() + timedelta(days=2))
    following(store, plan).run()
    assert now(store, sent).judged is Judged.STILL_OPEN
    clock.advance(days=1)
    plan.status, plan.calculated = GapStatus.CLOSED, START.date() + timedelta(days=3)
    following(store, plan).run()
    assert now(store, sent).judged is Judged.CONFIRMED


def test_an_answer_about_somebody_else_is_not_looked_at(store: Store, clock: Clock, sent: str) -> None:
    clock.advance(days=2)
    following(store, Plan(GapStatus.CLOSED, START.date() + timedelta(days=1), subject="m2")).run()
    assert now(store, sent).judged is Judged.NOTHING


def test_a_payer_that_does_not_answer_is_asked_again_in_an_hour(store: Store, clock: Clock, sent: str) -> None:
    plan = Plan(says=Unknown("northwind", Reason.DOWN))
    clock.advance(days=1)
    following(store, plan).run()
    following(store, plan).run()
    assert plan.asked == {"care-gaps": 1}
    clock.advance(hours=1)
    plan.says, plan.status, plan.calculated = None, GapStatus.CLOSED, START.date() + timedelta(days=1)
    following(store, plan).run()
    assert now(store, sent).judged is Judged.CONFIRMED


def test_where_it_is_not_permitted_nobody_is_asked(store: Store, clock: Clock, sent: str) -> None:
    plan = Plan(GapStatus.CLOSED)
    clock.advance(days=1)
    following(store, plan, lambda _: frozenset({"lakeside"})).run()
    assert not plan.asked
    assert now(store, sent).judged is Judged.NOTHING


def test_two_processes_do_not_ask_twice(store: Store, clock: Clock, sent: str) -> None:
    clock.advance(days=1)
    plan = Plan()
    with store.begin() as tx:
        assert outbox.to_follow(tx, "another", timedelta(minutes=10), 10)
    following(store, plan).run()
    assert not plan.asked


# --- whether a payer may be asked with nobody looking -----------------------------------------------------------------

ROWS = [PayerRow("northwind", "Northwind Health", (Recognition(payor="Northwind"),))]
COVERED = Coverage("Coverage/1", "active", ("Northwind",), member_ids=(Identifier("n", "NW-1", "MB"),))


@dataclass
class Charts:
    """An EHR that our own token reads."""

    who: Answer[Patient] = field(default_factory=lambda: Known(Patient("p1"), "main", START))
    covered: Answer[Any] = field(default_factory=lambda: Known((COVERED,), "main", START))
    says: Answer[Any] = field(default_factory=lambda: Known((), "main", START))
    flags: Answer[Any] = field(default_factory=lambda: Known((), "main", START))

    def patient(self, _id: str) -> Answer[Patient]:
        return self.who

    def coverages(self, _id: str) -> Answer[Any]:
        return self.covered

    def consents(self, _id: str) -> Answer[Any]:
        return self.says

    def facts(self, kind: str, _id: str, _since: date | None) -> Answer[Any]:
        assert kind == "Flag"
        return self.flags


REFUSED = Known((Consent("Consent/1", "active", rule=Rule(denies=True)),), "main", START)
DOWN = Unknown("main", Reason.DOWN)


@pytest.mark.parametrize(
    ("charts", "may"),
    [
        (Charts(), True),
        (Charts(says=REFUSED), False),
        (Charts(says=DOWN), False),
        (Charts(flags=DOWN), False),
        (Charts(covered=DOWN), False),
        (Charts(covered=Known((), "main", START)), False),
        (Charts(who=DOWN), False),
        (Charts(who=Known(Patient("p1", deceased=True), "main", START)), False),
    ],
)
def test_what_forbids_a_launch_to_ask_forbids_this(store: Store, clock: Clock, charts: Charts, may: bool) -> None:
    access = {ISSUER: Access("main", "America/New_York", ("Consent", "Flag"), charts)}
    assert Permitted(store, access, ROWS, clock).payers(PATIENT) == (frozenset({"northwind"}) if may else frozenset())


def test_the_practices_own_restriction_forbids_it_and_so_does_an_ehr_without_access(store: Store, clock: Clock) -> None:
    access = {ISSUER: Access("main", "America/New_York", ("Consent", "Flag"), Charts())}
    permitted = Permitted(store, access, ROWS, clock)
    assert permitted.payers("https://another.example|p1") == frozenset()
    with store.begin() as tx:
        restrictions.enter(tx, entry(tx, "restrict"), restrictions.EVERY_PAYER, Note())
    assert permitted.payers(PATIENT) == frozenset()
