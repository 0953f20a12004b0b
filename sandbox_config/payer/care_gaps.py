"""Care gaps as DEQM US 5.0.0 has them: individual MeasureReports, DetectedIssues, GuidanceResponses, and their bundles.

Everything is composed from the compact `gaps` rows of a story. What DEQM leaves open is chosen by the payer's style and
the story's `layout`: document or collection, one bundle or one a measure, with or without DetectedIssue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox_config.payer.catalogue import DEQM, HL7, Measure
from sandbox_config.payer.evidence import Evidence, composed
from sandbox_config.payer.style import Style
from sandbox_config.scenarios.terms import LOINC, coded

Resource = dict[str, Any]
Row = Mapping[str, Any]

CATEGORY = "http://hl7.org/fhir/StructureDefinition/measurereport-category"
CATEGORY_CODES = "http://hl7.org/fhir/CodeSystem/measurereport-category"
CRITERIA = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
GAP_STATUS = f"{DEQM}/CodeSystem/gaps-status"
GAP_REASON = f"{DEQM}/CodeSystem/care-gap-reason"
REASONS = {
    "NotFound": "Data Element Not Found",
    "Missing": "Missing Data Element",
    "Present": "Data Element is Present",
    "InvalidAttribute": "Attribute is Invalid",
    "DateOutOfRange": "Date is Out of Range",
    "ValueOutOfRange": "Value is Out of Range",
    "CountOutOfRange": "Count is Out of Range",
}
STATUSES = {
    "open-gap": "Open Gap",
    "closed-gap": "Closed Gap",
    "prospective-gap": "Prospective Gap",
    "not-applicable": "Not Applicable",
}


@dataclass(frozen=True)
class GapReport:
    """One measure's answer about one member: the report and what goes with it into a bundle."""

    measure: Measure
    status: str
    words: str
    report: Resource
    guidance: tuple[Resource, ...]
    issue: Resource
    evidence: tuple[Evidence, ...]

    @property
    def resources(self) -> Iterator[Resource]:
        """Everything of it that can be read on its own."""
        yield self.report
        yield self.issue
        yield from self.guidance
        for evidence in self.evidence:
            yield from evidence.resources


def gap_report(patient_id: str, row: Row, measure: Measure, style: Style, year: tuple[str, str]) -> GapReport:
    """The report, DetectedIssue, reasons and evidence of one `gaps` row. `year`: the period, unless the row has one."""
    period = row.get("period", {"start": year[0], "end": year[1]})
    report_id = f"{patient_id}-{measure.key}-{period['start'][:4]}"
    subject = {"reference": style.ref(f"Patient/{patient_id}")}
    found = tuple(composed(report_id, n, item, subject) for n, item in enumerate(row.get("evidence", ()), 1))
    guidance = tuple(
        _guidance(f"{report_id}-why-{n}", reason, measure, subject, found)
        for n, reason in enumerate(row.get("reasons", ()), 1)
    )
    return GapReport(
        measure=measure,
        status=row["status"],
        words=row.get("words", measure.title),
        report=_measure_report(report_id, row, measure, style, period, subject, found),
        guidance=guidance,
        issue=_issue(f"{report_id}-issue", row, style, [report_id, *(g["id"] for g in guidance)], subject),
        evidence=found,
    )


def bundles(
    reports: Sequence[GapReport], patient: Resource, organization: Resource, style: Style, layout: Row
) -> Resource:
    """The Parameters that `$care-gaps` answers: one Bundle for the patient, or one a measure."""
    shares = [[report] for report in reports] if layout.get("bundles") == "per-measure" else [list(reports)]
    made = [_bundle(share, patient, organization, style, layout) for share in shares if share]
    # 2026-11, deqm-test-server: nothing to report is Parameters without a Bundle, not an empty Bundle.
    return {
        "resourceType": "Parameters",
        **({"parameter": [{"name": "return", "resource": b} for b in made]} if made else {}),
    }


