"""The payers' dialects: DEQM universal 1.0 with 202 and RA 3.0 at Harbor, DEQM US 3.1 and RA 1.0 at Meridian."""

from __future__ import annotations

import json
from typing import Any

import pytest
from payer_client import BASE, PayerHouse, body_of, bundles, extension, resources, risk_gap, stories

from sandbox_config.payer.catalogue import MEASURES

UV = "http://hl7.org/fhir/uv/deqm"
US = "http://hl7.org/fhir/us/davinci-deqm"
RA = "http://hl7.org/fhir/us/davinci-ra"
GLYCEMIC = {"measureUrl": "https://harbor.example/Measure/glycemic-status"}


def patient(story: str, payer: str) -> str:
    return str(stories()[story].payers[payer].patient["id"])


@pytest.fixture(name="harbor")
def _harbor() -> PayerHouse:
    return PayerHouse("harbor")


@pytest.fixture(name="meridian")
def _meridian() -> PayerHouse:
    return PayerHouse("meridian")


def rest(house: PayerHouse) -> dict[str, Any]:
    statement = body_of(house.http.get("/fhir/metadata"))
    return {each["type"]: each for each in statement["rest"][0]["resource"]} | {"": statement}


# --- what they say of themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payer", "care_gaps", "guides", "risk"),
    [
        ("northwind", US, {"hl7.fhir.us.davinci-deqm|5.0.0", "hl7.fhir.us.davinci-ra|2.1.0"}, None),
        ("harbor", UV, {"hl7.fhir.uv.deqm|1.0.0", "hl7.fhir.us.davinci-ra|3.0.0-ballot"}, "risk-gap"),
        ("meridian", US, {"hl7.fhir.us.davinci-deqm|3.1.0", "hl7.fhir.us.davinci-ra|1.0.0"}, "report"),
    ],
)
def test_metadata_tell_the_dialects_apart(payer: str, care_gaps: str, guides: set[str], risk: str | None) -> None:
    said = rest(PayerHouse(payer))
    assert said["Measure"]["operation"][0]["definition"] == f"{care_gaps}/OperationDefinition/care-gaps"
    assert {guide.rpartition("/")[2] for guide in said[""]["implementationGuide"]} == guides
    assert [o["name"] for o in said["MeasureReport"].get("operation", ())] == ([risk] if risk else [])


# --- DEQM universal ---------------------------------------------------------------------------------------------------


def test_harbor_wants_every_measure_named(harbor: PayerHouse) -> None:
    answer = harbor.ask_gaps(patient("three-contracts", "harbor"), ("open-gap",))
    assert (answer.status_code, "measureUrl" in answer.text) == (400, True)
    by_id = harbor.ask_gaps(patient("three-contracts", "harbor"), ("open-gap",), **GLYCEMIC, measureId="x")
    assert by_id.status_code == 400  # universal DEQM has no measureId


def test_harbors_measures_can_be_listed_page_by_page(harbor: PayerHouse) -> None:
    found, url = set(), "Measure?status=active"
    while url:
        bundle = body_of(harbor.http.get(f"/fhir/{url}", headers=harbor.bearer()))
        found |= {entry["resource"]["url"] for entry in bundle["entry"]}
        url = next((n["url"].partition("/fhir/")[2] for n in bundle["link"] if n["relation"] == "next"), "")
    assert found == {measure.url for measure in MEASURES["harbor"].values()}


def test_harbor_answers_202_and_says_where_and_when(harbor: PayerHouse) -> None:
    first = harbor.ask_gaps(patient("three-contracts", "harbor"), ("open-gap",), **GLYCEMIC)
    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")
    where = first.headers["Content-Location"].removeprefix(f"{BASE}/fhir/")
    assert harbor.get(where).status_code == 202
    assert harbor.http.get(f"/fhir/{where}").status_code == 401
    assert harbor.get("_later/made-up").status_code == 404
    assert harbor.gaps(patient("three-contracts", "harbor"), ("open-gap",), **GLYCEMIC)["resourceType"] == "Parameters"


