"""Draining the outbox: every payer has a line of its own, so that one that is dead or slow holds up no other.

A line has few threads, and none while nothing is due. Whatever is lost with a process (a nudge, a line, a wait) is
found again in the rows by the next sweep; two processes never have the same row at once (`outbox.take`).
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.core import fault
from app.core.ledger.outgoing import Came, Remark, Written
from app.deliver.terms import Writes
from app.deliver.writing import KINDS, Outcome, Settled, Writing
from app.store import Store, Tx, outbox
from app.store.outbox import Taken

log = logging.getLogger(__name__)

AT_ONCE = 3  # writes to one payer, by one process
MOST_TAKEN, TAKEN_FOR = 8, 0.1  # writes that a thread takes at once, and the seconds that they may take together
SOON = 60.0  # seconds: what is to be tried again within them is waited for; a sweep finds the rest
GRACE = 12.0  # seconds that writes in hand have to come to an end
TROUBLES = 5  # of our own store, in a row: then what came of a write is left to the next who reads


@dataclass
class Delivery:
    """One per process. `stopping` ends the work in hand soon; what was not sent is sent by whoever comes next."""

    store: Store
    payers: Mapping[str, Writes]
    who: str  # this process's name in the store
    stopping: threading.Event = field(default_factory=threading.Event)
    at_once: int = AT_ONCE
    writing: Callable[..., Writing] = Writing

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self.counts: Counter[str] = Counter()  # of what this process has done, for the log

    def nudge(self) -> None:
        """Begin on whatever may leave now. Comes back at once."""
        self._begin(stays=True)

    def run(self) -> Counter[str]:
        """Send whatever may leave now, and come back when nothing is left of it that can be tried at once."""
        before = Counter(self.counts)
        self._begin(stays=False)
        for line in self._all():
            line.finish()
        return self.counts - before

    def close(self) -> None:
        """End the work in hand."""
        self.stopping.set()
        end = time.monotonic() + GRACE
        for line in self._all():
            line.finish(max(0.0, end - time.monotonic()))

    def count(self, counts: Mapping[str, int]) -> None:
        with self._lock:
            self.counts.update(counts)

    def _begin(self, *, stays: bool) -> None:
        with self.store.read() as tx:
            due = outbox.due(tx, KINDS)
        for to in due:
            self._line(to).begin(stays=stays)

    def _all(self) -> list[_Line]:
        with self._lock:
            return list(self._lines.values())

    def _line(self, to: str) -> _Line:
        with self._lock:
            if to not in self._lines:
                writing = self.writing(self.store, self.payers.get(to) or _Nobody(), to, self.who)
                self._lines[to] = _Line(self, writing)
            return self._lines[to]


def _as_many(seconds: float) -> int:
    """How many writes to take at once, by how long one takes: a slow payer's are left to others to send meanwhile."""
    return max(1, min(MOST_TAKEN, int(TAKEN_FOR / max(seconds, 0.001))))


class _Nobody:
    """A payer that the settings do not name any more: a person must look."""

    def remark(self, _report: str, _remarks: Sequence[Remark], _against: str, _about: Callable[[str], None]) -> Written:
        return Written(Came.REFUSED, trouble="no-such-payer")

    def submit(self, _envelope: Mapping[str, Any], _name: str, _against: str, _about: Callable[[str], None]) -> Written:
        return Written(Came.REFUSED, trouble="no-such-payer")


class _Line:
    """What this process does for one payer."""

    def __init__(self, of: Delivery, writing: Writing) -> None:
        self._of, self._writing = of, writing
        self._changed = threading.Condition()
        self._threads, self._again, self._stays = 0, False, False
        self._soon: float | None = None  # when something is to be tried again
        self._rests_until = 0.0

    def begin(self, *, stays: bool) -> None:
        """Work, unless it is at work. `stays`: until what is to be tried again soon has been."""
        with self._changed:
            self._stays = stays
            if self._threads:
                self._again = True
                self._changed.notify_all()
            elif not self._is_resting():
                self._start()

    def finish(self, timeout: float | None = None) -> None:
        """Wait until no thread is at work. None stays for what is to be tried again."""
        with self._changed:
            self._stays = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._threads, timeout)

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name=f"deliver-{self._writing.to}", daemon=True).start()

    def _work(self) -> None:
        # A name of its own: what one thread has taken is no other's, also when its lease has run out.
        writing = replace(self._writing, who=f"{self._writing.who}/{secrets.token_hex(4)}")
        while True:
            self._drain(writing)
            if self._ends():
                return

    def _drain(self, writing: Writing) -> None:
        """Until nothing may leave now. What came of some writes is settled where the next are taken: one commit."""
        came: list[Outcome] = []
        troubles, number = 0, 1
        while True:
            try:
                # Taken before it is settled: the outbox is locked before an audit chain, here as everywhere.
                with self._of.store.begin() as tx:
                    batch = self._taken(tx, writing, number)
                    settled = writing.settle(tx, came)
            except Exception as error:
                log.error("delivery to %s: %s", self._writing.to, fault.told(error))
                troubles += 1
                if troubles == TROUBLES or self._of.stopping.wait(0.5 * troubles):
                    return
                continue
            self._of.count(settled.counts)
            self._note(settled)
            troubles = 0
            if not (batch or came):
                return
            self._help(more=bool(batch))
            began = time.monotonic()
            came = [each for rows in batch for each in writing.send(rows, ends=self._of.stopping.is_set)]
            if batch:  # none: once more, for what waited behind what was settled
                number = _as_many((time.monotonic() - began) / len(batch))

    def _taken(self, tx: Tx, writing: Writing, number: int) -> list[tuple[Taken, ...]]:
        """What leaves next, in so many writes at most."""
        batch: list[tuple[Taken, ...]] = []
        while len(batch) < number and not self._of.stopping.is_set() and not self._is_resting():
            rows = writing.take(tx)
            if not rows:
                break
            batch.append(rows)
        return batch

    def _help(self, *, more: bool) -> None:
        """There is work: one thread more, if there may be."""
        with self._changed:
            if more and self._threads < self._of.at_once and not self._of.stopping.is_set():
                self._start()

    def _is_resting(self) -> bool:
        return time.monotonic() < self._rests_until

    def _note(self, settled: Settled) -> None:
        """When to look again, and whether the payer is left alone until then."""
        if settled.again is None:
            return
        now = time.monotonic()
        with self._changed:
            again = now + settled.again.total_seconds()
            self._soon = min(self._soon or again, again)
            if settled.rests is not None:
                self._rests_until = now + min(settled.rests.total_seconds(), SOON)

    def _ends(self) -> bool:
        """Whether this thread is not needed any more. The last one waits for what is to be tried again soon."""
        with self._changed:
            while not self._of.stopping.is_set():
                now = time.monotonic()
                if self._again and not self._is_resting():
                    self._again = False
                    return False
                wake = max(self._soon or 0.0, self._rests_until)
                if self._threads > 1 or not self._stays or self._soon is None or wake > now + SOON:
                    break
                if wake <= now:
                    self._soon = None
                    return False
                self._changed.wait(min(wake - now, 1.0))
            self._threads -= 1
            self._changed.notify_all()
            return True
