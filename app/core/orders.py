"""What is on its way for a measure: an order, a booking, a result that is not final yet; until it is overdue.

Orders and bookings are found by code or by words: they are never evidence, and the row names them with date and source.
"""

from __future__ import annotations

from datetime import date, timedelta

from app.core.chart import Fact
from app.core.measures.rule import BEGUN, MeasureRule
from app.core.reading import Reading, dated, local, newest

_ORDERING = frozenset({"", "order", "original-order", "reflex-order", "filler-order", "instance-order"})
_BOOKED = frozenset({"booked", "pending", "arrived", "checked-in"})


def under_way(rule: MeasureRule, reading: Reading, today: date, after: Fact | None) -> Fact | None:
    """An order, a booking or a result not final yet, that is not overdue and newer than the last result (`after`)."""
    last = dated(after) if after else None
    consumed = {local(ref) for ref in after.related} if after else set()

    def open_order(fact: Fact) -> bool:
        when = fact.when or fact.recorded
        if when is None or local(fact.ref) in consumed or (last and when.end < last.start):
            return False
        return today <= when.end + timedelta(days=rule.order_days)

    return newest(
        fact
        for fact in reading.of(dict.fromkeys((*rule.evidence_types, "ServiceRequest", "Appointment")))
        if (rule.order_codes.holds(fact.concept) or _reads_like(rule, fact))
        and (_booked(fact, today) if fact.type == "Appointment" else _started(fact) and open_order(fact))
    )


def _started(fact: Fact) -> bool:
    if fact.type == "ServiceRequest":
        return fact.status == "active" and fact.intent in _ORDERING
    return fact.status in BEGUN.get(fact.type, ())


def _booked(fact: Fact, today: date) -> bool:
    return fact.status in _BOOKED and fact.when is not None and fact.when.end >= today


def _reads_like(rule: MeasureRule, fact: Fact) -> bool:
    """Whether an order, a booking or an entry reads like one of the rule's services."""
    return any(kind.words.read_in(fact.concept) for kind in rule.evidence)