def test_a_prepared_answer_may_be_a_bulk_manifest_or_never_come(harbor: PayerHouse) -> None:
    who = patient("three-contracts", "harbor")
    harbor.http.post("/_faults", json={"add": ["bulk-output"]})
    where = harbor.ask_gaps(who, ("open-gap",), **GLYCEMIC).headers["Content-Location"].removeprefix(f"{BASE}/fhir/")
    harbor.now = harbor.now.replace(minute=1)
    (output,) = json.loads(harbor.get(where).text)["output"]
    line = json.loads(harbor.get(output["url"].removeprefix(f"{BASE}/fhir/")).text)
    assert resources(bundles(line)[0], "MeasureReport")
    harbor.http.post("/_faults", json={"add": ["forever-202"]})
    assert harbor.get(where).status_code == 202


def test_harbor_writes_the_universal_tree(harbor: PayerHouse) -> None:
    (bundle,) = bundles(harbor.gaps(patient("three-contracts", "harbor"), ("open-gap",), **GLYCEMIC))
    assert bundle["type"] == "collection"
    assert US not in json.dumps(bundle)
    (report,), (issue,) = resources(bundle, "MeasureReport"), resources(bundle, "DetectedIssue")
    status = extension(issue, f"{UV}/StructureDefinition/deqm-gapStatus", "modifierExtension")["valueCodeableConcept"]
    assert status["coding"][0]["system"] == f"{UV}/CodeSystem/deqm-gaps-status"
    program = extension(report, f"{UV}/StructureDefinition/deqm-reportingProgram")
    assert program["valueIdentifier"]["value"] == "Harbor Shared Savings"
    assert "improvementNotation" not in report
    notation = extension(report["group"][0], f"{UV}/StructureDefinition/deqm-groupImprovementNotation")
    assert notation["valueCodeableConcept"]["coding"][0]["code"] == "decrease"
    assert all(population["extension"][0]["valueString"] for population in report["group"][0]["population"])


def test_a_measure_of_two_rates_has_two_groups_and_two_issues(harbor: PayerHouse) -> None:
    url = {"measureUrl": "https://harbor.example/Measure/follow-up-after-emergency|2026"}
    (bundle,) = bundles(harbor.gaps(patient("several-rates", "harbor"), ("open-gap",), **url))
    (report,) = resources(bundle, "MeasureReport")
    named = {
        extension(issue, "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference")["valueString"]: issue
        for issue in resources(bundle, "DetectedIssue")
    }
    assert list(named) == [group["id"] for group in report["group"]]
    assert len(named) == 2


# --- DEQM US 3.1 ------------------------------------------------------------------------------------------------------


def test_meridian_knows_open_and_closed_only_and_always_sends_a_document(meridian: PayerHouse) -> None:
    who = patient("three-contracts", "meridian")
    assert meridian.ask_gaps(who, ("open-gap", "not-applicable")).status_code == 400
    assert meridian.ask_gaps(who, ("open-gap",), isDocument="false").status_code == 400
    (bundle,) = bundles(meridian.gaps(who))
    assert bundle["type"] == "document"
    assert resources(bundle, "Composition")
    assert "reportingProgram" not in json.dumps(bundle)


# --- RA 1.0 and 3.0 ---------------------------------------------------------------------------------------------------


def test_meridian_reports_on_request_and_cannot_be_searched(meridian: PayerHouse) -> None:
    who = patient("own-model", "meridian")
    assert meridian.get("MeasureReport", patient=f"Patient/{who}").status_code == 400
    (bundle,) = bundles(meridian.any_risk(who))
    (report,) = resources(bundle, "MeasureReport")
    (group,) = report["group"]
    kind = extension(group, f"{RA}/StructureDefinition/ra-suspectType")["valueCodeableConcept"]["coding"][0]
    assert (kind["system"], kind["code"]) == (f"{RA}/CodeSystem/suspect-type", "historic")
    assert not any(e["url"].endswith(("ra-dxCode", "ra-ccType")) for e in group["extension"])
    assert not extension(report, "http://hl7.org/fhir/StructureDefinition/measurereport-category")
    assert resources(bundle, "Patient")
    assert meridian.get("MeasureReport/$report", subject=f"Patient/{who}").status_code == 400


