"""Hand-made answers for the rules: one invented patient, two invented payers, and the smallest of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import settings

from app.core import panel
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import (
    CHART_TYPES,
    Chart,
    Coding,
    Component,
    Concept,
    Coverage,
    Fact,
    Identifier,
    Name,
    Patient,
    Quantity,
    When,
)
from app.core.flag import Panel, PayerAnswers
from app.core.reading import Reading, read
from app.core.report import ConditionCategory, Evidence, Gap, GapStatus, Measure, Member, Period, Report
from app.core.terminology import CMS_HCC, HCPCS, ICD10CM, LOINC

#: For properties of whole panels: fewer examples, and no deadline on a machine that others use too.
few = settings(max_examples=40, deadline=None)
steady = settings(deadline=None)

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
ECQM = "https://madie.cms.gov/Measure/"
HBA1C = Measure(ECQM + "CMS122FHIRDiabetesAssessGreaterThan9Percent", "0.5.000", "Glycemic status")
PRESSURE = Measure(ECQM + "CMS165FHIRControllingHighBloodPressure", "0.5.000", "Blood pressure")
COLORECTAL = Measure(ECQM + "CMS130FHIRColorectalCancerScreening", "0.4.000", "Colorectal")
BREAST = Measure(ECQM + "CMS125FHIRBreastCancerScreening", "0.4.000", "Breast")
OTHER = Measure("https://plan.example/Measure/falls", "3", "Home fall-risk walkthrough")


def on(text: str) -> When:
    """A FHIR date of any precision."""
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 3:
        return When.day(date(*parts))
    if len(parts) == 2:
        last = date(parts[0] + parts[1] // 12, parts[1] % 12 + 1, 1).toordinal() - 1
        return When(date(parts[0], parts[1], 1), date.fromordinal(last), text)
    return When(date(parts[0], 1, 1), date(parts[0], 12, 31), text)


def loinc(code: str, text: str = "") -> Concept:
    return Concept((Coding(LOINC, code),), text)


def icd(code: str, text: str = "") -> Concept:
    return Concept((Coding(ICD10CM, code),), text)


def hcpcs(code: str, text: str = "") -> Concept:
    return Concept((Coding(HCPCS, code),), text)


def percent(value: str, comparator: str = "") -> Quantity:
    return Quantity(Decimal(value), "%", "%", comparator)


_refs = iter(range(1, 10**9))


def fact(kind: str, concept: Concept, when: str | None = None, **other: Any) -> Fact:
    """A fact with a reference of its own, in the status in which its type counts."""
    usual = {"Observation": "final", "DiagnosticReport": "final", "Procedure": "completed", "Encounter": "finished",
             "ServiceRequest": "active", "Appointment": "booked", "Condition": "active", "Flag": "active",
             "MedicationRequest": "active", "Immunization": "completed", "AllergyIntolerance": "active",
             "DocumentReference": "current"}  # fmt: skip
    other.setdefault("ref", f"{kind}/{next(_refs):06}")
    other.setdefault("status", usual[kind])
    return Fact(kind, concept=concept, when=on(when) if when else None, **other)


def hba1c(value: str | None, when: str | None, **other: Any) -> Fact:
    return fact("Observation", loinc("4548-4", "HbA1c"), when, value=percent(value) if value else None, **other)


def pressure(systolic: str, diastolic: str, when: str, **other: Any) -> Fact:
    def part(code: str, value: str) -> Component:
        return Component(loinc(code), Quantity(Decimal(value), "mmHg", "mm[Hg]"))

    parts = (part("8480-6", systolic), part("8462-4", diastolic))
    return fact("Observation", loinc("85354-9", "Blood pressure"), when, components=parts, **other)


def colonoscopy(when: str | None, **other: Any) -> Fact:
    return fact("Procedure", hcpcs("G0121", "Colonoscopy"), when, **other)


def stool(value: str | None, when: str, **other: Any) -> Fact:
    result = Concept(text=value) if value else None
    return fact("Observation", loinc("29771-3", "FIT"), when, value=result, **other)


def mammogram(when: str | None, **other: Any) -> Fact:
    return fact("DiagnosticReport", loinc("24606-6", "Screening mammogram"), when, **other)


def known(value: Any, source: str = "ehr", **other: Any) -> Known[Any]:
    return Known(value, source, NOW, **other)


PATIENT = Patient(
    "ehr-1",
    (Name("official", "Okonkwo-Reyes", ("Adaeze", "Marisol")),),
    When.day(date(1963, 3, 14)),
    "female",
)
PAYER_PATIENT = replace(PATIENT, id="nw-77", identifiers=(Identifier("https://plan.example/id", "NW-2048", "MB"),))
COVERAGE = Coverage(
    "Coverage/1",
    "active",
    payors=("Northwind Health Plan",),
    member_ids=(Identifier("https://plan.example/id", "NW-2048", "MB"),),
    relationship="self",
)
MEMBER = Member("northwind", "nw-77", "NW-2048", "identifier", PAYER_PATIENT)
LAKE_COVERAGE = replace(
    COVERAGE, ref="Coverage/2", payors=("Lakeside",), plan="Gold PPO", member_ids=(Identifier("", "LK5", "MB"),)
)
LAKE_PATIENT = replace(PATIENT, id="lk-1", identifiers=(Identifier("", "LK5", "MB"),))


def facts_by_type(facts: Iterable[Fact], **answers: Answer[Any]) -> dict[str, Answer[Any]]:
    """All chart types answered, those named in `answers` as given there."""
    facts = tuple(facts)
    found: dict[str, Answer[Any]] = {kind: known(tuple(f for f in facts if f.type == kind)) for kind in CHART_TYPES}
    return found | answers


def chart(*facts: Fact, patient: Patient | None = None, unread: Iterable[str] = (), **other: Any) -> Chart:
    """A chart that has answered everything, except what is `unread`."""
    found = facts_by_type(facts)
    found |= {kind: Unknown("ehr", Reason.NOT_ALLOWED) for kind in unread}
    return replace(Chart(known(patient or PATIENT), known((COVERAGE,)), found), **other)


def reading(*facts: Fact, unread: Iterable[str] = ()) -> Reading:
    return read(chart(*facts, unread=unread))


def gap(measure: Measure = HBA1C, status: GapStatus = GapStatus.OPEN, **other: Any) -> Gap:
    fields: dict[str, Any] = {
        "payer": "northwind", "report_id": "r1", "group_id": "g1", "status_words": status.value, "derived": False,
        "calculated": date(2026, 11, 1), "data_through": date(2026, 9, 30), "period": YEAR,
    }  # fmt: skip
    return Gap(measure=measure, status=status, **(fields | other))


def category(code: str, label: str = "", *dx: str, **other: Any) -> ConditionCategory:
    """An open historic category of CMS-HCC V28."""
    fields: dict[str, Any] = {
        "payer": "northwind", "report_id": "ra1", "group_id": f"hcc-{code}", "system": CMS_HCC, "version": "28",
        "model": Measure("https://plan.example/Measure/cms-hcc-v28", "28", "CMS-HCC V28"), "cc_type": "historic",
        "evidence_status": "open-gap", "period": YEAR, "diagnoses": tuple(icd(each) for each in dx),
        "evidence": (seen(),),
    }  # fmt: skip
    return ConditionCategory(code=code, label=label or f"Category {code}", **(fields | other))


def seen(what: str = "Office visit diagnosis", when: str = "2025-05-05", **other: Any) -> Evidence:
    """A piece of payer's evidence."""
    return Evidence(**({"ref": "Condition/e1", "type": "Condition", "what": what, "when": on(when)} | other))


