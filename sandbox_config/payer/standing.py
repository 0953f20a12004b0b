"""One report as it stands: read with its version, its earlier versions, or gone (FHIR R4 http.html, vread, history)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Response

from sandbox_config.payer.door import about, asked, hit_by
from sandbox_config.payer.faults import Question
from sandbox_config.payer.fhir import records
from sandbox_config.payer.members import Member
from sandbox_config.payer.site import site
from sandbox_config.payer.wire import Refusal, fhir_json

blueprint = Blueprint("standing", __name__, url_prefix="/fhir")

Resource = dict[str, Any]


@blueprint.get("/MeasureReport/<report_id>")
@asked(Question.READ, "MeasureReport.r")
def read(report_id: str) -> Response:
    return versioned(standing(report_id)[0])


@blueprint.get("/MeasureReport/<report_id>/_history")
@asked(Question.READ, "MeasureReport.r")
def history(report_id: str) -> Resource:
    """Every version, the newest first."""
    report, _ = standing(report_id)
    every = [report, *reversed(site().kept.earlier(report_id))]
    entry = [{"fullUrl": site().style.url(each), "resource": each} for each in every]
    return {"resourceType": "Bundle", "type": "history", "total": len(every), "entry": entry}


@blueprint.get("/MeasureReport/<report_id>/_history/<version>")
@asked(Question.READ, "MeasureReport.r")
def vread(report_id: str, version: str) -> Response:
    report, _ = standing(report_id)
    for each in (*site().kept.earlier(report_id), report):
        if each["meta"].get("versionId") == version:
            return versioned(each)
    raise Refusal(404, "not-found", "no such version")


def standing(report_id: str) -> tuple[Resource, Member]:
    """A report as it stands now. Raises Refusal: not known, or gone."""
    found = records().report(report_id)
    if found is None:
        raise Refusal(404, "not-found", "no MeasureReport has this id")
    report, member = found
    about(member)
    if hit_by("report-gone", Question.WRITE):
        raise Refusal(410, "deleted", "this report was withdrawn")
    if hit_by("group-gone", Question.WRITE):
        report = {**report, "group": report["group"][1:]}
    return report, member


def versioned(report: Resource) -> Response:
    """A report with the headers that name its version."""
    response = fhir_json(report)
    if version := report["meta"].get("versionId"):
        response.headers["ETag"] = f'W/"{version}"'
        changed = report["meta"].get("lastUpdated")
        if changed:
            response.headers["Last-Modified"] = format_datetime(datetime.fromisoformat(changed))
    return response
