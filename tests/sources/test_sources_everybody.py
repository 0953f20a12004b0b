"""A payer's list of the open gaps of all patients of a practice: asked, refused, read, and never more than it says."""

from __future__ import annotations

from typing import Any

import pytest
import sources_payloads as say
from sources_payloads import ASKED, document, gap_report, patient
from sources_wire import Call, Reply, Wire, bundle
from test_sources_payer import known, payer

from app.core.answers import Reason, Unknown
from app.core.chart import Identifier
from app.core.report import Report

NPI = Identifier("http://hl7.org/fhir/sid/us-npi", "1234567893", "NPI")
DR = {"resourceType": "Practitioner", "id": "99", "identifier": [{"system": NPI.system, "value": NPI.value}]}
PRACTICE = "Organization/clinic"


def member(name: str, *more: Any) -> dict[str, Any]:
    """One patient's document."""
    report = gap_report(f"r-{name}", subject={"reference": f"Patient/{name}"})
    number = [{"type": say.coded("MB"), "value": f"W-{name}"}]
    return document(report, patient(name, identifier=number), *more)


def returned(*bundles: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": each} for each in bundles]}


def host(answer: Any, practitioners: Any = DR) -> Any:
    def serve(call: Call) -> Any:
        if "/Practitioner" in call.path:
            return practitioners if isinstance(practitioners, Reply) else bundle(*filter(None, [practitioners]))
        return answer(call) if callable(answer) else answer

    return serve


def told(wire: Wire) -> dict[str, Any]:
    """The in-parameters of the last question."""
    body = wire.asked("/Measure/$care-gaps")[-1].json()
    return {each["name"]: next(v for k, v in each.items() if k.startswith("value")) for each in body["parameter"]}


def ask(answer: Any, practitioners: Any = DR, **more: Any) -> tuple[Any, Wire]:
    ours, wire = payer(host(answer, practitioners), **{"organization": PRACTICE, "dialect": "deqm-us-5.0.0"} | more)
    return ours.open_gaps((NPI,), ASKED), wire


def reports(found: Any) -> tuple[Report, ...]:
    value: tuple[Report, ...] = known(found).value
    return value


def test_everybody_of_a_provider_is_one_question_and_each_comes_with_the_payers_own_record() -> None:
    found, wire = ask(returned(member("m1"), member("m2")))
    assert told(wire) == {
        "periodStart": "2026-01-01", "periodEnd": "2026-12-31", "practitioner": "Practitioner/99",
        "organization": PRACTICE, "status": "open-gap",
    }  # fmt: skip
    one, two = reports(found)
    assert (one.subject_id, two.subject_id) == ("m1", "m2")
    assert [(len(each.gaps), each.payer, each.kind) for each in (one, two)] == [(1, "northwind", "care-gaps")] * 2
    assert one.subject is not None
    assert one.subject.birth_date is not None
    assert (one.subject.birth_date.text, one.subject.identifiers[0].value) == ("1957-02-03", "W-m1")
    assert known(found).incomplete == ()


def test_nobody_with_an_open_gap_is_an_answer() -> None:
    assert reports(ask(returned())[0]) == ()


@pytest.mark.parametrize(
    "practitioners",
    [None, DR | {"identifier": [{"value": "another"}]}, Reply(b"", 403), Reply(b"", 404)],
)
def test_a_provider_whom_the_payer_does_not_know_is_asked_for_by_the_practice_and_that_is_said(
    practitioners: Any,
) -> None:
    found, wire = ask(returned(member("m1")), practitioners)
    assert "practitioner" not in told(wire)
    assert known(found).incomplete == ("of all patients of the practice: the payer does not know this provider",)


@pytest.mark.parametrize("dialect", ["deqm-uv-1.0.0", "deqm-uv-1.0.0-ballot"])
def test_a_dialect_without_the_question_cannot_list(dialect: str) -> None:
    found, wire = ask(returned(member("m1")), dialect=dialect)
    assert isinstance(found, Unknown)
    assert (found.reason, found.detail) == (
        Reason.NOT_ALLOWED, f"its dialect ({dialect}) cannot list all patients of a practice",
    )  # fmt: skip
    assert wire.asked("/Measure/$care-gaps") == []


def test_a_payer_whose_entry_names_no_organization_is_not_asked() -> None:
    found, wire = ask(returned(member("m1")), organization="")
    assert isinstance(found, Unknown)
    assert found.reason is Reason.NOT_ALLOWED
    assert wire.calls == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(b"", 400), Reason.NOT_ALLOWED),
        (Reply(b"", 501), Reason.NOT_ALLOWED),
        (Reply(b"", 403), Reason.NOT_ALLOWED),
        (Reply(b"", 503), Reason.DOWN),
        ({"resourceType": "Patient"}, Reason.NOT_READABLE),
    ],
)
def test_a_payer_that_does_not_list_them_is_never_one_without_gaps(reply: Any, reason: Reason) -> None:
    found, _ = ask(reply)
    assert isinstance(found, Unknown)
    assert found.reason is reason


def test_a_patient_in_two_bundles_is_one_report_and_two_in_one_bundle_are_two() -> None:
    more = document(gap_report("more", subject={"reference": "Patient/m1"}), patient("m1"))
    together = document(
        gap_report("a", subject={"reference": "Patient/m2"}), gap_report("b", subject={"reference": "Patient/m3"}),
        patient("m2"), patient("m3"),
    )  # fmt: skip
    found, _ = ask(returned(member("m1"), more, together))
    assert {each.subject_id: [gap.report_id for gap in each.gaps] for each in reports(found)} == {
        "m1": ["r-m1", "more"], "m2": ["a"], "m3": ["b"],
    }  # fmt: skip
    assert known(found).incomplete == ()


def test_what_names_nobody_is_counted_and_alone_no_answer() -> None:
    nameless = document(gap_report("x", subject={"reference": "Patient/gone"}))
    found, _ = ask(returned(member("m1"), nameless))
    assert [each.subject_id for each in reports(found)] == ["m1"]
    assert known(found).incomplete == ("reports that name no patient of theirs: 1",)
    alone, _ = ask(returned(nameless))
    assert isinstance(alone, Unknown)
    assert alone.reason is Reason.NOT_READABLE


def test_a_report_that_cannot_be_read_is_counted() -> None:
    broken = member("m2")
    for each in broken["entry"]:
        if each["resource"]["resourceType"] == "MeasureReport":
            each["resource"]["status"] = "error"
    found, _ = ask(returned(member("m1"), broken))
    assert [each.subject_id for each in reports(found)] == ["m1"]
    assert known(found).incomplete == ("reports or findings that could not be read: 1",)


@pytest.mark.parametrize(
    "organization", ["clinic", "Organization/", "Organization/a b", "https://payer.example/Organization/1"]
)
def test_an_organization_is_a_reference_at_the_payer(organization: str) -> None:
    with pytest.raises(ValueError, match="organization"):
        payer(host(returned()), organization=organization)
