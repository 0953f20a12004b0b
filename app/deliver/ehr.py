"""Writes to the EHR: in the web process, with the token of the launch that asks, right after the commit.

A row that could not be written waits: its launch may be over, and nobody else's token may write for it unasked. It is
shown as "not written yet" at the next look at that patient, and a person lets it be tried again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from app.core.asking import Opening
from app.core.ledger.outgoing import Came, Written
from app.store import Store, Tx, audit, outbox
from app.store.outbox import Taken

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # many times what one write may take
SECONDS = 10.0  # after which nothing more is begun: somebody waits for the page


class _NotMine(Exception):
    """Just before a write: its row was taken back, or is somebody else's by now."""


class Chart(Protocol):
    """The EHR of one launch. `create` writes at most once: what came of it."""

    def create(self, resource: dict[str, Any], against: str, about_to_send: Callable[[str], None]) -> Written: ...


@dataclass(frozen=True, slots=True)
class By:
    """Whose launch writes, for the audit."""

    user: str
    role: str


class EhrWriting:
    """One per web process. `who`: this process in the store."""

    def __init__(
        self,
        store: Store,
        charts: Callable[[Opening], Chart],
        who: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._charts, self._who, self._monotonic = store, charts, who, monotonic

    def run(self, opening: Opening, patient: str, by: By, ids: Iterable[str]) -> int:
        """Write those of `ids` that are about `patient` (patient key) and that nobody is writing. How many are there
        now. What is left of them waits.
        """
        chart, end, done = self._charts(opening), self._monotonic() + SECONDS, 0
        for name in ids:
            if self._monotonic() > end:
                break
            with self._store.begin() as tx:
                taken = outbox.claim(tx, [name], self._who, LEASE)
            for row in taken:
                done += self._write(chart, opening, patient, by, row)
        return done

    def _write(self, chart: Chart, opening: Opening, patient: str, by: By, row: Taken) -> bool:
        if row.parcel.patient != patient or row.parcel.to != opening.ehr:
            with self._store.begin() as tx:
                outbox.later(tx, [row.id], timedelta(), "", counts=False, who=self._who)
            return False

        def about_to_send(text: str) -> None:
            with self._store.begin() as tx:
                if not outbox.against(tx, [row.id], text, who=self._who) and text:
                    raise _NotMine

        try:
            written = chart.create(dict(row.parcel.body["resource"]), row.against, about_to_send)
        except _NotMine:
            return False
        with self._store.begin() as tx:
            entry = _entry(tx, opening, patient, by, row, written)
            if written.came is Came.SENT:
                outbox.sent(tx, entry, [row.id], confirmable=bool(written.reference), words=written.reference)
            elif written.came in (Came.REFUSED, Came.GONE):
                outbox.dead(tx, entry, [row.id], written.trouble, written.words, who=self._who)
            else:
                wait = timedelta(seconds=written.wait or 0)
                outbox.later(tx, [row.id], wait, written.trouble, written.words, who=self._who)
        if written.came is not Came.SENT:
            log.info("%s: a write is not there: %s", opening.ehr, written.trouble)
        return written.came is Came.SENT


def _entry(tx: Tx, opening: Opening, patient: str, by: By, row: Taken, written: Written) -> audit.Audit:
    return audit.Audit(
        launch=opening.handle,
        who=by.user,
        role=by.role,
        patient=patient,
        action="write-ehr",
        counts={str(row.parcel.body["resource"]["resourceType"]): 1},
        outcome="ok" if written.came is Came.SENT else written.trouble,
        at=tx.now,
    )
