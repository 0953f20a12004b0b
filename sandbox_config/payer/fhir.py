"""The payer's FHIR server: who is a member, what is open, which conditions are to be assessed, and on what evidence.

HRex 1.2.0 `$member-match`, DEQM `Measure/$care-gaps`, RA MeasureReport search, and plain reads; what some payers do at
request stands in `on_demand.py`, reading one report in `standing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from sandbox_config.payer import gaps_request, mischief, shapes
from sandbox_config.payer.care_gaps import CATEGORY
from sandbox_config.payer.documents import bundles
from sandbox_config.payer.door import about, asked, hit_by, may_read
from sandbox_config.payer.faults import Question
from sandbox_config.payer.members import Member, NoMatch
from sandbox_config.payer.records import PRACTICE, Records, practitioner_id
from sandbox_config.payer.searching import BadSearch, overlaps, page
from sandbox_config.payer.site import site
from sandbox_config.payer.wire import Refusal, refused
from sandbox_config.scenarios.terms import coded

blueprint = Blueprint("fhir", __name__, url_prefix="/fhir")

Resource = dict[str, Any]

UMB = "http://hl7.org/fhir/us/davinci-hrex/CodeSystem/hrex-temp"
INCLUDES = ("MeasureReport:evaluated-resource", "MeasureReport:evaluatedResource")


@blueprint.get("/Patient")
@blueprint.post("/Patient/_search")
@asked(Question.MEMBER, "Patient.s")
def find_patient() -> Resource:
    """`Patient?identifier=system|member number` (US Core)."""
    query = _query()
    if not site().style.identifier_search:
        raise Refusal(400, "not-supported", "members are found by $member-match only")
    system, _, number = query.get("identifier", [""])[-1].rpartition("|")
    member = about(site().members.by_number(number))
    known = member and any(each["system"] == system for each in member.patient["identifier"])
    if not member or not known or hit_by("member-unknown", Question.MEMBER):
        return _searchset([])
    return _searchset([(dict(member.patient), ())])


@blueprint.post("/Patient/$member-match")
@asked(Question.MEMBER, "Patient.r")
def member_match() -> Resource:
    """HRex 1.2.0: the member whom demographics and coverage together describe; 422 when there is no single one."""
    told = parameters()
    patient, coverage = told.get("MemberPatient"), told.get("CoverageToMatch")
    if not isinstance(patient, Mapping) or not isinstance(coverage, Mapping):
        raise Refusal(400, "required", "MemberPatient and CoverageToMatch are required")
    try:
        member = site().members.match(patient, coverage)
    except NoMatch as e:
        raise Refusal(422, "not-found", f"no match: {e}") from e
    about(member)
    if hit_by("member-unknown", Question.MEMBER):
        raise Refusal(422, "not-found", "no match: no member has this number")
    identifier = member.patient["identifier"][0]
    value = {
        "type": coded(UMB, "UMB", "Unique Member Identifier"),
        "system": identifier["system"],
        "value": member.number,
    }
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "MemberIdentifier", "valueIdentifier": value},
            {"name": "MemberId", "valueReference": {"reference": f"Patient/{member.id}"}},
        ],
    }


@blueprint.route("/Measure/$care-gaps", methods=["GET", "POST"])
@asked(Question.CARE_GAPS, "MeasureReport.r", "Measure.r")
def care_gaps() -> Resource:
    """DEQM `$care-gaps` at type level: Parameters with a Bundle, or several, for each patient that is meant."""
    style = site().style
    told = gaps_request.read(
        request.args if request.method == "GET" else parameters(), style.deqm, strict=style.strict_search
    )
    if hit_by("deqm-test-server", Question.CARE_GAPS):
        shapes.check_statuses(told.statuses)
    if told.organization:
        return population(told)
    member = member_of(told.subject)
    held = records(Question.CARE_GAPS)
    patient: Resource = dict(member.patient)
    if hit_by("wrong-patient", Question.CARE_GAPS):
        patient = {**held.stranger(), "id": member.id}
    answer = _gaps_of(member, patient, told)
    for name, shape in shapes.SHAPES.items():
        if hit_by(name, Question.CARE_GAPS):
            answer = shape(answer)
    if hit_by("unreadable-resource", Question.CARE_GAPS):
        answer = mischief.broken_bundle(answer)
    if hit_by("outcome-entry", Question.CARE_GAPS):
        answer = mischief.outcome_in_bundle(answer)
    return answer


def population(told: gaps_request.GapsRequest) -> Resource:
    """The same for everybody who belongs to the practice, or to one practitioner there: a Bundle a patient."""
    if told.organization.rpartition("/")[2] != PRACTICE:
        raise Refusal(404, "not-found", "no such organization has a contract here")
    whose = told.practitioner.rpartition("/")[2]
    if whose and f"Practitioner/{whose}" not in records().practitioners:
        raise Refusal(404, "not-found", "no such practitioner is known here")
    parts: list[Resource] = []
    for member in site().members:
        if whose in ("", practitioner_id(member.provider)):
            parts += _gaps_of(member, dict(member.patient), told).get("parameter", ())
    return {"resourceType": "Parameters", **({"parameter": parts} if parts else {})}


def _gaps_of(member: Member, patient: Resource, told: gaps_request.GapsRequest) -> Resource:
    """Parameters with what one member's answer is made of; without any when nothing of it was asked for."""
    held = records(Question.CARE_GAPS)
    found = [report for report in held.of(member).gaps if told.wants(report)]
    if told.organization and not found:
        return {}
    layout = {**member.side.layout, **({} if told.document is None else {"document": told.document})}
    return bundles(found, patient, held.organization, site().style, layout)


