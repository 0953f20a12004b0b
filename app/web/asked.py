"""Who asks for what leaves the screen of a day, and for whose day. `app/web/paper` and `app/web/ahead` start here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from flask import request, url_for

import launch
from app.core.answers import Known
from app.core.asking import Opening, user_of
from app.core.chart import Identifier
from app.core.due import SCHEDULE_FRESH
from app.core.roles import May, Role, may
from app.core.schedule.appointment import DayAsk
from app.core.schedule.entry import ProviderRow
from app.core.schedule.providers import open_to
from app.errors import NotAllowed, NotReady
from app.gather import Reader, State
from app.huddle import Day
from app.web import gate, present
from app.web.looking import POLL_SECONDS, actor_of, day_asked, opening_of, own_day
from app.web.parts import Parts, parts
from app.web.present.leaving import About

NPI = "http://hl7.org/fhir/sid/us-npi"
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """A user who may open this provider's day."""

    of: launch.Launch
    here: Parts
    opening: Opening  # without a patient, also in a launch that has one
    role: Role
    user: str
    reader: Reader
    ask: DayAsk
    provider: ProviderRow
    providers: tuple[ProviderRow, ...]  # whose days this user may open, this one among them
    known_as: tuple[Identifier, ...]  # how payers know the provider
    about: About

    @property
    def shell(self) -> present.ShellView:
        return present.shell(self.user, self.role, self.of.ehr_name, missing_scopes=self.of.missing_scopes)

    def url(self, endpoint: str, **query: str) -> str:
        """An address for the same provider, and the same day unless `query` has another."""
        about = {"day": self.ask.first.isoformat(), "provider": self.provider.ref.removeprefix("Practitioner/")}
        return f"{url_for(endpoint, handle=self.of.handle)}?{urlencode({**about, **query})}"


def whole_day(it: Asked) -> Day:
    """The day, audited as read: once all of it is in, or as far as it is after a moment. What leaves the screen is read
    anew where it is old, so that an EHR that has gone silent meanwhile is said.
    """
    end = time.monotonic() + POLL_SECONDS
    day = it.here.huddle.look(it.opening, it.ask, it.reader)
    while (not day.complete or _is_old(day, it.here.clock())) and (left := end - time.monotonic()) > 0:
        if day.complete:
            time.sleep(_LOOK_AGAIN)
        day = it.here.huddle.look(it.opening, it.ask, it.reader, seen=day.version, timeout=left)
    return day


def listed_now(here: Parts, opening: Opening, ask: DayAsk, reader: Reader) -> Day:
    """The day for somebody who acts on a row that was drawn a while ago: where the schedule is old, the EHR gets a
    moment to list it anew. What is missing of the charts is not waited for.
    """
    end = time.monotonic() + POLL_SECONDS
    day = here.huddle.look(opening, ask, reader)
    while _is_old(day, here.clock()) and time.monotonic() < end:
        time.sleep(_LOOK_AGAIN)
        day = here.huddle.look(opening, ask, reader)
    return day


def _is_old(day: Day, now: datetime) -> bool:
    schedule = day.schedule
    return isinstance(schedule, Known) and not schedule.stale_because and now - schedule.received > SCHEDULE_FRESH


def asked(handle: str) -> Asked:
    """Raises NotReady, and NotAllowed for a role without schedules or a provider that is not open to this user."""
    # A fragment is what a page that fills asks for by itself.
    of, here = gate.current(handle, awake=not gate.is_fragment()), parts()
    opening = replace(opening_of(of, here), patient_id=None, encounter_id=None)
    state = known_user(here, opening)
    actor = actor_of(of, state)
    if not (may(actor.role, May.SEE_SCHEDULE) and may(actor.role, May.SEE_GAPS)):
        raise NotAllowed
    ask, own = day_asked(of, state, here, request.args), own_day(of, state)
    rows = open_to(here.providers[of.ehr], own, actor.role, user_name=actor.name)
    provider = next((row for row in rows if row.ref == ask.provider), None)
    if provider is None:
        raise NotAllowed
    about = About(
        of.ehr_name, provider.name, actor.name, actor.role, here.clock().astimezone(here.zone(of.ehr)), here.payer_names
    )
    known_as = _known_as(provider, state, own)
    return Asked(of, here, opening, actor.role, actor.name, Reader(actor.user), ask, provider, rows, known_as, about)


def known_user(here: Parts, opening: Opening) -> State:
    """Who looks; for a page that cannot ask again by itself the EHR gets a moment to say so."""
    end = time.monotonic() + POLL_SECONDS
    while (state := here.gathering.state(opening)).role is None:
        if time.monotonic() > end:
            raise NotReady
        if state.idle:
            here.gathering.advance(opening)
        time.sleep(_LOOK_AGAIN)
    return state


def _known_as(provider: ProviderRow, state: State, own: str) -> tuple[Identifier, ...]:
    if provider.npi:
        return (Identifier(NPI, provider.npi, "NPI"),)
    user = user_of(state.answers) if provider.ref == own else None
    return tuple(each for each in user.identifiers if each.system == NPI and each.value) if user else ()
