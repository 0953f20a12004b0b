"""CPU to parse, reconcile and rank one patient (no HTTP) against fhirclient models of the same bytes (README, Speed).

One launch is recorded from a running house; the chart is then made as large as a long-known patient's.
"""

from __future__ import annotations

import copy
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from fhirclient.models.fhirelementfactory import FHIRElementFactory
from urllib3 import HTTPResponse

from app.core import panel
from app.core.answers import Known
from app.core.asking import report_period
from app.core.chart import CHART_TYPES, Chart
from app.core.flag import Panel, PayerAnswers
from app.core.report import Member
from app.sources.ehr.coverage import coverage
from app.sources.fhir.facts import fact
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Included, entries
from app.sources.payer import PayerEntry, care_gaps, risk
from tests.bench.figure import Figure
from tests.house import House, house

SCENARIO, PAYER = "historic-and-suspected", "northwind"
CHART_RESOURCES = 500
ROUNDS = 15
BOUND = 0.25
Json = dict[str, Any]


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as home:
        bodies = [grown(body) for body in record(home)]
        entry = PayerEntry(PAYER, "Northwind", f"{home.payers[PAYER]}/fhir", "chartside")
        day = home.clock().date()
    assert decided(bodies, entry, day).prompts, "the bench reads what the app reads"
    ours, theirs = best(lambda: decided(bodies, entry, day)), best(lambda: models(bodies))
    yield Figure("resources of one patient", models(bodies))
    yield Figure("parse, reconcile, rank / fhirclient models", ours / theirs, BOUND)


def best(run: Callable[[], object]) -> float:
    """CPU seconds of the fastest of ROUNDS: what else the machine does only ever adds."""
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def record(home: House) -> list[bytes]:
    """Launch once and keep every FHIR answer that the app read."""
    recorded: list[bytes] = []
    send = requests.Session.send

    def listening(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = send(self, request, **options)
        if "/fhir/" in (request.url or "") and "/.well-known/" not in (request.url or ""):
            body = response.raw.read(decode_content=True)
            recorded.append(body)
            response.raw = HTTPResponse(io.BytesIO(body), status=response.status_code, preload_content=False)
        return response

    requests.Session.send = listening  # type: ignore[method-assign] # the recording is the bench's own wire
    try:
        assert home.panel(SCENARIO).patient
    finally:
        requests.Session.send = send  # type: ignore[method-assign]
    return recorded


def grown(body: bytes) -> bytes:
    """A chart page with each entry several times, under ids of their own; everything else as it is."""
    read = json.loads(body)
    found = read.get("entry", ()) if read.get("resourceType") == "Bundle" else ()
    if not found or found[0]["resource"]["resourceType"] not in CHART_TYPES:
        return body
    times = max(1, CHART_RESOURCES // len(CHART_TYPES) // len(found))
    more = [_renamed(entry, n) for n in range(1, times) for entry in found]
    return json.dumps({**read, "entry": [*found, *more]}).encode()


def _renamed(entry: Json, n: int) -> Json:
    again = copy.deepcopy(entry)
    again["resource"]["id"] += f"-{n}"
    again["fullUrl"] = f"{again.get('fullUrl', '')}-{n}"
    return again


def decided(bodies: list[bytes], entry: PayerEntry, day: date) -> Panel:
    """What the app does with the bytes: parse, reconcile, rank."""
    read = [json.loads(body) for body in bodies]
    now = datetime.now(UTC)
    facts: dict[str, list[Any]] = {kind: [] for kind in CHART_TYPES}
    who, covered, gaps, reports = None, [], None, []
    for body in read:
        found, included = list(entries(body)), Included()
        kinds = {each.type for each in found}
        for each in found:
            included.add(each)
        if body["resourceType"] == "Parameters":
            gaps = body
        elif "MeasureReport" in kinds:
            reports.append(body)
        elif "Coverage" in kinds:
            covered = [coverage(each, included, lambda _: None) for each in found if each.type == "Coverage"]
        elif body["resourceType"] == "Patient" and who is None:
            who = patient(body)
        for each in found:
            if each.type in facts and "MeasureReport" not in kinds:
                facts[each.type].append(fact(each.resource))
    assert who
    theirs = patient(
        next(b for b in read if b["resourceType"] == "Bundle" and _holds(b, "Patient"))["entry"][0]["resource"]
    )
    member = Member(PAYER, theirs.id, "", "identifier", theirs)
    period = report_period(day)
    report, _ = care_gaps.read(gaps, entry, member, period, now, lambda _: None)
    categories, _ = risk.read(reports, entry, member, period, now, lambda _: None)
    answers = PayerAnswers(
        PAYER, "Northwind", covered[0], *(Known(v, PAYER, now) for v in (member, report, categories))
    )
    chart = Chart(
        Known(who, "ehr", now),
        Known(tuple(covered), "ehr", now),
        {kind: Known(tuple(found), "ehr", now) for kind, found in facts.items()},
    )
    return panel.build(chart, [answers], unconnected=(), today=day, visit=None, ehr_name="EHR", may_see_prompts=True)


def _holds(bundle: Json, kind: str) -> bool:
    return any(entry["resource"]["resourceType"] == kind for entry in bundle.get("entry", ()))


def models(bodies: list[bytes]) -> int:
    """Every resource of the same bytes as a fhirclient model, one by one and not strictly. How many there were."""
    count = 0
    for body in bodies:
        for resource in _resources(json.loads(body)):
            type(FHIRElementFactory.instantiate(resource["resourceType"], None))(resource, strict=False)
            count += 1
    return count


def _resources(body: Json) -> Iterator[Json]:
    if body.get("resourceType") == "Parameters":
        for parameter in body.get("parameter", ()):
            if "resource" in parameter:
                yield from _resources(parameter["resource"])
    elif body.get("resourceType") == "Bundle":
        for entry in body.get("entry", ()):
            yield from _resources(entry["resource"])
    elif "resourceType" in body:
        yield body
