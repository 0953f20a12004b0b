"""What is claimed and who is asked, for a launch and for a morning alike."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from app.core import due
from app.core.allowance import Rank
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import EHR, REPORT_FRESH, Ask, Opening, PayerRow, plan, restriction_asks
from app.core.identity import Block
from app.gather.calls import EhrSource, PayerSource, ehr_call, gated, payer_call
from app.gather.keeping import Asked, Start, failed
from app.gather.morning import Morning, Slot
from app.gather.reading import Before, read_all, stands
from app.gather.room import Left, Room
from app.gather.state import State, question
from app.sources.pools import Pools
from app.store import Tx, answers
from app.store.answers import Claim, Question

LEASE = timedelta(seconds=20)  # longer than any source's total deadline
LAUNCHES_KNOWN = 300
COMPLETE_KNOWN = 50  # launches whose decoded answers are at hand: some half a megabyte each
READINGS_KNOWN = 5000  # patients of launches whose questions are remembered


@dataclass
class Asker:
    """One per process. `put` takes what has come back, from any thread."""

    pools: Pools
    ehr: Callable[[Opening], EhrSource]
    payers: Mapping[str, PayerSource]
    rows: tuple[PayerRow, ...]
    who: str
    put: Callable[[Asked], None]
    room: Room
    rank: Rank = Rank.LAUNCH  # of its questions in the pools; a morning's come after a launch's
    _before: dict[tuple[object, ...], Before] = field(default_factory=dict)  # what was read last, by whom
    _ehrs: dict[tuple[str, frozenset[str]], EhrSource] = field(default_factory=dict)
    _complete: OrderedDict[str, tuple[Opening, State]] = field(default_factory=OrderedDict)  # by launch, as read last
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def known(self, tx: Tx, opening: Opening) -> State:
        """What is known under a launch; one that was complete at the last reading is read again only where anything is
        different by now, whoever has written it.
        """
        with self._lock:
            of, state = self._complete.get(opening.handle, (None, None))
        if state is None or of != opening or not stands(tx, opening, state):
            state = self.read(tx, opening)
        with self._lock:
            self._complete.pop(opening.handle, None)
            if state.complete:
                self._complete[opening.handle] = opening, state
            while len(self._complete) > COMPLETE_KNOWN:
                self._complete.popitem(last=False)
        return state

    def read(self, tx: Tx, opening: Opening) -> State:
        """What is known of one patient, or of who looks."""
        return self.read_all(tx, [opening])[0]

    def read_all(self, tx: Tx, openings: Sequence[Opening]) -> list[State]:
        """The same of many patients of one morning."""
        keys = [key(opening) for opening in openings]
        with self._lock:
            before = [self._before.get(of, {}) for of in keys]
        states = read_all(tx, list(zip(openings, before, strict=True)), self.rows)
        with self._lock:
            for of, state in zip(keys, states, strict=True):
                self._before[of] = state.asked
            while len(self._before) > READINGS_KNOWN:
                del self._before[next(iter(self._before))]
        return states

    def forget(self, handle: str) -> None:
        with self._lock:
            self._complete.pop(handle, None)
            for of in [of for of in self._before if of[0] == handle]:
                del self._before[of]
            for each in [each for each in self._ehrs if each[0] == handle]:
                del self._ehrs[each]

    # --- claiming -----------------------------------------------------------------------------------------------------

    def next(self, tx: Tx, opening: Opening, morning: Morning | None = None) -> list[Start]:
        """Claim every question that may be asked by now; who calls starts them once the transaction is over."""
        answers.alone(tx)  # holds and restrictions are read, and questions claimed, with nobody in between
        starts: list[Start] = []
        while (state := self.read(tx, opening)).idle:
            now, anew = self._offered(tx, opening, state, morning)
            claims = self._claim(tx, now) | self._claim(tx, anew, anew=True)
            starts += [start for start in (*now, *anew) if claims[start.question] is Claim.ASK]
            if Claim.FRESH not in claims.values():  # else somebody's answer may allow more
                break
        return starts

    def fill(self, tx: Tx, slots: Sequence[Slot], left: Left, morning: Morning) -> list[Start]:
        """The same for many patients, as far as there is room: who stands first goes before the others.

        What was left over of the EHR's questions is claimed as it was planned; before a payer is asked, everything is
        read again.
        """
        answers.alone(tx)
        starts: list[Start] = []
        todo = slots
        while todo:
            unread = _to_read(todo, left)
            states = dict(zip(map(id, unread), self.read_all(tx, [slot.opening for slot in unread]), strict=True))
            now: dict[Question, Start] = {}
            anew: dict[Question, Start] = {}
            for slot in todo:
                state = states.get(id(slot))
                if state is None:
                    slot.wait(_with_room(slot.leftover, left, now), slot.waits_for)
                elif state.idle:
                    first, again = self._offered(tx, slot.opening, state, morning)
                    rest, rest_anew = _with_room(first, left, now), _with_room(again, left, anew)
                    waits = Counter(one.question.source for one in (*rest, *rest_anew) if one.ask.source != EHR)
                    waits.update(one.question.source for one in rest_anew if one.ask.source == EHR)
                    slot.wait([one for one in rest if one.ask.source == EHR], waits)
                else:
                    slot.wait((), {})
            claims = self._claim(tx, now.values()) | self._claim(tx, anew.values(), anew=True)
            for one in (*now.values(), *anew.values()):
                if claims[one.question] is Claim.ASK:
                    starts.append(one)
                else:
                    left.give_back(one.question.source)
            fresh = {
                start.opening.patient_id for of, start in (now | anew).items() if claims[of] is Claim.FRESH
            }  # somebody's answer may allow more
            todo = [slot for slot in todo if slot.opening.patient_id in fresh]
            for slot in todo:
                slot.feed()
        return starts

    def first(self, tx: Tx, openings: Sequence[Opening], ask: Ask, left: Left, morning: Morning) -> list[Start]:
        """Claim one question for many patients of whom nothing is known yet, as far as there is room."""
        answers.alone(tx)
        planned = [State(plan(opening, {}, self.rows), {}, 0, complete=False) for opening in openings]
        starts = [
            Start(opening, ask, question(opening, ask, state.plan), state, morning)
            for opening, state in zip(openings, planned, strict=True)
            if ask in state.plan.asks
        ]
        taken: dict[Question, Start] = {}
        _with_room(starts, left, taken)
        claims = self._claim(tx, taken.values())
        return [start for start in taken.values() if claims[start.question] is Claim.ASK]

    def _offered(
        self, tx: Tx, opening: Opening, state: State, morning: Morning | None
    ) -> tuple[list[Start], list[Start]]:
        """What may be asked by now: for the first time, and although there is an answer.

        A launch may be open for hours: before a payer is asked anything, restrictions are read again if they are older
        than a report may be. What they said before stands until then.
        """
        new = [ask for ask in state.plan.asks if ask not in state.answers and ask not in state.again]
        of_payers = [ask for ask in (*new, *state.again) if ask.source != EHR]
        reread = due.outdated(opening, state.answers, tx.now - REPORT_FRESH) if of_payers else []
        now, anew = ([ask for ask in asks if not (reread and ask in of_payers)] for asks in (new, state.again))
        asked = state.asked
        first, again = (
            [Start(opening, ask, asked[ask], state, morning) for ask in dict.fromkeys(asks)]
            for asks in (now, [*reread, *anew])
        )
        return first, again

    def _claim(self, tx: Tx, starts: Collection[Start], *, anew: bool = False) -> dict[Question, Claim]:
        return answers.claim(tx, [start.question for start in starts], LEASE, self.who, anew=anew)

    def anew(self, tx: Tx, opening: Opening, ask: Ask) -> tuple[Question, list[Start]]:
        """Claim one question whatever is known of it; nothing to start where somebody is asking it at this moment."""
        answers.alone(tx)
        state = self.read(tx, opening)
        start = Start(opening, ask, question(opening, ask, state.plan), state)
        claims = self._claim(tx, [start], anew=True)
        return start.question, [start] if claims[start.question] is Claim.ASK else []

    def retry(self, tx: Tx, opening: Opening, state: State, source: str) -> None:
        """Forget what `source` (EHR or a payer id) did not answer in full, so that it is asked again.

        Of a payer that was not asked because restrictions could not be read, these are what is read again.
        """
        unread = state.plan.restricted.get(source) is Reason.RESTRICTION_UNKNOWN
        for ask, answer in state.answers.items():
            partial = isinstance(answer, Unknown) or answer.stale_because or answer.incomplete
            if partial and (ask in restriction_asks(opening) if unread else ask.source == source):
                answers.forget(tx, question(opening, ask, state.plan))

    # --- asking ---------------------------------------------------------------------------------------------------

    def start(self, starts: Sequence[Start]) -> None:
        """Put every question into its source's pool. Whatever goes wrong here is an answer too: a lease is held."""
        for start in starts:
            if start.morning is not None:
                self.room.taken(start.question.source, start.morning)
            try:
                if start.ask.source == EHR:
                    call = ehr_call(self._ehr_of(start.opening), start.opening, start.ask, start.state)
                else:
                    call = payer_call(self.payers[start.ask.source], start.opening, start.ask, start.state)
                future = self.pools.submit(start.question.source, call, rank=self._rank(start))
            except Exception as error:
                failed(f"asking {start.question.source}", error)
                self._came(start, start.ours())
            else:
                if isinstance(future, Unknown):
                    self._came(start, future)
                else:
                    future.add_done_callback(partial(self._came, start))

    def _ehr_of(self, opening: Opening) -> EhrSource:
        """The adapter under one launch's token, kept: it knows the token of a moment ago."""
        of = opening.handle, opening.scopes
        with self._lock:
            source = self._ehrs.pop(of, None) or self.ehr(opening)
            self._ehrs[of] = source  # the newest last
            while len(self._ehrs) > LAUNCHES_KNOWN:
                del self._ehrs[next(iter(self._ehrs))]
        return source

    def _rank(self, start: Start) -> Rank:
        return max(self.rank, Rank.HUDDLE) if start.morning is not None else self.rank

    def _came(self, start: Start, came: Future[Answer[Any]] | Answer[Any]) -> None:
        """An answer is back: through the identity gate, and to the writer."""
        if start.morning is not None:
            self.room.given_back(start.question.source, start.morning)
        answer = _outcome(came, start) if isinstance(came, Future) else came
        blocks: frozenset[Block] = frozenset()
        try:
            answer, blocks = gated(start.ask, start.state, answer)
        except Exception as error:  # what could not be compared is not used
            failed(f"comparing the answer of {start.question.source}", error)
            answer = start.ours()
        self.put(Asked(start, answer, blocks))


