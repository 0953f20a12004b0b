"""Broken payloads: whatever a source sends, an adapter gives an answer. Seeded, so that a failure can be repeated."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sources_payloads as say
from hypothesis import given
from hypothesis import strategies as st
from sources_wire import NOW, Call, Reply, Wire, bundle, connections
from test_sources_ehr import ANN, DOCTOR, Entry, condition, covered, organization, role
from test_sources_facts import CASES
from test_sources_values import JSON

from app.core.answers import Known, Unknown
from app.core.chart import CHART_TYPES
from app.sources.ehr import Ehr
from app.sources.errors import SourceError
from app.sources.payer import care_gaps, risk

ROUNDS = 150
ODD: list[Any] = [
    None, True, False, 0, -1, 10**18, 1.5, "", "x", "\ud800", "2026-13-45", [], {}, [[]], [{}], [None], {"x": [0]},
    "#", "urn:uuid:", "Patient/m2", "http://[", {"reference": 7}, {"coding": "x"}, {"resourceType": "Bundle"},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every element inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(payload: Any, rng: random.Random) -> Any:
    """The payload with one to four elements replaced, dropped, doubled or wrapped."""
    body = copy.deepcopy(payload)
    for _ in range(rng.randint(1, 4)):
        paths = list(places(body))
        if not paths:
            return body
        *above, last = rng.choice(paths)
        parent = body
        for key in above:
            parent = parent[key]
        match rng.randrange(4):
            case 0:
                parent[last] = copy.deepcopy(rng.choice(ODD))
            case 1:
                del parent[last]
            case 2:
                parent[last] = [parent[last], parent[last]]
            case _:
                parent[last] = {"value": parent[last]}
    return body


def multi_rate() -> Any:
    groups = [say.group("a"), say.group("b")]
    report = say.gap_report("r1", *groups, contained=[say.patient()])
    about = [say.extension(say.CRITERIA, valueString="a")]
    return say.answer(say.document(report, say.issue("d1", "closed-gap", extension=about), say.patient()))


@pytest.mark.parametrize("payload", [say.usual_answer(), multi_rate()], ids=["document", "multi-rate"])
def test_a_broken_gap_answer_is_a_report_or_one_of_our_errors(payload: Any) -> None:
    for seed in range(ROUNDS):
        body = mutated(payload, random.Random(seed))
        try:
            report, _ = care_gaps.read(body, say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None)
        except SourceError:
            continue
        json.dumps([repr(g) for g in report.gaps]).encode()
        assert all(g.payer == "northwind" and g.period.start <= g.period.end for g in report.gaps), seed


def test_a_broken_risk_answer_is_a_report_or_one_of_our_errors() -> None:
    payload = say.usual_risk()
    for seed in range(ROUNDS):
        body = mutated(payload, random.Random(seed))
        try:
            report, _ = risk.read([body], say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None)
        except SourceError:
            continue
        assert all(c.payer == "northwind" for c in report.categories), seed


def pages() -> dict[str, Any]:
    """What a whole EHR answers, by path."""
    by_type: dict[str, list[Any]] = {}
    for resource, _ in CASES:
        by_type.setdefault(resource["resourceType"], []).append(resource)
    found: dict[str, Any] = {f"/fhir/{kind}": bundle(*resources) for kind, resources in by_type.items()}
    found["/fhir/Coverage"] = bundle(covered(contained=[organization(id="o")], payor=[{"reference": "#o"}]), covered())
    found["/fhir/PractitionerRole"] = bundle(role("now", "physician", period={"start": "2020"}))
    visit = by_type["Encounter"][0]
    singles = {"Patient/p1": ANN, "Practitioner/dr": DOCTOR, "Organization/o1": organization(), "Encounter/e1": visit}
    return found | {f"/fhir/{path}": resource for path, resource in singles.items()}


def test_a_broken_chart_is_answers_all_the_same() -> None:
    whole = pages()
    rng = random.Random(7)
    wire = Wire(ehr=lambda call: mutated(whole[call.path], rng) if call.path in whole else bundle(condition("1")))
    ehr = Ehr(Entry(), "https://ehr.example/fhir", lambda renew: "t", connections=connections(wire))
    for _ in range(12):
        found: list[Any] = [ehr.facts(kind, "p1") for kind in CHART_TYPES]
        found += [ehr.coverages("p1"), ehr.patient("p1"), ehr.user("Practitioner/dr"), ehr.encounter("e1")]
        assert all(isinstance(answer, Known | Unknown) for answer in found)


@given(JSON)
def test_any_json_at_all_is_an_answer(value: Any) -> None:
    def host(call: Call) -> Any:
        return value if isinstance(value, dict) else {"resourceType": "Bundle", "entry": value, "link": value}

    ehr = Ehr(Entry(), "https://ehr.example/fhir", None, connections=connections(Wire(ehr=host)))
    for answer in (ehr.facts("Condition", "p1"), ehr.coverages("p1"), ehr.patient("p1")):
        assert isinstance(answer, Known | Unknown)
    body = {"resourceType": "Parameters", "parameter": value}
    for read in (
        lambda: care_gaps.read(body, say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None),
        lambda: risk.read([{"entry": value}], say.ENTRY, say.MEMBER, say.ASKED, NOW, lambda ref: None),
    ):
        with suppress(SourceError):
            read()


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_an_answer(body: bytes) -> None:
    wire = Wire(ehr=lambda call: Reply(body))
    ehr = Ehr(Entry(), "https://ehr.example/fhir", None, connections=connections(wire))
    assert isinstance(ehr.facts("Condition", "p1"), Known | Unknown)
