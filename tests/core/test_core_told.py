"""Done elsewhere by an entry of this chart, ordered, overdue: what is neither done nor to be done."""

import pytest

from app.core.chart import Concept, Fact
from app.core.evidence import Findings, findings
from app.core.measures import breast, colorectal, glycaemic
from app.core.measures.rule import MeasureRule
from app.sources.fhir.facts import fact as from_fhir
from tests.core.made import TODAY, YEAR, colonoscopy, fact, hba1c, hcpcs, loinc, on, percent, reading


def look(rule: MeasureRule, *facts: Fact) -> Findings:
    return findings(rule, YEAR, reading(*facts), TODAY)


def worded(kind: str, words: str, when: str | None, **other: object) -> Fact:
    return fact(kind, Concept(text=words), when, **other)


@pytest.mark.parametrize(
    "entry",
    [
        worded("DocumentReference", "Outside record: colonoscopy report", "2022-05-05"),
        worded("DocumentReference", "Colonoscopy, external GI practice", "2019-05-05"),
        worded("Procedure", "Historical colonoscopy", "2018-05-05"),
        worded("Observation", "Colonoscopy, patient reported", "2020-05-05"),
        worded("Procedure", "Colonoscopy at another facility", None),
    ],
    ids=lambda f: f.concept.label,
)
def test_an_entry_that_says_somebody_else_did_it(entry: Fact) -> None:
    found = look(colorectal.RULE, entry)
    assert (found.done, found.elsewhere, found.unclear, found.because) == (None, entry, (), "")


@pytest.mark.parametrize(
    "entry",
    [
        worded("DocumentReference", "Colonoscopy report", "2022-05-05"),
        worded("DocumentReference", "Outside record: colonoscopy report", "2015-05-05"),
        worded("DocumentReference", "Outside record: colonoscopy report", "2022-05-05", status="superseded"),
        worded("DocumentReference", "Outside record: colonoscopy declined", "2022-05-05"),
        worded("DocumentReference", "External referral for colonoscopy ordered", "2022-05-05"),
        worded("DocumentReference", "Outside record: family history of colonoscopy", "2022-05-05"),
        worded("Observation", "Outside colonoscopy", "2022-05-05", status="entered-in-error"),
    ],
    ids=lambda f: f"{f.concept.label} {f.status}",
)
def test_what_does_not_say_so(entry: Fact) -> None:
    assert look(colorectal.RULE, entry).elsewhere is None


def test_our_own_evidence_stands_beside_it() -> None:
    outside, own = worded("DocumentReference", "Outside record: colonoscopy", "2022-05-05"), colonoscopy("2021-05-05")
    found = look(colorectal.RULE, outside, own)
    assert (found.done, found.elsewhere) == (own, outside)


@pytest.mark.parametrize(
    ("value", "day", "done"),
    [
        ("9.9", "2026-10-01", False),  # newer and out of range: ours is not the newest value
        ("9.9", "2026-02-01", True),
        ("7.4", "2026-10-01", True),
    ],
)
def test_a_value_told_from_outside_is_no_evidence_and_not_ignored(value: str, day: str, done: bool) -> None:
    outside = worded("Observation", "Outside lab: Hgb A1c", day, value=percent(value))
    own = hba1c("7.0", "2026-03-01")
    found = look(glycaemic.RULE, outside, own)
    assert (found.done, found.unclear) == ((own, ()) if done else (None, (outside,)))


@pytest.mark.parametrize(
    ("rule", "words", "value", "elsewhere"),
    [
        (glycaemic.RULE, "HbA1c, outside lab", percent("11"), False),
        (glycaemic.RULE, "HbA1c, outside lab", percent("7"), True),
        (glycaemic.RULE, "HbA1c, outside lab", "eleven", False),
        (glycaemic.RULE, "HbA1c, outside lab", None, True),
        (colorectal.RULE, "FIT, outside lab", Concept(text="Positive"), False),
        (colorectal.RULE, "FIT, outside lab", Concept(text="See report"), False),
        (colorectal.RULE, "FIT, outside lab", Concept(text="Negative"), True),
    ],
)
def test_what_somebody_else_found_and_calls_for_something_is_no_errand_for_staff(
    rule: MeasureRule, words: str, value: object, elsewhere: bool
) -> None:
    outside = worded("Observation", words, "2026-10-01", value=value)
    found = look(rule, outside)
    assert (found.elsewhere, found.unclear) == ((outside, ()) if elsewhere else (None, (outside,)))


def immunization(**fields: object) -> Fact:
    return from_fhir(
        {
            "resourceType": "Immunization", "id": "1", "status": "completed", "occurrenceDateTime": "2025-10-10",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "150"}]}, **fields,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "reported"),
    [
        ({}, False),
        ({"primarySource": True}, False),
        ({"primarySource": False}, True),
        ({"reportOrigin": {"text": "Other registry"}}, True),
        ({"primarySource": True, "reportOrigin": None}, False),
    ],
)
def test_a_vaccine_says_whether_it_was_only_reported(fields: dict[str, object], reported: bool) -> None:
    assert immunization(**fields).reported is reported


def test_a_reports_conclusion_is_read() -> None:
    made = from_fhir(
        {
            "resourceType": "DiagnosticReport", "id": "1", "status": "final", "conclusion": "BI-RADS 4",
            "conclusionCode": [{"coding": [{"system": "https://rad.example", "code": "B4"}]}],
        }
    )  # fmt: skip
    assert (made.conclusion.text, [c.code for c in made.conclusion.codings]) == ("BI-RADS 4", ["B4"])


# --- ordered and overdue ----------------------------------------------------------------------------------------------


def test_an_order_without_result_becomes_overdue_and_keeps_its_date_and_who() -> None:
    order = fact("ServiceRequest", loinc("4548-4"), "2026-10-20", who="Dr Tanaka")
    found = look(glycaemic.RULE, order)
    assert (found.under_way, found.overdue) == (None, order)
    assert (found.overdue.who, found.overdue.when) == ("Dr Tanaka", on("2026-10-20"))
    assert look(glycaemic.RULE, fact("ServiceRequest", loinc("4548-4"), "2026-10-21")).overdue is None


def test_an_order_that_was_answered_is_not_overdue() -> None:
    order = fact("ServiceRequest", loinc("4548-4"), "2026-05-20")
    assert look(glycaemic.RULE, order, hba1c("9.9", "2026-06-01")).overdue is None
    assert look(glycaemic.RULE, order, hba1c("9.9", "2026-05-01")).overdue == order


@pytest.mark.parametrize("status", ["revoked", "completed", "draft", "entered-in-error"])
def test_an_order_that_is_over_is_not_overdue(status: str) -> None:
    assert look(glycaemic.RULE, fact("ServiceRequest", loinc("4548-4"), "2026-05-20", status=status)).overdue is None


def test_a_newer_order_is_waited_for_though_an_older_one_is_overdue() -> None:
    old, new = (fact("ServiceRequest", hcpcs("G0121"), day) for day in ("2026-01-01", "2026-11-01"))
    found = look(colorectal.RULE, old, new)
    assert (found.under_way, found.overdue) == (new, old)


def test_a_booking_that_has_passed_is_neither() -> None:
    missed = worded("Appointment", "Mammogram", "2026-11-01")
    assert (look(breast.RULE, missed).under_way, look(breast.RULE, missed).overdue) == (None, None)
