"""The use case itself: whose day may be opened, what is asked for it, and what one request may show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from zoneinfo import ZoneInfo

from app.core.answers import Known, Reason, Unknown
from app.core.asking import EHR, PATIENT, Ask, Opening, user_of
from app.core.conditions.model import Models
from app.core.measures import Registry
from app.core.roles import May, may
from app.core.schedule import needs, providers
from app.core.schedule.appointment import DayAsk
from app.core.schedule.entry import Protocol, ProviderRow
from app.core.schedule.row import Row
from app.gather import Filled, Gathering, Reader, State
from app.huddle.building import Builder
from app.huddle.day import Day, Progress
from app.huddle.keeping import Keeping
from app.huddle.recorded import Ledgers
from app.store import Store

#: How old a payer's answer may be on a schedule: what the night has asked is not asked again in the morning.
REPORTS_FRESH = timedelta(hours=24)
#: For how long a source that has failed is left alone while somebody keeps a schedule open.
FAILURES_STAND = timedelta(minutes=5)
COMPANY = 0.4  # seconds to wait for more where there is news already
DAYS_KNOWN = 300  # that were drawn last
_NOTHING_AGREED: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `app.gather` is asked for: the days, how each patient is asked about, the clinic's zone."""

    whole: Opening
    patient: Opening
    zone: tzinfo


