"""The panel in the chart: shell at once, then the one fragment that fills itself. `/l/<handle>/…`."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.core import panel as core_panel
from app.core.answers import Known
from app.core.asking import EHR, ENCOUNTER, USER, Ask, Opening, chart_of, payers_of
from app.core.chart import Fact
from app.core.flag import Panel
from app.core.roles import May, Role, User, may, role_of
from app.core.visit import Visit
from app.errors import NoPatient
from app.gather import Reader, State
from app.web import gate, present
from app.web.parts import Parts, parts

POLL_SECONDS = 2.0  # README, Decisions: a hospital proxy sees a short request, not a stream

blueprint = Blueprint("encounter", __name__, url_prefix="/l/<handle>")


@blueprint.get("/")
def page(handle: str) -> ResponseReturnValue:
    """The shell; with `?full=1` (no scripts) the whole panel as far as it has answered."""
    of = gate.current(handle)
    if not (of.patient or of.encounter):
        raise NoPatient
    if not request.args.get("full"):
        links = _links(handle)
        waiting = present.waiting(links)
        return render_template("encounter/page.html", shell=_shell(of), links=links, panel=None, waiting=waiting)
    return _draw(of, "encounter/page.html", seen=None)


@blueprint.get("/flags")
def flags(handle: str) -> ResponseReturnValue:
    """The fragment: the panel of the answers so far. `?seen=` waits for something newer, two seconds at most."""
    of = gate.current(handle)
    return _draw(of, "encounter/_drawn.html", seen=request.args.get("seen", type=int))


@blueprint.post("/retry")
def retry(handle: str) -> ResponseReturnValue:
    """Ask one source again, and draw."""
    of, key = gate.current(handle), request.form.get("key", "")
    source = key.partition("/")[0]
    here = parts()
    here.gathering.retry(_opening(of, here), source if source in here.payer_names else EHR)
    if not gate.is_fragment():
        return redirect(url_for(".page", handle=handle, full=1), 303)
    return _draw(of, "encounter/_drawn.html", seen=None)


@blueprint.post("/end")
def end(handle: str) -> ResponseReturnValue:
    """Close the launch: its tokens are revoked where the EHR offers that, its answers deleted."""
    gate.current(handle)
    launch.end(handle)
    parts().gathering.forget(handle)
    return render_template("error.html", title="Chartside is closed", advice=present.CLOSED, code="")


def begin(of: launch.Launch, app: Flask) -> None:
    """Start asking the moment a launch is stored, while the browser is still on its way to the panel."""
    here = parts(app)
    if of.patient or of.encounter:
        here.gathering.advance(_opening(of, here))


def _draw(of: launch.Launch, template: str, *, seen: int | None) -> ResponseReturnValue:
    """The panel of the answers so far, once it is known who looks and at whom."""
    here, opening = parts(), _opening(of, parts())
    reader = Reader(of.fhir_user or of.subject or "not stated", lambda state: str(_role(of, state, here)))
    state = here.gathering.show(opening, reader, seen=seen, timeout=POLL_SECONDS)
    role = None if _user_is_out(state) else _role(of, state, here)
    links, shell = _links(of.handle), _shell(of, state, role)
    drawn = present.Drawn.parse(request.args.get("turn", ""), request.args.get("drawn", ""))
    if role is not None and not may(role, May.SEE_GAPS):
        return render_template("no_role.html", shell=shell, problem=present.no_role(role)), 403
    if state.plan.patient_id is None and state.complete:
        raise NoPatient
    if role is None or state.plan.patient_id is None:
        waiting = present.waiting(links, version=str(state.version), drawn=drawn)
        template = template.replace("_drawn", "_waiting")
        return render_template(template, shell=shell, links=links, panel=None, waiting=waiting)
    view = present.panel(
        _panel(of, opening, state, role),
        now=here.clock().astimezone(ZoneInfo(here.timezones[of.ehr])),
        links=links,
        version=str(state.version),
        banner=of.need_patient_banner or not of.framed,
        drawn=drawn,
    )
    return render_template(template, shell=shell, links=links, panel=view)


def _panel(of: launch.Launch, opening: Opening, state: State, role: Role) -> Panel:
    built = core_panel.build(
        chart_of(state.answers),
        payers_of(state.plan, state.answers),
        unconnected=state.plan.unconnected,
        today=opening.day,
        visit=_visit(state, opening),
        ehr_name=of.ehr_name,
        may_see_prompts=may(role, May.SEE_PROMPTS),
    )
    return replace(built, complete=state.complete)  # the encounter may be out still, which the panel does not list


def _user_is_out(state: State) -> bool:
    ask = Ask(EHR, USER)
    return ask in state.plan.asks and ask not in state.answers


def _shell(of: launch.Launch, state: State | None = None, role: Role | None = None) -> present.ShellView:
    user = _user(state) if state else None
    name = user.name if user and user.name else of.user_name
    return present.shell(name, role, of.ehr_name, missing_scopes=of.missing_scopes)


def _user(state: State) -> User | None:
    answer = state.answers.get(Ask(EHR, USER))
    return answer.value if isinstance(answer, Known) else None


def _role(of: launch.Launch, state: State, here: Parts) -> Role:
    return role_of(here.role_rows[of.ehr], _user(state), {**of.token_fields, **of.claims})


def _visit(state: State, opening: Opening) -> Visit | None:
    answer = state.answers.get(Ask(EHR, ENCOUNTER))
    if not (isinstance(answer, Known) and isinstance(answer.value, Fact)):
        return None
    fact = answer.value
    return Visit(opening.day, setting=fact.setting, encounter=fact.ref, finished=fact.status == "finished")


def _opening(of: launch.Launch, here: Parts) -> Opening:
    return Opening(
        handle=of.handle,
        ehr=of.ehr,
        ehr_name=of.ehr_name,
        issuer=of.issuer,
        patient_id=of.patient,
        encounter_id=of.encounter,
        user_ref=of.fhir_user,
        scopes=of.scopes,
        day=here.clock().astimezone(ZoneInfo(here.timezones[of.ehr])).date(),
    )


def _links(handle: str) -> present.Links:
    page, flags, retry, end = (url_for(f"encounter.{to}", handle=handle) for to in ("page", "flags", "retry", "end"))
    return present.Links(page=page, flags=flags, full=f"{page}?full=1", retry=retry, end=end)
