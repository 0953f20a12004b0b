"""What a sandbox payer takes as evidence, in each way, what it refuses, and what its next run makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhirclient.models import fhirelementfactory
from payer_client import PayerHouse, body_of, bundles, extension, resources, stories
from test_sandbox_payer_remarks import cc_remark, put, said

from sandbox_config.payer.care_gaps import CATEGORY, CATEGORY_CODES
from sandbox_config.payer.catalogue import MEASURES, RA
from sandbox_config.payer.style import style_of
from sandbox_config.payer.wire import CUT

Json = dict[str, Any]

PATIENT = "nw-77120431"
GAP, RISK = f"{PATIENT}-glycemic-status-2026", f"{PATIENT}-cms-hcc-v28-2026"
WHO = json.dumps({"resourceType": "Provenance", "agent": [{"who": {"display": "Dr. Ines Valderrama"}}]})


def result(patient: str = PATIENT, **changed: Any) -> Json:
    """An HbA1c of today, as a practice would send it."""
    observation: Json = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-11-22",
        "valueQuantity": {"value": 7.1, "unit": "%"},
    }
    return observation | changed


def datax(payer: str = "northwind", patient: str = PATIENT, of: str = "glycemic-status", **changed: Any) -> Json:
    """A data exchange MeasureReport in the payer's release of DEQM; a part of None is left out."""
    style = style_of(payer, payer, "")
    report: Json = {
        "resourceType": "MeasureReport",
        "id": "d1",
        "meta": {"profile": [style.deqm.profile("datax-measurereport-deqm", "deqm-dataexchangemeasurereport")]},
        "identifier": [{"system": "urn:chartside", "value": "d1"}],
        "extension": [{"url": style.deqm.extension("submitDataUpdateType"), "valueCode": "incremental"}],
        "status": "complete",
        "type": "data-collection",
        "measure": MEASURES[payer][of].canonical,
        "subject": {"reference": f"Patient/{patient}"},
        "date": "2026-11-22T15:00:00Z",
        "reporter": {"reference": "Organization/riverbend-practice"},
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "evaluatedResource": [{"reference": "Observation/o1"}],
    } | changed
    return {key: value for key, value in report.items() if value is not None}


def ra_datax(**changed: Any) -> Json:
    """The same for a condition category, in RA."""
    mark = {"url": f"{RA}/StructureDefinition/ra-groupReference", "valueString": "hcc-38"}
    return datax(
        of="cms-hcc-v28",
        **{
            "meta": {"profile": [f"{RA}/StructureDefinition/ra-datax-measurereport"]},
            "extension": [
                {
                    "url": CATEGORY,
                    "valueCodeableConcept": {"coding": [{"system": CATEGORY_CODES, "code": "ra"}]},
                },
                {"url": f"{RA}/StructureDefinition/ra-payerCodingGapReportId", "valueId": RISK},
            ],
            "group": [{"id": "hcc-38"}],
            "evaluatedResource": [{"extension": [mark], "reference": "Condition/c1"}],
        }
        | changed,
    )


DIAGNOSIS: Json = {
    "resourceType": "Condition",
    "id": "c1",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]},
    "subject": {"reference": f"Patient/{PATIENT}"},
}


def submit(report: Json, *others: Json) -> Json:
    """R4 `$submit-data`."""
    told = [{"name": "measureReport", "resource": report}, *({"name": "resource", "resource": each} for each in others)]
    return {"resourceType": "Parameters", "parameter": told}


def collected(report: Json, *others: Json) -> Json:
    """DEQM 5.0.0 `$deqm-submit-data`."""
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in (report, *others)],
    }
    return {"resourceType": "Parameters", "parameter": [{"name": "bundle", "resource": bundle}]}


def transaction(report: Json, *others: Json) -> Json:
    """Universal DEQM and RA 3.0: every resource is created, the report once."""
    once = {"ifNoneExist": "identifier=urn:chartside|d1"}
    entry = [
        {
            "fullUrl": f"{each['resourceType']}/{each['id']}",
            "resource": each,
            "request": {"method": "POST", "url": each["resourceType"], **(once if each is report else {})},
        }
        for each in (report, *others)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entry}


def member_of(house: PayerHouse, story: str = "three-contracts") -> str:
    return str(stories()[story].payers[house.payer].patient["id"])


@pytest.fixture(name="house")
def _house() -> PayerHouse:
    return PayerHouse()


def status_of(house: PayerHouse, report_id: str, patient: str, **more: Any) -> str:
    """The gap status of one report, as `$care-gaps` tells it."""
    style = style_of(house.payer, "", "")
    [found] = [
        issue
        for bundle in bundles(house.gaps(patient, style.deqm.statuses, **more))
        for issue in resources(bundle, "DetectedIssue")
        if issue["id"] == f"{report_id}-issue"
    ]
    said_of = extension(found, style.deqm.extension("gapStatus"), "modifierExtension")
    return str(said_of["valueCodeableConcept"]["coding"][0]["code"])


