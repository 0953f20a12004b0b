"""A real FHIR server behind a launch, and as a payer that enforces SMART backend services, read by our own adapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.core.ledger.outgoing import Author, Came, Remark, Submission, Written
from app.sources.connections import Connections
from app.sources.payer import Access, Payer, PayerEntry
from launch.keys import ClientKeys
from sandbox_config.demo import differences
from sandbox_config.scenario import COMMON
from sandbox_config.serving import free_ports
from tests.house import House, house
from tests.peers.sekmet import load, sekmet

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("peers")]

RA = "http://hl7.org/fhir/us/davinci-ra"
STORY = "one-open-gap"


# --- the chart behind a launch ----------------------------------------------------------------------------------------


def fhir_from(upstream: str) -> Callable[[Any], Any]:
    """Put a real FHIR server under the sandbox EHR's sign-in: its FHIR reads go there, everything else stays."""

    def before(ehr: Any) -> Any:
        @Request.application
        def proxy(request: Request) -> Response:
            path = request.path
            if not path.startswith("/main/fhir/") or path.endswith(("/metadata", "configuration")):
                return Response.from_app(ehr, request.environ)
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                return Response("no token", 401)
            url = f"{upstream}{path.removeprefix('/main')}?{request.query_string.decode()}"
            answer = requests.get(url, headers={"Accept": "application/fhir+json"}, timeout=20)
            return Response(answer.content, answer.status_code, content_type=answer.headers["Content-Type"])

        return proxy

    return before


@pytest.fixture(scope="module")
def real_chart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("chart")
    (port,) = free_ports(1)
    with house(folder, before_ehr=fhir_from(f"http://127.0.0.1:{port}")) as home:
        base = f"{home.ehr}/main/fhir"
        with sekmet(folder / "sekmet", port, base, {"types": ["none"]}) as address:
            resources = [*COMMON.resources(), *home.scenarios[STORY].chart]
            load(f"{address}/fhir", resources)
            yield home


def test_the_chart_of_a_real_fhir_server_gives_the_same_panel(real_chart: House) -> None:
    screen = real_chart.panel(STORY)
    assert not list(differences(screen, real_chart.scenarios[STORY].expect)), screen.text
    assert {s.state for s in screen.sources} == {"answered"}


# --- a payer with enforced backend services ---------------------------------------------------------------------------


def coding(url: str, system: str, code: str) -> dict[str, Any]:
    return {"url": url, "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


def ra_report(report_id: str, patient: str, label: str) -> dict[str, Any]:
    """One historic, open condition category, as Da Vinci RA 2.1.0 has it, with one visit as evidence."""
    year = date.today().year
    definitions = f"{RA}/StructureDefinition"
    return {
        "resourceType": "MeasureReport",
        "id": report_id,
        "meta": {"profile": [f"{definitions}/ra-measurereport"]},
        "extension": [
            coding(
                "http://hl7.org/fhir/StructureDefinition/measurereport-category",
                "http://hl7.org/fhir/CodeSystem/measurereport-category",
                "ra",
            )
        ],
        "status": "complete",
        "type": "individual",
        "measure": "https://northwind.example/Measure/CMS-HCC-V28|1",
        "subject": {"reference": f"Patient/{patient}"},
        "date": f"{year}-01-20",
        "reporter": {"reference": "Organization/plan"},
        "period": {"start": f"{year}-01-01", "end": f"{year}-12-31"},
        "group": [
            {
                "id": "g1",
                "extension": [
                    coding(f"{definitions}/ra-ccType", f"{RA}/CodeSystem/cc-type", "historic"),
                    coding(f"{definitions}/ra-evidenceStatus", f"{RA}/CodeSystem/evidence-status", "open-gap"),
                ],
                "code": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/cmshcc",
                            "version": "28",
                            "code": "280",
                            "display": label,
                        }
                    ]
                },
            }
        ],
        "evaluatedResource": [
            {
                "reference": f"Encounter/e-{report_id}",
                "extension": [{"url": f"{definitions}/ra-groupReference", "valueString": "g1"}],
            }
        ],
    }


