"""The guides' own examples through our readers, where they stand beside the checkout, and our own payloads always."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sources_payloads as say
from sources_wire import NOW

from app.core.report import Member, Period
from app.sources.errors import SourceError, Unreadable, WrongPatient
from app.sources.fhir.facts import fact
from app.sources.payer import care_gaps, risk

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "examples"
OWN = "our own"

#: What each gap document says, counted by eye: (patient, gaps as (group, status, evidence), others), or an error.
GAPS: dict[str, Any] = {
    OWN: ("m1", [("g1", "open-gap", 1)], 0),
    "deqm-us-5.0.0/Bundle-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 1), ("group-exm124", "open-gap", 1)], 0),
    "deqm-us-5.0.0/Bundle-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    # the guide's "open" Parameters state closed-gap, against their own populations
    "deqm-us-5.0.0/Parameters-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "closed-gap", 1), ("group-exm124", "closed-gap", 1)], 0),
    "deqm-us-5.0.0/Parameters-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-us-5.0.0/Parameters-multiple-gaps-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 1), ("group-exm124", "open-gap", 1)], 1),
    "deqm-us-5.0.0/Bundle-multiple-indv-mrp-task-report.json": WrongPatient,
    "deqm-us-5.0.0/Bundle-single-indv-mrp-task-report.json": WrongPatient,
    "deqm-us-5.0.0/Bundle-multiple-summ-report.json": Unreadable,
    "deqm-us-5.0.0/Parameters-col-collect-obs.json": Unreadable,
    "deqm-us-5.0.0/Parameters-col-submit-obs.json": Unreadable,
    "deqm-us-5.0.0/Parameters-mrp-submit-obs.json": Unreadable,
    "deqm-us-5.0.0/Parameters-mrp-submit-task.json": Unreadable,
    "deqm-us-5.0.0/Parameters-measurereport01-patch.json": Unreadable,
    "deqm-us-5.0.0/Parameters-measurereport01-patch-mult.json": Unreadable,
    # 3.1: populations are named by an extension of its own, measures carry no version; again "open" says closed-gap
    "deqm-us-3.1.0/Bundle-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "closed-gap", 1), ("group-exm124", "closed-gap", 1)], 0),
    "deqm-us-3.1.0/Parameters-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "closed-gap", 1), ("group-exm124", "closed-gap", 1)], 0),
    "deqm-us-3.1.0/Bundle-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-us-3.1.0/Parameters-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-us-3.1.0/Bundle-single-gaps-closed-indv-report02.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 2)], 0),
    "deqm-us-3.1.0/Parameters-single-gaps-closed-indv-report02.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 2)], 0),
    "deqm-uv-1.0.0/Bundle-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 1), ("group-exm124", "open-gap", 1)], 0),
    "deqm-uv-1.0.0/Parameters-single-gaps-open-indv-report01.json":
        ("gaps-patient01", [("group-exm130", "closed-gap", 1), ("group-exm124", "closed-gap", 1)], 0),
    "deqm-uv-1.0.0/Bundle-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-uv-1.0.0/Parameters-single-gaps-closed-indv-report01.json":
        ("gaps-patient02", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-uv-1.0.0/Bundle-single-gaps-closed-indv-report02.json":
        ("gaps-patient01", [("group-exm130", "closed-gap", 2)], 0),
    "deqm-uv-1.0.0/Parameters-single-gaps-closed-indv-report02.json":
        ("gaps-patient01", [("group-exm130", "open-gap", 2)], 0),
    "deqm-uv-1.0.0/Parameters-multi-measure-invited-obs.json": WrongPatient,
    "deqm-uv-1.0.0/Bundle-multiple-summ-report.json": Unreadable,
    "deqm-uv-1.0.0/Bundle-col-submit-obs.json": Unreadable,
    "deqm-uv-1.0.0/Bundle-mrp-submit-obs.json": Unreadable,
    "deqm-uv-1.0.0/Bundle-mrp-submit-task.json": Unreadable,
    "deqm-uv-1.0.0/Parameters-col-collect-obs.json": Unreadable,
    "deqm-uv-1.0.0/Parameters-measurereport01-patch.json": Unreadable,
    "deqm-uv-1.0.0/Parameters-measurereport01-patch-mult.json": Unreadable,
}  # fmt: skip

#: (patient, categories by status, evidence cited and readable, remarks), counted by eye.
RISK: dict[str, Any] = {
    OWN: ("m1", {"open-gap": 2}, (4, 3), 1),
    "ra-3.0.0-ballot/Bundle-ra-bundle01.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 3, "pending": 4}, (23, 23), 0),
    "ra-3.0.0-ballot/MeasureReport-ra-measurereport01.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 3, "pending": 4}, (23, 0), 0),
    "ra-3.0.0-ballot/MeasureReport-ra-measurereport01-with-remark.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 3, "pending": 4}, (23, 0), 5),
    "ra-3.0.0-ballot/MeasureReport-ra-measurereport02.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 1, "pending": 2}, (14, 0), 0),
    "ra-3.0.0-ballot/MeasureReport-ra-measurereport04.json":
        ("ra-patient03", {"closed-gap": 5, "open-gap": 6, "pending": 2}, (27, 0), 0),
    "ra-3.0.0-ballot/MeasureReport-ra-datax-measurereport01.json": ("ra-patient01", {}, (0, 0), 0),
    "ra-3.0.0-ballot/Bundle-riskgap-data1.json": ("ra-patient01", {}, (0, 0), 0),
    # 1.0: no category, and the type of a gap is a suspectType
    "ra-1.0.0/Bundle-ra-bundle01.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 3, "pending": 4}, (23, 23), 0),
    "ra-1.0.0/MeasureReport-ra-measurereport01.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 3, "pending": 4}, (23, 0), 0),
    "ra-1.0.0/MeasureReport-ra-measurereport02.json":
        ("ra-patient01", {"closed-gap": 3, "open-gap": 1, "pending": 2}, (14, 0), 0),
    "ra-1.0.0/MeasureReport-ra-measurereport04.json":
        ("ra-patient03", {"closed-gap": 5, "open-gap": 6, "pending": 2}, (27, 0), 0),
    "ra-1.0.0/MeasureReport-ra-measurereport06.json": ("ra-patient02", {"closed-gap": 1}, (2, 0), 0),
}  # fmt: skip


def present(table: dict[str, Any]) -> list[str]:
    return [name for name in table if name == OWN or (EXAMPLES / name).exists()]


def load(name: str, own: dict[str, Any]) -> Any:
    text = json.dumps(own) if name == OWN else (EXAMPLES / name).read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)


def member(patient_id: str) -> Member:
    return Member("northwind", patient_id, "", "identifier")


def read_gaps(name: str, patient_id: str) -> Any:
    asked = say.ASKED if name == OWN else Period(date(2020, 1, 1), date(2020, 12, 31))
    body = load(name, say.usual_answer())
    return care_gaps.read(body, say.ENTRY, member(patient_id), asked, NOW, lambda ref: None)


@pytest.mark.parametrize("name", present(GAPS))
def test_a_gap_example_says_what_it_says_to_a_reader(name: str) -> None:
    if isinstance(GAPS[name], type) and issubclass(GAPS[name], SourceError):
        with pytest.raises(GAPS[name]):
            read_gaps(name, "gaps-patient01")
        return
    patient_id, gaps, others = GAPS[name]
    report, missing = read_gaps(name, patient_id)
    assert [(g.group_id, g.status.value, len(g.evidence)) for g in report.gaps] == gaps
    assert all(g.measure.url and g.payer_words and g.calculated for g in report.gaps)
    assert all(bool(g.measure.version) is not name.startswith("deqm-us-3.1.0") for g in report.gaps)
    assert all(e.population for g in report.gaps for e in g.evidence)
    assert all(e.readable and e.what for g in report.gaps for e in g.evidence)
    assert not any(g.derived for g in report.gaps)
    assert report.subject is not None
    assert report.subject.id == report.subject_id == patient_id
    assert missing == ((f"reports about another patient, left out: {others}",) if others else ())


@pytest.mark.parametrize("name", present(RISK))
def test_a_risk_example_says_what_it_says_to_a_reader(name: str) -> None:
    patient_id, statuses, (cited, readable), remarks = RISK[name]
    body = load(name, say.usual_risk())
    bundle = body if body["resourceType"] == "Bundle" else {"resourceType": "Bundle", "entry": [{"resource": body}]}
    asked = say.ASKED if name == OWN else Period(date(2021, 1, 1), date(2021, 12, 31))
    report, missing = risk.read([bundle], say.ENTRY, member(patient_id), asked, NOW, lambda ref: None)
    found = [c.evidence_status for c in report.categories]
    assert {status: found.count(status) for status in set(found)} == statuses
    evidence = [e for c in report.categories for e in c.evidence]
    assert (len(evidence), sum(e.readable for e in evidence)) == (cited, readable)
    assert sum(c.remarks for c in report.categories) == remarks
    assert all(c.code and c.version and c.cc_type and c.period and c.deadline for c in report.categories)
    assert (missing, report.unreadable) == ((), ())


def test_every_example_of_the_guides_that_holds_a_report_is_in_the_tables() -> None:
    if not EXAMPLES.exists():
        assert present(GAPS) == present(RISK) == [OWN]
        return
    gaps = {p for kind in ("Parameters", "Bundle") for p in EXAMPLES.glob(f"deqm-*/{kind}-*.json")}
    risks = {p for kind in ("MeasureReport", "Bundle") for p in EXAMPLES.glob(f"ra-*/{kind}-*.json")}
    assert {str(p.relative_to(EXAMPLES)) for p in gaps} == set(GAPS) - {OWN}
    assert {str(p.relative_to(EXAMPLES)) for p in risks} == set(RISK) - {OWN}


def test_every_example_resource_can_be_read_as_a_fact() -> None:
    resources = [load(str(p.relative_to(EXAMPLES)), {}) for p in EXAMPLES.rglob("*.json")] or [
        entry["resource"] for entry in say.usual_risk()["entry"]
    ]
    for resource in resources:
        found = fact(resource)
        assert found.type == resource["resourceType"]
