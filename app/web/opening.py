"""What is done to a row of the morning schedule: its patient's panel is opened, or a step of it is ticked.

`/l/<handle>/huddle/open`, `tick`, `untick`. A form names a row by an id that only this launch can have been shown, and
never a patient. What it names is looked up on the schedule that this user may see now; what is gone is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.actions import Actor
from app.core.roles import May, may
from app.core.schedule.providers import is_open
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick, Ticked, may_be_ticked, order_id, steps_of
from app.errors import Changed, NotAllowed, NotAnOrder, NotFound
from app.gather import Reader
from app.huddle import Day
from app.web import gate
from app.web.asked import listed_now
from app.web.looking import actor_of, day_asked, opening_of, own_day
from app.web.parts import parts
from app.web.present.ids import Ids

HUDDLE = "huddle/"
MISSED = "missed"  # the form's `back`, on the list of who did not come
MAX_WORD = 2000  # of one part of the query that is handed on
#: Of the fragment's own request: which rows the browser has in front of it.
_DRAWN = frozenset({"seen", "turn", "drawn", "full", "calm"})

#: Words of the launch context `intent` that mean the schedule (SMART App Launch 2.2: free text, agreed with each EHR).
INTENTS = frozenset({
    "huddle", "morning-huddle", "daily-huddle", "schedule", "morning-schedule", "daily-schedule", "day-schedule",
    "view-schedule", "schedule-view", "appointments", "appointment-list", "worklist",
})  # fmt: skip

blueprint = Blueprint("opening", __name__, url_prefix="/l/<handle>/huddle")


def landing(of: launch.Launch) -> str:
    """Where a launch lands, below its own address: on the schedule without a patient, or where the EHR means that."""
    intent = re.sub(r"[^a-z]+", "-", (of.intent or "").casefold()).strip("-")
    return HUDDLE if intent in INTENTS or not (of.patient or of.encounter) else ""


@blueprint.post("/open")
def open_row(handle: str) -> ResponseReturnValue:
    """Open the patient of a row as a launch of its own; the patient whose chart is open in the EHR is that chart's.

    Raises Changed where the row is not on the schedule, NotAllowed without the right to see panels, and
    launch.OnlyThisChart where the EHR granted no other patient.
    """
    acting = _acting(handle, May.SEE_GAPS)
    row, of = acting.row, acting.of
    patient = _id(row.patient_ref, "Patient")
    if not patient:
        raise Changed
    if patient == of.patient:
        return redirect(url_for("encounter.page", handle=handle), 303)
    visit = row.appointment
    return launch.open_for(
        handle,
        patient,
        # A group's encounter is of all its patients, or of one that we cannot tell.
        encounter=_id(visit.encounter, "Encounter") if len(visit.patients) == 1 else None,
        appointment=_id(visit.ref, "Appointment"),
        back=urlencode(_place()),
    )


@blueprint.post("/tick")
def tick(handle: str) -> ResponseReturnValue:
    """Mark a step of a row, or the row, as prepared. Raises Changed where that step is not there (any more)."""
    acting, what = _acting(handle, May.TICK), _what()
    order = order_id(request.form.get("order", "")) if what is Ticked.ORDERED else ""
    if order is None:
        raise NotAnOrder
    step = acting.step()
    if step is None or not may_be_ticked(acting.row, step, what):
        raise Changed
    service = next((each.service for each in steps_of(acting.row) if each.key == step), "")
    parts().actions.tick(acting.actor, acting.patient_key, acting.tick(step, what, order, service))
    return _again(handle)


@blueprint.post("/untick")
def untick(handle: str) -> ResponseReturnValue:
    """Take a mark back, whoever made it; the step that it was made on may be gone."""
    acting, what = _acting(handle, May.TICK), _what()
    step = acting.step()
    if step is None:
        raise Changed
    parts().actions.untick(acting.actor, acting.patient_key, acting.tick(step, what))
    return _again(handle)


@dataclass(frozen=True, slots=True)
class _Acting:
    """Somebody who acts on a row that they may see now."""

    of: launch.Launch
    actor: Actor
    day: Day
    row: Row
    on: date  # the day of the row, in the clinic's zone
    ids: Ids

    @property
    def patient_key(self) -> str:
        return f"{self.of.issuer}|{_id(self.row.patient_ref, 'Patient')}"

    def step(self) -> str | None:
        """The key of the step that the form names; empty: the row itself. None: no such step."""
        keys = ("", *(each.key for each in steps_of(self.row)), *(each.step for each in self.day.ticks))
        named, visit, patient = request.form.get("step", ""), self.row.appointment.ref, self.row.patient_ref
        if not named:
            return ""
        return next((key for key in keys if self.ids.step(visit, patient, key) == named), None)

    def tick(self, step: str, what: Ticked, order: str = "", service: str = "") -> Tick:
        visit, now = self.row.appointment.ref, parts().clock()
        return Tick(visit, self.row.patient_ref, step, what, self.actor.name, now, order, self.on, service)


def _acting(handle: str, what: May) -> _Acting:
    """Raises NotAllowed for a role, or a provider that is not open to it; Changed where the row is not there now."""
    of, here = gate.current(handle), parts()
    opening = opening_of(of, here)
    state = here.gathering.state(opening)
    actor, ask = actor_of(of, state), day_asked(of, state, here, request.args)
    if not may(actor.role, May.SEE_SCHEDULE) or not may(actor.role, what):
        raise NotAllowed
    if not is_open(here.providers[of.ehr], own_day(of, state), actor.role, ask.provider):
        raise NotAllowed
    day = listed_now(here, opening, ask, Reader(actor.user))
    ids, named = here.ids(handle), request.form.get("row", "")
    for row in (*day.rows, *day.missed):
        if ids.visit(row.appointment.ref, row.patient_ref) == named and _id(row.patient_ref, "Patient"):
            return _Acting(of, actor, day, row, row.appointment.start.astimezone(here.zone(of.ehr)).date(), ids)
    raise Changed


def _what() -> Ticked:
    try:
        return Ticked(request.form.get("what", ""))
    except ValueError as e:
        raise NotFound from e


def _id(reference: str, kind: str) -> str:
    """123 of Patient/123; empty for anything else."""
    return reference.removeprefix(f"{kind}/") if reference.startswith(f"{kind}/") else ""


def _place() -> dict[str, str]:
    """Where on the schedule the form stood: day, provider, filters and order, as its own address had them."""
    said = {name: value for name, value in request.args.items() if len(name) <= 20 and len(value) <= MAX_WORD}
    return {name: value for name, value in said.items() if name not in _DRAWN}


def _again(handle: str) -> ResponseReturnValue:
    """What answers a mark: the list of no-shows where it was made there, the rows for htmx, else the whole page."""
    if request.form.get("back") == MISSED:
        return redirect(f"{url_for('ahead.missed', handle=handle)}?{urlencode(_place())}", 303)
    if gate.is_fragment():
        drawn = {name: request.args[name] for name in ("drawn",) if request.args.get(name)}
        return redirect(f"{url_for('huddle.rows', handle=handle)}?{urlencode({**_place(), **drawn})}", 303)
    return redirect(f"{url_for('huddle.page', handle=handle)}?{urlencode({**_place(), 'full': '1'})}", 303)
