"""One write to one payer: rows of the outbox are taken, sent, and settled by what came of it.

A process may be killed between any two steps, and the next one to take the rows goes on from what is written down:

    taken, nothing written down     nothing has left
    `against` written down          the write may have arrived: the payer's report is read first, and what it shows of
                                    ours (by id), or a version that only our write can have made, is not sent again
    sent, later, dead               what came of it stands in the rows
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.core import fault
from app.core.allowance import Rank
from app.core.ledger.legs import EXPECTING
from app.core.ledger.outgoing import Came, Sends, Written
from app.deliver.barring import RESTRICTION, is_barred
from app.deliver.bodies import remark_of
from app.deliver.noted import by_delivery
from app.deliver.terms import Writes
from app.deliver.waits import NOT_ALLOWED, NOT_TRIED, RESTING, given_up, pause
from app.sources.turns import Turn
from app.store import Store, Tx, outbox
from app.store.outbox import Taken

log = logging.getLogger(__name__)

KINDS = (Sends.REMARK, Sends.EVIDENCE)
LEASE = timedelta(minutes=2)  # many times what one write may take
MARGIN = 30.0  # seconds before the end of a lease from which on nothing is sent any more
FOLLOW = timedelta(days=1)  # the payer is asked what became of it


class NotNow(Exception):
    """Raised just before a write: it must not leave. `why` is a code of ours."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of rows that left, or did not, in one write. `withdrawn`: a restriction came before it."""

    rows: tuple[Taken, ...]
    written: Written
    withdrawn: bool = False


@dataclass(slots=True)
class Settled:
    """How many rows were sent, put off (`later`), given up (`dead`) and taken back (`withdrawn`), and when the first of
    those put off may be tried again.
    """

    counts: Counter[str] = field(default_factory=Counter)
    again: timedelta | None = None
    rests: timedelta | None = None  # nobody is to be asked until then: what was put off was not tried


