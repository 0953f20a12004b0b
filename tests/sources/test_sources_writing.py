"""Telling a payer: once, on the version that was looked at, and looked for after doubt. Over the wire."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_payloads import RA, US, extension, gap_report, group
from sources_wire import Call, Reply, Wire
from sources_written import Book, Notes, gap_remark, payer, ra_report, remark, told

from app.core.ledger.outgoing import Came, Written

WAYS = ("put", "transaction", "patch", "submit-remark-data")
KEPT = [way for way in WAYS if way != "patch"]
LOST = requests.ConnectionError("reset")


def read(wire: Wire) -> list[Call]:
    return [call for call in wire.calls if call.method == "GET" and call.path != "/fhir/metadata"]


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_put_carries_the_report_as_it_was_read_and_its_version() -> None:
    book, notes = Book(ra_report("g1", "g2")), Notes()
    ours, wire = payer(book)
    assert told(ours, notes, remark("a1"), remark("a2", "g2")) == Written(Came.SENT, frozenset({"a1", "a2"}))
    (call,) = book.writes
    assert (call.method, call.path) == ("PUT", "/fhir/MeasureReport/r1")
    assert (call.headers["If-Match"], call.headers["Content-Type"]) == ('W/"1"', "application/fhir+json")
    assert b'"valueDecimal":1.0' in call.body, "decimals keep their digits"
    assert book.ids() == ["a1", "a2"]
    assert notes.against.startswith('W/"1" ')
    told(ours, notes, remark("a3"))
    assert len(read(wire)) == 3, "that it shows what it keeps is learned once"


def test_the_version_is_taken_from_the_resource_where_no_etag_comes() -> None:
    book = Book(ra_report("g1"))

    def host(call: Call) -> Any:
        return book.shown() if call.method == "GET" else book(call)

    ours, _ = payer(host)
    assert told(ours, Notes(), remark()).came is Came.SENT
    assert book.writes[0].headers["If-Match"] == 'W/"1"'


def test_a_payer_without_versions_gets_no_condition() -> None:
    book = Book(ra_report("g1"), versions=False)
    ours, _ = payer(book)
    assert told(ours, Notes(), remark()).came is Came.SENT
    assert "If-Match" not in book.writes[0].headers


def test_a_transaction_carries_the_condition_in_its_entry() -> None:
    book = Book(ra_report("g1"))
    ours, _ = payer(book, remarks="transaction")
    assert told(ours, Notes(), remark()) == Written(Came.SENT, frozenset({"a1"}))
    (call,) = book.writes
    assert (call.method, call.path) == ("POST", "/fhir")
    (entry,) = call.json()["entry"]
    assert entry["request"] == {"method": "PUT", "url": "MeasureReport/r1", "ifMatch": 'W/"1"'}


def test_the_operation_carries_a_collection_with_an_identifier_that_stays() -> None:
    book, notes = Book(ra_report("g1"), versions=False, echo=False), Notes()
    book.after = lambda n: LOST if n == 1 else None
    ours, _ = payer(book, remarks="submit-remark-data")
    assert told(ours, notes, remark("a1"), remark("a2")).came is Came.UNKNOWN
    assert told(ours, notes, remark("a2"), remark("a1")) == Written(
        Came.SENT, frozenset({"a1", "a2"}), confirmable=False
    )
    first, second = (call.json()["parameter"][0] for call in book.writes)
    assert first["name"] == "bundle"
    assert first["resource"]["type"] == "collection"
    assert first["resource"]["identifier"] == second["resource"]["identifier"]
    assert book.ids() == ["a1", "a2"], "the payer knows it by that identifier"


def test_a_patch_carries_every_part_and_is_looked_at_afterwards() -> None:
    book = Book(ra_report("g1"))
    patches: list[Any] = []

    def host(call: Call) -> Any:
        if call.method != "PATCH":
            return book(call)
        patches.append(call)
        operation = {part["name"]: part for part in call.json()["parameter"][0]["part"]}
        book.kept.append(("g1", _built(operation["value"]["part"])))
        return book.shown()

    ours, _ = payer(host, remarks="patch")
    assert told(ours, Notes(), remark()) == Written(Came.SENT, frozenset({"a1"}))
    (call,) = patches
    parts = {part["name"]: part for part in call.json()["parameter"][0]["part"]}
    assert (parts["type"]["valueCode"], parts["path"]["valueString"]) == ("add", "MeasureReport.group.where(id='g1')")
    assert call.headers["If-Match"] == 'W/"1"'


@pytest.mark.parametrize("keep", [0, 1])
def test_a_payer_that_loses_parts_of_a_patch_gets_no_second_one(keep: int) -> None:
    book = Book(ra_report("g1"))
    patches: list[Any] = []

    def host(call: Call) -> Any:
        if call.method != "PATCH":
            return book(call)
        patches.append(call)
        operation = {part["name"]: part for part in call.json()["parameter"][0]["part"]}
        whole = _built(operation["value"]["part"])
        if not keep:
            del whole["id"]
        book.kept.append(("g1", {**whole, "extension": whole["extension"][-1:]}))
        return book.shown()

    ours, _ = payer(host, remarks="patch")
    assert told(ours, Notes(), remark()) == Written(Came.REFUSED, trouble="not-complete")
    if keep:
        assert told(ours, Notes(), remark()).trouble == "not-complete"
        assert len(patches) == 1


def _built(parts: list[Any]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for part in parts:
        if part["name"] == "extension":
            built.setdefault("extension", []).append(_built(part["part"]))
        else:
            ((name, value),) = [(k, v) for k, v in part.items() if k != "name"]
            built[name if part["name"] == "value" else part["name"]] = value
    return built


# --- which way --------------------------------------------------------------------------------------------------------


def statement(*interactions: str, system: tuple[str, ...] = (), operations: tuple[str, ...] = ()) -> dict[str, Any]:
    reports = {"type": "MeasureReport", "interaction": [{"code": code} for code in interactions]}
    measures = {"type": "Measure", "operation": [{"name": name} for name in operations]}
    rest = {"mode": "server", "interaction": [{"code": code} for code in system], "resource": [reports, measures]}
    return {"resourceType": "CapabilityStatement", "rest": [rest]}


@pytest.mark.parametrize(
    ("metadata", "method", "path"),
    [
        (statement("read", "update", "patch", system=("transaction",)), "PUT", "/fhir/MeasureReport/r1"),
        (statement("read", "patch", system=("transaction",)), "POST", "/fhir"),
        (statement("read", operations=("$submit-remark-data",)), "POST", "/fhir/Measure/$submit-remark-data"),
    ],
)
def test_the_way_is_learned(metadata: dict[str, Any], method: str, path: str) -> None:
    book = Book(ra_report("g1"))
    ours, _ = payer(book, metadata=metadata, remarks="auto")
    assert told(ours, Notes(), remark()).came is Came.SENT
    assert [(call.method, call.path) for call in book.writes] == [(method, path)]


@pytest.mark.parametrize(
    ("metadata", "more"),
    [
        (statement("read", "patch"), {"remarks": "auto"}),
        (statement("read", "update"), {"remarks": "none"}),
    ],
)
def test_where_there_is_no_way_nothing_is_sent(metadata: dict[str, Any], more: dict[str, Any]) -> None:
    book, notes = Book(ra_report("g1")), Notes()
    ours, _ = payer(book, metadata=metadata, **more)
    assert told(ours, notes, remark()) == Written(Came.REFUSED, trouble="no-transport")
    assert (book.writes, notes.calls) == ([], 0)


def test_a_way_that_is_advertised_for_something_else_is_not_the_last() -> None:
    """A transaction for evidence, and RA's operation for every remark; which one is taken is learned."""
    book, notes = Book(gap_report("r1")), Notes()
    book.trouble = lambda _, call: Reply({}, 404) if call.path == "/fhir" else None
    says = statement("read", system=("transaction",), operations=("submit-remark-data",))
    ours, _ = payer(book, metadata=says, remarks="auto")
    assert told(ours, notes, gap_remark()).came is Came.SENT
    assert told(ours, Notes(), gap_remark("a2")).came is Came.SENT
    operation = "/fhir/Measure/$submit-remark-data"
    assert [call.path for call in book.writes] == ["/fhir", operation, operation]
    assert book.ids() == ["a1", "a2"]


