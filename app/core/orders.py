"""What is on its way for a measure: an order, a booking, a result that is not final yet; and an order that is overdue.

Orders and bookings are found by code or by words: they are never evidence, and the row names them with date and source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.chart import Fact
from app.core.measures.rule import BEGUN, ORDERED, Kind, MeasureRule
from app.core.reading import Reading, dated, local, newest

#: Not arrived or checked-in: that is the visit going on, and what it is for is still to be done.
_BOOKED = frozenset({"booked", "pending"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """`under_way` is not overdue; `overdue` is an order without result that has been waited for too long."""

    under_way: Fact | None = None
    overdue: Fact | None = None


def waiting(
    rule: MeasureRule,
    reading: Reading,
    today: date,
    after: Fact | None,
    kinds: Iterable[Kind] | None = None,
    until: date | None = None,
) -> Waiting:
    """What is waited for by the rule, or by some kinds of it: nothing that the last result (`after`) has answered, and
    nothing that is planned for after `until`, the last day that serves; without one it is that of an order.
    """
    last = until or today + timedelta(days=rule.order_days)
    found = [fact for kind in kinds or rule.evidence for fact in _named(kind, rule, reading) if _by(fact, last)]
    going = [f for f in found if (_booked(f, today) if f.type == "Appointment" else _open(f, after))]
    late = [f for f in going if f.type != "Appointment" and _late(f, rule.order_days, today)]
    return Waiting(newest(f for f in going if f not in late), newest(late))


def _named(kind: Kind, rule: MeasureRule, reading: Reading) -> list[Fact]:
    types = (*kind.types, *rule.order_types)
    return [*reading.coded(types, kind.codes), *reading.worded(types, kind.words)]


def _by(fact: Fact, last: date) -> bool:
    """Whether something is not planned for after a day."""
    when = fact.when or fact.recorded
    return when is None or when.start <= last


def _open(fact: Fact, after: Fact | None) -> bool:
    """Started, and not answered by the last result."""
    if not _started(fact):
        return False
    last = dated(after) if after else None
    answered = after is not None and local(fact.ref) in {local(ref) for ref in after.related}
    when = fact.when or fact.recorded
    return not answered and when is not None and not (last and when.end < last.start)


def _late(fact: Fact, order_days: int, today: date) -> bool:
    when = fact.when or fact.recorded
    return when is not None and today > when.end + timedelta(days=order_days)


def _started(fact: Fact) -> bool:
    if fact.type == "ServiceRequest":
        return fact.status == "active" and fact.intent in ORDERED
    return fact.status in BEGUN.get(fact.type, ())


def _booked(fact: Fact, today: date) -> bool:
    return fact.status in _BOOKED and fact.when is not None and fact.when.end >= today
