"""The printed schedule: what stands on it, what never does, and how many pages it takes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from drawing import SHELL, STATIC, Reader, draw
from handmade import NOW, TODAY
from printed import ABOUT, STEPS, appointment, day, person, row, twenty
from pypdf import PdfReader

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Concept, Name
from app.core.flag import PatientStatus, State, StatusKind
from app.core.schedule.appointment import Schedule
from app.core.schedule.row import Counts, Mark, MarkKind, Owner, Step
from app.core.schedule.rows import printable
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day, Progress
from app.web.present.paper import sheet
from app.web.present.views.paper import SheetView
from app.web.sheet import ELSEWHERE, FILES, PAPERS, pdf

FONTS = STATIC / "vendor"
LINKS = {"letter": "/pdf?paper=letter", "a4": "/pdf?paper=a4", "back": "/l/abc/huddle/"}
SECRET = Step("hiv", "order-hiv-test", "HIV test", Owner.CLINICIAN, state=State.DO_TODAY, sensitive=True)

needs_fonts = pytest.mark.skipif(not (FONTS / FILES[0]).exists(), reason="the fonts come by make setup")


def view(found: Day, **about: Any) -> SheetView:
    return sheet(found, [printable(each) for each in found.rows], replace(ABOUT, **about))


def page(seen: SheetView) -> str:
    return draw("huddle/print.html", shell=SHELL, sheet=seen, links=LINKS)


def words(seen: SheetView) -> str:
    return Reader(page(seen)).text


def pages(seen: SheetView, paper: str = "letter") -> list[str]:
    made = PdfReader(io.BytesIO(pdf(seen, paper, FONTS, NOW)))
    return [" ".join(each.extract_text().split()) for each in made.pages]


# --- two pages ------------------------------------------------------------------------------------------------------


@needs_fonts
@pytest.mark.parametrize("paper", PAPERS)
def test_a_full_day_of_twenty_fits_two_pages(paper: str) -> None:
    seen = view(day(twenty()))
    found = pages(seen, paper)
    assert len(found) == 2
    for number, text in enumerate(found, 1):
        assert seen.destroy in text
        assert f"Page {number} of 2" in text
        assert "Mara Ellison, MD · Sunday 22 Nov 2026" in text
    assert all(each.names[0].words in " ".join(found) for each in seen.rows)
    assert all(mark in " ".join(found) for each in seen.rows for mark in (*each.identifiers, each.time))


@needs_fonts
def test_page_and_pdf_say_the_same() -> None:
    seen = view(day(twenty()))
    on_page, on_paper = words(seen), " ".join(pages(seen))
    for each in seen.rows:
        for said in (*each.marks, each.counts, each.more, *(step.words for step in each.steps)):
            assert said in on_page
            assert said in on_paper


@needs_fonts
def test_no_visit_is_torn_apart_by_the_end_of_a_page() -> None:
    found = pages(view(day(twenty())))
    for number in range(20):
        record = f"record {418800 + number:08d}"
        (holds,) = [text for text in found if record in text]
        assert f"{(480 + 20 * number) // 60:02}:{(20 * number) % 60:02}" in holds


@needs_fonts
def test_letters_that_the_pdf_cannot_set_are_never_drawn_as_boxes() -> None:
    chinese = Name("official", "山田", ("花子",))
    both = person(1, names=(chinese, Name("usual", "Yamada", ("Hanako",))))
    seen = view(day((row(0, patient=person(0, names=(chinese,))), row(1, patient=both))))
    text = " ".join(pages(seen))
    assert f"Name {ELSEWHERE}" in text
    assert "Yamada, Hanako" in text
    assert "山田" in words(seen)  # a browser has letters of its own


@needs_fonts
def test_an_empty_day_is_a_sheet_too() -> None:
    assert "No visits booked." in " ".join(pages(view(day(()))))


# --- what is on it --------------------------------------------------------------------------------------------------


def test_every_visit_has_two_identifiers_or_says_what_is_missing() -> None:
    seen = view(day((row(0), row(1, patient=person(1, birth_date=None, identifiers=())), row(2, patient=None))))
    assert seen.rows[0].identifiers == ("born 1 Jan 1950, 76 years", "record 00418800")
    assert seen.rows[1].identifiers == ("birth date not stated", "record number not stated")
    assert "check name, birth date and record in the EHR" in seen.rows[2].identifiers


def test_steps_have_an_owner_and_a_box_and_say_who_did_them() -> None:
    tick = Tick("Appointment/a0", "Patient/p0", "blood-pressure", Ticked.PREPPED, "Jo Rivera", NOW)
    of_others = replace(tick, patient="Patient/p9")
    seen = view(day((row(0),), ticks=(tick, of_others)))
    first, second, third = seen.rows[0].steps
    assert (first.owner, first.done, first.note) == (
        "medical assistant", "", "due 14 Sep, standing order Diabetes monitoring 3, Dr. Ellison"
    )  # fmt: skip
    assert second.done == "Prepped, 09:41, Jo Rivera"
    assert third.words == "“Spirometry follow-up”: check the chart before acting"
    labels = [each["aria-label"] for each in Reader(page(seen)).having("aria-label") if each.get("class") == "tick"]
    assert labels == ["to do", "done", "to do"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"similar": True}, "Similar name today: check both identifiers"),
        ({"interpreter": True, "language": "Vietnamese"}, "Interpreter: Vietnamese"),
        ({"new_patient": True}, "New patient"),
        ({"orders_pending": 2}, "2 orders pending"),
        ({"results_since": 1}, "1 result since the last visit"),
        ({"silent": ("harbor",)}, "Without a full answer: Harbor Health"),
        ({"silent": ("no-payer",)}, "No payer on file"),
        ({"unconnected": ("Elm Mutual",)}, "Not connected: Elm Mutual"),
        ({"unread": ("Observation",)}, "Chart read in part"),
        ({"status": (PatientStatus(StatusKind.PALLIATIVE, "Encounter/1", TODAY),)}, "Palliative care"),
        (
            {"status": (PatientStatus(StatusKind.HOSPICE, "Encounter/1", TODAY, sure=False),)},
            "Hospice? See the screen",
        ),
    ],
)
def test_a_visit_says_what_must_be_known_before_it(changes: Any, said: str) -> None:
    assert said in view(day((row(0, **changes),))).rows[0].notes


def test_marks_carry_number_and_source() -> None:
    found = Mark(MarkKind.DISCHARGED, "10", "Encounter/e9", "St. Brendan", TODAY - timedelta(10), TODAY + timedelta(20))
    (said,) = view(day((row(0, marks=(found,)),))).rows[0].marks
    assert said == "Discharged on 12 Nov, St. Brendan, day 30 is 12 Dec (visits on file)"


# --- what never is --------------------------------------------------------------------------------------------------


def test_no_prompt_and_nothing_sensitive_is_on_paper_and_how_many_is_said() -> None:
    counts = Counts(today=3, prompts=2, sensitive=1)
    visit = appointment(0, reason="Methadone refill", kind=Concept(text="Follow-up visit"))
    secret = row(0, appointment=visit, steps=(SECRET, *STEPS[:2]), counts=counts, labs=("HIV test",))
    seen = view(day((secret, row(1))))
    text = words(seen)
    assert "HIV" not in text
    assert "Methadone" not in text
    assert "condition" not in text.replace(seen.left_out, "")
    assert seen.rows[0].counts.startswith("2 to do")
    assert seen.rows[0].more == "4 on the screen only"
    assert seen.left_out.startswith("4 items are left out of this sheet")


def test_a_restriction_is_not_told_on_paper() -> None:
    seen = view(day((row(0, restricted=("northwind",), steps=(), counts=Counts()),)))
    assert "estrict" not in words(seen)
    assert "Without a full answer: Northwind Health Plan" in seen.rows[0].notes


def test_money_and_addresses_are_not_on_paper() -> None:
    text = words(view(day(twenty())))
    assert not {"$", "http", "555"} & set(text.split())


# --- how old it is, and when it ends --------------------------------------------------------------------------------


def test_it_says_when_and_how_it_must_be_destroyed() -> None:
    assert "Destroy by the end of Sunday 22 Nov 2026: shred it" in view(day(twenty())).destroy
    tomorrow = replace(day(twenty()), ask=replace(day(()).ask, first=TODAY + timedelta(1), last=TODAY + timedelta(1)))
    assert "by the end of Monday 23 Nov 2026" in view(tomorrow).destroy
    last_week = replace(day(()), ask=replace(day(()).ask, first=TODAY - timedelta(6), last=TODAY - timedelta(6)))
    assert "by the end of Sunday 22 Nov 2026" in view(last_week).destroy  # printed today, destroyed today


def test_it_says_who_printed_it_and_how_old_its_sources_are() -> None:
    seen = view(day(twenty()))
    assert seen.printed == "Printed 22 Nov 2026, 09:41, by Jo Rivera, clinical staff"
    assert seen.sources == "Schedule read 09:38, oldest answer of 09:12"
    assert seen.summary == "20 visits, 1 seen already, 2 cancelled"
    assert seen.warnings == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"snapshot": NOW - timedelta(hours=2)}, "this is the schedule as it was on 22 Nov 2026 at 07:41."),
        ({"rows": (row(0, complete=False),)}, "Not complete: 1 visit was still being filled."),
        ({"progress": (Progress("harbor", 20, 20, Reason.DOWN),)}, "Harbor Health is not available now."),
        ({"schedule": Known(Schedule(()), "main", NOW, incomplete=("page 2",))}, "a visit may be missing here"),
        ({"schedule": Known(Schedule(()), "main", NOW, stale_because=Reason.DOWN)}, "Not up to date: the EHR does not"),
    ],
)  # fmt: skip
def test_what_is_old_or_missing_is_said_at_the_head(changes: Any, said: str) -> None:
    seen = view(replace(day((row(0),)), **changes))
    assert any(said in warning for warning in seen.warnings), seen.warnings
    assert said in words(seen)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Known(Schedule(()), "main", NOW), "No visits booked."),
        (Known(Schedule(()), "main", NOW, incomplete=("page 2",)), "No visit could be read."),
        (Unknown("main", Reason.DOWN), "This is not an empty day."),
        (Unknown("main", Reason.CANNOT_LIST), "This is not an empty day."),
        (None, "still being read"),
    ],
)
def test_an_empty_day_is_said_only_where_the_ehr_said_so(schedule: Any, said: str) -> None:
    assert said in view(day((), schedule=schedule)).empty


def test_the_name_of_the_file_holds_nobody() -> None:
    assert view(day(twenty())).file_name == "schedule-2026-11-22.pdf"


def test_script_like_text_comes_out_as_text() -> None:
    evil = "<script>alert(1)</script>"
    patient = person(0, names=(Name("official", evil, (evil,)),))
    seen = view(day((row(0, patient=patient, appointment=appointment(0, reason=evil)),)), provider=evil, clinic=evil)
    assert "<script>alert" not in page(seen)
