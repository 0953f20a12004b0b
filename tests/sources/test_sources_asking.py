"""Asking each payer in what it speaks, and otherwise when it refuses; answers that come later."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sources_dialects as dialects
import sources_payloads as say
from sources_payloads import ASKED, BASE, MEMBER
from sources_wire import Call, Clock, Reply, bundle
from test_sources_capabilities import RA, US, UV, guide, statement
from test_sources_payer import COVERED, OURS, asked, known, payer

from app.core.answers import Reason, Unknown
from app.core.report import Member, Period

OPEN, CLOSED, PROSPECTIVE, OUTSIDE = "open-gap", "closed-gap", "prospective-gap", "not-applicable"
MEASURES = ("https://northwind.example/Measure/a|1", "https://northwind.example/Measure/b")


def told(call: Call) -> dict[str, list[Any]]:
    """The parameters of a question, however it came."""
    found: dict[str, list[Any]] = {}
    if call.method == "POST":
        for parameter in call.json()["parameter"]:
            (value,) = (v for key, v in parameter.items() if key != "name")
            found.setdefault(parameter["name"], []).append(value)
    for name, value in call.params if call.method == "GET" else ():
        found.setdefault(name, []).append(value)
    return found


# --- care gaps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize(
    ("dialect", "operation", "version", "statuses"),
    [
        ("deqm-us-3.1.0", US, "3.1.0", [OPEN, CLOSED]),
        ("deqm-us-4.0.0", US, "4.0.0", [OPEN, CLOSED, OUTSIDE]),
        ("deqm-us-5.0.0", US, "5.0.0", [OPEN, CLOSED, PROSPECTIVE, OUTSIDE]),
        ("deqm-uv-1.0.0", UV, "1.0.0", [OPEN, CLOSED, PROSPECTIVE, OUTSIDE]),
        ("deqm-uv-1.0.0-ballot", UV, "1.0.0-ballot", [OPEN, CLOSED, PROSPECTIVE, OUTSIDE]),
    ],
)
def test_each_dialect_is_asked_as_it_wants(
    dialect: str, operation: str, version: str, statuses: list[str], learned: bool
) -> None:
    says = statement(
        ("Measure", "care-gaps", f"{operation}/OperationDefinition/care-gaps"), guides=(guide(operation, version),)
    )
    how: dict[str, Any] = {"metadata": says} if learned else {"dialect": dialect, "risk_dialect": "ra-2.1.0"}
    ours, wire = payer(lambda call: say.usual_answer(), measures=MEASURES, **how)
    found = known(ours.care_gaps(MEMBER, ASKED))
    assert (found.value.dialect, list(found.value.asked), found.incomplete) == (dialect, statuses, ())
    (call,) = asked(wire)
    wanted: dict[str, list[Any]] = {
        "periodStart": ["2026-01-01"], "periodEnd": ["2026-12-31"], "subject": ["Patient/m1"], "status": statuses,
    }  # fmt: skip
    if operation == UV:
        wanted["measureUrl"] = list(MEASURES)
    if dialect.endswith("ballot"):
        wanted["subject"] = [{"reference": "Patient/m1"}]
    assert told(call) == wanted
    assert len(wire.asked("/metadata")) == int(learned)


def test_a_period_that_is_over_has_no_gaps_to_come() -> None:
    ours, wire = payer(lambda call: say.usual_answer())
    last_year = Period(say.date(2025, 1, 1), say.date(2025, 12, 31))
    known(ours.care_gaps(MEMBER, last_year))
    assert told(asked(wire)[0])["status"] == [OPEN, CLOSED, OUTSIDE]


def test_a_reference_cannot_be_asked_by_get() -> None:
    ours, wire = payer(lambda call: Reply(b"", 405), dialect="deqm-uv-1.0.0-ballot", measures=MEASURES, search_by="get")
    assert isinstance(ours.care_gaps(MEMBER, ASKED), Unknown)
    assert {call.method for call in asked(wire)} == {"POST"}


def strict(*, needs: str = "", single: bool = False, statuses: tuple[str, ...] = (), status: int = 422) -> Any:
    """A server that takes its own shape only."""

    def host(call: Call) -> Any:
        if "care-gaps" not in call.path:
            return bundle()
        stated = told(call)
        wrong = (needs and needs not in stated) or (single and len(stated["status"]) > 1)
        return (
            Reply(b"", status) if wrong or (statuses and set(stated["status"]) - set(statuses)) else say.usual_answer()
        )

    return host


def test_an_unknown_payer_is_tried_and_what_worked_is_remembered() -> None:
    ours, wire = payer(strict(needs="measureUrl"), measures=MEASURES)
    for _ in range(2):
        assert known(ours.care_gaps(MEMBER, ASKED)).value.dialect == "deqm-uv-1.0.0"
    assert [("measureUrl" in told(call)) for call in asked(wire)] == [False, True, True]
    older, wire = payer(strict(statuses=(OPEN, CLOSED)))
    for _ in range(2):
        assert known(older.care_gaps(MEMBER, ASKED)).value.dialect == "deqm-us-3.1.0"
    assert len([call for call in asked(wire) if "care-gaps" in call.path]) == 3, "none listed, so uv was not tried"


def test_a_payer_that_takes_open_gaps_only_is_asked_for_those_and_it_is_said() -> None:
    ours, wire = payer(strict(single=True, status=501))
    for _ in range(2):
        found = known(ours.care_gaps(MEMBER, ASKED))
        assert (found.value.asked, found.incomplete, found.value.outcomes) == ((OPEN,), (), ())
    assert [told(call)["status"] for call in asked(wire)][-2:] == [[OPEN], [OPEN]]
    assert [call.method for call in asked(wire)] == ["POST", "GET", "POST", "POST"], "501 was about the statuses"
    named, _ = payer(strict(single=True), dialect="deqm-us-4.0.0")
    assert known(named.care_gaps(MEMBER, ASKED)).value.asked == (OPEN,)
    stated, _ = payer(strict(single=True), dialect="deqm-us-4.0.0", statuses=(OPEN, CLOSED))
    assert isinstance(stated.care_gaps(MEMBER, ASKED), Unknown), "the practice said which"


def test_a_payer_that_changes_is_found_out_again() -> None:
    hosts = [strict(needs="measureUrl"), strict(statuses=(OPEN, CLOSED))]
    ours, _ = payer(lambda call: hosts[0](call), measures=MEASURES)
    known(ours.care_gaps(MEMBER, ASKED))
    hosts.pop(0)
    assert isinstance(ours.care_gaps(MEMBER, ASKED), Unknown)
    assert known(ours.care_gaps(MEMBER, ASKED)).value.dialect == "deqm-us-3.1.0"


def test_a_payer_that_takes_nothing_says_why_not() -> None:
    ours, wire = payer(strict(needs="x"), ours=MEASURES)
    found = ours.care_gaps(MEMBER, ASKED)
    assert isinstance(found, Unknown)
    assert (found.reason, found.detail) == (Reason.NOT_READABLE, "answered 422")
    assert len([call for call in asked(wire) if "care-gaps" in call.path]) == 4


def test_a_forbidden_post_is_tried_by_get_and_else_stays_forbidden() -> None:
    ours, wire = payer(lambda call: Reply(b"", 403) if call.method == "POST" else say.usual_answer())
    for _ in range(2):
        known(ours.care_gaps(MEMBER, ASKED))
    assert [call.method for call in asked(wire)] == ["POST", "GET", "GET"]
    for status in (403, 404, 422, 500):
        never, _ = payer(lambda call, status=status: Reply(b"", 403 if call.method == "POST" else status))
        found = never.care_gaps(MEMBER, ASKED)
        assert isinstance(found, Unknown)
        assert (found.reason, found.detail) == (Reason.NOT_ALLOWED, "answered 403")


# --- which measures ---------------------------------------------------------------------------------------------------


def measure(name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Measure",
        "id": name,
        "url": f"https://n.example/Measure/{name}",
        "status": "active",
    } | more


def listing(*pages: Any) -> Any:
    """A universal payer that lists its measures."""

    def host(call: Call) -> Any:
        if call.path.endswith("/Measure"):
            page = int((call.get("page") or ["0"])[0])
            return pages[page]
        return say.usual_answer()

    return host


UNIVERSAL = {"dialect": "deqm-uv-1.0.0", "risk_dialect": "ra-2.1.0"}


def test_a_payer_that_wants_each_measure_named_is_asked_which_it_has_once() -> None:
    first = bundle(measure("a", version="2"), measure("old", status="retired"), next_url=f"{BASE}/Measure?page=1")
    ours, wire = payer(listing(first, bundle(measure("b"))), **UNIVERSAL)
    for _ in range(2):
        found = known(ours.care_gaps(MEMBER, ASKED))
        assert found.incomplete == ()
    gaps = [call for call in asked(wire) if "care-gaps" in call.path]
    assert [told(call)["measureUrl"] for call in gaps] == [
        ["https://n.example/Measure/a|2", "https://n.example/Measure/b"]
    ] * 2
    assert len(wire.asked("/Measure")) == 2


def test_measures_that_could_not_be_read_are_missing_from_the_answer() -> None:
    lost = bundle(measure("a"), next_url="https://evil.example/Measure")
    ours, _ = payer(listing(lost), **UNIVERSAL)
    assert known(ours.care_gaps(MEMBER, ASKED)).incomplete == ("not every measure of the payer was asked for",)
    nameless, _ = payer(listing(bundle(measure("a"), measure("b", url=""))), **UNIVERSAL)
    assert known(nameless.care_gaps(MEMBER, ASKED)).incomplete == ("not every measure of the payer was asked for",)


def test_without_a_list_our_own_measures_are_asked_for_and_it_is_said() -> None:
    for pages in ([bundle()], [Reply(b"", 404)], [Reply(b"", 403)]):
        ours, wire = payer(listing(*pages), ours=MEASURES, **UNIVERSAL)
        found = known(ours.care_gaps(MEMBER, ASKED))
        assert found.incomplete == ("asked only for the measures that we have a rule for",)
        assert told(asked(wire)[-1])["measureUrl"] == list(MEASURES)
    none, _ = payer(listing(bundle()), **UNIVERSAL)
    found = none.care_gaps(MEMBER, ASKED)
    assert found == Unknown("northwind", Reason.NOT_READABLE, "answers for named measures only, and names none")


# --- when the statement is read ---------------------------------------------------------------------------------------


def test_the_statement_is_read_while_the_member_is_looked_up_and_never_again() -> None:
    says = statement(("Measure", "care-gaps", f"{US}/OperationDefinition/care-gaps"), guides=(guide(US, "3.1.0"),))

    def host(call: Call) -> Any:
        return bundle(say.patient()) if call.path.endswith("_search") else say.usual_answer()

    ours, wire = payer(host, metadata=says)
    known(ours.member(OURS, COVERED))
    for _ in range(3):
        assert known(ours.care_gaps(MEMBER, ASKED)).value.dialect == "deqm-us-3.1.0"
    assert len(wire.asked("/metadata")) == 1
    assert len(asked(wire)) == 4
    assert wire.asked("/metadata")[0].bearer is None


@pytest.mark.parametrize("trouble", [Reply(b"", 404), Reply(b"<html>"), Reply(b"", 500), Reply(b"[]")])
def test_a_payer_that_cannot_say_what_it_speaks_is_asked_all_the_same(trouble: Any) -> None:
    ours, _ = payer(lambda call: say.usual_answer(), metadata=lambda call: trouble)
    assert known(ours.care_gaps(MEMBER, ASKED)).value.dialect == "deqm-us-5.0.0"
    assert isinstance(ours.capabilities(), Unknown)


def test_a_statement_that_needs_a_token_gets_one() -> None:
    ours, wire = payer(
        lambda call: say.usual_answer(),
        metadata=lambda call: statement(software={"name": "N"}) if call.bearer else Reply(b"", 401),
    )
    found = known(ours.capabilities())
    assert (found.source, found.value.offers.software) == ("northwind", "N")
    assert [call.bearer for call in wire.asked("/metadata")] == [None, "t"]
    known(ours.capabilities())
    assert len(wire.asked("/metadata")) == 2


# --- risk -------------------------------------------------------------------------------------------------------------


def test_ra_1_is_asked_by_its_operation() -> None:
    says = statement(("MeasureReport", "report", f"{RA}/OperationDefinition/report"))
    ours, wire = payer(lambda call: dialects.ra_1(), metadata=says)
    found = known(ours.risk(MEMBER, ASKED))
    assert (found.value.dialect, len(found.value.categories)) == ("ra-1.0.0", 1)
    (call,) = asked(wire)
    assert call.path == "/fhir/MeasureReport/$report"
    assert told(call) == {"periodStart": ["2026-01-01"], "periodEnd": ["2026-12-31"], "subject": ["Patient/m1"]}
    named, _ = payer(lambda call: Reply(b"", 422), risk_dialect="ra-1.0.0")
    assert isinstance(named.risk(MEMBER, ASKED), Unknown), "a search there would find nothing, and mean nothing"


def test_ra_3_is_asked_on_demand_with_what_the_payer_told_us_itself() -> None:
    def host(call: Call) -> Any:
        return dialects.ra_3(call.headers["contextId"])

    says = statement(("MeasureReport", "risk-gap", f"{RA}/OperationDefinition/risk-gap"))
    ours, wire = payer(host, metadata=says)
    who = Member("northwind", "m1", "W1", "identifier", OURS)
    found = known(ours.risk(who, ASKED))
    assert (found.value.dialect, len(found.value.categories), found.incomplete) == ("ra-3.0.0-ballot", 2, ())
    (call,) = asked(wire)
    assert (call.method, call.path) == ("POST", "/fhir/MeasureReport/$risk-gap")
    stated = told(call)
    assert stated["subject"] == [{"reference": "Patient/m1"}]
    held = {f"{r['resourceType']}/{r['id']}": r for r in (e["resource"] for e in stated["data"][0]["entry"])}
    assert set(held) == {"Patient/m1", stated["coverage"][0]["reference"]}
    assert held["Patient/m1"]["birthDate"] == "1957-02-03"
    coverage = held["Coverage/coverage"]
    assert (coverage["subscriberId"], coverage["beneficiary"]) == ("W1", {"reference": "Patient/m1"})
    other, _ = payer(lambda call: dialects.ra_3("another-request"), metadata=says)
    assert isinstance(other.risk(MEMBER, ASKED), Unknown)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 501])
def test_where_reports_are_not_made_on_demand_they_are_searched_for(status: int) -> None:
    def host(call: Call) -> Any:
        return Reply(b"", status) if "$risk-gap" in call.path else dialects.ra_2_1()

    ours, wire = payer(host, risk_dialect="ra-3.0.0-ballot")
    found = known(ours.risk(MEMBER, ASKED))
    assert (found.value.dialect, len(found.value.categories)) == ("ra-2.1.0", 2)
    assert [call.method for call in asked(wire) if "MeasureReport" in call.path] == ["POST", "POST"]
    never, _ = payer(lambda call: Reply(b"", 403 if "$risk-gap" in call.path else 422), risk_dialect="ra-3.0.0-ballot")
    refused = never.risk(MEMBER, ASKED)
    assert isinstance(refused, Unknown)
    assert refused.reason is Reason.NOT_ALLOWED


def test_the_category_is_asked_for_as_the_payer_says() -> None:
    says = statement(("MeasureReport", "x", ""))
    says["rest"][0]["resource"][0]["searchParam"] = [{"name": "measurereport-category"}]
    ours, wire = payer(lambda call: bundle(say.risk_report()), metadata=says)
    for _ in range(2):
        known(ours.risk(MEMBER, ASKED))
    assert [call.get("measurereport-category") for call in asked(wire)] == [["ra"], ["ra"]]
    assert not any(call.get("category") for call in asked(wire))


# --- later ------------------------------------------------------------------------------------------------------------


def later(*replies: Any) -> Any:
    """A payer that puts the answer off: the operation is answered by the first reply, the polls by the rest."""
    waiting = list(replies)
    return lambda call: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def wait(where: str = f"{BASE}/jobs/7", **more: str) -> Reply:
    return Reply(b"", 202, **({"Content_Location": where} if where else {}), **more)


def test_an_answer_that_comes_later_is_waited_for_as_the_payer_asks() -> None:
    clock = Clock()
    ours, wire = payer(later(wait(Retry_After="2"), wait("", Retry_After="1"), say.usual_answer()), clock)
    assert len(known(ours.care_gaps(MEMBER, ASKED)).value.gaps) == 1
    assert clock.slept == [2, 1]
    assert [(call.method, call.path) for call in asked(wire)][1:] == [("GET", "/fhir/jobs/7")] * 2
    assert asked(wire)[0].headers.get("Prefer") is None


def test_a_payer_may_be_asked_to_answer_later() -> None:
    ours, wire = payer(later(wait(), say.usual_answer()), respond_async=True)
    known(ours.care_gaps(MEMBER, ASKED))
    assert [call.headers.get("Prefer") for call in asked(wire)] == ["respond-async", None]


def test_an_answer_that_never_comes_is_slow_and_the_payer_is_not_pestered() -> None:
    for reply in (wait(), wait(Retry_After="0"), wait(Retry_After="3600")):
        clock = Clock()
        ours, wire = payer(later(reply), clock)
        found = ours.care_gaps(MEMBER, ASKED)
        assert isinstance(found, Unknown)
        assert found.reason is Reason.SLOW
        assert len(asked(wire)) <= 33
        assert clock.seconds <= 8


@pytest.mark.parametrize("where", ["", "https://evil.example/jobs/7", "http://payer.example/jobs/7"])
def test_an_answer_elsewhere_is_not_fetched(where: str) -> None:
    ours, wire = payer(later(wait(where)))
    found = ours.care_gaps(MEMBER, ASKED)
    assert isinstance(found, Unknown)
    assert (found.reason, {call.host for call in wire.calls}) == (Reason.NOT_READABLE, {"payer.example"})


def test_an_answer_may_come_as_files_of_lines() -> None:
    whole = dialects.us_4()["parameter"][0]["resource"]["entry"]
    lines = [json.dumps(entry["resource"]).encode() for entry in whole]

    def host(call: Call) -> Any:
        match call.path.rpartition("/")[2]:
            case "$care-gaps":
                return wait()
            case "7":
                files = [{"type": "x", "url": f"{BASE}/files/{n}"} for n in (1, 2)]
                return {"transactionTime": "now", "output": files, "error": [{"url": f"{BASE}/files/3"}]}
            case "1":
                return Reply(b"\n".join(lines[:3]) + b"\n\n")
            case "2":
                return Reply(b"\n".join(lines[3:]))
        outcome = {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "warning", "code": "x", "diagnostics": "Hm"}],
        }
        return Reply(b'{"resourceType": "Mea\n[]\n' + json.dumps(outcome).encode())

    ours, wire = payer(host)
    found = known(ours.care_gaps(MEMBER, ASKED))
    assert [g.status.value for g in found.value.gaps] == [OPEN, OUTSIDE]
    assert found.incomplete == ("reports or findings that could not be read: 2",)
    assert found.value.outcomes == ("Hm",)
    assert "ndjson" in wire.asked("/files/1")[0].headers["Accept"]


def test_files_elsewhere_or_without_end_are_refused() -> None:
    for output in ([{"url": "https://evil.example/1"}], [{"url": f"{BASE}/files/{n}"} for n in range(200)]):
        ours, wire = payer(later(wait(), {"output": output}))
        assert isinstance(ours.care_gaps(MEMBER, ASKED), Unknown)
        assert ({call.host for call in wire.calls}, len(asked(wire))) == ({"payer.example"}, 2)


def test_an_answer_that_came_in_a_batch_response_is_unwrapped() -> None:
    batch = {"resourceType": "Bundle", "type": "batch-response", "entry": [
        {"response": {"status": "200"}, "resource": say.usual_answer()},
    ]}  # fmt: skip
    ours, _ = payer(later(wait(), batch))
    assert len(known(ours.care_gaps(MEMBER, ASKED)).value.gaps) == 1


def test_a_member_match_may_be_answered_later_too() -> None:
    match = {"resourceType": "Parameters", "parameter": [
        {"name": "MemberId", "valueReference": {"reference": "Patient/m1"}},
    ]}  # fmt: skip
    replies = {"_search": bundle(), "$member-match": wait(), "7": match, "m1": say.patient()}
    ours, _ = payer(lambda call: replies[call.path.rpartition("/")[2]])
    assert known(ours.member(OURS, COVERED)).value.how == "member-match"


def test_an_operation_that_returns_no_reports_is_not_no_reports() -> None:
    for body in ({"resourceType": "Patient"}, {"x": 1}, {"resourceType": "Parameters", "parameter": [{"name": "x"}]}):
        ours, _ = payer(lambda call, body=body: body, risk_dialect="ra-1.0.0")
        assert isinstance(ours.risk(MEMBER, ASKED), Unknown)
    none, _ = payer(lambda call: {"resourceType": "Parameters"}, risk_dialect="ra-1.0.0")
    assert known(none.risk(MEMBER, ASKED)).value.categories == ()


def test_a_search_may_be_answered_later_too() -> None:
    ours, _ = payer(later(wait(), say.usual_risk()))
    assert len(known(ours.risk(MEMBER, ASKED)).value.categories) == 2
    paged, _ = payer(later(wait(), say.usual_risk() | {"link": [{"relation": "next", "url": f"{BASE}/x"}]}))
    assert "more pages" in known(paged.risk(MEMBER, ASKED)).incomplete[0]
    wrong, _ = payer(later(wait(), {"resourceType": "Patient"}))
    assert isinstance(wrong.risk(MEMBER, ASKED), Unknown)
