"""Writing one resource to an EHR, at most once however often it is tried.

FHIR R4 3.1.0.8.1 (conditional create): `If-None-Exist` with our identifier. 2026-11: servers ignore the header (the
public launcher passes it on to whatever stands behind it), so after a try of which nothing is known the identifier is
searched for first. The id comes from `Location` or the body and is never followed: the public launcher's `Location`
names the host behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from app.core.ledger.outgoing import Came, Written
from app.sources.errors import (
    Busy,
    Down,
    NotAllowed,
    NotFound,
    Refused,
    Resting,
    SignedOut,
    SourceError,
    Unreadable,
)
from app.sources.fhir.references import entries
from app.sources.fhir.shape import Json, objs, words
from app.sources.http import Http
from app.sources.replies import Reply

_LOCATED = re.compile(r"/([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?/?$")
_BEFORE = "asked"  # what is written down before a create leaves


def create(http: Http, resource: Json, against: str, about_to_send: Callable[[str], None]) -> Written:
    """One try. `against` not empty: an earlier one may have arrived, so it is looked for first. `about_to_send` is
    called before the create leaves, and with "" where it certainly did not arrive.
    """
    kind, token = str(resource["resourceType"]), _token(resource)
    try:
        if against and (ref := _there(http, kind, token)):
            return Written(Came.SENT, reference=ref)
    except SourceError as trouble:  # nothing is known still: what was written down before stays
        cannot = isinstance(trouble, NotAllowed | NotFound | Refused | Unreadable)
        return Written(Came.REFUSED if cannot else Came.LATER, trouble="cannot-look" if cannot else str(trouble.reason))
    try:
        with http.within():
            about_to_send(_BEFORE)
            headers = (("If-None-Exist", urlencode({"identifier": token})), ("Prefer", "return=minimal"))
            reply = http.write("POST", kind, resource, headers=headers)
    except SourceError as trouble:
        return _came(trouble, about_to_send)
    return Written(Came.SENT, reference=_created(reply, kind))


def _came(trouble: SourceError, about_to_send: Callable[[str], None]) -> Written:
    match trouble:
        case NotAllowed():
            came, code = Came.REFUSED, "not-allowed"
        case SignedOut():
            came, code = Came.LATER, "signed-out"
        case Refused(status=412):
            came, code = Came.REFUSED, "several-there"  # more than one has our identifier
        case Refused() | NotFound():
            came, code = Came.REFUSED, "not-taken"
        case Resting() | Busy():
            came, code = Came.LATER, "busy"
        case Down():
            came, code = Came.UNKNOWN, "down"
        case _:
            came, code = Came.UNKNOWN, str(trouble.reason)
    if came is not Came.UNKNOWN:
        about_to_send("")
    said = trouble.words if isinstance(trouble, Refused) else ""
    return Written(came, trouble=code, words=said, wait=trouble.retry_after)


def _there(http: Http, kind: str, token: str) -> str:
    """The resource with our identifier, where the EHR shows one. A server that ignores the parameter answers with
    others, so each is looked at.
    """
    system, _, value = token.rpartition("|")
    pages = http.search(kind, (("identifier", token), ("_count", "10")))
    for bundle in pages.bundles:
        for entry in entries(bundle):
            stated = objs(entry.resource.get("identifier"))
            ours = any((words(i.get("system")), words(i.get("value"))) == (system, value) for i in stated)
            if entry.type == kind and ours:
                return f"{kind}/{entry.id}"
    return ""


def _token(resource: Json) -> str:
    stated = resource["identifier"][0]
    return f"{stated['system']}|{stated['value']}"


def _created(reply: Reply, kind: str) -> str:
    """Type/id of what is there now; empty where the EHR does not say."""
    found = _LOCATED.search(reply.headers.get("Location", ""))
    if found and found[1] == kind:
        return f"{kind}/{found[2]}"
    return f"{kind}/{reply.body['id']}" if words(reply.body.get("id")) else ""
