"""When what was ordered, referred, requested or promised has come: an entry of the chart, or the payer's own "met".

Something that is not there any more has not come: what ends a follow-up is an entry that can be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.core.cards import Acts
from app.core.flag import Card, GapRow, Panel, State
from app.core.ledger.item import of_card
from app.core.ledger.outgoing import FollowUp
from app.core.measures import Registry
from app.core.placing import moment
from app.core.reading import Reading
from app.core.report import Gap
from app.core.settling import settling

#: What was recorded late in the evening has the next day in UTC already.
_NEXT_DAY_IN_UTC = timedelta(days=1)


class Kept(StrEnum):
    """How a follow-up came to its end. The first two are found by this module; the others are recorded."""

    EVIDENCE = "evidence"
    CLOSED = "closed"  # the payer says met
    UNDONE = "undone"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class AtHand:
    """What is known by now: the cards of the panel, what payers say is met, and the chart."""

    cards: tuple[Card, ...]
    closed: tuple[Gap, ...]  # met, and nobody else asks for the act
    every: tuple[Gap, ...]  # every gap that was received: what names an act by
    reading: Reading
    today: date
    registry: Registry

    def kept(self, follow_ups: Iterable[FollowUp]) -> tuple[tuple[str, str], ...]:
        """The ids of the open follow-ups that are kept now, and how."""
        if not follow_ups:
            return ()
        met = dict(self._met())
        found = ((each.id, self._how(each, met)) for each in follow_ups if each.done_at is None)
        return tuple((name, how.value) for name, how in found if how)

    def _how(self, follow_up: FollowUp, met: dict[str, Gap]) -> Kept | None:
        acts = _acts(follow_up.keys)
        cards = [card for card in self.cards if not acts.isdisjoint(_acts(of_card(card, self.today).keys))]
        if any(_arrived(row, follow_up) for card in cards for row in card.rows) or self._followed(acts, follow_up):
            return Kept.EVIDENCE
        return Kept.CLOSED if any(key in met for key in follow_up.keys) else None

    def _met(self) -> Iterator[tuple[str, Gap]]:
        acts = Acts.among(self.every, self.registry)
        for gap in self.closed:
            yield f"{acts.of_gap(gap)}@{gap.period.end.year}", gap

    def _followed(self, acts: set[str], follow_up: FollowUp) -> bool:
        """Whether what an abnormal result calls for is in the chart: the row itself is gone then."""
        for rule in self.registry.rules:
            if rule.follow_up is None or f"{rule.key}/follow-up" not in acts:
                continue
            kind = rule.follow_up.settled_by
            days = [moment(fact, kind) for fact in settling(rule.follow_up, self.reading, self.today)]
            if any(day and day.end >= _from(follow_up) for day in days):
                return True
        return False


def kept(follow_up: FollowUp, panel: Panel) -> str:
    """How a follow-up has been kept, as the panel that was built with it says; empty: it is open still."""
    return follow_up.done_how if follow_up.done_at is not None else dict(panel.kept).get(follow_up.id, "")


def _acts(keys: Iterable[str]) -> set[str]:
    """Without the year: what was ordered in December may come in January."""
    return {key.rpartition("@")[0] for key in keys}


def _arrived(row: GapRow, follow_up: FollowUp) -> bool:
    """Whether what was waited for is in the chart: also a value that misses its target is a result."""
    if row.state not in (State.DONE_HERE, State.OUT_OF_RANGE) or row.settled_by is None:
        return False
    when = row.settled_by.until or row.settled_by.when or row.settled_by.recorded
    return row.state is State.DONE_HERE or (when is not None and when.end >= _from(follow_up))


def _from(follow_up: FollowUp) -> date:
    return follow_up.at.date() - _NEXT_DAY_IN_UTC
