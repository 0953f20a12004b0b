"""The authorization endpoint (SMART App Launch 2.2, Launch and Authorization; RFC 6749 4.1; RFC 7636).

An EHR launch is approved at once, because its user is already signed in to the EHR that minted it. A standalone launch
shows a page on which somebody picks the user and the patient, and approves. No cookies: who the user is travels in the
launch or is chosen on that page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox_config.ehr import scopes
from sandbox_config.ehr.memory import Code, Context, Grant
from sandbox_config.ehr.screens import card
from sandbox_config.ehr.site import site, tenant, tenant_blueprint
from sandbox_config.ehr.tenants import CLIENT_ID
from sandbox_config.switches import is_on

blueprint = tenant_blueprint("authorize", "/auth")

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A valid authorization request."""

    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    nonce: str
    launch: str


class Refused(Exception):
    """The request is refused; the client hears of it at its redirect_uri."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> BaseResponse:
    """RFC 6749 4.1.1. Errors go back by redirect once client and redirect_uri are known to be ours, never before."""
    values = request.values
    if values.get("client_id") != CLIENT_ID:
        return _page("This app is not registered here", "The client_id is not known to this EHR.")
    if values.get("redirect_uri") != site().redirect_uri:
        return _page("This app asked to return to an unknown address", "The redirect_uri is not the registered one.")
    try:
        asked = _asked(values)
        if not asked.launch:
            return _picker(asked)
        context = site().memory.take_launch(tenant().id, asked.launch)
        if context is None:
            raise Refused("invalid_request", "the launch parameter is unknown, expired or was used before")
    except Refused as refused:
        return _back(values.get("state", ""), error=refused.error, error_description=str(refused))
    return _approve(asked, context)


@blueprint.post("/approve")
def approve() -> BaseResponse:
    """The answer to the picker of a standalone launch."""
    asked = site().memory.take_held(tenant().id, request.form.get("held", ""))
    if not isinstance(asked, Asked):
        return _page("This request is over", "Start again from the app.")
    if request.form.get("decision") != "approve":
        return _back(asked.state, error="access_denied", error_description="the user did not approve")
    user = request.form.get("user", "dr")
    scenario = site().scenarios.get(request.form.get("scenario", ""))
    context = site().context(scenario, user, need_patient_banner=True) if scenario else Context(user)
    return _approve(asked, context)


def _asked(values: Mapping[str, str]) -> Asked:
    """The request, checked. Raises Refused."""
    if values.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type must be code")
    if not values.get("state"):
        raise Refused("invalid_request", "state is required")
    if values.get("aud") != site().fhir_base(tenant()):
        raise Refused("invalid_request", f"aud must be exactly {site().fhir_base(tenant())}")
    challenge = values.get("code_challenge", "")
    if values.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise Refused("invalid_request", "PKCE with code_challenge_method S256 is required")
    wanted, launch = tuple(values.get("scope", "").split()), values.get("launch", "")
    if wrong := scopes.wrong_version(wanted, tenant()):
        raise Refused("invalid_scope", f"this server does not speak the syntax of {wrong}")
    if bool(launch) != ("launch" in wanted):
        raise Refused("invalid_request", "the launch parameter and the launch scope go together")
    granted = scopes.grant(wanted, tenant())
    if not granted:
        raise Refused("invalid_scope", "no scope that this server could grant")
    return Asked(values["redirect_uri"], values["state"], granted, challenge, values.get("nonce", ""), launch)


def _approve(asked: Asked, context: Context) -> BaseResponse:
    faults = site().active(context)
    if is_on(faults, "authorize-error"):
        return _back(asked.state, error="access_denied", error_description="the EHR refused this launch")
    if is_on(faults, "authorize-no-code"):
        return _back(asked.state)
    grant = Grant(tenant().id, CLIENT_ID, context, asked.scopes)
    code = Code(tenant().id, CLIENT_ID, asked.redirect_uri, asked.challenge, asked.nonce, grant)
    return _back(asked.state, code=site().memory.issue_code(code))


def _back(state: str, **answer: str) -> BaseResponse:
    """Send the user back to the app (RFC 6749 4.1.2)."""
    if state:
        answer["state"] = state
    return redirect(f"{site().redirect_uri}?{urlencode(answer)}")


def _picker(asked: Asked) -> BaseResponse:
    return Response(
        render_template(
            "picker.html",
            held=site().memory.hold(tenant().id, asked),
            scopes=asked.scopes,
            scenarios=[card(one) for one in site().scenarios.values()],
            needs_patient="launch/patient" in asked.scopes,
            app_host=site().app_url.partition("://")[2],
        )
    )


def _page(title: str, what: str) -> BaseResponse:
    return Response(render_template("problem.html", title=title, what=what), 400)
