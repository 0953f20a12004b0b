"""The time ahead: a payer's list is asked for once, and of who is on the schedule no more is read than it takes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.ahead import Ahead, Horizon
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import Opening
from app.core.chart import Identifier
from app.core.measures import REGISTRY, RULES, Registry
from app.core.measures.names import PayerName, by_rule
from app.core.report import Gap, GapStatus, Measure, Period, Report
from app.core.roles import Role
from app.store import Store, audit
from tests.gather.mornings import WHO, ZONE, Clinic, Insurer, booked, member_id, opening, person, process
from tests.store.one_store import Clock

NPI = (Identifier("http://hl7.org/fhir/sid/us-npi", "1999999984", "NPI"),)
DOCTOR = "Practitioner/1"
TODAY = date(2026, 3, 2)
FALLS = Measure("https://plan.example/Measure/falls", "1", "Home fall-risk walkthrough")


@dataclass
class Lister(Insurer):
    """A payer that lists the open gaps of these members; `cannot`: it has no way to."""

    members: tuple[str, ...] = ()
    cannot: Reason | None = None
    lists: list[str] = field(default_factory=list)
    counting: threading.Lock = field(default_factory=threading.Lock)

    def open_gaps(self, *asked: object) -> Answer[tuple[Report, ...]]:
        practitioner, period = asked
        assert isinstance(period, Period)
        with self.counting:
            self.lists.append(f"{practitioner} {period.end}")
        if self.cannot:
            return Unknown(self.id, self.cannot)
        return self._count("open-gaps", tuple(self._of(member, period) for member in self.members))

    def _of(self, member: str, period: Period) -> Report:
        gap = Gap(self.id, "r", "g", FALLS, GapStatus.OPEN, "open", False, None, None, period)
        record = replace(person(member), id=f"m-{member}", identifiers=(member_id(member),))
        return Report(self.id, "care-gaps", f"Patient/m-{member}", record, (gap,))


def ahead(store: Store, made: object) -> Ahead:
    return Ahead(store, made.gathering, lambda: REGISTRY)  # type: ignore[attr-defined] # a Process


def whole(use: Ahead, of: Opening, known_as: tuple[Identifier, ...] = NPI) -> Horizon:
    found = use.look(of, DOCTOR, known_as, ZoneInfo(ZONE), timeout=30)
    assert found.complete
    return found


def numbers(found: Horizon) -> tuple[int, int, int]:
    assert found.outreach
    counts = found.outreach.acts
    return (
        sum(len(act.booked) for act in counts),
        sum(len(act.unbooked) for act in counts),
        sum(len(act.unclear) for act in counts),
    )


def clinic(clock: Clock, days: Mapping[str, int]) -> Clinic:
    """One visit each, so many days from today."""
    ahead = {ref: TODAY + timedelta(days=number) for ref, number in days.items()}
    return Clinic(
        clock, tuple(booked(day, n, patients=(f"Patient/{ref}",)) for n, (ref, day) in enumerate(ahead.items()))
    )


def test_members_who_are_booked_this_month_are_told_apart(store: Store, clock: Clock) -> None:
    chart = clinic(clock, {"p1": 0, "p2": 29, "p3": 12})
    payer = Lister("northwind", clock, members=("p1", "p2", "p7"))
    with process(store, chart, {"northwind": payer}) as made:
        found = whole(ahead(store, made), opening(TODAY))
    assert numbers(found) == (2, 1, 0)
    assert found.until == date(2026, 3, 31)


def test_next_month_is_not_this_month_though_the_days_ahead_reach_into_it(store: Store, clock: Clock) -> None:
    clock.now += timedelta(days=26)  # 28 March: the days ahead end on 5 April
    today = TODAY + timedelta(days=26)
    chart = clinic(clock, {"p1": 29, "p2": 30})  # 31 March, 1 April
    payer = Lister("northwind", clock, members=("p1", "p2"))
    with process(store, chart, {"northwind": payer}) as made:
        found = whole(ahead(store, made), opening(today))
    assert numbers(found) == (1, 1, 0)
    assert found.visits[date(2026, 4, 1)] == 1
    assert list(found.visits) == [today + timedelta(days=number) for number in range(1, 9)]


def test_of_nobody_more_is_read_than_who_may_be_on_a_list(store: Store, clock: Clock) -> None:
    chart = clinic(clock, {f"p{number}": number % 20 for number in range(1, 25)})
    payer = Lister("northwind", clock, members=("p3", "p90"))
    with process(store, chart, {"northwind": payer}) as made:
        whole(ahead(store, made), opening(TODAY))
    about = {what.split()[1] for what in chart.asked if what.startswith(("coverage", "consents", "Flag"))}
    assert about == {"p3"}
    assert not [what for what in chart.asked if what.startswith(("Condition", "Observation"))]
    assert not payer.asked.keys() - {"open-gaps"}


def test_a_payers_list_is_asked_for_once_by_everybody(store: Store, clock: Clock) -> None:
    payer = Lister("northwind", clock, members=("p1",), takes=0.1)
    with process(store, clinic(clock, {"p1": 1}), {"northwind": payer}) as made:
        use = ahead(store, made)
        threads = [
            threading.Thread(target=whole, args=(use, opening(TODAY, handle=f"handle-{n}", role=Role.MANAGER)))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        clock.now += timedelta(hours=11)
        whole(use, opening(TODAY, handle="later"))
        assert payer.lists == [f"{NPI} 2026-12-31"]
        clock.now += timedelta(hours=2)
        whole(use, opening(TODAY, handle="much later"))
        assert len(payer.lists) == 2


@pytest.mark.parametrize("reason", [Reason.NOT_ALLOWED, Reason.DOWN, Reason.SLOW])
def test_a_payer_that_cannot_list_is_no_zero_and_spoils_nothing(store: Store, clock: Clock, reason: Reason) -> None:
    payers = {
        "northwind": Lister("northwind", clock, members=("p1",)),
        "harbor": Lister("harbor", clock, cannot=reason),
    }
    with process(store, clinic(clock, {"p1": 1}), payers) as made:
        found = whole(ahead(store, made), opening(TODAY))
    assert numbers(found) == (1, 0, 0)
    assert found.outreach
    assert found.outreach.uncounted == (("harbor", reason, ""),)


def test_without_an_identifier_of_the_provider_nobody_is_asked(store: Store, clock: Clock) -> None:
    payer = Lister("northwind", clock, members=("p1",))
    with process(store, clinic(clock, {"p1": 1}), {"northwind": payer}) as made:
        found = whole(ahead(store, made), opening(TODAY), ())
    assert found.outreach
    assert [reason for _, reason, _ in found.outreach.uncounted] == [Reason.NOT_CONNECTED]
    assert payer.lists == []


def test_a_payer_that_hangs_is_still_being_asked_and_holds_nobody_up(store: Store, clock: Clock) -> None:
    payer = Lister("northwind", clock, members=("p1",))
    payer.open_.clear()
    with process(store, clinic(clock, {"p1": 1}), {"northwind": payer}) as made:
        use = ahead(store, made)
        found = use.look(opening(TODAY), DOCTOR, NPI, ZoneInfo(ZONE), timeout=0.3)
        assert not found.complete
        assert found.outreach is None or found.outreach.asking == ("northwind",)
        payer.open_.set()
        assert numbers(whole(use, opening(TODAY))) == (1, 0, 0)


def test_what_a_payer_calls_a_confidential_measure_is_on_no_list(store: Store, clock: Clock) -> None:
    payer = Lister("northwind", clock, members=("p1", "p7"))
    called = by_rule([PayerName("depression-screening", FALLS.url)], RULES)
    with process(store, clinic(clock, {"p1": 1}), {"northwind": payer}) as made:
        found = whole(Ahead(store, made.gathering, lambda: Registry(RULES, called)), opening(TODAY))
    assert found.outreach
    assert (found.outreach.acts, found.outreach.sensitive) == ((), 2)


def test_whose_restrictions_nobody_could_read_is_not_listed_as_somebody_unknown(store: Store, clock: Clock) -> None:
    payer = Lister("northwind", clock, members=("p1", "p7"))
    chart = replace(clinic(clock, {"p1": 1}), fails=Reason.DOWN)
    with process(store, chart, {"northwind": payer}) as made:
        use = ahead(store, made)
        found = whole(use, opening(TODAY))
        clock.now += timedelta(seconds=45)  # what has failed is not asked for without end
        assert use.look(opening(TODAY), DOCTOR, NPI, ZoneInfo(ZONE), timeout=0.0).complete
    assert numbers(found) == (0, 1, 0)
    assert found.outreach
    assert found.outreach.unsettled == 1


def test_an_ehr_that_cannot_list_a_schedule_ends_it_at_once(store: Store, clock: Clock) -> None:
    chart = replace(clinic(clock, {}), refuses=Reason.CANNOT_LIST)
    with process(store, chart, {"northwind": Lister("northwind", clock, members=("p1",))}) as made:
        found = whole(ahead(store, made), opening(TODAY))
    assert isinstance(found.schedule, Unknown)
    assert (found.outreach, found.visits) == (None, {})


def test_what_was_shown_is_recorded_by_person_and_a_number_names_nobody(store: Store, clock: Clock) -> None:
    of = opening(TODAY, role=Role.MANAGER)
    payer = Lister("northwind", clock, members=("p1", "p7"))
    with process(store, clinic(clock, {"p1": 1}), {"northwind": payer}) as made:
        use = ahead(store, made)
        found = whole(use, of)
        use.counted(of, WHO, found)
        assert found.outreach
        (act,) = found.outreach.acts
        use.listed(of, WHO, found.role, (*act.booked, *act.unbooked))
        use.taken(of, WHO, found.role, ["Patient/p1"], "print-schedule")
    with store.read() as tx:
        seen = [(each.action, each.patient, each.who, each.role) for each in audit.trail(tx, of.handle)]
    who = ("Practitioner/1", "manager")
    assert seen == [
        ("read-outreach-counts", "", *who),
        ("read-outreach", "https://ehr.example|p1", *who),
        ("read-outreach", "northwind|Patient/m-p7", *who),
        ("print-schedule", "https://ehr.example|p1", *who),
    ]
