"""Writing remarks into reports: PUT, PATCH, transaction, `$submit-remark-data`.

FHIR R4 http.html (update, conditional on If-Match; patch; transaction), RA 2.1.0 and 3.0.0-ballot and
DEQM 5.0.0 for what a provider may change: nothing but remarks. Which payer takes which way stands in `style.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from sandbox_config.payer import patching
from sandbox_config.payer.differing import SHOWN, OtherwiseChanged, added
from sandbox_config.payer.door import asked, before_storing, hit_by, must_allow
from sandbox_config.payer.faults import Question
from sandbox_config.payer.fhir import records
from sandbox_config.payer.kept import Remark
from sandbox_config.payer.members import Member
from sandbox_config.payer.remarks import Form, faults_of, form_of, key_of
from sandbox_config.payer.site import site
from sandbox_config.payer.standing import standing, versioned
from sandbox_config.payer.wire import Refusal, outcome

blueprint = Blueprint("writing", __name__, url_prefix="/fhir")

Resource = dict[str, Any]

_ETAG = re.compile(r'(?:W/)?"([^"]+)"')
STORM = 2  # how often the fault `overtaken` strikes a report


@blueprint.put("/MeasureReport/<report_id>")
@asked(Question.WRITE, "MeasureReport.u", writes=True)
def put(report_id: str) -> Response:
    """Update: the whole report as it was read, with remarks added."""
    _must_take("put")
    body = body_of("MeasureReport")
    if body.get("id") != report_id:
        raise Refusal(400, "invalid", "the id in the body is not the one in the address")
    with storing(report_id):
        before = _matched(report_id, request.headers.get("If-Match", ""))
        _store([(before, body)], "put")
    return versioned(standing(report_id)[0])


@blueprint.patch("/MeasureReport/<report_id>")
@asked(Question.WRITE, "MeasureReport.u", writes=True)
def patch(report_id: str) -> Response:
    """FHIRPath Patch: remarks added to groups."""
    _must_take("patch")
    if request.mimetype != "application/fhir+json":
        raise Refusal(415, "not-supported", "a patch is a Parameters resource, application/fhir+json")
    body = body_of("Parameters")
    with storing(report_id):
        before = _matched(report_id, request.headers.get("If-Match", ""))
        loses = hit_by("patch-last-only", Question.WRITE)
        try:
            after = patching.patched(before, body, last_only=loses)
        except patching.BadPatch as e:
            raise Refusal(422, "processing", str(e)) from e
        _store([(before, after)], "patch", checked=not loses)
    return versioned(standing(report_id)[0])


@blueprint.post("/Measure/$submit-remark-data")
@asked(Question.WRITE, "MeasureReport.c", writes=True)
def submit_remark_data() -> Resource:
    """RA 3.0.0-ballot: a collection of reports with remarks. The same identifier twice is the same collection."""
    _must_take("submit-remark-data")
    told = [
        each.get("resource", {}) for each in body_of("Parameters").get("parameter", ()) if each.get("name") == "bundle"
    ]
    if len(told) != 1 or told[0].get("resourceType") != "Bundle" or told[0].get("type") != "collection":
        raise Refusal(400, "required", "bundle must be one Bundle of type collection")
    reports = reports_in(told[0])
    key = identifier_of(told[0])
    with storing(*(report["id"] for report in reports)):
        kept = site().kept
        kept.times[key] += bool(key)
        if kept.times[key] > 1:
            return outcome("informational", "this collection was received before", "information")
        try:
            _store([(standing(report["id"])[0], report) for report in reports], "submit-remark-data")
        except Refusal:
            kept.times[key] -= bool(key)
            raise
    return outcome("informational", f"{len(reports)} received", "information")


def write_reports(entries: list[Mapping[str, Any]]) -> list[Resource]:
    """The entries of a transaction that bring reports with remarks: all of them, or none. The responses."""
    _must_take("transaction")
    must_allow("MeasureReport.u")
    ids: list[str] = []
    for entry in entries:
        report, asked_for = entry.get("resource", {}), entry.get("request", {})
        ids.append(str(report.get("id")))
        if asked_for.get("method") != "PUT" or asked_for.get("url") != f"MeasureReport/{ids[-1]}":
            raise Refusal(400, "invalid", "a report is brought by PUT MeasureReport/<its id>")
    if len(set(ids)) != len(ids):
        raise Refusal(400, "invalid", "a report stands twice in the transaction")
    with storing(*ids):
        pairs = [
            (_matched(report_id, str(entry["request"].get("ifMatch", ""))), dict(entry["resource"]))
            for report_id, entry in zip(ids, entries, strict=True)
        ]
        _store(pairs, "transaction")
    return [_response(standing(report_id)[0]) for report_id in ids]


def _response(report: Resource) -> Resource:
    said = {"status": "200 OK", "location": f"MeasureReport/{report['id']}"}
    if version := report["meta"].get("versionId"):
        said |= {"etag": f'W/"{version}"', "location": f"{said['location']}/_history/{version}"}
    return {"response": said}


@contextmanager
def storing(*report_ids: str) -> Iterator[None]:
    """Everything between the check and the store of a write: faults first, then the lock, then whoever overtakes us."""
    for report_id in report_ids:
        standing(report_id)
    before_storing()
    if hit_by("refuses-remarks", Question.WRITE):
        raise Refusal(422, "business-rule", "remarks on these reports are not accepted at present")
    kept = site().kept
    with kept.lock:
        for report_id in report_ids:
            _overtake(report_id)
        yield


def _overtake(report_id: str) -> None:
    """Somebody else's remark, where the faults want it."""
    kept, name = site().kept, f"overtaken {report_id}"
    always = hit_by("always-overtaken", Question.WRITE)
    if not always and not (hit_by("overtaken", Question.WRITE) and kept.stumbles[name] < STORM):
        return
    kept.stumbles[name] += 1
    before, member = standing(report_id)
    parts = [{"url": "author", "valueString": f"Somebody Else {kept.stumbles[name]}"}]
    extension = {"url": form_for(report_id, member).url, "extension": parts}
    other = Remark(
        report_id, before["group"][0]["id"], extension, key_of(extension), member.number, "put", _now(), True
    )
    kept.store(before, [other], _now())


