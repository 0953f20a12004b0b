"""What is on its way for a measure: an order, a booking, a result that is not final yet; until it is overdue.

Orders and bookings are found by code or by words: they are never evidence, and the row names them with date and source.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from app.core.chart import Fact
from app.core.measures.rule import BEGUN, Kind, MeasureRule
from app.core.reading import Reading, dated, local, newest

_ORDERING = frozenset({"", "order", "original-order", "reflex-order", "filler-order", "instance-order"})
#: Not arrived or checked-in: that is the visit going on, and what it is for is still to be done.
_BOOKED = frozenset({"booked", "pending"})


def under_way(
    rule: MeasureRule, reading: Reading, today: date, after: Fact | None, kinds: Iterable[Kind] | None = None
) -> Fact | None:
    """What is on its way for the rule, or for some kinds of it: not overdue, newer than the last result (`after`)."""
    found = [fact for kind in kinds or rule.evidence for fact in _named(kind, rule, reading)]
    return newest(
        fact
        for fact in found
        if (_booked(fact, today) if fact.type == "Appointment" else _open(fact, rule.order_days, today, after))
    )


def _named(kind: Kind, rule: MeasureRule, reading: Reading) -> list[Fact]:
    types = (*kind.types, *rule.order_types)
    return [*reading.coded(types, kind.codes), *reading.worded(types, kind.words)]


def _open(fact: Fact, order_days: int, today: date, after: Fact | None) -> bool:
    """Started, not answered by the last result, and not waited for too long."""
    last = dated(after) if after else None
    answered = after is not None and local(fact.ref) in {local(ref) for ref in after.related}
    when = fact.when or fact.recorded
    if not _started(fact) or answered or when is None or (last and when.end < last.start):
        return False
    return today <= when.end + timedelta(days=order_days)


def _started(fact: Fact) -> bool:
    if fact.type == "ServiceRequest":
        return fact.status == "active" and fact.intent in _ORDERING
    return fact.status in BEGUN.get(fact.type, ())


def _booked(fact: Fact, today: date) -> bool:
    return fact.status in _BOOKED and fact.when is not None and fact.when.end >= today