@blueprint.get("/Practitioner")
@asked(Question.READ, "Practitioner.s")
def find_practitioner() -> Resource:
    """`Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|<NPI>` (US Core): under the payer's own id."""
    system, _, number = request.args.get("identifier", "").rpartition("|")
    found = [
        practitioner
        for practitioner in records().practitioners.values()
        if any(
            each == {**each, "value": number} and system in ("", each["system"]) for each in practitioner["identifier"]
        )
    ]
    return _searchset([(practitioner, ()) for practitioner in found])


@blueprint.get("/MeasureReport")
@blueprint.post("/MeasureReport/_search")
@asked(Question.RISK, "MeasureReport.s")
def find_reports() -> Resource:
    """RA 2.1.0: `MeasureReport?patient=&period=&category=ra`, with paging and `_include` of evaluated resources."""
    if not site().style.ra.search:
        raise Refusal(400, "not-supported", "reports are given by MeasureReport/$report")
    query = _query()
    _check_parameters(query)
    member = member_of((query.get("patient") or query.get("subject") or [""])[-1])
    found = records(Question.RISK).of(member)
    reports = [_perhaps_a_strangers(report) for report in found.reports if _matches(report, query)]
    with_evidence = any(name in INCLUDES for name in query.get("_include", ()))
    bundle = _searchset([(report, _evaluated(report) if with_evidence else ()) for report in reports])
    for name, trick in (
        ("unreadable-resource", mischief.broken_searchset),
        ("outcome-entry", mischief.outcome_in_searchset),
        ("hostile-next", mischief.hostile_next(site().elsewhere)),
    ):
        if hit_by(name, Question.RISK):
            bundle = trick(bundle)
    return bundle


def reports_of(member: Member) -> list[Resource]:
    """The RA reports of a member, for those who ask without a search."""
    return [_perhaps_a_strangers(each.report) for each in records(Question.RISK).of(member).risk]


def _perhaps_a_strangers(report: Resource) -> Resource:
    if not hit_by("wrong-patient", Question.RISK):
        return report
    return {**report, "subject": {"reference": f"Patient/{records().stranger()['id']}"}}


@blueprint.get("/Measure")
@asked(Question.READ, "Measure.s")
def find_measures() -> Resource:
    """`Measure?url=` with or without `version=` or `|version`; `status=`. All are active."""
    url, _, version = request.args.get("url", "").partition("|")
    version = request.args.get("version", version)
    found = [
        measure
        for measure in records().measures
        if url in ("", measure["url"])
        and version in ("", measure["version"])
        and request.args.get("status", measure["status"]) == measure["status"]
    ]
    return _searchset([(measure, ()) for measure in found])


