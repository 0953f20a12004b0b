"""The pages of a launch: two ways in, the way back, and our public keys. The rules are in `opening` and `launches`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from launch import cookies
from launch.errors import IssuerMissing, IssuerUnknown, LaunchError, LaunchMissing
from launch.launches import Launches
from launch.opening import Opened
from launch.registry import Ehr

blueprint = Blueprint("launch", __name__)

_PROBED = "cookie_probe=1"
_MAX_PARAMETER = 16_384  # launch tokens and codes can be long JWTs


def launches() -> Launches:
    found: Launches = current_app.extensions["launch"]
    return found


@blueprint.get("/launch")
def ehr_launch() -> Any:
    """EHR launch: the EHR opens us with its `iss` and an opaque `launch`."""
    return _enter(standalone=False)


@blueprint.get("/launch/standalone")
def standalone_launch() -> Any:
    """Standalone launch: we were opened outside the EHR, which then asks for the patient."""
    return _enter(standalone=True)


@blueprint.get("/callback")
def callback() -> Any:
    """The browser returns from the EHR's sign-in."""
    # Before we know which EHR this was, each of them may frame the message; nothing of a chart can be in it.
    g.frame_ancestors = sorted({a for ehr in launches().settings.registry for a in ehr.frame_ancestors})
    answer = {name: value for name in request.args if (value := _single(name))}
    browser = request.cookies.get(cookies.BROWSER, "")
    opened = launches().opening.complete(answer, request.cookies, framed=_framed(), browser=browser)
    return entered(opened, launches().settings.landing(opened.launch))


def entered(opened: Opened, page: str = "") -> Response:
    """The way into a launch: the browser gets its cookie, and is sent to a page below the launch's own address."""
    settings, handle = launches().settings, opened.launch.handle
    response = redirect(f"{settings.public_url}/l/{handle}/{page}", 303)
    cookies.set_launch(response, handle, opened.secret, settings.path)
    return response


@blueprint.get("/.well-known/jwks.json")
def public_keys() -> Any:
    """Our public keys, for EHRs and payers that we sign assertions for (RFC 7517)."""
    return jsonify(launches().settings.keys.public())


@blueprint.before_request
def _only_get() -> None:
    """A HEAD (a link checker, a mail scanner) must not spend a launch or a code."""
    if request.method == "HEAD":
        abort(405)


@blueprint.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # our addresses carry codes and launch tokens
    return response


@blueprint.errorhandler(LaunchError)
def _problem(error: LaunchError) -> Any:
    page = render_template("launch/problem.html", title=error.title, advice=error.advice, code=error.code)
    return page, error.status


def _enter(*, standalone: bool) -> Any:
    ehr, iss = _registered()
    g.frame_ancestors = ehr.frame_ancestors
    launch = None if standalone else _single("launch")
    if launch is None and not standalone:
        raise LaunchMissing
    if not request.cookies.get(cookies.BROWSER):
        return _probe(ehr)
    begun = launches().opening.begin(ehr, iss, launch, framed=_framed())
    response = redirect(begun.url, 302)
    cookies.set_pending(response, begun.state, begun.secret, launches().settings.path)
    return response


def _registered() -> tuple[Ehr, str]:
    iss = _single("iss")
    if iss is None:
        raise IssuerMissing
    ehr = launches().settings.registry.find(iss)
    if ehr is None:
        raise IssuerUnknown(iss)
    return ehr, iss


def _probe(ehr: Ehr) -> Any:
    """Set the browser's cookie and come straight back once; still none then means that cookies are blocked.

    Only we were asked so far: the EHR's `launch` is unspent, so its address still works in a window of its own.
    """
    settings = launches().settings
    query = request.query_string.decode("latin-1")
    here = f"{settings.public_url}{request.path}?"
    if not query.endswith(f"&{_PROBED}"):
        response = redirect(f"{here}{query}&{_PROBED}", 302)
        cookies.set_browser(response)
        return response
    if _framed() is False:
        return render_template(
            "launch/cookies.html", ehr_name=ehr.name, ehr_origin=ehr.origin, app_origin=settings.origin
        )
    original = here + query.removesuffix(f"&{_PROBED}")
    return render_template("launch/new_window.html", url=original, ehr_name=ehr.name)


def _single(name: str) -> str | None:
    """A query parameter that is there once, not empty and not absurdly long."""
    values = request.args.getlist(name)
    return values[0] if len(values) == 1 and 0 < len(values[0]) <= _MAX_PARAMETER else None


def _framed() -> bool | None:
    """Whether the browser shows us in a frame (Fetch Metadata, `Sec-Fetch-Dest`); None if it does not say."""
    destination = request.headers.get("Sec-Fetch-Dest")
    return None if destination is None else destination != "document"
