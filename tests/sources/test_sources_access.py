"""Our token at a payer: the assertion as a strict server checks it, one fetch for many threads, renewal."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sources_wire import NOW, Call, Clock, Reply, Wire, connections

from app.sources.backend import Backend, Client
from app.sources.errors import Down, NotAllowed, SourceError, Unreadable
from app.sources.payer import Access, PayerEntry

KEYS: dict[str, ECKey | RSAKey] = {
    "ES384": ECKey.generate_key("P-384", {"kid": "ec-1"}),
    "RS384": RSAKey.generate_key(2048, {"kid": "rsa-1"}),
}
TOKEN_URL = "https://auth.example/token"


def entry(**more: Any) -> PayerEntry:
    return PayerEntry(
        id="northwind", name="Northwind", base="https://payer.example/fhir", client_id="chartside", **more
    )


class TokenServer:
    """A strict server of SMART Backend Services."""

    def __init__(self, alg: str = "ES384", **answer: Any) -> None:
        self.alg, self.answer, self.issued, self.seen = alg, answer, 0, set[str]()

    def __call__(self, call: Call) -> Any:
        form = dict(call.params)
        assert call.bearer is None
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"].endswith("jwt-bearer")
        token = jwt.decode(form["client_assertion"], KEYS[self.alg], algorithms=[self.alg])
        claims = token.claims
        assert token.header == {"alg": self.alg, "typ": "JWT", "kid": KEYS[self.alg].kid}
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("chartside", "chartside", TOKEN_URL)
        assert 0 < claims["exp"] - claims["iat"] <= 300
        assert claims["iat"] >= NOW.timestamp()
        assert claims["jti"] not in self.seen, "a jti is good once"
        self.seen.add(claims["jti"])
        self.issued += 1
        return {
            "access_token": f"t{self.issued}",
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": form["scope"],
        } | (self.answer)


def discovery(call: Call) -> Any:
    assert call.path == "/fhir/.well-known/smart-configuration"
    return {"token_endpoint": TOKEN_URL}


class Share:
    def __init__(self, held: tuple[str, datetime] | None = None) -> None:
        self.held = held

    def get(self) -> tuple[str, datetime] | None:
        return self.held

    def put(self, token: str, expires: datetime) -> None:
        self.held = token, expires


def access(server: Any, *, share: Share | None = None, **more: Any) -> tuple[Access, Wire, MovingClock]:
    wire, clock = Wire(payer=discovery, auth=server), MovingClock()
    return (
        Access(entry(**more), key_for=KEYS.__getitem__, connections=connections(wire, clock), share=share),
        wire,
        clock,
    )


class MovingClock(Clock):
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_a_strict_server_gives_us_a_token_once(alg: str) -> None:
    ours, wire, _ = access(TokenServer(alg), assertion_alg=alg)
    assert [ours.bearer(False), ours.bearer(False)] == ["t1", "t1"]
    assert [call.path for call in wire.calls] == ["/fhir/.well-known/smart-configuration", "/token"]
    assert dict(wire.calls[1].params)["scope"].split()[0] == "system/MeasureReport.rs"


def test_a_token_url_in_the_entry_spares_the_discovery() -> None:
    ours, wire, _ = access(TokenServer(), token_url=TOKEN_URL)
    assert ours.bearer(False) == "t1"
    assert [call.host for call in wire.calls] == ["auth.example"]


@pytest.mark.parametrize(("life", "usable"), [(600, 569), (20, 15), (None, 269)])
def test_a_token_is_renewed_before_it_ends(life: int | None, usable: int) -> None:
    ours, _, clock = access(TokenServer(expires_in=life))
    assert ours.bearer(False) == "t1"
    clock.seconds = usable
    assert ours.bearer(False) == "t1"
    clock.seconds = usable + 2
    assert ours.bearer(False) == "t2"


def test_a_refused_token_is_renewed_once_for_all_threads() -> None:
    server = TokenServer()
    ours, _, _ = access(server)
    together = threading.Barrier(8)

    def work() -> tuple[str, str]:
        first = ours.bearer(False)
        together.wait(5)
        return first, ours.bearer(True)

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(work) for _ in range(8)]]
    assert set(found) == {("t1", "t2")}
    assert server.issued == 2


def test_processes_share_a_token_but_not_a_refused_one() -> None:
    share = Share(("shared", NOW + timedelta(minutes=5)))
    server = TokenServer()
    ours, _, _ = access(server, share=share)
    assert ours.bearer(False) == "shared"
    assert ours.bearer(True) == "t1"
    assert share.held is not None
    assert share.held == ("t1", NOW + timedelta(seconds=570))
    share.held = "newer", NOW + timedelta(minutes=5)
    assert ours.bearer(True) == "newer", "another process has renewed it already"
    assert server.issued == 1


def test_an_ended_shared_token_is_not_used() -> None:
    ours, _, _ = access(TokenServer(), share=Share(("old", NOW)))
    assert ours.bearer(False) == "t1"


@pytest.mark.parametrize(
    ("server", "kind", "says"),
    [
        (
            lambda call: Reply({"error": "invalid_client", "error_description": "Ann"}, 401),
            NotAllowed,
            "invalid_client",
        ),
        (lambda call: Reply({"error": "invalid_scope"}, 400), NotAllowed, "invalid_scope"),
        (lambda call: Reply(b"<html>", 400), NotAllowed, "400"),
        (lambda call: Reply(b"", 503), Down, "503"),
        (lambda call: {"token_type": "bearer"}, Unreadable, "bearer token"),
        (lambda call: {"access_token": "a\r\nX: y", "token_type": "bearer"}, Unreadable, "bearer token"),
        (lambda call: {"access_token": "a", "token_type": "mac"}, Unreadable, "bearer token"),
    ],
)
def test_a_refusal_says_why_in_our_words_and_is_not_repeated(server: Any, kind: type[SourceError], says: str) -> None:
    ours, wire, _ = access(server)
    with pytest.raises(kind) as caught:
        ours.bearer(False)
    assert says in caught.value.detail
    assert "Ann" not in caught.value.detail
    assert len(wire.asked("/token")) == 1


@pytest.mark.parametrize("found", [{}, {"token_endpoint": 1}, {"token_endpoint": "http://auth.example/token"}])
def test_a_discovery_without_a_safe_endpoint_is_unreadable(found: dict[str, Any]) -> None:
    wire = Wire(payer=lambda call: found)
    ours = Access(entry(), key_for=KEYS.__getitem__, connections=connections(wire))
    with pytest.raises(Unreadable):
        ours.bearer(False)


def test_a_failed_fetch_leaves_the_next_one_free() -> None:
    replies: list[Any] = [Reply(b"", 503)]
    server = TokenServer()
    ours, _, _ = access(lambda call: replies.pop() if replies else server(call))
    with pytest.raises(Down):
        ours.bearer(False)
    assert ours.bearer(False) == "t1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"assertion_alg": "none"},
        {"dialect": "x"},
        {"risk_dialect": "deqm-us-5.0.0"},
        {"search_by": "put"},
        {"speaks": ("x",)},
        {"base": "ftp://x"},
        {"timezone": "Mars"},
        {"timezone": "America"},
        {"timezone": "../x"},
    ],
)
def test_an_entry_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    stated: dict[str, Any] = {"id": "n", "name": "N", "base": "https://n.example", "client_id": "c"} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PayerEntry(**stated)


def test_an_ehr_gives_our_backend_a_token_in_the_same_way() -> None:
    wire = Wire(payer=discovery, auth=TokenServer("RS384"))
    client = Client("main-system", "https://payer.example/fhir", "chartside", ("system/Patient.rs",), "RS384")
    ours = Backend(client, key_for=KEYS.__getitem__, connections=connections(wire))
    assert ours.bearer(False) == "t1"
    assert dict(wire.calls[-1].params)["scope"] == "system/Patient.rs"


# --- what it is asked for ---------------------------------------------------------------------------------------------

WRITES = {"remarks": "put"}, {"evidence": "submit-data"}, {"remarks": "auto", "software_remarks": True}


@pytest.mark.parametrize("more", [*WRITES, {}])
def test_a_token_may_write_only_where_something_is_sent(more: dict[str, Any]) -> None:
    asked = entry(**more).asked_scopes
    assert set(asked) - set(entry().scopes) == ({"system/MeasureReport.cu"} if more else set())
    old = entry(scopes=("system/MeasureReport.read", "system/Patient.read"), **more).asked_scopes
    assert set(old) - {"system/MeasureReport.read", "system/Patient.read"} == (
        {"system/MeasureReport.write"} if more else set()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"remarks": "fax"}, {"evidence": "fax"}, {"echoes": "maybe"}, {"confirm_days": 0}, {"confirm_days": True},
        {"software_remarks": True}, {"software_remarks": "yes", "remarks": "put"},
        {"software_remarks": True, "remarks": "put", "speaks": ("care-gaps",)},
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        entry(**wrong)
