"""Coding gaps as RA 2.1.0 shapes them: a search on MeasureReport, paged, with its evaluated resources."""

from __future__ import annotations

from typing import Any

import pytest
from payer_client import PayerHouse, body_of, extension, resources

from sandbox_config.payer.searching import BadSearch, overlaps

RA = "http://hl7.org/fhir/us/davinci-ra/StructureDefinition"
BY_NAME: dict[str, Any] = {"measurereport-category": "ra"}
CATEGORY = "http://hl7.org/fhir/StructureDefinition/measurereport-category"


def word(group: dict[str, Any], name: str) -> str:
    concept = extension(group, f"{RA}/{name}").get("valueCodeableConcept")
    return concept["coding"][0]["code"] if concept else ""


def test_one_report_a_model_and_one_group_a_category() -> None:
    reports = resources(PayerHouse().risk("nw-29073316"), "MeasureReport")
    assert [r["measure"].rsplit("/", 1)[-1] for r in reports] == ["cms-hcc-v28|28", "cms-hcc-v24|24"]
    report = reports[0]
    assert extension(report, CATEGORY)["valueCodeableConcept"]["coding"][0]["code"] == "ra"
    assert extension(report, f"{RA}/ra-clinicalDataCollectionDeadline")["valueDate"] == "2027-01-31"
    by_code = {g["code"]["coding"][0]["code"]: g for g in report["group"]}
    assert {code: (word(g, "ra-ccType"), word(g, "ra-evidenceStatus")) for code, g in by_code.items()} == {
        "37": ("historic", "open-gap"),
        "280": ("suspected", "open-gap"),
        "155": ("suspected", "open-gap"),
        "48": ("net-new", "closed-gap"),
        "329": ("historic", "pending"),
    }
    assert by_code["37"]["code"]["coding"][0]["version"] == "28"
    assert word(by_code["37"], "ra-hierarchicalStatus") == "applied-not-superseded"
    assert word(by_code["280"], "ra-confidenceScale") == "75540009"
    assert extension(by_code["37"], f"{RA}/ra-dxCode")["valueCodeableConcept"]["coding"][0]["code"] == "E11.22"


def test_evidence_names_its_group_and_can_be_included() -> None:
    bundle = PayerHouse().risk("nw-29073316", _include="MeasureReport:evaluated-resource")
    report = resources(bundle, "MeasureReport")[0]
    groups = {group["id"] for group in report["group"]}
    evidence = {
        e["reference"]: extension(e, f"{RA}/ra-groupReference")["valueString"] for e in report["evaluatedResource"]
    }
    assert set(evidence.values()) <= groups
    assert "hcc-155" not in evidence.values()  # suspected without evidence
    included = {
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in bundle["entry"]
        if e["search"]["mode"] == "include"
    }
    assert set(evidence) <= included
    assert bundle["total"] == 2  # matches only


def test_what_the_token_may_not_read_is_not_included() -> None:
    house = PayerHouse()
    header = house.bearer("system/MeasureReport.rs system/Condition.r")
    query = {"patient": "nw-29073316", "category": "ra", "_include": "MeasureReport:evaluated-resource"}
    bundle = body_of(house.get("MeasureReport", headers=header, **query))
    assert resources(bundle, "Condition")
    assert not resources(bundle, "Observation")


def test_pages_follow_each_other() -> None:
    house = PayerHouse()
    first = house.risk("nw-29073316", _count="1")
    links = {link["relation"]: link["url"] for link in first["link"]}
    assert len(resources(first, "MeasureReport")) == 1
    second = body_of(house.http.get(links["next"], headers=house.bearer()))
    assert resources(second, "MeasureReport")[0]["measure"].endswith("v24|24")
    assert "next" not in {link["relation"] for link in second["link"]}


def test_a_page_is_never_larger_than_the_payer_likes() -> None:
    bundle = body_of(PayerHouse().get("MeasureReport", patient="nw-29073316", _count="100"))
    assert bundle["total"] == 4
    assert len(resources(bundle, "MeasureReport")) == 2


def test_a_group_may_have_words_and_no_code() -> None:
    group = resources(PayerHouse().risk("nw-62049971"), "MeasureReport")[0]["group"][0]
    assert "coding" not in group["code"]
    assert "Major Depression" in group["code"]["text"]


def test_northwind_refuses_parameters_it_does_not_know_and_lakeside_ignores_them() -> None:
    assert PayerHouse().get("MeasureReport", patient="nw-29073316", **BY_NAME).status_code == 400
    lakeside = PayerHouse("lakeside")
    mixed = body_of(lakeside.get("MeasureReport", patient="8f41c2", category="ra"))
    assert mixed["total"] == 2  # care gap reports, under a parameter that this server ignores
    assert body_of(lakeside.get("MeasureReport", patient="8f41c2", **BY_NAME))["total"] == 0


@pytest.mark.parametrize(("query", "total"), [({"status": "complete"}, 2), ({"status": "pending"}, 0)])
def test_reports_can_be_narrowed(query: dict[str, Any], total: int) -> None:
    assert PayerHouse().risk("nw-29073316", **query)["total"] == total


def test_a_report_can_be_read_by_its_id() -> None:
    report = body_of(PayerHouse().get("MeasureReport/nw-29073316-cms-hcc-v28-2026"))
    assert report["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"category": "ra"}, 400),
        ({"patient": "p-1006"}, 404),
        ({"patient": "Group/x"}, 404),
        ({"patient": "nw-29073316", "period": "thisyear"}, 400),
        ({"patient": "nw-29073316", "_count": "some"}, 400),
    ],
)
def test_a_search_that_cannot_be_answered_is_refused(query: dict[str, Any], status: int) -> None:
    assert PayerHouse().get("MeasureReport", **query).status_code == status


@pytest.mark.parametrize(
    ("wanted", "meets"),
    [
        (("ge2026-01-01", "le2026-12-31"), True),
        (("ge2026-06",), True),
        (("le2026",), True),
        (("le2025-12-31",), False),
        (("gt2026",), False),
        (("lt2026-01-02",), True),
        (("2026",), True),
        (("2026-05",), False),
        (("ne2026",), False),
    ],
)
def test_periods_match_by_overlap(wanted: tuple[str, ...], meets: bool) -> None:
    assert overlaps("2026-01-01", "2026-12-31", wanted) is meets


@pytest.mark.parametrize("text", ["", "ap2026", "2026-13", "2026-02-30", "last year"])
def test_a_date_that_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadSearch):
        overlaps("2026-01-01", "2026-12-31", [text])
