"""Broken payloads: whatever a source sends, an adapter gives an answer. Seeded, so that a failure can be repeated."""

from __future__ import annotations

import dataclasses
import random
from contextlib import suppress
from typing import Any

import pytest
import sources_mutations
import sources_payloads as say
from hypothesis import given
from hypothesis import strategies as st
from sources_mutations import Lost, mutated, payloads, run
from sources_wire import NOW, Call, Reply, Wire, bundle, connections
from test_sources_ehr import ANN, DOCTOR, Entry, condition, covered, organization, role
from test_sources_facts import CASES
from test_sources_values import JSON

from app.core.answers import Known, Unknown
from app.core.chart import CHART_TYPES
from app.sources.ehr import Ehr
from app.sources.errors import SourceError
from app.sources.payer import care_gaps, risk

COUNT = 2_000


@pytest.mark.parametrize("half", [0, 1])
def test_a_broken_answer_of_any_dialect_is_read_or_refused_and_nothing_is_lost_silently(half: int) -> None:
    counts = run(COUNT // 2, seed=half)
    assert counts.total() == COUNT // 2
    assert counts["whole"] > 0
    assert counts["said what is missing"] > 0
    assert counts["Unreadable"] > 0


@pytest.mark.parametrize(("name", "payload", "read"), payloads(), ids=lambda v: v if isinstance(v, str) else "")
def test_the_check_itself_finds_what_is_lost(name: str, payload: Any, read: Any) -> None:
    report, _ = read(payload)
    emptied = dataclasses.replace(report, gaps=(), categories=())
    with pytest.raises(Lost):
        _ = sources_mutations.outcome(payload, lambda body: (dataclasses.replace(emptied, unreadable=()), ()))
    assert sources_mutations.outcome(payload, lambda body: (emptied, ("something",))) == "said what is missing"


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
