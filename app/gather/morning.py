"""What is known of a morning while it fills: its patients in the order in which they are asked about."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from app.core.answers import Answer
from app.core.asking import Ask, Opening
from app.core.roles import Role
from app.core.schedule.appointment import Appointment, Schedule
from app.core.schedule.day import Arranged
from app.gather.room import Left
from app.gather.state import State
from app.gather.tally import Part, Tally

if TYPE_CHECKING:
    from app.gather.keeping import Start

NOBODY = Arranged()
USUAL_LENGTH = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Filled:
    """What is known of a morning at one moment. `patients` and `openings` by the references of `arranged`.

    `schedule` None: still being asked, or not for this role. `complete`: nothing is out that was never answered.
    """

    state: State  # of who looks, and of the schedule
    schedule: Answer[Schedule] | None = None
    arranged: Arranged = NOBODY
    patients: Mapping[str, State] = field(default_factory=dict)
    openings: Mapping[str, Opening] = field(default_factory=dict)
    tallies: tuple[Tally, ...] = ()
    complete: bool = False
    marks: frozenset[object] = frozenset()  # of everything that it was read from

    @property
    def role(self) -> Role | None:
        return self.state.role

    @property
    def mark(self) -> tuple[object, ...]:
        """Says which content this is."""
        return (self.state.version, self.complete, *((ref, state.version) for ref, state in self.patients.items()))


@dataclass(frozen=True, slots=True)
class Reading:
    """One patient as last read: the state, while the questions of these `names` stood as `marks` say."""

    state: State
    names: tuple[str, ...]
    marks: object
    at: datetime
    parts: tuple[Part, ...]  # of the tally


@dataclass(slots=True)
class Slot:
    """One patient of a morning."""

    opening: Opening
    reading: Reading | None = None
    hungry: bool = True  # there may be something to ask that nobody asks
    leftover: Sequence[Start] = ()  # the EHR's questions, planned, that there was no room for
    waits_for: Mapping[str, int] = field(default_factory=dict)  # and how many of which source that are planned anew
    premises: set[Ask] = field(default_factory=set)  # the EHR's answers that are out and may allow more

    @property
    def names(self) -> tuple[str, ...]:
        return self.reading.names if self.reading else ()

    def feed(self) -> None:
        """There is news of it: what may be asked is to be found out anew."""
        self.hungry, self.leftover, self.waits_for = True, (), {}

    def wait(self, leftover: Sequence[Start], waits_for: Mapping[str, int]) -> None:
        """For room for these; without any, for nothing."""
        self.leftover, self.waits_for = leftover, waits_for
        self.hungry = bool(leftover or waits_for)

    @property
    def has_news(self) -> bool:
        return self.hungry and not (self.leftover or self.waits_for)

    def fits(self, left: Left) -> bool:
        """Whether a question of it may be claimed now, as far as one can tell without looking."""
        sources = (*self.waits_for, *(one.question.source for one in self.leftover[:1]))
        return self.has_news or (self.hungry and any(left.of(source) > 0 for source in sources))


@dataclass(slots=True, eq=False)
class Morning:
    """The schedule of some days under one launch. `slots` by patient reference, the next appointments first."""

    opening: Opening  # with `schedule`, and no patient
    patient: Opening  # how each is asked about: what is read, how old it may be; names the patient of the launch
    zone: tzinfo  # the clinic's
    state: State | None = None
    schedule: Answer[Schedule] | None = None
    looked: datetime | None = None
    identified: object = None  # the schedule whose patients have been settled or asked for
    arranged: Arranged = NOBODY
    slots: dict[str, Slot] = field(default_factory=dict)
    over: bool = False  # its launch has ended
    held_back: bool = False  # nothing is asked about anybody yet: the first rows are about to be drawn
    out: int = 0  # questions that this process has asked for it; each that comes back brings the next
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def hungry(self) -> bool:
        return not self.over and any(slot.hungry for slot in list(self.slots.values()))

    def fits(self, left: Left) -> bool:
        return not self.over and any(slot.fits(left) for slot in list(self.slots.values()))

    def arrange(self, shown: Arranged, now: datetime) -> None:
        """A slot for each patient: who is still to come, who was here, who missed their visit. Those that stand are
        kept.
        """
        coming = [seat for seat in shown.shown if _ends(seat[0]) >= now]
        found: dict[str, Slot] = {}
        for appointment, ref in (*coming, *shown.shown, *shown.missed):
            kind, _, patient = ref.rpartition("/")
            if kind != "Patient" or not patient or ref in found:
                continue
            day = appointment.start.astimezone(self.zone).date()
            ahead = day if day > self.patient.day else None
            opening = replace(self.patient, patient_id=patient, visit_day=ahead)
            if patient != self.patient.patient_id:
                opening = apart(opening)
            old = self.slots.get(ref)
            found[ref] = old if old is not None and old.opening == opening else Slot(opening)
        self.arranged, self.slots = shown, found


def apart(opening: Opening) -> Opening:
    """For what is not about the patient of the launch: scopes that speak of that patient alone do not count. A server
    that confines them would answer with nothing, and that would read as "nothing there".
    """
    kept = frozenset(scope for scope in opening.scopes if not scope.startswith("patient/"))
    # No scope at all would mean that the EHR states none, and may be asked for anything.
    return replace(opening, scopes=kept or (frozenset({"openid"}) if opening.scopes else kept))


def _ends(appointment: Appointment) -> datetime:
    return appointment.end or appointment.start + USUAL_LENGTH