class Huddle:
    """One per process. By EHR entry: `timezones`; `rows`, whose days others than themselves may open; `protocols`.
    By payer: `agreed`, the days in which it is to confirm what was sent.
    """

    def __init__(
        self,
        store: Store,
        gathering: Gathering,
        *,
        timezones: Mapping[str, str],
        rows: Mapping[str, Sequence[ProviderRow]],
        protocols: Mapping[str, Sequence[Protocol]],
        registry: Callable[[], Registry],
        models: Models,
        agreed: Mapping[str, int] = _NOTHING_AGREED,
    ) -> None:
        self._gathering, self._timezones, self._providers, self._protocols = gathering, timezones, rows, protocols
        self._registry = registry
        self._builder = Builder(protocols, registry, models, timezones, agreed)
        self._keeping = Keeping(store)
        self._ledgers = Ledgers(store)
        self._drawn: dict[tuple[str, DayAsk], tuple[int, Filled]] = {}  # by launch and days: what was drawn last
        self._lock = threading.Lock()

    # --- what web calls -------------------------------------------------------------------------------------------

    def begin(self, opening: Opening, ask: DayAsk) -> bool:
        """Start asking for the user's own day while the browser is still on its way. Others' days wait for a role:
        False, and nothing is asked.
        """
        if not ask.provider or ask.provider != opening.user_ref:
            return False
        asked = self._asked(opening, ask)
        self._gathering.mornings.begin(asked.whole, asked.patient, asked.zone)
        return True

    def look(
        self, opening: Opening, ask: DayAsk, reader: Reader, *, seen: int | None = None, timeout: float = 0.0
    ) -> Day:
        """What may be shown by now, audited as read. With `seen` the long poll: as soon as it is newer than that
        version, or after `timeout` seconds; where the version is still `seen`, nothing is new. Cheap where nothing is.
        """
        refused = self._refused(opening, ask, reader, timeout)
        if refused is not None:
            return refused
        asked = self._asked(opening, ask)
        mornings = self._gathering.mornings
        if seen is not None and timeout > 0:
            version, before = self._drawn.get((opening.handle, ask), (0, None))
            if before is None or version != seen:
                before = mornings.now(asked.whole, asked.patient, asked.zone)
                timeout = min(timeout, COMPANY)
            if not before.complete:
                filled = mornings.wait(asked.whole, asked.patient, asked.zone, before, timeout=timeout)
                return self._shown(opening, asked, reader, filled, self._day(opening, ask, reader, filled))
        filled = mornings.now(asked.whole, asked.patient, asked.zone)
        return self._shown(opening, asked, reader, filled, self._day(opening, ask, reader, filled))

    def retry(self, opening: Opening, ask: DayAsk, source: str) -> bool:
        """Ask one source (EHR or a payer id) again for everybody it did not answer in full. False, and nobody is asked,
        for a day that this user may not open, and while it is not known who asks.
        """
        state = self._gathering.state(_nobody(opening))
        if not any(row.ref == ask.provider for row in self._open_to(opening, state)):
            return False
        asked = self._asked(opening, ask)
        self._gathering.mornings.retry(asked.whole, asked.patient, asked.zone, source)
        return True

    # --- how ------------------------------------------------------------------------------------------------------

    def _asked(self, opening: Opening, ask: DayAsk) -> _Asked:
        nobody = replace(_nobody(opening), failures_stand=FAILURES_STAND)
        types = needs.types(self._registry(), self._protocols.get(opening.ehr, ()))
        patient = replace(nobody, patient_id=opening.patient_id, types=types, reports_fresh=REPORTS_FRESH)
        return _Asked(replace(nobody, schedule=ask), patient, ZoneInfo(self._timezones[opening.ehr]))

    def _refused(self, opening: Opening, ask: DayAsk, reader: Reader, timeout: float) -> Day | None:
        """None where the day may be asked for. Else what there is instead: nothing while it is not known who looks.

        A user's own day is asked for beside who they are; anybody else's waits for it.
        """
        who = _nobody(opening)
        state = self._gathering.state(who)
        if state.role is None:
            if ask.provider == opening.user_ref:
                return None
            state = self._gathering.show(who, reader, seen=state.version, timeout=timeout)
        role, open_to = state.role, self._open_to(opening, state)
        if role is None or (not ask.provider and open_to):  # whose day it is follows from who looks
            return Day(ask, role, None, providers=open_to, version=state.version)
        if any(row.ref == ask.provider for row in open_to):
            return None
        refusal = Unknown(opening.ehr, Reason.NOT_ALLOWED, "not a day that this user may open")
        return Day(ask, role, refusal, providers=open_to, version=state.version, complete=True)

    def _open_to(self, opening: Opening, state: State) -> tuple[ProviderRow, ...]:
        user = user_of(state.answers)
        own = providers.own(user.ref if user else None, opening.user_ref)
        rows = self._providers.get(opening.ehr, ())
        return providers.open_to(rows, own, state.role, user_name=user.name if user else "")

    def _day(self, opening: Opening, ask: DayAsk, reader: Reader, filled: Filled) -> Day:
        """Everything but the audit."""
        role = filled.role
        if role is None or not may(role, May.SEE_SCHEDULE):
            return Day(ask, role, None, complete=role is not None, version=self._keeping.version(filled, (), None))
        said = self._ledgers.of(filled)
        seats = (filled.arranged.shown, filled.arranged.missed)
        rows, missed = (self._builder.rows(filled, each, said) for each in seats)
        over, cancelled, snapshot = filled.arranged.over, filled.arranged.cancelled, None
        failing = {row.patient_ref for row in rows if _unreadable(filled, row)}
        if failing or _down(filled.schedule):
            kept = self._keeping.kept(opening, reader, ask, role)
            if kept is not None:
                kept, since = self._ledgers.of_before(opening.issuer, kept)
                said |= since
            if kept is not None and _down(filled.schedule):
                rows, missed, over, cancelled = kept.rows, kept.missed, kept.over, kept.cancelled
                snapshot = kept.at
            elif kept is not None:
                before = {(row.appointment.ref, row.patient_ref): row for row in kept.rows}
                old = {(row.appointment.ref, row.patient_ref) for row in rows if row.patient_ref in failing}
                if old & before.keys():
                    rows = tuple(
                        replace(before[at], appointment=row.appointment) if at in old and at in before else row
                        for row in rows
                        for at in [(row.appointment.ref, row.patient_ref)]
                    )
                    snapshot = kept.at
        elif isinstance(filled.schedule, Known) and filled.schedule.stale_because:
            snapshot = filled.schedule.received  # an open schedule whose EHR has stopped answering
        ticks = self._keeping.ticks(opening, (*rows, *missed))
        return Day(
            ask,
            role,
            filled.schedule,
            rows,
            missed,
            over,
            cancelled,
            ticks,
            _progress(filled),
            self._open_to(opening, filled.state),
            self._keeping.version(filled, ticks, snapshot, said),
            filled.complete,
            snapshot,
        )

    def _shown(self, opening: Opening, asked: _Asked, reader: Reader, filled: Filled, day: Day) -> Day:
        with self._lock:
            self._drawn.pop((opening.handle, day.ask), None)
            self._drawn[opening.handle, day.ask] = day.version, filled  # the newest last
            while len(self._drawn) > DAYS_KNOWN:
                del self._drawn[next(iter(self._drawn))]
        self._keeping.record(opening, reader, filled, (*day.rows, *day.missed))
        if day.complete and day.snapshot is None and isinstance(day.schedule, Known) and not day.schedule.stale_because:
            self._keeping.keep(opening, reader, day)
        self._gathering.mornings.go_on(asked.whole, asked.patient, asked.zone)
        return day


def _nobody(opening: Opening) -> Opening:
    """The same without the chart that the launch came from: who looks is the same at every patient."""
    return replace(opening, patient_id=None, encounter_id=None)


def _down(schedule: object) -> bool:
    """Whether an older schedule is better than none: not where this EHR cannot list one, or the user may not see it."""
    return isinstance(schedule, Unknown) and schedule.reason in _DOWN


_DOWN = frozenset({Reason.DOWN, Reason.SLOW, Reason.BUSY, Reason.NOT_READABLE, Reason.SIGNED_OUT})


def _unreadable(filled: Filled, row: Row) -> bool:
    """Whether the EHR could not say who this is, although it listed them."""
    state = filled.patients.get(row.patient_ref)
    return state is not None and _down(state.answers.get(Ask(EHR, PATIENT)))


def _progress(filled: Filled) -> tuple[Progress, ...]:
    return tuple(Progress(tally.source, tally.asked, tally.answered, tally.trouble) for tally in filled.tallies)
