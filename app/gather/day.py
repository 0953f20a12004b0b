"""A morning: the schedule of some days, and behind each appointment what is known of its patient.

The schedule is one question of the launch, asked anew while somebody looks; every patient on it is then asked about as
a launch asks about its own, the next appointments first, and only as many questions at once as there is room for. The
answers themselves drive it on: a morning that nobody looks at fills itself, and one whose process died goes on with
the next look at it in another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.core import asking
from app.core.answers import Answer, Known
from app.core.asking import EHR, PATIENT, SCHEDULE, Ask, Opening
from app.core.schedule.appointment import Schedule
from app.core.schedule.day import Arranged, arranged
from app.gather.asker import LEASE, Asker, key
from app.gather.keeping import LAUNCH_FRESH, Asked, Start, survived
from app.gather.morning import NOBODY, Morning, Reading, Slot, apart
from app.gather.morning import Filled as Filled
from app.gather.room import Left
from app.gather.state import State, question
from app.gather.tally import parts, tallies
from app.store import Store, Tx, answers, barred
from app.store.answers import Settled

COMPANY = 1.0  # seconds that a long poll waits for more once it has news: there is some all the time, and drawing costs
LOOK_AGAIN = 0.25  # seconds: another process's answers wake nobody here
MORNINGS_KNOWN = 300
FIRST_ROWS = 0.3  # seconds that the first questions about patients wait at most for the first rows to be drawn
DRAWN = 0.03  # seconds that a page takes once all that stands in it is known
_WHO = frozenset({asking.USER, asking.USER_ROLES})
SCHEDULE_ASK, PATIENT_ASK = Ask(EHR, SCHEDULE), Ask(EHR, PATIENT)


class Mornings:
    """Those of one process."""

    def __init__(self, store: Store, asker: Asker, news: threading.Condition) -> None:
        self._store, self._asker, self._news = store, asker, news
        self._known: dict[tuple[object, ...], Morning] = {}
        self._lock = threading.Lock()

    # --- what `app.huddle` calls ----------------------------------------------------------------------------------

    def begin(self, opening: Opening, patient: Opening, zone: tzinfo) -> None:
        """Start asking who looks, and for the schedule: everything else follows from the answers."""
        morning = self._morning(opening, patient, zone)
        with self._store.begin() as tx:
            starts = self._asker.next(tx, morning.opening, morning)
        self._asker.start(starts)

    def go_on(self, opening: Opening, patient: Opening, zone: tzinfo) -> None:
        """The first rows are there: now everything that they wait for is asked."""
        morning = self._morning(opening, patient, zone)
        if morning.held_back:
            self._soon(morning, DRAWN)

    def now(self, opening: Opening, patient: Opening, zone: tzinfo) -> Filled:
        """What is known by now; starts what may be asked. `opening` names the days and no patient; `patient` is how
        each of the patients is asked about. Audits nothing: who shows it does.
        """
        morning = self._morning(opening, patient, zone)
        with self._store.read() as tx:
            filled = self._read(tx, morning)
        # What is out brings the next questions with it when it comes back.
        if filled.state.idle or (not morning.out and not morning.held_back and morning.fits(self._left(morning))):
            before = morning.identified
            with self._store.begin() as tx:
                starts = self._fill(tx, morning, arrange=True)
            self._asker.start(starts)
            if morning.identified is not before:
                with self._store.read() as tx:
                    filled = self._read(tx, morning)
        return filled

    def wait(self, opening: Opening, patient: Opening, zone: tzinfo, before: Filled, *, timeout: float) -> Filled:
        """The long poll: the morning once it is other than `before`, or after `timeout` seconds.

        Once there is news it waits a moment for more. The first rows and the last it gives back at once.
        """
        morning, end, newer = self._morning(opening, patient, zone), time.monotonic() + timeout, False
        marks = before.marks
        while True:
            if not (newer and self._goes_on(morning)) and (now := self._pulse(morning)).marks != marks:
                marks = now.marks
                if _is_early(before):
                    filled = self.now(opening, patient, zone)
                    if not _is_early(filled):
                        return filled
                elif not now.out and not morning.hungry:
                    break
                elif not newer:
                    newer, end = True, min(end, time.monotonic() + COMPANY)
            if (left := end - time.monotonic()) <= 0:
                break
            with self._news:
                self._news.wait(min(left, LOOK_AGAIN))
        return self.now(opening, patient, zone)

    def _goes_on(self, morning: Morning) -> bool:
        """Whether this process is still asking for it, as far as one can tell without looking."""
        return morning.out > 0 or morning.hungry

    def retry(self, opening: Opening, patient: Opening, zone: tzinfo, source: str) -> None:
        """Forget what `source` did not answer in full, for every patient, so that it is asked again."""
        morning = self._morning(opening, patient, zone)
        with self._store.begin() as tx:
            filled = self._read(tx, morning)
            self._asker.retry(tx, morning.opening, filled.state, source)
            for ref, state in filled.patients.items():
                self._asker.retry(tx, filled.openings[ref], state, source)
        self.now(opening, patient, zone)

    def forget(self, handle: str) -> None:
        """A launch has ended: nothing more is asked for it."""
        with self._lock:
            for of in [of for of in self._known if of[0] == handle]:
                self._known.pop(of).over = True

    # --- what the writer calls --------------------------------------------------------------------------------------

    def after(self, tx: Tx, items: Sequence[Asked]) -> list[Start]:
        """What these answers allow to be asked, and what there is room for now."""
        found: dict[Morning, bool] = {}
        for handle in {item.start.opening.handle for item in items if item.start.ask.name in _WHO}:
            for morning in self._of(handle):  # their role decides what of anybody may be asked
                found[morning] = True
                for slot in morning.slots.values():
                    slot.feed()
        for item in items:
            fills = item.start.morning
            if fills is None or fills.over:
                continue
            found[fills] = found.get(fills, False) or item.start.opening.schedule is not None
            own = fills.slots.get(f"Patient/{item.start.opening.patient_id}")
            if own is not None and asking.allows_more(item.start.ask):
                own.premises.discard(item.start.ask)
                if item.start.ask.source != EHR or not own.premises:  # the EHR's allow something together only
                    own.feed()
        with self._lock:  # where one gives room back, others may be waiting for it
            waiting = [each for each in self._known.values() if each.hungry and each not in found]
        return [
            start
            for morning, arrange in [*found.items(), *((each, False) for each in waiting)]
            for start in self._fill(tx, morning, arrange=arrange)
        ]

    def _of(self, handle: str) -> list[Morning]:
        with self._lock:
            return [morning for of, morning in self._known.items() if of[0] == handle]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _morning(self, opening: Opening, patient: Opening, zone: tzinfo) -> Morning:
        of = (*key(opening), key(patient))
        with self._lock:
            morning = self._known.pop(of, None) or Morning(apart(opening), patient, zone)
            self._known[of] = morning  # the newest last
            for old in list(self._known)[:-MORNINGS_KNOWN]:
                del self._known[old]
        return morning

    def _left(self, morning: Morning) -> Left:
        with self._lock:
            others = sum(each.hungry for each in self._known.values() if each is not morning)
        return self._asker.room.left(others + 1)

    def _read(self, tx: Tx, morning: Morning) -> Filled:
        """Only patients of whom something has changed are read anew."""
        state, schedule, shown, slots = self._look(tx, morning)
        own = barred.own_of(tx, [_key(slot.opening) for slot in slots.values()])
        marks = self._marks(tx, {ref: slot.names for ref, slot in slots.items()})
        stale = [
            ref for ref, slot in slots.items() if not _stands(slot, (marks[ref], own.get(_key(slot.opening))), tx.now)
        ]
        found = dict(zip(stale, self._asker.read_all(tx, [slots[ref].opening for ref in stale]), strict=True))
        for ref, read in found.items():
            slot = slots[ref]
            if read.idle and not slot.hungry:
                slot.feed()
            marks[ref] = read.pulses
            now, names = (read.pulses, own.get(_key(slot.opening))), answers.names(tx, read.questions)
            slot.reading = Reading(read, names, now, tx.now, parts(slot.opening, read))
        readings = {ref: slot.reading for ref, slot in slots.items() if slot.reading is not None}
        patients = {ref: reading.state for ref, reading in readings.items()}
        out = SCHEDULE_ASK in state.plan.asks and SCHEDULE_ASK not in state.answers
        return Filled(
            state,
            schedule,
            shown,
            patients,
            {ref: slot.opening for ref, slot in slots.items()},
            tallies((parts(morning.opening, state, who=True), *(reading.parts for reading in readings.values()))),
            complete=state.complete and not out and all(each.complete for each in patients.values()),
            marks=frozenset(mark for of in (state.pulses, *marks.values()) for mark in of),
        )

    def _marks(self, tx: Tx, asked: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[object, ...]]:
        found = answers.pulses(tx, {name for names in asked.values() for name in names})
        return {ref: tuple(found[name].mark for name in names if name in found) for ref, names in asked.items()}

    def _pulse(self, morning: Morning) -> _Pulse:
        """A cheap look: whether anything was written since, and whether anything is being asked."""
        names = {name for slot in list(morning.slots.values()) for name in slot.names}
        asked = morning.state.questions if morning.state else ()
        with self._store.read() as tx:
            found = answers.pulses(tx, names | set(answers.names(tx, asked)))
        return _Pulse(frozenset(each.mark for each in found.values()), sum(each.asking for each in found.values()))

    def _look(self, tx: Tx, morning: Morning) -> tuple[State, Answer[Schedule] | None, Arranged, dict[str, Slot]]:
        """Who looks, and the schedule. A transaction that began before the last look changes nothing."""
        state = self._asker.read(tx, morning.opening)
        answer = state.answers.get(SCHEDULE_ASK)
        with morning.lock:
            if morning.looked is None or tx.now >= morning.looked or morning.state is None:
                morning.looked, morning.state = tx.now, state
                if answer is not morning.schedule and answer != morning.schedule:
                    morning.schedule = answer
                    morning.arrange(_arranged(answer, morning), tx.now)
            return morning.state, morning.schedule, morning.arranged, morning.slots

    # --- asking -----------------------------------------------------------------------------------------------------

    def _fill(self, tx: Tx, morning: Morning, *, arrange: bool) -> list[Start]:
        """Claim what there is room for, the next appointments first."""
        left, starts = self._left(morning), list[Start]()
        if not arrange and not morning.fits(left):
            return starts
        answers.alone(tx)
        with morning.lock:
            if arrange:
                self._look(tx, morning)
                if morning.state is None or morning.state.idle:
                    starts += self._asker.next(tx, morning.opening, morning)
                    for start in starts:
                        left.claim(start.question.source)
                    self._look(tx, morning)
                if morning.schedule is not morning.identified:
                    starts += self._identify(tx, morning, left)
                    if morning.identified is None and morning.slots:
                        self._hold_back(morning)
                    morning.identified = morning.schedule
            if morning.held_back:
                return starts
            fitting = [slot for slot in morning.slots.values() if slot.fits(left)]
            found = self._asker.fill(tx, fitting, left, morning)
            for start in found:
                if start.ask.source == EHR and asking.allows_more(start.ask):
                    morning.slots[f"Patient/{start.opening.patient_id}"].premises.add(start.ask)
        return starts + found

    def _hold_back(self, morning: Morning) -> None:
        """Who comes is known, and somebody waits to see that: hundreds of questions would be in the way."""
        morning.held_back = True
        self._soon(morning, FIRST_ROWS)  # nobody may be looking

    def _soon(self, morning: Morning, seconds: float) -> None:
        later = threading.Timer(seconds, self._let_go, [morning])
        later.daemon = True
        later.start()

    def _let_go(self, morning: Morning) -> None:
        with morning.lock:
            if not morning.held_back:
                return
            morning.held_back = False
        with survived("filling a schedule"):
            with self._store.begin() as tx:
                starts = self._fill(tx, morning, arrange=False)
            self._asker.start(starts)

    def _identify(self, tx: Tx, morning: Morning, left: Left) -> list[Start]:
        """Who they are comes before everything else: from the schedule's answer, else one question each."""
        answer = morning.schedule
        if not isinstance(answer, Known):
            return []
        came = {f"Patient/{patient.id}": patient for patient in answer.value.patients}
        given = [
            Settled(
                question(slot.opening, PATIENT_ASK, asking.plan(slot.opening, {}, ())),
                Known(came[ref], answer.source, answer.received),
                LAUNCH_FRESH,
            )
            for ref, slot in morning.slots.items()
            if ref in came
        ]
        answers.given(tx, given, self._asker.who)
        strangers = [slot.opening for ref, slot in morning.slots.items() if ref not in came and slot.reading is None]
        return self._asker.first(tx, strangers, PATIENT_ASK, left, morning)


@dataclass(frozen=True, slots=True)
class _Pulse:
    marks: frozenset[object]
    out: int


def _is_early(filled: Filled) -> bool:
    """Whether there is nothing to draw yet: no schedule, or nobody known to draw it for."""
    return filled.role is None or (filled.schedule is None and not filled.complete)


def _arranged(answer: Answer[Schedule] | None, morning: Morning) -> Arranged:
    of = morning.opening.schedule
    return arranged(answer.value, of, morning.zone) if isinstance(answer, Known) and of is not None else NOBODY


def _stands(slot: Slot, marks: object, now: datetime) -> bool:
    reading = slot.reading
    # Once in a while also what looks unchanged: who asked it may have died.
    if reading is None or reading.marks != marks or now >= reading.at + LEASE:
        return False
    return reading.state.until is None or now < reading.state.until


def _key(opening: Opening) -> str:
    return f"{opening.issuer}|{opening.patient_id or ''}"
