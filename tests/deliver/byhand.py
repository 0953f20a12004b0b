"""A payer that answers by hand, for what no real one can be made to do at the right moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.ledger.outgoing import Came, Remark, Written


@dataclass
class ByHand:
    """Takes every remark and shows what it has. `before`: what happens just before a write arrives."""

    before: Callable[[], None] = lambda: None
    says: Callable[[], Written | None] = lambda: None  # instead
    there: Counter[str] = field(default_factory=Counter)
    writes: list[tuple[str, ...]] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)  # reports that are being written to
    lock: threading.Lock = field(default_factory=threading.Lock)

    def remark(
        self, report_id: str, remarks: Sequence[Remark], _against: str, about_to_send: Callable[[str], None]
    ) -> Written:
        with self.lock:
            missing = [one.id for one in remarks if one.id not in self.there]
            self.busy[report_id] += 1
            assert self.busy[report_id] == 1, "two at once write to one report"
        try:
            self.before()
            if missing:
                about_to_send("1")
            if said := self.says():
                return said
            with self.lock:
                self.there.update(missing)
                self.writes.append(tuple(missing))
        finally:
            with self.lock:
                self.busy[report_id] -= 1
        return Written(Came.SENT, frozenset(one.id for one in remarks))

    def submit(self, envelope: Mapping[str, Any], _against: str, about_to_send: Callable[[str], None]) -> Written:
        about_to_send("x")
        with self.lock:
            self.there[str(envelope["identifier"])] += 1
        return Written(Came.SENT)
