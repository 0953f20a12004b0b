"""A follow-up that is moot: what the test looks for was found since, or the organ is gone; and what may."""

import pytest

from app.core.chart import Coding, Concept, Fact
from app.core.flag import State
from app.core.gaps import Reconciler
from app.core.terminology import ICD10PCS
from tests.core.made import TODAY, fact, icd, loinc, mammogram, reading, stool

FIT = stool("Positive", "2026-05-01")
BIRADS = mammogram("2026-05-01", conclusion=Concept(text="BI-RADS 5"))
HSIL = fact("Observation", loinc("10524-7", "Pap"), "2026-05-01", value=Concept(text="HSIL"))


def states(*facts: Fact) -> list[tuple[State, str]]:
    return [(row.state, row.because) for row in Reconciler(reading(*facts), TODAY).rows(())]


def removed(code: str, when: str | None) -> Fact:
    return fact("Procedure", Concept((Coding(ICD10PCS, code),)), when)


def diagnosed(code: str, when: str | None, **other: object) -> Fact:
    return fact("Condition", icd(code), when, **other)


@pytest.mark.parametrize(
    ("test", "since"),
    [
        (FIT, [diagnosed("C18.7", "2026-05-20")]),
        (FIT, [diagnosed("C20", "2026-05-20", status="remission")]),
        (FIT, [removed("0DTE0ZZ", "2026-06-20")]),
        (BIRADS, [diagnosed("C50.911", "2026-05-20")]),
        (BIRADS, [diagnosed("D05.11", "2026-05-20")]),
        (BIRADS, [removed("0HTV0ZZ", "2026-06-20")]),
        (BIRADS, [removed("0HTT0ZZ", "2019-06-20"), removed("0HTU0ZZ", "2026-06-20")]),
        (HSIL, [removed("0UTC0ZZ", "2026-06-20")]),
        (HSIL, [diagnosed("Z90.710", "2026-06-20")]),
        (HSIL, [diagnosed("C53.9", "2026-06-20")]),
    ],
    ids=lambda v: v.concept.label if isinstance(v, Fact) else " ".join(f.concept.label for f in v),
)
def test_nothing_is_left_to_follow_up(test: Fact, since: list[Fact]) -> None:
    assert states(test) == [(State.DO_TODAY, "")]
    assert states(test, *since) == []


@pytest.mark.parametrize(
    ("test", "entry"),
    [
        (FIT, diagnosed("C18.7", "2026-04-30")),  # before the test: it was done all the same
        (FIT, diagnosed("C18.7", None)),
        (FIT, diagnosed("C18.7", "2026")),  # may have been before
        (FIT, diagnosed("C18.7", "2026-06-01", verification="provisional")),
        (FIT, diagnosed("C18.7", "2026-12-01")),
        (FIT, diagnosed("C50.911", "2026-06-01")),
        (FIT, diagnosed("Z85.038", "2026-06-01")),  # a cancer of the past
        (BIRADS, removed("0HTT0ZZ", "2026-06-20")),  # one breast
        (HSIL, diagnosed("Z90.710", "2019-06-20")),
    ],
    ids=lambda f: f.concept.label,
)
def test_what_came_before_or_is_not_certain_settles_nothing(test: Fact, entry: Fact) -> None:
    assert states(test, entry) == [(State.DO_TODAY, "")]


@pytest.mark.parametrize("test", [FIT, BIRADS, HSIL], ids=lambda f: f.concept.label)
def test_under_palliative_care_the_result_stands_and_nothing_is_suggested(test: Fact) -> None:
    care = diagnosed("Z51.5", "2026-06-01")
    (row,) = Reconciler(reading(test, care), TODAY).rows(())
    assert (row.state, row.because, row.unclear, row.act) == (
        State.CANNOT_TELL, "exclusion-not-certain", (care,), "check-chart"
    )  # fmt: skip