def visit(report_id: str, patient: str) -> dict[str, Any]:
    day = f"{date.today().year - 1}-05-04"
    return {
        "resourceType": "Encounter",
        "id": f"e-{report_id}",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": day, "end": day},
    }


@pytest.fixture(scope="module")
def real_payer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("payer")
    with house(folder, without=("northwind",)) as home:
        base = f"{home.payers['northwind']}/fhir"
        keys = ClientKeys.load({"client_keys": home.settings.client_keys})
        # 2026-11, SEKMET 0.1.1: a key set with keys of two types is answered 500, so it gets the one it needs.
        jwks = {"keys": [key for key in keys.public()["keys"] if key["kty"] == "EC"]}
        client = {"client_id": "chartside", "jwks": jwks, "scopes": "system/*.cruds"}
        auth = {"types": ["smart"], "smart_clients": [client], "token_lifetime": 300, "enforce_scopes": True}
        with sekmet(folder / "sekmet", urlsplit(base).port or 0, base, auth):
            ours = dict(home.scenarios[STORY].payers["northwind"].patient)
            other = {
                **ours,
                "id": "somebody-else",
                "identifier": [],
                "name": [{"family": "Elsewhere", "given": ["Nils"]}],
            }
            plan = {"resourceType": "Organization", "id": "plan", "active": True, "name": "Northwind Health Plan"}
            load(
                base,
                [
                    plan,
                    ours,
                    other,
                    visit("r1", ours["id"]),
                    ra_report("r1", ours["id"], "Chronic lung disease of this member"),
                    visit("r2", "somebody-else"),
                    ra_report("r2", "somebody-else", "Somebody else's category"),
                ],
                token(home, base, keys),
            )
            yield home


def token(home: House, base: str, keys: ClientKeys) -> str:
    """A token that may write, by the app's own access code."""
    entry = PayerEntry("loader", "Loader", base, "chartside", scopes=("system/*.cruds",))
    return Access(entry, key_for=keys.signer, connections=Connections(clock=home.clock)).bearer(False)


def test_a_real_payer_refuses_a_read_without_a_token(real_payer: House) -> None:
    answer = requests.get(f"{real_payer.payers['northwind']}/fhir/MeasureReport", timeout=10)
    assert answer.status_code == 401


def test_reports_of_a_real_payer_are_read_for_this_member_only(real_payer: House) -> None:
    # 2026-11, SEKMET 0.1.1: it does not know MeasureReport's patient parameter and answers with everybody's reports.
    screen = real_payer.panel(STORY)
    assert [(row.state, row.place) for row in screen.prompts()] == [("payer-only", "more")], screen.text
    assert "Chronic lung disease of this member" in screen.text
    assert "office visit" in screen.text  # the evidence was read by reference: this server includes nothing
    assert "Somebody else" not in screen.html
    assert "Elsewhere" not in screen.html


def test_what_a_real_payer_does_not_offer_is_named_and_not_taken_for_no_gaps(real_payer: House) -> None:
    screen = real_payer.panel(STORY)
    care_gaps = next(s for s in screen.sources if s.key == "northwind/care-gaps")
    assert care_gaps.state == "no-answer"
    assert not screen.clear


def test_the_apps_token_is_accepted_and_kept(real_payer: House) -> None:
    keys = ClientKeys.load({"client_keys": real_payer.settings.client_keys})
    base = f"{real_payer.payers['northwind']}/fhir"
    entry = PayerEntry("again", "Again", base, "chartside", scopes=("system/Patient.rs",))
    access = Access(entry, key_for=keys.signer, connections=Connections(clock=real_payer.clock))
    assert access.bearer(False) == access.bearer(False)
    first = access.bearer(False)
    assert access.bearer(True) != first  # a refused token is not given again


def remark(name: str, **more: Any) -> Remark:
    author = Author(npi="1234567893", name="Wren Castellane", organization="Elm Clinic", software="Chartside")
    made = Remark(
        name, "northwind", "r2", "g1", "risk", "ra-2.1.0", "assessed-not-present", author, datetime.now(UTC),
        reason="never-had-condition", related=("https://ehr.example/fhir/Condition/1",),
    )  # fmt: skip
    return replace(made, **more)


