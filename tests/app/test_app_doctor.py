"""The doctor against the sandbox, and against each way in which an EHR, a payer or our own side can be wrong."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from bent import before, certificate, encrypted
from flask import Flask, Response, request

from app.config import Settings
from app.doctor import telling
from app.doctor.examine import Doctor, ForeignIssuer, secrets_of
from app.doctor.report import Examined, Finding, Hidden, Verdict, as_json, as_text
from app.entries import payer_entries
from app.sources.payer.capabilities import parse
from sandbox_config.serving import free_ports, serving
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("doctor")  # one house for all of them

OK, DEGRADED, BROKEN, CANNOT_TELL = Verdict.OK, Verdict.DEGRADED, Verdict.BROKEN, Verdict.CANNOT_TELL
METHODS = "token_endpoint_auth_methods_supported"
SMART, OPENID, METADATA = "smart-configuration", "openid-configuration", "fhir/metadata"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def examined(settings: Settings, **which: Any) -> Examined:
    (found,) = Doctor(settings).examine(Hidden(secrets_of(settings)), **which)
    return found


def verdicts(found: Examined) -> dict[str, Verdict]:
    """The worst verdict of each topic."""
    order = [OK, CANNOT_TELL, DEGRADED, BROKEN]
    worst: dict[str, Verdict] = {}
    for finding in found.findings:
        worst[finding.topic] = max(worst.get(finding.topic, OK), finding.verdict, key=order.index)
    return worst


def ehr(home: House, entry: str = "main", **changed: Any) -> Settings:
    """The settings with one EHR entry changed."""
    rows = tuple({**table, **changed} if table["id"] == entry else table for table in home.settings.ehrs)
    return replace(home.settings, ehrs=rows)


def payer(home: House, **changed: Any) -> Settings:
    rows = tuple({**table, **changed} if table["id"] == "northwind" else table for table in home.settings.payers)
    return replace(home.settings, payers=rows)


def bent_ehr(home: House, entry: str, *, bends: dict[str, Any], **headers: str) -> Examined:
    with before(home.ehr, bends, **headers) as url:
        return examined(ehr(home, entry, issuer=f"{url}/{entry}/fhir"), ehr=entry)


def bent_payer(home: House, *, bends: dict[str, Any], **changed: Any) -> Examined:
    with before(home.payers["northwind"], bends) as url:
        return examined(payer(home, base=f"{url}/fhir", **changed), payer="northwind")


def changed(**values: Any) -> Callable[[dict[str, Any]], Any]:
    """JSON with other top-level values; None takes one away."""
    return lambda said: {key: value for key, value in {**said, **values}.items() if value is not None}


def resources(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[dict[str, Any]], Any]:
    """A CapabilityStatement whose resources are changed, or dropped where the change gives None."""

    def bend(said: dict[str, Any]) -> Any:
        (rest,) = said["rest"]
        kept = [new for each in rest["resource"] if (new := change(dict(each))) is not None]
        return {**said, "rest": [{**rest, "resource": kept}]}

    return bend


def without(kind: str, param: str = "") -> Callable[[dict[str, Any]], Any]:
    def change(resource: dict[str, Any]) -> dict[str, Any] | None:
        if resource["type"] != kind:
            return resource
        if not param:
            return None
        return {**resource, "searchParam": [p for p in resource["searchParam"] if p["name"] != param]}

    return resources(change)


def as_client(said: dict[str, Any]) -> dict[str, Any]:
    """A CapabilityStatement that says what its server asks of others, and nothing of what it offers."""
    return {**said, "rest": [{**rest, "mode": "client"} for rest in said["rest"]]}


# --- what is well ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["main", "basic", "post", "rs384", "es384", "second", "issuer", "v1"])
def test_each_kind_of_ehr_that_works_is_not_called_broken(home: House, entry: str) -> None:
    found = examined(home.settings, ehr=entry)
    assert not found.broken(), as_text([found])
    assert verdicts(found)["client"] is OK
    assert verdicts(found)["frame"] is OK
    assert dict(found.register)["launch URL"] == f"{home.app}/launch"
    assert dict(found.register)["redirect URI"] == f"{home.app}/callback"


def test_a_payer_that_works_gives_a_token_and_names_its_dialects(home: House) -> None:
    found = examined(home.settings, payer="northwind")
    assert not found.broken(), as_text([found])
    said = verdicts(found)
    for topic in (
        "our keys",
        "token",
        "scopes",
        "dialect of care-gaps",
        "dialect of risk",
        "member search",
        "$care-gaps",
    ):
        assert said[topic] is OK, topic


def test_everything_is_checked_when_nothing_is_named_and_it_fits_80_columns(home: House) -> None:
    found = Doctor(home.settings).examine(Hidden(secrets_of(home.settings)))
    assert len(found) == len(home.settings.ehrs) + len(home.settings.payers)
    assert all(one.findings for one in found)
    assert max(map(len, as_text(found).splitlines())) <= 80
    assert [one["id"] for one in json.loads(as_json(found))] == [one.id for one in found]


def test_what_is_not_well_says_what_it_means(home: House) -> None:
    found = examined(payer(home, client_id="nobody"), payer="northwind")
    wrong = [f for f in found.findings if f.verdict in (DEGRADED, BROKEN)]
    assert wrong
    assert all(f.means for f in wrong)


# --- an EHR that is not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "bends", "topic", "verdict"),
    [
        ("main", {OPENID: changed(issuer="https://other.example/oauth2")}, "issuer", DEGRADED),
        ("main", {SMART: changed(issuer=None), OPENID: changed(issuer=None)}, "issuer", BROKEN),
        ("main", {SMART: changed(code_challenge_methods_supported=["plain"])}, "PKCE", BROKEN),
        ("main", {SMART: changed(code_challenge_methods_supported=None)}, "PKCE", CANNOT_TELL),
        ("main", {SMART: changed(capabilities=["client-confidential-symmetric"])}, "client type", DEGRADED),
        ("main", {SMART: changed(capabilities=["client-public"])}, "capabilities", DEGRADED),
        ("main", {SMART: changed(scopes_supported=["launch", "openid", "patient/Patient.rs"])}, "scopes", DEGRADED),
        ("main", {SMART: changed(scopes_supported=None)}, "scopes", CANNOT_TELL),
        ("main", {SMART: Response("no", 404)}, "discovery", DEGRADED),
        ("main", {SMART: Response("no", 404), METADATA: Response("no", 404)}, "discovery", BROKEN),
        ("main", {SMART: Response("<html>", 200)}, "discovery", DEGRADED),
        ("main", {SMART: changed(token_endpoint="http://evil.example/token")}, "discovery", BROKEN),
        ("main", {METADATA: Response("{", 200)}, "CapabilityStatement", DEGRADED),
        ("main", {METADATA: changed(fhirVersion="5.0.0")}, "CapabilityStatement", BROKEN),
        ("main", {METADATA: without("Procedure")}, "Procedure", DEGRADED),
        ("main", {METADATA: without("Observation", "category")}, "Observation", DEGRADED),
        ("main", {METADATA: as_client}, "Observation", DEGRADED),
        ("main", {METADATA: changed(implementation={"url": "https://other.example/fhir"})}, "base URL", DEGRADED),
        (
            "es384",
            {SMART: changed(token_endpoint_auth_methods_supported=["client_secret_post"])},
            "client type",
            BROKEN,
        ),
        ("es384", {SMART: changed(token_endpoint_auth_signing_alg_values_supported=["RS256"])}, "client type", BROKEN),
        ("main", {"auth/jwks": changed(keys=[])}, "id_token keys", BROKEN),
    ],
)
def test_what_an_ehr_lacks_is_named(
    home: House, entry: str, bends: dict[str, Any], topic: str, verdict: Verdict
) -> None:
    if topic == "id_token keys":
        with before(home.ehr, bends) as url:
            bends = {SMART: changed(jwks_uri=f"{url}/main/auth/jwks")}
            found = bent_ehr(home, entry, bends=bends)
    else:
        found = bent_ehr(home, entry, bends=bends)
    assert verdicts(found)[topic] is verdict, as_text([found])


@pytest.mark.parametrize(
    ("entry", "verdict", "says"),
    [
        ("main", OK, "by provider and day, patients included: it declares a search by actor and date"),
        ("oneof", OK, "by practitioner and day alone"),
        ("bylocation", OK, "by location and day"),
        ("booked", OK, "athenahealth's list of booked appointments: its entry says so"),
        ("worklist", OK, "worklist file"),
        ("undeclared", DEGRADED, "no search by actor"),
        ("noschedule", DEGRADED, "Appointment: not listed"),
    ],
)
def test_whether_a_day_can_be_listed_and_how_is_told(home: House, entry: str, verdict: Verdict, says: str) -> None:
    found = examined(home.settings, ehr=entry)
    told = [f for f in found.findings if f.topic == "schedule"]
    assert [f.verdict for f in told] == [verdict], as_text([found])
    assert says in told[0].found
    assert all(f.means and "Appointment" in f.ask for f in told if f.verdict is DEGRADED)


def test_what_a_schedule_needs_beside_the_search_is_told(home: House, tmp_path: Path) -> None:
    narrow = [scope for scope in ehr(home).ehrs[0]["scopes"] if not scope.startswith("user/Appointment")]
    found = examined(ehr(home, scopes=narrow), ehr="main")
    assert any(
        f.verdict is DEGRADED and "user/Appointment.rs" in f.ask for f in found.findings if f.topic == "schedule"
    )
    undecided = bent_ehr(home, "main", bends={METADATA: Response("no", 404)})
    assert verdicts(undecided)["schedule"] is CANNOT_TELL
    rows = tmp_path / "list.csv"
    rows.write_text("date,time,patient,provider\n2026-11-23,09:00,p-1,staff-dr\n2026-11-23,nine,p-2,staff-dr\n")
    with_file = examined(ehr(home, "worklist", schedule={"plan": "worklist", "worklist": str(rows)}), ehr="worklist")
    (said,) = [f for f in with_file.findings if f.topic == "worklist"]
    assert (said.verdict, said.found) == (
        DEGRADED,
        "1 rows; not read: worklist, line 3: column time: not a time like 09:30 or 9:30 AM",
    )
    lost = examined(ehr(home, "worklist", schedule={"plan": "worklist", "worklist": "/nowhere.csv"}), ehr="worklist")
    assert verdicts(lost)["worklist"] is BROKEN


@pytest.mark.parametrize(("minutes", "says"), [(2, "behind ours"), (-2, "ahead of ours")])
def test_a_clock_that_is_two_minutes_off_is_told(home: House, minutes: int, says: str) -> None:
    doctor = Doctor(home.settings, clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    for found in doctor.examine(Hidden([]), ehr="main", payer="northwind"):
        (finding,) = [f for f in found.findings if f.topic == "clock"]
        assert finding.verdict is DEGRADED
        assert says in finding.found
        assert "clock" in finding.ask


def test_a_wrong_secret_is_told_and_not_printed(home: House) -> None:
    found = examined(ehr(home, "basic", client_secret="a-wrong-secret"), ehr="basic")
    assert verdicts(found)["client"] is BROKEN
    assert "a-wrong-secret" not in as_text([found]) + as_json([found])


def test_an_ehr_that_does_not_answer_is_told_once(home: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://localhost:{held.getsockname()[1]}/fhir"
    found = examined(ehr(home, issuer=url), ehr="main")
    assert verdicts(found)["discovery"] is BROKEN
    assert [f.topic for f in found.findings if f.verdict is BROKEN] == ["discovery", "frame"]


def test_an_entry_with_a_pattern_needs_an_issuer_and_takes_one(home: House) -> None:
    settings = ehr(home, "main", issuer="", issuer_pattern=f"{home.ehr}/{{segment}}/fhir")
    assert verdicts(examined(settings, ehr="main"))["issuer"] is CANNOT_TELL
    found = examined(settings, ehr="main", issuer=f"{home.ehr}/main/fhir")
    assert verdicts(found)["discovery"] is OK


@pytest.mark.parametrize("entry", [None, "basic", "post", "es384", "main", "pattern"])
def test_an_issuer_that_is_not_the_entrys_own_gets_no_request_at_all(home: House, entry: str | None) -> None:
    """It would publish its own token endpoint and be sent our secret, or an assertion."""
    rows = ({**home.settings.ehrs[0], "id": "pattern", "issuer": "", "issuer_pattern": f"{home.ehr}/{{segment}}/fhir"},)
    settings = replace(home.settings, ehrs=(*home.settings.ehrs, *rows))
    asked: list[str] = []
    stranger = Flask("stranger", static_folder=None)
    stranger.before_request(lambda: asked.append(request.path))
    (port,) = free_ports(1)
    with serving(stranger, port):
        for issuer in (f"http://localhost:{port}/main/fhir", f"{home.ehr}@localhost:{port}/main/fhir"):
            with pytest.raises(ForeignIssuer):
                Doctor(settings).examine(Hidden([]), ehr=entry, issuer=issuer)
        assert requests.get(f"http://localhost:{port}/really", timeout=5).status_code == 404  # it does listen
    assert asked == ["/really"]


def test_an_issuer_is_looked_at_as_one_entry_only(home: House) -> None:
    for which in ({}, {"payer": "northwind"}):
        with pytest.raises(ForeignIssuer, match="--ehr"):
            Doctor(home.settings).examine(Hidden([]), issuer=f"{home.ehr}/main/fhir", **which)


# --- certificates ---------------------------------------------------------------------------------------------------


def tls(pem: Path, home: House, *, host: str = "127.0.0.1") -> Finding:
    answering = Flask("answering", static_folder=None)
    with encrypted(answering, pem) as url:
        settings = ehr(home, issuer=f"{url.replace('127.0.0.1', host)}/fhir")
        found = examined(settings, ehr="main")
    return next(f for f in found.findings if f.topic == "certificate")


def test_a_self_signed_certificate_is_refused(home: House, tmp_path: Path) -> None:
    finding = tls(certificate(tmp_path), home)
    assert finding.verdict is BROKEN
    assert "self-signed" in finding.found
    assert "public authority" in finding.ask


@pytest.mark.parametrize(
    ("days", "host", "verdict", "says"),
    [
        (300, "127.0.0.1", OK, "trusted for 127.0.0.1"),
        (10, "127.0.0.1", DEGRADED, "10 days from now"),
        (-1, "127.0.0.1", BROKEN, "expired"),
        (300, "localhost", BROKEN, "mismatch"),
    ],
)
def test_a_certificate_is_read(
    home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, host: str, verdict: Verdict, says: str
) -> None:
    pem = certificate(tmp_path, days=days)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    finding = tls(pem, home, host=host)
    assert (finding.verdict, says in finding.found) == (verdict, True), finding


# --- our own side ---------------------------------------------------------------------------------------------------


def test_a_proxy_of_ours_that_forbids_frames_is_told(home: House) -> None:
    with before(home.app, {}, **{"X-Frame-Options": "DENY"}) as url:
        found = examined(replace(home.settings, public_url=url), ehr="main")
    assert verdicts(found)["frame"] is BROKEN


def test_settings_that_the_running_app_does_not_know_are_told(home: House) -> None:
    found = examined(ehr(home, frame_ancestors=("https://ehr.example",)), ehr="main")
    assert verdicts(found)["frame"] is BROKEN


def test_keys_that_are_not_published_are_told(home: House, tmp_path: Path) -> None:
    from launch.keys import generate

    generate(tmp_path / "other.json")
    found = examined(replace(home.settings, client_keys=tmp_path / "other.json"), payer="northwind")
    assert verdicts(found)["our keys"] is BROKEN
    assert verdicts(found)["token"] is BROKEN


def test_an_app_that_is_not_running_is_told_once(home: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
    found = examined(replace(home.settings, public_url=url), ehr="es384")
    assert [f.topic for f in found.findings if f.verdict is BROKEN] == ["our address"]


# --- a payer that is not --------------------------------------------------------------------------------------------

FULL = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "1"}}]}
TOKEN = {"access_token": "t0ken-of-the-test", "token_type": "bearer"}
CAPABLE = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/fhir+json")


@pytest.mark.parametrize(
    ("bends", "topic", "verdict"),
    [
        ({SMART: Response("no", 404)}, "discovery", BROKEN),
        ({SMART: changed(**{METHODS: ["client_secret_basic"]})}, "discovery", DEGRADED),
        ({METADATA: Response("no", 404)}, "CapabilityStatement", DEGRADED),
        ({METADATA: changed(fhirVersion="3.0.2")}, "CapabilityStatement", BROKEN),
        ({METADATA: lambda _: CAPABLE}, "dialect of care-gaps", CANNOT_TELL),
        ({METADATA: lambda _: CAPABLE}, "member match", DEGRADED),
        ({"Patient/_search": answer(FULL)}, "member search", BROKEN),
        ({"Patient/_search": answer({}, 405)}, "search by POST", DEGRADED),
        ({"Patient/_search": answer({}, 400), "fhir/Patient": answer({}, 400)}, "member search", DEGRADED),
        ({"$care-gaps": answer({}, 403)}, "$care-gaps", BROKEN),
        ({"$care-gaps": answer({}, 503)}, "$care-gaps", DEGRADED),
        ({METADATA: lambda _: CAPABLE, "$care-gaps": answer({}, 404)}, "$care-gaps", DEGRADED),
        ({"fhir/Measure": changed(link=[{"relation": "next", "url": "https://x.example/p2"}])}, "paging", DEGRADED),
    ],
)
def test_what_a_payer_lacks_is_named(home: House, bends: dict[str, Any], topic: str, verdict: Verdict) -> None:
    found = bent_payer(home, bends=bends)
    assert verdicts(found)[topic] is verdict, as_text([found])


SENDS = {"remarks": "auto", "evidence": "auto", "software_remarks": False}
TOLD = {
    "resourceType": "CapabilityStatement",
    "rest": [{"mode": "server", "interaction": [{"code": "transaction"}], "resource": [
        {"type": "MeasureReport", "interaction": [{"code": "patch"}]}]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "turned_on", "remarks", "evidence"),
    [
        (CAPABLE, SENDS, DEGRADED, DEGRADED),
        (TOLD, SENDS, OK, OK),
        (TOLD, {**SENDS, "remarks": "patch", "evidence": "submit-data"}, OK, OK),
        (TOLD, {**SENDS, "remarks": "put"}, DEGRADED, OK),
        (CAPABLE, {**SENDS, "remarks": "none", "evidence": "none"}, OK, OK),
    ],
)
def test_how_a_payer_can_be_told_something(
    home: House, statement: Any, turned_on: dict[str, Any], remarks: Verdict, evidence: Verdict
) -> None:
    entry = replace(payer_entries(home.settings)[0], **turned_on)
    found = {each.topic: each.verdict for each in telling.findings(entry, parse(statement))}
    assert found == {"remarks": remarks, "evidence": evidence}


@pytest.mark.parametrize(
    ("said", "topic", "verdict"),
    [
        ({**TOKEN, "expires_in": 300, "scope": "system/Patient.rs"}, "scopes", DEGRADED),
        ({**TOKEN, "expires_in": 86400}, "token", DEGRADED),
        ({**TOKEN, "expires_in": 20}, "token", DEGRADED),
        (TOKEN, "token", DEGRADED),
        ({"token_type": "bearer"}, "token", BROKEN),
        ({"error": "invalid_client"}, "token", BROKEN),
    ],
)
def test_what_is_wrong_with_a_token_is_named(home: House, said: dict[str, Any], topic: str, verdict: Verdict) -> None:
    with before(home.payers["northwind"], {"oauth/token": answer(said, 400 if "error" in said else 200)}) as url:
        found = examined(payer(home, token_url=f"{url}/oauth/token"), payer="northwind")
    assert verdicts(found)[topic] is verdict, as_text([found])
    assert "t0ken-of-the-test" not in as_text([found])


def test_an_unknown_client_is_refused_and_told(home: House) -> None:
    found = examined(payer(home, client_id="nobody"), payer="northwind")
    (token,) = [f for f in found.findings if f.topic == "token"]
    assert token.verdict is BROKEN
    assert "invalid_client" in token.found
    assert "nobody" in token.ask


# --- secrets, and time ----------------------------------------------------------------------------------------------


def test_no_secret_of_the_settings_is_ever_printed(home: House) -> None:
    """A server that echoes everything it could know of us, in every place that is printed."""
    settings = home.settings
    secrets = secrets_of(settings)
    assert len(secrets) > 8
    echo = " ".join(secrets)
    bends = {
        SMART: changed(scopes_supported=secrets, issuer=echo, token_endpoint_auth_methods_supported=secrets),
        METADATA: changed(
            software={"name": echo}, implementation={"url": f"https://x.example/{echo}"}, fhirVersion=echo
        ),
    }
    printed = ""
    for entry in ("basic", "post", "es384"):
        found = bent_ehr(home, entry, bends=bends)
        printed += as_text([found]) + as_json([found])
    found = bent_payer(home, bends={METADATA: bends[METADATA]})
    printed += as_text([found]) + as_json([found])
    for secret in secrets:
        assert secret not in printed
        assert secret[:20] not in printed.replace("\n", "").replace(" ", "")
    assert "(hidden)" in printed


def test_it_ends_in_time_when_everything_hangs(home: House) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        hung = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ehrs = tuple({**table, "issuer": f"{hung}/{n}"} for n, table in enumerate(home.settings.ehrs[:6]))
        payers = tuple({**table, "base": f"{hung}/fhir"} for table in home.settings.payers)
        settings = replace(home.settings, ehrs=ehrs, payers=payers, public_url=hung)
        start = time.monotonic()
        found = Doctor(settings).examine(Hidden([]))
        assert time.monotonic() - start < 30
    assert all(one.broken() for one in found)
