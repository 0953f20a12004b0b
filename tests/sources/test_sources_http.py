"""The guarded client against hosts that answer badly. The wire is replaced; the client is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from sources_wire import Clock, Reply, Wire, bundle, connections

from app.core.answers import Reason
from app.sources.errors import (
    Busy,
    Down,
    ForeignLink,
    Later,
    NotAllowed,
    NotFound,
    Refused,
    SignedOut,
    Slow,
    SourceError,
    Unreadable,
)
from app.sources.http import Http, Limits
from app.sources.urls import instance, origin, resolve

PATIENT = {"resourceType": "Patient", "id": "1"}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "processing", "diagnostics": "Ann"}],
}
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def client(host: Any, clock: Clock | None = None, **options: Any) -> tuple[Http, Wire]:
    wire = Wire(ehr=host)
    options.setdefault("bearer", lambda renew: "token")
    return connections(wire, clock).http("ehr", "https://ehr.example/fhir", **options), wire


def test_a_resource_comes_back_as_json_and_the_token_goes_along() -> None:
    http, wire = client(lambda call: PATIENT)
    assert http.get("Patient/1") == PATIENT
    assert wire.calls[0].url == "https://ehr.example/fhir/Patient/1"
    assert wire.calls[0].bearer == "token"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(b"<html>Sign in</html>", Content_Type="text/html"), Unreadable),
        (Reply(b"  <html>Sign in</html>", Content_Type="application/json"), Unreadable),
        (Reply(b'{"resourceType":"Patient","na'), Unreadable),
        (Reply(b""), Unreadable),
        (Reply(b"[1]"), Unreadable),
        (Reply(b"\xff\xfe\x00"), Unreadable),
        (Reply(DEEP), Unreadable),
        (Reply(b'{"a":' + b"9" * 5000 + b"}"), Unreadable),
        (Reply(OUTCOME), Unreadable),
        (Reply(b"{}", 202), Later),
        (Reply(b"x" * 200), Unreadable),
        (Reply(b"{}", Content_Length="99999999"), Unreadable),
        (Reply(OUTCOME, 400), Refused),
        (Reply(OUTCOME, 422), Refused),
        (Reply(b"", 501), Refused),
        (Reply(OUTCOME, 403), NotAllowed),
        (Reply(b"", 404), NotFound),
        (Reply(b"", 410), NotFound),
        (Reply(b"", 429), Busy),
        (Reply(b"", 500), Down),
        (Reply(b"", 503), Down),
        (requests.ConnectionError("refused"), Down),
        (requests.ConnectTimeout(), Down),
        (requests.exceptions.SSLError("certificate"), Down),
        (requests.ReadTimeout(), Slow),
        (requests.exceptions.ContentDecodingError(), Unreadable),
        (requests.exceptions.InvalidHeader(), Unreadable),
    ],
)
def test_every_bad_reply_becomes_one_of_our_errors(reply: Any, kind: type[SourceError]) -> None:
    http, _ = client(lambda call: reply, limits=Limits(max_bytes=150 if reply_is_big(reply) else 5_000_000))
    with pytest.raises(SourceError) as caught:
        http.get("Patient/1")
    assert type(caught.value) is kind
    assert "Ann" not in caught.value.detail, "payload text in our detail"


def reply_is_big(reply: Any) -> bool:
    return isinstance(reply, Reply) and len(reply.body) == 200


def test_odd_json_that_means_something_is_read() -> None:
    http, _ = client(lambda call: Reply(b'{"a": NaN, "b": 1.10, "c": "\\ud800", "d": 1, "d": 2}'))
    found = http.get("x")
    assert (found["a"], str(found["b"]), found["d"]) == (None, "1.10", 2)


# --- the token ------------------------------------------------------------------------------------


def test_a_401_is_worth_one_new_token() -> None:
    http, wire = client(
        lambda call: PATIENT if call.bearer == "new" else Reply(b"", 401),
        bearer=lambda renew: "new" if renew else "old",
    )
    assert http.get("Patient/1") == PATIENT
    assert [call.bearer for call in wire.calls] == ["old", "new"]


def test_two_401_mean_signed_out() -> None:
    http, wire = client(lambda call: Reply(b"", 401))
    with pytest.raises(SignedOut):
        http.get("Patient/1")
    assert len(wire.calls) == 2


class Ended(Exception):
    pass


def test_what_the_bearer_raises_is_told_by_its_table() -> None:
    def ended(renew: bool) -> str:
        raise Ended

    http, wire = client(lambda call: PATIENT, bearer=ended, bearer_errors={Ended: Reason.SIGNED_OUT})
    with pytest.raises(SignedOut):
        http.get("Patient/1")
    assert wire.calls == []


def test_a_netrc_of_the_machine_never_replaces_our_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine ehr.example login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    http, wire = client(lambda call: PATIENT)
    http.get("Patient/1")
    bare, bare_wire = client(lambda call: PATIENT, bearer=None)
    bare.get("metadata")
    assert (wire.calls[0].bearer, bare_wire.calls[0].bearer) == ("token", None)


# --- origins --------------------------------------------------------------------------------------

FOREIGN = [
    "https://ehr.example.evil.example/fhir?page=2",
    "https://evil.example/fhir?page=2",
    "//evil.example/fhir",
    "http://ehr.example/fhir?page=2",
    "https://ehr.example:8443/fhir?page=2",
    "https://ehr.example@evil.example/fhir",
    "https://somebody:else@ehr.example/fhir",
    "https://evil.example\\@ehr.example/fhir",
    "https://evil.example#@ehr.example/",
    "https://ehr.example%2eevil.example/",
    "https://ehr.example:x/fhir",
    "https://[::1/fhir",
    "https://ehr.example\t.evil.example/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://ehr.example/fhir",
]


@pytest.mark.parametrize("link", FOREIGN)
def test_a_next_link_to_another_origin_never_sees_our_token(link: str) -> None:
    http, wire = client(lambda call: bundle(PATIENT, next_url=link))
    pages = http.search("Patient", [("name", "x")])
    assert (len(pages.bundles), type(pages.trouble)) == (1, ForeignLink)
    assert [call.host for call in wire.calls] == ["ehr.example"]


@pytest.mark.parametrize("link", FOREIGN)
def test_a_redirect_to_another_origin_never_sees_our_token(link: str) -> None:
    http, wire = client(lambda call: Reply(b"", 302, Location=link.replace("\t", "%09")))
    with pytest.raises(ForeignLink):
        http.get("Patient/1")
    assert [call.host for call in wire.calls] == ["ehr.example"]


@given(st.text(max_size=80))
def test_whatever_a_link_says_it_stays_within_the_origin_or_is_refused(link: str) -> None:
    try:
        url = resolve("https://ehr.example/fhir", link)
    except ForeignLink:
        return
    assert origin(url) == ("https", "ehr.example", 443)


@pytest.mark.parametrize("resource_id", ["..", ".", "a/b", "", "a?b", "a#b", "%2e%2e", "x" * 200, "ä"])
def test_an_id_cannot_change_the_path(resource_id: str) -> None:
    with pytest.raises(ForeignLink):
        instance("Patient", resource_id)


def test_a_redirect_within_the_origin_is_followed_but_not_for_ever() -> None:
    def moved(call: Any) -> Reply:
        return Reply(PATIENT) if call.path == "/fhir/new" else Reply(b"", 307, Location="/fhir/new")

    http, wire = client(moved)
    assert http.get("Patient/1") == PATIENT
    assert [call.bearer for call in wire.calls] == ["token", "token"]
    http, wire = client(lambda call: Reply(b"", 302, Location="/fhir/again"))
    with pytest.raises(Unreadable):
        http.get("Patient/1")
    assert len(wire.calls) == 3


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_write_is_tried_once_and_never_redirected_elsewhere(method: str) -> None:
    http, wire = client(lambda call: Reply(b"", 503))
    with pytest.raises(Down):
        http.write(method, "Patient/1", PATIENT)
    assert len(wire.calls) == 1
    http, wire = client(lambda call: Reply(b"", 302, Location="/fhir/other"))
    with pytest.raises(Unreadable):
        http.write(method, "Patient/1", PATIENT)
    assert [call.method for call in wire.calls] == [method]


def test_a_write_may_be_answered_with_nothing_and_gives_its_headers() -> None:
    http, wire = client(lambda call: Reply(b"", 201, Location="https://ehr.example/fhir/Patient/1", ETag='W/"2"'))
    reply = http.write("PUT", "Patient/1", PATIENT, headers=(("If-Match", 'W/"1"'),))
    assert (reply.status, reply.body, reply.headers["etag"]) == (201, {}, 'W/"2"')
    assert (wire.calls[0].json(), wire.calls[0].headers["If-Match"]) == (PATIENT, 'W/"1"')


def test_a_redirected_post_is_not_turned_into_a_get() -> None:
    http, wire = client(lambda call: Reply(b"", 302, Location="/fhir/new"))
    with pytest.raises(Unreadable):
        http.post("Measure/$care-gaps", {})
    assert [call.method for call in wire.calls] == ["POST"]


# --- pages ----------------------------------------------------------------------------------------


def test_all_pages_of_a_search_are_read() -> None:
    def host(call: Any) -> Any:
        page = int((call.get("page") or ["1"])[0])
        return bundle({"resourceType": "Patient", "id": str(page)}, next_url=f"?page={page + 1}" if page < 4 else "")

    http, wire = client(host)
    pages = http.search("Patient", [("name", "a b|c")])
    assert [b["entry"][0]["resource"]["id"] for b in pages.bundles] == ["1", "2", "3", "4"]
    assert pages.trouble is None
    assert wire.calls[0].url == "https://ehr.example/fhir/Patient?name=a%20b%7Cc"


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (bundle(PATIENT, next_url="/fhir/Patient?page=2"), "back to one another"),
        (PATIENT, "not a Bundle"),
        (Reply(b"", 403), "403"),
        (Reply(b"<html>"), "web page"),
    ],
)
def test_trouble_on_a_later_page_keeps_what_was_read(second: Any, why: str) -> None:
    http, _ = client(lambda call: second if call.get("page") else bundle(PATIENT, next_url="/fhir/Patient?page=2"))
    pages = http.search("Patient", [])
    assert pages.trouble is not None
    assert why in pages.trouble.detail
    assert pages.bundles[0]["entry"]


def test_a_search_without_end_is_cut_off() -> None:
    def endless(call: Any) -> Any:
        return bundle(PATIENT, next_url=f"?page={int((call.get('page') or ['0'])[0]) + 1}")

    http, wire = client(endless, limits=Limits(max_pages=5))
    pages = http.search("Patient", [])
    assert (len(pages.bundles), len(wire.calls)) == (5, 5)
    assert isinstance(pages.trouble, Unreadable)


# --- retries --------------------------------------------------------------------------------------


def flaky(*replies: Any) -> Any:
    waiting = list(replies)
    return lambda call: waiting.pop(0) if waiting else PATIENT


@pytest.mark.parametrize(
    ("headers", "slept"),
    [({}, [0.2]), ({"Retry_After": "3"}, [3.0]), ({"Retry_After": "Sun, 22 Nov 2026 15:00:02 GMT"}, [2.0])],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_source_is_asked_again_when_it_says_so(status: int, headers: dict[str, str], slept: list[float]) -> None:
    clock = Clock()
    http, wire = client(flaky(Reply(b"", status, **headers)), clock)
    assert http.get("Patient/1") == PATIENT
    assert (len(wire.calls), clock.slept) == (2, slept)


@pytest.mark.parametrize(("status", "kind"), [(429, Busy), (503, Down)])
def test_a_pause_beyond_the_deadline_is_not_waited_for(status: int, kind: type[SourceError]) -> None:
    clock = Clock()
    http, wire = client(lambda call: Reply(b"", status, Retry_After="60"), clock)
    with pytest.raises(kind) as caught:
        http.get("Patient/1")
    assert (len(wire.calls), clock.slept, caught.value.retry_after) == (1, [], 60.0)


@pytest.mark.parametrize("value", ["soon", "-5", "9" * 30, "Sun, 99 Nov 2026", "\x00"])
def test_a_senseless_retry_after_is_ignored(value: str) -> None:
    clock = Clock()
    http, _ = client(flaky(Reply(b"", 503, Retry_After=value)), clock)
    assert http.get("Patient/1") == PATIENT
    assert clock.slept == [0.2]


def test_retries_end_after_the_attempts() -> None:
    http, wire = client(lambda call: Reply(b"", 500))
    with pytest.raises(Down):
        http.get("Patient/1")
    assert len(wire.calls) == 3


def test_the_breaker_stops_the_asking_and_one_success_closes_it() -> None:
    clock, up = Clock(), False
    wire = Wire(ehr=lambda call: PATIENT if up else Reply(b"", 500))
    http = connections(wire, clock).http("ehr", "https://ehr.example/fhir", limits=Limits(attempts=1))
    for _ in range(5):
        with pytest.raises(Down):
            http.get("Patient/1")
    assert len(wire.calls) == 3, "an open breaker asks nothing"
    clock.seconds += 15
    up = True
    assert http.get("Patient/1") == PATIENT
    assert http.get("Patient/1") == PATIENT
    assert len(wire.calls) == 5


def test_a_refusal_is_no_failure_of_the_source() -> None:
    http, wire = client(lambda call: Reply(b"", 403))
    for _ in range(5):
        with pytest.raises(NotAllowed):
            http.get("Condition")
    assert len(wire.calls) == 5


def test_a_nested_question_never_outlasts_the_outer_one() -> None:
    clock = Clock()
    http, _ = client(lambda call: PATIENT, clock)
    with http.within(2.0), http.within(60.0) as inner:
        assert inner.remaining() == 2.0
        clock.seconds = 3.0
        with pytest.raises(Slow):
            http.get("Patient/1")


def test_bodies_are_sent_as_fhir_json() -> None:
    http, wire = client(lambda call: PATIENT)
    http.post("Patient/$member-match", {"resourceType": "Parameters", "name": "Ł"})
    assert json.loads(wire.calls[0].body) == {"resourceType": "Parameters", "name": "Ł"}
    assert wire.calls[0].headers["Content-Type"] == "application/fhir+json"
