"""What a CapabilityStatement says of a payer, whatever it looks like, and when it is read."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from sources_wire import NOW
from test_sources_values import JSON

from app.sources.errors import Down
from app.sources.fhir.offers import Offer, Offers
from app.sources.payer.capabilities import Capabilities, Operation, parse
from app.sources.payer.learned import Learned

US = "http://hl7.org/fhir/us/davinci-deqm"
UV = "http://hl7.org/fhir/uv/deqm"
RA = "http://hl7.org/fhir/us/davinci-ra"


def statement(*operations: tuple[str, str, str], guides: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A CapabilityStatement with operations as (type, name, definition)."""
    resources: dict[str, dict[str, Any]] = {}
    for on, name, definition in operations:
        resource = resources.setdefault(on, {"type": on, "operation": []})
        resource["operation"].append({"name": name, "definition": definition})
    return {
        "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "implementationGuide": list(guides),
        "rest": [{"mode": "server", "resource": list(resources.values())}],
    } | more  # fmt: skip


def guide(tree: str, version: str) -> str:
    return f"{tree}/ImplementationGuide/{'hl7.fhir.us.davinci-deqm' if tree == US else 'hl7.fhir.uv.deqm'}|{version}"


@pytest.mark.parametrize(
    ("definition", "guides", "dialect"),
    [
        (f"{US}/OperationDefinition/care-gaps", (), "deqm-us-5.0.0"),
        (f"{US}/OperationDefinition/care-gaps", (guide(US, "3.1.0"),), "deqm-us-3.1.0"),
        (f"{US}/OperationDefinition/care-gaps", (guide(US, "4.0.0"),), "deqm-us-4.0.0"),
        (f"{US}/OperationDefinition/care-gaps", (guide(US, "5.0.0"),), "deqm-us-5.0.0"),
        (f"{US}/OperationDefinition/care-gaps", (guide(US, "3.0.0"),), "deqm-us-3.1.0"),
        (f"{US}/OperationDefinition/care-gaps|4.0.0", (guide(US, "3.1.0"),), "deqm-us-4.0.0"),
        (f"{US}/OperationDefinition/care-gaps", (guide(US, "9.0"), guide(UV, "1.0.0")), "deqm-us-5.0.0"),
        (f"{UV}/OperationDefinition/care-gaps", (), "deqm-uv-1.0.0"),
        (f"{UV}/OperationDefinition/care-gaps", (guide(UV, "1.0.0"),), "deqm-uv-1.0.0"),
        (f"{UV}/OperationDefinition/care-gaps", (guide(UV, "1.0.0-ballot"),), "deqm-uv-1.0.0-ballot"),
        ("https://hapi.example/OperationDefinition/Measure--care-gaps", (guide(US, "5.0.0"),), ""),
        ("", (), ""),
    ],
)
def test_the_dialect_is_that_of_the_operation_definition(
    definition: str, guides: tuple[str, ...], dialect: str
) -> None:
    found = parse(statement(("Measure", "care-gaps", definition), guides=guides))
    assert found.care_gaps == dialect
    assert parse(statement(("", "$care-gaps", definition), guides=guides)).care_gaps == dialect


def test_a_payer_of_both_trees_is_asked_for_everything() -> None:
    both = [("Measure", "care-gaps", f"{tree}/OperationDefinition/care-gaps") for tree in (UV, US)]
    assert parse(statement(*both)).care_gaps == "deqm-us-5.0.0"


@pytest.mark.parametrize(
    ("operations", "more", "dialect"),
    [
        ([("MeasureReport", "report", f"{RA}/OperationDefinition/report")], {}, "ra-1.0.0"),
        ([("MeasureReport", "$report", "")], {}, "ra-1.0.0"),
        ([("MeasureReport", "report", "https://other.example/OperationDefinition/report")], {}, ""),
        ([("MeasureReport", "risk-gap", f"{RA}/OperationDefinition/risk-gap")], {}, "ra-3.0.0-ballot"),
        ([("MeasureReport", n, "") for n in ("report", "risk-gap")], {}, "ra-3.0.0-ballot"),
        ([], {"implementationGuide": [f"{RA}/ImplementationGuide/hl7.fhir.us.davinci-ra|2.0.0"]}, "ra-2.0.0"),
        ([], {"implementationGuide": [f"{RA}/ImplementationGuide/hl7.fhir.us.davinci-ra|2.1.0"]}, "ra-2.1.0"),
        ([], {"instantiates": [f"{RA}/CapabilityStatement/ra-reporting-server"]}, "ra-2.1.0"),
        ([], {}, ""),
    ],
)
def test_the_version_of_ra_is_told_by_its_operations(operations: Any, more: Any, dialect: str) -> None:
    assert parse(statement(*operations, **more)).risk == dialect


