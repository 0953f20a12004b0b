"""How often and how many at once a source may be asked, by all processes of a site together.

Every exchange of a limited source takes a seat (calls out at once) and a call of the minute before it leaves, retries
and polls included. Both are leased for the whole process from what the site has (`app.core.allowance`); one thread
keeps the leases, so that no call waits for a transaction while there is something in hand. Where there is nothing,
calls wait, those of a launch first, and the time of the question stands still meanwhile; who has waited for as long as
a question may is told Busy. A source without a limit never comes here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from app.core.allowance import GOOD_FOR, LEASE, Limit, Need, Rank, Share
from app.sources import deadline, turns
from app.sources.deadline import Deadline
from app.sources.errors import Waiting

RENEW = 5.0  # seconds after which a lease is renewed
LOOK = 1.0  # seconds between looks at whether others want what is held here
AGAIN = 0.25  # seconds after which is asked again for what was not given
IDLE = 3.0  # seconds without a call, after which everything is given back
LONGEST = LEASE.total_seconds() - RENEW - 2  # a call that begins must end while the lease lasts
MOST_PAUSE = 60.0  # a source that says 429 is believed so far


class Shares(Protocol):
    """What the site allows each of its processes, kept where all of them see it. May raise anything."""

    def settle(self, source: str, limit: Limit, need: Need) -> Share: ...
    def crowded(self, source: str, limit: Limit) -> bool: ...
    def leave(self, source: str, unused: tuple[tuple[str, int], ...]) -> None: ...


class _Waiter:
    def __init__(self) -> None:
        self.told = threading.Event()
        self.granted = self.gone = False


class Allowance:
    """One limited source in this process. Thread-safe; `wake` calls for the keeper."""

    def __init__(
        self, source: str, limit: Limit, wake: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._limit, self._wake, self._monotonic = source, limit, wake, monotonic
        self._lock = threading.Lock()
        self._queue: list[tuple[Rank, int, _Waiter]] = []
        self._numbers = count()
        self._out = self._seats = self._made = 0  # calls out; how many may be; calls since the last settling
        self._calls: deque[tuple[float, str, int]] = deque()  # of the minute: good until, slice, how many
        self._leased_until = self._paused_until = 0.0
        self._settled = self._looked = self._used = -1e9  # when
        self._here = self._contended = self._all_seats = self._starved = False

    @contextmanager
    def call(self, limit: Deadline) -> Iterator[None]:
        """One exchange. Raises Waiting when its turn does not come in time; `limit` is put off by what it waited."""
        turn, start = turns.current(), self._monotonic()
        bound = min(limit.remaining(), LONGEST)
        if not self._enter(turn.rank, turn.left, bound):
            turn.left = 0.0
            raise Waiting("too many questions are waiting for what it allows")
        waited = self._monotonic() - start
        turn.left = max(0.0, turn.left - waited)
        deadline.put_off(waited)
        try:
            yield
        finally:
            with self._lock:
                self._out -= 1
                self._used = self._monotonic()
                self._admit()

    def hold_off(self, seconds: float) -> None:
        """The source wants to be left alone for so long."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._monotonic() + min(seconds, MOST_PAUSE))
        self._wake()

    # --- the callers' side -------------------------------------------------------------------------------------------

    def _enter(self, rank: Rank, patience: float, bound: float) -> bool:
        with self._lock:
            self._used = self._monotonic()
            self._first_waiter()
            if not (self._queue and self._queue[0][0] <= rank) and self._room(bound):
                self._take()
                return True
            waiter = _Waiter()
            heappush(self._queue, (rank, next(self._numbers), waiter))
        self._wake()
        waiter.told.wait(max(0.0, patience))
        with self._lock:
            waiter.gone = not waiter.granted
            return waiter.granted

    def _first_waiter(self) -> _Waiter | None:
        while self._queue and self._queue[0][2].gone:
            heappop(self._queue)
        return self._queue[0][2] if self._queue else None

    def _admit(self) -> None:
        """Let in whoever there is room for, the first in the queue first."""
        while (waiter := self._first_waiter()) is not None and self._room(LONGEST):
            heappop(self._queue)
            self._take()
            waiter.granted = True
            waiter.told.set()

    def _room(self, bound: float) -> bool:
        now = self._monotonic()
        if now < self._paused_until:
            return False
        if self._limit.in_flight and (self._out >= self._seats or now + bound > self._leased_until):
            return False
        return not self._limit.per_minute or any(until > now for until, _, _ in self._calls)

    def _take(self) -> None:
        self._out += 1
        self._made += 1
        if self._limit.per_minute:
            now = self._monotonic()
            at = next(i for i, (until, _, _) in enumerate(self._calls) if until > now)
            until, where, left = self._calls[at]
            if left > 1:
                self._calls[at] = until, where, left - 1
            else:
                del self._calls[at]

    # --- the keeper's side -------------------------------------------------------------------------------------------

    def tend(self, shares: Shares) -> float:
        """Renew, ask for more or give back, as is due. Seconds after which to look again. Called by one thread."""
        with self._lock:
            self._admit()  # a pause may be over
            now, waiting = self._monotonic(), self._waiting()
            if not waiting and not self._out and now - self._used > IDLE:
                here, unused = self._here, self._give_up()
            else:
                here, unused = False, ()
                due = self._due(now, waiting)
                look = not due and self._here and not self._contended and now - self._looked >= LOOK
        if here:
            shares.leave(self._source, unused)
        if not self._here and not waiting:
            return IDLE
        if look and self._limit.in_flight:
            self._looked = now
            due = shares.crowded(self._source, self._limit)
        if due:
            self._settle(shares)
        with self._lock:
            if not self._waiting():
                return AGAIN if self._contended else LOOK
            left = self._paused_until - self._monotonic()
            return min(AGAIN, max(0.01, left)) if left > 0 else AGAIN

    def close(self, shares: Shares) -> None:
        """Give everything back."""
        with self._lock:
            here, unused = self._here, self._give_up()
        if here:
            shares.leave(self._source, unused)

    def _waiting(self) -> int:
        return sum(not waiter.gone for _, _, waiter in self._queue)

    def _due(self, now: float, waiting: int) -> bool:
        """Whether to settle: at once where that may bring more, now and then where others decide."""
        since = now - self._settled
        if since >= RENEW or (self._contended and since >= AGAIN):
            return True
        if not waiting or now < self._paused_until:
            return False
        lacks_seat = bool(self._limit.in_flight) and self._out >= self._seats
        lacks_call = bool(self._limit.per_minute) and not any(until > now for until, _, _ in self._calls)
        if (lacks_seat and not self._all_seats) or (lacks_call and not self._starved):
            return True
        return since >= AGAIN and (lacks_seat or lacks_call or now + LONGEST > self._leased_until)

    def _settle(self, shares: Shares) -> None:
        with self._lock:
            start = self._monotonic()
            if start >= self._leased_until:
                self._seats = 0  # somebody else may have them by now
            need = self._need(start)
            self._settled, self._made = start, 0
            self._all_seats = self._starved = True  # until told otherwise
        share = shares.settle(self._source, self._limit, need)
        with self._lock:
            self._here, self._contended = True, share.contended
            self._seats = share.in_flight
            self._all_seats = share.contended or share.in_flight >= self._limit.in_flight
            self._starved = share.calls < need.calls
            self._leased_until = start + LEASE.total_seconds()
            if share.calls:
                self._calls.append((start + GOOD_FOR.total_seconds(), share.slice, share.calls))
            self._admit()

    def _need(self, now: float) -> Need:
        """`out` is what may be out before the answer is in: calls go on beginning meanwhile."""
        waiting, first = self._waiting(), self._first_waiter()
        rank = next((rank for rank, _, waiter in self._queue if waiter is first), Rank.LAUNCH)
        stale = tuple((where, left) for until, where, left in self._calls if until <= now)
        self._calls = deque(one for one in self._calls if one[0] > now)
        have = sum(left for _, _, left in self._calls)
        pace = self._made / max(0.1, now - self._settled)  # calls a second: the next ones need not wait for us
        more = waiting + int(min(pace, self._limit.per_minute / 20)) - have
        calls = max(0, more) if self._limit.per_minute and waiting and now >= self._paused_until else 0
        return Need(max(self._out, self._seats), self._out + waiting, calls, rank, stale)

    def _give_up(self) -> tuple[tuple[str, int], ...]:
        unused = tuple((where, left) for _, where, left in self._calls)
        self._calls.clear()
        self._seats, self._here, self._contended, self._leased_until = 0, False, False, 0.0
        self._all_seats = self._starved = False
        return unused
