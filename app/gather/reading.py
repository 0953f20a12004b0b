"""Reading what is known from the store: of one patient, or of many in as few looks at the database as of one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.core import asking, due
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, Ask, Opening, PayerRow, Plan
from app.core.restrictions import Own
from app.gather.state import State, failed, patient_key, question
from app.store import Tx, answers, barred
from app.store.answers import Question, Stored
from app.store.schema import STALE_FOR

Before = Mapping[Ask, Question]
_NOTHING: Before = {}


def read(tx: Tx, opening: Opening, rows: Sequence[PayerRow], before: Before = _NOTHING) -> State:
    """Plan and answers, read in turn: each answer may allow further questions.

    `before` are the questions of an earlier reading: they are fetched in one go, and those that still stand are used.
    """
    return read_all(tx, [(opening, before)], rows)[0]


def read_all(tx: Tx, of: Sequence[tuple[Opening, Before]], rows: Sequence[PayerRow]) -> list[State]:
    """The same of many side by side, who all let failures stand for the same time."""
    if not of:
        return []
    # With `failures_stand`, `again` says when they are asked anew.
    standing = STALE_FOR if of[0][0].failures_stand else timedelta()
    hand = _Hand(tx, standing, [f"{opening.issuer}|{opening.patient_id or ''}" for opening, _ in of])
    states: dict[int, State] = {}
    going = {n: _reading(tx, opening, rows, before, hand) for n, (opening, before) in enumerate(of)}
    while going:
        unread: set[Question] = set()
        for n, reading in list(going.items()):
            try:
                unread.update(next(reading))
            except StopIteration as end:
                states[n] = end.value
                del going[n]
        hand.fetch(unread)
    return [states[n] for n in range(len(of))]


class _Hand:
    """What has been fetched in this transaction. `patients`: the keys of those who are read."""

    def __init__(self, tx: Tx, standing: timedelta, patients: Sequence[str]) -> None:
        self._tx, self._standing, self._patients = tx, standing, patients
        self.stored: dict[Question, Stored | None] = {}
        self._own: Mapping[str, Own] | None = None

    def fetch(self, questions: Iterable[Question]) -> None:
        if unread := [one for one in questions if one not in self.stored]:
            found = answers.snapshot(self._tx, unread, failures_stand=self._standing)
            self.stored.update((one, found.get(one)) for one in unread)

    def own(self, patient: str) -> Own:
        """What the practice itself has decided about a patient."""
        if len(self._patients) == 1 or patient not in self._patients:
            return barred.own(self._tx, patient)
        if self._own is None:
            self._own = barred.own_of(self._tx, self._patients)
        return self._own.get(patient) or Own()


def _reading(
    tx: Tx, opening: Opening, rows: Sequence[PayerRow], before: Before, hand: _Hand
) -> Generator[Iterable[Question], None, State]:
    """One reading: yields the questions that have to be at hand before it can go on, and ends with the state."""
    found: dict[Ask, Answer[Any]] = {}
    asked: dict[Ask, Question] = {}
    own: Own | None = None
    if before:
        yield before.values()
        found = {ask: answer for ask, one in before.items() if (answer := _counts(opening, hand.stored[one]))}
    plan = asking.plan(opening, found, rows)
    if plan.payers:
        own = hand.own(patient_key(opening, plan))
        plan = asking.plan(opening, found, rows, own)
    if before and _stand(opening, plan, before, found):
        asked = {ask: before[ask] for ask in plan.asks if ask in before}
    elif before:
        found, own = {}, None
        plan = asking.plan(opening, found, rows)
    while True:
        if own is None and plan.payers:
            own = hand.own(patient_key(opening, plan))
            plan = asking.plan(opening, found, rows, own)
        new = {ask: question(opening, ask, plan) for ask in plan.asks if ask not in asked}
        if not new:
            break
        if any(one not in hand.stored for one in new.values()):
            yield new.values()
        asked |= new
        came = {ask: answer for ask, one in new.items() if (answer := _counts(opening, hand.stored[one]))}
        if came:
            found |= came
            plan = asking.plan(opening, found, rows, own)
    return _state(tx, opening, plan, found, asked, {ask: hand.stored[one] for ask, one in asked.items()}, own)


def _counts(opening: Opening, one: Stored | None) -> Answer[Any] | None:
    """The answer that counts for who reads it: what the night has left alone is there for the night only."""
    if one is None or one.answer is None or opening.ahead:
        return one.answer if one else None
    why = one.answer.reason if isinstance(one.answer, Unknown) else one.answer.stale_because
    return None if why is Reason.NOT_AHEAD else one.answer


def _stand(opening: Opening, plan: Plan, before: Before, found: Mapping[Ask, Answer[Any]]) -> bool:
    """Whether all that was found is planned on what was found, and would be asked in the same words."""
    asks = set(plan.asks)
    return found.keys() <= asks and all(
        ask.source == EHR or question(opening, ask, plan) == before[ask] for ask in asks if ask in before
    )


def _state(
    tx: Tx,
    opening: Opening,
    plan: Plan,
    found: Mapping[Ask, Answer[Any]],
    asked: Mapping[Ask, Question],
    looked: Mapping[Ask, Stored | None],
    own: Own | None,
) -> State:
    out = [one for ask, one in looked.items() if ask not in found]
    planned = {ask: found[ask] for ask in plan.asks if ask in found}
    aged = due.aged(opening, planned, tx.now)
    again = (
        *aged,
        *due.moved(planned, tx.now),
        *(ask for ask in planned if _is_due(looked[ask], planned[ask], opening, tx.now)),
        *(ask for ask, one in looked.items() if ask not in found and one is not None and one.answer is not None),
    )
    return State(
        plan,
        found,
        version=_version(tx, [one.mark for one in looked.values() if one], own),
        complete=not (out or aged),
        idle=any(one is None or not one.asking for one in (*out, *(looked[ask] for ask in again))),
        role=asking.role_by_now(opening, found),
        pulse=sum(one.version for one in looked.values() if one),
        asked=asked,
        pulses=tuple(one.pulse for one in looked.values() if one),
        again=again,
        until=_until(opening, looked, found, tx.now),
        own=own or Own(),
    )


def stands(tx: Tx, opening: Opening, state: State) -> bool:
    """Whether reading again would read this complete `state` of a launch: nobody has answered or barred anything since,
    and no time has run out. Opens nothing.
    """
    if not state.complete or state.idle or state.again or (state.until and state.until <= tx.now):
        return False
    planned = {ask: state.answers[ask] for ask in state.plan.asks if ask in state.answers}
    if due.aged(opening, planned, tx.now) or due.moved(planned, tx.now):
        return False
    now = answers.pulses(tx, answers.names(tx, state.questions))
    if {each.mark for each in now.values()} != set(state.pulses):
        return False
    return not state.plan.payers or barred.own(tx, patient_key(opening, state.plan)) == state.own


def _is_due(one: Stored | None, answer: Answer[Any], opening: Opening, now: datetime) -> bool:
    """Whether what failed has been left alone for long enough."""
    if one is None or one.counts_until is None or not failed(answer):
        return False
    return one.counts_until + opening.failures_stand <= now


def _until(
    opening: Opening, looked: Mapping[Ask, Stored | None], found: Mapping[Ask, Answer[Any]], now: datetime
) -> datetime | None:
    moments: list[datetime | None] = []
    for ask, one in looked.items():
        if one is None:
            continue
        moments.append(one.asked_until if one.asking else None)
        if (answer := found.get(ask)) and one.counts_until:
            moments.append(one.counts_until + (opening.failures_stand if failed(answer) else timedelta()))
            if ask.source != EHR and isinstance(answer, Known):
                moments.append(answer.received + opening.reports_fresh)
    return min((moment for moment in moments if moment and moment > now), default=None)


def _version(tx: Tx, marks: Sequence[str], own: Own | None) -> int:
    """Stands in URLs, so it is a keyed hash; a number that a browser's script could hold as well."""
    barred = (
        [*(f"held {payer}" for payer in own.held), *(f"restricted {payer}" for payer in own.restricted)] if own else []
    )
    return int(tx.hash("version", *sorted(marks), *sorted(barred))[:12], 16)