def test_risk_gap_returns_the_context_and_wants_the_members_coverage(harbor: PayerHouse) -> None:
    who = patient("both-models", "harbor")
    asking, header = risk_gap(who, harbor.number_of(who)), harbor.bearer()
    made = body_of(harbor.post("MeasureReport/$risk-gap", asking, {**header, "contextId": "visit-7"}))
    assert made["type"] == "collection"
    (report,) = resources(made, "MeasureReport")
    assert extension(report, f"{RA}/StructureDefinition/ra-contextId")["valueId"] == "visit-7"
    harbor.http.post("/_faults", json={"add": ["other-context"]})
    other = body_of(harbor.post("MeasureReport/$risk-gap", asking, {**header, "contextId": "visit-7"}))
    (report,) = resources(other, "MeasureReport")
    assert extension(report, f"{RA}/StructureDefinition/ra-contextId")["valueId"] != "visit-7"
    for wrong in (risk_gap(who, "HM000"), risk_gap(who, harbor.number_of(who), data=None)):
        assert harbor.post("MeasureReport/$risk-gap", wrong).status_code in (400, 422)
    assert PayerHouse().post("MeasureReport/$risk-gap", asking).status_code == 404


def test_harbors_reports_can_be_searched_too(harbor: PayerHouse) -> None:
    bundle = harbor.risk(patient("both-models", "harbor"))
    (report,) = resources(bundle, "MeasureReport")
    assert report["group"][0]["code"]["coding"][0]["system"].endswith("/cmsrxhcc")


# --- time passes ------------------------------------------------------------------------------------------------------


def test_a_month_later_a_gap_is_closed_and_another_is_new() -> None:
    house, who = PayerHouse(), patient("changed-since", "northwind")

    def open_now() -> set[str]:
        found = bundles(house.gaps(who, ("open-gap",)))
        return {r["measure"].rpartition("/")[2] for bundle in found for r in resources(bundle, "MeasureReport")}

    assert open_now() == {"eye-exam|2026"}
    house.http.post("/_faults", json={"add": ["a-month-later"]})
    assert open_now() == {"breast|2026"}


def test_the_program_is_named_by_those_who_can() -> None:
    house = PayerHouse()
    (bundle,) = bundles(house.gaps("nw-77120431", ("open-gap",)))
    (report,) = resources(bundle, "MeasureReport")
    program = extension(report, f"{US}/StructureDefinition/extension-reportingProgram")
    assert program["valueIdentifier"]["value"] == "Northwind Quality Partnership"


def test_a_remark_may_come_back() -> None:
    (bundle,) = bundles(PayerHouse().gaps(patient("ordered-by-whom", "northwind"), ("open-gap",)))
    (report,) = resources(bundle, "MeasureReport")
    remark = extension(report["group"][0], f"{US}/StructureDefinition/extension-careGapRemark")
    assert {part["url"] for part in remark["extension"]} == {"author", "authorDatetime", "code"}


# --- servers as people run them ---------------------------------------------------------------------------------------


def test_fqm_execution_points_at_contained_reasons_and_says_no_status() -> None:
    made = bundles(PayerHouse().gaps(patient("shape-fqm-execution", "northwind")))
    assert len(made) == 2
    for bundle in made:
        assert not {"identifier", "timestamp", "id"} & set(bundle)
        assert not any("fullUrl" in entry for entry in bundle["entry"])
        assert resources(bundle, "Composition")[0]["type"]["coding"][0]["code"] == "gaps-doc"
    (issue,) = [issue for bundle in made for issue in resources(bundle, "DetectedIssue")]
    assert "modifierExtension" not in issue
    assert issue["evidence"][0]["detail"][0]["reference"] == f"#{issue['contained'][0]['id']}"


def test_deqm_test_server_implements_one_status() -> None:
    house, who = PayerHouse(), "nw-77120431"
    house.http.post("/_faults", json={"add": ["deqm-test-server"]})
    assert house.ask_gaps(who, ("open-gap", "closed-gap")).status_code == 501
    assert len(bundles(house.gaps(who, ("open-gap",)))) == 1


def test_hapi_puts_the_report_into_the_issue() -> None:
    (bundle,) = bundles(PayerHouse().gaps(patient("shape-hapi", "northwind")))
    assert bundle["type"] == "document"
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"DetectedIssue"}
    for issue in resources(bundle, "DetectedIssue"):
        assert issue["contained"][0]["resourceType"] == "MeasureReport"
        assert issue["evidence"][0]["detail"][0]["reference"] == f"#{issue['contained'][0]['id']}"
