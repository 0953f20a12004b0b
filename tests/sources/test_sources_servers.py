"""Each dialect and each deviating server, read from what it sends."""

from __future__ import annotations

from typing import Any

import pytest
import sources_dialects as dialects
import sources_payloads as say
from sources_payloads import ASKED, ENTRY, MEMBER, answer, coded, document, extension
from sources_wire import NOW

from app.core.report import GapReason, Report
from app.sources.payer import care_gaps, risk


def gaps_of(body: Any) -> tuple[Report, tuple[str, ...]]:
    return care_gaps.read(body, ENTRY, MEMBER, ASKED, NOW, lambda ref: None, spoken="x", statuses=("open-gap",))


def risk_of(body: Any, **more: Any) -> tuple[Report, tuple[str, ...]]:
    return risk.read([body], ENTRY, MEMBER, ASKED, NOW, lambda ref: None, **more)


#: (group, status, derived, remarks, evidence, the payer's words)
SAID: dict[str, list[tuple[str, str, bool, int, int, str]]] = {
    "usual": [("g1", "open-gap", False, 0, 1, "Diabetes: HbA1c")],
    "us-3.1": [("g1", "closed-gap", False, 0, 1, "Colorectal screening")],
    "us-4": [("g1", "open-gap", False, 0, 0, "HbA1c"), ("g2", "not-applicable", False, 0, 0, "Breast screening")],
    "us-5-collection": [("first", "open-gap", True, 1, 0, ""), ("second", "open-gap", True, 0, 0, "")],
    "uv": [("rate-1", "prospective-gap", False, 1, 1, "Colorectal screening")],
    "fqm": [("g1", "open-gap", True, 0, 0, "")],
    "deqm-test-server": [("g1", "open-gap", True, 0, 0, "")] * 2,
    "hapi": [("a", "closed-gap", False, 0, 0, "Depression"), ("b", "open-gap", False, 0, 0, "Depression")],
    "hapi-non-document": [("a", "closed-gap", False, 0, 0, ""), ("b", "open-gap", False, 0, 0, "")],
}


@pytest.mark.parametrize("name", dialects.GAPS)
def test_a_gap_answer_is_read_in_every_shape(name: str) -> None:
    report, missing = gaps_of(dialects.GAPS[name]())
    found = [
        (g.group_id, g.status.value, g.derived, g.remarks, len(g.evidence), g.payer_words) for g in report.gaps
    ]  # fmt: skip
    assert found == SAID[name]
    assert missing == ()
    assert [line for line in report.unreadable if "contradict" not in line] == []
    assert (report.dialect, report.asked) == ("x", ("open-gap",))


def test_the_reasons_of_both_trees_are_read() -> None:
    (gap,) = gaps_of(dialects.uv())[0].gaps
    assert gap.reasons == (
        GapReason("NonComputableDocumentation", "NonComputableDocumentation", "Procedure/p1 performed"),
    )
    assert gap.status_words == "Prospective Gap"
    (gap,) = gaps_of(dialects.fqm())[0].gaps
    assert [reason.code for reason in gap.reasons] == ["NotFound", "DateOutOfRange"]
    assert gap.measure.title == "", "a canonical is no title"


def test_a_program_is_named_in_words() -> None:
    (gap,) = gaps_of(dialects.uv())[0].gaps
    assert gap.contract == "Northwind Advantage 2026"
    first, second = gaps_of(dialects.us_5_collection())[0].gaps
    assert first.contract == second.contract == "stars 2026"
    assert (first.improvement, second.improvement) == ("increase", "decrease")
    program = say.US + "/extension-reportingProgram"
    library = {"resourceType": "Library", "id": "l", "url": "https://n.example/Library/s", "title": "Stars"}
    told: list[tuple[dict[str, Any], str]] = [
        ({"valueCanonical": "https://n.example/Library/s|2026"}, "Stars 2026"),
        ({"valueReference": {"reference": "Organization/o", "display": "Riverbend ACO"}}, "Riverbend ACO"),
        ({"valueReference": {"reference": "Library/aco"}}, "aco"),
        ({"valueIdentifier": {"assigner": {"display": "CMS"}}}, "CMS"),
        ({"valueCodeableConcept": {"text": "Medicare Advantage"}}, "Medicare Advantage"),
        ({"valueString": "MSSP"}, "MSSP"),
        ({}, ""),
    ]
    for value, words in told:
        report = say.gap_report(extension=[extension(program, **value)])
        assert gaps_of(answer(document(report, library)))[0].gaps[0].contract == words
    both = [extension(program, valueString="A"), extension(program, valueString="B")]
    assert gaps_of(answer(document(say.gap_report(extension=both))))[0].gaps[0].contract == "A, B"