def _read(resource_type: str) -> None:
    """Add the read interaction of one resource type."""

    @asked(Question.READ, f"{resource_type}.r")
    def read(resource_id: str) -> Resource:
        found = records().read(f"{resource_type}/{resource_id}")
        if found is None:
            raise Refusal(404, "not-found", f"no {resource_type} has this id")
        resource, member = found
        about(member)
        return resource

    blueprint.add_url_rule(f"/{resource_type}/<resource_id>", f"read_{resource_type}", read)


for _type in (
    "Patient", "Measure", "Organization", "Condition", "Encounter", "Observation", "Procedure",
    "DocumentReference", "Practitioner",
):  # fmt: skip
    _read(_type)


@blueprint.errorhandler(BadSearch)
@blueprint.errorhandler(gaps_request.BadRequest)
def _bad(error: Exception) -> Response:
    return refused(Refusal(400, "invalid", str(error)))


def parameters() -> dict[str, Any]:
    """The named values of a Parameters body; a repeated name gives a list."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise Refusal(400, "structure", "the body must be a Parameters resource")
    told: dict[str, Any] = {}
    for parameter in body.get("parameter", ()):
        value = parameter.get("resource") or next((v for k, v in parameter.items() if k.startswith("value")), None)
        told.setdefault(parameter["name"], []).append(value)
    return {name: values[0] if isinstance(values[0], dict) else values for name, values in told.items()}


def _query() -> dict[str, list[str]]:
    """The search parameters of a GET, or of a POST `_search` where this payer takes it. Pages go on by GET."""
    if request.method == "POST" and not site().style.post_search:
        raise Refusal(405, "not-supported", "search by GET")
    return request.values.to_dict(flat=False)


def member_of(reference: str) -> Member:
    """The member that `Patient/id`, an absolute reference or a bare id names."""
    if not reference:
        raise Refusal(400, "required", "name one patient")
    member = about(site().members.by_id(reference.rsplit("/", 1)[-1]))
    if member is None or "Group/" in reference:
        raise Refusal(404, "not-found", "no such patient here")
    return member


def _check_parameters(query: Mapping[str, Sequence[str]]) -> None:
    """A strict server refuses what it does not know; a lenient one ignores it (and `category` may be among that)."""
    known = {"patient", "subject", "period", "date", "measure", "status", site().style.category_parameter}
    unknown = {name for name in query if name not in known and not name.startswith("_")}
    if unknown and site().style.strict_search:
        raise Refusal(400, "not-supported", f"unknown search parameters: {', '.join(sorted(unknown))}")


def _matches(report: Resource, query: Mapping[str, Sequence[str]]) -> bool:
    measure, _, version = report["measure"].partition("|")
    categories = {
        c["code"] for e in report["extension"] if e["url"] == CATEGORY for c in e["valueCodeableConcept"]["coding"]
    }
    return (
        overlaps(report["period"]["start"], report["period"]["end"], query.get("period", ()))
        and overlaps(report["date"], report["date"], query.get("date", ()))
        and all(wanted in (measure, f"{measure}|{version}") for wanted in query.get("measure", ()))
        and all(wanted == report["status"] for wanted in query.get("status", ()))
        and all(w.rpartition("|")[2] in categories for w in query.get(site().style.category_parameter, ()))
    )


def _evaluated(report: Resource) -> list[Resource]:
    """The evaluated resources of a report that exist and that this token may read."""
    return [resource for resource in all_evaluated(report) if may_read(resource["resourceType"])]


def all_evaluated(report: Resource) -> list[Resource]:
    """The evaluated resources of a report that exist."""
    references = ["/".join(r["reference"].rsplit("/", 2)[-2:]) for r in report.get("evaluatedResource", ())]
    return [resource for resource, _ in filter(None, map(records().read, references))]


def records(question: Question = Question.READ) -> Records:
    """What the payer holds; with the fault a-month-later, what it will hold then."""
    return site().later if hit_by("a-month-later", question) else site().now


def _searchset(matches: Sequence[tuple[Resource, Sequence[Resource]]]) -> Resource:
    style = site().style
    url = f"{style.base}/{request.path.removeprefix('/fhir/').removesuffix('/_search')}"
    return page(matches, query=_query(), url=url, base=style.base, size=style.page_size)
