"""What a look at a day reads from and leaves in the store beside the answers: ticks, snapshots, the audit."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.core.asking import Opening
from app.core.restrictions import EVERY_PAYER, Own
from app.core.roles import Role
from app.core.schedule.appointment import DayAsk
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick
from app.gather import Filled, Reader, State, counts
from app.huddle.day import Day
from app.huddle.recorded import NOTHING_READ, Read
from app.store import Store, audit, barred, snapshots, ticks
from app.store.snapshots import Snapshot, Whose

#: What the audit calls a look at a row: less than a chart is drawn, more than a name.
READ_ROW = "read-schedule-row"
LAUNCHES_KNOWN = 500


class Keeping:
    """One per process: what was recorded and kept is remembered, so that it is not done again for nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recorded: dict[str, dict[str, list[Row]]] = {}  # by launch: what was last shown of whom
        self._kept: dict[tuple[str, str], int] = {}  # by launch and days: the version that was kept
        self._lock = threading.Lock()

    def ticks(self, opening: Opening, rows: Iterable[Row]) -> tuple[Tick, ...]:
        """What stands ticked for the rows."""
        appointments = [row.appointment.ref for row in rows]
        if not appointments:
            return ()
        with self._store.read() as tx:
            return ticks.of(tx, opening.issuer, appointments)

    def version(
        self,
        filled: Filled,
        ticked: Sequence[Tick],
        snapshot: datetime | None,
        recorded: Mapping[str, Read] = NOTHING_READ,
    ) -> int:
        """One of this content and of no other. It stands in URLs, so it is a keyed hash, as a panel's."""
        with self._store.read() as tx:
            marks = repr((filled.mark, [(t.appointment, t.patient, t.step, t.what, t.at, t.order) for t in ticked]))
            said = repr(sorted((ref, each.version) for ref, each in recorded.items()))
            return int(tx.hash("version", marks, said, str(snapshot))[:12], 16)

    def record(self, opening: Opening, reader: Reader, filled: Filled, rows: Iterable[Row]) -> None:
        """Commit whose rows are about to be shown; not again who was shown the same under this launch before."""
        with self._lock:
            known = self._recorded.pop(opening.handle, {})
            self._recorded[opening.handle] = known  # the newest last
            for old in list(self._recorded)[:-LAUNCHES_KNOWN]:
                del self._recorded[old]
        shown: dict[str, list[Row]] = {}
        for row in rows:
            shown.setdefault(row.patient_ref, []).append(row)
        new = {ref: each for ref, each in shown.items() if known.get(ref) != each}
        if not new:
            return
        with self._store.begin() as tx:
            audit.record_all(
                tx,
                [_entry(opening, reader, filled, ref, at=tx.now) for ref in sorted(new)],
            )
        known.update(new)

    def kept(self, opening: Opening, reader: Reader, ask: DayAsk, role: Role) -> Snapshot | None:
        """The last whole morning, without what must not be shown any more."""
        with self._store.read() as tx:
            found = snapshots.get(tx, _whose(opening, reader, ask, role))
            if found is None:
                return None
            own = barred.own_of(tx, {_patient(opening, row.patient_ref) for row in (*found.rows, *found.missed)})
        rows, missed = (
            tuple(_without(row, own.get(_patient(opening, row.patient_ref))) for row in of)
            for of in (found.rows, found.missed)
        )
        return replace(found, rows=rows, missed=missed)

    def keep(self, opening: Opening, reader: Reader, day: Day) -> None:
        """Keep a whole morning, once for each version of it."""
        assert day.role is not None
        whose = _whose(opening, reader, day.ask, day.role)
        of = (opening.handle, repr(whose))
        with self._lock:
            if self._kept.get(of) == day.version:
                return
        with self._store.begin() as tx:
            snapshots.put(tx, whose, day.rows, day.missed, day.over, day.cancelled)
        with self._lock:
            self._kept[of] = day.version
            for old in list(self._kept)[:-LAUNCHES_KNOWN]:
                del self._kept[old]


def _entry(opening: Opening, reader: Reader, filled: Filled, ref: str, *, at: datetime) -> audit.Audit:
    state: State | None = filled.patients.get(ref)
    return audit.Audit(
        launch=opening.handle,
        who=reader.user,
        role=str(filled.role or ""),
        patient=_patient(opening, ref) if ref else "",
        action=READ_ROW,
        counts=counts(state) if state else {},
        outcome="still asking" if state and not state.complete else "ok",
        at=at,
    )


def _patient(opening: Opening, ref: str) -> str:
    return f"{opening.issuer}|{ref.removeprefix('Patient/')}"


def _whose(opening: Opening, reader: Reader, ask: DayAsk, role: Role) -> Whose:
    return Whose(opening.issuer, reader.user, str(role), ask.provider, f"{ask.first}/{ask.last}")


def _without(row: Row, own: Own | None) -> Row:
    """A row of before without what a payer said that has been hidden or restricted since: who it is, and when."""
    own = own or Own()
    said = {*row.payers, *(payer for step in (*row.steps, *row.more_steps) for payer in step.payers)}
    restricted = said if EVERY_PAYER in own.restricted else said & own.restricted
    if not restricted and not said & own.held:
        return row
    silent = tuple(sorted(said & own.held - restricted))
    return Row(row.appointment, row.patient_ref, row.patient, restricted=tuple(sorted(restricted)), silent=silent)
