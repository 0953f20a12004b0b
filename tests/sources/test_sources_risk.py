"""Reading RA coding-gap reports, and asking for them of servers that differ."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sources_payloads as say
from sources_payloads import ASKED, ENTRY, MEMBER, RA, category, coded, extension, risk_report
from sources_wire import NOW, bundle

from app.core.chart import Coding, Concept, When
from app.core.report import Report
from app.sources.errors import Unreadable, WrongPatient
from app.sources.payer import risk


def read_all(*bundles: Any, **options: Any) -> tuple[Report, tuple[str, ...]]:
    stated = {"entry": ENTRY, "member": MEMBER, "asked": ASKED, "received": NOW, "fetch": lambda ref: None} | options
    return risk.read(bundles, **stated)


def read(*resources: Any) -> Report:
    return read_all(bundle(*resources))[0]


def icd(code: str) -> Concept:
    return Concept((Coding("", code),))


def test_a_report_is_read_with_everything_it_states() -> None:
    report, missing = read_all(say.usual_risk())
    assert (missing, report.unreadable) == ((), ())
    assert (report.kind, report.subject_id, report.calculated) == ("risk", "m1", date(2026, 10, 1))
    first, second = report.categories
    assert (first.report_id, first.group_id, first.payer) == ("rr1", "g1", "northwind")
    assert (first.model.url, first.model.version) == ("https://northwind.example/Measure/hcc-v28", "1")
    assert (first.system[-7:], first.version, first.code) == ("/cmshcc", "28", "37")
    assert (first.cc_type, first.evidence_status, first.hierarchical_status) == ("suspected", "open-gap", "not-applied")
    assert (first.status_date, first.deadline, first.confidence) == (date(2026, 6, 30), date(2027, 1, 31), "High")
    assert (first.diagnoses, first.qualifying) == ((icd("E11.22"), icd("E11.9")), (icd("E11.21"), icd("E11.29")))
    assert (first.period, first.calculated, first.remarks) == (ASKED, date(2026, 10, 1), 1)
    condition, visit = first.evidence
    assert (condition.what, condition.setting, condition.when) == (
        "Diabetes with kidney disease", "AMB", When.day(date(2025, 3, 4)),
    )  # fmt: skip
    assert (visit.what, visit.setting, visit.source) == ("Office visit", "AMB", "Elm Clinic")
    assert [(e.ref, e.readable, e.what) for e in second.evidence] == [
        ("Encounter/e1", True, "Office visit"), ("Observation/elsewhere", False, "A lab result"),
    ]  # fmt: skip


def test_the_category_is_checked_on_each_result() -> None:
    report = read(risk_report("a"), risk_report("b", marked="deqm"), risk_report("c", marked="vbp"))
    assert {c.report_id for c in report.categories} == {"a"}


@pytest.mark.parametrize(
    ("more", "is_ra"),
    [
        ({"meta": {"profile": [f"{RA}/ra-measurereport|2.1.0"]}, "group": [category(extension=[])]}, True),
        ({}, True),
        ({"group": [category(extension=[])]}, False),
        ({"meta": {"profile": "oops"}, "group": [category(extension=[])]}, False),
    ],
)
def test_a_report_without_a_category_is_known_by_its_profile_or_extensions(more: Any, is_ra: bool) -> None:
    assert bool(read(risk_report(marked="", **more)).categories) is is_ra


def test_our_own_submissions_are_not_the_payers_report() -> None:
    assert read(risk_report(type="data-collection")).categories == ()


def test_stu1_called_the_type_suspect_type() -> None:
    stated = category(extension=[extension(f"{RA}/ra-suspectType", valueCodeableConcept=coded("net-new"))])
    assert read(risk_report("a", stated)).categories[0].cc_type == "net-new"


def test_unknown_words_and_missing_parts_are_kept_as_they_are() -> None:
    bare = {"extension": [extension(f"{RA}/ra-ccType", valueCodeableConcept={"text": "presumed"})]}
    dx = [*bare["extension"], extension(f"{RA}/ra-dxCode", valueCodeableConcept={"text": "Frailty"})]
    report = read(risk_report("a", bare, {"id": "g2", "extension": dx}))
    first, second = report.categories
    assert (first.cc_type, first.evidence_status, first.code, first.label) == ("presumed", "", "", "")
    assert second.label == "Frailty"
    assert report.unreadable == ("MeasureReport/a: has a group without an id",)


def test_evidence_for_no_group_supports_nothing() -> None:
    loose = [
        {"reference": "Condition/1"},
        {"reference": "Condition/2", "extension": [extension(f"{RA}/ra-groupReference", valueString="gone")]},
    ]
    report = read(risk_report(evaluatedResource=loose))
    assert report.categories[0].evidence == ()
    assert report.unreadable == ("MeasureReport/rr1: cites evidence for no group of its own",) * 2


@pytest.mark.parametrize(
    ("period", "kept"),
    [
        ({"start": "2026-01-01", "end": "2026-12-31"}, True),
        ({"start": "2025-07-01", "end": "2026-06-30"}, True),
        ({"start": "2025-01-01", "end": "2025-12-31"}, False),
        ({"start": "2027-01-01", "end": "2027-12-31"}, False),
        ({}, True),
    ],
)
def test_a_report_of_another_period_is_left_out_and_named(period: Any, kept: bool) -> None:
    report = read(risk_report("now"), risk_report("x", period=period))
    assert ("x" in {c.report_id for c in report.categories}) is kept
    assert report.unreadable == (() if kept else ("MeasureReport/x: belongs to another period",))


def test_two_model_versions_are_two_reports() -> None:
    other = risk_report("v24", category("g1", "18"), measure="https://northwind.example/Measure/hcc-v24|1")
    assert [(c.report_id, c.code) for c in read(risk_report("v28"), other).categories] == [("v28", "37"), ("v24", "18")]


def test_pages_share_what_was_included() -> None:
    whole = say.usual_risk()
    pages = [{"resourceType": "Bundle", "entry": [entry]} for entry in whole["entry"]]
    assert read_all(*pages)[0] == read_all(whole)[0]


def test_reports_about_somebody_else_never_become_categories() -> None:
    other = {"subject": {"reference": "Patient/m2"}}
    with pytest.raises(WrongPatient):
        read(risk_report(**other))
    report, missing = read_all(bundle(risk_report("a"), risk_report("b", **other)))
    assert {c.report_id for c in report.categories} == {"a"}
    assert missing == ("reports about another patient, left out: 1",)


@pytest.mark.parametrize("wrong", [{"status": "pending"}, {"measure": ""}, {"subject": {}}, {"modifierExtension": [1]}])
def test_only_unreadable_reports_are_no_answer(wrong: Any) -> None:
    with pytest.raises(Unreadable) as found:
        read(risk_report(**wrong))
    # Whose report it is must be stated, or nobody may be told that it could not be read.
    assert bool(found.value.unknown("p").groups) == ("subject" not in wrong)
    report, missing = read_all(bundle(risk_report("a"), risk_report("b", **wrong)))
    assert len(report.categories) == 1
    assert missing == ("reports that could not be read: 1",)


def test_every_group_that_a_remark_could_be_put_on_is_counted_once() -> None:
    bare = {"id": "bare", "extension": [extension(f"{RA}/ra-ccType", valueCodeableConcept=coded("historic"))]}
    report = read(
        risk_report("a", category("g1"), category("g2", "18"), bare, {"code": coded("19")}),
        risk_report("a", category("g1")),  # the same report on another page
        risk_report("twice", category("g1"), category("g1", "18")),  # whose group is meant, nobody could say
        risk_report("pending", category("g1"), status="pending"),
        risk_report("other", category("g1"), subject={"reference": "Patient/m2"}),
        risk_report("old", category("g1"), period={"start": "2024-01-01", "end": "2024-12-31"}),
        risk_report("quality", category("g1"), marked="deqm"),
        risk_report("ours", category("g1"), type="data-collection"),
        risk_report("list", category("g1"), type="subject-list"),
    )
    assert [(g.report_id, g.group_id, g.ingested) for g in report.groups] == [
        ("a", "g1", True), ("a", "g2", True), ("a", "bare", False), ("pending", "g1", False),
    ]  # fmt: skip
    assert {(c.report_id, c.group_id) for c in report.categories} >= {("a", "g1"), ("a", "g2"), ("a", "bare")}


def test_no_report_is_an_answer() -> None:
    assert read_all(bundle())[0].categories == ()


def test_a_report_without_groups_is_an_answer_too() -> None:
    assert read(risk_report("a") | {"group": []}).categories == ()
