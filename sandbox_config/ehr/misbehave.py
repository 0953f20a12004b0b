"""What each fault of phase READ puts on the wire. The names are in `sandbox_config/faults.py`.

Three kinds: answers given before anything is looked up, edits of a good answer, and other answers in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response

from sandbox_config.ehr.memory import Grant
from sandbox_config.ehr.site import Site
from sandbox_config.ehr.wire import FHIR_JSON, fhir_json, operation_outcome, refusal
from sandbox_config.switches import is_on

READS_BEFORE_EXPIRY = 3
SLOW_SECONDS = 4.0
HANG_SECONDS = 600.0
TRICKLE_SECONDS = 9.0
BIG_BYTES = 10_000_000

Body = dict[str, Any]


def token_expired(faults: frozenset[str], grant: Grant, generation: int) -> bool:
    """Whether the first access token of a grant is dead by now, mid-visit."""
    return is_on(faults, "expired-token") and generation == 0 and grant.reads > READS_BEFORE_EXPIRY


def before(faults: frozenset[str], resource_type: str, grant: Grant, site: Site) -> Response | None:
    """An answer that needs no chart, or None after any waiting is done."""
    for name, answer in _BEFORE.items():
        if is_on(faults, name, resource_type) and (response := answer(resource_type, grant, site)) is not None:
            return response
    return None


def edited(faults: frozenset[str], resource_type: str, body: Body, site: Site) -> Body:
    """The answer with every edit that is switched on."""
    for name, edit in _EDITS.items():
        if is_on(faults, name, resource_type):
            body = edit(body, site)
    return body


def instead(faults: frozenset[str], resource_type: str, body: Body, site: Site) -> Response | None:
    """Another answer in place of `body`, or None."""
    for name, answer in _INSTEAD.items():
        if is_on(faults, name, resource_type):
            return answer(body, site)
    return None


# --- before -----------------------------------------------------------------------------------------------------------


def _slow(_type: str, _grant: Grant, site: Site) -> None:
    site.sleep(SLOW_SECONDS)


def _hang(_type: str, _grant: Grant, site: Site) -> Response:
    site.sleep(HANG_SECONDS)
    return refusal(504, "timeout", "the sandbox was told not to answer")


def _down(_type: str, _grant: Grant, _site: Site) -> Response:
    return refusal(503, "transient", "the sandbox was told to be down")


def _rate_limited(resource_type: str, grant: Grant, site: Site) -> Response | None:
    if not site.memory.first_time(grant, f"rate-limited {resource_type}"):
        return None
    response = refusal(429, "throttled", "too many requests")
    response.headers["Retry-After"] = "1"
    return response


def _forbidden(resource_type: str, _grant: Grant, _site: Site) -> Response:
    return refusal(403, "forbidden", f"this user may not see {resource_type}")


_BEFORE: Mapping[str, Callable[[str, Grant, Site], Response | None]] = {
    "slow": _slow,
    "hang": _hang,
    "down": _down,
    "rate-limited": _rate_limited,
    "type-403": _forbidden,
}


# --- edits ------------------------------------------------------------------------------------------------------------


def _vendor_field(body: Body, _site: Site) -> Body:
    """An unknown element, and three elements whose types are wrong; nothing clinical is touched."""
    strange = {"vendorAcuity": {"rank": "high"}, "language": 5, "implicitRules": ["vendor"]}

    def strangely(resource: Mapping[str, Any]) -> Body:
        # 2026-11: instants without seconds or zone are common and no strict parser reads them
        return {**resource, **strange, "meta": {**resource.get("meta", {}), "lastUpdated": "2026-11-02T08:15"}}

    if body["resourceType"] != "Bundle":
        return strangely(body)
    return {**body, "entry": [{**entry, "resource": strangely(entry["resource"])} for entry in body.get("entry", ())]}


def _broken_entry(body: Body, site: Site) -> Body:
    broken = {"resourceType": 7, "id": ["broken"], "status": {"code": "final"}, "code": "not a CodeableConcept"}
    return _with_entry(body, {"fullUrl": f"{site.base_url}/broken", "resource": broken, "search": {"mode": "match"}})


def _outcome_entry(body: Body, _site: Site) -> Body:
    outcome = operation_outcome("informational", "some parameters were understood loosely", "warning")
    return _with_entry(body, {"resource": outcome, "search": {"mode": "outcome"}})


def _with_entry(body: Body, entry: Body) -> Body:
    return {**body, "entry": [entry, *body.get("entry", ())]} if body["resourceType"] == "Bundle" else body


def _hostile_next(body: Body, site: Site) -> Body:
    return _with_next(body, f"{elsewhere(site.base_url)}/_stray/page-2")


def _duplicate_pages(body: Body, _site: Site) -> Body:
    this_page = next((link["url"] for link in body.get("link", ()) if link["relation"] == "self"), "")
    return _with_next(body, this_page)


def _with_next(body: Body, url: str) -> Body:
    if body["resourceType"] != "Bundle":
        return body
    kept = [link for link in body["link"] if link["relation"] != "next"]
    return {**body, "link": [*kept, {"relation": "next", "url": url}]}


def elsewhere(base_url: str) -> str:
    """Another origin that, on loopback, still reaches this sandbox: so it can say who followed and with what."""
    parts = urlsplit(base_url)
    other = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}.get(parts.hostname or "", "stray.example")
    return f"{parts.scheme}://{other}" + (f":{parts.port}" if parts.port else "")


_EDITS: Mapping[str, Callable[[Body, Site], Body]] = {
    "vendor-field": _vendor_field,
    "broken-entry": _broken_entry,
    "outcome-entry": _outcome_entry,
    "duplicate-pages": _duplicate_pages,
    "hostile-next": _hostile_next,
}


# --- instead ----------------------------------------------------------------------------------------------------------


def _html(_body: Body, _site: Site) -> Response:
    return Response("<!doctype html><title>Sign in</title><p>Your session has ended.</p>", mimetype="text/html")


def _truncated(body: Body, _site: Site) -> Response:
    text = json.dumps(body)
    return Response(text[: len(text) // 2], content_type=FHIR_JSON)


def _outcome(_body: Body, _site: Site) -> Response:
    return fhir_json(operation_outcome("exception", "something went wrong, but the status says all is well"))


def _big(body: Body, _site: Site) -> Response:
    padding = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"x" * BIG_BYTES}</div>'}
    return fhir_json({**body, "text": padding})


def _trickle(body: Body, site: Site) -> Response:
    def drops() -> Iterator[bytes]:
        for byte in json.dumps(body).encode():
            yield bytes([byte])
            site.sleep(TRICKLE_SECONDS)

    return Response(drops(), content_type=FHIR_JSON)


_INSTEAD: Mapping[str, Callable[[Body, Site], Response]] = {
    "html": _html,
    "truncated-json": _truncated,
    "outcome-200": _outcome,
    "big": _big,
    "trickle": _trickle,
}
