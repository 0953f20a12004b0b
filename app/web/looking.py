"""One look at a launch: who looks, at whom, and the panel of the answers so far. Every surface that shows a chart
starts here, so that the checks and the audit record are the same for all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import launch
from app.actions import Actor
from app.core import panel as core_panel
from app.core.answers import Known
from app.core.asking import EHR, ENCOUNTER, PATIENT, Ask, Opening, chart_of, payers_of, user_of
from app.core.chart import Fact
from app.core.flag import Panel
from app.core.roles import NOT_STATED, May, Role, may
from app.core.schedule import providers
from app.core.schedule.appointment import DayAsk
from app.core.visit import Visit
from app.errors import NoSuchDay, NotFound
from app.gather import Reader, State
from app.web.parts import Parts, parts

FARTHEST = timedelta(days=366 * 3)  # from today: farther nobody's schedule reaches
_ID = re.compile(r"[A-Za-z0-9\-.]{1,128}")
POLL_SECONDS = 2.0  # README, Decisions: a hospital proxy sees a short request, not a stream


@dataclass(frozen=True, slots=True)
class Look:
    """What one request may show. `role` None: the EHR has not said yet who the user is."""

    of: launch.Launch
    opening: Opening
    state: State
    role: Role | None
    now: datetime  # in the clinic's zone

    @property
    def user_name(self) -> str:
        user = user_of(self.state.answers)
        return user.name if user and user.name else self.of.user_name

    @property
    def patient_known(self) -> bool:
        return self.state.plan.patient_id is not None

    def may(self, what: May) -> bool:
        return self.role is not None and may(self.role, what)

    def visit(self) -> Visit | None:
        """The encounter of the launch, where the EHR has told it."""
        answer = self.state.answers.get(Ask(EHR, ENCOUNTER))
        if not (isinstance(answer, Known) and isinstance(answer.value, Fact)):
            return None
        fact = answer.value
        return Visit(self.opening.day, setting=fact.setting, encounter=fact.ref, finished=fact.status == "finished")

    def panel(self) -> Panel:
        """The panel of the answers so far, as far as this role may see it, and what changed since the last time."""
        remembering, prompts = parts().remembering, self.may(May.SEE_PROMPTS)
        built = self.earlier(frozenset())
        return replace(built, changes=remembering.since(self.opening, built, may_see_prompts=prompts))

    def earlier(self, out: frozenset[str]) -> Panel:
        """The panel as it would be if the questions `out` (keys of source lines) had no answer yet."""
        answers = {ask: each for ask, each in self.state.answers.items() if f"{ask.source}/{ask.name}" not in out}
        return core_panel.build(
            chart_of(answers),
            payers_of(self.state.plan, answers),
            unconnected=self.state.plan.unconnected,
            today=self.opening.day,
            visit=self.visit(),
            ehr_name=self.of.ehr_name,
            may_see_prompts=self.may(May.SEE_PROMPTS),
            registry=parts().registry(),
            models=parts().models,
            more_out=not self.state.complete,  # the encounter may be out still, of which the panel has no line
        )


def look(of: launch.Launch, *, seen: int | None = None, until_known: bool = False) -> Look:
    """The answers so far, audited as read. `seen` waits for something newer, two seconds at most; `until_known` waits
    as long for user and patient, for a page that cannot ask again by itself.
    """
    here = parts()
    opening = opening_of(of, here)
    reader = Reader(of.fhir_user or of.subject or NOT_STATED)
    state = here.gathering.show(opening, reader, seen=seen, timeout=POLL_SECONDS)
    end = time.monotonic() + POLL_SECONDS
    while until_known and _is_early(state) and (left := end - time.monotonic()) > 0:
        state = here.gathering.show(opening, reader, seen=state.version, timeout=left)
    return Look(of, opening, state, state.role, here.clock().astimezone(here.zone(of.ehr)))


def opening_of(of: launch.Launch, here: Parts) -> Opening:
    """What gather and core must know of a launch."""
    return Opening(
        handle=of.handle,
        ehr=of.ehr,
        ehr_name=of.ehr_name,
        issuer=of.issuer,
        patient_id=of.patient,
        encounter_id=of.encounter,
        user_ref=of.fhir_user,
        scopes=of.scopes,
        day=here.clock().astimezone(here.zone(of.ehr)).date(),
        roles=here.role_rows[of.ehr],
        claims={**of.token_fields, **of.claims},
        restrictions=here.restriction_kinds[of.ehr],
        named=of.appointments,
    )


def actor_of(of: launch.Launch, state: State) -> Actor:
    """Who acts under a launch, for what is recorded here."""
    user = user_of(state.answers)
    name = user.name if user and user.name else of.user_name
    return Actor(of.handle, of.fhir_user or of.subject or NOT_STATED, name, state.role or Role.NONE, of.issuer)


def own_day(of: launch.Launch, state: State) -> str:
    """The user as a provider ("Practitioner/123"); empty where the EHR does not say that they are one."""
    user = user_of(state.answers)
    return providers.own(user.ref if user else None, of.fhir_user)


def day_asked(of: launch.Launch, state: State, here: Parts, query: Mapping[str, str]) -> DayAsk:
    """The day (`day`: YYYY-MM-DD) and the provider (`provider`: an id) that an address names. Where it names none:
    today in the clinic's zone, and who stands first for this user; nobody while that is not known. Raises NoSuchDay;
    NotFound for what no provider can be called.
    """
    today = here.clock().astimezone(here.zone(of.ehr)).date()
    try:
        day = date.fromisoformat(query["day"]) if query.get("day") else today
    except ValueError as e:
        raise NoSuchDay from e
    if abs(day - today) > FARTHEST:  # never another day than the one that was asked for
        raise NoSuchDay
    own, named = own_day(of, state), query.get("provider", "")
    if named:
        if not _ID.fullmatch(named):
            raise NotFound
        return DayAsk.of(f"Practitioner/{named}", day)
    first = next(iter(providers.open_to(here.providers[of.ehr], own, state.role)), None)
    return DayAsk.of(first.ref if first else own, day)


def lists_schedules(of: launch.Launch) -> bool:
    """Whether this launch may ask for appointments of more than one patient."""
    return any(launch.covers(of.scopes, f"{context}/Appointment.s") for context in ("user", "system"))


def _is_early(state: State) -> bool:
    """Whether it is not known yet who looks or at whom, so that nothing may be shown."""
    if state.complete:
        return False
    if state.role is None or state.plan.patient_id is None:
        return True
    return Ask(EHR, PATIENT) in state.plan.asks and Ask(EHR, PATIENT) not in state.answers
