"""One look at a launch: who looks, at whom, and the panel of the answers so far. Every surface that shows a chart
starts here, so that the checks and the audit record are the same for all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import launch
from app.actions import Actor
from app.core import panel as core_panel
from app.core.answers import Known
from app.core.asking import (
    EHR,
    ENCOUNTER,
    PATIENT,
    Answers,
    Ask,
    Opening,
    chart_of,
    encounter_of,
    is_anothers,
    payers_of,
    user_of,
)
from app.core.chart import Fact, Patient, When
from app.core.flag import Panel
from app.core.ledger.dismissal import Now
from app.core.ledger.outgoing import Ledger
from app.core.ledger.permission import Sitting
from app.core.ledger.verb import Kind
from app.core.roles import NOT_STATED, May, Role, may
from app.core.schedule import providers
from app.core.schedule.appointment import DayAsk
from app.core.visit import Visit
from app.errors import NoSuchDay, NotFound
from app.gather import Reader, State, patient_key
from app.web.built import Built
from app.web.parts import Parts, parts

DECEASED = "deceased"  # Panel.withheld
NOTHING_RECORDED = Ledger()
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
    ledger: Ledger = NOTHING_RECORDED  # as far as this role may see it
    after_tap: bool = False  # answers a tap: whoever made it has the drawing before it in front of them

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
        fact = self.encounter()
        if fact is None:
            return None
        return Visit(self.opening.day, setting=fact.setting, encounter=fact.ref, finished=fact.status == "finished")

    def encounter(self) -> Fact | None:
        """The encounter of the launch, as the EHR told it last; none where it is another patient's."""
        return encounter_of(self.state.answers, self.state.plan.patient_id)

    def patient(self) -> Patient | None:
        answer = self.state.answers.get(Ask(EHR, PATIENT))
        return answer.value if isinstance(answer, Known) and isinstance(answer.value, Patient) else None

    def sitting(self, encounter: Fact | None = None) -> Sitting:
        """Under what somebody acts here; `encounter` where it was read just now."""
        fact, answer = encounter or self.encounter(), self.state.answers.get(Ask(EHR, ENCOUNTER))
        withheld = DECEASED if (patient := self.patient()) and patient.deceased else ""
        patient_id = self.state.plan.patient_id
        if fact is None or is_anothers(fact, patient_id):
            anothers = isinstance(answer, Known) or fact is not None
            named = f"Encounter/{self.of.encounter}" if self.of.encounter and not anothers else ""
            return Sitting(named, today=self.opening.day, withheld=withheld)
        return Sitting(fact.ref, fact.status, clinic_day(fact.when, self.now), self.opening.day, withheld)

    def panel(self) -> Panel:
        """The panel of the answers so far, as far as this role may see it, and what changed since the last time; after
        a tap as the drawing before it has said.
        """
        lately = self._lately()
        found = lately.asked.panel(self.ledger, self._now())
        changes = lately.changes if self.after_tap else None
        if changes is None:
            prompts = self.may(May.SEE_PROMPTS)
            changes = parts().remembering.since(self.opening, found, may_see_prompts=prompts)
            lately.changes = changes
        return replace(found, changes=changes)

    def earlier(self, out: frozenset[str]) -> Panel:
        """The panel as it would be if the questions `out` (keys of source lines) had no answer yet."""
        if not out:
            return self._lately().asked.panel(self.ledger, self._now())
        answers = {ask: each for ask, each in self.state.answers.items() if f"{ask.source}/{ask.name}" not in out}
        return self._asked(answers).panel(self.ledger, self._now())

    def _lately(self) -> Built:
        """All that is asked by the answers so far; what was built of the same ones is at hand."""
        state, answers = self.state, self.state.answers
        of_launch = (self.opening.day, self.visit(), self.of.ehr_name, parts().registry())
        under = (state.plan, state.complete, self.role, *of_launch)
        return parts().lately.of(self.opening.handle, answers, under, lambda: self._asked(answers))

    def _asked(self, answers: Answers) -> core_panel.Asked:
        return core_panel.asked(
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

    def _now(self) -> Now:
        return Now(self.opening.day, self.sitting().encounter, self.now.tzinfo or UTC, parts().lists.agreed)


def look(of: launch.Launch, *, seen: int | None = None, until_known: bool = False) -> Look:
    """The answers so far, audited as read. `seen` waits for something newer, two seconds at most; `until_known` waits
    as long for user and patient, for a page that cannot ask again by itself.
    """
    here = parts()
    opening = opening_of(of, here)
    reader = reader_of(of)
    state = here.gathering.show(opening, reader, seen=seen, timeout=POLL_SECONDS)
    end = time.monotonic() + POLL_SECONDS
    while until_known and _is_early(state) and (left := end - time.monotonic()) > 0:
        state = here.gathering.show(opening, reader, seen=state.version, timeout=left)
    return Look(of, opening, state, state.role, here.clock().astimezone(here.zone(of.ehr)), ledger_of(opening, state))


def known(of: launch.Launch) -> Look:
    """What is known by now, for what nobody is shown: a write that is audited as itself. Without the ledger, which that
    write reads as it is by then.
    """
    here = parts()
    opening = opening_of(of, here)
    state = here.gathering.state(opening)
    return Look(of, opening, state, state.role, here.clock().astimezone(here.zone(of.ehr)))


def reader_of(of: launch.Launch) -> Reader:
    """Who looks, for the audit."""
    return Reader(of.fhir_user or of.subject or NOT_STATED)


def ledger_of(opening: Opening, state: State) -> Ledger:
    """What was recorded about the patient, as far as this role may see it."""
    role = state.role
    if role is None or not may(role, May.SEE_GAPS) or state.plan.patient_id is None:
        return NOTHING_RECORDED
    return visible(parts().recording.ledger(patient_key(opening, state.plan)), role)


def visible(ledger: Ledger, role: Role) -> Ledger:
    """Of a ledger what this role may see."""
    return ledger if may(role, May.SEE_PROMPTS) else without_prompts(ledger)


def without_prompts(ledger: Ledger) -> Ledger:
    """For a role that sees no conditions: neither what was said of them nor what is promised about them."""
    actions = tuple(each for each in ledger.actions if each.item.kind is not Kind.PROMPT)
    ids = {each.id for each in actions}
    follow_ups = tuple(each for each in ledger.follow_ups if each.action in ids)
    return Ledger(actions, tuple(each for each in ledger.messages if each.action in ids), follow_ups)


def clinic_day(when: When | None, now: datetime) -> date | None:
    """The clinic's day on which something began: an instant belongs to the day of its zone, a date is one."""
    if when is None:
        return None
    try:
        instant = datetime.fromisoformat(when.text)
    except ValueError:
        return when.start
    return instant.astimezone(now.tzinfo).date() if instant.tzinfo else when.start


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