@dataclass(frozen=True, slots=True)
class Writing:
    """The writes to one payer, by process `who`."""

    store: Store
    payer: Writes
    to: str
    who: str
    draw: Callable[[], float] = field(default=random.random)
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def take(self, tx: Tx) -> tuple[Taken, ...]:
        """What leaves next in one write. What may not leave any more is taken back on the way."""
        while taken := outbox.take(tx, self.to, KINDS, self.who, LEASE):
            free = tuple(row for row in taken if not is_barred(tx, row.parcel.patient, self.to))
            self._withdraw(tx, [row for row in taken if row not in free])
            if free:
                return free
        return ()

    def send(self, taken: Sequence[Taken], ends: Callable[[], bool] = lambda: False) -> list[Outcome]:
        """Send them, and say what came of it; where this process `ends`, give them back. Outside of transactions;
        raises nothing.
        """
        if ends():
            return [Outcome(tuple(taken), Written(Came.LATER, trouble="ending"))]
        until = self.monotonic() + LEASE.total_seconds() - MARGIN
        with Turn(Rank.PREFETCH):
            return [self._tried(rows, against, until) for against, rows in _by_version(taken)]

    def settle(self, tx: Tx, outcomes: Sequence[Outcome]) -> Settled:
        """Write down what came of it."""
        settled = Settled()
        for outcome in outcomes:
            if outcome.withdrawn:
                settled.counts["withdrawn"] += self._withdraw(tx, outcome.rows)
                continue
            written, there = outcome.written, outcome.written.there
            sent = [row for row in outcome.rows if written.came is Came.SENT or row.id in there]
            settled.counts["sent"] += self._sent(tx, sent, written)
            for row in outcome.rows:
                if row not in sent:
                    self._not_sent(tx, row, written, settled)
        return settled

    # --- one try ------------------------------------------------------------------------------------------------------

    def _tried(self, rows: tuple[Taken, ...], against: str, until: float) -> Outcome:
        ids = [row.id for row in rows]

        def about_to_send(version: str) -> None:
            if version and self.monotonic() > until:
                raise NotNow("lease-over")
            with self.store.begin() as tx:
                if version and any(is_barred(tx, row.parcel.patient, self.to) for row in rows):
                    raise NotNow(RESTRICTION)
                # Empty: the write has certainly not arrived. Of rows that are somebody else's by now that one decides.
                held = outbox.against(tx, ids, version, who=self.who)
                if version and len(held) < len(ids):
                    raise NotNow("lease-over")

        try:
            return Outcome(rows, self._written(rows, against, about_to_send))
        except NotNow as not_now:
            withdrawn = not_now.why == RESTRICTION
            return Outcome(rows, Written(Came.LATER, trouble=not_now.why), withdrawn=withdrawn)
        except Exception as error:  # whatever it is, the next try reads before it writes
            log.error("sending to %s: %s", self.to, fault.told(error))
            return Outcome(rows, Written(Came.UNKNOWN, trouble="failed-here"))

    def _written(self, rows: tuple[Taken, ...], against: str, about_to_send: Callable[[str], None]) -> Written:
        parcel = rows[0].parcel
        if parcel.kind is Sends.EVIDENCE:
            return self.payer.submit(_envelope(parcel.body), against, about_to_send)
        try:
            remarks = [remark_of(row.parcel.body) for row in rows]
        except (ValueError, KeyError, TypeError):
            return Written(Came.REFUSED, trouble="not-readable")
        return self.payer.remark(remarks[0].report_id, remarks, against, about_to_send)

    # --- what came of it ----------------------------------------------------------------------------------------------

    def _sent(self, tx: Tx, rows: Sequence[Taken], written: Written) -> int:
        """The payer is asked later what became of what its own word should change after."""
        for follows in (True, False):
            ids = [row.id for row in rows if _expects(row) is follows]
            if ids:
                entry = by_delivery(tx, rows[0].parcel.patient, _sends(rows[0]), self.to, len(ids), "ok")
                when = tx.now + FOLLOW if follows else None
                outbox.sent(tx, entry, ids, confirmable=written.confirmable, words=written.words, follow=when)
        return len(rows)

    def _not_sent(self, tx: Tx, row: Taken, written: Written, settled: Settled) -> None:
        trouble = written.trouble or str(written.came)
        refused = written.came in (Came.REFUSED, Came.GONE) and trouble != NOT_ALLOWED
        if refused or given_up(row.tries, trouble):
            entry = by_delivery(tx, row.parcel.patient, f"{_sends(row)}-failed", self.to, 1, trouble)
            outbox.dead(tx, entry, [row.id], trouble, written.words, who=self.who)
            settled.counts["dead"] += 1
            return
        wait, tried = pause(row.tries, self.draw(), written.wait), trouble not in NOT_TRIED
        outbox.later(tx, [row.id], wait, trouble, written.words, counts=tried, who=self.who)
        settled.counts["later"] += 1
        settled.again = min(settled.again or wait, wait)
        if trouble in RESTING:
            settled.rests = wait

    def _withdraw(self, tx: Tx, rows: Sequence[Taken]) -> int:
        """Take back rows that we hold. What an earlier try may have brought there is never asked about again."""
        for row in rows:
            outcome = f"{RESTRICTION}, may have arrived" if row.against else RESTRICTION
            entry = by_delivery(tx, row.parcel.patient, f"withdraw-{row.parcel.kind}", self.to, 1, outcome)
            outbox.withdraw(tx, entry, [row.id], RESTRICTION, mine=self.who)
        return len(rows)


def _by_version(taken: Sequence[Taken]) -> Iterator[tuple[str, tuple[Taken, ...]]]:
    """What was tried before goes first, and apart from what was not: whether it has arrived is told by the version
    that it was put on.
    """
    for against in sorted({row.against for row in taken}, reverse=True):
        yield against, tuple(row for row in taken if row.against == against)


def _envelope(body: Mapping[str, object]) -> Mapping[str, object]:
    envelope = body.get("envelope")
    return envelope if isinstance(envelope, Mapping) else body


def _expects(row: Taken) -> bool:
    return row.parcel.kind is Sends.EVIDENCE or row.parcel.body.get("code") in EXPECTING


def _sends(row: Taken) -> str:
    return f"send-{row.parcel.kind}"
