"""Before the visit: open gaps against the schedule, by member id and birth date, counted once each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import BREAST, HBA1C, NOW, OTHER, TODAY, YEAR, on, steady

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Coverage, Identifier, Name, Patient
from app.core.measures import REGISTRY
from app.core.report import Gap, GapStatus, Measure, Report
from app.core.schedule.ahead import Outreach, labs, month_end, outreach
from app.core.schedule.appointment import Appointment
from app.core.schedule.booked import Booked, births
from app.core.schedule.row import Row

BORN = "1961-03-12"


def gap(measure: Measure = HBA1C, payer: str = "north", **changes: Any) -> Gap:
    fields = {"report_id": "r", "group_id": "g", "status": GapStatus.OPEN, "status_words": "Open", "derived": False}
    dates = {"calculated": TODAY, "data_through": None, "period": YEAR}
    return Gap(payer, measure=measure, **{**fields, **dates, **changes})


def member(number: int, *gaps: Gap, born: str | None = BORN, ids: tuple[str, ...] = (), payer: str = "north",
           **changes: Any) -> Report:  # fmt: skip
    """One member of a payer's list, known there by a member id of their own unless `ids` says otherwise."""
    known_by = tuple(Identifier("urn:member", each, "MB") for each in (ids or (f"W{number:06}",)))
    who = {"names": (Name(family=f"Family{number}", given=("Given",)),), "identifiers": known_by}
    patient = Patient(f"m{number}", birth_date=on(born) if born else None, **{**who, **changes})
    return Report(payer, "care-gaps", f"Patient/m{number}", patient, gaps or (gap(payer=payer),))


