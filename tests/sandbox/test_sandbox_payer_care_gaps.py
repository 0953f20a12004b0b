"""`Measure/$care-gaps` as DEQM US 5.0.0 shapes it, and the choices in which the two payers differ."""

from __future__ import annotations

from typing import Any

import pytest
from payer_client import PayerHouse, bundles, extension, resources

DEQM = "http://hl7.org/fhir/us/davinci-deqm"
ALL = ("open-gap", "closed-gap", "prospective-gap", "not-applicable")
PERIOD: dict[str, Any] = {"periodStart": "2026-01-01", "periodEnd": "2026-12-31"}


def statuses(bundle: dict[str, Any]) -> dict[str, str]:
    """Report id -> status of the DetectedIssue that points at it."""
    found = {}
    for issue in resources(bundle, "DetectedIssue"):
        gap = extension(issue, f"{DEQM}/StructureDefinition/extension-gapStatus", "modifierExtension")
        report = issue["evidence"][0]["detail"][0]["reference"].rsplit("/", 1)[-1]
        found[report] = gap["valueCodeableConcept"]["coding"][0]["code"]
    return found


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {p["code"]["coding"][0]["code"]: p["count"] for p in report["group"][0]["population"]}


def test_northwind_answers_with_a_document() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431"))
    assert bundle["type"] == "document"
    assert bundle["identifier"]["value"]
    assert bundle["timestamp"]
    composition = bundle["entry"][0]["resource"]
    assert composition["type"]["coding"][0]["code"] == "96315-7"
    full_urls = {"/".join(entry["fullUrl"].rsplit("/", 2)[-2:]) for entry in bundle["entry"]}
    for section in composition["section"]:
        assert section["title"]
        assert section["focus"]["reference"] in full_urls
        assert {entry["reference"] for entry in section["entry"]} <= full_urls
    assert [p["id"] for p in resources(bundle, "Patient")] == ["nw-77120431"]
    assert resources(bundle, "Organization")[0]["name"] == "Northwind Health Plan"


def test_each_report_is_dated_scored_and_says_how_old_its_data_are() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431"))
    for report in resources(bundle, "MeasureReport"):
        assert report["measure"].endswith("|2026")
        assert report["type"] == "individual"
        assert report["date"]
        assert report["period"] == {"start": "2026-01-01", "end": "2026-12-31"}
        assert extension(report, f"{DEQM}/StructureDefinition/extension-measureScoring")
        through = extension(report, "https://northwind.example/fhir/StructureDefinition/data-through")
        assert through["valueDate"] < report["date"]


def test_status_and_populations_agree_also_where_the_measure_is_inverse() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431"))
    reports = {report["id"]: report for report in resources(bundle, "MeasureReport")}
    assert statuses(bundle) == {
        "nw-77120431-glycemic-status-2026": "open-gap",
        "nw-77120431-blood-pressure-2026": "closed-gap",
        "nw-77120431-colorectal-2026": "closed-gap",
    }
    inverse = reports["nw-77120431-glycemic-status-2026"]
    assert inverse["improvementNotation"]["coding"][0]["code"] == "decrease"
    assert counts(inverse)["numerator"] == 1  # the bad outcome
    assert counts(reports["nw-77120431-blood-pressure-2026"])["numerator"] == 1


def test_reasons_come_as_guidance_responses_and_may_point_at_the_datum() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-66712090"))
    (guidance,) = resources(bundle, "GuidanceResponse")
    reason = guidance["reasonCode"][0]
    assert reason["coding"][0]["code"] == "ValueOutOfRange"
    detail = {part["url"]: part for part in reason["extension"][0]["extension"]}
    observation = resources(bundle, "Observation")[0]
    assert detail["reference"]["valueReference"]["reference"] == f"Observation/{observation['id']}"
    assert observation["valueQuantity"]["value"] == 10.4
    issue = next(i for i in resources(bundle, "DetectedIssue") if "glycemic" in i["id"])
    assert {"reference": f"GuidanceResponse/{guidance['id']}"} in [e["detail"][0] for e in issue["evidence"]]


def test_evaluated_resources_say_which_population_they_satisfied() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431"))
    report = next(r for r in resources(bundle, "MeasureReport") if "colorectal" in r["id"])
    (evaluated,) = report["evaluatedResource"]
    assert extension(evaluated, "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference")["valueString"]
    assert evaluated["reference"].removeprefix("Procedure/") in {p["id"] for p in resources(bundle, "Procedure")}


def test_lakeside_answers_with_a_collection_without_issues_and_without_evidence() -> None:
    (bundle,) = bundles(PayerHouse("lakeside").gaps("8f41c2"))
    assert bundle["type"] == "collection"
    assert not resources(bundle, "Composition")
    assert not resources(bundle, "DetectedIssue")
    assert not resources(bundle, "Procedure")
    for report in resources(bundle, "MeasureReport"):
        assert report["subject"]["reference"] == "http://localhost:8601/fhir/Patient/8f41c2"
        assert not extension(report, "https://northwind.example/fhir/StructureDefinition/data-through")
        assert counts(report)["denominator"] == 1


