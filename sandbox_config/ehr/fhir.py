"""The FHIR R4 server of a tenant: read, search and create behind a bearer token, as far as its scopes reach.

https://hl7.org/fhir/R4/http.html and search.html; RFC 6750; SMART App Launch 2.2, Scopes and Launch Context. A scope of
level `patient/` is confined to the launch patient; asking for another patient under it is refused, not answered empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from flask import Response, request

from sandbox_config.ehr import appointments, misbehave, scopes, writing
from sandbox_config.ehr.charts import Resource, exists
from sandbox_config.ehr.memory import Grant
from sandbox_config.ehr.parameters import TYPES, includes_of, params_of, target_of
from sandbox_config.ehr.scopes import Reach
from sandbox_config.ehr.search import BadSearch, matcher, ordered
from sandbox_config.ehr.site import site, tenant, tenant_blueprint, wait
from sandbox_config.ehr.tenants import WRITABLE, Listing
from sandbox_config.ehr.wire import Refusal, fhir_json, refusal
from sandbox_config.faults import checked

blueprint = tenant_blueprint("fhir", "/fhir")
blueprint.before_request(wait)

MAX_PAGE = 200
_CONTROL = frozenset({"_count", "_page", "_include", "_sort", "_format"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, for which type, how far they may look, and what is switched on for them."""

    grant: Grant
    resource_type: str
    reach: Reach
    faults: frozenset[str]

    @property
    def confined_to(self) -> str | None:
        """The one patient whose chart may be seen; None: no such limit."""
        return self.grant.context.patient if self.reach is Reach.PATIENT else None

    def may_see(self, resource: Resource) -> bool:
        own = self.confined_to
        return self.reach is Reach.ALL or (own is not None and own in site().charts.patients_of(resource))


@blueprint.errorhandler(Refusal)
def _refused(refused: Refusal) -> Response:
    return refused.response


@blueprint.get("/<resource_type>/<resource_id>")
def read(resource_type: str, resource_id: str) -> Response:
    visitor = _visitor(resource_type, "r")
    resource = site().charts.find(resource_type, resource_id)
    if resource is None or not exists(resource, site().switches.on):
        raise Refusal(refusal(404, "not-found", f"{resource_type}/{resource_id} is not known"))
    if not visitor.may_see(resource):
        raise Refusal(refusal(403, "forbidden", "outside the launch patient's chart"))
    return _send(visitor, dict(resource))


@blueprint.get("/<resource_type>")
@blueprint.post("/<resource_type>/_search")
def search(resource_type: str) -> Response:
    visitor = _visitor(resource_type, "s")
    query = [*request.args.items(multi=True), *request.form.items(multi=True)]
    try:
        return _send(visitor, _searchset(visitor, query))
    except BadSearch as e:
        raise Refusal(refusal(400, "invalid", str(e))) from e


@blueprint.post("/<resource_type>")
def create(resource_type: str) -> Response:
    """Create, or with If-None-Exist a conditional create (R4 http.html 3.1.0.8.1)."""
    visitor = _visitor(resource_type, "c")
    if resource_type not in WRITABLE:
        raise Refusal(refusal(405, "not-supported", f"{resource_type} cannot be written here"))
    body: Any = request.get_json(force=True, silent=True)
    patient = writing.checked(body, resource_type, visitor.confined_to)
    if "create-refused" in visitor.faults:
        raise Refusal(refusal(422, "business-rule", "the EHR was told to refuse new resources"))
    with site().charts.lock:
        found = _existing(visitor, request.headers.get("If-None-Exist", ""))
        if len(found) > 1:
            raise Refusal(refusal(412, "duplicate", "If-None-Exist matches more than one"))
        new = not found
        resource = found[0] if found else writing.stored(dict(body), patient)
    if new and "create-no-answer" in visitor.faults and site().memory.first_time(visitor.grant, "create-no-answer"):
        raise Refusal(refusal(503, "transient", "the EHR was told to lose this answer"))
    minimal = "return=minimal" in request.headers.get("Prefer", "")
    response = Response(status=201 if new else 200) if minimal else fhir_json(resource, 201 if new else 200)
    base = site().fhir_base(tenant())
    base = "http://upstream.invalid/fhir" if "create-elsewhere" in visitor.faults else base
    response.headers["Location"] = f"{base}/{resource_type}/{resource['id']}/_history/1"
    response.headers["ETag"] = 'W/"1"'
    return response


def _existing(visitor: Visitor, condition: str) -> list[Resource]:
    """What the search of If-None-Exist finds. Raises Refusal."""
    if not condition or "create-ignores-condition" in visitor.faults:
        return []
    try:
        matches = matcher(visitor.resource_type, parse_qsl(condition), ZoneInfo(tenant().timezone))
    except BadSearch as e:
        raise Refusal(refusal(400, "invalid", f"If-None-Exist: {e}")) from e
    return [each for each in site().charts.of(visitor.resource_type) if visitor.may_see(each) and matches(each)]


