"""Marks: each with a number and a source, or not at all."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Component, Concept, Fact, Quantity, Value
from app.core.reading import Reading, read
from app.core.schedule.marks import (
    DAYS_AFTER_DISCHARGE,
    FREQUENT_FROM,
    discharged,
    frequent_ed,
    high_risk,
    marks,
    overdue,
)
from app.core.schedule.row import Mark, MarkKind
from tests.core.made import TODAY, chart, fact, few, hba1c, known, on, reading
from tests.core.scheduled import row, visited

MAY = visited("2026-05-05")


# --- high risk --------------------------------------------------------------------------------------------------------


def risk(kind: str, text: str, value: Value | None = None, when: str = "2026-10-01", **other: Any) -> Fact:
    other.setdefault("status", "active" if kind == "Flag" else "final")
    return Fact(kind, f"{kind}/{when}", Concept(text=text), when=on(when), value=value, **other)


def percent(value: str) -> Quantity:
    return Quantity(Decimal(value), "%", "%")


def predicted(outcome: str, value: str) -> tuple[Component, ...]:
    return (Component(Concept(text=outcome), percent(value)),)


@pytest.mark.parametrize(
    ("found", "number"),
    [
        (risk("RiskAssessment", "Hospital readmission within 30 days", percent("78")), "78 %"),
        (risk("RiskAssessment", "Hospital readmission within 30 days", percent("20")), "20 %"),
        (
            risk("RiskAssessment", "Admission risk", percent("12.50"), conclusion=Concept(text="High likelihood")),
            "12.5 %",
        ),
        (risk("Observation", "LACE index", Quantity(Decimal(13))), "13"),
        (risk("Observation", "Readmission risk score", Quantity(Decimal(41)), interpretation=("H",)), "41"),
        (risk("Observation", "Readmission risk", Concept(text="High (score 41)")), "41"),
        (risk("Flag", "High risk patient, score 82"), "82"),
        (risk("Flag", "High-risk: tier 4"), "4"),
        (risk("Flag", "High risk patient since 12/01/2025, score 82"), "82"),
        (risk("Observation", "Readmission risk", Concept(text="30-day risk: high, 27 %")), "27 %"),
        (risk("RiskAssessment", "Hospital readmission", components=predicted("Hospital readmission", "78")), "78 %"),
    ],
)
def test_a_risk_that_the_chart_calls_high_is_marked_with_its_number(found: Fact, number: str) -> None:
    got = high_risk(reading_of(found), TODAY)
    assert got == Mark(MarkKind.HIGH_RISK, number, found.ref, found.concept.label, date(2026, 10, 1))


@pytest.mark.parametrize(
    "found",
    [
        risk("RiskAssessment", "Hospital readmission within 30 days", percent("8")),
        risk("RiskAssessment", "Hospital readmission within 30 days"),
        risk("RiskAssessment", "Readmission", percent("78"), status="entered-in-error"),
        risk("RiskAssessment", "Readmission", percent("78"), status="preliminary"),
        risk("RiskAssessment", "Readmission", percent("78"), when="2025-10-01"),
        risk("RiskAssessment", "Readmission", percent("78"), conclusion=Concept(text="Low likelihood")),
        risk("RiskAssessment", "Admission risk", components=predicted("Fall with injury", "78")),
        risk("Observation", "LACE index", Quantity(Decimal(9))),
        risk("Observation", "Fall risk score", Quantity(Decimal(60)), interpretation=("H",)),
        risk("Observation", "Cardiovascular risk score", percent("30")),
        risk("Observation", "Suicide risk score", Quantity(Decimal(9)), interpretation=("H",)),
        risk("Flag", "High risk patient"),  # no number, no mark
        risk("Flag", "High risk patient, score 82", status="inactive"),
        risk("Flag", "High risk patient, score 82", until=on("2026-11-01")),
        risk("Flag", "High risk pregnancy, week 30"),
        risk("Flag", "High risk patient since 2024"),  # numbers that are no score
        risk("Flag", "High risk patient, review by 12/01/2026"),
        risk("Flag", "High risk of 30-day readmission"),
        risk("Flag", "High risk patient, call 555-0100"),
        risk("Flag", "High risk medication, INR 3"),  # the risk of something else
        risk("Flag", "High-risk sexual behavior, 2 partners"),
        risk("Flag", "High risk diabetic foot, grade 2"),
        risk("RiskAssessment", "Readmission", percent("78"), when="2023-10-01"),
    ],
)
def test_without_a_number_or_a_word_of_general_risk_there_is_none(found: Fact) -> None:
    assert high_risk(reading_of(found), TODAY) is None


def test_the_newest_one_counts() -> None:
    old = risk("Observation", "LACE index", Quantity(Decimal(16)), when="2026-02-01")
    new = risk("Observation", "LACE index", Quantity(Decimal(11)), when="2026-09-01")
    got = high_risk(reading(old, new), TODAY)
    assert got is not None
    assert got.number == "11"


def reading_of(*facts: Fact) -> Reading:
    made = chart(*(f for f in facts if f.type != "RiskAssessment"))
    risks = tuple(f for f in facts if f.type == "RiskAssessment")
    return read(replace(made, facts={**made.facts, "RiskAssessment": known(risks)}))


# --- discharged -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.sampled_from(["IMP", "ACUTE", "NONAC", "OBSENC", "AMB", "EMER"]))
@few
def test_a_discharge_of_the_last_thirty_days_has_its_day_thirty(days: int, setting: str) -> None:
    out = TODAY - timedelta(days=days)
    stay = visited("2026-08-01", setting, until=out.isoformat(), place="Elmsworth General")
    got = discharged(reading(stay), TODAY)
    if setting in ("AMB", "EMER") or days > DAYS_AFTER_DISCHARGE:
        assert got is None
    else:
        day30 = out + timedelta(days=30)
        assert got == Mark(MarkKind.DISCHARGED, str(days), stay.ref, "Elmsworth General", out, day30)


@pytest.mark.parametrize(
    "other",
    [{"until": "2026-11"}, {"until": "2026-11-25"}, {"until": "2026-11-10", "status": "cancelled"}, {}],
)
def test_a_day_that_is_not_certain_or_not_yet_makes_no_day_thirty(other: dict[str, Any]) -> None:
    assert discharged(reading(visited("2026-10-28", "IMP", **other)), TODAY) is None


STAY = visited("2026-10-28", "IMP", until="2026-11-08", place="Elmsworth General")


@pytest.mark.parametrize(
    ("then", "out"),
    [
        (visited("2026-11-08", "NONAC", status="in-progress"), None),  # to a skilled nursing facility
        (visited("2026-11-15", "IMP", status="in-progress"), None),  # back in hospital
        (visited("2026-11-15", "IMP", status="onleave"), None),
        (visited("2026-11-15", "EMER", status="in-progress"), 12),
        (visited("2026-11-15", "IMP", status="planned"), 12),
        (visited("2026-11-25", "IMP", status="in-progress"), 12),  # not begun
        (visited("2024-03-01", "IMP", status="in-progress"), 12),  # nobody closed it
        (visited("2026-11-12", "IMP", until="2026-11-20"), 0),  # back, and out again today
    ],
)
def test_who_is_in_a_stay_is_not_discharged(then: Fact, out: int | None) -> None:
    got = discharged(reading(STAY, then), TODAY)
    assert (got and int(got.number)) == out


# --- emergency visits -------------------------------------------------------------------------------------------------


@given(st.integers(0, 8))
@few
def test_four_emergency_visits_in_a_year_are_frequent(number: int) -> None:
    visits = [visited((TODAY - timedelta(days=40 * n + 1)).isoformat(), "EMER") for n in range(number)]
    got = frequent_ed(reading(*visits), TODAY)
    assert (got is None) is (number < FREQUENT_FROM)
    assert got is None or (got.number, got.source) == (str(number), visits[0].ref)


def test_what_is_over_a_year_old_cancelled_or_filed_twice_does_not_count() -> None:
    three = [visited(day, "EMER") for day in ("2026-02-01", "2026-04-01", "2026-06-01")]
    others = [
        visited("2025-11-20", "EMER"),
        visited("2026-07-01", "EMER", status="cancelled"),
        visited("2026-06-02", "EMER", encounter=three[2].ref),  # a part of the visit before midnight
        visited("2026-06-01", "EMER"),
        visited("2026-08-01", "AMB"),
    ]
    assert frequent_ed(reading(*three, *others), TODAY) is None


@pytest.mark.parametrize(
    ("other", "sensitive"),
    [
        ({}, False),
        ({"place": "Elmsworth General"}, False),
        ({"place": "Elmsworth Psychiatric Hospital"}, True),
        ({"text": "Detoxification"}, True),
        ({"labels": ("PSY",)}, True),
    ],
)
def test_a_mark_of_a_sensitive_entry_is_sensitive(other: dict[str, Any], sensitive: bool) -> None:
    stay = visited("2026-10-28", "IMP", until="2026-11-08", **{"text": "Stay", **other})
    got = discharged(reading(stay), TODAY, 50)
    assert got is not None
    assert got.sensitive is sensitive


# --- overdue for any visit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "number"),
    [
        ("2025-11-20", None), ("2025-11-19", "12"), ("2025-10-21", "12"), ("2025-10-20", "13"), ("2025-04-20", "19"),
        ("2024-12-01", "23"),
    ],
)  # fmt: skip
def test_more_than_twelve_months_without_a_visit(last: str, number: str | None) -> None:
    got = overdue(reading(visited(last)), TODAY)
    assert (got.number if got else None) == number


@pytest.mark.parametrize(
    ("between", "is_overdue"),
    [
        (visited("2026-05-01", "VR", text="Video visit"), False),
        (visited("2026-05-01", "VR", text="Telephone call"), True),
        (visited("2026-05-01", "HH", text="Home visit"), False),
        (visited("2026-05-01", "IMP", until="2026-05-04", text="Hospital stay"), True),
        (visited("2026-05-01", "EMER"), True),
        (visited("2026-05-01", status="cancelled"), True),
        (visited("2026-05-01", text="Laboratory visit"), True),
    ],
)
def test_only_visits_in_person_or_by_video_are_visits(between: Fact, is_overdue: bool) -> None:
    assert (overdue(reading(visited("2025-04-20"), between), TODAY) is not None) is is_overdue


@pytest.mark.parametrize(
    ("known", "number"),
    [
        (hba1c("7.0", "2023-05-01"), "24+"),
        (fact("Procedure", Concept(text="Excision"), "2019-05-01"), "24+"),
        (visited("2022-05-01", "IMP"), "24+"),
        (hba1c("7.0", "2026-05-01"), None),  # known, and since when is not
        (hba1c("7.0", "2023-05-01", status="preliminary"), None),
        (hba1c("7.0", "2023-05-01", reported=True), None),  # a record of somebody else's
        (fact("Procedure", Concept(text="Outside colonoscopy"), "2019-05-01"), None),
        (fact("Immunization", Concept(text="Influenza"), "2019-05-01"), None),  # registries know them of everybody
    ],
)
def test_who_was_known_before_the_visits_that_are_read_is_overdue_by_at_least_as_much(
    known: Fact, number: str | None
) -> None:
    got = overdue(reading(known), TODAY)
    assert (got.number if got else None) == number
    assert got is None or got.source == known.ref
    assert overdue(reading(known, visited("2026-05-05")), TODAY) is None
    assert overdue(reading(known, unread=("Encounter",)), TODAY) is None


@pytest.mark.parametrize(
    ("maybe", "tells"),
    [
        (visited("2026-05-01", "13", text="Appointment"), True),  # a class of the vendor's own
        (visited("2026-05-01", "", text="Office visit"), True),
        (visited("2026-05-01", "VR", text=""), True),
        (visited("2026-05-01", "VR", text="Follow-up"), True),
        (visited("2026-05-01", "13", text="Telephone"), False),
        (visited("2026-05-01", "13", text="Refill"), False),
        (visited("2026-05-01", "13", status="cancelled"), False),
        (visited("2024-12-01", "13", text="Appointment"), False),
        (visited("2026-11-20", "13", text="Appointment"), False),
    ],
)
def test_what_may_have_been_a_visit_keeps_anybody_from_being_overdue(maybe: Fact, tells: bool) -> None:
    old = hba1c("7.0", "2023-05-01")
    assert (overdue(reading(visited("2025-04-20"), maybe), TODAY) is None) is tells
    assert (row(facts=(maybe,)).first_here) is not (tells or maybe.when.start.year == 2024)  # type: ignore[union-attr]
    assert (overdue(reading(old, maybe), TODAY) is None) is (tells or maybe.when.start.year == 2024)  # type: ignore[union-attr]


def test_without_any_visit_there_is_no_number_and_no_mark() -> None:
    assert overdue(reading(), TODAY) is None
    assert overdue(reading(visited("2025-04-20"), unread=("Encounter",)), TODAY) is None


def test_every_mark_has_a_number_and_a_source() -> None:
    stay = visited("2026-10-28", "IMP", until="2026-11-08")
    ed = [visited(day, "EMER") for day in ("2026-02-01", "2026-04-01", "2026-06-01", "2026-08-01")]
    got = marks(reading_of(risk("Flag", "High risk, score 82"), stay, visited("2025-04-20"), *ed), TODAY)
    assert [mark.kind for mark in got] == list(MarkKind)
    assert all(mark.number and mark.source for mark in got)
    assert marks(reading(MAY), TODAY) == ()
