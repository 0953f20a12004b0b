"""What of a row may be on paper, and that it says how many items were left out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Reason, Unknown
from app.core.chart import Concept
from app.core.flag import PatientStatus, StatusKind
from app.core.report import Measure
from app.core.schedule.appointment import Mode
from app.core.schedule.paper import printable
from app.core.schedule.row import Counts, Covering, Mark, MarkKind, Standing
from app.core.sensitive import of_words
from tests.core.made import BREAST, COLORECTAL, HBA1C, OTHER, PRESSURE, category, fact, few, gap, icd, lakeside, payer
from tests.core.scheduled import CERVICAL, DEPRESSION, KIDNEY, STATIN, appointment, every, keys, row, visited

SENSITIVE = (CERVICAL, DEPRESSION)
COUNSELLING = Measure("https://plan.example/Measure/x1", "1", "Alcohol use counselling")
MEASURES = (HBA1C, PRESSURE, COLORECTAL, BREAST, KIDNEY, STATIN, OTHER, *SENSITIVE, COUNSELLING)


@given(st.lists(st.sampled_from(MEASURES), unique=True), st.sampled_from(list(Mode)))
@few
def test_nothing_sensitive_and_no_prompt_is_ever_on_paper(asked: list[Measure], mode: Mode) -> None:
    whole = row(payer([gap(each) for each in asked], [category("37", "Diabetes", "E11.22")]), at=appointment(mode=mode))
    paper, left_out = printable(whole)
    hidden = [each for each in asked if each in (*SENSITIVE, COUNSELLING)]
    assert left_out == len(hidden) + whole.counts.prompts
    assert not any(step.sensitive or of_words(step.service, 50) for step in every(paper))
    assert (paper.counts.prompts, paper.counts.sensitive) == (0, 0)
    shown = paper.counts
    assert shown.today + shown.next_visit + shown.staff + shown.unclear == len(every(paper))


def test_what_is_ordered_and_sensitive_is_not_even_counted() -> None:
    pap = fact("ServiceRequest", Concept(text="Pap smear"), "2026-11-10", intent="order")
    whole = row(payer([gap(CERVICAL), gap(HBA1C)]), facts=(pap,))
    assert (whole.counts.ordered, whole.counts.sensitive) == (1, 1)
    paper, left_out = printable(whole)
    assert (paper.counts.ordered, paper.counts.today, left_out) == (0, 1, 1)


def test_a_row_without_anything_sensitive_is_printed_as_it_is() -> None:
    whole = row(
        payer([gap(HBA1C), gap(BREAST)]), at=appointment(reason="Diabetes", kind=Concept(text="Follow-up visit"))
    )
    assert printable(whole) == (whole, 0)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ({"reason": "STI check"}, {"reason": ""}),
        ({"reason": "Anxiety, follow-up"}, {"reason": ""}),
        ({"kind": Concept(text="Behavioral health visit")}, {"kind": Concept()}),
        ({"service": icd("Z30.09", "Visit")}, {"service": Concept()}),
        ({"location_names": ("Main clinic", "Addiction medicine")}, {"location_names": ("Main clinic",)}),
    ],
)
def test_the_words_of_the_visit_may_be_sensitive(words: dict[str, Any], kept: dict[str, Any]) -> None:
    paper, left_out = printable(row(at=appointment(**words)))
    assert (paper.appointment, left_out) == (replace(appointment(**words), **kept), 1)


@pytest.mark.parametrize("label", ["R", "PSY", "ETH", "CEL"])
def test_a_visit_that_the_ehr_calls_sensitive_is_a_time(label: str) -> None:
    words: dict[str, Any] = {"reason": "Follow-up", "kind": Concept(text="Office visit"), "location_names": ("East",)}
    paper, left_out = printable(row(at=appointment(labels=(label,), **words)))
    assert (paper.appointment, left_out) == (appointment(labels=(label,), location_names=()), 1)
    assert printable(row(at=appointment(labels=("N",), **words)))[1] == 0


def test_a_pregnancy_and_a_facility_that_says_why_are_left_out() -> None:
    stay = visited("2026-10-28", "IMP", until="2026-11-08", place="Elmsworth Psychiatric Hospital")
    whole = row(facts=(fact("Condition", icd("Z33.1", "Pregnant"), "2026-09-01"), stay))
    assert [status.kind for status in whole.status] == [StatusKind.PREGNANCY]
    paper, left_out = printable(whole)
    assert (paper.status, paper.marks, keys(paper), paper.counts) == ((), (), [], Counts())
    assert left_out == 3  # and the step that would tell of the stay


def test_why_a_standing_order_does_not_hold_may_be_sensitive() -> None:
    whole = row(payer([gap(HBA1C)]))
    against = Covering(Standing.CONTRAINDICATED, "Labs 1, Dr. Ellison", "Pregnancy")
    paper, _ = printable(replace(whole, steps=(replace(whole.steps[0], covering=against),)))
    assert paper.steps[0].covering == replace(against, because="")


def test_which_payer_a_restriction_keeps_out_is_not_on_paper() -> None:
    no = Unknown("lakeside", Reason.RESTRICTED)
    whole = row(payer([]), lakeside(care_gaps=no, risk=no))
    assert whole.restricted == ("lakeside",)
    paper, _ = printable(whole)
    assert (paper.restricted, paper.silent) == ((), ("lakeside",))


def test_marks_and_statuses_that_say_nothing_sensitive_stay() -> None:
    mark = Mark(MarkKind.OVERDUE_VISIT, "15", "Encounter/1", "Office visit")
    hospice = PatientStatus(StatusKind.HOSPICE, "Flag/1", None, "Hospice patient")
    whole = replace(row(), marks=(mark,), status=(hospice,))
    assert printable(whole) == (whole, 0)


def test_labs_of_what_is_left_out_go_with_it() -> None:
    whole = row(payer([gap(HBA1C)]))
    hidden = replace(whole, steps=tuple(replace(step, sensitive=True) for step in whole.steps))
    paper, left_out = printable(hidden)
    assert (paper.labs, keys(paper), left_out) == ((), [], 1)
