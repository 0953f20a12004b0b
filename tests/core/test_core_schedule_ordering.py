"""Filters, order and search of a day: codes of ours in the URL, and nothing of a patient."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Concept, Identifier
from app.core.schedule.appointment import Mode
from app.core.schedule.ordering import EVERYTHING, Kind, Sort, Wanted, acts, arranged, query, to_do, wanted
from app.core.schedule.row import Counts, Mark, MarkKind, Owner, Row, Step
from tests.core.made import few
from tests.core.scheduled import appointment, person

HBA1C = Step("glycaemic-status", "order-hba1c", "HbA1c test", Owner.CLINICIAN, payers=("northwind",))
FLU = Step("influenza-immunization", "offer-influenza-vaccine", "Influenza vaccine", Owner.MEDICAL_ASSISTANT)


def row(family: str, minute: int = 0, **other: Any) -> Row:
    visit = other.pop("visit", {})
    mrn = Identifier("urn:mrn", f"RB-{minute:04}", "MR")
    booked = replace(appointment(), ref=f"Appointment/{family}", start=appointment().start + timedelta(minutes=minute))
    patient = person(family, identifiers=(mrn,))
    return Row(replace(booked, **visit), f"Patient/{family}", patient, **other)


DAY = (
    row("Ōtsuka", 0, steps=(HBA1C,), counts=Counts(today=1)),
    row("Brandt", 20, more_steps=(FLU,), counts=Counts(next_visit=1, prompts=3), visit={"mode": Mode.VIDEO}),
    row("Okafor", 40, marks=(Mark(MarkKind.DISCHARGED, "4", "Encounter/1"),), silent=("lakeside",)),
    row("haddad", 60, counts=Counts(staff=1, ordered=2), visit={"reason": "Knee pain", "kind": Concept(text="Acute")}),
)


def names(found: tuple[Row, ...]) -> list[str]:
    return [each.patient_ref.removeprefix("Patient/") for each in found]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Ōtsuka", "Brandt", "Okafor", "haddad"]),
        ("owner=clinician", ["Ōtsuka"]),
        ("owner=clinician&owner=medical-assistant", ["Ōtsuka", "Brandt"]),
        ("owner=clinician&mode=video", []),
        ("kind=today", ["Ōtsuka"]),
        ("kind=next-visit", ["Brandt"]),
        ("kind=ordered", ["haddad"]),
        ("kind=prompts", ["Brandt"]),
        ("mode=video", ["Brandt"]),
        ("mark=discharged", ["Okafor"]),
        ("payer=northwind", ["Ōtsuka"]),
        ("payer=lakeside", ["Okafor"]),
        ("act=influenza-immunization", ["Brandt"]),
        ("steps=1", ["Ōtsuka", "Brandt"]),
        ("sort=most", ["Brandt", "Ōtsuka", "haddad", "Okafor"]),
        ("sort=name", ["Brandt", "haddad", "Okafor", "Ōtsuka"]),
        # what is not known is ignored
        ("owner=cleaner&sort=age&steps=yes&payer=unknown&act=measure/x", ["Ōtsuka", "Brandt", "Okafor", "haddad"]),
        ("owner=cleaner&owner=clinician", ["Ōtsuka"]),
    ],
)  # fmt: skip
def test_what_a_query_finds(asked: str, found: list[str]) -> None:
    pairs = [(name, value) for name, _, value in (each.partition("=") for each in asked.split("&") if each)]
    assert names(arranged(DAY, wanted(pairs, ("northwind", "lakeside")))) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OTSUKA", ["Ōtsuka"]),
        ("rb-0020", ["Brandt"]),
        ("knee", ["haddad"]),
        ("acute", ["haddad"]),
        ("hba1c", ["Ōtsuka"]),
        ("vaccine bran", ["Brandt"]),
        ("vaccine okafor", []),
        ("  ", ["Ōtsuka", "Brandt", "Okafor", "haddad"]),
    ],
)
def test_what_somebody_typed_is_looked_for_in_the_words_of_a_row(text: str, found: list[str]) -> None:
    assert names(arranged(DAY, text=text)) == found


FILTERS = st.builds(
    Wanted,
    owner=st.lists(st.sampled_from(list(Owner)), unique=True).map(tuple),
    kind=st.lists(st.sampled_from(list(Kind)), unique=True).map(tuple),
    mode=st.lists(st.sampled_from(list(Mode)), unique=True).map(tuple),
    mark=st.lists(st.sampled_from(list(MarkKind)), unique=True).map(tuple),
    payer=st.lists(st.sampled_from(["northwind", "lakeside"]), unique=True).map(tuple),
    act=st.lists(st.sampled_from(list(acts())), unique=True).map(tuple),
    steps=st.booleans(),
    sort=st.sampled_from(list(Sort)),
)


@given(FILTERS)
@few
def test_a_query_says_what_is_wanted_and_nothing_else(asked: Wanted) -> None:
    assert wanted(query(asked), ("northwind", "lakeside")) == asked
    assert query(EVERYTHING) == ()
    assert asked.filters is any(name != "sort" for name, _ in query(asked))


@given(FILTERS)
@few
def test_no_row_is_made_or_doubled(asked: Wanted) -> None:
    found = names(arranged(DAY, asked))
    assert len(set(found)) == len(found)
    assert set(found) <= set(names(DAY))
    if not asked.filters:
        assert len(found) == len(DAY)


@given(st.permutations(DAY), st.sampled_from(list(Sort)))
@few
def test_the_order_does_not_depend_on_which_row_came_first(rows: list[Row], sort: Sort) -> None:
    assert arranged(rows, Wanted(sort=sort)) == arranged(DAY, Wanted(sort=sort))


def test_what_is_ordered_is_nothing_to_do() -> None:
    assert [to_do(each) for each in DAY] == [1, 3, 0, 1]


def test_who_was_not_read_yet_stands_last_by_name() -> None:
    unread = Row(replace(appointment(), ref="Appointment/z"), "Patient/z")
    assert arranged((unread, *DAY), Wanted(sort=Sort.NAME))[-1] is unread