def test_an_answer_in_place_of_a_resource_is_counted() -> None:
    body = dialects.us_4()
    body["parameter"] += [{"name": "return"}, "x", {"name": "return", "resource": [say.gap_report("r9")]}]
    report, missing = gaps_of(body)
    assert len(report.gaps) == 2
    assert missing == ("reports or findings that could not be read: 3",)


def test_entries_that_are_no_list_and_groups_that_are_none_are_counted() -> None:
    body = dialects.us_4()
    body["parameter"].append({"name": "return", "resource": {"resourceType": "Bundle", "entry": {"value": ["lost"]}}})
    body["parameter"].append({"name": "return", "resource": document(say.gap_report("r3", say.group()) | {
        "group": [say.group("g3"), ["x"]]
    })})  # fmt: skip
    report, missing = gaps_of(body)
    assert [g.group_id for g in report.gaps] == ["g1", "g2", "g3"]
    assert missing == ("reports or findings that could not be read: 3",)
    assert "MeasureReport/r3: has a group that cannot be read" in report.unreadable


def test_an_entry_of_no_type_is_counted_and_a_report_inside_it_read() -> None:
    odd = {"resourceType": "urn:uuid:", "contained": [say.gap_report("in")]}
    report, missing = gaps_of(answer(document(say.gap_report(), odd)))
    assert [g.report_id for g in report.gaps] == ["r1", "in"]
    assert missing == ("reports or findings that could not be read: 1",)
    assert risk_of(document(say.risk_report(), odd))[1] == ("reports that could not be read: 1",)


def test_what_a_resource_contains_and_is_none_is_counted() -> None:
    odd = say.issue("d1", contained={"value": [say.gap_report("in")]})
    report, missing = gaps_of(answer(document(say.gap_report(), odd)))
    assert [g.status_words for g in report.gaps] == ["open-gap"]
    assert report.unreadable == ("DetectedIssue/d1: contains something that is not a resource",)
    assert missing == ("reports or findings that could not be read: 1",)


def test_bundles_within_bundles_without_end_are_counted() -> None:
    body = document(say.gap_report())
    for _ in range(6):
        body = {"resourceType": "Bundle", "entry": [{"resource": body}]}
    body["entry"].append({"resource": say.gap_report("r2")})
    report, missing = gaps_of(body)
    assert [g.report_id for g in report.gaps] == ["r2"]
    assert missing == ("reports or findings that could not be read: 1",)


def test_a_report_in_a_retracted_issue_stands_by_itself() -> None:
    inside = say.issue("d1", "closed-gap", contained=[say.gap_report("in")]) | {"status": "entered-in-error"}
    (gap,) = gaps_of(answer(document(inside)))[0].gaps
    assert (gap.report_id, gap.status.value, gap.derived) == ("in", "open-gap", True)


# --- RA ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "statuses", "kinds"),
    [
        ("ra-1.0", ["open-gap"], ["suspected"]),
        ("ra-2.0", ["invalid-gap"], ["suspected"]),
        ("ra-2.1", ["open-gap", "open-gap"], ["suspected", "historic"]),
        ("ra-3.0", ["open-gap", "open-gap"], ["suspected", "historic"]),
    ],
)
def test_a_risk_answer_is_read_in_every_version(name: str, statuses: list[str], kinds: list[str]) -> None:
    report, missing = risk_of(dialects.RISKS[name](), spoken=name)
    assert [c.evidence_status for c in report.categories] == statuses
    assert [c.cc_type for c in report.categories] == kinds
    assert (missing, report.unreadable, report.dialect) == ((), (), name)
    assert report.subject is not None


def test_what_each_version_says_elsewhere_is_read_too() -> None:
    report, _ = risk_of(dialects.ra_1())
    assert report.outcomes == ("RxHCC was not run",)
    assert [(e.what, e.setting) for e in report.categories[0].evidence] == [("Diabetes with kidney disease", "AMB")]
    (found,) = risk_of(dialects.ra_2_0())[0].categories
    assert ([c.label for c in found.qualifying], found.remarks) == (["E11.21", "E11.29"], 1)
    assert [c.label for c in risk_of(dialects.ra_3())[0].categories[0].qualifying] == ["E11.21"]


def test_a_report_of_another_request_is_not_ours() -> None:
    assert len(risk_of(dialects.ra_3("mine"), context="mine")[0].categories) == 2
    assert len(risk_of(dialects.ra_3(), context="mine")[0].categories) == 2, "a payer need not echo it"
    assert len(risk_of(dialects.ra_3("theirs"))[0].categories) == 2, "found by search, it is nobody's request"
    body = dialects.ra_3("mine")
    body["parameter"].append(dialects.ra_3("theirs")["parameter"][0])
    body["parameter"][1]["resource"]["entry"][0]["resource"]["id"] = "rr2"
    report, missing = risk_of(body, context="mine")
    assert {c.report_id for c in report.categories} == {"rr1"}
    assert report.unreadable == ("MeasureReport/rr2: answers another request",)
    assert missing == ("reports that could not be read: 1",)


