"""Who may come in: this browser owns the launch, the launch is alive, the role allows it, a write is our own page's.

Also the headers that every response carries. Knows no screen.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, g, request
from flask_htmx import HTMX
from werkzeug.exceptions import BadRequest

import launch
from app.errors import CrossSite
from launch.registry import origin_of

#: Everything from ourselves, no inline script or style, no eval. `frame-ancestors` is added per response.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)

htmx = HTMX()


def current(handle: str, *, awake: bool = True) -> launch.Launch:
    """The launch in front of us. Raises launch.LaunchError: not launched, not this browser's, expired.

    `awake` False: the page asks by itself again and again; a workstation that was left is signed out all the same.
    """
    found = launch.current(handle, awake=awake)
    g.frame_ancestors = frame_ancestors(found.ehr)
    return found


def is_fragment() -> bool:
    """Whether htmx asks, and so wants a part of a page."""
    return bool(htmx)


def frame_ancestors(ehr_id: str) -> Sequence[str]:
    """The origins that may frame us for this EHR (CSP `frame-ancestors`)."""
    entry = launch.registry().get(ehr_id)
    return entry.frame_ancestors if entry else ()


def every_frame_ancestor() -> Sequence[str]:
    """The origins of all registered EHRs."""
    return sorted({origin for entry in launch.registry() for origin in entry.frame_ancestors})


def same_origin_writes(public_url: str) -> None:
    """Refuse an unsafe method that did not come from our own page (Fetch Metadata, W3C; `Origin` for older browsers).

    SameSite=None cookies, which a frame needs, travel with cross-site posts; this is what stops those.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise CrossSite
    elif request.headers.get("Origin") != origin_of(public_url):
        raise CrossSite


def plain_words() -> None:
    """Refuse a character that no page of ours sends, and that a database may refuse: nothing is asked with it."""
    said = (request.path, *request.args.values(), *request.form.values())
    if any("\0" in each for each in said):
        raise BadRequest


def headers(response: Response) -> Response:
    """Set what every response carries. Pages hold PHI: nothing keeps them, nothing but the EHR frames them."""
    # A problem page may not know its EHR and holds nothing of a chart: a blank frame would say nothing at all.
    unknown = every_frame_ancestor() if response.status_code >= 400 else ()
    ancestors = " ".join(g.get("frame_ancestors", unknown)) or "'none'"
    response.headers.setdefault("Content-Security-Policy", f"{CSP}; frame-ancestors {ancestors}")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    return response


def register(app: Flask, public_url: str) -> None:
    """Hook the checks and headers into every request."""
    htmx.init_app(app)
    app.before_request(lambda: same_origin_writes(public_url))
    app.before_request(plain_words)
    app.after_request(headers)