def condition_of(house: PayerHouse) -> tuple[str, str]:
    """Status and its day of the condition category, as it stands."""
    [group] = body_of(house.get(f"MeasureReport/{RISK}"))["group"]
    status = extension(group, f"{RA}/StructureDefinition/ra-evidenceStatus")["valueCodeableConcept"]["coding"][0][
        "code"
    ]
    return status, extension(group, f"{RA}/StructureDefinition/ra-evidenceStatusDate")["valueDate"]


def test_evidence_is_kept_once_however_often_it_comes(house: PayerHouse) -> None:
    for _ in range(2):
        answer = house.send("POST", "Measure/$deqm-submit-data", collected(datax(), result()), X_Provenance=WHO)
        assert answer.status_code == 200, answer.text
    [kept] = house.control("GET", "/_submissions")
    assert (kept["times"], kept["how"], kept["patient"]) == (2, "deqm-submit-data", PATIENT)
    assert kept["report"] == datax()
    assert kept["resources"] == [result()]
    assert kept["provenance"] == json.loads(WHO)


def test_a_gap_closes_in_the_payers_next_run_and_not_before(house: PayerHouse) -> None:
    before = body_of(house.get(f"MeasureReport/{GAP}"))
    house.send("POST", "Measure/$deqm-submit-data", collected(datax(), result()))
    assert status_of(house, GAP, PATIENT) == "open-gap"
    assert house.control("POST", "/_run") == {"issued": [GAP]}
    assert status_of(house, GAP, PATIENT) == "closed-gap"
    after = body_of(house.get(f"MeasureReport/{GAP}"))
    assert after["date"] == "2026-11-22T15:00:00+00:00" > before["date"]
    assert after["evaluatedResource"][-1]["reference"] == "Observation/o1"
    assert body_of(house.get("Observation/o1")) == result()
    assert {p["code"]["coding"][0]["code"]: p["count"] for p in after["group"][0]["population"]}["numerator"] == 0
    for bundle in bundles(house.gaps(PATIENT)):
        fhirelementfactory.FHIRElementFactory.instantiate("Bundle", bundle)
    assert house.control("POST", "/_run") == {"issued": []}, "nothing has come since"
    house.control("POST", "/_run", verdict="reopen")
    assert status_of(house, GAP, PATIENT) == "open-gap"
    house.control("DELETE", "/_written")
    assert body_of(house.get(f"MeasureReport/{GAP}")) == before


def test_a_payer_may_not_accept_it(house: PayerHouse) -> None:
    house.send("POST", "Measure/$deqm-submit-data", collected(datax(), result()))
    house.http.post("/_faults", json={"add": ["rejects"]})
    assert house.control("POST", "/_run") == {"issued": [GAP]}
    assert status_of(house, GAP, PATIENT) == "open-gap"
    [found] = [r for b in bundles(house.gaps(PATIENT)) for r in resources(b, "GuidanceResponse") if GAP in r["id"]]
    assert found["reasonCode"][0]["coding"][0]["code"] == "InvalidAttribute"
    assert house.http.post("/_run", json={"verdict": "maybe"}).status_code == 400


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("accept", "closed-gap"), ("pending", "pending"), ("invalid", "invalid-gap"), ("leave-open", "open-gap")],
)
def test_a_condition_becomes_what_the_payer_makes_of_it(house: PayerHouse, verdict: str, status: str) -> None:
    answer = house.send("POST", "Measure/$submit-data", submit(ra_datax(), DIAGNOSIS))
    assert answer.status_code == 200, answer.text
    house.control("POST", "/_run", verdict=verdict)
    assert condition_of(house) == (status, "2026-11-22")


def test_a_person_sees_what_came_and_starts_the_next_run(house: PayerHouse) -> None:
    assert "nothing yet" in house.http.get("/_run").text
    house.send("POST", "Measure/$deqm-submit-data", collected(datax(), result()))
    put(house, cc_remark("deferred"), "hcc-38", RISK)
    page = house.http.post("/_run", data={"verdict": "accept"}).text
    assert f"{RISK}, hcc-38: deferred" in page
    assert "Evidence for https://northwind.example/Measure/glycemic-status|2026: 1 resources" in page
    assert status_of(house, GAP, PATIENT) == "closed-gap"


def test_a_remark_alone_closes_nothing(house: PayerHouse) -> None:
    before = condition_of(house)
    put(house, cc_remark("assessed-present"), "hcc-38", RISK)
    house.control("POST", "/_run")
    assert condition_of(house) == before
    put(house, cc_remark("assessed-not-present", "never-had-condition", key="another"), "hcc-38", RISK)
    house.control("POST", "/_run")
    assert condition_of(house)[0] == "invalid-gap", "this payer has looked, and agrees"


