"""What some payers do at request: RA 1.0 `$report`, RA 3.0-ballot `$risk-gap`, and answers fetched later (202).

https://hl7.org/fhir/us/davinci-ra/STU1/ and https://build.fhir.org/ig/HL7/davinci-ra/ (2026-11); the asynchronous
pattern is that of FHIR R4 (async): 202, Content-Location, Retry-After.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, request

from sandbox_config.payer import mischief
from sandbox_config.payer.catalogue import RA
from sandbox_config.payer.door import about, asked, hit_by, later_address
from sandbox_config.payer.faults import Question
from sandbox_config.payer.fhir import all_evaluated, member_of, parameters, records, reports_of
from sandbox_config.payer.members import Member
from sandbox_config.payer.searching import BadSearch, overlaps
from sandbox_config.payer.site import site
from sandbox_config.payer.wire import Refusal

blueprint = Blueprint("on_demand", __name__, url_prefix="/fhir")

Resource = dict[str, Any]


@blueprint.route("/MeasureReport/$report", methods=["GET", "POST"])
@asked(Question.RISK, "MeasureReport.r")
def report() -> Resource:
    """RA 1.0.0: every report of the patient in the period, in a Bundle; troubles ride in `outcome` beside it."""
    _must_offer("report")
    told = request.args.to_dict() if request.method == "GET" else parameters()
    start, end = (_one(told, name) for name in ("periodStart", "periodEnd"))
    member = member_of(_one(told, "subject"))
    found = [r for r in reports_of(member) if _in(r, start, end)]
    parts: list[Resource] = [{"name": "return", "resource": _bundle(member, found)}] if found else []
    if hit_by("outcome-entry", Question.RISK):
        parts.append({"name": "outcome", "resource": mischief.warning()})
    return {"resourceType": "Parameters", **({"parameter": parts} if parts else {})}


@blueprint.post("/MeasureReport/$risk-gap")
@asked(Question.RISK, "MeasureReport.r")
def risk_gap() -> Resource:
    """RA 3.0.0-ballot: reports made for the patient and coverage that stand in `data`; `contextId` comes back.

    The coverage must be one of ours: the member number says so.
    """
    _must_offer("risk-gap")
    told = parameters()
    start, end = (_one(told, name) for name in ("periodStart", "periodEnd"))
    data = told.get("data")
    if not isinstance(data, Mapping) or data.get("type") != "collection":
        raise Refusal(400, "required", "data must be a collection Bundle with the resources that are referred to")
    member = member_of(_one(told, "subject"))
    _check_coverage(member, _one(told, "coverage"), data)
    found = [r for r in reports_of(member) if _in(r, start, end)]
    context = request.headers.get("contextId", "")
    if hit_by("other-context", Question.RISK):
        context = "somebody-elses-context"
    if context:
        mark = {"url": f"{RA}/StructureDefinition/ra-contextId", "valueId": context}
        found = [{**r, "extension": [*r["extension"], mark]} for r in found]
    return _bundle(member, found)


@blueprint.get("/_later/<key>")
@asked(Question.CARE_GAPS, "MeasureReport.r", prepared=True)
def later(key: str) -> Resource | Response:
    """Where a 202 sends the client: again 202 until a second has passed, then the answer."""
    job = site().waiting.get(key)
    if job is None:
        raise Refusal(404, "not-found", "nothing is being prepared here")
    about(member if (member := site().members.by_number(job.member or "")) else None)
    if hit_by("forever-202", Question.CARE_GAPS) or (site().clock() - job.asked).total_seconds() < 1:
        return later_address(key)
    if hit_by("bulk-output", Question.CARE_GAPS):
        output = [{"type": "Parameters", "url": f"{site().style.base}/_output/{key}"}]
        manifest = {"transactionTime": job.asked.isoformat(), "request": request.url, "output": output, "error": []}
        return Response(json.dumps(manifest), mimetype="application/json")
    return job.body


@blueprint.get("/_output/<key>")
@asked(Question.CARE_GAPS, "MeasureReport.r", prepared=True)
def output(key: str) -> Response:
    """The answer as a bulk file: one resource a line."""
    job = site().waiting.get(key)
    if job is None:
        raise Refusal(404, "not-found", "nothing was prepared here")
    return Response(json.dumps(job.body, ensure_ascii=False) + "\n", content_type="application/fhir+ndjson")


def _must_offer(operation: str) -> None:
    if site().style.ra.operation != operation:
        raise Refusal(404, "not-supported", f"MeasureReport/${operation} is not offered here")


def _one(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    value = value.get("reference") if isinstance(value, Mapping) else value
    if not isinstance(value, str) or not value:
        raise Refusal(400, "required", f"{name} is required, once")
    return value


def _in(report: Resource, start: str, end: str) -> bool:
    try:
        return overlaps(report["period"]["start"], report["period"]["end"], (f"ge{start}", f"le{end}"))
    except BadSearch as e:
        raise Refusal(400, "invalid", str(e)) from e


def _check_coverage(member: Member, reference: str, data: Mapping[str, Any]) -> None:
    resources = [entry.get("resource", {}) for entry in data.get("entry", ())]
    coverages = [r for r in resources if r.get("resourceType") == "Coverage"]
    named = [r for r in coverages if reference.endswith(f"Coverage/{r.get('id')}")]
    if not named:
        raise Refusal(400, "required", "the coverage must stand in data")
    numbers = {str(named[0].get("subscriberId"))} | {str(i.get("value")) for i in named[0].get("identifier", ())}
    if member.number not in numbers and not any(member.number.startswith(number) for number in numbers):
        raise Refusal(422, "business-rule", "this coverage is not the member's")


def _bundle(member: Member, reports: list[Resource]) -> Resource:
    """ra-measurereport-bundle: the reports, the one Patient, and what was evaluated."""
    style = site().style
    resources = [*reports, dict(member.patient), records().organization]
    resources += [each for report in reports for each in all_evaluated(report)]
    key = uuid5(NAMESPACE_URL, f"{member.id} {len(reports)}")
    return {
        "resourceType": "Bundle",
        "id": str(key),
        "meta": {"profile": [f"{RA}/StructureDefinition/ra-measurereport-bundle"]},
        "type": "collection",
        "entry": [{"fullUrl": style.url(resource), "resource": resource} for resource in resources],
    }
