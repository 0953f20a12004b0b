"""Every named fault of the sandbox EHR shows itself, where it was switched on and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from joserfc.errors import BadSignatureError
from werkzeug.test import TestResponse

from sandbox_config.ehr import create_ehr
from sandbox_config.ehr.tenants import CLIENT_ID
from sandbox_config.faults import FAULTS, Phase, checked
from sandbox_config.switches import UnknownFault
from tests.sandbox.ehr_client import APP, BASE, Clock, Visitor, came_back, new_ehr, resources, stories

CHECKS: dict[str, Callable[[Visitor], None]] = {}


def shows(name: str) -> Callable[[Callable[[Visitor], None]], Callable[[Visitor], None]]:
    """Mark a function as the proof that one fault shows itself."""

    def mark(check: Callable[[Visitor], None]) -> Callable[[Visitor], None]:
        CHECKS[name] = check
        return check

    return mark


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def visitor(clock: Clock, slept: list[float]) -> Visitor:
    return Visitor(new_ehr(clock, sleep=slept.append), clock)


def observations(visitor: Visitor, fault: str, **query: Any) -> TestResponse:
    return visitor.get("Observation", visitor.tokens(fault=fault)["access_token"], patient="p-1001", **query)


def next_links(bundle: dict[str, Any]) -> list[str]:
    return [link["url"] for link in bundle["link"] if link["relation"] == "next"]


@shows("discovery-down")
def _(visitor: Visitor) -> None:
    visitor.http.post("/_faults", json={"add": ["discovery-down"]})
    for path in (".well-known/smart-configuration", "metadata"):
        assert visitor.get(path).status_code == 503


@shows("authorize-error")
def _(visitor: Visitor) -> None:
    answer = came_back(visitor.authorize(visitor.mint(fault="authorize-error")))
    assert (answer["error"], answer["state"]) == ("access_denied", "state-1")


@shows("authorize-no-code")
def _(visitor: Visitor) -> None:
    assert came_back(visitor.authorize(visitor.mint(fault="authorize-no-code"))) == {"state": "state-1"}


@shows("token-error")
def _(visitor: Visitor) -> None:
    answer = visitor.exchange(visitor.code(fault="token-error"))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


@shows("token-no-patient")
def _(visitor: Visitor) -> None:
    assert {"patient", "encounter"}.isdisjoint(visitor.tokens(fault="token-no-patient"))


@shows("idtoken-expired")
def _(visitor: Visitor) -> None:
    claims = visitor.claims(visitor.tokens(fault="idtoken-expired")["id_token"])
    assert claims["exp"] == visitor.clock().timestamp() - 3600


@shows("idtoken-wrong-aud")
def _(visitor: Visitor) -> None:
    assert visitor.claims(visitor.tokens(fault="idtoken-wrong-aud")["id_token"])["aud"] != CLIENT_ID


@shows("idtoken-wrong-nonce")
def _(visitor: Visitor) -> None:
    assert visitor.claims(visitor.tokens(fault="idtoken-wrong-nonce")["id_token"])["nonce"] != "nonce-1"


@shows("idtoken-bad-signature")
def _(visitor: Visitor) -> None:
    with pytest.raises(BadSignatureError):
        visitor.claims(visitor.tokens(fault="idtoken-bad-signature")["id_token"])


@shows("token-other-patient-on-refresh")
def _(visitor: Visitor) -> None:
    tokens = visitor.tokens(fault="token-other-patient-on-refresh")
    assert tokens["patient"] == "p-1001"
    assert visitor.refresh(tokens["refresh_token"]).json["patient"] == "another-patient"


@shows("refresh-refused")
def _(visitor: Visitor) -> None:
    answer = visitor.refresh(visitor.tokens(fault="refresh-refused")["refresh_token"])
    assert answer.json["error"] == "invalid_grant"


@shows("expired-token")
def _(visitor: Visitor) -> None:
    tokens = visitor.tokens(fault="expired-token")
    statuses = [visitor.get("Patient/p-1001", tokens["access_token"]).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 401, 401, 401]
    renewed = visitor.refresh(tokens["refresh_token"]).json["access_token"]
    assert [visitor.get("Patient/p-1001", renewed).status_code for _ in range(6)] == [200] * 6


@shows("hostile-next")
def _(visitor: Visitor) -> None:
    (url,) = next_links(observations(visitor, "hostile-next").json)
    assert url == "http://127.0.0.1:8600/_stray/page-2"
    assert visitor.http.get("/_strayed").json == []
    visitor.http.get("/_stray/page-2", headers={"Authorization": "Bearer secret"})
    assert visitor.http.get("/_strayed").json == [{"path": "page-2", "authorization": True}]


@shows("duplicate-pages")
def _(visitor: Visitor) -> None:
    token = visitor.tokens(fault="duplicate-pages")["access_token"]
    first = visitor.get("Observation", token, patient="p-1001").json
    again = visitor.get(next_links(first)[0], token).json
    assert next_links(again) == next_links(first)
    assert resources(again) == resources(first)


@shows("outcome-entry")
def _(visitor: Visitor) -> None:
    bundle = observations(visitor, "outcome-entry").json
    assert [r["resourceType"] for r in resources(bundle, "outcome")] == ["OperationOutcome"]
    assert len(resources(bundle)) == bundle["total"]


@shows("vendor-field")
def _(visitor: Visitor) -> None:
    token = visitor.tokens(fault="vendor-field")["access_token"]
    bundle = visitor.get("Observation", token, patient="p-1001").json
    for resource in [*resources(bundle), visitor.get("Patient/p-1001", token).json]:
        assert "vendorAcuity" in resource
        assert resource["language"] == 5


@shows("broken-entry")
def _(visitor: Visitor) -> None:
    bundle = observations(visitor, "broken-entry").json
    assert len(resources(bundle)) == bundle["total"] + 1


@shows("html")
def _(visitor: Visitor) -> None:
    answer = observations(visitor, "html")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


@shows("truncated-json")
def _(visitor: Visitor) -> None:
    answer = observations(visitor, "truncated-json")
    assert (answer.status_code, answer.mimetype) == (200, "application/fhir+json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.data)


@shows("outcome-200")
def _(visitor: Visitor) -> None:
    answer = observations(visitor, "outcome-200")
    assert (answer.status_code, answer.json["resourceType"]) == (200, "OperationOutcome")


@shows("big")
def _(visitor: Visitor) -> None:
    assert len(observations(visitor, "big").data) > 10_000_000


@shows("down")
def _(visitor: Visitor) -> None:
    assert observations(visitor, "down").status_code == 503


@shows("rate-limited")
def _(visitor: Visitor) -> None:
    token = visitor.tokens(fault="rate-limited")["access_token"]
    for path in ("Patient/p-1001", "Condition"):
        first, second = visitor.get(path, token), visitor.get(path, token)
        assert (first.status_code, first.headers["Retry-After"], second.status_code) == (429, "1", 200)


@shows("type-403")
def _(visitor: Visitor) -> None:
    token = visitor.tokens(fault="type-403:Condition")["access_token"]
    assert visitor.get("Condition", token).status_code == 403
    assert visitor.get("Observation", token).status_code == 200


@shows("coverage-403")
def _(visitor: Visitor) -> None:
    token = visitor.tokens(fault="coverage-403")["access_token"]
    assert visitor.get("Coverage", token).status_code == 403
    assert visitor.get("Observation", token).status_code == 200


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_fault_shows_itself(name: str, visitor: Visitor) -> None:
    CHECKS[name](visitor)


def test_slow_and_hang_wait_before_they_answer(visitor: Visitor, slept: list[float]) -> None:
    assert observations(visitor, "slow").status_code == 200
    assert slept == [4.0]
    assert observations(visitor, "hang").status_code == 504
    assert slept == [4.0, 600.0]


def test_trickle_sends_one_byte_and_then_waits_nine_seconds(visitor: Visitor, slept: list[float]) -> None:
    drops = observations(visitor, "trickle").iter_encoded()
    assert [len(drop) for drop in islice(drops, 3)] == [1, 1, 1]
    assert slept == [9.0, 9.0]


def test_every_fault_has_a_proof() -> None:
    elsewhere = {each.name for each in FAULTS.values() if each.phase is Phase.WRITE}  # test_sandbox_ehr_writing
    assert set(CHECKS) | elsewhere | {"slow", "hang", "trickle", "walk-in"} == set(FAULTS)


@pytest.mark.parametrize("name", ["html", "truncated-json", "outcome-200", "down", "hostile-next"])
def test_a_fault_confined_to_a_type_leaves_the_others_alone(name: str, visitor: Visitor) -> None:
    token = visitor.tokens(fault=f"{name}:Observation")["access_token"]
    good = visitor.tokens()["access_token"]
    for path, same in (("Condition", True), ("Observation", False)):
        answers = [visitor.get(path, one) for one in (token, good)]
        assert (answers[0].data == answers[1].data) is same


def test_a_fault_of_one_launch_does_not_touch_another(visitor: Visitor) -> None:
    broken = visitor.tokens(fault="down")["access_token"]
    good = visitor.tokens(scenario="two-payers")["access_token"]
    assert visitor.get("Patient/p-1001", broken).status_code == 503
    assert visitor.get("Patient/p-1002", good).status_code == 200


def test_a_scenario_brings_its_own_faults(clock: Clock) -> None:
    story = replace(stories()["one-open-gap"], ehr_faults=("coverage-403",))
    ehr = create_ehr({story.id: story}, base_url=BASE, app_url=APP, clock=clock)
    visitor = Visitor(ehr, clock)
    assert visitor.get("Coverage", visitor.tokens()["access_token"]).status_code == 403
    wrong = replace(story, ehr_faults=("no-such-fault",))
    with pytest.raises(UnknownFault):
        create_ehr({wrong.id: wrong}, base_url=BASE, app_url=APP, clock=clock)


def test_faults_are_switched_for_everybody_and_off_again_at_run_time(visitor: Visitor) -> None:
    token = visitor.tokens()["access_token"]
    assert visitor.http.post("/_faults", json={"add": ["down:Patient"]}).json["on"] == ["down:Patient"]
    assert visitor.get("Patient/p-1001", token).status_code == 503
    assert visitor.http.post("/_faults", json={"remove": ["down:Patient"]}).json["on"] == []
    assert visitor.get("Patient/p-1001", token).status_code == 200
    assert {fault["name"] for fault in visitor.http.get("/_faults").json["known"]} == set(FAULTS)


def test_faults_are_switched_from_this_machine_only(visitor: Visitor) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert visitor.http.post("/_faults", json={"add": ["down"]}, environ_base=far).status_code == 403
    assert visitor.http.post("/_faults", json={"add": ["down"]}, environ_base={"REMOTE_ADDR": "::1"}).status_code == 200


@pytest.mark.parametrize("name", ["no-such-fault", "type-403", "token-error:Observation", ""])
def test_a_name_that_means_nothing_is_refused(name: str, visitor: Visitor) -> None:
    with pytest.raises(UnknownFault):
        checked([name])
    assert visitor.http.post("/_faults", json={"add": [name]}).status_code == 400
    minted = visitor.http.get("/main/launch-url", query_string={"scenario": "one-open-gap", "fault": name})
    assert minted.status_code == (400 if name else 200)


def test_the_delay_is_waited_before_each_call_of_the_back_channel(visitor: Visitor, slept: list[float]) -> None:
    visitor.http.post("/_faults", json={"delay_ms": 150})
    code = visitor.code()
    assert slept == [], "the browser's own way is not delayed"
    token = visitor.exchange(code).json["access_token"]
    visitor.get("Patient/p-1001", token)
    visitor.get(".well-known/smart-configuration")
    assert slept == [0.15, 0.15, 0.15]
