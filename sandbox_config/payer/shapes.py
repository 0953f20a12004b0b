"""How the servers that people really run deviate from the guides, as edits of a `$care-gaps` answer that follows them.

2026-11, as read in the sources of fqm-execution, deqm-test-server and clinical-reasoning (HAPI). The names are faults:
a story or a script switches them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox_config.payer.dialects import US
from sandbox_config.payer.wire import Refusal
from sandbox_config.scenarios.terms import coded

Resource = dict[str, Any]

GROUP_ID = f"{US}/StructureDefinition/gaps-detectedissue-mr-group-id-deqm"
_STATUS = f"{US}/StructureDefinition/extension-gapStatus"
_CRITERIA = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"


def check_statuses(statuses: frozenset[str]) -> None:
    """2026-11, deqm-test-server: anything but one `open-gap` is not implemented. Raises Refusal."""
    if statuses != {"open-gap"}:
        raise Refusal(501, "not-supported", "only requests with the single status open-gap are supported")


def fqm(answer: Resource) -> Resource:
    """A document a measure: no identifier, timestamp, fullUrl or gap status; only open gaps have a DetectedIssue, which
    points at contained GuidanceResponses, never at the report.
    """
    made = [_fqm_bundle(bundle, report) for bundle in _bundles(answer) for report in _of(bundle, "MeasureReport")]
    return _parameters(made)


def hapi(answer: Resource) -> Resource:
    """What HAPI answers to a client that wants no document: the type is `document` all the same, each DetectedIssue
    contains its MeasureReport, and nothing else is there, not even the Patient.
    """
    return _parameters([_hapi_bundle(bundle) for bundle in _bundles(answer)])


SHAPES: Mapping[str, Callable[[Resource], Resource]] = {"fqm-execution": fqm, "deqm-test-server": fqm, "hapi": hapi}


def _fqm_bundle(bundle: Resource, report: Resource) -> Resource:
    named = f"MeasureReport/{report['id']}"
    about = [issue for issue in _of(bundle, "DetectedIssue") if any(r.endswith(named) for r in _evidence(issue))]
    guidance = {each["id"]: each for each in _of(bundle, "GuidanceResponse")}
    issues = [_fqm_issue(issue, report, guidance) for issue in about if _status(issue) == "open-gap"]
    composition = {
        "resourceType": "Composition",
        "type": coded(f"{US}/CodeSystem/gaps-doc-type", "gaps-doc", "Gaps in Care Report"),
        "author": [report["subject"]],
        "subject": report["subject"],
        "date": report["date"],
        "title": "Gaps in Care Report",
        "status": "preliminary",
        "section": [
            {
                "title": report["measure"],
                "focus": {"reference": named},
                "entry": [{"reference": f"DetectedIssue/{issue['id']}"} for issue in issues],
            }
        ],
    }
    resources = [composition, report, *_of(bundle, "Patient"), *issues]
    return {"resourceType": "Bundle", "type": "document", "entry": [{"resource": each} for each in resources]}


def _fqm_issue(issue: Resource, report: Resource, guidance: Mapping[str, Resource]) -> Resource:
    ids = [reference.rpartition("/")[2] for reference in _evidence(issue)]
    contained = [{**guidance[key], "status": "data-required"} for key in ids if key in guidance]
    contained = contained or [
        {
            "resourceType": "GuidanceResponse",
            "id": f"{issue['id']}-why",
            "status": "data-required",
            "moduleUri": report["measure"].partition("|")[0],
            "reasonCode": [coded(f"{US}/CodeSystem/care-gap-reason", "NotFound", "Data Element Not Found")],
        }
    ]
    return {
        "resourceType": "DetectedIssue",
        "id": issue["id"],
        "status": "final",
        "code": coded(f"{US}/CodeSystem/detectedissue-category", "care-gap", "Care Gap"),
        "contained": contained,
        "evidence": [{"detail": [{"reference": f"#{each['id']}"}]} for each in contained],
    }


def _hapi_bundle(bundle: Resource) -> Resource:
    reports = {report["id"]: report for report in _of(bundle, "MeasureReport")}
    issues = []
    for issue in _of(bundle, "DetectedIssue"):
        report = next(reports[key] for r in _evidence(issue) if (key := r.rpartition("/")[2]) in reports)
        groups = [e for e in issue.get("extension", ()) if e["url"] == _CRITERIA]
        kept = {key: value for key, value in issue.items() if key not in ("extension", "identifiedDateTime")}
        issues.append(
            {
                **kept,
                **({"extension": [{**group, "url": GROUP_ID} for group in groups]} if groups else {}),
                "identifiedPeriod": report["period"],
                "contained": [report],
                "evidence": [{"detail": [{"reference": f"#{report['id']}"}]}],
            }
        )
    base = next(e["fullUrl"].rsplit("/", 2)[0] for e in bundle["entry"])
    entry = [{"fullUrl": f"{base}/DetectedIssue/{issue['id']}", "resource": issue} for issue in issues]
    return {**bundle, "type": "document", "entry": entry}


def _bundles(answer: Resource) -> Iterator[Resource]:
    yield from (parameter["resource"] for parameter in answer.get("parameter", ()))


def _parameters(bundles: list[Resource]) -> Resource:
    told = [{"name": "return", "resource": bundle} for bundle in bundles if bundle["entry"]]
    return {"resourceType": "Parameters", **({"parameter": told} if told else {})}


def _of(bundle: Resource, resource_type: str) -> list[Resource]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == resource_type]


def _evidence(issue: Resource) -> list[str]:
    return [detail["reference"] for each in issue["evidence"] for detail in each["detail"]]


def _status(issue: Resource) -> str:
    found = next(e for e in issue["modifierExtension"] if e["url"] == _STATUS)
    return str(found["valueCodeableConcept"]["coding"][0]["code"])
