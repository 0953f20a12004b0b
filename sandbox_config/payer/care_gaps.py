"""Care gaps as DEQM has them: individual MeasureReports, DetectedIssues and GuidanceResponses.

Everything is composed from the compact `gaps` rows of a story, in the release that the payer speaks. `rates` make a
measure of several rates (a group and a DetectedIssue each), `remarks` are feedback that the payer echoes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox_config.payer.catalogue import HL7, Measure
from sandbox_config.payer.evidence import Evidence, composed
from sandbox_config.payer.style import Style
from sandbox_config.scenarios.terms import coded

Resource = dict[str, Any]
Row = Mapping[str, Any]

CATEGORY = "http://hl7.org/fhir/StructureDefinition/measurereport-category"
CATEGORY_CODES = "http://hl7.org/fhir/CodeSystem/measurereport-category"
CRITERIA = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition"
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
    statuses: tuple[str, ...]  # one a rate
    words: str
    report: Resource
    guidance: tuple[Resource, ...]
    issues: tuple[Resource, ...]
    evidence: tuple[Evidence, ...]

    @property
    def resources(self) -> Iterator[Resource]:
        """Everything of it that can be read on its own."""
        yield self.report
        yield from self.issues
        yield from self.guidance
        for evidence in self.evidence:
            yield from evidence.resources


def report_id(patient_id: str, row: Row, key: str, year: tuple[str, str]) -> str:
    """The id of the report of one row: the same for ever."""
    return f"{patient_id}-{key}-{row.get('period', {'start': year[0]})['start'][:4]}"


def moment(row: Row) -> str:
    """When a report was calculated: the night of its day, or the instant of a run since."""
    return str(row.get("run", f"{row['calculated']}T06:00:00Z"))


def gap_report(patient_id: str, row: Row, measure: Measure, style: Style, year: tuple[str, str]) -> GapReport:
    """The report, DetectedIssue, reasons and evidence of one `gaps` row. `year`: the period, unless the row has one."""
    period = row.get("period", {"start": year[0], "end": year[1]})
    of_report = report_id(patient_id, row, measure.key, year)
    subject = {"reference": style.ref(f"Patient/{patient_id}")}
    found = tuple(composed(of_report, n, item, subject) for n, item in enumerate(row.get("evidence", ()), 1))
    found += tuple(Evidence((f"{each['resourceType']}/{each['id']}",), {}, (each,)) for each in row.get("sent", ()))
    guidance = tuple(
        _guidance(f"{of_report}-why-{n}", reason, measure, style, subject, found)
        for n, reason in enumerate(row.get("reasons", ()), 1)
    )
    numbered = enumerate(row.get("rates", ()), 1)
    rates: list[Row] = [{**row, **rate, "group": f"{measure.key}-{n}"} for n, rate in numbered]
    rates = rates or [row]
    details = [f"MeasureReport/{of_report}", *(f"GuidanceResponse/{each['id']}" for each in guidance)]
    issue_ids = [f"{of_report}-issue", *(f"{of_report}-issue-{n}" for n in range(2, len(rates) + 1))]
    return GapReport(
        measure=measure,
        statuses=tuple(rate["status"] for rate in rates),
        words=row.get("words", measure.title),
        report=_measure_report(of_report, row, rates, measure, style, period, subject, found),
        guidance=guidance,
        issues=tuple(
            _issue(issue_id, rate, style, details, subject) for issue_id, rate in zip(issue_ids, rates, strict=True)
        ),
        evidence=found,
    )


def _measure_report(
    of_report: str,
    row: Row,
    rates: Sequence[Row],
    measure: Measure,
    style: Style,
    period: Row,
    subject: Row,
    evidence: Sequence[Evidence],
) -> Resource:
    deqm = style.deqm
    notation = coded(f"{HL7}/measure-improvement-notation", measure.improvement)
    report: Resource = {
        "resourceType": "MeasureReport",
        "id": of_report,
        "meta": {
            "versionId": "1",
            "profile": [deqm.profile("indv-measurereport-deqm", "deqm-individualmeasurereport")],
        },
        "extension": list(_extensions(row, style)),
        "status": "complete",
        "type": "individual",
        "measure": measure.canonical,
        "subject": dict(subject),
        "date": moment(row),
        **style.beside_date,
        "reporter": style.reporter,
        "period": dict(period),
        "improvementNotation": notation,
        "group": [_group(f"{measure.key}-{n}", rate, measure, style) for n, rate in enumerate(rates, 1)],
    }
    if deqm.link_ids:
        del report["improvementNotation"]
        for group in report["group"]:
            group["extension"].append(
                {"url": deqm.extension("groupImprovementNotation"), "valueCodeableConcept": notation}
            )
    if evidence:
        report["evaluatedResource"] = [_evaluated(ref, item, style) for item in evidence for ref in item.references]
    return report


def _extensions(row: Row, style: Style) -> Iterator[Resource]:
    yield {
        "url": style.deqm.extension("measureScoring"),
        "valueCodeableConcept": coded(f"{HL7}/measure-scoring", "proportion"),
    }
    if style.says_category:
        yield {"url": CATEGORY, "valueCodeableConcept": coded(CATEGORY_CODES, "deqm")}
    if style.deqm.programs and (contract := row.get("contract", style.contract)):
        system = f"https://{style.payer}.example/contract"
        yield {
            "url": style.deqm.extension("reportingProgram"),
            "valueIdentifier": {"system": system, "value": contract},
        }
    yield from style.through(row)


def _group(group_id: str, rate: Row, measure: Measure, style: Style) -> Resource:
    """One rate: its populations, its score, and the remarks on it."""
    counts, deqm = _populations(rate, measure.improvement), style.deqm
    extension: list[Resource] = [_remark(told, style) for told in rate.get("remarks", ())]
    populations: list[Resource] = []
    for code, count in counts.items():
        link = {"extension": [_link("group.population", f"{group_id}-{code}")]} if deqm.link_ids else {}
        populations.append({**link, "code": coded(f"{HL7}/measure-population", code), "count": count})
    if deqm.link_ids:
        extension.append(_link("group", group_id))
        extension.append({"url": deqm.extension("calculatedDate"), "valueDateTime": moment(rate)})
    group: Resource = {"id": group_id, "population": populations}
    if extension:
        group["extension"] = extension
    if "rate" in rate:
        group["code"] = {"text": rate["rate"]}
    if counts["initial-population"]:
        group["measureScore"] = {"value": counts["numerator"]}
    return group


def _link(what: str, value: str) -> Resource:
    return {"url": f"{R5}/extension-MeasureReport.{what}.linkId", "valueString": value}


def _remark(told: Row, style: Style) -> Resource:
    """careGapRemark (DEQM 5.0.0 and universal): feedback that somebody gave and that the payer echoes."""
    code = coded(style.deqm.codes("care-gap-remark"), told["code"])
    return {
        "url": style.deqm.extension("careGapRemark"),
        "extension": [
            {"url": "author", "valueString": told["by"]},
            {"url": "authorDatetime", "valueDateTime": told["on"]},
            {"url": "code", "valueCodeableConcept": code},
        ],
    }


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


def _issue(issue_id: str, rate: Row, style: Style, details: Sequence[str], subject: Row) -> Resource:
    deqm = style.deqm
    status = {
        "system": deqm.codes("gaps-status"),
        "code": rate["status"],
        "display": rate.get("display", STATUSES.get(rate["status"], "")),
    }
    criteria = [{"url": CRITERIA, "valueString": rate["group"]}] if "group" in rate else []
    return {
        "resourceType": "DetectedIssue",
        "id": issue_id,
        "meta": {"profile": [deqm.profile("gaps-detectedissue-deqm", "deqm-gapsincaredetectedissue")]},
        **({"extension": criteria} if criteria else {}),
        "modifierExtension": [
            {
                "url": deqm.extension("gapStatus"),
                "valueCodeableConcept": {"coding": [{key: text for key, text in status.items() if text}]},
            }
        ],
        "status": "final",
        "code": coded(f"{HL7}/v3-ActCode", "CAREGAP", "Caregap"),
        "patient": dict(subject),
        "identifiedDateTime": rate["calculated"],
        "evidence": [{"detail": [{"reference": style.ref(reference)}]} for reference in details],
    }


def _guidance(
    guidance_id: str, reason: Row, measure: Measure, style: Style, subject: Row, evidence: Sequence[Evidence]
) -> Resource:
    deqm = style.deqm
    why = coded(deqm.codes("care-gap-reason"), reason["code"], reason.get("display", REASONS.get(reason["code"], "")))
    if "points_at" in reason:
        at = evidence[reason["points_at"] - 1]
        why["extension"] = [
            {
                "url": deqm.extension("reasonDetail"),
                "extension": [
                    {"url": "reference", "valueReference": {"reference": at.references[0]}},
                    {"url": "path", "valueString": reason.get("path", "value")},
                ],
            }
        ]
    profile = deqm.profile("gaps-guidanceresponse-detailedcaregap", "deqm-detailedcaregapguidanceresponse")
    return {
        "resourceType": "GuidanceResponse",
        "id": guidance_id,
        "meta": {"profile": [profile]},
        "moduleUri": measure.url,
        "status": "success",
        "subject": dict(subject),
        "reasonCode": [why],
        **({"note": [{"text": reason["detail"]}]} if "detail" in reason else {}),
    }
