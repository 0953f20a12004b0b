"""What a sandbox payer takes back: remarks on its reports, in each way, judged by the guides; and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from fhirclient.models import fhirelementfactory
from payer_client import PayerHouse, body_of, bundles, resources, stories
from werkzeug.test import TestResponse

from sandbox_config.payer.catalogue import MEASURES, RA
from sandbox_config.payer.dialects import DEQM_5, DEQM_UV
from sandbox_config.payer.wire import CUT

Json = dict[str, Any]

PATIENT, REPORT, GROUP = "nw-77120431", "nw-77120431-glycemic-status-2026", "glycemic-status-1"
RISK, CATEGORY = "nw-77120431-cms-hcc-v28-2026", "hcc-38"
NPI = "http://hl7.org/fhir/sid/us-npi"


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def gap_remark(code: str = "patient-refused", *, key: str = "chartside-1", deqm: Any = DEQM_5, **parts: Any) -> Json:
    """A careGapRemark with an author; a part of None is left out, any other is the whole sub-extension."""
    told: Json = {
        "author": {"valueIdentifier": {"system": NPI, "value": "9812045703"}},
        "authorDatetime": {"valueDateTime": "2026-11-22T10:00:00-05:00"},
        "code": {"valueCodeableConcept": coded(deqm.codes("care-gap-remark"), code)},
    } | parts
    inside = [{"url": url, **value} for url, value in told.items() if value]
    return {"id": key, "url": deqm.extension("careGapRemark"), "extension": inside}


def cc_remark(code: str = "assessed-present", reason: str = "", *, key: str = "chartside-2") -> Json:
    """An ra-ccRemark."""
    inside = [
        {"url": "author", "valueIdentifier": {"system": NPI, "value": "9812045703"}},
        {"url": "code", "valueCodeableConcept": coded(f"{RA}/CodeSystem/coding-gap-remark", code)},
    ]
    if reason:
        inside.append({"url": "reasonCode", "valueCodeableConcept": coded(f"{RA}/CodeSystem/remark-reason", reason)})
    return {"id": key, "url": f"{RA}/StructureDefinition/ra-ccRemark", "extension": inside}


def remarked(report: Json, group_id: str, *remarks: Json) -> Json:
    """The report with remarks on one of its groups."""
    after = deepcopy(report)
    group = next(each for each in after["group"] if each["id"] == group_id)
    group["extension"] = [*group.get("extension", ()), *remarks]
    return after


def put(house: PayerHouse, remark: Json, group: str = GROUP, report_id: str = REPORT) -> TestResponse:
    """Read, add, write back on the version that was read."""
    read = house.get(f"MeasureReport/{report_id}")
    match = {"If_Match": read.headers["ETag"]} if "ETag" in read.headers else {}
    after = remarked(body_of(read), group, remark)
    return house.send("PUT", f"MeasureReport/{report_id}", after, **match)


def said(answer: TestResponse) -> str:
    """The words of an OperationOutcome."""
    return str(body_of(answer)["issue"][0]["diagnostics"])


@pytest.fixture(name="house")
def _house() -> PayerHouse:
    return PayerHouse()


def test_a_remark_is_stored_as_a_new_version_and_comes_back(house: PayerHouse) -> None:
    before = house.get(f"MeasureReport/{REPORT}")
    assert before.headers["ETag"] == 'W/"1"'
    answer = put(house, gap_remark())
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert "Last-Modified" in answer.headers
    after = body_of(house.get(f"MeasureReport/{REPORT}"))
    assert after == remarked(body_of(before), GROUP, gap_remark()) | {"meta": after["meta"]}
    assert after["meta"]["versionId"] == "2"
    [found] = [r for b in bundles(house.gaps(PATIENT)) for r in resources(b, "MeasureReport") if r["id"] == REPORT]
    assert found == after, "the next report that is asked for carries it too"
    fhirelementfactory.FHIRElementFactory.instantiate("MeasureReport", after)


def test_every_earlier_version_can_be_read(house: PayerHouse) -> None:
    first = body_of(house.get(f"MeasureReport/{REPORT}"))
    put(house, gap_remark())
    assert body_of(house.get(f"MeasureReport/{REPORT}/_history/1")) == first
    assert [
        e["resource"]["meta"]["versionId"] for e in body_of(house.get(f"MeasureReport/{REPORT}/_history"))["entry"]
    ] == [
        "2",
        "1",
    ]
    assert house.get(f"MeasureReport/{REPORT}/_history/9").status_code == 404


def test_a_write_depends_on_the_version_that_was_read(house: PayerHouse) -> None:
    report = body_of(house.get(f"MeasureReport/{REPORT}"))
    after = remarked(report, GROUP, gap_remark())
    assert house.send("PUT", f"MeasureReport/{REPORT}", after).status_code == 428
    assert house.send("PUT", f"MeasureReport/{REPORT}", after, If_Match="1").status_code == 400
    assert put(house, gap_remark(key="another")).status_code == 200
    assert house.send("PUT", f"MeasureReport/{REPORT}", after, If_Match='W/"1"').status_code == 412
    assert [each["id"] for each in house.control("GET", "/_remarks")] == ["another"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.update(status="error"), "MeasureReport.status was changed"),
        (lambda r: r.pop("_date"), "MeasureReport._date is missing"),
        (lambda r: r["group"][0].update(measureScore={"value": 0}), "measureScore.value was changed"),
        (lambda r: r["group"][0]["population"].pop(), "is missing"),
        (lambda r: r.update(text={"status": "empty"}), "MeasureReport.text was added"),
        (lambda r: r["meta"].update(tag=[{"code": "x"}]), "MeasureReport.meta.tag was added"),
        (lambda r: r["group"].append({"id": "new"}), "MeasureReport.group[1] was added"),
        (lambda r: r["group"][0]["extension"].append({"url": "x:y", "valueString": "z"}), "extension"),
    ],
)
def test_whoever_changes_anything_else_is_told_what(
    house: PayerHouse, change: Callable[[Json], Any], what: str
) -> None:
    report = body_of(house.get(f"MeasureReport/{REPORT}"))
    after = remarked(report, GROUP, gap_remark())
    change(after)
    answer = house.send("PUT", f"MeasureReport/{REPORT}", after, If_Match='W/"1"')
    assert answer.status_code == 422
    assert what in said(answer)
    assert house.control("GET", "/_remarks") == []


@pytest.mark.parametrize(
    ("remark", "why"),
    [
        (gap_remark(author=None), "nobody is named"),
        (gap_remark(author={"valueIdentifier": {"system": NPI, "value": "98"}}), "ten digits"),
        (gap_remark(author={"valueReference": {"reference": "Practitioner/1"}}), "author takes"),
        (gap_remark("deferred"), "no code of"),
        (gap_remark(text={"valueCode": "x"}), "text takes"),
        (gap_remark(authorDatetime={"valueDateTime": "yesterday"}), "no dateTime"),
        (gap_remark(reasonCode={"valueCodeableConcept": {}}), "is no part"),
        (gap_remark(relatedData={"valueReference": {"reference": "Observation/in-the-ehr"}}), "leads nowhere"),
        (gap_remark(relatedData={"valueIdentifier": {"system": "urn:x"}}), "without a value"),
        (gap_remark(text={"valueString": " "}), "text is empty"),
    ],
)
def test_a_remark_that_the_guide_would_not_know_is_refused(house: PayerHouse, remark: Json, why: str) -> None:
    answer = put(house, remark)
    assert answer.status_code == 422
    assert why in said(answer)


def test_conditions_have_codes_and_reasons_of_their_own(house: PayerHouse) -> None:
    assert put(house, cc_remark("assessed-not-present", "never-had-condition"), CATEGORY, RISK).status_code == 200
    assert "alone" in said(put(house, cc_remark("deferred", "never-had-condition"), CATEGORY, RISK))
    assert "no code" in said(put(house, cc_remark("patient-refused"), CATEGORY, RISK))
    [kept] = house.control("GET", "/_remarks")
    assert (kept["report"], kept["group"], kept["code"], kept["reason"], kept["times"]) == (
        RISK,
        CATEGORY,
        "assessed-not-present",
        "never-had-condition",
        1,
    )


def test_the_same_remark_twice_is_seen_to_be_there_twice(house: PayerHouse) -> None:
    put(house, gap_remark())
    put(house, gap_remark())
    assert [each["times"] for each in house.control("GET", "/_remarks")] == [2]
    house.control("DELETE", "/_written")
    assert house.control("GET", "/_remarks") == []
    assert house.get(f"MeasureReport/{REPORT}").headers["ETag"] == 'W/"1"'


def test_writing_needs_a_scope_of_its_own(house: PayerHouse) -> None:
    report = body_of(house.get(f"MeasureReport/{REPORT}"))
    for scope, status in (("system/*.rs", 403), ("system/MeasureReport.cr", 403), ("system/MeasureReport.write", 200)):
        headers = {"Content-Type": "application/fhir+json", "If-Match": 'W/"1"', **house.bearer(scope)}
        after = json.dumps(remarked(report, GROUP, gap_remark()))
        assert house.http.put(f"/fhir/MeasureReport/{REPORT}", data=after, headers=headers).status_code == status


# --- the other ways --------------------------------------------------------------------------------------------------


def lakeside() -> tuple[PayerHouse, Json, str]:
    """Lakeside, one of its reports, and its version."""
    house = PayerHouse("lakeside")
    report = resources(bundles(house.gaps(member_of(house)))[0], "MeasureReport")[0]
    read = house.get(f"MeasureReport/{report['id']}")
    return house, body_of(read), read.headers["ETag"]


def member_of(house: PayerHouse, story: str = "two-payers") -> str:
    """The payer's id of a story's patient."""
    return str(stories()[story].payers[house.payer].patient["id"])


def in_transaction(report: Json, match: str = "", **request: str) -> Json:
    asked = {
        "method": "PUT",
        "url": f"MeasureReport/{report['id']}",
        **({"ifMatch": match} if match else {}),
        **request,
    }
    entry = {"fullUrl": f"urn:uuid:{report['id']}", "resource": report, "request": asked}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


def test_a_transaction_brings_whole_reports() -> None:
    house, report, match = lakeside()
    after = remarked(report, report["group"][0]["id"], gap_remark())
    answer = house.send("POST", "", in_transaction(after, match))
    assert answer.status_code == 200, answer.text
    assert body_of(answer)["type"] == "transaction-response"
    assert body_of(answer)["entry"][0]["response"]["etag"] == 'W/"2"'
    assert house.send("POST", "", in_transaction(after, match)).status_code == 412
    assert house.send("POST", "", in_transaction(after, method="POST")).status_code == 400
    assert [(each["how"], each["times"]) for each in house.control("GET", "/_remarks")] == [("transaction", 1)]


def test_a_transaction_is_stored_as_a_whole_or_not_at_all() -> None:
    house, report, match = lakeside()
    other = next(
        r
        for b in bundles(house.gaps(member_of(house)))
        for r in resources(b, "MeasureReport")
        if r["id"] != report["id"]
    )
    good = in_transaction(remarked(report, report["group"][0]["id"], gap_remark()), match)
    bad = in_transaction(remarked(other, other["group"][0]["id"], gap_remark(author=None)))
    answer = house.send("POST", "", {**good, "entry": [*good["entry"], *bad["entry"]]})
    assert answer.status_code == 422
    assert house.control("GET", "/_remarks") == []
    assert house.get(f"MeasureReport/{report['id']}").headers["ETag"] == match


def in_patch(group: str, remark: Json) -> Json:
    """A FHIRPath patch that adds a whole remark."""
    nested = [
        {
            "name": "extension",
            "part": [
                {"name": "url", "valueUri": part["url"]},
                {"name": "value", **{key: value for key, value in part.items() if key != "url"}},
            ],
        }
        for part in remark["extension"]
    ]
    value = [{"name": "id", "valueString": remark["id"]}, {"name": "url", "valueUri": remark["url"]}, *nested]
    parts = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": f"MeasureReport.group.where(id='{group}')"},
        {"name": "name", "valueString": "extension"},
        {"name": "value", "part": value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def test_a_patch_adds_a_remark_where_it_is_taken() -> None:
    house, report, match = lakeside()
    group = report["group"][0]["id"]
    answer = house.send("PATCH", f"MeasureReport/{report['id']}", in_patch(group, gap_remark()), If_Match=match)
    assert answer.status_code == 200, answer.text
    assert body_of(answer)["group"] == remarked(report, group, gap_remark())["group"]
    assert house.send("PATCH", f"MeasureReport/{report['id']}", in_patch("nobody", gap_remark())).status_code == 422
    wrong = house.send(
        "PATCH",
        f"MeasureReport/{report['id']}",
        in_patch(group, gap_remark()),
        Content_Type="application/json-patch+json",
    )
    assert wrong.status_code == 415
    assert PayerHouse().send("PATCH", f"MeasureReport/{REPORT}", in_patch(GROUP, gap_remark())).status_code == 405


def test_a_patch_can_lose_all_but_the_last_part() -> None:
    house, report, match = lakeside()
    house.http.post("/_faults", json={"add": ["patch-last-only"]})
    group = report["group"][0]["id"]
    answer = house.send("PATCH", f"MeasureReport/{report['id']}", in_patch(group, gap_remark()), If_Match=match)
    assert answer.status_code == 200
    assert [part["url"] for part in body_of(answer)["group"][0]["extension"][-1]["extension"]] == ["code"]


def test_harbor_takes_a_collection_once_and_shows_nothing_of_it() -> None:
    house = PayerHouse("harbor")
    member = member_of(house, "three-contracts")
    measures = [measure.url for measure in MEASURES["harbor"].values() if not measure.model]
    report = resources(bundles(house.gaps(member, DEQM_UV.statuses, measureUrl=measures))[0], "MeasureReport")[0]
    assert "versionId" not in report["meta"]
    assert "ETag" not in house.get(f"MeasureReport/{report['id']}").headers
    after = remarked(report, report["group"][0]["id"], gap_remark("deferred", deqm=DEQM_UV))
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0d6c9f0a-0000-4000-8000-000000000001"},
        "entry": [{"resource": after}],
    }
    told = {"resourceType": "Parameters", "parameter": [{"name": "bundle", "resource": bundle}]}
    assert house.send("POST", "Measure/$submit-remark-data", told).status_code == 200
    assert house.send("POST", "Measure/$submit-remark-data", told).status_code == 200
    assert [(each["how"], each["times"]) for each in house.control("GET", "/_remarks")] == [("submit-remark-data", 1)]
    assert body_of(house.get(f"MeasureReport/{report['id']}")) == report
    assert house.send("POST", "", in_transaction(after)).status_code == 404
    assert PayerHouse().send("POST", "Measure/$submit-remark-data", told).status_code == 404


def test_meridian_speaks_releases_without_remarks() -> None:
    house = PayerHouse("meridian")
    report = resources(bundles(house.gaps(member_of(house, "three-contracts")))[0], "MeasureReport")[0]
    after = remarked(report, report["group"][0]["id"], gap_remark())
    assert house.send("PUT", f"MeasureReport/{report['id']}", after, If_Match='W/"1"').status_code == 405


@pytest.mark.parametrize(
    ("payer", "interactions", "system", "operations"),
    [
        ("northwind", {"update"}, set(), {"care-gaps", "deqm-submit-data", "submit-data"}),
        ("lakeside", {"patch"}, {"transaction"}, {"care-gaps", "submit-data"}),
        ("harbor", set(), {"transaction"}, {"care-gaps", "submit-remark-data"}),
        ("meridian", set(), set(), {"care-gaps", "submit-data"}),
    ],
)
def test_each_payer_declares_what_it_takes(
    payer: str, interactions: set[str], system: set[str], operations: set[str]
) -> None:
    [rest] = body_of(PayerHouse(payer).http.get("/fhir/metadata"))["rest"]
    by_type = {each["type"]: each for each in rest["resource"]}
    declared = {each["code"] for each in by_type["MeasureReport"]["interaction"]}
    assert declared & {"update", "patch", "create"} == interactions
    assert {each["code"] for each in rest.get("interaction", ())} == system
    assert {each["name"] for each in by_type["Measure"]["operation"]} == operations


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_write_may_be_stored_without_an_answer(house: PayerHouse) -> None:
    house.http.post("/_faults", json={"add": ["stored-no-answer"]})
    assert put(house, gap_remark()).status_code == CUT
    assert [each["times"] for each in house.control("GET", "/_remarks")] == [1]
    assert put(house, gap_remark(key="second")).status_code == 200, "only the first write about a member is hit"


def test_a_write_may_be_cut_before_it_is_stored(house: PayerHouse) -> None:
    house.http.post("/_faults", json={"add": ["cut-before"]})
    assert put(house, gap_remark()).status_code == CUT
    assert house.control("GET", "/_remarks") == []
    assert put(house, gap_remark()).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("down:write", 503), ("rate-limited:write", 429), ("refuses-remarks", 422)]
)
def test_a_write_that_is_refused_is_not_stored(house: PayerHouse, fault: str, status: int) -> None:
    house.http.post("/_faults", json={"add": [fault]})
    assert put(house, gap_remark()).status_code == status
    assert house.control("GET", "/_remarks") == []
    house.http.post("/_faults", json={"remove": [fault]})
    assert put(house, gap_remark()).status_code == 200


def test_somebody_else_may_write_in_between(house: PayerHouse) -> None:
    house.http.post("/_faults", json={"add": ["overtaken"]})
    assert [put(house, gap_remark()).status_code for _ in range(3)] == [412, 412, 200]
    assert len(house.control("GET", "/_remarks")) == 1, "theirs is not counted among ours"
    assert len(body_of(house.get(f"MeasureReport/{REPORT}"))["group"][0]["extension"]) == 3


def test_a_payer_may_keep_remarks_and_not_show_them(house: PayerHouse) -> None:
    house.http.post("/_faults", json={"add": ["no-echo"]})
    before = body_of(house.get(f"MeasureReport/{REPORT}"))
    answer = put(house, gap_remark())
    assert answer.headers["ETag"] == 'W/"2"'
    assert body_of(answer)["group"] == before["group"]
    house.http.post("/_faults", json={"add": ["no-versions"]})
    assert "ETag" not in house.get(f"MeasureReport/{REPORT}").headers


def test_reports_and_groups_may_be_gone(house: PayerHouse) -> None:
    with_risk = body_of(house.get(f"MeasureReport/{RISK}"))
    house.http.post("/_faults", json={"add": ["group-gone"]})
    assert body_of(house.get(f"MeasureReport/{RISK}"))["group"] == with_risk["group"][1:]
    house.http.post("/_faults", json={"add": ["report-gone"]})
    assert house.get(f"MeasureReport/{RISK}").status_code == 410


def test_failures_at_random_hit_as_many_as_they_should_and_lose_no_count(house: PayerHouse) -> None:
    report = body_of(house.get(f"MeasureReport/{REPORT}"))
    house.control("POST", "/_chance", percent=30, seed=7)
    answers = []
    for number in range(60):
        version = 1 + len(house.control("GET", "/_remarks"))
        now = remarked(report, GROUP, *(gap_remark(key=each["id"]) for each in house.control("GET", "/_remarks")))
        after = remarked(now, GROUP, gap_remark(key=f"r{number}"))
        answers.append(house.send("PUT", f"MeasureReport/{REPORT}", after, If_Match=f'W/"{version}"').status_code)
    failed = sum(status != 200 for status in answers)
    assert 8 <= failed <= 30
    assert {200, 503, CUT} == set(answers)
    assert answers.count(200) < len(house.control("GET", "/_remarks")) < 60, "some are stored and never answered"
