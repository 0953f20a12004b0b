"""One patient's row from the answers so far, built once for each state of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

from app.core import panel
from app.core.answers import Known
from app.core.asking import EHR, PATIENT, Ask, Opening, chart_of, payers_of
from app.core.chart import Patient
from app.core.conditions.model import Models
from app.core.ledger.dismissal import Now
from app.core.ledger.visible import without_prompts
from app.core.measures import Registry
from app.core.roles import May, may
from app.core.schedule import rows
from app.core.schedule.appointment import Appointment, Mode
from app.core.schedule.day import Seat
from app.core.schedule.entry import Protocol
from app.core.schedule.recorded import open_still
from app.core.schedule.row import Row
from app.core.visit import Visit
from app.gather import Filled, State
from app.huddle.recorded import NOTHING, Read

ROWS_KNOWN, DAYS_KNOWN = 5000, 200
_SETTING = {Mode.IN_PERSON: "AMB", Mode.VIDEO: "VR", Mode.PHONE: "VR"}  # Encounter.class, v3-ActCode
_Key = tuple[object, ...]


@dataclass
class Builder:
    """One per process. `protocols` and `timezones` by EHR entry id; `agreed`: days in which a payer is to confirm."""

    protocols: Mapping[str, Sequence[Protocol]]
    registry: Callable[[], Registry]
    models: Models
    timezones: Mapping[str, str]
    agreed: Mapping[str, int]
    _rows: dict[_Key, tuple[Appointment, Row]] = field(default_factory=dict)
    _together: dict[tuple[int, ...], tuple[tuple[Row, ...], tuple[Row, ...]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, filled: Filled, seats: Sequence[Seat], recorded: Mapping[str, Read]) -> tuple[Row, ...]:
        """The rows of `seats`, marked where two of them are alike. `recorded` by patient reference."""
        found = tuple(self._row(filled, *seat, recorded.get(seat[1], NOTHING)) for seat in seats)
        of = tuple(map(id, found))
        with self._lock:
            known = self._together.get(of)
        if known is None:
            known = found, rows.together(found)
            with self._lock:
                self._together[of] = known
                for old in list(self._together)[:-DAYS_KNOWN]:
                    del self._together[old]
        return known[1]

    def _row(self, filled: Filled, appointment: Appointment, ref: str, recorded: Read) -> Row:
        state, opening = filled.patients.get(ref), filled.openings.get(ref)
        if state is None or opening is None:  # known by a record number only, or not looked up yet
            return Row(appointment, ref, complete=state is None and not ref)
        registry = self.registry()
        read = (state.version, state.complete, state.role)
        of = (opening.handle, opening.only, appointment.ref, ref, opening.about, *read, id(registry), recorded.version)
        with self._lock:
            known = self._rows.get(of)
        if known is not None and known[0] == appointment:
            return known[1]
        row = self._built(appointment, ref, opening, state, registry, recorded)
        with self._lock:
            self._rows[of] = appointment, row
            for old in list(self._rows)[:-ROWS_KNOWN]:
                del self._rows[old]
        return row

    def _built(
        self, appointment: Appointment, ref: str, opening: Opening, state: State, registry: Registry, recorded: Read
    ) -> Row:
        prompts = state.role is not None and may(state.role, May.SEE_PROMPTS)
        chart, payers = chart_of(state.answers), payers_of(state.plan, state.answers)
        whole = opening.only is None and state.role is not None and may(state.role, May.SEE_GAPS)
        built = None
        ledger = recorded.ledger if prompts else without_prompts(recorded.ledger)
        # Of no encounter: what was put off at a visit of this day stays put off until the day is over.
        now = Now(opening.about, zone=ZoneInfo(self.timezones[opening.ehr]), confirm_days=self.agreed)
        if whole:
            made = partial(
                panel.build,
                chart,
                payers,
                unconnected=state.plan.unconnected,
                today=opening.about,
                visit=Visit(opening.about, setting=_SETTING[appointment.mode]),
                ehr_name=opening.ehr_name,
                may_see_prompts=prompts,
                registry=registry,
                more_out=not state.complete,
                models=self.models,
                now=now,
            )
            built = made(ledger=ledger)
            if built.kept:  # has come since: a panel of the encounter writes it down, a schedule only reads
                ledger = open_still(ledger, built.kept)
                built = made(ledger=ledger)
        return rows.build(
            appointment,
            ref,
            patient=patient_of(state),
            chart=chart if whole else None,
            panel=built,
            day=opening.about,
            complete=state.complete,
            protocols=tuple(self.protocols.get(opening.ehr, ())),
            may_see_prompts=prompts,
            registry=registry,
            ledger=ledger,
            now=now,
        )


def patient_of(state: State) -> Patient | None:
    answer = state.answers.get(Ask(EHR, PATIENT))
    return answer.value if isinstance(answer, Known) and isinstance(answer.value, Patient) else None