def test_a_remark_that_its_guide_does_not_have_never_leaves() -> None:
    book = Book(ra_report("g1"))
    ours, wire = payer(book)
    assert told(ours, Notes(), remark(), remark("a2", dialect="ra-1.0.0")).came is Came.REFUSED
    assert wire.calls == []


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", KEPT)
@pytest.mark.parametrize(("versions", "echo"), [(True, True), (True, False), (False, True)])
def test_an_answer_that_is_lost_is_not_sent_again(way: str, versions: bool, echo: bool) -> None:
    """The write was kept, its answer never came: the next try finds it, by itself or by the version."""
    book, notes = Book(ra_report("g1", "g2"), versions=versions, echo=echo), Notes()
    book.after = lambda _: LOST
    ours, _ = payer(book, remarks=way)
    both = remark("a1"), remark("a2", "g2")
    assert told(ours, notes, *both) == Written(Came.UNKNOWN, trouble="down")
    again, _ = payer(book, remarks=way)  # another process
    assert told(again, notes, *both) == Written(Came.SENT, frozenset({"a1", "a2"}), confirmable=echo)
    assert sorted(book.ids()) == ["a1", "a2"]


@pytest.mark.parametrize("way", KEPT)
@pytest.mark.parametrize(("versions", "echo"), list(itertools.product([True, False], repeat=2)))
def test_a_write_that_never_came_is_sent_again(way: str, versions: bool, echo: bool) -> None:
    book, notes = Book(ra_report("g1"), versions=versions, echo=echo), Notes()
    book.trouble = lambda n, _: LOST if n == 1 else None
    ours, _ = payer(book, remarks=way)
    assert told(ours, notes, remark()).came is Came.UNKNOWN
    assert notes.against
    assert told(ours, notes, remark()) == Written(Came.SENT, frozenset({"a1"}), confirmable=echo)
    assert book.ids() == ["a1"]


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("others", [1, 2])
def test_somebody_elses_write_in_between_is_told_from_ours(echo: bool, arrived: bool, others: int) -> None:
    """Where nothing is shown, the version that came next says whose write it was."""
    book, notes = Book(ra_report("g1"), echo=echo), Notes()
    if arrived:
        book.after = lambda n: LOST if n == 1 else None
    else:
        book.trouble = lambda n, _: LOST if n == 1 else None
    ours, _ = payer(book)
    assert told(ours, notes, remark()).came is Came.UNKNOWN
    for n in range(others):
        book.others_write(f"theirs {n}")
    assert told(ours, notes, remark()) == Written(Came.SENT, frozenset({"a1"}), confirmable=echo)
    assert book.ids() == ["a1"]


