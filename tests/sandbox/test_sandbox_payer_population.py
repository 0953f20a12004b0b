"""A payer's answer about everybody whom it attributes to a practice or to one of its providers, and its rate limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from payer_client import PayerHouse, body_of, bundles, json_of, resources

from sandbox_config.scenario import COMMON, CONNECTED
from sandbox_config.scenarios.common import NPI

PRACTICE = "Organization/riverbend-practice"
ASKED = {"periodStart": "2026-01-01", "periodEnd": "2026-12-31", "status": "open-gap", "organization": PRACTICE}


@pytest.fixture
def northwind() -> PayerHouse:
    return PayerHouse("northwind")


def npi(provider: str) -> str:
    found = COMMON.providers[provider].practitioner["identifier"]
    return next(str(each["value"]) for each in found if each["system"] == NPI)


def patients(house: PayerHouse, **query: str) -> Iterator[str]:
    answer = body_of(house.get("Measure/$care-gaps", **(ASKED | query)))
    for bundle in bundles(answer):
        (patient,) = resources(bundle, "Patient")
        assert patient["birthDate"] or patient["name"]
        issues = resources(bundle, "DetectedIssue")
        assert {issue["patient"]["reference"].rpartition("/")[2] for issue in issues} <= {patient["id"]}
        yield str(patient["id"])


@pytest.mark.parametrize("payer", ["northwind", "lakeside", "meridian"])
def test_everybody_of_a_practice_with_an_open_gap_has_a_bundle_of_nobody_else(payer: str) -> None:
    found = list(patients(PayerHouse(payer)))
    assert len(set(found)) > 1


def test_a_practitioner_is_named_by_the_payers_own_id(northwind: PayerHouse) -> None:
    (mine,) = resources(body_of(northwind.get("Practitioner", identifier=f"{NPI}|{npi('np')}")), "Practitioner")
    some = set(patients(northwind, practitioner=f"Practitioner/{mine['id']}"))
    assert set() < some < set(patients(northwind))
    assert northwind.get("Measure/$care-gaps", **ASKED, practitioner="Practitioner/staff-np").status_code == 404
    assert resources(body_of(northwind.get("Practitioner", identifier=f"{NPI}|1")), "Practitioner") == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"organization": "Organization/somebody-else"}, 404),
        ({"subject": "Patient/nw-77120431"}, 400),
        ({"organization": "", "practitioner": "Practitioner/x"}, 400),
    ],
)
def test_what_cannot_be_meant_is_refused(northwind: PayerHouse, changed: dict[str, str], status: int) -> None:
    query = {name: value for name, value in (ASKED | changed).items() if value}
    assert northwind.get("Measure/$care-gaps", **query).status_code == status


def test_the_universal_dialect_has_no_such_question() -> None:
    assert "harbor" in CONNECTED
    answer = PayerHouse("harbor").get(
        "Measure/$care-gaps", **ASKED, measureUrl="https://harbor.example/Measure/glycemic-status"
    )
    assert answer.status_code == 400


def test_above_its_rate_a_payer_answers_429_and_says_when_to_come_back(northwind: PayerHouse) -> None:
    bearer = northwind.bearer()
    northwind.http.delete("/_calls")
    northwind.http.post("/_rate", json={"per_minute": 3})
    answers = [northwind.get("Patient/nw-77120431", bearer) for _ in range(5)]
    statuses = [answer.status_code for answer in answers]
    assert 429 in statuses
    assert answers[-1].headers["Retry-After"] == "1"
    told = json_of(northwind.http.get("/_calls"))["calls"]
    assert [call["status"] for call in told] == statuses
    assert all(call["at"] > 0 for call in told)
    northwind.http.post("/_rate", json={"per_minute": 0})
    assert northwind.get("Patient/nw-77120431", bearer).status_code == 200
