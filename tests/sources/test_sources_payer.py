"""The payer adapter from question to answer, over the wire."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import sources_payloads as say
from joserfc.jwk import ECKey
from sources_payloads import ASKED, BASE, ENTRY, MEMBER, answer, document, gap_report, patient, risk_report
from sources_wire import Call, Clock, Reply, Wire, bundle, connections

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Coverage, Identifier, Name, Patient, When
from app.sources.payer import Payer

KEY = ECKey.generate_key("P-384", {"kid": "k"})
OURS = Patient("e1", (Name(given=("Ida",)),), When.day(say.date(1957, 2, 3)))
COVERED = Coverage("Coverage/1", "active", ("Northwind",), member_ids=(Identifier("", "W1", "MB"),))


def payer(
    host: Any, clock: Clock | None = None, *, metadata: Any = None, ours: tuple[str, ...] = (), **more: Any
) -> tuple[Payer, Wire]:
    def server(call: Call) -> Any:
        if call.path == "/fhir/token":
            return {"access_token": "t", "token_type": "bearer", "expires_in": 300}
        if call.path == "/fhir/metadata":
            return metadata(call) if callable(metadata) else metadata or {"resourceType": "CapabilityStatement"}
        return host(call)

    wire = Wire(payer=server)
    entry = dataclasses.replace(ENTRY, **more)
    return Payer(entry, key_for=lambda alg: KEY, connections=connections(wire, clock), measures=ours), wire


def known(found: Any) -> Known[Any]:
    assert isinstance(found, Known), found
    return found


def asked(wire: Wire) -> list[Call]:
    return [call for call in wire.calls if call.path not in ("/fhir/token", "/fhir/metadata")]


def test_care_gaps_are_asked_by_post_with_every_status_on_its_own() -> None:
    ours, wire = payer(lambda call: say.usual_answer())
    found = known(ours.care_gaps(MEMBER, ASKED))
    assert (found.source, found.incomplete, len(found.value.gaps)) == ("northwind", (), 1)
    (call,) = asked(wire)
    assert (call.method, call.url, call.bearer) == ("POST", f"{BASE}/Measure/$care-gaps", "t")
    assert call.json() == {"resourceType": "Parameters", "parameter": [
        {"name": "periodStart", "valueDate": "2026-01-01"},
        {"name": "periodEnd", "valueDate": "2026-12-31"},
        {"name": "subject", "valueString": "Patient/m1"},
        {"name": "status", "valueCode": "open-gap"},
        {"name": "status", "valueCode": "closed-gap"},
        {"name": "status", "valueCode": "prospective-gap"},
        {"name": "status", "valueCode": "not-applicable"},
    ]}  # fmt: skip


def test_a_payer_without_post_is_asked_by_get_with_repeated_statuses() -> None:
    ours, wire = payer(
        lambda call: Reply(b"", 405) if call.method == "POST" else say.usual_answer(),
        statuses=("open-gap", "closed-gap"),
    )
    known(ours.care_gaps(MEMBER, ASKED))
    assert asked(wire)[1].params == [
        ("periodStart", "2026-01-01"), ("periodEnd", "2026-12-31"), ("subject", "Patient/m1"),
        ("status", "open-gap"), ("status", "closed-gap"),
    ]  # fmt: skip
    known(ours.care_gaps(MEMBER, ASKED))
    assert [call.method for call in asked(wire)] == ["POST", "GET", "GET"]


def test_the_evidence_that_did_not_ride_along_is_read_in_bounds() -> None:
    cited = [{"reference": f"Procedure/p{n}"} for n in range(20)] + [{"reference": "https://evil.example/Procedure/p1"}]

    def host(call: Call) -> Any:
        if call.method == "GET":
            return {"resourceType": "Procedure", "id": call.path.rpartition("/")[2], "code": {"text": "Scan"}}
        return answer(document(gap_report(evaluatedResource=cited), patient()))

    ours, wire = payer(host)
    (gap,) = known(ours.care_gaps(MEMBER, ASKED)).value.gaps
    assert sum(evidence.readable for evidence in gap.evidence) == 8
    assert len(gap.evidence) == 21 - 1, "the foreign reference names the same Procedure/p1"
    assert {call.host for call in wire.calls} == {"payer.example"}


def test_a_payer_that_fails_at_evidence_is_not_asked_for_more_of_it() -> None:
    cited = [{"reference": f"Procedure/p{n}"} for n in range(5)]
    body = answer(document(gap_report(evaluatedResource=cited), patient()))
    ours, wire = payer(lambda call: body if call.method == "POST" else Reply(b"", 500))
    (gap,) = known(ours.care_gaps(MEMBER, ASKED)).value.gaps
    assert not any(evidence.readable for evidence in gap.evidence)
    assert {call.path for call in asked(wire)[1:]} == {"/fhir/Procedure/p0"}


@pytest.mark.parametrize("refused", [0, 1, 2, 3])
def test_risk_is_searched_in_the_way_the_server_takes_and_that_is_remembered(refused: int) -> None:
    names = ["category", "measurereport-category", "_profile"]

    def host(call: Call) -> Any:
        return Reply(b"", 422) if any(call.get(name) for name in names[:refused]) else bundle(risk_report())

    ours, wire = payer(host)
    for _ in range(2):
        assert len(known(ours.risk(MEMBER, ASKED)).value.categories) == 1
    calls = asked(wire)
    assert len(calls) == refused + 2
    assert [n for n in names if calls[-1].get(n)] == names[refused : refused + 1]
    assert calls[-1].get("period") == ["ge2026-01-01", "le2026-12-31"]
    assert calls[-1].get("patient") == ["Patient/m1"]
    assert calls[-1].get("_include") == ["MeasureReport:evaluated-resource"]
    assert calls[-1].path == "/fhir/MeasureReport/_search"


def test_a_server_that_takes_no_include_is_searched_without() -> None:
    ours, _ = payer(lambda call: Reply(b"", 422) if call.get("_include") else bundle(risk_report()))
    assert len(known(ours.risk(MEMBER, ASKED)).value.categories) == 1
    nothing, wire = payer(lambda call: Reply(b"", 422))
    found = nothing.risk(MEMBER, ASKED)
    assert isinstance(found, Unknown)
    assert (found.reason, len(asked(wire))) == (Reason.NOT_READABLE, 8)


def test_risk_pages_that_could_not_be_read_are_named() -> None:
    ours, _ = payer(lambda call: bundle(risk_report(), next_url="https://evil.example/next"))
    found = known(ours.risk(MEMBER, ASKED))
    assert len(found.value.categories) == 1
    assert found.incomplete == ("not all reports were read: a link leads to another server",)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(b"", 403), Reason.NOT_ALLOWED),
        (Reply(b"", 401), Reason.SIGNED_OUT),
        (Reply(b"", 404), Reason.NOT_READABLE),
        (Reply(b"<html>"), Reason.NOT_READABLE),
        (Reply(b'{"resourceType":'), Reason.NOT_READABLE),
        (Reply({"resourceType": "OperationOutcome"}), Reason.NOT_READABLE),
        (Reply(b"", 503), Reason.DOWN),
        (Reply(b"", 429, Retry_After="99"), Reason.BUSY),
    ],
)
def test_every_trouble_is_an_answer(reply: Any, reason: Reason) -> None:
    questions: list[Any] = [
        lambda p: p.care_gaps(MEMBER, ASKED), lambda p: p.risk(MEMBER, ASKED), lambda p: p.member(OURS, COVERED),
    ]  # fmt: skip
    for question in questions:
        ours, _ = payer(lambda call: reply)
        found = question(ours)
        assert isinstance(found, Unknown)
        assert (found.source, found.reason) == ("northwind", reason)


def test_a_report_about_somebody_else_leaves_nothing_of_it() -> None:
    other = {"subject": {"reference": "Patient/m2"}}
    ours, _ = payer(lambda call: answer(document(gap_report(**other), patient("m2"))))
    found = ours.care_gaps(MEMBER, ASKED)
    assert found == Unknown("northwind", Reason.WRONG_PATIENT, "reported about somebody else")
    assert "m2" not in repr(found)


def test_a_token_that_cannot_be_had_is_an_answer_too() -> None:
    wire = Wire(payer=lambda call: Reply({"error": "invalid_client"}, 401))
    ours = Payer(ENTRY, key_for=lambda alg: KEY, connections=connections(wire))
    found = ours.care_gaps(MEMBER, ASKED)
    assert isinstance(found, Unknown)
    assert (found.reason, found.detail) == (Reason.NOT_ALLOWED, "the token endpoint refused us (invalid_client)")


def test_a_member_comes_as_an_answer() -> None:
    ours, wire = payer(lambda call: bundle(patient()))
    assert known(ours.member(OURS, COVERED)).value.patient_id == "m1"
    assert [call.bearer for call in asked(wire)] == ["t"]
