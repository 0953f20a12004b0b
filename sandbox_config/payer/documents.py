"""The answer to `$care-gaps`: Parameters with a Bundle for the patient, a document or a collection (DEQM gic-1, gic-2).

What DEQM leaves open is chosen by the payer's style and the story's `layout`: document or collection, one bundle or one
a measure, with or without DetectedIssue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox_config.payer.care_gaps import GapReport
from sandbox_config.payer.style import Style
from sandbox_config.scenarios.terms import LOINC, coded

Resource = dict[str, Any]
Row = Mapping[str, Any]


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
    document = style.deqm.only_documents or layout.get("document", style.document)
    with_issues = layout.get("detected_issue", True)
    timestamp = max(report.report["date"] for report in reports)
    entries: list[Resource] = [_composition(reports, patient, style, timestamp)] if document else []
    entries += [report.report for report in reports]
    if with_issues:
        entries += [resource for report in reports for resource in (*report.issues, *report.guidance)]
    if style.evidence_inside:
        entries += [r for report in reports for evidence in report.evidence for r in evidence.resources]
    entries += [patient, organization]
    key = uuid5(NAMESPACE_URL, " ".join(report.report["id"] for report in reports))
    return {
        "resourceType": "Bundle",
        "id": str(key),
        "meta": {"profile": [style.deqm.profile("gaps-bundle-deqm", "deqm-gapsincarebundle")]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{key}"},
        "type": "document" if document else "collection",
        "timestamp": timestamp,
        "entry": [{"fullUrl": style.url(resource), "resource": resource} for resource in entries],
    }


def _composition(reports: Iterable[GapReport], patient: Resource, style: Style, timestamp: str) -> Resource:
    return {
        "resourceType": "Composition",
        "id": f"{patient['id']}-gaps",
        "meta": {"profile": [style.deqm.profile("gaps-composition-deqm", "deqm-gapsincarecomposition")]},
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
                "entry": [{"reference": f"DetectedIssue/{issue['id']}"} for issue in report.issues],
            }
            for report in reports
        ],
    }