@pytest.mark.parametrize("way", ["put", "transaction"])
def test_a_real_server_takes_a_remark_once_and_on_the_version_that_was_read(real_payer: House, way: str) -> None:
    keys = ClientKeys.load({"client_keys": real_payer.settings.client_keys})
    base = f"{real_payer.payers['northwind']}/fhir"
    reader = {"Authorization": f"Bearer {token(real_payer, base, keys)}"}

    def stored() -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{base}/MeasureReport/r2", headers=reader, timeout=10).json()
        return answer

    def payer(entry_id: str) -> Payer:
        # 2026-11, SEKMET 0.1.1: a transaction needs more than the scopes of what is in it
        more = {} if way == "put" else {"scopes": ("system/*.cruds",)}
        entry = PayerEntry(entry_id, "Northwind", base, "chartside", remarks=way, seconds=20.0, **more)
        return Payer(entry, key_for=keys.signer, connections=Connections(clock=real_payer.clock))

    before, kept, ours = stored(), list[str](), payer("writer")
    faster = payer("faster")

    def overtaken(text: str) -> None:
        kept.append(text)
        if len(kept) == 1:  # somebody else writes between our look and our write
            assert faster.remark("r2", [remark(f"other-{way}")], "", lambda _: None).came is Came.SENT

    found = ours.remark("r2", [remark(f"mine-{way}")], "", overtaken)
    assert found == Written(Came.SENT, frozenset({f"mine-{way}"}))
    assert kept[1] == "", "the first try came too late"
    assert ours.remark("r2", [remark(f"mine-{way}")], kept[-1], kept.append) == found
    assert len(kept) == 3, "what is there is not written again"
    after = stored()
    new = after["group"][0]["extension"][len(before["group"][0]["extension"]) :]
    assert [each["id"] for each in new] == [f"chartside-other-{way}", f"chartside-mine-{way}"]
    rest = [{key: value for key, value in each.items() if key not in ("meta", "group")} for each in (before, after)]
    assert rest[0] == rest[1]


def test_a_real_server_takes_evidence_as_valid_and_each_entry_once(real_payer: House) -> None:
    keys = ClientKeys.load({"client_keys": real_payer.settings.client_keys})
    base = f"{real_payer.payers['northwind']}/fhir"
    scopes = ("system/*.cruds",)
    sender = PayerEntry("sender", "Northwind", base, "chartside", scopes=scopes, evidence="transaction", seconds=20.0)
    payer = Payer(sender, key_for=keys.signer, connections=Connections(clock=real_payer.clock))
    result = {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/e1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}, "effectiveDateTime": "2026-05-06",
        "valueQuantity": {"value": Decimal("7.10"), "unit": "%"},
    }  # fmt: skip
    what = Submission(
        "s1", "northwind", "risk", "ra-3.0.0-ballot", "https://northwind.example/Measure/CMS-HCC-V28|1",
        date(2026, 1, 1), date(2026, 12, 31), "somebody-else", "e1", "r2", ("g1",), (result,),
        Author(npi="1234567893", name="Wren Castellane", organization="Elm Clinic", software="Chartside"),
        datetime.now(UTC),
    )  # fmt: skip
    envelope = dict(payer.envelope(what))
    content = json.loads(envelope["content"])
    for entry in content["entry"]:  # 2026-11, SEKMET 0.1.1: it cannot search MeasureReport by identifier
        if entry["resource"]["resourceType"] == "MeasureReport":
            del entry["request"]["ifNoneExist"]
    envelope["content"] = json.dumps(content)
    for _ in range(2):
        assert payer.submit(envelope, "", lambda _: None) == Written(Came.SENT)
    found = requests.get(
        f"{base}/Observation?patient=somebody-else",
        headers={"Authorization": f"Bearer {token(real_payer, base, keys)}"},
        timeout=10,
    ).json()
    assert [each["resource"]["valueQuantity"]["value"] for each in found["entry"]] == [7.1], "twice sent, once there"
