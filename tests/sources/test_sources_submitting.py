"""Evidence in its envelope: what each guide wants, nothing of the EHR's, the same at every try, and sent as shown."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_payloads import BASE, ENTRY, RA, US, UV
from sources_wire import Call, Reply
from sources_written import AUTHOR, Notes, payer

from app.core.ledger.outgoing import Came, Submission, Written
from app.sources.payer.submitting import Way, envelope
from app.sources.replies import parse

AT = datetime(2026, 11, 22, 16, 30, 5, tzinfo=UTC)
RESULT: dict[str, Any] = {
    "resourceType": "Observation", "id": "ehr-o1", "identifier": [{"system": "https://ehr.example", "value": "MRN-7"}],
    "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
    "subject": {"reference": "https://ehr.example/fhir/Patient/e1", "display": "Ida Moss"},
    "encounter": {"reference": "Encounter/ehr-v1"},
    "performer": [{"reference": "Organization/ehr-lab", "display": "Elm Laboratory"}, {"reference": "Practitioner/p"}],
    "effectiveDateTime": "2026-05-06", "valueQuantity": {"value": Decimal("7.10"), "unit": "%"},
}  # fmt: skip
VISIT: dict[str, Any] = {
    "resourceType": "Encounter", "id": "ehr-v1", "status": "finished", "subject": {"reference": "Patient/e1"},
}  # fmt: skip
GAP = Submission(
    "s1", "northwind", "care-gaps", "deqm-us-5.0.0", "https://northwind.example/Measure/hba1c|2026", date(2026, 1, 1),
    date(2026, 12, 31), "m1", "e1", "r1", ("g1",), (RESULT, VISIT), AUTHOR, AT,
)  # fmt: skip
RISK = dataclasses.replace(GAP, question="risk", dialect="ra-2.1.0", group_ids=("g1", "g2"))
MINE = {"reference": "Patient/m1"}


def content(what: Submission, way: Way) -> Any:
    return json.loads(envelope(what, way, ENTRY)["content"])


def packed(what: Submission, way: Way) -> dict[str, Any]:
    """The resources of an envelope by type."""
    body = content(what, way)
    if way is Way.SUBMIT:
        found = [each["resource"] for each in body["parameter"]]
    elif way is Way.DEQM_SUBMIT:
        found = [each["resource"] for each in body["parameter"][0]["resource"]["entry"]]
    else:
        found = [each["resource"] for each in body["entry"]]
    return {each["resourceType"]: each for each in found}


@pytest.mark.parametrize(
    ("dialect", "profile", "update"),
    [
        (
            "deqm-us-5.0.0",
            f"{US}/datax-measurereport-deqm",
            f"{US}/extension-submitDataUpdateType",
        ),
        ("deqm-uv-1.0.0", f"{UV}/deqm-dataexchangemeasurereport", f"{UV}/deqm-submitDataUpdateType"),
    ],
)
def test_the_report_of_a_care_gap(dialect: str, profile: str, update: str) -> None:
    report = packed(dataclasses.replace(GAP, dialect=dialect), Way.TRANSACTION)["MeasureReport"]
    assert report["meta"] == {"profile": [profile]}
    assert report["extension"] == [{"url": update, "valueCode": "incremental"}]
    assert {name: report[name] for name in ("status", "type", "measure", "subject", "date", "period")} == {
        "status": "complete", "type": "data-collection", "measure": "https://northwind.example/Measure/hba1c|2026",
        "subject": MINE, "date": "2026-11-22T16:30:05Z", "period": {"start": "2026-01-01", "end": "2026-12-31"},
    }  # fmt: skip
    assert report["reporter"] == {"type": "Organization", "display": "Elm Clinic"}
    assert "group" not in report


def test_the_report_of_a_condition_category_names_what_it_answers() -> None:
    found = packed(RISK, Way.SUBMIT)
    report = found["MeasureReport"]
    assert report["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "ra"
    assert report["extension"][1] == {"url": f"{RA}/ra-payerCodingGapReportId", "valueId": "r1"}
    assert report["group"] == [{"id": "g1"}, {"id": "g2"}]
    for cited in report["evaluatedResource"]:
        assert [each["valueString"] for each in cited["extension"]] == ["g1", "g2"]
        assert {each["url"] for each in cited["extension"]} == {f"{RA}/ra-groupReference"}
    assert {cited["reference"] for cited in report["evaluatedResource"]} == {
        f"{each}/{found[each]['id']}" for each in ("Observation", "Encounter")
    }


@pytest.mark.parametrize("way", list(Way))
def test_the_chart_entries_are_the_payers_patients_and_keep_nothing_of_the_ehr(way: Way) -> None:
    found = packed(GAP, way)
    result = found["Observation"]
    assert result["subject"] == MINE
    assert result["encounter"] == {"reference": f"Encounter/{found['Encounter']['id']}"}
    assert result["performer"] == [{"display": "Elm Laboratory"}]
    text = json.dumps(envelope(GAP, way, ENTRY))
    for private in ("ehr-", "MRN-7", "ehr.example", "Patient/e1"):
        assert private not in text
    assert parse(envelope(GAP, way, ENTRY)["content"].encode())
    assert '"value": 7.10' in envelope(GAP, way, ENTRY)["content"], "decimals keep their digits"


def test_each_way_has_its_own_wrapping() -> None:
    submit, deqm, transaction = (envelope(GAP, way, ENTRY) for way in Way)
    assert [each["path"] for each in (submit, deqm, transaction)] == [
        "Measure/$submit-data", "Measure/$deqm-submit-data", "",
    ]  # fmt: skip
    named = [each["name"] for each in json.loads(submit["content"])["parameter"]]
    assert named == ["measureReport", "resource", "resource"]
    (bundle,) = json.loads(deqm["content"])["parameter"]
    assert (bundle["name"], bundle["resource"]["type"]) == ("bundle", "collection")
    body = json.loads(transaction["content"])
    for entry in body["entry"]:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"{BASE}/{resource['resourceType']}/{resource['id']}"
        if resource["resourceType"] != "Provenance":
            assert entry["request"]["method"] == "POST"
            assert entry["request"]["ifNoneExist"].endswith(resource["identifier"][0]["value"])


def test_who_sends_it_rides_along() -> None:
    agents = [
        {
            "type": {"coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "author"}]},
            "who": {"type": "Practitioner", "display": "Wren Castellane",
                    "identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}},
            "onBehalfOf": {"type": "Organization", "display": "Elm Clinic"},
        },
        {
            "type": {"coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "assembler"}]},
            "who": {"display": "Chartside 0.5.0"},
        },
    ]  # fmt: skip
    header = envelope(GAP, Way.SUBMIT, ENTRY)["headers"]["X-Provenance"]
    assert header.isascii()
    assert json.loads(header)["agent"] == agents
    assert "target" not in json.loads(header), "the server puts it in"
    sent = envelope(GAP, Way.TRANSACTION, ENTRY)
    inside = packed(GAP, Way.TRANSACTION)
    assert sent["headers"] == {}
    assert inside["Provenance"]["agent"] == agents
    assert inside["Provenance"]["target"] == [{"reference": f"MeasureReport/{inside['MeasureReport']['id']}"}]


def test_a_practice_that_the_payer_knows_reports_by_its_reference() -> None:
    entry = dataclasses.replace(ENTRY, organization="Organization/elm")
    report = json.loads(envelope(GAP, Way.SUBMIT, entry)["content"])["parameter"][0]["resource"]
    assert report["reporter"] == {"reference": "Organization/elm"}


IDS = st.text("abcdef0123456789-", min_size=1, max_size=12)


@settings(deadline=None)
@given(IDS, IDS, st.sampled_from(Way))
def test_the_same_submission_is_the_same_and_another_is_another(one: str, other: str, way: Way) -> None:
    first, again, second = (envelope(dataclasses.replace(GAP, id=name), way, ENTRY) for name in (one, one, other))
    assert first == again
    assert (first["identifier"] == second["identifier"]) is (one == other)


# --- which way --------------------------------------------------------------------------------------------------------


def offering(*operations: str, transaction: bool = False) -> dict[str, Any]:
    rest: dict[str, Any] = {"mode": "server", "resource": [
        {"type": "Measure", "operation": [{"name": name} for name in operations]}]}  # fmt: skip
    if transaction:
        rest["interaction"] = [{"code": "transaction"}]
    return {"resourceType": "CapabilityStatement", "rest": [rest]}


EVERYTHING = offering("submit-data", "deqm-submit-data", transaction=True)


@pytest.mark.parametrize(
    ("set_to", "offered", "question", "dialect", "way"),
    [
        ("auto", EVERYTHING, "care-gaps", "deqm-us-5.0.0", "deqm-submit-data"),
        ("auto", EVERYTHING, "care-gaps", "deqm-uv-1.0.0", "transaction"),
        ("auto", EVERYTHING, "risk", "ra-2.1.0", "submit-data"),
        ("auto", EVERYTHING, "risk", "ra-3.0.0-ballot", "transaction"),
        ("auto", offering("submit-data"), "care-gaps", "deqm-us-5.0.0", "submit-data"),
        ("auto", offering("submit-data"), "care-gaps", "deqm-us-3.1.0", "submit-data"),
        ("auto", offering("submit-data"), "risk", "ra-3.0.0-ballot", "submit-data"),
        ("transaction", offering(), "risk", "ra-2.1.0", "transaction"),
        ("auto", offering(), "care-gaps", "deqm-us-5.0.0", ""),
        ("none", EVERYTHING, "care-gaps", "deqm-us-5.0.0", ""),
    ],
)
def test_the_way_is_the_payers(set_to: str, offered: Any, question: str, dialect: str, way: str) -> None:
    ours, _ = payer(lambda call: Reply({}, 404), metadata=offered, evidence=set_to)
    what = dataclasses.replace(GAP, question=question, dialect=dialect)
    if not way:
        with pytest.raises(ValueError, match="no-transport"):
            ours.envelope(what)
    else:
        assert ours.envelope(what)["how"] == way


# --- sending ----------------------------------------------------------------------------------------------------------


class Receiver:
    """Takes evidence, and finds it again by identifier."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.came: list[Call] = []
        self.trouble: Any = None  # instead of the write
        self.lost = False  # the answer, after it was kept
        self.searches = True

    def __call__(self, call: Call) -> Any:
        if call.method == "GET":
            if not self.searches:
                return Reply({}, 400)
            found = [{"resource": {"resourceType": "MeasureReport", "id": "x", "identifier": [
                {"system": "urn:ietf:rfc:3986", "value": name}]}} for name in self.kept]  # fmt: skip
            return {"resourceType": "Bundle", "type": "searchset", "entry": found}  # a lenient server: all it has
        self.came.append(call)
        if self.trouble is not None:
            return self.trouble
        self.kept.append(call.json()["parameter"][0]["resource"]["identifier"][0]["value"])
        return requests.ConnectionError("reset") if self.lost else Reply(b"", 200)