def test_hints_about_an_ignored_parameter_are_no_news_but_errors_are() -> None:
    def outcome(severity: str, code: str, text: str) -> dict[str, Any]:
        return {"resourceType": "OperationOutcome", "issue": [
            {"severity": severity, "code": code, "diagnostics": text},
        ]}  # fmt: skip

    body = say.usual_risk()
    body["entry"] += [
        {"resource": outcome("warning", "not-supported", "category ignored"), "search": {"mode": "outcome"}},
        {"resource": outcome("information", "not-supported", "_include ignored")},
    ]
    assert risk_of(body)[0].outcomes == ()
    assert risk_of(body)[1] == ()
    body["entry"].append({"resource": outcome("error", "not-supported", "half of it")})
    body["entry"].append({"resource": outcome("warning", "incomplete", "one model is missing")})
    assert risk_of(body)[0].outcomes == ("half of it", "one model is missing")
    gaps = answer(document(say.gap_report()), outcome("warning", "not-supported", "status ignored"))
    assert gaps_of(gaps)[0].outcomes == ("status ignored",), "nothing checks that elsewhere"


def test_a_report_of_no_kind_that_we_know_is_counted_and_a_quality_report_is_not() -> None:
    bare = say.category(extension=[])
    quality = say.gap_report("q1")
    stated = say.gap_report("q2", {"id": "g"}, meta={"profile": [say.US + "/indv-measurereport-deqm"]})
    odd = [say.risk_report("o1", bare, marked=""), say.risk_report("o2", bare, marked="new-kind")]
    report, missing = risk_of(document(say.risk_report("a"), quality, stated, *odd))
    assert {c.report_id for c in report.categories} == {"a"}
    assert report.unreadable == (
        "MeasureReport/o1: says nothing of its category", "MeasureReport/o2: of a category that we do not know",
    )  # fmt: skip
    assert missing == ()


def test_a_report_that_comes_twice_is_said_once() -> None:
    body = say.usual_risk()
    body["entry"] += body["entry"][:1]
    assert len(risk_of(body)[0].categories) == 2


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_a_result_is_evidence_with_its_value() -> None:
    observation = {"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/m1"}}
    pressure = [
        {"code": coded("8480-6", "Systolic"), "valueQuantity": {"value": 152, "unit": "mmHg"}},
        {"code": coded("8462-4", "Diastolic"), "valueQuantity": {"value": 94.5, "unit": "mmHg"}},
        {"code": coded("x", "Position"), "valueCodeableConcept": {"text": "seated"}},
        {"code": coded("y", "Cuff fits"), "valueBoolean": True},
    ]
    in_words = "Systolic 152 mmHg; Diastolic 94.5 mmHg; Position seated; Cuff fits yes"
    told: list[tuple[dict[str, Any], str]] = [
        ({"valueQuantity": {"value": 9.3, "unit": "%"}}, "9.3 %"), ({"component": pressure}, in_words), ({}, ""),
    ]  # fmt: skip
    for more, words in told:
        report = say.gap_report(evaluatedResource=[{"reference": "Observation/o"}])
        (evidence,) = gaps_of(answer(document(report, observation | more)))[0].gaps[0].evidence
        value = evidence.value
        shown = f"{value.value} {value.unit}" if hasattr(value, "unit") else value or ""
        assert (shown, evidence.status) == (words, "final")


def test_where_a_diagnosis_was_made_is_read_where_it_did_not_ride_along() -> None:
    body = dialects.ra_1()
    entries = body["parameter"][0]["resource"]["entry"]
    visit = entries.pop()["resource"]
    asked: list[str] = []

    def fetch(about: str) -> Any:
        def read(ref: str) -> Any:
            asked.append(ref)
            return care_gaps.Entry(visit | {"subject": {"reference": about}})

        return read

    for about, setting in (("Patient/m1", "AMB"), ("Patient/m2", "")):
        report, _ = risk.read([body], ENTRY, MEMBER, ASKED, NOW, fetch(about))
        assert report.categories[0].evidence[0].setting == setting
    assert asked == ["Encounter/e1"] * 2
    denied = entries[2]["resource"]
    denied["verificationStatus"] = coded("refuted")
    assert risk_of(body)[0].categories[0].evidence[0].status == "refuted"
