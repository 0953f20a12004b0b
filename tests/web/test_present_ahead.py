"""Before and after the visits: every number opens exactly its list, and what is in no number is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from drawing import SHELL, Reader, draw
from handmade import IDS, NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from outlook import FALLS, HBA1C, HBA1C_TEST, booked, horizon, listed, usual, view
from printed import ABOUT, STEPS, day, person, row

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Name
from app.core.schedule.ahead import labs
from app.core.schedule.row import Counts
from app.core.schedule.rows import printable
from app.core.schedule.tick import Tick, Ticked
from app.web.present import ahead as words
from app.web.present import calls

LINKS = {name: f"/l/abc/huddle/{name}" for name in ("ahead", "huddle", "missed", "tick", "untick")}


def drawn(template: str, seen: Any) -> str:
    return draw(template, shell=SHELL, links=LINKS, view=seen, handle="abc")


def said(template: str, seen: Any) -> str:
    return Reader(drawn(template, seen)).text


# --- the numbers ----------------------------------------------------------------------------------------------------


def test_of_the_open_gaps_so_many_are_booked_and_so_many_are_not() -> None:
    first = view(usual()).acts[0]
    assert (first.service, first.open.number) == (HBA1C_TEST, 10)
    assert [(part.number, part.words) for part in first.parts] == [(4, "booked this month"), (6, "not booked")]
    assert "10 open : 4 booked this month , 6 not booked" in said("ahead/page.html", view(usual()))


who_is_listed = st.lists(st.integers(0, 8), max_size=9, unique=True)


@settings(deadline=None, max_examples=60)
@given(who_is_listed, who_is_listed, st.booleans())
def test_every_number_opens_exactly_its_list(on_list: list[int], on_schedule: list[int], falls: bool) -> None:
    reports = [listed(number, HBA1C, *([FALLS] if falls and number % 2 else [])) for number in on_list]
    twin = [replace(booked(number), ref="Patient/twin") for number in on_schedule if number == 7]
    found = horizon(reports, [*(booked(number) for number in on_schedule), *twin])
    acts = {IDS.act(count.act): count for count in found.outreach.acts} if found.outreach else {}
    for act in view(found).acts:
        assert act.open.number == sum(part.number for part in act.parts)
        for number in (act.open, *act.parts):
            if not number.number:
                assert number.url == ""
                continue
            asked = parse_qs(urlsplit(number.url).query)
            opened = words.people(acts[asked["act"][0]], asked["booked"][0], ABOUT, complete=True)
            assert len(opened.people) == number.number
            assert Reader(drawn("ahead/people.html", opened)).values("data-person") == [""] * number.number


def test_addresses_hold_no_person_and_no_words_of_a_payer() -> None:
    urls = " ".join(part.url for act in view(usual()).acts for part in (act.open, *act.parts))
    assert "falls" not in urls.casefold()
    assert not any(name.split(",")[0] in urls for name in ("Okafor", "W0000", "Patient"))


def test_this_month_is_said_with_both_its_ends() -> None:
    assert view(usual()).month == "This month means visits from today, 22 Nov 2026, to 30 Nov 2026."


def test_half_an_answer_is_no_number() -> None:
    seen = view(replace(usual(), complete=False))
    assert (seen.acts, seen.none) == ((), "")
    assert seen.waiting
    assert Reader(drawn("ahead/page.html", seen)).having("hx-get")
    assert not Reader(drawn("ahead/page.html", view(usual()))).having("hx-get")


@pytest.mark.parametrize(
    ("lists", "note"),
    [
        ({"harbor": Unknown("harbor", Reason.CANNOT_LIST)}, "Not counted: Harbor Health cannot list its open gaps."),
        ({"harbor": Unknown("harbor", Reason.DOWN)}, "Not counted: Harbor Health is not available now."),
        ({"harbor": Unknown("harbor", Reason.NOT_ALLOWED, "no organization")}, "its open gaps: no organization."),
        ({"harbor": Known((), "harbor", NOW, incomplete=("2 not read",))}, "is not exact: 2 not read."),
        ({"harbor": Known((), "harbor", NOW, stale_because=Reason.DOWN)}, "its earlier list is counted."),
    ],
)
def test_what_a_payer_cannot_list_is_named_and_no_zero(lists: Any, note: str) -> None:
    seen = view(horizon([], [], lists=lists))
    assert any(note in each for each in seen.notes), seen.notes
    assert "No payer lists an open gap" not in seen.none or "stale" in str(lists)


def test_every_reason_of_a_source_has_words_of_its_own_or_the_common_ones() -> None:
    for reason in Reason:
        (note,) = view(horizon([], [], lists={"harbor": Unknown("harbor", reason)})).notes
        assert note.startswith("Not counted: Harbor Health ")
        assert "Not counted" in note


def test_no_open_gap_is_said_only_where_all_have_answered() -> None:
    assert view(horizon([], [])).none == "No payer lists an open gap for this provider."
    down = {"harbor": Unknown("harbor", Reason.DOWN)}
    assert view(horizon([], [], lists=down)).none == "No open gap was listed by the payers that could answer."
    assert view(horizon([listed(1, HBA1C)], [])).none == ""


def test_who_was_left_out_is_counted() -> None:
    restricted = booked(1, refused=("northwind",))
    seen = view(
        horizon([listed(1, HBA1C), listed(2, FALLS)], [restricted], sensitive=lambda gap, _: gap.measure == FALLS)
    )
    assert any("1 gap is left out: restriction on disclosure." in note for note in seen.notes)
    assert any("1 gap is left out: confidential" in note for note in seen.notes)


def test_a_schedule_that_could_not_be_read_is_no_empty_week() -> None:
    seen = view(replace(usual(), schedule=Unknown("main", Reason.CANNOT_LIST), visits={}, outreach=None))
    assert "These are not empty days" in said("ahead/page.html", seen)
    assert "Without a schedule nobody can be looked for" in seen.none


# --- the lists ------------------------------------------------------------------------------------------------------


def test_who_is_booked_stands_with_our_identifiers_and_who_is_not_with_the_payers() -> None:
    found = usual()
    assert found.outreach
    count = found.outreach.acts[0]
    ours = words.people(count, words.BOOKED, ABOUT, complete=True)
    theirs = words.people(count, words.UNBOOKED, ABOUT, complete=True)
    assert ours.people[0].identifiers == ("born 2 Feb 1951, 75 years", "record 00418801")
    assert ours.people[0].visit == "Monday 23 Nov 2026, 08:20"
    assert theirs.people[0].identifiers[1].startswith("member W0000")
    assert theirs.people[0].said == ("Northwind Health Plan: open, calculated on 14 Nov 2026",)
    assert (ours.notes, theirs.notes) == ((), (words.PAYERS_WORD,))


def test_a_list_that_is_gone_says_so_and_shows_nobody() -> None:
    gone = words.people(None, words.BOOKED, ABOUT, complete=True)
    assert "have changed" in said("ahead/people.html", gone)
    found = usual()
    assert found.outreach
    assert words.people(found.outreach.acts[0], "everybody", ABOUT, complete=True).people == ()


def test_nobody_is_listed_before_all_has_answered() -> None:
    """Whom a restriction keeps off a list may be what is still out."""
    found = usual()
    assert found.outreach
    early = words.people(found.outreach.acts[0], words.UNBOOKED, ABOUT, complete=False)
    assert (early.people, early.title) == ((), "This list is not ready yet")


def test_lists_say_when_their_paper_is_destroyed() -> None:
    found = usual()
    assert found.outreach
    text = said("ahead/people.html", words.people(found.outreach.acts[0], words.ALL, ABOUT, complete=True))
    assert "Destroy by the end of Sunday 22 Nov 2026" in text


def test_script_like_names_come_out_as_text() -> None:
    evil = (Name("official", "<script>alert(1)</script>", ("{{7*7}}",)),)
    report = listed(1, HBA1C)
    assert report.subject
    found = horizon([replace(report, subject=replace(report.subject, names=evil))], [])
    assert found.outreach
    html = drawn("ahead/people.html", words.people(found.outreach.acts[0], words.ALL, ABOUT, complete=True))
    assert "<script>alert" not in html


# --- the laboratory -------------------------------------------------------------------------------------------------


def test_a_laboratory_sees_who_needs_what_drawn_and_when() -> None:
    rows = tuple(row(number, labs=("HbA1c test",) if number else ()) for number in range(3))
    seen = calls.laboratory(day(rows), labs(rows), ABOUT, left_out=1, next_url="/next")
    assert [lab.title for lab in seen.labs] == ["HbA1c test: 2 patients"]
    assert [person.visit for person in seen.labs[0].people] == ["08:20", "08:40"]
    assert seen.notes == ("1 visit is left out: restriction on disclosure.",)
    assert seen.next_url == ""


@pytest.mark.parametrize(
    ("changes", "none"),
    [
        ({}, "Nothing for a laboratory to prepare is known."),
        ({"rows": ()}, "No visits booked."),
        ({"rows": (), "schedule": Unknown("main", Reason.DOWN)}, "This is not an empty day."),
    ],
)
def test_nothing_to_prepare_is_said_as_what_it_is(changes: Any, none: str) -> None:
    seen = calls.laboratory(replace(day((row(0),)), **changes), (), ABOUT, left_out=0, next_url="/next")
    assert none in seen.none


def test_a_day_that_fills_asks_on_and_says_how_much_is_out() -> None:
    found = day((row(0, complete=False), row(1)), complete=False)
    seen = calls.laboratory(found, (), ABOUT, left_out=0, next_url="/next")
    assert seen.waiting == "1 visit is still being filled…"
    assert Reader(drawn("ahead/laboratory.html", seen)).values("hx-get") == ["/next"]


# --- who did not come -----------------------------------------------------------------------------------------------


def missed(*rows: Any, **changes: Any) -> Any:
    more = {"restricted": 0, "deceased": 0, "may_tick": True, **changes.pop("more", {})}
    return calls.missed(day((), missed=rows, **changes), [printable(each) for each in rows], ABOUT, IDS, **more)


def test_who_did_not_come_stands_with_telephone_and_what_was_to_be_done() -> None:
    (call,) = missed(row(1)).calls
    assert call.identifiers == ("born 2 Feb 1951, 75 years", "record 00418801")
    assert call.phone == "+1 555 0101"
    assert call.todo[0] == "Order an HbA1c test, due 14 Sep 2026, 10 weeks ago"
    assert missed(row(1, patient=person(1, phone=""))).calls[0].phone == "no telephone on file"


def test_no_prompt_and_nothing_sensitive_is_on_the_call_list() -> None:
    secret = replace(STEPS[0], key="hiv", act="", service="HIV test", sensitive=True)
    seen = missed(row(1, steps=(secret, STEPS[1]), counts=Counts(today=2, prompts=2, sensitive=1)))
    text = said("ahead/missed.html", seen)
    assert "HIV" not in text
    assert "3 items are on the screen of the patient only." in text


def test_who_was_called_is_said_and_can_be_taken_back() -> None:
    tick = Tick("Appointment/a1", "Patient/p1", "", Ticked.CALLED, "Jo Rivera", NOW)
    first, second = missed(row(1), row(2), ticks=(tick, replace(tick, what=Ticked.PREPPED, patient="Patient/p2"))).calls
    assert (first.called, first.button) == ("Called, 09:41, Jo Rivera", "Take back")
    assert (second.called, second.button) == ("", "Mark as called")
    html = Reader(drawn("ahead/missed.html", missed(row(1), ticks=(tick,))))
    assert [each["action"] for each in html.having("action")] == [LINKS["untick"]]
    assert "Patient/p1" not in " ".join(html.values("value"))


def test_a_role_that_may_not_mark_has_no_button() -> None:
    html = Reader(drawn("ahead/missed.html", missed(row(1), more={"may_tick": False})))
    assert not html.having("action")


def test_who_is_still_being_looked_up_is_counted_and_is_not_nobody() -> None:
    seen = missed(more={"out": 2})
    assert seen.notes == ("2 patients are still being looked up: open this page again in a moment.",)
    assert seen.none == ""


def test_who_is_left_out_is_counted_and_nobody_is_said_as_what_it_is() -> None:
    seen = missed(more={"restricted": 1, "deceased": 2})
    assert seen.notes == (
        "1 patient is left out: restriction on disclosure.",
        "2 patients are left out: recorded as deceased.",
    )
    assert "lists no no-show" in seen.none
    assert "is not known" in missed(schedule=Unknown("main", Reason.DOWN)).none
