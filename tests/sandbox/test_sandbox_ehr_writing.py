"""What can be written to the sandbox EHR: orders, tasks and documents, once, where a scope allows it; and visits."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from ehr_client import BASE, Clock, Visitor, new_ehr
from flask import Flask
from werkzeug.test import TestResponse

from sandbox_config.ehr import scopes
from sandbox_config.ehr.tenants import TENANTS

Json = dict[str, Any]

ABOUT = {"reference": "Patient/p-1001"}
VISIT = {"reference": "Encounter/p-1001-visit"}
ASKED = "launch openid patient/*.rs user/ServiceRequest.crs user/Task.crs patient/DocumentReference.crs"
ORDER: Json = {
    "resourceType": "ServiceRequest",
    "identifier": [{"system": "urn:chartside", "value": "a1"}],
    "status": "draft",
    "intent": "order",
    "code": {"text": "HbA1c"},
    "subject": ABOUT,
    "encounter": VISIT,
    "requester": {"reference": "Practitioner/staff-dr"},
}
TASK: Json = {
    "resourceType": "Task",
    "identifier": [{"system": "urn:chartside", "value": "a2"}],
    "status": "requested",
    "intent": "order",
    "code": {"text": "Call about the eye exam"},
    "for": ABOUT,
    "encounter": VISIT,
    "owner": {"display": "Care coordinator"},
    "restriction": {"period": {"end": "2026-12-01"}},
}
LINE: Json = {
    "resourceType": "DocumentReference",
    "status": "current",
    "type": {"coding": [{"system": "http://loinc.org", "code": "69730-0"}]},
    "category": [{"text": "Instructions"}],
    "subject": ABOUT,
    "content": [{"attachment": {"contentType": "text/plain", "data": b64encode(b"Please come for a test.").decode()}}],
    "context": {"encounter": [VISIT]},
}


class Writer:
    """A client that may write at one tenant, as far as it is let."""

    def __init__(self, ehr: Flask, tenant: str = "main", scope: str = ASKED, **options: str) -> None:
        self.visitor = Visitor(ehr, Clock(), tenant)
        code = self.visitor.authorize(self.visitor.mint(**options), scope=scope)
        assert code.status_code == 302, code.text
        told = self.visitor.exchange(code.location.partition("code=")[2].partition("&")[0])
        self.granted = str(told.json["scope"]).split()
        self.token = str(told.json["access_token"])

    def post(self, resource: Json, kind: str = "", **headers: str) -> TestResponse:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.visitor.http.post(
            f"{self.visitor.root}/fhir/{kind or resource['resourceType']}",
            data=json.dumps(resource),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json", **said},
        )

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.visitor.http.open(path, method=method, json=body or None)
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture(name="ehr")
def _ehr() -> Flask:
    return new_ehr(Clock())


@pytest.mark.parametrize("resource", [ORDER, TASK, LINE], ids=lambda each: str(each["resourceType"]))
def test_a_new_resource_is_stored_and_can_be_read(ehr: Flask, resource: Json) -> None:
    writer, kind = Writer(ehr), resource["resourceType"]
    answer = writer.post(resource)
    assert (answer.status_code, answer.headers["ETag"]) == (201, 'W/"1"')
    made = json.loads(answer.text)
    assert answer.headers["Location"] == f"{BASE}/main/fhir/{kind}/{made['id']}/_history/1"
    assert {key: made[key] for key in resource} == resource
    assert json.loads(writer.visitor.get(f"{kind}/{made['id']}", writer.token).text) == made
    found = json.loads(writer.visitor.get(kind, writer.token, patient="p-1001").text)
    assert made["id"] in {entry["resource"]["id"] for entry in found["entry"]}
    assert writer.control("GET", "/_written") == [made]
    writer.control("DELETE", "/_written")
    assert writer.visitor.get(f"{kind}/{made['id']}", writer.token).status_code == 404


def test_the_same_identifier_makes_one_resource(ehr: Flask) -> None:
    writer, once = Writer(ehr), "identifier=urn:chartside|a1"
    first, second = (writer.post(ORDER, If_None_Exist=once) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"] == second.headers["Location"]
    assert writer.post(ORDER).status_code == 201
    assert writer.post(ORDER, If_None_Exist=once).status_code == 412, "now there are two"
    assert writer.post(ORDER, If_None_Exist="colour=blue").status_code == 400
    assert writer.post(TASK, If_None_Exist="identifier=urn:chartside|a2", Prefer="return=minimal").text == ""


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"resourceType": "Task"}, 400),
        ({"status": None}, 422),
        ({"status": "sent"}, 422),
        ({"code": {}}, 422),
        ({"subject": {"reference": "Patient/nobody"}}, 422),
        ({"encounter": {"reference": "Encounter/p-1002-visit"}}, 422),
        ({"requester": {"reference": "Practitioner/nobody"}}, 422),
    ],
)
def test_what_is_not_right_is_refused(ehr: Flask, change: Json, status: int) -> None:
    writer = Writer(ehr)
    wrong = {key: value for key, value in (ORDER | change).items() if value is not None}
    assert writer.post(wrong, "ServiceRequest").status_code == status
    assert writer.control("GET", "/_written") == []


def test_a_document_needs_readable_content(ehr: Flask) -> None:
    content = [{"attachment": {"contentType": "text/plain", "data": "no base64!"}}]
    assert Writer(ehr).post(LINE | {"content": content}).status_code == 422


def test_a_patients_scope_reaches_that_patient_alone(ehr: Flask) -> None:
    writer = Writer(ehr)
    other = LINE | {"subject": {"reference": "Patient/p-1002"}, "context": {}}
    assert writer.post(other).status_code == 403
    assert writer.post(ORDER | {"subject": {"reference": "Patient/p-1002"}, "encounter": None}).status_code == 201


@pytest.mark.parametrize(
    ("tenant", "scope", "granted"),
    [
        (
            "main",
            "user/Task.cs patient/Task.rs user/Condition.crs",
            ["user/Task.cs", "patient/Task.rs", "user/Condition.rs"],
        ),
        ("main", "user/Task.write user/ServiceRequest.*", ["user/Task.write", "user/ServiceRequest.*"]),
        ("main", "patient/*.cruds", ["patient/*.rs"]),
        ("readonly", "user/Task.cs user/ServiceRequest.c user/Task.write", ["user/Task.s"]),
        ("trimmed", "user/ServiceRequest.c", []),
    ],
)
def test_create_scopes_are_granted_by_name_where_the_tenant_lets_it(
    tenant: str, scope: str, granted: list[str]
) -> None:
    assert list(scopes.grant(scope.split(), TENANTS[tenant])) == granted


def test_without_the_scope_nothing_is_written(ehr: Flask) -> None:
    writer = Writer(ehr, "readonly")
    assert "user/Task.rs" in writer.granted
    assert writer.post(TASK).status_code == 403
    declared = json.loads(writer.visitor.get("metadata").text)["rest"][0]["resource"]
    assert not any({"code": "create"} in each["interaction"] for each in declared)


def test_what_can_go_wrong_with_a_new_resource(ehr: Flask) -> None:
    once = {"If_None_Exist": "identifier=urn:chartside|a1"}
    lost = Writer(ehr, fault="create-no-answer")
    assert [lost.post(ORDER, **once).status_code for _ in range(2)] == [503, 200]
    assert len(lost.control("GET", "/_written")) == 1
    assert Writer(ehr, fault="create-refused").post(ORDER).status_code == 422
    twice = Writer(ehr, fault="create-ignores-condition")
    assert twice.post(ORDER, **once).status_code == 201
    assert Writer(ehr, fault="create-elsewhere").post(TASK).headers["Location"].startswith("http://upstream.invalid/")


def test_an_order_that_was_written_stands_in_the_chart_on_screen(ehr: Flask) -> None:
    writer = Writer(ehr)
    writer.post(ORDER | {"code": {"text": "A test that nobody else orders"}})
    writer.post(TASK)
    page = writer.visitor.http.get("/main/chart/one-open-gap").text
    assert "A test that nobody else orders" in page
    assert "draft" in page
    assert "Care coordinator, requested" in page


def test_a_visit_is_finished_and_opened_again_on_screen_and_by_control(ehr: Flask) -> None:
    writer = Writer(ehr)
    visit = lambda: json.loads(writer.visitor.get("Encounter/p-1001-visit", writer.token).text)  # noqa: E731
    assert "Finish visit" in writer.visitor.http.get("/main/chart/one-open-gap").text
    page = writer.visitor.http.post(
        "/main/chart/one-open-gap/visit", data={"status": "finished", "user": "ma", "w": "800"}
    )
    assert page.status_code == 303
    assert "user=ma" in page.location
    assert visit()["status"] == "finished"
    assert visit()["period"]["end"]
    assert "Reopen visit" in writer.visitor.http.get("/main/chart/one-open-gap").text
    moved = writer.control("POST", "/_visit", scenario="one-open-gap", status="in-progress", days_ago=1)
    assert moved["period"]["start"].startswith("2026-11-22")
    assert "end" not in moved["period"]
    writer.control("DELETE", "/_visit")
    assert visit()["period"]["start"].startswith("2026-11-23")


def test_a_launch_may_be_about_another_visit_or_none(ehr: Flask) -> None:
    visitor = Visitor(ehr, Clock())
    last = visitor.tokens(encounter="last")["encounter"]
    assert last != "p-1001-visit"
    assert visitor.tokens(encounter=last)["encounter"] == last
    assert "encounter" not in visitor.tokens(encounter="none")
    refused = visitor.http.get("/main/launch-url", query_string={"scenario": "one-open-gap", "encounter": "nobodys"})
    assert refused.status_code == 404
