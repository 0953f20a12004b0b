"""The panel in the chart: shell at once, then the one fragment that fills itself. `/l/<handle>/…`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.core.asking import EHR
from app.core.flag import Panel
from app.core.ledger.offer import of_gaps
from app.core.roles import May, Role
from app.core.schedule.appointment import DayAsk
from app.core.sensitive import age_of
from app.errors import NoPatient
from app.gather import patient_key
from app.web import gate, present
from app.web.looking import Look, actor_of, ledger_of, lists_schedules, look, opening_of
from app.web.opening import landing
from app.web.parts import parts
from app.web.present.privacy import person

PAGE, FRAGMENT = "encounter/page.html", "encounter/_drawn.html"

blueprint = Blueprint("encounter", __name__, url_prefix="/l/<handle>")


@blueprint.get("/")
def page(handle: str) -> ResponseReturnValue:
    """The shell; with `?full=1` (no scripts, or back from a page of one item) the panel as far as it has answered."""
    of = gate.current(handle)
    names_somebody = of.patient or of.encounter  # without, there is nothing to wait for but who looks
    if names_somebody and not request.args.get("full"):
        links, apart = _links(of), bool(of.opened_from)
        shell = present.shell(of.user_name, None, of.ehr_name, missing_scopes=of.missing_scopes, apart=apart)
        return render_template(PAGE, shell=shell, links=links, panel=None, waiting=present.waiting(links))
    seen = look(of, until_known=True)
    if not names_somebody and (seen.role is None or seen.may(May.SEE_SCHEDULE)):
        return redirect(url_for("huddle.page", handle=handle), 303)
    return draw(seen, PAGE)


@blueprint.get("/flags")
def flags(handle: str) -> ResponseReturnValue:
    """The fragment: the panel of the answers so far. `?seen=` waits for something newer, two seconds at most."""
    of = gate.current(handle)
    return draw(look(of, seen=request.args.get("seen", type=int)), FRAGMENT)


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
    """Close the launch: its tokens are revoked where the EHR offers that, its answers deleted. Who signs out in a chart
    opened from the schedule has signed out.
    """
    of = gate.current(handle)
    for ended in launch.end(of.opened_from or handle):
        parts().gathering.forget(ended)
        parts().lately.forget(ended)
    return render_template("error.html", title="Chartside is closed", advice=present.CLOSED, code="")


def begin(of: launch.Launch, app: Flask) -> None:
    """Start asking the moment a launch is stored, while the browser is still on its way to where it lands."""
    here = parts(app)
    opening = opening_of(of, here)
    begun = bool(landing(of)) and here.huddle.begin(opening, DayAsk.of(of.fhir_user or "", opening.day))
    if not begun or of.patient or of.encounter:  # a schedule asks who looks as well
        here.gathering.advance(opening)


def drawn_again(of: launch.Launch) -> ResponseReturnValue:
    """What answers a write: the fragment for htmx, else the way back to the whole page."""
    if not gate.is_fragment():
        return redirect(url_for("encounter.page", handle=of.handle, full=1), 303)
    return draw(look(of), FRAGMENT)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a tap: the id of its row, and where it was refused why."""

    item: str = ""
    words: str = ""
    status: int = 200


def draw(seen: Look, template: str, said: Said | None = None) -> ResponseReturnValue:
    """The panel of the answers so far, once it is known who looks and at whom; after a tap with what came of it."""
    said = said or Said(request.args.get("kept", ""))
    of, links, shell = seen.of, _links(seen.of, seen), shell_of(seen)
    if seen.role is not None and not seen.may(May.SEE_GAPS):
        return no_panel(of.handle, seen.role, shell, fragment=template == FRAGMENT)
    if not seen.patient_known and seen.state.complete:
        raise NoPatient
    drawn = present.Drawn.parse(request.args.get("turn", ""), request.values.get("drawn", ""))
    version = str(seen.state.version)
    if seen.role is None or not seen.patient_known:
        waiting = present.waiting(links, version=version, drawn=drawn)
        template = template.replace("_drawn", "_waiting")
        return render_template(template, shell=shell, links=links, panel=None, waiting=waiting)
    banner = of.need_patient_banner or not of.framed
    seen, found = noted(seen)
    view = present.panel(
        found,
        now=seen.now,
        links=links,
        version=version,
        ids=parts().ids(of.handle),
        banner=banner,
        drawn=drawn,
        earlier=seen.earlier,
        ticks=parts().actions.prepared(patient_key(seen.opening, seen.state.plan), seen.opening.day),
        acts=acts_of(seen, said),
        kept=said.item,
    )
    return render_template(template, shell=shell, links=links, panel=view), said.status