def _visitor(resource_type: str, verb: str) -> Visitor:
    """The request's way to the chart: token, faults, type, scopes. Raises Refusal."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    found = site().memory.reading(tenant().id, text) if scheme.lower() == "bearer" else None
    if found is None:
        raise Refusal(refusal(401, "login", "a live bearer token is needed"))
    grant, generation = found
    faults = site().active(grant.context) | _of_the_story(grant)
    if misbehave.token_expired(faults, grant, generation):
        raise Refusal(refusal(401, "expired", "the access token is expired"))
    if (response := misbehave.before(faults, resource_type, grant, site())) is not None:
        raise Refusal(response)
    if resource_type not in TYPES or not appointments.has(resource_type, tenant()):
        raise Refusal(refusal(404, "not-supported", f"this server has no {resource_type}"))
    accepted = request.accept_mimetypes
    if accepted and not accepted.best_match(("application/fhir+json", "application/json")):
        raise Refusal(refusal(406, "not-supported", "this server speaks application/fhir+json"))
    visitor = Visitor(grant, resource_type, scopes.reach(grant.scopes, resource_type, verb), faults)
    if visitor.reach is Reach.NONE or (visitor.reach is Reach.PATIENT and not grant.context.patient):
        raise Refusal(refusal(403, "forbidden", f"insufficient_scope: nothing granted to '{verb}' {resource_type}"))
    return visitor


def _of_the_story(grant: Grant) -> frozenset[str]:
    """What a patient's story lets go wrong with one type, also where the launch is about nobody in particular."""
    if grant.context.patient:
        return frozenset()
    named = request.values.get("patient", "").rpartition("/")[2]
    story = site().charts.story_of(named)
    return frozenset(name for name in checked(story.ehr_faults) if ":" in name) if story else frozenset()


def _send(visitor: Visitor, body: dict[str, Any]) -> Response:
    """The answer, good or as the faults want it."""
    body = misbehave.edited(visitor.faults, visitor.resource_type, body, site())
    return misbehave.instead(visitor.faults, visitor.resource_type, body, site()) or fhir_json(body)


def _searchset(visitor: Visitor, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """One page of a search. Raises BadSearch, or Refusal for another patient's chart."""
    zone = ZoneInfo(tenant().timezone)
    criteria = [(name, value) for name, value in query if name not in _CONTROL]
    control = {name: value for name, value in query if name in _CONTROL}
    if control.get("_format", "json") not in {"json", "application/json", "application/fhir+json"}:
        raise BadSearch("_format: this server speaks JSON only")
    _check_patient(visitor, criteria)
    wanted = [value for name, value in query if name == "_include"]
    special = visitor.resource_type == appointments.TYPE
    if special and appointments.answers_nothing(tenant(), criteria):
        found = []
    else:
        matches = matcher(visitor.resource_type, criteria, zone)
        on = site().switches.on
        every = (r for r in site().charts.of(visitor.resource_type) if exists(r, on))
        found = [r for r in every if visitor.may_see(r) and matches(r)]
    if special:
        found = ordered(found, visitor.resource_type, "date", zone)
    if "_sort" in control:
        found = ordered(found, visitor.resource_type, control["_sort"], zone)
    size, page = _number(control, "_count", tenant().page_size), _number(control, "_page", 1)
    size = min(size, MAX_PAGE)
    on_page = found[(page - 1) * size : page * size]
    included = _included(visitor, on_page, wanted)
    links = [{"relation": "self", "url": _url(visitor.resource_type, query)}]
    if size and page * size < len(found):
        rest = [*((name, value) for name, value in query if name != "_page"), ("_page", str(page + 1))]
        links.append({"relation": "next", "url": _url(visitor.resource_type, rest)})
    entries = [_entry(r, "match") for r in on_page] + [_entry(r, "include") for r in included]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    if tenant().listing is Listing.TYPED:
        del bundle["total"]  # 2026-11, Medplum: only on request
    return {**bundle, "entry": entries} if entries else bundle


def _check_patient(visitor: Visitor, criteria: Sequence[tuple[str, str]]) -> None:
    """Under a confined grant every patient named must be the launch patient."""
    own = visitor.confined_to
    named = {part.rpartition("/")[2] for name, value in criteria if name == "patient" for part in value.split(",")}
    if own is not None and named - {own}:
        raise Refusal(refusal(403, "forbidden", "outside the launch patient's chart"))


def _included(visitor: Visitor, resources: Sequence[Resource], wanted: Sequence[str]) -> list[Resource]:
    """The resources of `_include`, as far as the scopes reach them too."""
    special = visitor.resource_type == appointments.TYPE
    allowed = appointments.includes(tenant()) if special else includes_of(visitor.resource_type)
    for value in wanted:
        if value not in allowed:
            raise BadSearch(f"_include={value} is not supported; {visitor.resource_type} has {', '.join(allowed)}")
    names = [value.partition(":")[2] for value in wanted]
    paths = [path for name in names for path in params_of(visitor.resource_type)[name].paths]
    kinds = {target_of(name) for name in names}
    grant, included = visitor.grant, []
    for resource in site().charts.included(resources, paths):
        kind = resource["resourceType"]
        seen = Visitor(grant, kind, scopes.reach(grant.scopes, kind, "r"), visitor.faults)
        if seen.may_see(resource) and kinds & {"", kind}:
            included.append(resource)
    return included


def _number(control: Mapping[str, str], name: str, default: int) -> int:
    text = control.get(name, str(default))
    if not text.isdecimal() or (name == "_page" and int(text) < 1):
        raise BadSearch(f"{name}={text} is not a number")
    return int(text)


def _url(resource_type: str, query: Sequence[tuple[str, str]]) -> str:
    base = f"{site().fhir_base(tenant())}/{resource_type}"
    return f"{base}?{urlencode(query)}" if query else base


def _entry(resource: Resource, mode: str) -> dict[str, Any]:
    full_url = f"{site().fhir_base(tenant())}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": full_url, "resource": resource, "search": {"mode": mode}}
