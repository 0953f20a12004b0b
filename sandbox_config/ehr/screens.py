"""The pages of the EHR: the day, a chart with the app beside it, and two patients side by side.

Rendered on the server and usable without JavaScript. Who is signed in is the `user` in the address: a sandbox has no
passwords, and pages without cookies cannot mix up two users.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from sandbox_config.ehr import chart_view, control
from sandbox_config.ehr.site import site, tenant, tenant_blueprint
from sandbox_config.faults import FAULTS
from sandbox_config.scenario import TOPICS, Person, Scenario

pages = tenant_blueprint("pages", "")
blueprint = Blueprint("screens", __name__)

WIDTHS = ("320", "400", "800")
_STATUS_WORDS = {
    "booked": "Booked",
    "arrived": "Arrived",
    "checked-in": "Checked in",
    "fulfilled": "Done",
    "noshow": "Did not come",
    "cancelled": "Cancelled",
    "entered-in-error": "Entered in error",
}


@blueprint.get("/")
def front() -> BaseResponse:
    return redirect(url_for("pages.home", tenant=next(iter(site().tenants))))


@blueprint.get("/_go")
def go() -> BaseResponse:
    """Where the top bar's form leads: the same place at another tenant, or as another user."""
    chosen = request.args.get("tenant", "")
    if chosen not in site().tenants:
        abort(404)
    kept: dict[str, Any] = {name: value for name in ("user", "fault", "w") if (value := request.args.get(name))}
    if scenario := request.args.get("scenario"):
        return redirect(url_for("pages.chart", tenant=chosen, scenario_id=scenario, **kept))
    return redirect(url_for("pages.home", tenant=chosen, **kept))


@pages.get("/")
def home() -> str:
    every = list(site().scenarios.values())
    topics = [(title, [card(one) for one in every if one.topic == key]) for key, title in TOPICS.items()]
    return _render(
        "home.html",
        first=card(every[0]) if every else None,
        topics=[each for each in topics if each[1]],
        payers=site().payers,
    )


@pages.get("/chart/<scenario_id>")
def chart(scenario_id: str) -> str:
    scenario = site().scenarios.get(scenario_id) or abort(404)
    width = request.args.get("w", "400")
    return _render(
        "chart.html",
        scenario=scenario,
        visit=site().charts.find("Encounter", scenario.encounter_id or ""),
        chart=chart_view.view(site().charts, scenario.patient_id, _today(), _zone()),
        is_open=request.args.get("app") != "closed",
        width=width if width in WIDTHS else "400",
        widths=WIDTHS,
        faults=FAULTS.values(),
        fault=request.args.get("fault", ""),
        framed=_launch(scenario, banner="false"),
        window=_launch(scenario),
    )


@pages.post("/chart/<scenario_id>/visit")
def visit(scenario_id: str) -> BaseResponse:
    """Finish today's visit, or open it again; then the same page."""
    wanted = "finished" if request.form.get("status") == "finished" else "in-progress"
    control.change_visit(scenario_id, wanted)
    kept: dict[str, Any] = {key: value for key in ("user", "fault", "w", "app") if (value := request.form.get(key))}
    return redirect(url_for("pages.chart", tenant=tenant().id, scenario_id=scenario_id, **kept), 303)


@pages.get("/morning")
def morning() -> str:
    """The day before the first visit: the app over the whole width, launched without a patient."""
    return _render("morning.html", framed=_launch(None, intent="schedule"), window=_launch(None, intent="schedule"))


@pages.get("/compare")
def compare() -> str:
    """Two patients in two frames of one page: each launch must keep to its own."""
    known = list(site().scenarios)
    left = request.args.get("left", known[0])
    right = request.args.get("right", known[1 % len(known)])
    if left not in known or right not in known:
        abort(404)
    frames = [
        {"side": side, "card": card(one), "src": _launch(one, banner="false")}
        for side, one in (("left", site().scenarios[left]), ("right", site().scenarios[right]))
    ]
    return _render("compare.html", frames=frames, scenarios=[card(one) for one in site().scenarios.values()])


@blueprint.app_context_processor
def _always() -> dict[str, Any]:
    """What every page of a tenant shows around its content."""
    if "tenant" not in g:
        return {}
    return {
        "tenant": tenant(),
        "tenants": site().tenants.values(),
        "practice": site().common.organization["name"],
        "user": _user(),
        "users": site().common.users.values(),
    }


@blueprint.after_app_request
def _guard(response: Response) -> Response:
    """The pages load nothing from elsewhere; only the app may be framed, and forms may end up there."""
    app = site().app_url
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self' {app}; "
            f"form-action 'self' {app}; frame-ancestors 'self'; base-uri 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
    return response


def _render(template: str, **values: Any) -> str:
    standalone = f"{site().app_url}/launch/standalone?{urlencode({'iss': site().fhir_base(tenant())})}"
    return render_template(template, today=_today(), schedule=_schedule(), standalone=standalone, **values)


def _user() -> Person:
    users = site().common.users
    return users.get(request.values.get("user", ""), users["dr"])


def _launch(scenario: Scenario | None, **options: Any) -> str:
    """The address that mints a launch of this scenario, or without a patient, and goes on to the app."""
    if fault := request.args.get("fault"):
        options["fault"] = fault
    options |= {"scenario": scenario.id} if scenario else {"patient": "none"}
    return url_for("launching.launch", tenant=tenant().id, user=_user().key, **options)


def card(scenario: Scenario) -> dict[str, Any]:
    """One scenario for a list: the patient's name, the title and the story."""
    return {
        "id": scenario.id,
        "title": scenario.title,
        "story": scenario.story,
        "name": chart_view.name_of(site().charts.find("Patient", scenario.patient_id) or {}),
        "faults": scenario.ehr_faults,
    }


def _schedule() -> list[dict[str, Any]]:
    return [
        {
            **card(scenario),
            "time": chart_view.clock(start),
            "visit": appointment.get("description", "Visit"),
            "status": _STATUS_WORDS.get(appointment["status"], appointment["status"]),
            "is_here": appointment["status"] in {"arrived", "checked-in"},
        }
        for start, appointment, scenario in site().charts.schedule(_today(), _zone(), site().switches.on)
    ]


def _zone() -> ZoneInfo:
    return ZoneInfo(tenant().timezone)


def _today() -> date:
    return _now().date()


def _now() -> datetime:
    return site().clock().astimezone(_zone())