def _bundle(
    reports: Sequence[GapReport], patient: Resource, organization: Resource, style: Style, layout: Row
) -> Resource:
    document = layout.get("document", style.document)
    with_issues = layout.get("detected_issue", True)
    timestamp = max(report.report["date"] for report in reports)
    entries: list[Resource] = [_composition(reports, patient, style, timestamp)] if document else []
    entries += [report.report for report in reports]
    if with_issues:
        entries += [resource for report in reports for resource in (report.issue, *report.guidance)]
    if style.evidence_inside:
        entries += [r for report in reports for evidence in report.evidence for r in evidence.resources]
    entries += [patient, organization]
    key = uuid5(NAMESPACE_URL, " ".join(report.report["id"] for report in reports))
    return {
        "resourceType": "Bundle",
        "id": str(key),
        "meta": {"profile": [f"{DEQM}/StructureDefinition/gaps-bundle-deqm"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{key}"},
        "type": "document" if document else "collection",
        "timestamp": timestamp,
        "entry": [{"fullUrl": style.url(resource), "resource": resource} for resource in entries],
    }


def _composition(reports: Iterable[GapReport], patient: Resource, style: Style, timestamp: str) -> Resource:
    return {
        "resourceType": "Composition",
        "id": f"{patient['id']}-gaps",
        "meta": {"profile": [f"{DEQM}/StructureDefinition/gaps-composition-deqm"]},
        "status": "final",
        "type": coded(LOINC, "96315-7", "Gaps in care report"),
        "subject": {"reference": f"Patient/{patient['id']}"},
        "date": timestamp,
        "author": [style.reporter],
        "title": f"Gaps in care, {style.name}",
        "section": [
            {
                "title": report.words,
                "focus": {"reference": f"MeasureReport/{report.report['id']}"},
                "entry": [{"reference": f"DetectedIssue/{report.issue['id']}"}],
            }
            for report in reports
        ],
    }


def _measure_report(
    report_id: str, row: Row, measure: Measure, style: Style, period: Row, subject: Row, evidence: Sequence[Evidence]
) -> Resource:
    extension: list[Resource] = [
        {
            "url": f"{DEQM}/StructureDefinition/extension-measureScoring",
            "valueCodeableConcept": coded(f"{HL7}/measure-scoring", "proportion"),
        }
    ]
    if style.says_category:
        extension.append({"url": CATEGORY, "valueCodeableConcept": coded(CATEGORY_CODES, "deqm")})
    extension += style.through(row)
    counts = _populations(row, measure.improvement)
    report: Resource = {
        "resourceType": "MeasureReport",
        "id": report_id,
        "meta": {"versionId": "1", "profile": [f"{DEQM}/StructureDefinition/indv-measurereport-deqm"]},
        "extension": extension,
        "status": "complete",
        "type": "individual",
        "measure": measure.canonical,
        "subject": dict(subject),
        "date": f"{row['calculated']}T06:00:00Z",
        "reporter": style.reporter,
        "period": dict(period),
        "improvementNotation": coded(f"{HL7}/measure-improvement-notation", measure.improvement),
        "group": [
            {
                "id": f"{measure.key}-1",
                "population": [
                    {"code": coded(f"{HL7}/measure-population", code), "count": count} for code, count in counts.items()
                ],
            }
        ],
    }
    if counts["initial-population"]:
        report["group"][0]["measureScore"] = {"value": counts["numerator"]}
    if evidence:
        report["evaluatedResource"] = [_evaluated(ref, item, style) for item in evidence for ref in item.references]
    return report


def _populations(row: Row, improvement: str) -> dict[str, int]:
    """Populations that agree with the status: in an inverse measure the numerator is the bad outcome."""
    inside = row["status"] != "not-applicable"
    excluded = bool(row.get("excluded"))
    met = row["status"] == "closed-gap" and not excluded
    numerator = inside and not excluded and met == (improvement == "increase")
    return {
        "initial-population": int(inside),
        "denominator": int(inside),
        "denominator-exclusion": int(excluded),
        "numerator": int(numerator),
    }


def _evaluated(reference: str, evidence: Evidence, style: Style) -> Resource:
    population = evidence.row.get("population")
    extension = {"extension": [{"url": CRITERIA, "valueString": population}]} if population else {}
    return {**extension, "reference": style.ref(reference)}


def _issue(issue_id: str, row: Row, style: Style, details: Sequence[str], subject: Row) -> Resource:
    status = {
        "system": GAP_STATUS,
        "code": row["status"],
        "display": row.get("display", STATUSES.get(row["status"], "")),
    }
    report_id, *reasons = details
    references = [f"MeasureReport/{report_id}", *(f"GuidanceResponse/{reason}" for reason in reasons)]
    return {
        "resourceType": "DetectedIssue",
        "id": issue_id,
        "meta": {"profile": [f"{DEQM}/StructureDefinition/gaps-detectedissue-deqm"]},
        "modifierExtension": [
            {
                "url": f"{DEQM}/StructureDefinition/extension-gapStatus",
                "valueCodeableConcept": {"coding": [{key: text for key, text in status.items() if text}]},
            }
        ],
        "status": "final",
        "code": coded(f"{HL7}/v3-ActCode", "CAREGAP", "Caregap"),
        "patient": dict(subject),
        "identifiedDateTime": row["calculated"],
        "evidence": [{"detail": [{"reference": style.ref(reference)}]} for reference in references],
    }


def _guidance(guidance_id: str, reason: Row, measure: Measure, subject: Row, evidence: Sequence[Evidence]) -> Resource:
    why = coded(GAP_REASON, reason["code"], reason.get("display", REASONS.get(reason["code"], "")))
    if "points_at" in reason:
        at = evidence[reason["points_at"] - 1]
        why["extension"] = [
            {
                "url": f"{DEQM}/StructureDefinition/reasonDetail",
                "extension": [
                    {"url": "reference", "valueReference": {"reference": at.references[0]}},
                    {"url": "path", "valueString": reason.get("path", "value")},
                ],
            }
        ]
    return {
        "resourceType": "GuidanceResponse",
        "id": guidance_id,
        "meta": {"profile": [f"{DEQM}/StructureDefinition/gaps-guidanceresponse-detailedcaregap"]},
        "moduleUri": measure.url,
        "status": "success",
        "subject": dict(subject),
        "reasonCode": [why],
        **({"note": [{"text": reason["detail"]}]} if "detail" in reason else {}),
    }
