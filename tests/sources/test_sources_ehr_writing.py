"""Writing to an EHR: valid R4, at most once, only with a scope. Only the wire is replaced."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sources_clinic import Entry
from sources_wire import Call, Reply, Wire, bundle, connections

from app.core.answers import Known, Reason, Unknown
from app.core.ledger.ordering import LINE, ORDER, ORDERABLES, TASK, Write
from app.core.ledger.outgoing import Came, Written
from app.sources.ehr import Ehr
from app.sources.ehr.authored import SYSTEM, authored
from app.sources.ehr.scopes import may_create

NAME = "a" * 32
SCOPES = ("user/ServiceRequest.cs", "user/Task.cs", "user/DocumentReference.cs")


def draft(kind: str = ORDER) -> Write:
    return Write(
        kind=kind,
        id=NAME,
        patient="Patient/p1",
        encounter="Encounter/e1",
        author="Practitioner/d1",
        author_name="Dr. Wren Castellane",
        at=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
        words="Hemoglobin A1c",
        coding=ORDERABLES["order-hba1c"][0].coding if kind == ORDER else None,
        reason="HbA1c test is due",
        owner="front desk" if kind == TASK else "",
        due=date(2026, 12, 7) if kind == TASK else None,
    )


class Server:
    """An EHR that keeps what it is sent. `honours`: it does If-None-Exist; `shows`: it finds by identifier."""

    def __init__(self, *, honours: bool = True, shows: bool = True) -> None:
        self.kept: list[dict[str, Any]] = []
        self.honours, self.shows = honours, shows
        self.answers: list[Callable[[], Any]] = []  # instead of its own, once each; it has kept the write by then

    def __call__(self, call: Call) -> Any:
        if call.method == "GET":
            if not self.shows:
                return Reply({"resourceType": "OperationOutcome"}, 403)
            wanted = call.get("identifier")[0].rpartition("|")[2]
            # a server that ignores the parameter answers with others as well
            return bundle(*self.kept, {"resourceType": ORDER, "id": "other", "identifier": [{"value": wanted}]})
        resource = json.loads(call.body)
        there = [each for each in self.kept if each["identifier"] == resource["identifier"]]
        if not (self.honours and there):
            self.kept.append(resource | {"id": f"n{len(self.kept) + 1}"})
        if self.answers:
            return self.answers.pop(0)()
        # the public launcher names the host behind it
        where = f"http://upstream.example/r4/{resource['resourceType']}/{self.kept[-1]['id']}/_history/1"
        return Reply({}, 201, Location=where)


def ehr(host: Callable[[Call], Any], granted: tuple[str, ...] = SCOPES) -> tuple[Ehr, Wire]:
    wire = Wire(ehr=host)
    made = Ehr(
        Entry(), "https://ehr.example/fhir", lambda renew: "token", connections=connections(wire), granted=granted
    )
    return made, wire


class Row:
    """What is written down before a write leaves, as the outbox keeps it."""

    def __init__(self) -> None:
        self.against = ""

    def __call__(self, text: str) -> None:
        self.against = text

    def tries(self, chart: Ehr, kind: str = ORDER) -> Written:
        return chart.create(authored(draft(kind)), self.against, self)


# --- what is authored -------------------------------------------------------------------------------------------------


def test_an_order_is_a_draft_with_our_identifier() -> None:
    made = authored(draft())
    assert (made["status"], made["intent"]) == ("draft", "order")
    assert made["code"]["coding"] == [
        {"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c/Hemoglobin.total in Blood"}
    ]
    assert made["identifier"] == [{"system": SYSTEM, "value": NAME}]
    assert (made["subject"], made["encounter"]) == ({"reference": "Patient/p1"}, {"reference": "Encounter/e1"})
    assert made["requester"]["reference"] == "Practitioner/d1"


def test_a_task_names_its_owner_by_role_and_until_when() -> None:
    made = authored(draft(TASK))
    assert (made["status"], made["performerType"]) == ("requested", [{"text": "front desk"}])
    assert made["for"] == {"reference": "Patient/p1"}
    assert made["restriction"] == {"period": {"start": "2026-11-23", "end": "2026-12-07"}}


def test_a_line_for_the_patient_is_instructions_as_plain_text() -> None:
    made = authored(draft(LINE))
    assert made["type"]["coding"][0]["code"] == "69730-0"
    (content,) = made["content"]
    assert base64.b64decode(content["attachment"]["data"]).decode() == "Hemoglobin A1c"
    assert content["attachment"]["contentType"].startswith("text/plain")


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_create_is_conditional_and_its_id_comes_from_a_location_that_is_not_followed() -> None:
    chart, wire = ehr(Server())
    assert Row().tries(chart) == Written(Came.SENT, reference="ServiceRequest/n1")
    (call,) = wire.calls
    assert call.headers["If-None-Exist"] == f"identifier=urn%3Achartside%3Awritten%7C{NAME}"


@pytest.mark.parametrize("lost", [Reply({}, 502), Reply({}, 504)])
def test_after_an_unknown_outcome_it_is_looked_for_first(lost: Reply) -> None:
    server = Server(honours=False)
    server.answers = [lambda: lost]
    (chart, _), row = ehr(server), Row()
    assert row.tries(chart).came is Came.UNKNOWN
    assert row.against  # what may have arrived is written down
    assert row.tries(chart) == Written(Came.SENT, reference="ServiceRequest/n1")
    assert len(server.kept) == 1


def test_what_cannot_be_looked_for_is_not_written_again() -> None:
    server = Server(honours=False, shows=False)
    server.answers = [lambda: Reply({}, 502)]
    (chart, _), row = ehr(server), Row()
    row.tries(chart)
    again = row.tries(chart)
    assert (again.came, again.trouble) == (Came.REFUSED, "cannot-look")
    assert row.against
    assert len(server.kept) == 1


@pytest.mark.parametrize(
    ("status", "came", "trouble"),
    [(403, Came.REFUSED, "not-allowed"), (422, Came.REFUSED, "not-taken"), (404, Came.REFUSED, "not-taken"),
     (412, Came.REFUSED, "several-there"), (429, Came.LATER, "busy"), (401, Came.LATER, "signed-out")],
)  # fmt: skip
def test_what_certainly_did_not_arrive_leaves_nothing_to_look_for(status: int, came: Came, trouble: str) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "invalid", "diagnostics": "no such code"}]}
    (chart, _), row = ehr(lambda call: Reply(outcome, status)), Row()
    written = row.tries(chart)
    assert (written.came, written.trouble) == (came, trouble)
    assert row.against == ""
    assert written.words == ("no such code" if status in (422, 412) else "")


def test_without_a_scope_nothing_is_asked() -> None:
    for granted in ((), ("user/ServiceRequest.rs",), ("user/Task.cs",), ("openid", "fhirUser")):
        chart, wire = ehr(Server(), granted)
        assert Row().tries(chart) == Written(Came.REFUSED, trouble="no-scope")
        assert not wire.calls


@pytest.mark.parametrize(
    ("scope", "may"),
    [("user/Task.c", True), ("patient/Task.cruds", True), ("user/*.write", True), ("patient/Task.*", True),
     ("user/Task.read", False), ("user/Task.rs", False), ("user/Task.u", False), ("system/ServiceRequest.c", False)],
)  # fmt: skip
def test_scopes_of_both_versions(scope: str, may: bool) -> None:
    assert may_create("Task", [scope]) is may


# --- as it stands -----------------------------------------------------------------------------------------------------


def test_an_entry_comes_as_the_ehr_has_it() -> None:
    entry = {"resourceType": "Observation", "id": "o1", "note": [{"text": "x"}], "_status": {"id": "y"}}
    chart, _ = ehr(lambda call: entry, ("user/Observation.rs",))
    found = chart.raw("Observation/o1")
    assert isinstance(found, Known)
    assert found.value == entry


@pytest.mark.parametrize("said", [{"resourceType": "Observation", "id": "o2"}, {"resourceType": "Patient", "id": "o1"}])
def test_another_entry_than_was_asked_for_is_none(said: dict[str, Any]) -> None:
    chart, _ = ehr(lambda call: said, ("user/Observation.rs",))
    assert isinstance(chart.raw("Observation/o1"), Unknown)


def test_an_entry_without_a_scope_is_not_asked_for() -> None:
    chart, wire = ehr(lambda call: {}, ("user/Condition.rs",))
    found = chart.raw("Observation/o1")
    assert isinstance(found, Unknown)
    assert found.reason is Reason.NOT_ALLOWED
    assert not wire.calls
