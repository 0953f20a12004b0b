"""What settles an abnormal result: by code, and what only reads like it."""

from __future__ import annotations

from datetime import date

from app.core.chart import Fact
from app.core.measures.kind import Kind
from app.core.measures.rule import COUNTS, FollowUp
from app.core.placing import coded, like, moment
from app.core.reading import Reading, last_day
from app.core.values import Meets, says


def settling(what: FollowUp, reading: Reading, today: date) -> list[Fact]:
    """Dated entries that settle it by code and status."""
    kind = what.settled_by
    return [f for f in coded(kind, reading) if (when := moment(f, kind)) is not None and when.start <= today]


def settling_alike(what: FollowUp, reading: Reading, today: date) -> list[Fact]:
    """Finished entries that read like what settles it and carry a code we do not have."""
    kind = what.settled_by
    return [
        fact
        for fact in like(kind, reading, wide=True)
        if not kind.codes.holds(fact.concept)
        and fact.status in COUNTS[fact.type]
        and ((when := moment(fact, kind)) is None or when.start <= today)
    ]


def whole_only(tests: list[tuple[Fact, Kind]], what: FollowUp) -> list[tuple[Fact, Kind]]:
    """The tests without the short forms of those days on which a whole instrument has a certain result."""
    if not what.short.full:
        return tests
    short = [(fact, kind) for fact, kind in tests if what.short.holds(fact.concept)]
    whole = [each for each in tests if each not in short]
    days = {last_day(f) for f, kind in whole if kind.abnormal and says(f, kind.abnormal) is not Meets.UNCLEAR}
    return [*whole, *(each for each in short if last_day(each[0]) not in days)]
