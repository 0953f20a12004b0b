"""The panel in the chart: shell at once, then the one fragment that fills itself. `/l/<handle>/…`."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.core.asking import EHR
from app.core.roles import May, Role
from app.errors import NoPatient
from app.web import gate, present
from app.web.looking import Look, look, opening_of
from app.web.parts import parts

PAGE, FRAGMENT = "encounter/page.html", "encounter/_drawn.html"

blueprint = Blueprint("encounter", __name__, url_prefix="/l/<handle>")


@blueprint.get("/")
def page(handle: str) -> ResponseReturnValue:
    """The shell; with `?full=1` (no scripts, or back from a page of one item) the panel as far as it has answered."""
    of = gate.current(handle)
    names_somebody = of.patient or of.encounter  # without, there is nothing to wait for but who looks
    if names_somebody and not request.args.get("full"):
        links = links_of(handle)
        shell = present.shell(of.user_name, None, of.ehr_name, missing_scopes=of.missing_scopes)
        return render_template(PAGE, shell=shell, links=links, panel=None, waiting=present.waiting(links))
    return _draw(look(of, until_known=True), PAGE)


@blueprint.get("/flags")
def flags(handle: str) -> ResponseReturnValue:
    """The fragment: the panel of the answers so far. `?seen=` waits for something newer, two seconds at most."""
    of = gate.current(handle)
    return _draw(look(of, seen=request.args.get("seen", type=int)), FRAGMENT)


@blueprint.post("/retry")
def retry(handle: str) -> ResponseReturnValue:
    """Ask one source again, and draw."""
    of, key = gate.current(handle), request.form.get("key", "")
    source = key.partition("/")[0]
    here = parts()
    here.gathering.retry(opening_of(of, here), source if source in here.payer_names else EHR)
    return drawn_again(of)


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
    here.gathering.advance(opening_of(of, here))


def drawn_again(of: launch.Launch) -> ResponseReturnValue:
    """What answers a write: the fragment for htmx, else the way back to the whole page."""
    if not gate.is_fragment():
        return redirect(url_for("encounter.page", handle=of.handle, full=1), 303)
    return _draw(look(of), FRAGMENT)


def _draw(seen: Look, template: str) -> ResponseReturnValue:
    """The panel of the answers so far, once it is known who looks and at whom."""
    of, links, shell = seen.of, links_of(seen.of.handle), shell_of(seen)
    if seen.role is not None and not seen.may(May.SEE_GAPS):
        return _no_panel(seen, template, shell)
    if not seen.patient_known and seen.state.complete:
        raise NoPatient
    drawn = present.Drawn.parse(request.args.get("turn", ""), request.args.get("drawn", ""))
    version = str(seen.state.version)
    if seen.role is None or not seen.patient_known:
        waiting = present.waiting(links, version=version, drawn=drawn)
        template = template.replace("_drawn", "_waiting")
        return render_template(template, shell=shell, links=links, panel=None, waiting=waiting)
    banner = of.need_patient_banner or not of.framed
    view = present.panel(
        seen.panel(),
        now=seen.now,
        links=links,
        version=version,
        ids=parts().ids(of.handle),
        banner=banner,
        drawn=drawn,
        earlier=seen.earlier,
    )
    return render_template(template, shell=shell, links=links, panel=view)


def _no_panel(seen: Look, template: str, shell: present.ShellView) -> ResponseReturnValue:
    """For a role without the panel: where it may go instead, else that it is not enough."""
    role = seen.role or Role.NONE
    doors = present.doors(role, {place: url_for(place, handle=seen.of.handle) for place in present.places(role)})
    problem = present.no_role(role)
    if not doors:
        return render_template("no_role.html", shell=shell, problem=problem, doors=doors), 403
    name = "_no_panel.html" if template == FRAGMENT else "no_role.html"
    return render_template(name, shell=shell, problem=problem, doors=doors)


def shell_of(seen: Look) -> present.ShellView:
    return present.shell(seen.user_name, seen.role, seen.of.ehr_name, missing_scopes=seen.of.missing_scopes)


def links_of(handle: str) -> present.Links:
    page, flags, retry, end = (url_for(f"encounter.{to}", handle=handle) for to in ("page", "flags", "retry", "end"))
    return present.Links(page=page, flags=flags, full=f"{page}?full=1", retry=retry, end=end, why=f"{page}why/")
