"""What payers list as open for all members of one provider, asked once for everybody who may see that provider's days.

No patient is named to anybody by it: the question names the practitioner alone, so no restriction of a patient forbids
it. What comes back is matched with the schedule in `core/schedule/ahead`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from app.core.answers import Answer, Reason, Unknown
from app.core.asking import CARE_GAPS, Ask, Opening, PayerRow, Plan
from app.core.chart import Identifier
from app.core.coverage import EVERY_EHR
from app.core.report import Period, Report
from app.gather.calls import PayerSource
from app.gather.keeping import UNKNOWN_FRESH, Asked, Start, failed
from app.gather.state import State
from app.sources.pools import Pools, Rank
from app.store import Store, answers
from app.store.answers import Claim, Question, Settled

OPEN_GAPS = "open-gaps"
LIST_FRESH = timedelta(hours=12)  # payers calculate such lists at night, at best
LEASE = timedelta(seconds=60)

Lists = Mapping[str, Answer[tuple[Report, ...]] | None]


@dataclass(frozen=True, slots=True)
class ListAsked(Asked):
    """A payer's list that came back; it stays for half a day."""

    @property
    def settled(self) -> Settled:
        fresh_for = UNKNOWN_FRESH if isinstance(self.answer, Unknown) else LIST_FRESH
        return Settled(self.start.question, self.answer, fresh_for)


class Populations:
    """One per process. `put` hands what has come back to the writer."""

    def __init__(
        self,
        store: Store,
        pools: Pools,
        *,
        payers: Mapping[str, PayerSource],
        rows: Sequence[PayerRow],
        who: str,
        put: Callable[[Asked], None],
    ) -> None:
        self._store, self._pools, self._who, self._put = store, pools, who, put
        self._payers, self.rows = payers, tuple(rows)

    def lists(self, opening: Opening, practitioner: tuple[Identifier, ...], period: Period) -> Lists:
        """Each payer's list of open gaps as far as it has answered (None: still out); starts what nobody is asking.

        Without an identifier that payers know the provider by, nobody can be asked.
        """
        rows = [row for row in self.rows if _of_this_ehr(row, opening.ehr)]
        if not practitioner:
            nobody = "no identifier of this provider is set"
            return {row.id: Unknown(row.id, Reason.NOT_CONNECTED, nobody) for row in rows}
        questions = {row.id: _question(opening, row.id, practitioner, period) for row in rows}
        with self._store.read() as tx:
            stored = answers.snapshot(tx, questions.values())
        idle = [q for q in questions.values() if (one := stored.get(q)) is None or not (one.answer or one.asking)]
        if idle:
            with self._store.begin() as tx:
                claims = answers.claim(tx, idle, LEASE, self._who)
                stored |= answers.snapshot(tx, idle)
            for payer, question in questions.items():
                if claims.get(question) is Claim.ASK:
                    self._start(opening, payer, question, practitioner, period)
        return {payer: one.answer if (one := stored.get(q)) else None for payer, q in questions.items()}

    def _start(
        self, opening: Opening, payer: str, question: Question, of: tuple[Identifier, ...], period: Period
    ) -> None:
        start = Start(opening, Ask(payer, OPEN_GAPS), question, State(Plan(None, ()), {}, 0, complete=False))
        try:
            ask = partial(self._payers[payer].open_gaps, of, period)
            future = self._pools.submit(payer, ask, rank=Rank.HUDDLE)
        except Exception as error:
            failed(f"asking {payer}", error)
            self._came(start, start.ours())
        else:
            if isinstance(future, Unknown):
                self._came(start, future)
            else:
                future.add_done_callback(partial(self._came, start))

    def _came(self, start: Start, came: Future[Any] | Answer[Any]) -> None:
        if not isinstance(came, Future):
            answer = came
        elif came.cancelled():
            answer = Unknown(start.question.source, Reason.BUSY, "shutting down")
        elif error := came.exception():
            failed(f"reading {start.question.source}", error)
            answer = start.ours()
        else:
            answer = came.result()
        self._put(ListAsked(start, answer))


def _of_this_ehr(row: PayerRow, ehr: str) -> bool:
    """A payer whose coverages are recognised in this EHR, and that answers for care gaps at all."""
    return CARE_GAPS in row.speaks and any(one.ehr in (EVERY_EHR, ehr) for one in row.recognised_by)


def _question(opening: Opening, payer: str, of: tuple[Identifier, ...], period: Period) -> Question:
    """Keyed by the provider in this EHR: nothing of a user's own rights is in it."""
    known = ",".join(sorted(f"{each.system}|{each.value}" for each in of))
    return Question(payer, f"{OPEN_GAPS} {period.end}", "", f"{opening.issuer}|provider|{known}")
