"""What says not to do something is no order, no treatment and no evidence, whichever rule looks."""

from dataclasses import replace

import pytest

from app.core.chart import Concept, Fact
from app.core.conditions.evidence import in_chart
from app.core.conditions.family import Likeness
from app.core.flag import State
from app.core.gaps import Reconciler
from app.core.measures import colorectal
from app.core.reading import read
from tests.core.made import COLORECTAL, TODAY, chart, fact, gap, hcpcs, reading, stool


def order(words: str = "Colonoscopy", kind: str = "ServiceRequest", **other: object) -> Fact:
    return fact(kind, Concept(text=words), "2026-10-20", **{"intent": "order", **other})


NOT_TO = [
    order(refused=True),
    fact("ServiceRequest", hcpcs("G0121"), "2026-10-20", intent="order", refused=True),
    order("Do not order colonoscopy"),
    order("Don't repeat the colonoscopy"),
    order("  do NOT do colonoscopy"),
    order("Do not book colonoscopy", "Appointment"),
]


@pytest.mark.parametrize("entry", NOT_TO, ids=lambda f: f"{f.type} {f.concept.label} {f.refused}")
def test_what_says_not_to_do_it_is_found_by_no_rule(entry: Fact) -> None:
    made = reading(entry)
    kind = colorectal.RULE.evidence[0]
    assert not made.of(entry.type).facts
    assert not made.worded((entry.type,), kind.words)
    assert not made.coded((entry.type,), colorectal.RULE.codes)
    assert made.refused((entry.type,), colorectal.RULE.codes, kind.words) == [entry]


@pytest.mark.parametrize(
    "entry",
    [
        order(),
        order("Metoprolol ER 25 mg, do not crush", "MedicationRequest"),
        order("Donating blood"),
        fact("Procedure", Concept(text="Do not resuscitate order reviewed"), "2026-10-20"),
    ],
    ids=lambda f: f.concept.label,
)
def test_what_is_done_or_ordered_stays(entry: Fact) -> None:
    made = reading(entry)
    assert made.of(entry.type).facts == (entry,)
    assert not made.refusals


def test_what_was_entered_in_error_says_nothing_either_way() -> None:
    made = read(chart(order(refused=True, status="entered-in-error")))
    assert not made.refusals
    assert not made.of("ServiceRequest").facts


@pytest.mark.parametrize("entry", NOT_TO[:5], ids=lambda f: f"{f.type} {f.concept.label} {f.refused}")
def test_a_gap_is_not_under_way_by_it_and_names_it(entry: Fact) -> None:
    row = Reconciler(reading(entry), TODAY).row(gap(COLORECTAL))
    assert (row.state, row.because, row.unclear) == (State.CANNOT_TELL, "told-not-to", (entry,))


def test_one_that_is_over_stands_in_nobodys_way() -> None:
    row = Reconciler(reading(order(refused=True, status="revoked")), TODAY).row(gap(COLORECTAL))
    assert row.state is State.DO_TODAY


@pytest.mark.parametrize("entry", NOT_TO[:5], ids=lambda f: f"{f.type} {f.concept.label} {f.refused}")
def test_a_positive_result_is_not_followed_up_by_it(entry: Fact) -> None:
    test = stool("Positive", "2026-10-01")
    (row,) = Reconciler(reading(test, entry), TODAY).rows(())
    assert (row.state, row.because, row.unclear, row.staff_can) == (State.CANNOT_TELL, "told-not-to", (entry,), False)
    (row,) = Reconciler(reading(stool("Positive", "2026-11-01"), entry), TODAY).rows(())
    assert row.state is State.DO_TODAY  # it was said before the result was there


def test_a_drug_that_is_not_to_be_given_supports_no_condition() -> None:
    given = order("metformin 500 mg", "MedicationRequest")
    of_diabetes = Likeness.of_entry(("E119",), "")
    assert in_chart(of_diabetes, reading(given), TODAY).supporting == (given,)
    assert in_chart(of_diabetes, reading(replace(given, refused=True)), TODAY).supporting == ()