def test_where_nobody_can_tell_any_more_it_is_not_sent_twice() -> None:
    book, notes = Book(ra_report("g1"), echo=False), Notes()
    book.after = lambda _: LOST
    ours, _ = payer(book)
    told(ours, notes, remark())
    book.others_write()
    book.earlier.clear()
    ours, _ = payer(lambda call: Reply({}, 404) if "_history" in call.path else book(call))
    assert told(ours, notes, remark()) == Written(Came.SENT, frozenset({"a1"}), confirmable=False)
    assert book.ids() == ["a1"]


def test_a_payer_that_is_known_to_show_what_it_keeps_is_believed() -> None:
    book, notes = Book(ra_report("g1")), Notes()
    book.trouble = lambda n, _: LOST if n == 1 else None
    ours, _ = payer(book, echoes="yes")
    told(ours, notes, remark())
    book.reissues_silently()
    assert told(ours, notes, remark()).came is Came.SENT
    assert book.ids() == ["a1"]


def test_what_is_there_already_is_not_sent() -> None:
    book, notes = Book(ra_report("g1", "g2")), Notes()
    ours, _ = payer(book)
    told(ours, notes, remark("a1"))
    assert told(ours, notes, remark("a1"), remark("a2", "g2")).there == {"a1", "a2"}
    assert book.ids() == ["a1", "a2"]
    calls = notes.calls
    assert told(ours, notes, remark("a1"), remark("a2", "g2")) == Written(Came.SENT, frozenset({"a1", "a2"}))
    assert (len(book.writes), notes.calls) == (2, calls)


