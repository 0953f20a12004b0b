"""Who our patient is at a payer: by member id, by `$member-match`, or not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fhirclient.models.parameters import Parameters
from sources_payloads import BASE, ENTRY, patient
from sources_wire import Call, Reply, Wire, bundle, connections

from app.core.chart import Coverage, Identifier, Name, Patient, When
from app.core.report import Member
from app.sources.errors import Down, NotIdentified
from app.sources.payer import member
from app.sources.payer.asking import Asking

MB = Identifier("https://northwind.example/member", "W1", "MB")
IDA = Patient("ehr-7", (Name("official", "Moss", ("Ida",)),), When.day(date(1957, 2, 3)), "female",
              identifiers=(Identifier("https://ehr.example/mrn", "MRN-SECRET", "MR"),))  # fmt: skip
COVERAGE = Coverage("Coverage/c1", "active", ("Northwind Health Plan",), member_ids=(MB,), subscriber_id="W1",
                    relationship="self", start=When.day(date(2026, 1, 1)))  # fmt: skip


def find(
    host: Callable[[Call], Any], *, ida: Patient = IDA, coverage: Coverage = COVERAGE, by_post: bool = True, **more: Any
) -> tuple[Member, Wire]:
    wire = Wire(payer=host)
    asking = Asking(connections(wire).http("northwind", BASE), by_post=by_post)
    return member.find(ida, coverage, dataclasses.replace(ENTRY, **more), asking), wire


def match(patient_id: str = "m1") -> dict[str, Any]:
    identifier = {"name": "MemberIdentifier", "valueIdentifier": {"system": "s", "value": "UMB-1"}}
    return {"resourceType": "Parameters", "parameter": [
        identifier, {"name": "MemberId", "valueReference": {"reference": f"Patient/{patient_id}"}},
    ]}  # fmt: skip


def test_a_member_is_found_by_the_member_id_of_the_coverage() -> None:
    found, wire = find(lambda call: bundle(patient()))
    assert (found.payer, found.patient_id, found.member_id, found.how) == ("northwind", "m1", "W1", "identifier")
    assert found.patient is not None
    assert found.patient.birth_date == IDA.birth_date
    (call,) = wire.calls
    assert (call.method, call.path, call.url.count("W1")) == ("POST", "/fhir/Patient/_search", 0)
    assert call.get("identifier") == ["https://northwind.example/member|W1"]


@pytest.mark.parametrize("status", [404, 405, 415, 501, 400])
def test_a_payer_that_takes_no_post_is_searched_by_get_and_remembered(status: int) -> None:
    wire = Wire(payer=lambda call: Reply(b"", status) if call.method == "POST" else bundle(patient()))
    asking = Asking(connections(wire).http("northwind", BASE), by_post=True)
    for _ in range(2):
        assert member.find(IDA, COVERAGE, ENTRY, asking).how == "identifier"
    assert [call.method for call in wire.calls] == ["POST", "GET", "GET"]


def test_an_entry_may_prefer_get() -> None:
    _, wire = find(lambda call: bundle(patient()), by_post=False)
    assert [call.method for call in wire.calls] == ["GET"]


@pytest.mark.parametrize(
    ("coverage", "entry", "tried"),
    [
        ({}, {}, [("https://northwind.example/member", "W1"), ("", "W1")]),
        ({}, {"member_systems": ("urn:a", "urn:b")}, [("urn:a", "W1"), ("urn:b", "W1")]),
        ({"member_ids": ()}, {}, [("", "W1")]),
        ({"member_ids": (), "subscriber_id": ""}, {}, []),
        ({"dependent": "02"}, {"dependent_joint": "-", "member_systems": ("urn:a",)}, [("urn:a", "W1-02")]),
        (
            {"member_ids": (Identifier("s", "W1-02", "MB"),), "subscriber_id": "", "dependent": "02"},
            {"dependent_joint": "-"},
            [("s", "W1-02")],
        ),
    ],
)
def test_which_ids_are_tried(coverage: Any, entry: Any, tried: list[tuple[str, str]]) -> None:
    assert member.candidates(dataclasses.replace(COVERAGE, **coverage), dataclasses.replace(ENTRY, **entry)) == tried


def test_an_id_cannot_widen_the_search() -> None:
    odd = dataclasses.replace(COVERAGE, member_ids=(Identifier("", "W1,W2|x$y", "MB"),), subscriber_id="")
    with pytest.raises(NotIdentified):
        find(lambda call: bundle(), coverage=odd)
    wire = Wire(payer=lambda call: bundle())
    asking = Asking(connections(wire).http("northwind", BASE), by_post=True)
    with pytest.raises(NotIdentified):
        member.find(IDA, odd, ENTRY, asking)
    assert wire.calls[0].get("identifier") == ["W1\\,W2\\|x\\$y"]


@pytest.mark.parametrize("count", [1, 7])
def test_a_server_that_answers_with_everybody_identifies_nobody(count: int) -> None:
    others = [patient(f"x{n}", identifier=[{"value": f"W{n + 2}"}]) for n in range(count)]
    with pytest.raises(NotIdentified):
        find(lambda call: bundle(*others) if "_search" in call.path else Reply(b"", 404))


def test_of_a_family_with_one_id_the_person_with_our_name_and_birth_date_is_it() -> None:
    spouse = patient("m2", birthDate="1955-05-05") | {"name": [{"given": ["Abe"]}]}
    twin = patient("m3") | {"name": [{"given": ["Iris"]}]}
    found, _ = find(lambda call: bundle(spouse, twin, patient()))
    assert found.patient_id == "m1"
    with pytest.raises(NotIdentified):
        find(lambda call: bundle(spouse, twin) if "_search" in call.path else Reply(b"", 404))


# --- $member-match ----------------------------------------------------------------------------------------------------


def matching(call: Call) -> Any:
    if call.path.endswith("$member-match"):
        return match()
    return bundle() if "_search" in call.path else patient()


def test_an_unknown_id_falls_back_to_member_match() -> None:
    found, wire = find(matching)
    assert (found.patient_id, found.member_id, found.how) == ("m1", "UMB-1", "member-match")
    assert found.patient is not None
    assert [call.path for call in wire.calls] == [
        "/fhir/Patient/_search", "/fhir/Patient/_search", "/fhir/Patient/$member-match", "/fhir/Patient/m1",
    ]  # fmt: skip


def test_the_request_says_who_and_which_coverage_and_nothing_else_of_the_chart() -> None:
    _, wire = find(matching)
    (call,) = wire.asked("$member-match")
    sent = call.json()
    Parameters(sent)  # valid R4
    person, coverage = (p["resource"] for p in sent["parameter"])
    assert [p["name"] for p in sent["parameter"]] == ["MemberPatient", "CoverageToMatch"]
    assert (person["name"], person["birthDate"], person["gender"]) == (
        [{"use": "official", "family": "Moss", "given": ["Ida"]}], "1957-02-03", "female",
    )  # fmt: skip
    assert [i["value"] for i in person["identifier"]] == ["W1"]
    assert (coverage["subscriberId"], coverage["payor"], coverage["period"]) == (
        "W1", [{"display": "Northwind Health Plan"}], {"start": "2026-01-01"},
    )  # fmt: skip
    assert b"MRN-SECRET" not in call.body
    assert b"ehr-7" not in call.body


def test_a_member_whose_record_may_not_be_read_is_still_a_member() -> None:
    found, _ = find(lambda call: Reply(b"", 403) if call.path.endswith("/m1") else matching(call))
    assert (found.patient_id, found.patient) == ("m1", None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"resourceType": "OperationOutcome", "issue": [{"code": "not-found"}]}, 422),
        Reply(b"", 404),
        Reply(b"", 403),
        {"resourceType": "Parameters", "parameter": [{"name": "MemberIdentifier", "valueIdentifier": {"value": "x"}}]},
        {"resourceType": "Parameters"},
    ],
)
def test_without_a_match_the_member_is_not_identified(reply: Any) -> None:
    with pytest.raises(NotIdentified):
        find(lambda call: reply if call.path.endswith("$member-match") else bundle())


def test_a_payer_that_is_down_is_down_and_not_a_stranger() -> None:
    with pytest.raises(Down):
        find(lambda call: Reply(b"", 503))


def test_a_subscriber_found_by_a_dependents_id_is_asked_about_again() -> None:
    parent = patient("m9", birthDate="1930-01-01")

    def host(call: Call) -> Any:
        return bundle(parent) if "_search" in call.path else matching(call)

    assert find(host)[0].patient_id == "m1"
    found, _ = find(lambda call: Reply(b"", 404) if call.path.endswith("$member-match") else host(call))
    assert found.patient_id == "m9", "the core compares the records and blocks"


@pytest.mark.parametrize(
    "ida", [Patient("x"), dataclasses.replace(IDA, names=(), birth_date=None), dataclasses.replace(IDA, sex="")]
)
def test_a_patient_of_whom_little_is_known_makes_a_valid_request(ida: Patient) -> None:
    body = member.match_request(ida, COVERAGE)
    assert body is not None
    Parameters(body)


def test_a_coverage_without_a_payor_makes_no_request() -> None:
    assert member.match_request(IDA, dataclasses.replace(COVERAGE, payors=())) is None
