"""Each named fault does what it says, to the member or the question it was switched on for; and calls are counted."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from payer_client import PayerHouse, body_of, bundles, json_of, resources, stories

from sandbox_config.payer.faults import FAULTS, Question, checked
from sandbox_config.payer.wire import BIG_BYTES
from sandbox_config.switches import UnknownFault

PATIENT = "nw-77120431"
GAPS: dict[str, Any] = {
    "subject": f"Patient/{PATIENT}",
    "periodStart": "2026-01-01",
    "periodEnd": "2026-12-31",
    "status": "open-gap",
}


@pytest.fixture(name="house")
def _house() -> PayerHouse:
    return PayerHouse()


def switch(house: PayerHouse, *add: str, remove: tuple[str, ...] = ()) -> None:
    answer = house.http.post("/_faults", json={"add": add, "remove": remove})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [("down", 503, "application/fhir+json"), ("html", 200, "text/html"), ("outcome-200", 200, "application/fhir+json")],
)
def test_an_answer_is_replaced_until_the_fault_is_switched_off(
    house: PayerHouse, fault: str, status: int, content_type: str
) -> None:
    header = house.bearer()
    switch(house, fault)
    answer = house.get("Measure/$care-gaps", headers=header, **GAPS)
    assert answer.status_code == status
    assert answer.content_type.startswith(content_type)
    assert json_of(house.http.get("/_faults"))["on"] == [fault]
    switch(house, remove=(fault,))
    assert body_of(house.get("Measure/$care-gaps", headers=header, **GAPS))["resourceType"] == "Parameters"


def test_truncated_json_cannot_be_parsed(house: PayerHouse) -> None:
    switch(house, "truncated-json:care-gaps")
    with pytest.raises(json.JSONDecodeError):
        json.loads(house.get("Measure/$care-gaps", **GAPS).text)


def test_a_big_body_is_ten_megabytes(house: PayerHouse) -> None:
    switch(house, "big:care-gaps")
    assert len(house.get("Measure/$care-gaps", **GAPS).data) > BIG_BYTES


def test_a_trickle_gives_a_byte_every_nine_seconds(house: PayerHouse) -> None:
    switch(house, "trickle:care-gaps")
    answer = house.get("Measure/$care-gaps", **GAPS)
    assert b"".join(islice(answer.iter_encoded(), 3)) == b'{"r'
    assert house.slept == [9.0, 9.0]


@pytest.mark.parametrize(("fault", "seconds"), [("slow", 3.0), ("hang", 60.0)])
def test_waiting_faults_wait(house: PayerHouse, fault: str, seconds: float) -> None:
    switch(house, f"{fault}:risk")
    house.risk(PATIENT)
    assert house.slept == [seconds]


def test_rate_limiting_is_over_after_the_first_call_of_a_question(house: PayerHouse) -> None:
    switch(house, "rate-limited:care-gaps")
    first = house.get("Measure/$care-gaps", **GAPS)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    assert house.get("Measure/$care-gaps", **GAPS).status_code == 200


def test_a_fault_can_be_confined_to_one_question(house: PayerHouse) -> None:
    switch(house, "down:risk")
    assert house.get("MeasureReport", patient=PATIENT).status_code == 503
    assert house.get("Measure/$care-gaps", **GAPS).status_code == 200


def test_tokens_can_be_refused(house: PayerHouse) -> None:
    switch(house, "token-refused")
    assert json_of(house.ask_token())["error"] == "invalid_client"


@pytest.mark.parametrize("fault", ["down:token", "rate-limited:token"])
def test_the_token_endpoint_can_fail_like_any_other(house: PayerHouse, fault: str) -> None:
    switch(house, fault)
    assert house.ask_token().status_code in (429, 503)


def test_an_unknown_member_is_unknown_by_every_way(house: PayerHouse) -> None:
    switch(house, "member-unknown")
    found = house.get("Patient", identifier="https://northwind.example/member-id|NW-2048-1177")
    assert body_of(found)["total"] == 0


def test_reports_of_another_patient_come_under_the_member_that_was_asked_for(house: PayerHouse) -> None:
    switch(house, "wrong-patient")
    (bundle,) = bundles(house.gaps(PATIENT))
    (patient,) = resources(bundle, "Patient")
    assert patient["id"] == PATIENT
    assert patient["name"][0]["family"] == "Quillfeather"
    subjects = {r["subject"]["reference"] for r in resources(house.risk(PATIENT), "MeasureReport")}
    assert subjects == {"Patient/no-0666"}
    known = body_of(house.get(f"Patient/{PATIENT}"))
    assert known["name"][0]["family"] == "Okonkwo-Reyes"


def test_the_hostile_next_link_leads_to_another_origin_that_notes_who_came(house: PayerHouse) -> None:
    switch(house, "hostile-next")
    links = {link["relation"]: link["url"] for link in house.risk(PATIENT)["link"]}
    assert links["next"].startswith("http://127.0.0.1:8601/_stray/")
    house.http.get(links["next"], headers={"Authorization": "Bearer secret"})
    assert json_of(house.http.get("/_strayed")) == [{"path": "fhir/MeasureReport", "authorization": True}]


def test_an_outcome_can_ride_among_the_results(house: PayerHouse) -> None:
    switch(house, "outcome-entry")
    assert house.risk(PATIENT)["entry"][0]["search"]["mode"] == "outcome"
    (bundle,) = bundles(house.gaps(PATIENT))
    assert resources(bundle, "OperationOutcome")


def test_one_report_can_be_unreadable_while_the_others_are_well(house: PayerHouse) -> None:
    switch(house, "unreadable-resource")
    (bundle,) = bundles(house.gaps(PATIENT))
    broken, *well = resources(bundle, "MeasureReport")
    assert broken["period"] == "this year"
    assert well
    assert all(isinstance(report["period"], dict) for report in well)
    switch(house, remove=("unreadable-resource",))
    (bundle,) = bundles(house.gaps(PATIENT))
    assert all(isinstance(r["period"], dict) for r in resources(bundle, "MeasureReport"))


def test_a_scenarios_fault_strikes_its_own_member_only(house: PayerHouse) -> None:
    down = stories()["payer-down"].payers["northwind"]
    identifier = f"https://northwind.example/member-id|{down.member_id}"
    assert house.get("Patient", identifier=identifier).status_code == 503
    assert house.get(f"Patient/{down.patient['id']}").status_code == 503
    assert house.get(f"Patient/{PATIENT}").status_code == 200
    assert house.ask_token().status_code == 200


def test_a_delay_can_be_set_for_every_answer(house: PayerHouse) -> None:
    assert json_of(house.http.post("/_faults", json={"delay_ms": 150}))["delay_ms"] == 150
    house.risk(PATIENT)
    assert house.slept == [0.15, 0.15]  # the token, then the search


@pytest.mark.parametrize("name", ["explode", "down:everything", "member-unknown:weather"])
def test_a_fault_that_nobody_knows_is_refused(house: PayerHouse, name: str) -> None:
    with pytest.raises(UnknownFault):
        checked([name])
    assert house.http.post("/_faults", json={"add": [name]}).status_code == 400


def test_every_fault_of_every_scenario_exists() -> None:
    for scenario in stories().values():
        for names in scenario.payer_faults.values():
            assert checked(names)
    assert set(FAULTS) == {fault["name"] for fault in json_of(PayerHouse().http.get("/_faults"))["known"]}
    assert checked(f"{name}:{question}" for name in FAULTS for question in Question)


def test_calls_are_counted_by_path_and_can_be_forgotten(house: PayerHouse) -> None:
    house.gaps(PATIENT)
    house.gaps(PATIENT)
    told = json_of(house.http.get("/_calls"))
    assert told["paths"] == {"POST /oauth/token": 2, "GET /fhir/Measure/$care-gaps": 2}
    assert told["calls"][-1]["status"] == 200
    assert json_of(house.http.delete("/_calls"))["calls"] == []


def test_switches_answer_this_machine_only(house: PayerHouse) -> None:
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert house.http.get("/_calls", environ_base=elsewhere).status_code == 403
    assert house.http.post("/_faults", json={"add": ["down"]}, environ_base=elsewhere).status_code == 403
    assert json_of(house.http.get("/_faults"))["on"] == []
