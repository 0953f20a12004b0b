"""One resource of each chart type as a Fact, and Facts of anything at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sources_values import JSON

from app.core.chart import CHART_TYPES, Coding, Component, Concept, Fact, Quantity
from app.sources.fhir.facts import ROWS, fact
from app.sources.fhir.values import when

ABOUT = {"subject": {"reference": "Patient/p1"}}
SNOMED = "http://snomed.info/sct"


def coded(code: str, text: str = "") -> dict[str, Any]:
    return {"coding": [{"system": SNOMED, "code": code}], **({"text": text} if text else {})}


def said(code: str, text: str = "") -> Concept:
    return Concept((Coding(SNOMED, code),), text)


CASES: list[tuple[dict[str, Any], Fact]] = [
    (
        {"resourceType": "Condition", "id": "1", "clinicalStatus": coded("resolved"),
         "verificationStatus": coded("refuted"),
         "category": [coded("encounter-diagnosis"), coded("local")], "code": coded("44054006", "Type 2 diabetes"),
         "onsetPeriod": {"start": "2019-04"}, "abatementDateTime": "2020", "recordedDate": "2019-05-01",
         "encounter": {"reference": "https://ehr.example/fhir/Encounter/e"},
         "asserter": {"display": "Dr. Lee"}, **ABOUT},
        Fact("Condition", "Condition/1", said("44054006", "Type 2 diabetes"), "resolved", "refuted",
             ("encounter-diagnosis", "local"), when("2019-04"), when("2020"), when("2019-05-01"),
             who="Dr. Lee", encounter="Encounter/e", subject="Patient/p1"),
    ),
    (
        {"resourceType": "Encounter", "id": "1", "status": "finished", "class": {"code": "VR"},
         "type": [{"text": "Visit"}],
         "period": {"start": "2026-03-04T09:00:00-05:00", "end": "2026-03-04"}, "diagnosis": [
             {"condition": {"reference": "Condition/1"}}], "appointment": [{"reference": "Appointment/a"}],
         "participant": [{"individual": {"reference": "Practitioner/1"}}, {"individual": {"display": "Dr. Lee"}}],
         "serviceProvider": {"display": "Elmsworth General"}, **ABOUT},
        Fact("Encounter", "Encounter/1", Concept((), "Visit"), "finished", when=when("2026-03-04T09:00:00-05:00"),
             until=when("2026-03-04"), setting="VR", who="Dr. Lee", related=("Condition/1", "Appointment/a"),
             subject="Patient/p1", place="Elmsworth General"),
    ),
    (
        {"resourceType": "Observation", "id": "1", "status": "final", "category": [coded("laboratory")],
         "code": coded("a1c"),
         "effectiveInstant": "2026-03-04T09:00:00Z", "issued": "2026-03-05T09:00:00Z",
         "performer": [{"display": "Lab"}],
         "valueQuantity": {"value": Decimal("7.2"), "unit": "%"}, "basedOn": [{"reference": "ServiceRequest/s"}],
         "component": [{"code": coded("c"), "valueString": "x"}, {"code": coded("d")}], **ABOUT},
        Fact("Observation", "Observation/1", said("a1c"), "final", category=("laboratory",),
             when=when("2026-03-04T09:00:00Z"), recorded=when("2026-03-05T09:00:00Z"),
             value=Quantity(Decimal("7.2"), "%"), components=(Component(said("c"), "x"), Component(said("d"), None)),
             who="Lab", related=("ServiceRequest/s",), subject="Patient/p1"),
    ),
    (
        {"resourceType": "Observation", "id": "2", "status": "final", "code": coded("phq9"),
         "effectiveDateTime": "2026",
         "dataAbsentReason": {"text": "asked but declined"}, **ABOUT},
        Fact("Observation", "Observation/2", said("phq9"), "final", when=when("2026"),
             not_done_reason="asked but declined", subject="Patient/p1"),
    ),
    (
        {"resourceType": "DiagnosticReport", "id": "1", "status": "final", "code": coded("mammogram"),
         "effectivePeriod": {"start": "2026-01-02", "end": "2026-01-03"}, "result": [{"reference": "Observation/1"}],
         "resultsInterpreter": [{"display": "Dr. Ray"}], **ABOUT},
        Fact("DiagnosticReport", "DiagnosticReport/1", said("mammogram"), "final", when=when("2026-01-02"),
             until=when("2026-01-03"), who="Dr. Ray", related=("Observation/1",), subject="Patient/p1"),
    ),
    (
        {"resourceType": "Procedure", "id": "1", "status": "not-done", "code": coded("colonoscopy"),
         "performedDateTime": "2021-06", "statusReason": coded("declined", "Patient declined"), **ABOUT},
        Fact("Procedure", "Procedure/1", said("colonoscopy"), "not-done", when=when("2021-06"),
             not_done_reason="Patient declined", subject="Patient/p1"),
    ),
    (
        {"resourceType": "Immunization", "id": "1", "status": "completed", "vaccineCode": coded("flu"),
         "occurrenceDateTime": "2026-10-01", "patient": {"reference": "Patient/p1"},
         "performer": [{"actor": {"display": "Pharmacy"}}]},
        Fact("Immunization", "Immunization/1", said("flu"), "completed", when=when("2026-10-01"), who="Pharmacy",
             subject="Patient/p1"),
    ),
    (
        {"resourceType": "MedicationRequest", "id": "1", "status": "active", "intent": "order",
         "authoredOn": "2026-02-03",
         "medicationReference": {"reference": "#m"}, "contained": [
             {"resourceType": "Medication", "id": "m", "code": coded("statin")}],
         "dispenseRequest": {"validityPeriod": {"end": "2027-02-03"}}, "requester": {"display": "Dr. Lee"}, **ABOUT},
        Fact("MedicationRequest", "MedicationRequest/1", said("statin"), "active", when=when("2026-02-03"),
             until=when("2027-02-03"), recorded=when("2026-02-03"), intent="order", who="Dr. Lee",
             subject="Patient/p1"),
    ),
    (
        {"resourceType": "MedicationRequest", "id": "2", "status": "active", "intent": "order", "doNotPerform": True,
         "medicationReference": {"display": "Atorvastatin 20 mg"}, **ABOUT},
        Fact("MedicationRequest", "MedicationRequest/2", Concept((), "Atorvastatin 20 mg"), "active", intent="order",
             not_done_reason="do not perform", subject="Patient/p1", refused=True),
    ),
    (
        {"resourceType": "ServiceRequest", "id": "1", "status": "active", "intent": "order",
         "code": coded("mammogram"),
         "occurrenceDateTime": "2026-12-01", "authoredOn": "2026-11-01", **ABOUT},
        Fact("ServiceRequest", "ServiceRequest/1", said("mammogram"), "active", when=when("2026-12-01"),
             recorded=when("2026-11-01"), intent="order", subject="Patient/p1"),
    ),
    (
        {"resourceType": "Appointment", "id": "1", "status": "booked", "start": "2026-12-01T09:00:00-05:00",
         "end": "2026-12-01T09:20:00-05:00", "serviceType": [coded("mam")], "reasonCode": [{"text": "Screening"}],
         "description": "Mammogram", "participant": [
             {"actor": {"reference": "Patient/p1", "display": "Ann"}}, {"actor": {"display": "Dr. Ray"}}]},
        Fact("Appointment", "Appointment/1", said("mam", "Mammogram"), "booked",
             when=when("2026-12-01T09:00:00-05:00"), until=when("2026-12-01T09:20:00-05:00"), who="Dr. Ray",
             subject="Patient/p1"),
    ),
    (
        {"resourceType": "AllergyIntolerance", "id": "1", "clinicalStatus": coded("active"), "category": ["food",
         "medication"],
         "verificationStatus": coded("confirmed"), "code": coded("egg"), "patient": {"reference": "Patient/p1"}},
        Fact("AllergyIntolerance", "AllergyIntolerance/1", said("egg"), "active", "confirmed", ("food", "medication"),
             subject="Patient/p1"),
    ),
    (
        {"resourceType": "Flag", "id": "1", "status": "active", "code": {"text": "Hospice"},
         "period": {"start": "2026-06-01"}, **ABOUT},
        Fact("Flag", "Flag/1", Concept((), "Hospice"), "active", when=when("2026-06-01"), subject="Patient/p1"),
    ),
    (
        {"resourceType": "RiskAssessment", "id": "1", "status": "final", "code": {"text": "Readmission"},
         "method": {"text": "Score 2"}, "occurrenceDateTime": "2026-06-01", "performer": {"display": "Dr. Lee"},
         "basis": [{"reference": "Observation/1"}],
         "prediction": [
             {"outcome": {"text": "Readmission"}, "probabilityDecimal": Decimal(78),
              "qualitativeRisk": {"text": "High"}},
             {"outcome": {"text": "Fall"}, "rationale": "x"},
         ], **ABOUT},
        Fact("RiskAssessment", "RiskAssessment/1", Concept((), "Readmission"), "final", when=when("2026-06-01"),
             components=(Component(Concept((), "Readmission"), Quantity(Decimal(78), "%", "%")),
                         Component(Concept((), "Readmission"), Concept((), "High"))),
             who="Dr. Lee", related=("Observation/1",), subject="Patient/p1"),
    ),
    (
        {"resourceType": "DocumentReference", "id": "1", "status": "current", "docStatus": "preliminary",
         "type": coded("34133-9"), "date": "2026-03-05", "context": {
             "period": {"start": "2026-03-01"}, "encounter": [{"reference": "Encounter/e"}]}, **ABOUT},
        Fact("DocumentReference", "DocumentReference/1", said("34133-9"), "current", "preliminary",
             when=when("2026-03-01"), recorded=when("2026-03-05"), encounter="Encounter/e", subject="Patient/p1"),
    ),
    (
        {"resourceType": "ExplanationOfBenefit", "id": "1", "status": "active", "type": coded("professional"),
         "billablePeriod": {"start": "2026-03-01"}, "provider": {"display": "Clinic"},
         "patient": {"reference": "Patient/p1"}},
        Fact("ExplanationOfBenefit", "ExplanationOfBenefit/1", said("professional"),
        "active", when=when("2026-03-01"),
             who="Clinic", subject="Patient/p1"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "expected"), CASES, ids=[f"{r['resourceType']}/{r['id']}" for r, _ in CASES])
def test_a_resource_is_flattened_to_what_rules_ask_of_it(resource: dict[str, Any], expected: Fact) -> None:
    assert fact(resource) == expected


def test_every_chart_type_has_a_row_and_a_case() -> None:
    assert {*CHART_TYPES, "RiskAssessment"} == set(ROWS)  # the morning schedule reads risks beside the panel's types
    assert set(ROWS) <= {resource["resourceType"] for resource, _ in CASES}


@given(st.sampled_from([case[0] for case in CASES]), st.data())
def test_any_element_may_hold_anything(resource: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(resource)))
    assert isinstance(fact(resource | {name: data.draw(JSON)}), Fact)


@pytest.mark.parametrize(
    ("stated", "setting"),
    [
        ({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "inpatient"}, "AMB"),
        ({"system": "urn:oid:1.2.3", "code": "4", "display": "Inpatient"}, "IMP"),
        ({"system": "urn:oid:1.2.3", "code": "5", "display": "EMERGENCY"}, "EMER"),
        ({"system": "urn:oid:1.2.3", "code": "9", "display": "Outpatient"}, "AMB"),
        ({"system": "urn:oid:1.2.3", "code": "13", "display": "Support encounter"}, "13"),
        ({}, ""),
    ],
)
def test_a_vendors_own_class_of_encounter_is_read_where_its_words_are_plain(stated: Any, setting: str) -> None:
    assert fact({"resourceType": "Encounter", "id": "e", "class": stated}).setting == setting