@pytest.mark.parametrize("way", ["put", "transaction"])
@pytest.mark.parametrize("echo", [True, False])
def test_others_that_are_faster_are_waited_for(way: str, echo: bool) -> None:
    book, notes = Book(ra_report("g1"), echo=echo), Notes()

    def others(n: int, _: Call) -> Any:
        if n < 3:
            book.others_write("theirs")

    book.trouble = others
    ours, _ = payer(book, remarks=way)
    assert told(ours, notes, remark()) == Written(Came.SENT, frozenset({"a1"}), confirmable=echo)
    assert (book.ids(), len(book.writes)) == (["a1"], 3)


def test_others_that_never_stop_put_it_off_and_leave_no_doubt() -> None:
    book, notes = Book(ra_report("g1"), echo=False), Notes()
    book.trouble = lambda n, _: book.others_write()
    ours, _ = payer(book)
    assert told(ours, notes, remark()) == Written(Came.LATER, trouble="conflict")
    assert notes.against == "", "it has certainly not arrived"
    book.trouble = None
    assert told(ours, notes, remark()).came is Came.SENT
    assert book.ids() == ["a1"]


def test_a_conflict_may_ride_in_the_answer_of_a_transaction() -> None:
    book, notes = Book(ra_report("g1")), Notes()
    said = {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"status": "412"}}]}
    book.trouble = lambda n, _: said if n == 1 else None
    ours, _ = payer(book, remarks="transaction")
    assert told(ours, notes, remark()).came is Came.SENT
    assert len(book.writes) == 2


class Stop(Exception):
    """The caller's own: the lease is over, a restriction has come."""


def test_what_the_caller_raises_passes_and_nothing_is_written() -> None:
    book = Book(ra_report("g1"))
    ours, _ = payer(book)

    def stop(_: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        ours.remark("r1", [remark()], "", stop)
    assert book.writes == []


#: What happens to the n-th write: lost before it came, lost after, overtaken, refused for now, nothing.
FATES = st.lists(st.sampled_from(["before", "after", "overtaken", "busy", "down", "fine"]), max_size=8)


@settings(deadline=None)
@given(FATES, st.booleans(), st.sampled_from(["put", "transaction"]), st.integers(1, 3))
def test_whatever_happens_every_remark_is_there_once(fates: list[str], echo: bool, way: str, count: int) -> None:
    book, notes = Book(ra_report("g1", "g2")), Notes()
    book.echo = echo
    fate = dict(enumerate(fates, 1))

    def before(n: int, _: Call) -> Any:
        if fate.get(n) == "overtaken":
            book.others_write()
        return {"before": LOST, "busy": Reply({}, 429), "down": Reply({}, 503)}.get(fate.get(n, ""))

    book.trouble = before
    book.after = lambda n: LOST if fate.get(n) == "after" else None
    waiting = [remark(f"a{n}", f"g{n % 2 + 1}") for n in range(count)]
    for _ in range(len(fates) + 1):
        ours, _ = payer(book, remarks=way)  # each try by another process
        found = told(ours, notes, *waiting)
        waiting = [each for each in waiting if each.id not in found.there]
        if not waiting:
            break
    assert not waiting
    assert sorted(book.ids()) == [f"a{n}" for n in range(count)]


# --- what cannot be sent ----------------------------------------------------------------------------------------------

OUTCOME = {"resourceType": "OperationOutcome", "issue": [
    {"severity": "error", "code": "business-rule", "details": {"text": "No remarks\n after July"}}]}  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "came", "trouble", "words", "doubt"),
    [
        (Reply({}, 403), Came.REFUSED, "not-allowed", "", False),
        (Reply(OUTCOME, 422), Came.REFUSED, "not-taken", "No remarks after July", False),
        (Reply(OUTCOME, 400), Came.REFUSED, "not-taken", "No remarks after July", False),
        (OUTCOME, Came.REFUSED, "not-taken", "No remarks\n after July", False),
        (Reply({}, 428), Came.REFUSED, "not-taken", "", False),
        (Reply({}, 405), Came.REFUSED, "no-transport", "", False),
        (Reply({}, 501), Came.REFUSED, "no-transport", "", False),
        (Reply({}, 404), Came.GONE, "no-such-report", "", False),
        (Reply({}, 410), Came.GONE, "no-such-report", "", False),
        (Reply({}, 429), Came.LATER, "busy", "", False),
        (Reply({}, 401), Came.LATER, "no-token", "", False),
        (Reply({}, 500), Came.UNKNOWN, "down", "", True),
        (Reply({}, 503, Retry_After="30"), Came.LATER, "down", "", True),
        (Reply({}, 202), Came.UNKNOWN, "not-readable", "", True),
        (requests.ReadTimeout("silence"), Came.UNKNOWN, "slow", "", True),
        (LOST, Came.UNKNOWN, "down", "", True),
    ],
)
def test_what_a_write_can_come_to(reply: Any, came: Came, trouble: str, words: str, doubt: bool) -> None:
    book, notes = Book(ra_report("g1")), Notes()
    book.trouble = lambda n, _: reply
    ours, _ = payer(book)
    found = told(ours, notes, remark())
    assert (found.came, found.trouble, found.words, found.there) == (came, trouble, words, frozenset())
    assert bool(notes.against) is doubt
    assert found.wait == (30.0 if trouble == "down" and came is Came.LATER else None)


