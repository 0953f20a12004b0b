"""The words of the schedule: each sentence of a row, of a day without rows, and of who does not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from handmade import IDS, NOW, TODAY, days
from hypothesis import given, settings
from hypothesis import strategies as st
from mornings import (
    A1C,
    ANSWERED,
    CHECK,
    EYE,
    FLU,
    MARKS,
    PRESSURE,
    PROTOCOL,
    QUOTED,
    RECORD,
    SCOTT,
    TICKS,
    about,
    blank,
    day,
    down,
    morning,
    row,
    step,
    tools,
    view,
    visit,
)

from app.core.answers import Known, Reason
from app.core.flag import State
from app.core.ledger.dismissal import Back
from app.core.measures import REGISTRY
from app.core.schedule.acts import ACTS
from app.core.schedule.appointment import DayAsk, Mode, Schedule
from app.core.schedule.ordering import Kind, Sort, Wanted
from app.core.schedule.row import Counts, Covering, Mark, MarkKind, Owner, Row, Standing, Step
from app.core.schedule.tick import Ticked
from app.huddle import Progress
from app.web.present import huddle
from app.web.present.huddle import words
from app.web.present.huddle.marks import mark_short, mark_words
from app.web.present.huddle.place import placed
from app.web.present.huddle.steps import standing_words, step_words
from app.web.present.huddle.visit import counts_words
from app.web.present.views import VisitView
from app.web.present.words import ACTS as PANEL_ACTS


def one(of: Row, **changes: object) -> VisitView:
    return view(day([of], **changes)).rows[0]


def notes(of: Row) -> str:
    return " | ".join(note.words for note in one(of).notes)


# --- tables ---------------------------------------------------------------------------------------------------------


def test_no_table_lacks_a_word() -> None:
    assert set(words.OWNERS) == set(Owner)
    assert set(words.MODES) == set(words.MODE_CHOICES) == set(Mode)
    assert set(words.TICKED) == set(Ticked)
    assert set(words.KINDS) == set(Kind)
    assert set(words.MARKS) == set(MarkKind)
    assert set(words.SORTS) == set(Sort)
    assert set(words.BACK) == set(Back) - {Back.NOTHING, Back.HELD}  # a released report says nothing of its answers


@pytest.mark.parametrize("act", ACTS)
def test_every_act_of_the_schedule_has_words(act: str) -> None:
    assert act in words.ACTS or act in words.ABOUT or act in PANEL_ACTS, act
    said = step_words(step("Some service", act))
    assert said
    assert act not in said


# --- a step ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (A1C, "Order an HbA1c test"),
        (PRESSURE, "Blood pressure control: repeat it, or review the treatment"),
        (RECORD, "Request the record: Colorectal cancer screening"),
        (QUOTED, "Check the chart: “Plan measure 17, in its words”"),
        (CHECK, "Check the appointment"),
        (step("Foot exam", "unheard-of", state=State.DO_TODAY), "Foot exam: do or order it today"),
        (replace(QUOTED, service="Earn a $50 bonus"), "Check the chart: “measure”"),
    ],
)
def test_a_step_says_what_to_do(made: Step, said: str) -> None:
    assert step_words(made) == said


@pytest.mark.parametrize(
    ("covering", "said"),
    [
        (Covering(Standing.ELIGIBLE, PROTOCOL), f"Standing order: {PROTOCOL}. Its contraindications were looked for"),
        (Covering(Standing.NO_PROTOCOL), "No standing order covers it"),
        (Covering(Standing.EXPIRED, PROTOCOL, "2026-11-01"), "expired: Adult vaccines 3, M. Ellison MD, on 1 Nov 2026"),
        (Covering(Standing.CONTRAINDICATED, PROTOCOL, "egg allergy"), "this chart has egg allergy"),
        (Covering(Standing.NOT_READ, PROTOCOL, "egg allergy"), "egg allergy could not be looked for"),
    ],
)
def test_a_standing_order_names_its_protocol_or_why_not(covering: Covering, said: str) -> None:
    made = replace(FLU, covering=covering)
    assert said in standing_words(made)
    assert (one(row(steps=(made,))).steps[0].note == "standing order") is (covering.standing is Standing.ELIGIBLE)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"back": Back.CONFLICT}, "a plan contradicts what was answered"),
        ({"back": Back.LATE}, "sent, not confirmed by the plan"),
        ({"back": Back.OVERDUE, "promise": "result"}, "overdue"),
    ],
)
def test_a_step_that_somebody_has_answered_says_why_it_is_one(changes: dict[str, object], note: str) -> None:
    made = replace(A1C, due=TODAY - timedelta(days=3), **changes)  # type: ignore[arg-type] # by name
    [found] = one(row(steps=(made,))).steps
    assert found.note == note
    assert found.lines[0].endswith("It was to have come by then.") is bool(made.promise)


def test_what_is_answered_is_counted_last() -> None:
    assert counts_words(row(counts=Counts(today=2, answered=1))) == "2 to do, 1 answered already"


def test_what_is_marked_says_by_whom_and_when_and_can_be_taken_back() -> None:
    found = one(row(), ticks=TICKS)
    assert found.tick is not None
    assert (found.tick.on, found.tick.said) == (True, "09:29, Mara Ellison")
    assert found.tick.url.startswith("/l/abc/huddle/untick?")
    ordered = next(each for each in found.steps[0].ticks if each.what == "ordered")
    assert (ordered.on, ordered.said, ordered.asks_order) == (True, "LAB-4711, 09:32, Mara Ellison", False)
    assert found.steps[0].mark.word == "Done"
    assert found.steps[0].note == "ordered LAB-4711"


def test_only_what_makes_sense_can_be_marked() -> None:
    found = one(row(steps=(A1C, FLU, RECORD)))
    assert [[tick.what for tick in each.ticks] for each in found.steps] == [
        ["prepped", "ordered"],
        ["prepped"],
        ["told-front-desk"],
    ]
    dead = one(morning()[4])
    assert dead.tick is None
    assert [tick.what for each in dead.steps for tick in each.ticks] == ["told-front-desk"]


EVERYTHING = "2 to do, 1 next in-person visit, 1 ordered, 3 for staff, 1 cannot tell, 2 conditions to assess"


# --- a row ----------------------------------------------------------------------------------------------------------


def test_a_row_says_who_comes_when_and_why_with_two_identifiers() -> None:
    found = one(row(0))
    assert (found.time, found.name and found.name.words) == ("08:00", "Lindqvist, Marguerite")
    assert found.ids == ("born 2 Jan 1950, 76 years", "record RB-100000")
    assert found.visit == ("Office visit",)
    assert found.reason == "Diabetes and blood pressure"


def test_who_is_not_read_yet_is_not_named_and_cannot_be_opened() -> None:
    found = one(replace(blank(0), patient=None))
    assert (found.name, found.ids, found.can_open) == (None, (), False)


def test_who_could_not_be_read_is_said_once_nothing_is_asked_any_more() -> None:
    nobody = replace(row(), patient=None)
    assert one(replace(nobody, complete=False)).unnamed == "Reading the patient…"
    assert one(nobody).unnamed.startswith("Name, birth date and record number not read")


def test_a_visit_says_how_it_is_and_what_is_unusual() -> None:
    odd = visit(0, mode=Mode.PHONE, status="checked-in", walk_in=True)
    assert one(row(0, odd, group=3, double_booked=True)).visit == (
        "Office visit", "Phone", "Checked in", "Walk-in", "Group of 3", "Double-booked"
    )  # fmt: skip
    places = view(day([row(0), row(1, visit(1, location_names=("Annex",)))]))
    assert [each.visit[-1] for each in places.rows] == ["Room 3", "Annex"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"similar": True}, "Similar name today: check both identifiers"),
        ({"interpreter": True, "language": "Somali"}, "Interpreter: Somali"),
        ({"interpreter": True}, "Interpreter"),
        ({"language": "Somali"}, "Speaks: Somali"),
        ({"new_patient": True}, "New patient"),
        ({"first_here": True}, "No earlier visit here on file"),
        ({"orders_pending": 1}, "1 order pending"),
        ({"results_since": 2}, "2 results since the last visit"),
    ],
)
def test_what_must_be_known_before_a_visit_is_said(changes: dict[str, object], said: str) -> None:
    assert notes(replace(row(), **changes)) == said  # type: ignore[arg-type] # by name


def test_every_mark_has_a_number_and_a_source() -> None:
    assert [mark_short(mark) for mark in MARKS] == [
        "High risk 78 % (risk assessment)",
        "Discharged 12 days ago, Elmsworth General Hospital (visits on file)",
        "5 emergency visits in a year (visits on file)",
        "No visit for 14 months (visits on file)",
    ]
    lines = " ".join(one(row(marks=MARKS)).lines)
    assert "Discharged on 10 Nov, Elmsworth General Hospital, day 30 is 10 Dec (visits on file)." in lines
    assert "High risk: 78 %, Risk of admission, 23 Oct (risk assessment)." in lines
    assert "5 emergency visits in a year, the last on 2 Nov (visits on file)." in lines


def test_who_has_not_been_seen_since_visits_are_read_has_a_number_and_no_last_visit() -> None:
    found = Mark(MarkKind.OVERDUE_VISIT, "24+", "Observation/1", "Glucose", days(-900))
    assert mark_short(found) == "No visit for 24+ months (result)"
    assert mark_words(found, TODAY) == mark_short(found)


@pytest.mark.parametrize("state", [State.DONE_HERE, State.DONE_ELSEWHERE])
def test_a_step_is_checked_only_once_somebody_has_done_it(state: State) -> None:
    left = step("glycaemic-status", act="send-evidence", state=state)
    assert one(row(steps=(left,))).steps[0].mark.shape != "check"


def test_the_dead_and_those_in_hospice_are_asked_nothing() -> None:
    dead, hospice = one(morning()[4]), one(morning()[5])
    assert [each.words for each in dead.notes] == ["Deceased, 13 Nov 2026, 9 days ago. Nothing is suggested."]
    assert [each.words for each in dead.steps] == ["Check the appointment"]
    assert [each.words for each in hospice.notes] == ["Hospice, 13 Oct 2026, 6 weeks ago. Nothing is suggested."]
    assert (hospice.steps, hospice.counts) == ((), "4 measures do not apply")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"counts": Counts(2, 1, 1, 3, 1, 2)}, EVERYTHING),
        ({"counts": Counts()}, "Nothing to do"),
        ({"counts": Counts(), "complete": False}, "Asking…"),
        ({"counts": Counts(today=1), "complete": False}, "1 to do so far"),
        ({"counts": Counts(prompts=1)}, "1 condition to assess"),
        ({"counts": Counts(), "silent": ("lakeside",)}, "Nothing found in what is known"),
        ({"counts": Counts(), "silent": ("no-payer",)}, "Nothing found in what is known"),
        ({"counts": Counts(), "restricted": ("lakeside",)}, "Nothing found in what is known"),
        ({"counts": Counts(), "unconnected": ("Harbor",)}, "Nothing found in what is known"),
        ({"counts": Counts(), "unread": ("Observation",)}, "Nothing found in what is known"),
        ({"counts": Counts(today=1), "unread": ("Observation",)}, "1 to do; not everything is known"),
    ],
)  # fmt: skip
def test_nothing_is_called_nothing_before_everything_is_known(changes: dict[str, object], said: str) -> None:
    assert counts_words(replace(row(), **changes)) == said  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"silent": ("lakeside",)}, "Without a full answer: Lakeside Community Health."),
        ({"silent": ("no-payer",)}, "No payer on file"),
        ({"restricted": ("northwind",)}, "Not asked, restriction on disclosure: Northwind Health Plan."),
        ({"unconnected": ("Harbor Mutual",)}, "On file and not connected: Harbor Mutual."),
        ({"unread": ("Observation", "Encounter")}, "Not read: results and visits."),
        ({"orders_overdue": 2}, "2 orders wait longer"),
    ],
)
def test_what_is_not_known_is_named_one_tap_away(changes: dict[str, object], said: str) -> None:
    assert said in " ".join(one(replace(row(), **changes)).lines)  # type: ignore[arg-type] # by name


def test_where_a_panel_cannot_be_opened_it_is_said_how() -> None:
    closed = replace(about(), links=replace(about().links, open="", tick="", untick=""))
    found = huddle.day_view(day(), closed)
    assert not any(each.can_open for each in found.rows)
    assert not any(each.tick for each in found.rows)
    assert found.how.startswith("To see a patient's panel, open the chart in Sandbox EHR")


# --- a day ----------------------------------------------------------------------------------------------------------


def test_an_empty_day_is_said_only_by_a_schedule_that_has_answered_in_full() -> None:
    assert view(day(())).empty == "No visits booked."
    assert view(day((), schedule=None, complete=False)).empty == ""
    assert view(day((), schedule=Known(Schedule(()), "ehr", NOW, ("Appointment: page 2",)))).empty == ""
    for reason in Reason:
        found = view(down(reason))
        assert found.empty == ""
        assert found.problem
        assert found.advice
        assert "{" not in found.problem + found.advice


def test_an_ehr_that_cannot_list_is_shown_as_that() -> None:
    found = view(down(Reason.CANNOT_LIST))
    assert found.problem == "Sandbox EHR cannot list a schedule for Chartside. This is not an empty day."
    assert found.summary == ""


def test_nothing_of_a_day_that_is_not_open_to_the_user_is_drawn() -> None:
    found = view(day(ask=DayAsk.of("Practitioner/other", TODAY), missed=(row(12),), ticks=TICKS))
    assert (found.rows, found.missed, found.summary, found.progress.meters) == ((), (), "", ())
    assert found.problem == "This provider's schedule is not open to you."
    assert [each.words for each in found.providers] == ["Dr. Ines Valderrama", "Dr. Amos Scott"]
    assert view(day((), ask=DayAsk.of("", TODAY), providers=())).problem == "Whose schedule to show is not known."


def test_a_snapshot_says_from_when_it_is_and_who_is_silent() -> None:
    found = view(day(snapshot=NOW - timedelta(hours=2), progress=(Progress("ehr", 1, 1, Reason.DOWN),)))
    assert found.snapshot.startswith("As of 07:41. Sandbox EHR does not answer now.")
    older = view(day(snapshot=NOW - timedelta(days=1)))
    assert older.snapshot.startswith("As of 21 Nov 2026, 09:41.")


def test_a_dead_payer_is_named_once_for_the_whole_day() -> None:
    rows = [replace(each, silent=("lakeside",)) for each in morning()]
    found = view(day(rows, progress=(*ANSWERED[:2], Progress("lakeside", 12, 12, Reason.SLOW))))
    (trouble,) = found.troubles
    assert trouble.words == "Lakeside Community Health did not answer in time."
    assert trouble.retry_key == "lakeside"


def test_a_schedule_that_is_not_whole_is_said() -> None:
    found = view(day(schedule=Known(Schedule(()), "ehr", NOW, ("Appointment: page 2",))))
    assert found.troubles[0].words == ("The schedule of Sandbox EHR is not whole. Not read: appointments (page 2).")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda two: (max(two), min(two))),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_the_progress_is_true_whatever_is_asked(numbers: list[tuple[int, int]], complete: bool) -> None:
    sources = tuple(Progress(f"payer-{n}", asked, answered) for n, (asked, answered) in enumerate(numbers))
    found = view(day(progress=sources, complete=complete)).progress
    assert (found.asked, found.answered) == (sum(a for a, _ in numbers), sum(b for _, b in numbers))
    assert [(each.answered, each.words) for each in found.meters] == [
        (b, f"{b} of {a} answered" if a else "nothing asked") for a, b in numbers
    ]
    if not complete and found.asked > found.answered:
        assert f"{found.answered} of {found.asked} answered" in found.line


def test_a_screen_reader_hears_of_a_filling_day_five_times_at_most() -> None:
    heard = [view(day(progress=(Progress("ehr", 160, n),), complete=n == 160)).progress.heard for n in range(161)]
    assert len(set(heard)) <= 5
    assert heard[-1] == "All answers are in."
    assert sum(a != b for a, b in pairwise(heard)) <= 4


def test_filters_and_search_leave_rows_out_and_say_so() -> None:
    found = view(day(), wanted=Wanted(owner=(Owner.FRONT_DESK,)))
    assert found.summary == "3 of 12 visits"
    assert len(found.rows) == 3
    searched = view(day(), find="lindqvist")
    assert [each.name and each.name.words for each in searched.rows] == ["Lindqvist, Marguerite"]
    assert view(day(), find="nobody of that name").empty == "No visit matches."


def test_the_tools_say_which_filters_are_on_and_where_each_leads() -> None:
    found = tools(Wanted(owner=(Owner.CLINICIAN,), steps=True), "knee")
    assert found.filtered == "Only: clinician, with something to do and “knee”"
    assert found.clear_url
    assert [each.words for each in found.days][:3] == ["Yesterday", "Today", "Tomorrow"]
    assert len(found.days) == 9
    assert [each.here for each in found.days].index(True) == 1
    assert tools().filtered == ""
    assert tools(on=days(40)).title == "Friday 1 Jan 2027"
    assert REGISTRY.rules


def test_rules_that_nobody_has_reviewed_are_counted() -> None:
    named = replace(row(), steps=(replace(A1C, key="glycemic"), replace(EYE, key="eye-exam/follow-up")))
    found = huddle.day_view(day([named]), replace(about(), unreviewed=frozenset({"glycemic", "eye-exam", "flu"})))
    assert found.unreviewed == "2 rules of ours used here are not yet reviewed by a clinician."
    assert view(day([named])).unreviewed == ""


def test_a_provider_is_called_as_the_practice_calls_them_else_as_the_schedule_does() -> None:
    assert view(day()).provider == "Dr. Ines Valderrama"
    unnamed = tuple(replace(each, name="") for each in day().providers)
    assert view(day(providers=unnamed)).provider == "Dr. Ines Valderrama"
    assert view(day((), ask=DayAsk.of(SCOTT, TODAY), providers=unnamed)).provider == "Provider not stated"


# --- a drawn row stays ------------------------------------------------------------------------------------------------

IDS_OF_ROWS = st.lists(st.from_regex(r"v[0-9a-f]{10}", fullmatch=True), unique=True, max_size=12)


@settings(deadline=None)
@given(IDS_OF_ROWS, IDS_OF_ROWS)
def test_what_is_drawn_stays_in_its_place(drawn: list[str], now: list[str]) -> None:
    found = placed(now, now, huddle.Shown.parse("1", ".".join(drawn)))
    if drawn:
        assert list(found.ids) == drawn
        assert set(found.added) == set(now) - set(drawn)
        assert found.gone == set(drawn) - set(now)
    else:
        assert list(found.ids) == now


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_an_address_that_was_tampered_with_draws_nothing_else(turn: str, ids: str, room: str) -> None:
    shown = huddle.Shown.parse(turn, ids, room)
    assert 0 <= shown.turn < 10**6
    assert all(len(each) == 11 and each.isalnum() for each in shown.ids)


def test_a_visit_added_later_is_announced_and_one_that_is_gone_leaves_its_place() -> None:
    first = view(day([row(0), row(2)]))
    shown = huddle.Shown(1, tuple(each.id for each in first.rows))
    later = view(day([row(0), row(1, visit(1, walk_in=True)), row(2)]), shown)
    assert [each.id for each in later.rows] == list(shown.ids)
    assert later.added == "1 visit was added"
    after = view(day([row(2)]), shown)
    assert [each.gone for each in after.rows] == ["No longer on the schedule.", ""]
    assert after.added == "Show the schedule as it is now"
    assert view(day([row(0), row(1), row(2)]), huddle.Shown()).added == ""


def test_a_row_that_matches_no_more_stays_and_one_that_matches_now_is_announced() -> None:
    steps = Wanted(steps=True)
    shown = huddle.Shown(1, (IDS.visit("Appointment/0", "Patient/p0"),))
    found = view(day([row(0, steps=()), row(1)]), shown, wanted=steps)
    assert [each.gone for each in found.rows] == [""]
    assert found.added == "1 more visit matches now"


def test_the_fragment_asks_on_until_everything_is_in_and_then_calmly() -> None:
    out = view(day([blank(0)], complete=False))
    assert "seen=7&turn=1&drawn=v" in out.next_url
    assert out.calm_url == ""
    assert [each.room for each in out.rows] == [True]
    done = view(day([row(0)]))
    assert done.next_url == ""
    assert "calm=1" in done.calm_url
    assert [each.room for each in done.rows] == [False]


def test_a_row_keeps_the_room_with_which_it_was_drawn_and_no_other_has_any() -> None:
    first = view(day([row(0), blank(1)], complete=False))
    assert [each.room for each in first.rows] == [False, True]
    there = {name: values[0] for name, values in parse_qs(urlsplit(first.next_url).query).items()}
    then = huddle.Shown.parse(there["turn"], there["drawn"], there["room"])
    filled, again = view(day([row(0), row(1)]), then), view(day([blank(0), row(1)], complete=False), then)
    assert [each.room for each in (*filled.rows, *again.rows)] == [False, True, False, True]
    assert "room=01" in filled.links.tick
    assert "room=" not in view(day([row(0)])).links.tick