def test_lakesides_evidence_is_read_one_by_one() -> None:
    house = PayerHouse("lakeside")
    (bundle,) = bundles(house.gaps("8f41c2"))
    report = next(r for r in resources(bundle, "MeasureReport") if "breast" in r["id"])
    reference = report["evaluatedResource"][0]["reference"].removeprefix("http://localhost:8601/fhir/")
    assert house.get(reference).status_code == 200


def test_a_payer_may_send_one_bundle_for_each_measure_and_refer_to_what_cannot_be_read() -> None:
    house = PayerHouse()
    answer = bundles(house.gaps("nw-62049971"))
    assert [len(resources(bundle, "MeasureReport")) for bundle in answer] == [1, 1, 1]
    report = resources(answer[0], "MeasureReport")[0]
    assert house.get(report["evaluatedResource"][0]["reference"]).status_code == 404


def test_a_document_can_be_declined() -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431", isDocument="false"))
    assert bundle["type"] == "collection"
    assert not resources(bundle, "Composition")
    assert resources(bundle, "DetectedIssue")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("open-gap",), {"open-gap"}),
        (("closed-gap", "not-applicable"), {"closed-gap", "not-applicable"}),
        (("prospective-gap",), set()),
    ],
)
def test_only_the_statuses_asked_for_are_returned(asked: tuple[str, ...], found: set[str]) -> None:
    patient = "nw-11804402" if "not-applicable" in asked else "nw-77120431"
    answer = bundles(PayerHouse().gaps(patient, asked))
    assert {status for bundle in answer for status in statuses(bundle).values()} == found
    if not found:
        assert answer == []


def test_a_status_outside_the_code_system_is_sent_whatever_was_asked_for() -> None:
    answer = bundles(PayerHouse().gaps("nw-62049971", ("open-gap",)))
    assert {status for bundle in answer for status in statuses(bundle).values()} == {"open-gap", "under-review"}


def test_a_period_without_reports_gives_parameters_without_a_bundle() -> None:
    last_year = {"periodStart": "2025-01-01", "periodEnd": "2025-12-31"}
    assert PayerHouse().gaps("nw-77120431", ALL, **last_year) == {"resourceType": "Parameters"}


@pytest.mark.parametrize(
    "named",
    [
        {"measureUrl": "https://northwind.example/Measure/colorectal"},
        {"measureUrl": "https://northwind.example/Measure/colorectal|2026"},
        {"measureId": "colorectal-2026"},
        {"measureIdentifier": "https://northwind.example/Measure-number|NW-02"},
    ],
)
def test_measures_can_be_named(named: dict[str, str]) -> None:
    (bundle,) = bundles(PayerHouse().gaps("nw-77120431", ALL, **named))
    assert [r["id"] for r in resources(bundle, "MeasureReport")] == ["nw-77120431-colorectal-2026"]


def test_post_with_parameters_asks_the_same() -> None:
    house = PayerHouse()
    parameters = [
        {"name": "periodStart", "valueDate": "2026-01-01"},
        {"name": "periodEnd", "valueDate": "2026-12-31"},
        {"name": "subject", "valueString": "Patient/nw-77120431"},
        {"name": "status", "valueCode": "open-gap"},
        {"name": "status", "valueCode": "closed-gap"},
    ]
    answer = house.post("Measure/$care-gaps", {"resourceType": "Parameters", "parameter": parameters})
    assert answer.get_json(force=True) == house.gaps("nw-77120431")


@pytest.mark.parametrize(
    "query",
    [
        {"subject": "Patient/nw-77120431", **PERIOD},
        {"subject": "Patient/nw-77120431", **PERIOD, "status": "open"},
        {"subject": "Patient/nw-77120431", "periodStart": "2026-01-01", "status": "open-gap"},
        {"subject": "Patient/nw-77120431", "periodStart": "2026", "periodEnd": "2026-12-31", "status": "open-gap"},
        {**PERIOD, "status": "open-gap"},
        {"subject": ["Patient/nw-77120431", "Patient/nw-11804402"], **PERIOD, "status": "open-gap"},
        {"subject": "Patient/nw-77120431", **PERIOD, "status": "open-gap", "program": "x"},
    ],
)
def test_a_request_that_the_operation_does_not_allow_is_refused(query: dict[str, Any]) -> None:
    answer = PayerHouse().get("Measure/$care-gaps", **query)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["resourceType"] == "OperationOutcome"


def test_a_subject_that_nobody_knows_is_not_an_empty_answer() -> None:
    answer = PayerHouse().get("Measure/$care-gaps", subject="Patient/p-1001", status="open-gap", **PERIOD)
    assert answer.status_code == 404


def test_measures_can_be_looked_up_by_their_canonical() -> None:
    house = PayerHouse()
    found = house.get("Measure", url="https://northwind.example/Measure/glycemic-status|2026").get_json(force=True)
    (entry,) = found["entry"]
    assert entry["resource"]["title"].startswith("Glycemic Status")
    assert house.get("Measure/glycemic-status-2026").status_code == 200
    assert house.get("Measure", url="https://northwind.example/Measure/none").get_json(force=True)["total"] == 0