def key(opening: Opening) -> tuple[object, ...]:
    """One reading of a launch: one of its patients, or one of its days, by what is asked of them."""
    whom = opening.handle, opening.patient_id, opening.encounter_id
    return (*whom, opening.schedule, opening.types, opening.only, opening.visit_day)


def _to_read(slots: Sequence[Slot], left: Left) -> list[Slot]:
    """Of whom there is news; and of those who wait for a source, as many as may be asked about now."""
    spare: dict[str, int] = {}
    found: list[Slot] = []
    for slot in slots:
        waits = slot.waits_for
        if slot.has_news or any(spare.setdefault(source, left.of(source)) > 0 for source in waits):
            found.append(slot)
            for source, count in waits.items():
                spare[source] = spare.get(source, 0) - count
    return found


def _with_room(starts: Iterable[Start], left: Left, taken: dict[Question, Start]) -> list[Start]:
    """Take into `taken` what there is room for; gives back the rest."""
    rest: list[Start] = []
    for start in starts:
        if left.of(start.question.source) > 0:
            taken[start.question] = start
            left.claim(start.question.source)
        else:
            rest.append(start)
    return rest


def _outcome(future: Future[Answer[Any]], start: Start) -> Answer[Any]:
    """Adapters return answers and raise nothing; if one does, that is a bug of ours, and must not look like a wait."""
    if future.cancelled():
        return Unknown(start.question.source, Reason.BUSY, "shutting down")
    error = future.exception()
    if error is None:
        return future.result()
    failed(f"reading {start.question.source}", error)
    return start.ours()
