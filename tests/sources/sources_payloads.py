"""What an invented payer sends: DEQM gap documents and RA reports, every part overridable."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.core.report import Member, Period
from app.sources.payer import PayerEntry

Json = dict[str, Any]

US = "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition"
UV = "http://hl7.org/fhir/uv/deqm/StructureDefinition"
RA = "http://hl7.org/fhir/us/davinci-ra/StructureDefinition"
CORE = "http://hl7.org/fhir/StructureDefinition"
BASE = "https://payer.example/fhir"
CRITERIA = f"{CORE}/cqf-criteriaReference"

ENTRY = PayerEntry(
    id="northwind", name="Northwind Health Plan", base=BASE, client_id="chartside", token_url=f"{BASE}/token"
)
ASKED = Period(date(2026, 1, 1), date(2026, 12, 31))
MEMBER = Member("northwind", "m1", "W1", "identifier")


def coded(code: str, display: str = "") -> Json:
    return {"coding": [{"code": code, **({"display": display} if display else {})}]}


def extension(url: str, **value: Any) -> Json:
    return {"url": url, **value}


def patient(name: str = "m1", **more: Any) -> Json:
    return {
        "resourceType": "Patient", "id": name, "birthDate": "1957-02-03",
        "name": [{"family": "Moss", "given": ["Ida"]}],
        "identifier": [{"type": coded("MB"), "system": "https://northwind.example/member", "value": "W1"}],
    } | more  # fmt: skip


def populations(**counts: int) -> list[Json]:
    return [{"code": coded(name.replace("_", "-")), "count": count} for name, count in counts.items()]


OPEN = {"initial_population": 1, "denominator": 1, "denominator_exclusion": 0, "numerator": 0}


def group(name: str = "g1", counts: dict[str, int] | None = None, **more: Any) -> Json:
    return {"id": name, "population": populations(**(OPEN if counts is None else counts))} | more


def gap_report(name: str = "r1", *groups: Json, **more: Any) -> Json:
    return {
        "resourceType": "MeasureReport", "id": name, "status": "complete", "type": "individual",
        "measure": "https://northwind.example/Measure/hba1c|2026", "subject": {"reference": "Patient/m1"},
        "date": "2026-11-01T08:00:00Z", "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "group": list(groups) or [group()],
    } | more  # fmt: skip


def issue(name: str = "d1", status: str = "open-gap", *details: Json, about: str = "r1", **more: Any) -> Json:
    stated = {
        "resourceType": "DetectedIssue", "id": name, "status": "final", "patient": {"reference": "Patient/m1"},
        "evidence": [{"detail": [{"reference": f"MeasureReport/{about}"}, *details]}],
    }  # fmt: skip
    if status:
        stated["modifierExtension"] = [extension(f"{US}/extension-gapStatus", valueCodeableConcept=coded(status))]
    return stated | more


def composition(*sections: Json) -> Json:
    return {"resourceType": "Composition", "id": "c", "subject": {"reference": "Patient/m1"}, "section": list(sections)}


def section(title: str, report: str = "r1", *issues: str) -> Json:
    return {
        "title": title, "focus": {"reference": f"MeasureReport/{report}"},
        "entry": [{"reference": f"DetectedIssue/{name}"} for name in issues],
    }  # fmt: skip


def document(*resources: Json, urls: bool = True, kind: str = "document") -> Json:
    def entry(resource: Json) -> Json:
        address = f"{BASE}/{resource.get('resourceType')}/{resource.get('id')}"
        return {"resource": resource} | ({"fullUrl": address} if urls else {})

    return {"resourceType": "Bundle", "type": kind, "entry": [entry(r) for r in resources]}


def answer(*bundles: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": b} for b in bundles]}


def usual_answer() -> Json:
    """A complete document: Composition, report with evidence, issue with reasons, evaluated resources."""
    report = gap_report(
        evaluatedResource=[
            {"reference": "Observation/o1", "extension": [extension(CRITERIA, valueString="numerator")]},
            {"reference": "Patient/m1", "extension": [extension(CRITERIA, valueString="denominator")]},
        ]
    )
    observation = {
        "resourceType": "Observation", "id": "o1", "status": "final", "code": coded("4548-4", "Hemoglobin A1c"),
        "subject": {"reference": "Patient/m1"}, "effectiveDateTime": "2025-02-03",
        "encounter": {"reference": "Encounter/e1"},
        "performer": [{"display": "Harbor Lab"}],
    }  # fmt: skip
    visit = {"resourceType": "Encounter", "id": "e1", "class": {"code": "AMB"}, "subject": {"reference": "Patient/m1"}}
    guidance = {
        "resourceType": "GuidanceResponse", "id": "gr1", "reasonCode": [coded("Missing", "Missing Data Element")],
        "dataRequirement": [
            {"type": "Observation", "codeFilter": [{"code": [{"code": "4548-4", "display": "HbA1c"}]}]}
        ],
    }  # fmt: skip
    return answer(
        document(
            composition(section("Diabetes: HbA1c", "r1", "d1")),
            report,
            issue("d1", "open-gap", {"reference": "GuidanceResponse/gr1"}),
            observation, visit, guidance, patient(),
        )
    )  # fmt: skip


# --- RA ---------------------------------------------------------------------------------------------------------------


def category(name: str = "g1", code: str = "37", **more: Any) -> Json:
    stated = {
        "id": name,
        "code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/cmshcc", "version": "28", "code": code}]},
        "extension": [
            extension(f"{RA}/ra-ccType", valueCodeableConcept=coded("historic")),
            extension(f"{RA}/ra-evidenceStatus", valueCodeableConcept=coded("open-gap")),
        ],
    }
    return stated | more


def risk_report(name: str = "rr1", *groups: Json, marked: str = "ra", **more: Any) -> Json:
    mark = extension(f"{CORE}/measurereport-category", valueCodeableConcept=coded(marked))
    return {
        "resourceType": "MeasureReport", "id": name, "status": "complete", "type": "individual",
        "extension": [mark] if marked else [], "measure": "https://northwind.example/Measure/hcc-v28|1",
        "subject": {"reference": "Patient/m1"}, "date": "2026-10-01",
        "period": {"start": "2026-01-01", "end": "2026-12-31"}, "group": list(groups) or [category()],
    } | more  # fmt: skip


def usual_risk() -> Json:
    report = risk_report(
        "rr1",
        category(
            extension=[
                extension(f"{RA}/ra-ccType", valueCodeableConcept=coded("suspected")),
                extension(f"{RA}/ra-evidenceStatus", valueCodeableConcept=coded("open-gap")),
                extension(f"{RA}/ra-evidenceStatusDate", valueDate="2026-06-30"),
                extension(f"{RA}/ra-hierarchicalStatus", valueCodeableConcept=coded("not-applied")),
                extension(f"{RA}/ra-confidenceScale", valueCodeableConcept=coded("75540009", "High")),
                extension(f"{RA}/ra-dxCode", valueCodeableConcept=coded("E11.22")),
                extension(f"{RA}/ra-dxCode", valueCodeableConcept=coded("E11.9")),
                extension(f"{RA}/ra-qualifyingDxCode", extension=[
                    extension("codeOptions", valueCodeableConcept=coded("E11.21")),
                    extension("codeOptions", valueCodeableConcept=coded("E11.29")),
                ]),
                extension(f"{RA}/ra-ccRemark", extension=[extension("text", valueString="seen")]),
            ]
        ),
        category("g2", "226"),
        evaluatedResource=[
            {"reference": "Condition/k1", "extension": [extension(f"{RA}/ra-groupReference", valueString="g1")]},
            {"reference": "Encounter/e1", "extension": [
                extension(f"{RA}/ra-groupReference", valueString="g1"),
                extension(f"{RA}/ra-groupReference", valueString="g2"),
            ]},
            {"reference": "Observation/elsewhere", "display": "A lab result",
             "extension": [extension(f"{RA}/ra-groupReference", valueString="g2")]},
        ],
    )  # fmt: skip
    report["extension"].append(extension(f"{RA}/ra-clinicalDataCollectionDeadline", valueDate="2027-01-31"))
    condition = {
        "resourceType": "Condition", "id": "k1", "code": coded("E11.22", "Diabetes with kidney disease"),
        "subject": {"reference": "Patient/m1"}, "recordedDate": "2025-03-04",
        "encounter": {"reference": "Encounter/e1"},
    }  # fmt: skip
    visit = {
        "resourceType": "Encounter", "id": "e1", "class": {"code": "AMB"}, "type": [{"text": "Office visit"}],
        "subject": {"reference": "Patient/m1"}, "period": {"start": "2025-03-04"},
        "serviceProvider": {"display": "Elm Clinic"},
    }  # fmt: skip
    found = [{"resource": report, "search": {"mode": "match"}}]
    found += [{"resource": r, "search": {"mode": "include"}} for r in (condition, visit, patient())]
    return {"resourceType": "Bundle", "type": "searchset", "entry": found}
