"""A morning fills itself: everybody on it is asked about once, a bounded number of questions at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta

from sqlalchemy import text

from app.core.answers import Known, Reason
from app.core.asking import CARE_GAPS, Ask
from app.core.consents import Consent, Rule
from app.core.schedule.appointment import DayAsk
from app.core.schedule.day import Arranged
from app.gather.morning import Morning
from app.store import Store
from tests.gather.made import finished
from tests.gather.mornings import Clinic, Insurer, booked, opening, process
from tests.store.one_store import Clock

DAY = date(2026, 3, 2)
ASK = DayAsk.of("Practitioner/1", DAY)
OF = opening(DAY)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def out(store: Store, source: str) -> int:
    """How many questions to a source somebody holds a lease for."""
    with store.read() as tx:
        held = text("SELECT count(*) FROM answers WHERE asking_until IS NOT NULL AND source = :of")
        return int(tx.conn.execute(held, {"of": source}).scalar_one())


def everything_of(n: int, year: int = 2026) -> dict[str, int]:
    return dict.fromkeys((f"member p{n}", f"care-gaps p{n} {year}", f"risk p{n} {year}"), 1)


# --- who is asked what -----------------------------------------------------------------------------------------------


def test_everybody_on_the_schedule_is_asked_about_once(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(12)])
    payers = {"northwind": Insurer("northwind", clock)}
    with process(store, clinic, payers) as here:
        day = here.finished(OF, ASK)
    assert [row.patient_ref for row in day.rows] == [f"Patient/p{n}" for n in range(12)]
    assert all(row.complete and row.patient for row in day.rows)
    assert payers["northwind"].asked == {what: 1 for n in range(12) for what in everything_of(n)}
    assert set(clinic.asked.values()) == {1}
    assert not any(what.startswith("patient ") for what in clinic.asked)


def test_patients_who_did_not_come_with_the_schedule_are_read_one_by_one(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(3)], rides=False)
    with process(store, clinic, {}) as here:
        day = here.finished(OF, ASK)
    assert all(row.patient for row in day.rows)
    assert {what: n for what, n in clinic.asked.items() if what.startswith("patient")} == {
        "patient p0": 1,
        "patient p1": 1,
        "patient p2": 1,
    }


def test_a_patient_with_two_visits_and_a_group_are_asked_about_once_each(store: Store, clock: Clock) -> None:
    twice = booked(DAY, 9, patients=("Patient/p1",))
    group = booked(DAY, 10, patients=("Patient/p2", "Patient/p3"))
    clinic = Clinic(clock, [booked(DAY, 1), group, twice])
    payer = Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}) as here:
        day = here.finished(OF, ASK)
    assert [row.patient_ref for row in day.rows] == ["Patient/p1", "Patient/p1", "Patient/p2", "Patient/p3"]
    assert [row.group for row in day.rows] == [0, 0, 2, 2]
    assert set(payer.asked.values()) == {1}
    assert set(clinic.asked.values()) == {1}


def test_a_visit_whose_patient_has_no_id_is_a_row_and_nobody_is_asked(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, 1, patients=("",))], rides=False)
    with process(store, clinic, {}) as here:
        day = here.finished(OF, ASK)
    [row] = day.rows
    assert row.patient is None
    assert row.complete
    assert set(clinic.asked) == {"user", "schedule Practitioner/1"}


def test_a_visit_of_next_year_is_asked_about_for_next_year(store: Store, clock: Clock) -> None:
    clock.now = clock.now.replace(month=12, day=30)
    today, then = date(2026, 12, 30), date(2027, 1, 4)
    clinic, payer = Clinic(clock, [booked(then, 1)]), Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}) as here:
        here.finished(opening(today), DayAsk.of("Practitioner/1", then))
    assert payer.asked == everything_of(1, 2027)


def test_no_payer_is_asked_about_a_patient_who_forbids_it(store: Store, clock: Clock) -> None:
    says = {"p1": (Consent("Consent/1", "active", rule=Rule(denies=True)),)}
    clinic, payer = Clinic(clock, [booked(DAY, 1), booked(DAY, 2)], says=says), Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}) as here:
        day = here.finished(OF, ASK)
    assert payer.asked == everything_of(2)
    assert [row.restricted for row in day.rows] == [("northwind",), ()]


def test_scopes_of_the_launchs_own_patient_count_for_nobody_else() -> None:
    """A server that confines them answers about others with nothing, which would read as "nothing there"."""
    both, bound = frozenset({"openid", "patient/*.rs", "user/Flag.rs"}), frozenset({"patient/*.rs"})
    for granted, elsewhere in ((both, {"openid", "user/Flag.rs"}), (bound, {"openid"}), (frozenset[str](), set[str]())):
        of = replace(OF, patient_id="p1", scopes=granted)
        morning = Morning(OF, of, UTC)
        morning.arrange(Arranged(tuple((booked(DAY, n), f"Patient/p{n}") for n in (1, 2))), Clock()())
        assert morning.slots["Patient/p1"].opening.scopes == granted
        assert morning.slots["Patient/p2"].opening.scopes == elsewhere


# --- how many at once ------------------------------------------------------------------------------------------------


def test_a_morning_claims_no_more_than_twice_what_a_source_works_on(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(12)])
    clinic.open_.clear()
    with process(store, clinic, {}, at_work={"main": 3}) as here:
        here.look(OF, ASK)
        until(lambda: any(" p" in what for what in clinic.asked))
        for _ in range(3):
            here.look(OF, ASK, timeout=0)
        assert 0 < out(store, "main") <= 6
        clinic.open_.set()
        here.finished(OF, ASK)
    assert set(clinic.asked.values()) == {1}


def test_the_next_visits_come_before_those_that_are_over(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(12)])  # from eight o'clock; it is nine
    clinic.open_.clear()
    with process(store, clinic, {}, at_work={"main": 2}) as here:
        here.look(OF, ASK)
        until(lambda: sum(" p" in what for what in clinic.asked) == 2)
        first = {what.split()[1] for what in clinic.asked if " p" in what}
        clinic.open_.set()
        here.finished(OF, ASK)
    assert first == {"p3"}  # its quarter of an hour ends at nine; p0 to p2 are over


# --- going on --------------------------------------------------------------------------------------------------------


def test_a_morning_that_nobody_looks_at_fills_itself(store: Store, clock: Clock) -> None:
    clinic, payer = Clinic(clock, [booked(DAY, n) for n in range(6)]), Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}, at_work={"main": 2}) as here:
        here.huddle.begin(OF, ASK)
        until(lambda: sum(payer.asked.values()) == 18 and not out(store, "main") and not out(store, "northwind"))
        day = here.finished(OF, ASK)
    assert day.complete
    assert set(clinic.asked.values()) == set(payer.asked.values()) == {1}


def test_another_process_goes_on_where_one_died_and_asks_nothing_that_has_an_answer(store: Store, clock: Clock) -> None:
    visits = [booked(DAY, n) for n in range(6)]
    dying, clinic = Clinic(clock, visits), Clinic(clock, visits)
    payer = Insurer("northwind", clock)
    with process(store, dying, {"northwind": payer}, at_work={"main": 2}) as first:
        first.look(OF, ASK)
        until(lambda: sum(dying.asked.values()) > 20)
    answered = set(dying.asked)
    with store.read() as tx:
        lost = tx.conn.execute(text("SELECT count(*) FROM answers WHERE version = 0")).scalar_one()
    clock.advance(seconds=21)
    with process(store, clinic, {"northwind": payer}, who="two") as second:
        day = second.finished(OF, ASK)
    assert all(row.complete for row in day.rows)
    assert len(answered & set(clinic.asked)) <= lost


def test_two_processes_fill_one_morning_and_ask_everything_once(store: Store, clock: Clock) -> None:
    clinic, payer = Clinic(clock, [booked(DAY, n) for n in range(8)]), Insurer("northwind", clock)
    with (
        process(store, clinic, {"northwind": payer}, who="one") as one,
        process(store, clinic, {"northwind": payer}, who="two") as two,
    ):
        for here in (one, two, one, two):
            here.look(OF, ASK, timeout=0.3)
        assert two.finished(OF, ASK).version == one.finished(OF, ASK).version
    assert set(clinic.asked.values()) == set(payer.asked.values()) == {1}


def test_an_ended_launch_asks_nothing_more(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(6)])
    clinic.open_.clear()
    with process(store, clinic, {}, at_work={"main": 2}) as here:
        here.look(OF, ASK)
        until(lambda: sum(" p" in what for what in clinic.asked) == 2)
        here.gathering.forget(OF.handle)
        clinic.open_.set()
        until(lambda: not out(store, "main"))
        here.gathering.close()
    assert sum(" p" in what for what in clinic.asked) <= 4  # what was claimed already


# --- freshness -------------------------------------------------------------------------------------------------------


def test_who_looks_is_asked_once_for_the_schedule_and_every_chart_opened_from_it(store: Store, clock: Clock) -> None:
    clinic, payer = Clinic(clock, [booked(DAY, 1)]), Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}) as here:
        here.finished(OF, ASK)
        finished(here.gathering, replace(OF, patient_id="p1"))
    assert clinic.asked["user"] == 1
    assert set(clinic.asked.values()) == {1}  # of one launch: the panel's types that a schedule does not read are added
    assert payer.asked == everything_of(1)


def test_what_the_night_asked_is_not_asked_again_in_the_morning(store: Store, clock: Clock) -> None:
    clinic, payer = Clinic(clock, [booked(DAY, 1)]), Insurer("northwind", clock)
    night = opening(DAY, handle="night", patient_id="p1")
    with process(store, clinic, {"northwind": payer}) as here:
        finished(here.gathering, night)
        clock.advance(hours=6)
        day = here.finished(OF, ASK)
    assert payer.asked == everything_of(1)
    assert day.rows[0].counts.unclear == 1  # a measure that there is no rule for


def test_a_panel_shows_an_older_answer_and_asks_anew(store: Store, clock: Clock) -> None:
    clinic, payer = Clinic(clock, [booked(DAY, 1)]), Insurer("northwind", clock)
    gaps = Ask("northwind", CARE_GAPS)
    with process(store, clinic, {"northwind": payer}) as here:
        here.finished(OF, ASK)
        before = clock.now
        clock.advance(hours=2)
        payer.open_.clear()
        panel = opening(DAY, handle="panel", patient_id="p1")
        here.gathering.advance(panel)
        until(lambda: payer.asked["care-gaps p1 2026"] == 2)
        state = here.gathering.state(panel)
        old = state.answers[gaps]
        assert not state.complete
        assert isinstance(old, Known)
        assert old.received == before
        payer.open_.set()
        state = finished(here.gathering, panel)
        new = state.answers[gaps]
        assert isinstance(new, Known)
        assert new.received == clock.now
        here.finished(OF, ASK)
    assert set(payer.asked.values()) == {2}


def test_who_walks_in_is_seen_within_a_minute_and_nobody_else_is_asked_about_again(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, 1)])
    with process(store, clinic, {}) as here:
        here.finished(OF, ASK)
        clinic.appointments = [booked(DAY, 1), booked(DAY, 2, walk_in=True)]
        clock.advance(seconds=59)
        here.look(OF, ASK)
        assert clinic.asked["schedule Practitioner/1"] == 1
        clock.advance(seconds=2)
        here.look(OF, ASK)
        until(lambda: len(here.look(OF, ASK).rows) == 2)
        day = here.finished(OF, ASK)
    assert [row.appointment.walk_in for row in day.rows] == [False, True]
    assert clinic.asked.pop("schedule Practitioner/1") == 2
    assert set(clinic.asked.values()) == {1}


# --- a source that does not answer -----------------------------------------------------------------------------------


def test_a_dead_payer_is_left_alone_for_a_while_by_who_keeps_looking(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(4)])
    payer = Insurer("northwind", clock, down=Reason.DOWN)
    with process(store, clinic, {"northwind": payer}) as here:
        day = here.finished(OF, ASK)
        assert {each.source: each.trouble for each in day.progress} == {"ehr": None, "northwind": Reason.DOWN}
        assert all(each.asked == each.answered for each in day.progress)
        for _ in range(4):
            clock.advance(minutes=1)
            until(lambda: here.look(OF, ASK, day.version).complete)
        assert set(payer.asked.values()) == {1}
        payer.down = None
        clock.advance(minutes=2)
        here.look(OF, ASK)
        until(lambda: all(not row.silent for row in here.look(OF, ASK).rows))
        day = here.finished(OF, ASK)
    assert [each.trouble for each in day.progress] == [None, None]


def test_a_payer_can_be_asked_again_at_once(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(4)])
    payer = Insurer("northwind", clock, down=Reason.SLOW)
    with process(store, clinic, {"northwind": payer}) as here:
        here.finished(OF, ASK)
        payer.down = None
        here.huddle.retry(OF, ASK, "northwind")
        day = here.finished(OF, ASK)
    assert [each.trouble for each in day.progress] == [None, None]
    assert payer.asked == {what: 1 + what.startswith("member") for n in range(4) for what in everything_of(n)}


def test_progress_only_grows_and_ends_with_everything_answered(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(8)], takes=0.01)
    payers = {name: Insurer(name, clock, takes=0.01) for name in ("northwind", "lakeside")}
    clinic.covers = {"any": ("Northwind", "Lakeside")}
    answered: dict[str, int] = {}
    with process(store, clinic, payers) as here:
        day, end = here.look(OF, ASK), time.monotonic() + 60
        while not day.complete and time.monotonic() < end:
            day = here.look(OF, ASK, day.version, 2)
            for each in day.progress:
                assert answered.get(each.source, 0) <= each.answered <= each.asked
                answered[each.source] = each.answered
    assert [(each.source, each.answered) for each in day.progress if each.asked == each.answered] == [
        ("ehr", day.progress[0].asked), ("lakeside", 24), ("northwind", 24),
    ]  # fmt: skip


def test_a_look_at_several_days_reads_what_it_needs_and_no_more(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY + timedelta(days=n), n) for n in range(3)])
    ask = DayAsk("Practitioner/1", DAY, DAY + timedelta(days=1))
    with process(store, clinic, {}) as here:
        mornings = here.gathering.mornings
        whole, narrow = replace(OF, schedule=ask), replace(OF, only=("patient", "coverage"))
        zone = clock.now.tzinfo
        assert zone is not None
        until(lambda: mornings.now(whole, narrow, zone).complete)
        filled = mornings.now(whole, narrow, zone)
    assert sorted(filled.patients) == ["Patient/p0", "Patient/p1"]
    assert set(clinic.asked) == {"user", "schedule Practitioner/1", "coverage p0", "coverage p1"}


def test_an_open_schedule_says_that_the_ehr_has_stopped_answering_and_from_when_it_is(
    store: Store, clock: Clock
) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(4)])
    with process(store, clinic, {}) as here:
        before = here.finished(OF, ASK)
        read_at = before.schedule.received if isinstance(before.schedule, Known) else None
        clinic.refuses = Reason.DOWN
        clock.advance(minutes=3)
        assert not here.look(OF, ASK).complete, "it is being read again"
        until(lambda: here.look(OF, ASK).complete)
        after = here.look(OF, ASK)
    assert [row.patient for row in after.rows] == [row.patient for row in before.rows]
    assert {each.source: each.trouble for each in after.progress} == {"ehr": Reason.DOWN}
    assert after.snapshot == read_at


def test_a_schedule_that_nobody_looks_at_fills_itself(store: Store, clock: Clock) -> None:
    clinic = Clinic(clock, [booked(DAY, n) for n in range(3)])
    payer = Insurer("northwind", clock)
    with process(store, clinic, {"northwind": payer}) as here:
        here.huddle.begin(OF, ASK)
        until(lambda: payer.asked == {what: 1 for n in range(3) for what in everything_of(n)})
