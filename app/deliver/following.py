"""Asking payers what became of what was sent to them: at most once a day for each patient and question.

Only where that is permitted with nobody looking (`permitted`), and through the payer's own adapter, as a launch asks.
What is heard here is judged and not kept; what it says of anybody else is not looked at.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from app.core import fault
from app.core.allowance import Rank
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import CARE_GAPS, RISK, report_period
from app.core.ledger.outgoing import Judged, Message
from app.core.report import Member, Report
from app.deliver.became import Found, found_out, keep, next_asked, targets
from app.deliver.bodies import member_of
from app.deliver.noted import by_delivery
from app.deliver.terms import Tells
from app.sources.turns import Turn
from app.store import Store, Tx, audit, outbox
from app.store.outbox import Listed

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
AT_ONCE = 100  # messages in hand
HOUR = timedelta(hours=1)
_PASSING = frozenset({Reason.DOWN, Reason.SLOW, Reason.BUSY})


@dataclass
class Following:
    """One per process. `permitted`: the payers that may be asked about a patient (patient key)."""

    store: Store
    payers: Mapping[str, Tells]
    permitted: Callable[[str], frozenset[str]]
    who: str
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Counter[str]:
        """Ask about everything that is due. How many messages were asked about, and what was found out."""
        counts: Counter[str] = Counter()
        while not self.stopping.is_set():
            with self.store.begin() as tx:
                rows = outbox.to_follow(tx, self.who, LEASE, AT_ONCE)
            if not rows:
                break
            by: dict[str, list[Listed]] = {}
            for row in rows:
                by.setdefault(row.message.to, []).append(row)
            with ThreadPoolExecutor(len(by), "follow") as threads:  # one that is slow holds up no other
                for found in threads.map(self._payer, by, by.values()):
                    counts.update(found)
        return counts

    def _payer(self, payer: str, rows: Sequence[Listed]) -> Counter[str]:
        """Everything of one payer, patient by patient. Once it does not answer, the rest is left for an hour."""
        counts: Counter[str] = Counter()
        try:
            by: dict[str, list[Listed]] = {}
            for row in rows:
                by.setdefault(row.parcel.patient if row.parcel else "", []).append(row)
            away = False
            for patient, mine in by.items():
                if away or self.stopping.is_set():
                    self._put_off([row.message.id for row in mine], HOUR)
                    continue
                answers = self._asked(payer, patient, mine)
                away = any(isinstance(one, Unknown) and one.reason in _PASSING for one in answers)
                counts.update(self._settle(payer, patient, mine, answers))
        except Exception as error:  # they are asked about again when the lease is over
            log.error("following up at %s: %s", payer, fault.told(error))
        return counts

    def _asked(self, payer: str, patient: str, rows: Sequence[Listed]) -> list[Answer[Report]]:
        """The payer's reports of one patient now; none where it may not be asked, or it is not known as whom."""
        member = next((found for row in rows if row.parcel and (found := member_of(row.parcel.member))), None)
        source = self.payers.get(payer)
        if source is None or member is None:
            return []
        with Turn(Rank.PREFETCH):
            if payer not in self.permitted(patient):
                return []
        with self.store.begin() as tx:
            answered = targets(tx, [row.message for row in rows])
            asked = {
                (target.question, row.message.at.year): row.message.at.date()
                for row in rows
                for target in answered[row.message.id]
            }
            audit.record(tx, by_delivery(tx, patient, "follow-ask", payer, len(asked), "asking"))
        calls = {CARE_GAPS: source.care_gaps, RISK: source.risk}
        with Turn(Rank.PREFETCH):
            heard = [calls[what](member, report_period(day)) for (what, _), day in asked.items() if what in calls]
        return [one for one in heard if not _is_anothers(one, member)]

    def _settle(
        self, payer: str, patient: str, rows: Sequence[Listed], answers: Sequence[Answer[Report]]
    ) -> Counter[str]:
        messages = [row.message for row in rows]
        reports = [one.value for one in answers if isinstance(one, Known)]
        passing = any(isinstance(one, Unknown) and one.reason in _PASSING for one in answers)
        with self.store.begin() as tx:
            found = found_out(tx, messages, reports)
            keep(tx, found, lambda one: by_delivery(tx, patient, "judge-sent", payer, 1, str(one.judged)))
            self._next(tx, messages, found, soon=passing)
        counts: Counter[str] = Counter(str(one.judged) for one in found)
        counts["asked about" if reports else "not asked about"] += len(messages)
        return counts

    def _next(self, tx: Tx, messages: Sequence[Message], found: Sequence[Found], *, soon: bool) -> None:
        judged = {one.id: one.judged for one in found}
        for message in messages:
            when = next_asked(message, judged.get(message.id, Judged.NOTHING), tx.now)
            outbox.follow(tx, [message.id], tx.now + HOUR if soon and when else when)

    def _put_off(self, ids: Sequence[str], wait: timedelta) -> None:
        with self.store.begin() as tx:
            outbox.follow(tx, ids, tx.now + wait)


def _is_anothers(answer: Answer[Report], member: Member) -> bool:
    """It is about another patient of the payer's than the member that was asked for."""
    return isinstance(answer, Known) and answer.value.subject_id != member.patient_id