@pytest.mark.parametrize(
    ("reply", "came", "trouble"),
    [
        (Reply({}, 404), Came.GONE, "no-such-report"),
        (Reply({}, 403), Came.REFUSED, "not-allowed"),
        (Reply({}, 400), Came.REFUSED, "not-readable"),
        (Reply({}, 429, Retry_After="99"), Came.LATER, "busy"),
        (Reply({}, 503), Came.LATER, "down"),
        (LOST, Came.LATER, "down"),
        (b"<html>", Came.LATER, "not-readable"),
        (gap_report("another"), Came.LATER, "not-readable"),
    ],
)
def test_a_report_that_cannot_be_read_is_not_written(reply: Any, came: Came, trouble: str) -> None:
    notes = Notes()
    ours, wire = payer(lambda call: reply)
    found = told(ours, notes, remark())
    assert (found.came, found.trouble, notes.calls) == (came, trouble, 0)
    assert {call.method for call in wire.calls if call.path != "/fhir/token"} == {"GET"}


def test_a_payer_that_rests_is_not_asked() -> None:
    ours, wire = payer(lambda call: requests.ConnectTimeout("nobody"))
    for _ in range(3):
        told(ours, Notes(), remark())
    calls = len(wire.calls)
    found = told(ours, Notes(), remark())
    assert (found.came, found.trouble, len(wire.calls)) == (Came.LATER, "resting", calls)


def test_a_group_that_is_gone_is_told_and_the_others_are_sent() -> None:
    book = Book(ra_report("g1"))
    ours, _ = payer(book)
    found = told(ours, Notes(), remark("a1"), remark("a2", "g9"))
    assert found == Written(Came.GONE, frozenset({"a1"}), trouble="no-such-group")
    assert book.ids() == ["a1"]
    assert told(ours, Notes(), remark("a3", "g8")) == Written(Came.GONE, trouble="no-such-group")
    assert len(book.writes) == 1


def test_a_care_gap_is_remarked_in_its_own_form() -> None:
    old = extension(f"{US}/extension-careGapRemark", extension=[extension("author", valueString="Dr. Elm")])
    book = Book(gap_report("r1", group(extension=[old])))
    ours, _ = payer(book)
    assert told(ours, Notes(), gap_remark()).came is Came.SENT
    sent = book.writes[0].json()["group"][0]["extension"]
    assert sent[0] == old
    assert [each["url"] for each in sent] == [f"{US}/extension-careGapRemark"] * 2
    assert RA not in book.writes[0].body.decode()
