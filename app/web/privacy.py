""" "Wrong patient", and the privacy role's page: what is hidden, and restrictions on disclosure. `/l/<handle>/…`."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.actions import Decision, Held
from app.core.answers import Known
from app.core.asking import EHR, PATIENT, Ask
from app.core.chart import Patient
from app.core.restrictions import EVERY_PAYER
from app.core.roles import May, Role
from app.errors import NotAllowed, NotFound
from app.gather import State, patient_key
from app.web import gate
from app.web.encounter import drawn_again, links_of, shell_of
from app.web.looking import Look, actor_of, look, opening_of
from app.web.parts import parts
from app.web.present import privacy as present

MAX_REASON = 500

blueprint = Blueprint("privacy", __name__, url_prefix="/l/<handle>")


@blueprint.post("/wrong-patient")
def wrong_patient(handle: str) -> ResponseReturnValue:
    """What one payer says is not about this patient: hide it for everyone, and show the panel without it.

    Raises NotAllowed for a role that does not see the panel, NotFound for a payer of none of the patient's coverages.
    """
    of, here, payer = gate.current(handle), parts(), request.form.get("payer", "")
    opening = opening_of(of, here)
    state = here.gathering.state(opening)
    actor = actor_of(of, state)
    if actor.role is not Role.NONE and payer not in {row.id for row, _ in state.plan.payers}:
        raise NotFound
    here.actions.hold(actor, patient_key(opening, state.plan), payer, present.person(_patient(state)))
    return drawn_again(of)


@blueprint.get("/privacy")
def page(handle: str) -> ResponseReturnValue:
    """What waits for the privacy role. Raises NotAllowed."""
    return _page(_seen(handle))


@blueprint.post("/privacy/<name>")
def decide(handle: str, name: str) -> ResponseReturnValue:
    """Release a hidden report, or keep it hidden; refused, and said, where it is no longer as the page showed it."""
    seen, why = _seen(handle), _reason()
    if request.form.get("decision") not in list(Decision):
        raise NotFound
    if not why:
        return _page(seen, missing=name)
    decision, shown = Decision(request.form["decision"]), request.form.get("shown", "")
    if now := parts().actions.decide(actor_of(seen.of, seen.state), name, decision, why, shown=shown):
        return _page(seen, changed=now)
    return redirect(url_for(".page", handle=handle), 303)


@blueprint.post("/privacy/restrictions")
def restrict(handle: str) -> ResponseReturnValue:
    """Enter a restriction on disclosure for the patient in the chart: one payer, or every payer (`*`)."""
    seen, why, payer = _seen(handle), _reason(), request.form.get("payer", "")
    patient = _patient(seen.state)
    if patient is None or payer not in (present.EVERY, *parts().payer_names):
        raise NotFound
    if not why:
        return _page(seen, missing="new")
    key = patient_key(seen.opening, seen.state.plan)
    to = EVERY_PAYER if payer == present.EVERY else payer
    parts().actions.restrict(actor_of(seen.of, seen.state), key, to, present.person(patient), why)
    return redirect(url_for(".page", handle=handle), 303)


@blueprint.post("/privacy/restrictions/<name>")
def lift(handle: str, name: str) -> ResponseReturnValue:
    """End a restriction that was entered here."""
    seen, why = _seen(handle), _reason()
    if not why:
        return _page(seen, missing=name)
    parts().actions.lift(actor_of(seen.of, seen.state), patient_key(seen.opening, seen.state.plan), name, why)
    return redirect(url_for(".page", handle=handle), 303)


def _seen(handle: str) -> Look:
    seen = look(gate.current(handle), until_known=True)
    if not seen.may(May.DECIDE_HELD):
        raise NotAllowed
    return seen


def _page(seen: Look, missing: str = "", changed: Held | None = None) -> ResponseReturnValue:
    """The page; `missing` names the entry that came without a reason, `changed` is one that was decided meanwhile."""
    here, patient = parts(), _patient(seen.state)
    desk = here.actions.desk(
        actor_of(seen.of, seen.state), patient_key(seen.opening, seen.state.plan) if patient else ""
    )
    view = present.page(desk, patient, here.payer_names, seen.now, missing=missing, changed=changed)
    links, shell = links_of(seen.of.handle), shell_of(seen)
    drawn = render_template("privacy/page.html", shell=shell, links=links, view=view, handle=seen.of.handle)
    return drawn, 422 if missing else 409 if changed else 200


def _patient(state: State) -> Patient | None:
    answer = state.answers.get(Ask(EHR, PATIENT))
    return answer.value if isinstance(answer, Known) and isinstance(answer.value, Patient) else None


def _reason() -> str:
    return " ".join(request.form.get("why", "").split())[:MAX_REASON]