def test_everything_else_that_a_payer_says_of_itself_is_kept() -> None:
    whole = statement(("Measure", "care-gaps", f"{US}/OperationDefinition/care-gaps"), guides=(guide(US, "5.0.0"),))
    whole |= {
        "software": {"name": "Northwind FHIR", "version": "7.2"}, "patchFormat": ["application/json-patch+json"],
        "instantiates": [f"{US}/CapabilityStatement/gic-server"],
    }  # fmt: skip
    reports = {
        "type": "MeasureReport", "interaction": [{"code": "read"}, {"code": "patch"}],
        "searchParam": [{"name": "patient"}, {"name": "measurereport-category"}],
        "supportedProfile": [f"{RA}/StructureDefinition/ra-measurereport"],
    }  # fmt: skip
    whole["rest"][0]["resource"].append(reports)
    whole["rest"].append(
        {"mode": "client", "resource": [{"type": "MeasureReport", "searchParam": [{"name": "category"}]}]}
    )
    found = parse(whole)
    assert found == Capabilities(
        care_gaps="deqm-us-5.0.0", risk="ra-2.1.0", category="measurereport-category",
        operations=(Operation("Measure", "care-gaps", f"{US}/OperationDefinition/care-gaps"),),
        offers=Offers(
            fhir_version="4.0.1", software="Northwind FHIR 7.2", patch_formats=("application/json-patch+json",),
            types={
                "Measure": Offer(),
                "MeasureReport": Offer(("read", "patch"), frozenset({"patient", "measurereport-category"})),
            },
        ),
    )  # fmt: skip
    assert found.operation("Measure", "care-gaps") == found.operations[0]
    assert found.operation("MeasureReport", "risk-gap") is None


@given(JSON)
def test_no_statement_is_too_odd_to_be_read(value: Any) -> None:
    assert parse(value if isinstance(value, dict) else {}) is not None
    keys = ("rest", "implementationGuide", "instantiates", "software", "patchFormat", "fhirVersion")
    parse(dict.fromkeys(keys, value))
    parse({"rest": [{"resource": value, "operation": value}]})
    parts = ("type", "operation", "searchParam", "interaction", "supportedProfile")
    parse(
        {
            "rest": [
                {"resource": [dict.fromkeys(parts, value), {"type": "MeasureReport"} | dict.fromkeys(parts[1:], value)]}
            ]
        }
    )


# --- when it is read --------------------------------------------------------------------------------------------------


class Source:
    """Something that takes its time."""

    def __init__(self) -> None:
        self.now, self.reads, self.go = NOW, 0, threading.Event()
        self.trouble: Exception | None = None

    def clock(self) -> datetime:
        return self.now

    def read(self) -> int:
        self.go.wait(5)
        self.reads += 1
        if self.trouble:
            raise self.trouble
        return self.reads


def learned() -> tuple[Learned[int], Source]:
    source = Source()
    return Learned(source.read, source.clock), source


def test_it_is_read_once_for_many_and_meanwhile() -> None:
    ours, source = learned()
    ours.begin()
    ours.begin()
    assert ours.known(0.01) is None, "not longer than that"
    source.go.set()
    assert [ours.known(5), ours.known(5)] == [1, 1]
    assert source.reads == 1


def test_an_older_copy_serves_while_a_newer_one_is_read() -> None:
    ours, source = learned()
    source.go.set()
    assert ours.known(5) == 1
    source.now += timedelta(minutes=59)
    assert (ours.known(5), source.reads) == (1, 1)
    source.now += timedelta(minutes=2)
    source.go.clear()
    assert ours.known(5) == 1, "without waiting for the newer one"
    source.go.set()
    assert ours.ask()[0] >= 2


@pytest.mark.parametrize("trouble", [Down("no"), KeyError("a defect of ours")])
def test_a_reading_that_fails_is_tried_again_later_and_not_at_once(trouble: Exception) -> None:
    ours, source = learned()
    source.go.set()
    source.trouble = trouble
    assert ours.known(5) is None
    assert ours.known(5) is None
    assert source.reads == 1
    source.now += timedelta(minutes=2)
    source.go.clear()
    assert ours.known() is None, "nobody waits for what has failed before"
    source.trouble = None
    source.go.set()
    assert ours.known(5) == 2


def test_whoever_must_know_asks_and_is_told_why_not() -> None:
    ours, source = learned()
    source.go.set()
    source.trouble = Down("no")
    with pytest.raises(Down):
        ours.ask()
    source.trouble = None
    assert ours.ask() == (2, NOW)
    assert ours.ask() == (2, NOW)