def booked(number: int, *, born: str | None = BORN, member_id: str | None = None, day: date = TODAY,
           payers: tuple[str, ...] = ("north",), refused: tuple[str, ...] = (), **changes: Any) -> Booked:  # fmt: skip
    """A patient of the schedule whose coverage carries the member id of the member with the same number."""
    names = (Name(family=f"Family{number}", given=("Given",)),)
    patient = Patient(f"p{number}", **{"names": names, "birth_date": on(born) if born else None, **changes})
    ids = (Identifier("urn:member", member_id or f"W{number:06}", "MB"),)
    coverages = tuple((each, Coverage("Coverage/1", "active", member_ids=ids, relationship="self")) for each in payers)
    visit = Appointment(f"Appointment/{number}", "booked", datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
    return Booked(f"Patient/p{number}", (visit,), patient, coverages, refused)


def count(reports: Any, on_schedule: Any = (), **more: Any) -> Outreach:
    lists = {"north": Known(tuple(reports), "north", NOW), **more}
    return outreach(
        lists, list(on_schedule), REGISTRY, lambda gap, _: gap.measure == OTHER and gap.group_id == "secret"
    )


def numbers(found: Outreach) -> list[tuple[str, int, int, int, int]]:
    return [(c.service, c.open, len(c.booked), len(c.unbooked), len(c.unclear)) for c in found.acts]


def test_open_gaps_are_told_apart_by_whether_their_member_is_booked() -> None:
    found = count([member(1), member(2), member(3)], [booked(2), booked(9)])
    assert numbers(found) == [("HbA1c test", 3, 1, 2, 0)]
    assert [one.booked and one.booked.ref for one in found.acts[0].booked] == ["Patient/p2"]
    assert [one.member_id for one in found.acts[0].unbooked] == ["Patient/m1", "Patient/m3"]


@pytest.mark.parametrize(
    ("of_the_list", "of_the_schedule"),
    [
        ({"born": "1961-03-13"}, {}),  # another birth date
        ({"born": "1961-03"}, {}),  # a month is no birth date
        ({"born": None}, {}),
        ({}, {"born": None}),
        ({}, {"member_id": "X999"}),  # another member id
        ({}, {"payers": ("south",)}),  # a coverage of another payer
        ({}, {"payers": ()}),
        ({"ids": ("W000001-02",)}, {"member_id": "W000001-03"}),  # another dependent of the family
        ({"ids": ("W000001",)}, {"member_id": "W000001-03", "names": (Name(family="Family1", given=("Other",)),)}),
    ],
)
def test_a_member_is_a_patient_only_by_member_id_and_birth_date(of_the_list: Any, of_the_schedule: Any) -> None:
    found = count([member(1, **of_the_list)], [booked(1, **of_the_schedule)])
    assert numbers(found) == [("HbA1c test", 1, 0, 1, 0)]


def test_who_fits_two_patients_is_neither_booked_nor_not() -> None:
    double = booked(1), booked(1)
    twins = [double[0], Booked("Patient/other", double[1].visits, double[1].patient, double[1].coverages)]
    assert numbers(count([member(1)], twins)) == [("HbA1c test", 1, 0, 0, 1)]


def test_a_suffix_of_ones_own_outweighs_the_familys_id() -> None:
    names = (Name(family="Family1", given=("Given",)),)
    own = booked(1, member_id="W000001-02", names=names)
    family = booked(2, member_id="W000001", names=names)
    found = count([member(1, ids=("W000001-02",))], [family, own])
    assert [one.booked and one.booked.ref for one in found.acts[0].booked] == ["Patient/p1"]


def test_one_person_at_two_payers_is_one_line_with_both_names() -> None:
    south = Known((member(1, gap(payer="south"), payer="south"),), "south", NOW)
    found = count([member(1)], [booked(1, payers=("north", "south"))], south=south)
    assert [(one.payers, one.booked is not None) for one in found.acts[0].booked] == [(("north", "south"), True)]
    assert numbers(found) == [("HbA1c test", 1, 1, 0, 0)]


def test_two_payers_members_are_never_one_person_by_themselves() -> None:
    south = Known((member(1, gap(payer="south"), payer="south"),), "south", NOW)
    assert numbers(count([member(1)], [], south=south)) == [("HbA1c test", 2, 0, 2, 0)]


def test_a_payer_without_a_list_is_named_and_is_no_zero() -> None:
    silent = {"south": Unknown("south", Reason.DOWN), "west": Unknown("west", Reason.NOT_ALLOWED, "x"), "east": None}
    found = count([member(1)], [], **silent)
    assert found.uncounted == (("south", Reason.DOWN, ""), ("west", Reason.NOT_ALLOWED, "x"))
    assert found.asking == ("east",)


def test_old_and_partial_lists_are_said() -> None:
    old = Known((), "south", NOW, stale_because=Reason.DOWN)
    partly = Known((), "west", NOW, incomplete=("page 3",))
    found = count([], [], south=old, west=partly)
    assert (found.stale, found.lacking) == (("south",), (("west", "page 3"),))


def test_who_may_be_a_patient_of_whom_too_little_could_be_read_is_on_no_list() -> None:
    """Nobody can say that no restriction of theirs forbids it."""
    unread = replace(booked(1, payers=()), unread=True)
    found = count([member(1), member(2), member(3, born="1970-01-01")], [unread, booked(2)])
    assert [one.member_id for act in found.acts for one in (*act.booked, *act.unbooked)] == ["Patient/m2", "Patient/m3"]
    assert (found.unsettled, found.unread) == (1, 1)


@pytest.mark.parametrize("dead", [{"deceased": True}, {"deceased": on("2026-08-01")}])
def test_the_dead_are_on_no_list_whoever_says_so(dead: Any) -> None:
    assert count([member(1, **dead)]).acts == ()
    found = count([member(1)], [booked(1, **dead)])
    assert (found.acts, found.deceased) == ((), 1)


def test_what_a_restriction_keeps_apart_is_left_out_and_counted() -> None:
    found = count([member(1), member(2)], [booked(1, refused=("north",)), booked(2, refused=("south",))])
    assert (found.restricted, numbers(found)) == (1, [("HbA1c test", 1, 1, 0, 0)])


def test_what_is_sensitive_is_left_out_and_counted() -> None:
    found = count([member(1, gap(OTHER, group_id="secret"), gap(BREAST))])
    assert (found.sensitive, [act.quoted for act in found.acts]) == (1, [False])


def test_only_open_gaps_count() -> None:
    rest = [gap(status=status) for status in GapStatus if status is not GapStatus.OPEN]
    assert count([member(1, *rest)]).acts == ()


def test_a_measure_that_we_do_not_know_stands_in_the_payers_words() -> None:
    found = count([member(1, gap(OTHER))])
    assert [(act.service, act.quoted) for act in found.acts] == [("Home fall-risk walkthrough", True)]


def test_the_most_people_come_first_and_the_booked_by_their_visit() -> None:
    late, early = booked(1, day=date(2026, 11, 27)), booked(2, day=date(2026, 11, 23))
    found = count([member(1), member(2), member(3, gap(BREAST))], [late, early])
    assert [act.open for act in found.acts] == [2, 1]
    assert [one.booked and one.booked.ref for one in found.acts[0].booked] == ["Patient/p2", "Patient/p1"]


def test_whose_coverage_need_not_be_read() -> None:
    lists = [Known((member(1), member(2, born="1970-01")), "north", NOW), None, Unknown("south", Reason.DOWN)]
    assert births(lists) == {date(1961, 3, 12)}


@pytest.mark.parametrize(
    ("today", "last"),
    [(date(2026, 11, 1), 30), (date(2026, 11, 30), 30), (date(2026, 12, 5), 31), (date(2028, 2, 3), 29)],
)
def test_a_month_ends_with_its_last_day(today: date, last: int) -> None:
    assert month_end(today) == today.replace(day=last)


def test_a_laboratory_prepares_by_service_most_visits_first() -> None:
    def row(number: int, *services: str) -> Row:
        return Row(booked(number).visits[0], f"Patient/p{number}", labs=services)

    found = labs([row(1, "HbA1c test"), row(2), row(3, "eGFR", "HbA1c test", "HbA1c test")])
    assert [(each.service, [row.patient_ref for row in each.rows]) for each in found] == [
        ("HbA1c test", ["Patient/p1", "Patient/p3"]),
        ("eGFR", ["Patient/p3"]),
    ]


people = st.lists(st.integers(0, 6), max_size=12)
kinds = st.lists(st.sampled_from([HBA1C, BREAST, OTHER]), max_size=3)
members = st.lists(st.tuples(st.integers(0, 6), kinds), max_size=12, unique_by=lambda each: each[0])


@steady
@given(members, people)
def test_every_open_gap_is_in_exactly_one_place(listed: Any, on_schedule: list[int]) -> None:
    reports = [member(number, *(gap(m) for m in measures)) for number, measures in listed if measures]
    patients = [booked(number, refused=("north",) * (number == 5), deceased=number == 6) for number in set(on_schedule)]
    found = count(reports, patients)
    asked = Counter((r.subject_id, g.measure.url) for r in reports for g in r.gaps)
    assert sum(act.open for act in found.acts) + found.restricted + found.deceased + found.sensitive == len(asked)
    for act in found.acts:
        assert all(one.booked and dict(one.booked.coverages) for one in act.booked)
        assert {one.person for one in act.booked}.isdisjoint(one.person for one in act.unbooked)
        assert len({one.person for one in (*act.booked, *act.unbooked)}) == act.open
        assert [one.booked and int(one.booked.ref[9:]) in on_schedule for one in act.booked] == [True] * len(act.booked)
        assert not {int(one.member_id[9:]) for one in act.unbooked} & set(on_schedule)
