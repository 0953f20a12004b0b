"""The morning schedule from the front door: EHR -> us -> EHR -> us -> a day whose rows fill themselves."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Morning
from tests.house import House
from tests.journeys.conftest import Desk

ROWS = 20


@pytest.fixture
def seen(desk: Desk) -> tuple[Morning, ...]:
    """Everything that stood on the physician's screen until the day was complete."""
    return desk.steps


@pytest.fixture
def day(desk: Desk) -> Morning:
    return desk.seen


def test_rows_stand_there_before_their_answers_and_never_move(seen: tuple[Morning, ...]) -> None:
    drawn = [each for each in seen if each.visits]
    assert len(drawn[0].visits) == ROWS
    assert any(visit.state == "asking" for visit in drawn[0].visits), "all was in at once: nothing is proven"
    assert len({tuple(visit.id for visit in each.visits) for each in drawn}) == 1
    times = [visit.time for visit in drawn[0].visits]
    assert times == sorted(times)
    assert all(visit.state in ("filled", "deceased", "hospice") for visit in drawn[-1].visits)


def test_the_progress_is_true(seen: tuple[Morning, ...]) -> None:
    before: dict[str, int] = {}
    for each in (each for each in seen if each.sources):
        for source, (answered, asked) in each.sources.items():
            assert before.get(source, 0) <= answered <= asked, source
            before[source] = answered
    assert {source for source, _ in seen[-1].sources.items()} == {"ehr", "northwind", "lakeside", "harbor"}
    assert all(answered == asked > 0 for answered, asked in seen[-1].sources.values())


def test_every_row_has_two_identifiers_and_at_most_three_steps(day: Morning) -> None:
    for visit in day.visits:
        assert "born" in visit.ids, visit.text
        assert "RB-" in visit.ids, visit.text
        assert len(visit.steps) <= 3


def test_what_is_not_to_be_seen_today_is_not_shown(day: Morning) -> None:
    for name in ("Pryce", "Dufour", "Trask", "Arkwright", "Iyer", "Penrose"):  # cancelled, error, over, missed, walk-in
        assert not any(name in visit.name for visit in day.visits), name
    assert len(day.missed) == 2
    assert "20 visits" in day.summary


def test_by_video_or_phone_only_what_is_done_in_the_room_waits_and_stays_counted(day: Morning) -> None:
    video, phone = day.of("Ravenscroft"), day.of("Oakeshott")
    assert "ideo" in video.visit
    assert "hone" in phone.visit
    assert any("HbA1c" in step and "next" not in step.casefold() for step in video.steps)
    assert any("blood pressure" in step and "next in-person visit" in step.casefold() for step in video.steps)
    assert "1 next in-person" in video.counts
    assert "2 next in-person" in phone.counts
    assert "condition" not in phone.text


def test_group_visit_double_booking_similar_names_and_a_new_patient_are_said_in_words(day: Morning) -> None:
    groups = [visit for visit in day.visits if "roup" in visit.visit]
    assert {visit.name.partition(",")[0] for visit in groups} == {"Applewhite", "Dunmore"}
    doubled = [visit for visit in day.visits if "ouble" in visit.visit]
    assert {visit.name.partition(",")[0] for visit in doubled} == {"Haddow", "Fairweather"}
    similar = [visit for visit in day.visits if "imilar name" in visit.notes]
    assert {visit.name for visit in similar} == {"Lindqvist, Marguerite", "Lindqvist, Margareta"}
    new = day.of("Villase")
    assert "New patient" in new.notes
    assert "Spanish" in new.notes


def test_who_needs_more_is_marked_with_a_number(day: Morning) -> None:
    assert "12 days" in day.of("Marlowe").notes
    assert "78" in day.of("Marlowe").notes
    assert "Elmsworth General Hospital" in day.of("Marlowe").text
    assert "5 emergency" in day.of("Blackwood").notes
    assert "19 months" in day.of("Hollingbery").notes
    assert "1 order" in day.of("Hollingbery").notes
    assert "2 results" in day.of("Hollingbery").notes


def test_the_dead_and_those_in_hospice_keep_their_row_and_nothing_is_asked_of_them(day: Morning) -> None:
    (step,) = day.of("Ashworth").steps
    assert "appointment" in step
    assert "front desk" in step
    assert not day.of("Mwangi").steps
    for name, why in (("Ashworth", "deceased"), ("Mwangi", "hospice")):
        assert day.of(name).state == why
        assert "HbA1c" not in day.of(name).text


def test_each_step_has_an_owner_and_says_whether_a_standing_order_covers_it(day: Morning) -> None:
    owners = ("medical assistant", "clinician", "front desk", "care coordinator")
    assert all(any(owner in step for owner in owners) for visit in day.visits for step in visit.steps)
    assert "standing order" in " ".join(day.of("Okonkwo").steps)
    assert "standing order" not in " ".join(day.of("Kowalczyk").steps), "its protocol has run out"