def _matched(report_id: str, if_match: str) -> Resource:
    """The report as it stands, if the condition meets it. Raises Refusal: 412, or 428 where one is demanded."""
    report, _ = standing(report_id)
    version = report["meta"].get("versionId")
    if version is None:
        return report
    if not if_match:
        if site().style.must_match:
            raise Refusal(428, "required", "say with If-Match which version is meant")
        return report
    tag = _ETAG.fullmatch(if_match)
    if tag is None:
        raise Refusal(400, "invalid", "If-Match is no entity tag")
    if tag[1] != version:
        raise Refusal(412, "conflict", f"the report is at version {version}")
    return report


def _store(pairs: list[tuple[Resource, Resource]], how: str, *, checked: bool = True) -> None:
    """Keep the remarks that each second report has and the first has not; nothing else may differ. Raises Refusal."""
    found = []
    for before, after in pairs:
        member = standing(before["id"])[1]
        form = form_for(before["id"], member)
        new = _new(before, after, form)
        if checked:
            _check(new, form)
        remarks = [
            Remark(before["id"], group, extension, key_of(extension), member.number, how, _now())
            for group, extension in new
        ]
        found.append((before["id"], remarks))
    for report_id, remarks in found:
        site().kept.store(records().report(report_id)[0], remarks, _now())  # type: ignore[index]  # it stood a moment ago


def _new(before: Resource, after: Resource, form: Form) -> list[tuple[str, Resource]]:
    """The new remarks with their groups. Raises Refusal where anything else was changed."""
    try:
        return added(before, after, form.url)
    except OtherwiseChanged as e:
        raise Refusal(422, "business-rule", f"only remarks may be added: {e}") from e


def _check(new: list[tuple[str, Resource]], form: Form) -> None:
    def resolves(reference: str) -> bool:
        return records().read(reference) is not None

    wrong = [f"{group}: {fault}" for group, extension in new for fault in faults_of(extension, form, resolves)]
    if wrong:
        raise Refusal(422, "invariant", "; ".join(wrong[:SHOWN]))


def form_for(report_id: str, member: Member) -> Form:
    """The form of remarks in the release that this report is made in."""
    of_risk = any(risk.report["id"] == report_id for risk in records().of(member).risk)
    return form_of(None, site().style.ra) if of_risk else form_of(site().style.deqm, None)


def _must_take(way: str) -> None:
    if way not in site().style.remarks:
        raise Refusal(405 if way in ("put", "patch") else 404, "not-supported", f"remarks by {way} are not taken here")


def body_of(resource_type: str) -> Resource:
    """The body of this request. Raises Refusal."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or body.get("resourceType") != resource_type:
        raise Refusal(400, "structure", f"the body must be a {resource_type} resource")
    return body


def reports_in(bundle: Mapping[str, Any]) -> list[Resource]:
    """The MeasureReports of a collection. Raises Refusal where there is none, or one without an id."""
    resources = [entry.get("resource", {}) for entry in bundle.get("entry", ())]
    reports = [each for each in resources if each.get("resourceType") == "MeasureReport"]
    if not reports or not all(each.get("id") for each in reports):
        raise Refusal(400, "required", "the reports, each with its id, are missing")
    return reports


def identifier_of(resource: Mapping[str, Any]) -> str:
    """`system|value` of a Bundle's one identifier or the first of a resource; empty: none."""
    told = resource.get("identifier") or {}
    told = told[0] if isinstance(told, list) else told
    return f"{told.get('system', '')}|{told['value']}" if told.get("value") else ""


def _now() -> datetime:
    return site().clock()