def noted(seen: Look) -> tuple[Look, Panel]:
    """The panel to be drawn, after what it means has been written down: a visit that goes on, groups that are shown,
    what payers' reports tell of what was sent, promises that are kept.
    """
    found, here = seen.panel(), parts()
    state = seen.state
    written = here.visiting.looked(
        seen.opening,
        state.plan,
        state.answers,
        found,
        complete=state.complete,
        person=person(seen.patient()),
        messages=seen.ledger.messages if seen.may(May.SEE_PROMPTS) else None,  # else some are left out of them
    )
    key = patient_key(seen.opening, state.plan)
    if found.kept:
        here.recording.keep_promises(actor_of(seen.of, state), key, dict(found.kept))
    if not (found.kept or (written and seen.ledger.messages)):
        return seen, found
    ledger = ledger_of(seen.opening, seen.state)
    if ledger == seen.ledger:
        return seen, found
    seen = replace(seen, ledger=ledger)
    return seen, seen.panel()


def acts_of(seen: Look, said: Said | None = None) -> present.Acts:
    """Under what is recorded here."""
    handle, registry = seen.of.handle, parts().registry()
    age = age_of(seen.patient(), seen.opening.day)
    return present.Acts(
        ledger=seen.ledger,
        role=seen.role or Role.NONE,
        sitting=seen.sitting(),
        now=seen.now,
        user=actor_of(seen.of, seen.state).user,
        confirm_days=parts().lists.agreed,
        send=_before_id("sending.page", handle) if seen.of.encounter else "",
        orders=_before_id("orders.page", handle),
        sendable=lambda card: bool(of_gaps(card, registry, age)),
        refused=(said.item, said.words) if said else ("", ""),
    )


def _before_id(endpoint: str, handle: str) -> str:
    """The address of an item's page, before its id."""
    return url_for(endpoint, handle=handle, id_="-").removesuffix("-")


def no_panel(handle: str, role: Role, shell: present.ShellView, *, fragment: bool) -> ResponseReturnValue:
    """For a role without panel and schedule: where it may go instead, else that it is not enough."""
    doors = present.doors(role, {place: url_for(place, handle=handle) for place in present.places(role)})
    problem = present.no_role(role)
    if not doors:
        return render_template("no_role.html", shell=shell, problem=problem, doors=doors), 403
    return render_template("_no_panel.html" if fragment else "no_role.html", shell=shell, problem=problem, doors=doors)


def shell_of(seen: Look) -> present.ShellView:
    of, apart = seen.of, bool(seen.of.opened_from)
    return present.shell(seen.user_name, seen.role, of.ehr_name, missing_scopes=of.missing_scopes, apart=apart)


def _links(of: launch.Launch, seen: Look | None = None) -> present.Links:
    """With the way to the schedule: back to the one that this patient was opened from, else to the user's own."""
    links = links_of(of.handle)
    if seen is not None and seen.may(May.SEE_SENT):
        links = replace(links, sent=url_for("sent.page", handle=of.handle))
    if seen is not None and seen.may(May.SEE_GAPS):
        links = replace(links, follow_ups=url_for("follow_ups.page", handle=of.handle))
    if of.opened_from:
        page = url_for("huddle.page", handle=of.opened_from)
        return replace(links, back=f"{page}?{of.back}" if of.back else page)
    may_list = seen is not None and seen.may(May.SEE_SCHEDULE) and lists_schedules(of)
    return replace(links, schedule=url_for("huddle.page", handle=of.handle)) if may_list else links


def links_of(handle: str) -> present.Links:
    page, flags, retry, end = (url_for(f"encounter.{to}", handle=handle) for to in ("page", "flags", "retry", "end"))
    return present.Links(
        page=page,
        flags=flags,
        full=f"{page}?full=1",
        retry=retry,
        end=end,
        why=f"{page}why/",
        act=url_for("acting.act", handle=handle),
        undo=url_for("acting.undo", handle=handle),
    )