def report(kind: str, items: Iterable[Any], **other: Any) -> Report:
    fields: dict[str, Any] = {"subject_id": "nw-77", "subject": PAYER_PATIENT, "calculated": date(2026, 11, 1)}
    fields["gaps" if kind == "care-gaps" else "categories"] = tuple(items)
    return Report(payer="northwind", kind=kind, **(fields | other))


def payer(gaps: Iterable[Gap] = (), categories: Iterable[ConditionCategory] = (), **other: Any) -> PayerAnswers:
    """Northwind with both questions answered."""
    fields: dict[str, Any] = {
        "coverage": COVERAGE, "member": known(MEMBER, "northwind"),
        "care_gaps": known(report("care-gaps", gaps), "northwind"),
        "risk": known(report("risk", categories), "northwind"),
    }  # fmt: skip
    return PayerAnswers("northwind", "Northwind Health Plan", **(fields | other))


def lakeside(*gaps: Gap, **other: Any) -> PayerAnswers:
    """Lakeside with both questions answered."""
    about: dict[str, Any] = {"payer": "lakeside", "subject_id": "lk-1", "subject": LAKE_PATIENT}
    given_: dict[str, Any] = {
        "coverage": LAKE_COVERAGE,
        "member": known(replace(MEMBER, payer="lakeside", patient_id="lk-1", patient=LAKE_PATIENT)),
        "care_gaps": known(replace(report("care-gaps", gaps), **about)),
        "risk": known(replace(report("risk", ()), **about)),
    }
    return PayerAnswers("lakeside", "Lakeside Community Health", **(given_ | other))


def build(made: Chart, *payers: PayerAnswers, **other: Any) -> Panel:
    fields: Mapping[str, Any] = {
        "unconnected": (), "today": TODAY, "visit": None, "ehr_name": "Sandbox EHR", "may_see_prompts": True,
    }  # fmt: skip
    return panel.build(made, payers, **{**fields, **other})
