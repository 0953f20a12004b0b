"""What scripts and tests ask of the sandbox beside the standards: launches, scenarios, faults, and who strayed.

The EHR's own pages mint their launches here too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox_config.control import control
from sandbox_config.ehr.memory import Context
from sandbox_config.ehr.site import site, tenant, tenant_blueprint
from sandbox_config.faults import FAULTS, checked
from sandbox_config.switches import UnknownFault

launching = tenant_blueprint("launching", "")
blueprint = control(
    site,
    (
        {"name": each.name, "phase": each.phase, "what": each.what, "needs": "type" if each.needs_type else ""}
        for each in FAULTS.values()
    ),
)


@launching.get("/launch-url")
def launch_url() -> Response:
    """Mint a launch and say where it goes.

    `scenario`, `user` (dr, ma, mgr), `fault` (repeatable), `encounter=` (`none`, `last` finished one, or an id),
    `patient=none`, `banner=false`, `intent=`,
    `appointment=` (its id: goes into fhirContext, and without a patient is all that the launch is about).
    """
    launch = site().memory.mint_launch(tenant().id, _context())
    issuer = site().fhir_base(tenant())
    return jsonify({"launch_url": _address(issuer, launch), "iss": issuer, "launch": launch})


@launching.route("/launch", methods=["GET", "POST"])
def launch() -> BaseResponse:
    """The click on the app: mint a launch and send this frame or window to the app (EHR launch)."""
    return redirect(_address(site().fhir_base(tenant()), site().memory.mint_launch(tenant().id, _context())), 303)


def _address(issuer: str, launch: str) -> str:
    return f"{site().app_url}/launch?{urlencode({'iss': issuer, 'launch': launch})}"


def _context() -> Context:
    asked = request.values
    user = asked.get("user", "")
    if user and user not in site().common.users:
        abort(Response(f"no user is called {user!r}", 400, mimetype="text/plain"))
    fields: dict[str, Any] = {"need_patient_banner": asked.get("banner") != "false"}
    if asked.get("intent"):
        fields["intent"] = asked["intent"]
    if appointment := asked.get("appointment"):
        fields["fhirContext"] = [{"reference": f"Appointment/{appointment}"}]
    faults = tuple(name for name in asked.getlist("fault") if name)
    try:
        if asked.get("patient") == "none":
            return Context(user or "dr", fields=fields, faults=checked(faults))
        scenario = site().scenarios.get(asked.get("scenario", "")) or abort(404)
        context = site().context(scenario, user, faults, **fields)
    except UnknownFault as e:
        abort(Response(str(e), 400, mimetype="text/plain"))
    wanted = asked.get("encounter", "")
    if not wanted:
        return context
    encounter = None if wanted == "none" else _visit_of(context.patient or "", wanted)
    return Context(context.user, context.patient, encounter, context.fields, context.faults)


def _visit_of(patient: str, wanted: str) -> str:
    """The id of a visit of the patient: the newest finished one (`last`), or the one with this id; else 404."""
    visits = [each for each in site().charts.of("Encounter", patient) if wanted in ("last", each["id"])]
    if wanted == "last":
        visits = [each for each in visits if each["status"] == "finished"]
    newest = max(visits, key=lambda each: str(each.get("period", {}).get("start", "")), default=None)
    return str((newest or abort(404))["id"])


@blueprint.after_app_request
def journal(response: Response) -> Response:
    """Note what the app asked for on the back channel: tokens, and whatever needs one."""
    if "Authorization" in request.headers or request.path.endswith("/auth/token"):
        site().journal.note(request.method, request.path, request.query_string.decode(), response.status_code)
    return response


@blueprint.get("/_calls")
def calls() -> Response:
    return jsonify(site().journal.told())


@blueprint.delete("/_calls")
def forget_calls() -> Response:
    site().journal.clear()
    return calls()


@blueprint.get("/_scenarios")
def scenarios() -> Response:
    return jsonify(
        [
            {
                "id": one.id,
                "title": one.title,
                "story": one.story,
                "user": one.user,
                "patient": one.patient_id,
                "encounter": one.encounter_id,
                "faults": list(one.ehr_faults),
                "expect": dict(one.expect),
            }
            for one in site().scenarios.values()
        ]
    )


@blueprint.post("/_visit")
def set_visit() -> Response:
    """`{"scenario": "one-open-gap", "status": "finished", "days_ago": 1}`: today's visit of a story, for all tenants.

    `days_ago` moves its start; both may be left out.
    """
    asked = request.get_json()
    visit = change_visit(asked["scenario"], asked.get("status", ""), int(asked.get("days_ago", 0)))
    return jsonify(visit)


@blueprint.delete("/_visit")
@blueprint.delete("/_written")
def forget_written() -> Response:
    """Every chart and visit is again what its story says."""
    site().charts.restore()
    return jsonify({})


@blueprint.get("/_written")
def written() -> Response:
    """What was written into the charts, in that order."""
    return jsonify(site().charts.written())


def change_visit(scenario_id: str, status: str, days_ago: int = 0) -> dict[str, Any]:
    """The visit of a story's patient with another status; finishing it ends its period now. 404 when there is none."""
    scenario = site().scenarios.get(scenario_id) or abort(404)
    charts = site().charts
    with charts.lock:
        visit = charts.find("Encounter", scenario.encounter_id or "") or abort(404)
        period = dict(visit["period"])
        period["start"] = (datetime.fromisoformat(period["start"]) - timedelta(days=days_ago)).isoformat()
        period.pop("end", None)
        if (status or visit["status"]) == "finished":
            period["end"] = site().clock().isoformat(timespec="seconds")
        changed = {**visit, "status": status or visit["status"], "period": period}
        charts.put(changed, scenario.patient_id)
    return changed