def test_a_payer_that_may_not_be_told_is_not_asked_and_the_row_says_that_it_is_not_all(day: Morning) -> None:
    row = day.of("Rensselaer")
    assert "not everything is known" in row.counts
    assert "Northwind" in row.text


def test_a_patient_whose_payer_is_not_connected_is_not_told_free_of_gaps(day: Morning) -> None:
    assert "no payer" in day.of("Blackwood").text.casefold() or "not connected" in day.of("Blackwood").text.casefold()


def test_no_address_of_the_schedule_names_a_person(seen: tuple[Morning, ...], home: House) -> None:
    ids = {one.patient_id for one in home.scenarios.values()} | {one.appointment_id for one in home.scenarios.values()}
    for each in seen:
        for url in (each.next, each.calm, each.added, *(action for v in each.visits for action, _ in v.forms)):
            query = dict(parse_qsl(urlsplit(url).query))
            assert not ids & set(query.values()), url
            assert not any(one in url for one in ids), url


# --- how EHRs differ --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", ["oneof", "bylocation", "typed", "worklist", "smallpages", "v1"])
def test_the_same_day_comes_out_of_every_way_to_ask_for_it(home: House, tenant: str) -> None:
    names = [visit.name.partition(",")[0] for visit in home.morning(tenant, user="np").visits]
    assert names == ["Arkwright", "Strand", "Moreau", "Vance", "Osei"]


def test_a_vendors_own_list_of_booked_appointments_is_read(home: House) -> None:
    shown = home.morning("booked", user="9")
    assert {visit.name.partition(",")[0] for visit in shown.visits} == {"Hartmann", "Feldspar", "Stonebridge", "Pell"}


@pytest.mark.parametrize("tenant", ["undeclared", "noschedule"])
def test_an_ehr_that_cannot_list_a_schedule_is_shown_as_that(home: House, tenant: str) -> None:
    shown = home.morning(tenant)
    assert "cannot list" in shown.text, shown.text
    assert not shown.empty
    assert not shown.visits


def test_an_appointment_that_the_launch_names_is_all_that_such_an_ehr_shows(home: House) -> None:
    shown = home.morning("undeclared", appointment="p-1001-appt")
    assert [visit.name.partition(",")[0] for visit in shown.visits] == ["Okonkwo-Reyes"]


def test_a_day_without_visits_is_empty_only_because_the_ehr_said_so(home: House) -> None:
    far = home.clock().date() + timedelta(days=200)
    shown = home.morning(user="np", place=f"day={far}")
    assert shown.empty, shown.text
    assert not shown.problem


def test_an_ehr_that_gives_nothing_is_no_empty_day(own_home: House) -> None:
    with own_home.fault("ehr", "down:Appointment"):
        shown = own_home.morning(user="np")
    assert not shown.empty, shown.text
    assert not shown.visits


# --- payers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["down", "hang"])
def test_a_dead_payer_is_named_once_at_the_top_and_costs_no_other_row(own_home: House, fault: str) -> None:
    with own_home.fault("northwind", fault):
        shown = own_home.morning(user="np")
    assert len([trouble for trouble in shown.troubles if "Northwind" in trouble]) == 1, shown.text
    assert shown.of("Vance").state == "filled"
    assert any("pneumococcal" in step for step in shown.of("Vance").steps)
    assert not shown.of("Strand").steps
    assert "Without a full answer: Northwind" in shown.of("Strand").text


def test_leaving_and_returning_asks_nobody_twice(own_home: House) -> None:
    session = browser()
    page = own_home.open_morning(session=session, user="np")
    first = morning.watch(session, page.url)
    own_home.forget_calls()
    again = morning.watch(session, page.url)
    assert [visit.text for visit in again.visits] == [visit.text for visit in first.visits]
    assert not any(own_home.calls(payer) for payer in own_home.payers)
    assert not own_home.calls("ehr")
    own_home.morning(user="np")  # another launch has a token of its own for the chart; the payers have answered
    asked = [path for payer in own_home.payers for path in own_home.calls(payer) if "care-gaps" in path]
    assert not asked


def test_a_huddle_that_was_left_goes_on_and_finds_its_answers(own_home: House) -> None:
    session = browser()
    page = own_home.open_morning(session=session, user="np")
    shell = morning.read(session.get(page.url, timeout=30).text)
    morning.fragment(session, urljoin(page.url, shell.next))  # and now the tab is closed
    again = morning.watch(session, page.url)
    assert all(visit.state == "filled" for visit in again.visits)
    for payer in own_home.payers:
        calls = requests.get(f"{own_home.payers[payer]}/_calls", timeout=10).json()["calls"]
        asked = [call for call in calls if "Measure/$care-gaps" in call["path"] and call["method"] == "POST"]
        assert len(asked) <= len(again.visits)