def test_exactly_what_was_shown_leaves() -> None:
    host, notes = Receiver(), Notes()
    ours, _ = payer(host, evidence="submit-data")
    shown = json.loads(json.dumps(ours.envelope(GAP)))  # kept meanwhile
    assert ours.submit(shown, notes.against, notes) == Written(Came.SENT)
    (call,) = host.came
    assert (call.method, call.path) == ("POST", "/fhir/Measure/$submit-data")
    assert call.body.decode() == shown["content"]
    assert call.headers["X-Provenance"] == shown["headers"]["X-Provenance"]


@pytest.mark.parametrize("lost", [True, False])
def test_after_doubt_it_is_looked_for_before_it_is_sent_again(lost: bool) -> None:
    host, notes = Receiver(), Notes()
    ours, _ = payer(host, evidence="submit-data")
    shown = ours.envelope(GAP)
    host.lost, host.trouble = lost, None if lost else requests.ConnectionError("reset")
    host.kept.append("urn:uuid:of-somebody-else")
    assert ours.submit(shown, notes.against, notes).came is Came.UNKNOWN
    host.lost, host.trouble = False, None
    assert ours.submit(shown, notes.against, notes) == Written(Came.SENT)
    assert len(host.came) == (1 if lost else 2)
    assert host.kept.count(shown["identifier"].partition("|")[2]) == 1


