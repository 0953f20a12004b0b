"""A payer that answers 202 and has the answer later: asked again until it is there or the question's time is over.

FHIR R4 async.html (Prefer: respond-async, Content-Location, Retry-After) and its bulk form, whose last answer is a
manifest of NDJSON files; both only from the payer's own origin.
"""

from __future__ import annotations

from collections.abc import Callable

from app.sources.errors import Later, Slow, Unreadable
from app.sources.fhir.shape import obj, objs, words
from app.sources.http import Headers, Http
from app.sources.replies import Json

PREFER: Headers = (("Prefer", "respond-async"),)

_POLLS = 30
_FILES = 20
_PAUSES = (0.25, 0.5, 1.0)  # seconds between polls where the payer names none; the last goes on


def finished(http: Http, ask: Callable[[], Json]) -> Json:
    """What `ask` comes to, however often it is put off. Raises SourceError: Slow when it is put off for too long."""
    with http.within():
        try:
            return ask()
        except Later as later:
            return _content(http, _polled(http, later))


def _polled(http: Http, later: Later) -> Json:
    location = later.location
    if not location:
        raise Unreadable("answered 202 and does not say where the answer will be")
    for poll in range(_POLLS):
        wait = _PAUSES[min(poll, len(_PAUSES) - 1)] if later.retry_after is None else later.retry_after
        http.pause(max(wait, _PAUSES[0]))
        try:
            return http.get(location)
        except Later as again:
            later, location = again, again.location or location
    raise Slow("put the answer off again and again")


def _content(http: Http, body: Json) -> Json:
    """The answer itself: out of a batch-response, or out of the files of a bulk manifest."""
    if not body.get("resourceType") and isinstance(body.get("output"), list):
        return _bulk(http, body)
    if body.get("resourceType") == "Bundle" and words(body.get("type")) == "batch-response":
        inner = [obj(entry.get("resource")) for entry in objs(body.get("entry"))]
        if len(inner) == 1 and inner[0].get("resourceType") in ("Parameters", "Bundle"):
            return inner[0]
    return body


def _bulk(http: Http, manifest: Json) -> Json:
    """Every resource of every file as one Bundle; what cannot be read is an empty entry, so it counts."""
    files = [*objs(manifest.get("output")), *objs(manifest.get("error"))]
    if len(files) > _FILES:
        raise Unreadable(f"answered with more than {_FILES} files")
    entries: list[Json] = []
    for file in files:
        url = words(file.get("url"))
        for resource in http.lines(url) if url else (None,):
            entries += _entries(resource or {})
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _entries(resource: Json) -> list[Json]:
    if resource.get("resourceType") != "Parameters":
        return [{"resource": resource}]
    return [{"resource": obj(parameter.get("resource"))} for parameter in objs(resource.get("parameter"))]