@pytest.mark.parametrize(
    ("report", "others", "why"),
    [
        (datax(type="individual"), [result()], "type must be"),
        (datax(reporter=None), [result()], "reporter is missing"),
        (datax(extension=[]), [result()], "submitDataUpdateType is missing"),
        (datax(evaluatedResource=[]), [result()], "no evaluatedResource"),
        (datax(), [], "leads nowhere"),
        (datax(), [result("p-1001")], "is not this member"),
        (datax(), [result(subject=None)], "does not say whom"),
        (datax(), [result(encounter={"reference": "Encounter/of-the-ehr"})], "leads nowhere"),
        (datax(measure="https://elsewhere.example/Measure/x|1"), [result()], "no measure of this payer"),
        (datax(subject={"reference": "Patient/nobody"}), [result()], "nobody who is insured"),
        (ra_datax(group=[{"id": "hcc-99"}]), [DIAGNOSIS], "no group hcc-99"),
        (ra_datax(measure=MEASURES["northwind"]["cms-hcc-v24"].canonical), [DIAGNOSIS], "not that report's"),
        (ra_datax(meta=datax()["meta"]), [DIAGNOSIS], "the profile is not"),
    ],
)
def test_what_the_guide_would_not_know_is_refused(
    house: PayerHouse, report: Json, others: list[Json], why: str
) -> None:
    answer = house.send("POST", "Measure/$submit-data", submit(report, *others))
    assert answer.status_code == 422
    assert why in said(answer)
    assert house.control("GET", "/_submissions") == []


def test_a_snapshot_is_more_than_this_server_can_do(house: PayerHouse) -> None:
    url = datax()["extension"][0]["url"]
    snapshot = datax(extension=[{"url": url, "valueCode": "snapshot"}])
    assert house.send("POST", "Measure/$deqm-submit-data", collected(snapshot, result())).status_code == 400


def test_harbor_takes_a_transaction_with_provenance() -> None:
    house = PayerHouse("harbor")
    member = member_of(house)
    report, evidence = datax("harbor", member), result(member)
    provenance = {
        "resourceType": "Provenance",
        "id": "pv1",
        "target": [{"reference": "MeasureReport/d1"}],
        "recorded": "2026-11-22T15:00:00Z",
        "agent": [{"who": {"display": "Dr. Ines Valderrama"}}],
    }
    first = house.send("POST", "", transaction(report, evidence, provenance))
    again = house.send("POST", "", transaction(report, evidence, provenance))
    assert [e["response"]["status"] for e in body_of(first)["entry"]] == ["201 Created"] * 3
    assert [e["response"]["status"] for e in body_of(again)["entry"]] == ["200 OK"] * 3
    assert house.control("GET", "/_submissions")[0]["provenance"] == provenance
    wrong = house.send("POST", "", transaction(report, evidence, {**provenance, "target": [{"reference": "Task/1"}]}))
    assert wrong.status_code == 422
    house.control("POST", "/_run")
    measures = [measure.url for measure in MEASURES["harbor"].values() if not measure.model]
    assert status_of(house, f"{member}-glycemic-status-2026", member, measureUrl=measures) == "closed-gap"


def test_meridian_wants_to_know_who_sends() -> None:
    house = PayerHouse("meridian")
    member = member_of(house)
    body = submit(datax("meridian", member), result(member))
    assert house.send("POST", "Measure/$submit-data", body).status_code == 400
    assert house.send("POST", "Measure/$submit-data", body, X_Provenance="{}").status_code == 400
    assert house.send("POST", "Measure/$submit-data", body, X_Provenance=WHO).status_code == 200


def test_each_way_is_taken_where_it_is_offered_and_nowhere_else() -> None:
    for payer, way, body in (
        ("lakeside", "Measure/$deqm-submit-data", collected(datax(), result())),
        ("harbor", "Measure/$submit-data", submit(datax(), result())),
        ("northwind", "", transaction(datax(), result())),
    ):
        assert PayerHouse(payer).send("POST", way, body).status_code == 404
    denied = PayerHouse()
    headers = {"Content-Type": "application/fhir+json", **denied.bearer("system/*.rs")}
    body = json.dumps(submit(ra_datax(), DIAGNOSIS))
    assert denied.http.post("/fhir/Measure/$submit-data", data=body, headers=headers).status_code == 403


def test_evidence_may_be_stored_without_an_answer(house: PayerHouse) -> None:
    house.http.post("/_faults", json={"add": ["stored-no-answer"]})
    told = collected(datax(), result())
    assert [house.send("POST", "Measure/$deqm-submit-data", told).status_code for _ in range(2)] == [CUT, 200]
    assert [each["times"] for each in house.control("GET", "/_submissions")] == [2]