def test_a_payer_that_cannot_search_gets_it_again_under_the_same_identifier() -> None:
    host, notes = Receiver(), Notes()
    host.searches, host.trouble = False, Reply({}, 500)
    ours, _ = payer(host, evidence="submit-data")
    shown = ours.envelope(GAP)
    assert ours.submit(shown, notes.against, notes).came is Came.UNKNOWN
    host.trouble = None
    assert ours.submit(shown, notes.against, notes).came is Came.SENT


@pytest.mark.parametrize(
    ("reply", "came", "trouble", "doubt"),
    [
        (Reply({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "No"}]}, 422),
         Came.REFUSED, "not-taken", False),
        ({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "No"}]},
         Came.REFUSED, "not-taken", False),
        (Reply({}, 403), Came.REFUSED, "not-allowed", False),
        (Reply({}, 404), Came.REFUSED, "no-transport", False),
        (Reply({}, 429, Retry_After="7"), Came.LATER, "busy", False),
        (Reply({}, 502), Came.UNKNOWN, "down", True),
    ],
)  # fmt: skip
def test_what_a_submission_can_come_to(reply: Any, came: Came, trouble: str, doubt: bool) -> None:
    host, notes = Receiver(), Notes()
    host.trouble = reply
    ours, _ = payer(host, evidence="submit-data")
    found = ours.submit(ours.envelope(GAP), notes.against, notes)
    assert (found.came, found.trouble, bool(notes.against)) == (came, trouble, doubt)
    assert found.words == ("No" if trouble == "not-taken" else "")
