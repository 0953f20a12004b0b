"""Who a patient is at a payer: by identifier, by HRex `$member-match`, or nobody."""

from __future__ import annotations

from typing import Any

import pytest
from payer_client import PayerHouse, body_of, stories

SYSTEM = "https://northwind.example/member-id"


def match_request(scenario: str, payer: str, **changed: Any) -> dict[str, Any]:
    """A `$member-match` body from the chart of a scenario."""
    story = stories()[scenario]
    patient = {**next(story.of("Patient")), **changed}
    coverage = next(c for c in story.of("Coverage") if c["payor"][0]["reference"].endswith(payer))
    named = {"MemberPatient": patient, "CoverageToMatch": coverage}
    return {"resourceType": "Parameters", "parameter": [{"name": n, "resource": r} for n, r in named.items()]}


def test_a_member_is_found_by_identifier_under_an_id_of_the_payers_own() -> None:
    found = body_of(PayerHouse().get("Patient", identifier=f"{SYSTEM}|NW-2048-1177"))
    assert found["total"] == 1
    patient = found["entry"][0]["resource"]
    assert patient["id"] != stories()["one-open-gap"].patient_id
    assert patient["identifier"][0]["value"] == "NW-2048-1177"


@pytest.mark.parametrize("identifier", [f"{SYSTEM}|NW-0000-1234", "https://other.example|NW-2048-1177", "NW-2048-1177"])
def test_another_number_or_system_finds_nobody(identifier: str) -> None:
    assert body_of(PayerHouse().get("Patient", identifier=identifier))["total"] == 0


def test_northwind_takes_a_search_by_post_and_lakeside_does_not() -> None:
    for payer, status in (("northwind", 200), ("lakeside", 405)):
        house = PayerHouse(payer)
        form = {"identifier": f"{SYSTEM}|NW-2048-1177"}
        assert house.http.post("/fhir/Patient/_search", data=form, headers=house.bearer()).status_code == status


def test_lakeside_has_no_search_for_patients() -> None:
    assert PayerHouse("lakeside").get("Patient", identifier="x|LK55710093-02").status_code == 400


@pytest.mark.parametrize(("payer", "number"), [("northwind", "NW-3310-0952"), ("lakeside", "LK55710093-02")])
def test_member_match_finds_whom_person_and_coverage_describe(payer: str, number: str) -> None:
    house = PayerHouse(payer)
    answer = body_of(house.post("Patient/$member-match", match_request("two-payers", payer)))
    told = {parameter["name"]: parameter for parameter in answer["parameter"]}
    identifier = told["MemberIdentifier"]["valueIdentifier"]
    assert identifier["value"] == number
    assert identifier["type"]["coding"][0]["code"] == "UMB"
    reference = told["MemberId"]["valueReference"]["reference"]
    assert body_of(house.get(reference))["identifier"][0]["value"] == number


@pytest.mark.parametrize(
    "changed",
    [
        {"birthDate": "1958-01-01"},
        {"birthDate": None},
        {"name": [{"family": "Lindqvist", "given": ["Astrid"]}]},
        {"name": [{"family": "Other", "given": ["Marguerite"]}]},
        {"name": []},
    ],
)
def test_the_number_alone_is_not_enough(changed: dict[str, Any]) -> None:
    house = PayerHouse("lakeside")
    answer = house.post("Patient/$member-match", match_request("two-payers", "lakeside", **changed))
    assert answer.status_code == 422
    assert body_of(answer)["resourceType"] == "OperationOutcome"


def test_the_dependent_number_tells_family_members_apart() -> None:
    request = match_request("two-payers", "lakeside")
    coverage = request["parameter"][1]["resource"]
    request["parameter"][1]["resource"] = {**coverage, "dependent": "03"}
    assert PayerHouse("lakeside").post("Patient/$member-match", request).status_code == 422


@pytest.mark.parametrize("body", [{"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": []}])
def test_a_request_without_its_parts_is_refused(body: dict[str, Any]) -> None:
    assert PayerHouse("lakeside").post("Patient/$member-match", body).status_code == 400
