"""Taking evidence: `Measure/$submit-data`, `$deqm-submit-data`, and a transaction; each payer in its own way.

DEQM 3.1.0 and 4.0.0 (base operation), 5.0.0 (`$deqm-submit-data`), universal 1.0.0 and RA 3.0.0-ballot (transaction).
Nothing changes at once: the payer looks at it in its next run (`run.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, request

from sandbox_config.payer.door import about, asked, before_storing, must_allow
from sandbox_config.payer.exchange import Exchange, Unfit, check, check_provenance, patient_of
from sandbox_config.payer.faults import Question
from sandbox_config.payer.fhir import records
from sandbox_config.payer.kept import Submission
from sandbox_config.payer.members import Member
from sandbox_config.payer.site import site
from sandbox_config.payer.wire import Refusal, outcome, refused
from sandbox_config.payer.writing import body_of, identifier_of, write_reports

blueprint = Blueprint("submitting", __name__, url_prefix="/fhir")

Resource = dict[str, Any]
Named = tuple[str, Resource]  # a resource and the fullUrl under which it came


@blueprint.post("/Measure/$submit-data")
@asked(Question.WRITE, "MeasureReport.c", writes=True)
def submit_data() -> Resource:
    """R4 `$submit-data`: one MeasureReport and the resources it evaluated."""
    _must_take("submit-data")
    told = body_of("Parameters").get("parameter", ())
    # 2026-11, RA 2.1.0 spells the parameter with a capital, the base operation without.
    reports = [each.get("resource", {}) for each in told if each.get("name") in ("measureReport", "MeasureReport")]
    if len(reports) != 1:
        raise Refusal(400, "required", "measureReport is required, once")
    others = [("", each.get("resource", {})) for each in told if each.get("name") == "resource"]
    _take([("", reports[0]), *others], "submit-data", "")
    return outcome("informational", "received", "information")


@blueprint.post("/Measure/$deqm-submit-data")
@asked(Question.WRITE, "MeasureReport.c", writes=True)
def deqm_submit_data() -> Resource:
    """DEQM 5.0.0: Bundles, each with its data exchange report."""
    _must_take("deqm-submit-data")
    told = [
        each.get("resource", {}) for each in body_of("Parameters").get("parameter", ()) if each.get("name") == "bundle"
    ]
    if not told:
        raise Refusal(400, "required", "bundle is required")
    for bundle in told:
        _take(_named(bundle), "deqm-submit-data", identifier_of(bundle))
    return outcome("informational", f"{len(told)} received", "information")


@blueprint.post("")
@blueprint.post("/")
@asked(Question.WRITE, writes=True)
def transaction() -> Resource:
    """`POST [base]`: a transaction of reports with remarks, or of a data exchange report and its evidence."""
    bundle = body_of("Bundle")
    if bundle.get("type") != "transaction":
        raise Refusal(400, "not-supported", "a Bundle of type transaction is taken")
    entries = list(bundle.get("entry", ()))
    kinds = {entry.get("resource", {}).get("type") for entry in entries if _type(entry) == "MeasureReport"}
    if kinds == {"data-collection"}:
        responses = _evidence(bundle, entries)
    elif kinds == {"individual"} and all(_type(entry) == "MeasureReport" for entry in entries):
        responses = write_reports(entries)
    else:
        raise Refusal(422, "business-rule", "reports with remarks, or a data exchange report with its evidence")
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": responses}


def _evidence(bundle: Resource, entries: list[Mapping[str, Any]]) -> list[Resource]:
    _must_take("transaction")
    must_allow("MeasureReport.c")
    for entry in entries:
        wanted = entry.get("request", {})
        place = {"POST": _type(entry), "PUT": f"{_type(entry)}/{entry['resource'].get('id')}"}.get(wanted.get("method"))
        if place is None or wanted.get("url") != place:
            raise Refusal(400, "invalid", f"{_type(entry)}: method and url do not go with the resource")
    known = _take(_named(bundle), "transaction", _condition(entries) or identifier_of(bundle))
    status = "200 OK" if known else "201 Created"
    return [{"response": {"status": status, "location": _place(entry, bundle)}} for entry in entries]


def _condition(entries: Iterable[Mapping[str, Any]]) -> str:
    """The identifier by which the report is created once (conditional create)."""
    reports = (entry for entry in entries if _type(entry) == "MeasureReport")
    said = next((str(entry["request"].get("ifNoneExist", "")) for entry in reports), "")
    return said.rpartition("identifier=")[2]


def _place(entry: Mapping[str, Any], bundle: Resource) -> str:
    key = entry["resource"].get("id") or uuid5(NAMESPACE_URL, f"{identifier_of(bundle)} {entry.get('fullUrl')}")
    return f"{_type(entry)}/{key}/_history/1"


def _type(entry: Mapping[str, Any]) -> str:
    return str(entry.get("resource", {}).get("resourceType", ""))


def _named(bundle: Mapping[str, Any]) -> list[Named]:
    if bundle.get("resourceType") != "Bundle":
        raise Refusal(400, "structure", "that is no Bundle")
    return [(str(entry.get("fullUrl", "")), entry.get("resource", {})) for entry in bundle.get("entry", ())]


def _take(came: list[Named], how: str, identifier: str) -> bool:
    """Check and keep what came. Returns whether it was known already. Raises Refusal."""
    reports = [each for _, each in came if each.get("resourceType") == "MeasureReport"]
    if len(reports) != 1:
        raise Refusal(400, "required", "exactly one data exchange MeasureReport is needed")
    member = _member(reports[0])
    before_storing()
    names = {name for url, each in came for name in (url, f"{each.get('resourceType')}/{each.get('id')}") if name}
    inside = [each for _, each in came if each.get("resourceType") == "Provenance"]
    others = tuple(each for _, each in came if each is not reports[0] and each.get("resourceType") != "Provenance")
    try:
        provenance = _provenance(inside, names)
        sent = Exchange(reports[0], others, frozenset(names), provenance)
        check(sent, member.id, site().style, _stands)
        _check_measure(sent, member)
    except Unfit as e:
        raise Refusal(e.status, "business-rule" if e.status == 422 else "invalid", str(e)) from e
    key = identifier_of(reports[0]) or identifier or json.dumps(reports[0], sort_keys=True)
    kept = site().kept
    with kept.lock:
        kept.times[key] += 1
        if kept.times[key] > 1:
            return True
        told = tuple(_with_id(each, url) for url, each in came if each in others)
        kept.submissions.append(
            Submission(key, sent.kind, member.number, member.id, reports[0], told, provenance, how, site().clock())
        )
    return False


def _with_id(resource: Resource, url: str) -> Resource:
    """Under the id that it came with, else one that the server gives it."""
    return resource if resource.get("id") else {**resource, "id": str(uuid5(NAMESPACE_URL, url))}


def _member(report: Mapping[str, Any]) -> Member:
    member = about(site().members.by_id(patient_of(report)))
    if member is None:
        raise Refusal(422, "not-found", "subject is nobody who is insured here")
    return member


def _stands(reference: str) -> Resource | None:
    found = records().read(reference)
    return found[0] if found else None


def _check_measure(sent: Exchange, member: Member) -> None:
    """The measure must be the payer's, and a report that is answered the member's."""
    url = str(sent.report["measure"]).partition("|")[0]
    if url not in {measure["url"] for measure in records().measures}:
        raise Unfit(f"{url} is no measure of this payer")
    if sent.answers and (found := records().report(sent.answers)) and found[1].id != member.id:
        raise Unfit("the report that is answered is not this member's")


def _provenance(inside: list[Resource], names: set[str]) -> Resource | None:
    """The Provenance among the entries, else the header's. Raises Unfit; Refusal where this payer wants one."""
    for each in inside:
        check_provenance(each, in_header=False, known=names)
    header = request.headers.get("X-Provenance", "")
    if header:
        try:
            told = json.loads(header)
        except ValueError as e:
            raise Unfit("X-Provenance is no JSON", 400) from e
        check_provenance(told, in_header=True, known=names)
        return dict(told)
    if not inside and site().style.provenance:
        raise Refusal(400, "required", "say with X-Provenance who sends this")
    return inside[0] if inside else None


def _must_take(way: str) -> None:
    if way not in site().style.evidence:
        raise Refusal(404, "not-supported", f"evidence by {way} is not taken here")


@blueprint.errorhandler(Unfit)
def _unfit(error: Unfit) -> Response:
    return refused(Refusal(error.status, "business-rule", str(error)))
