"""How a source is doing, as numbers that several processes can add up. Holds no PHI and no word of a payload.

Latencies are a histogram whose classes grow by a quarter, so that a percentile of all processes together is honest
(percentiles themselves cannot be averaged) and is right to a quarter of itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from typing import Any

WINDOW_MINUTES = 60  # counts
LATENCY_MINUTES = 15

OK, NOT_ASKED, LATER = "ok", "not-asked", "later"
#: Outcomes of calls that are no fault of the source's: our own pause, an answer promised for later (202), the
#: end of one user's sign-in, and a refusal of one way of asking, which another way often meets (where none does, the
#: answer says so).
NO_FAULT = frozenset({OK, NOT_ASKED, LATER, "signed-out", "refused"})
KNOWN, INCOMPLETE = "known", "incomplete"

_BOUNDS = tuple(round(0.005 * 1.25**n, 6) for n in range(40))  # 5 ms to 30 s, in seconds
_BREAKERS = ("closed", "half-open", "open")  # from best to worst: of several processes the worst is told


def latency_class(seconds: float) -> int:
    """The class of the histogram that `seconds` falls into."""
    return min(bisect_left(_BOUNDS, seconds), len(_BOUNDS) - 1)


def percentile(latencies: Mapping[int, int], share: float) -> float | None:
    """The seconds within which `share` of the calls answered, or None when there were none."""
    wanted = share * sum(latencies.values())
    if not wanted:
        return None
    seen = 0
    for each in sorted(latencies):
        seen += latencies[each]
        if seen >= wanted:
            return _BOUNDS[each]
    raise AssertionError("the classes add up to their sum")


@dataclass(frozen=True, slots=True)
class Dates:
    """The newest dates that answers to one kind of question stated."""

    calculated: date | None = None
    through: date | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source: what came of the calls and answers of the last hour, and of the newest ones.

    `calls` counts HTTP calls by outcome, `answers` answers by `known`, `incomplete` or reason. `unreadable` counts
    resources that could not be read. `failed` is our own sentence for the newest failure.
    """

    source: str
    breaker: str = "closed"
    calls: Mapping[str, int] = field(default_factory=dict)
    latencies: Mapping[int, int] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    unreadable: int = 0
    good_at: datetime | None = None
    failed_at: datetime | None = None
    failed: str = ""
    dates: Mapping[str, Dates] = field(default_factory=dict)  # by question: care-gaps, risk
    dialects: tuple[str, ...] = ()
    working: int = 0
    waiting: int = 0
    software: str = ""  # as its CapabilityStatement names it

    @property
    def answered(self) -> int:
        """Calls that were answered well."""
        return self.calls.get(OK, 0)

    @property
    def failures(self) -> int:
        """Calls that failed by the source's fault."""
        return sum(count for outcome, count in self.calls.items() if outcome not in NO_FAULT)

    def failing_now(self) -> bool:
        """Whether its newest call by which it can be judged failed."""
        return self.failed_at is not None and (self.good_at is None or self.failed_at > self.good_at)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "source": self.source, "breaker": self.breaker, "calls": dict(self.calls), "answers": dict(self.answers),
            "latencies": {str(each): count for each, count in self.latencies.items()},
            "unreadable": self.unreadable, "good_at": _iso(self.good_at), "failed_at": _iso(self.failed_at),
            "failed": self.failed, "dialects": list(self.dialects), "working": self.working, "waiting": self.waiting,
            "software": self.software,
            "dates": {name: [_iso(d.calculated), _iso(d.through)] for name, d in self.dates.items()},
        }  # fmt: skip

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> SourceHealth:
        """What `plain` made. Raises ValueError for what another release may have written."""
        try:
            return cls(
                source=str(plain["source"]),
                breaker=str(plain["breaker"]),
                calls={str(name): int(count) for name, count in plain["calls"].items()},
                latencies={int(each): int(count) for each, count in plain["latencies"].items()},
                answers={str(name): int(count) for name, count in plain["answers"].items()},
                unreadable=int(plain["unreadable"]),
                good_at=_time(plain["good_at"]),
                failed_at=_time(plain["failed_at"]),
                failed=str(plain["failed"]),
                dates={name: Dates(_day(pair[0]), _day(pair[1])) for name, pair in plain["dates"].items()},
                dialects=tuple(map(str, plain["dialects"])),
                working=int(plain["working"]),
                waiting=int(plain["waiting"]),
                software=str(plain.get("software", "")),
            )
        except (KeyError, TypeError, AttributeError, IndexError) as e:
            raise ValueError("not the health of a source") from e


def merged(rows: Iterable[SourceHealth]) -> dict[str, SourceHealth]:
    """By source, what all processes together have seen: counts added, the newest of dates, the worst of breakers."""
    found: dict[str, SourceHealth] = {}
    for row in rows:
        found[row.source] = _both(found[row.source], row) if row.source in found else row
    return found


def _both(a: SourceHealth, b: SourceHealth) -> SourceHealth:
    failed = b if a.failed_at is None or (b.failed_at and b.failed_at > a.failed_at) else a
    return SourceHealth(
        source=a.source,
        breaker=max(a.breaker, b.breaker, key=_severity),
        calls=Counter(a.calls) + Counter(b.calls),
        latencies=Counter(a.latencies) + Counter(b.latencies),
        answers=Counter(a.answers) + Counter(b.answers),
        unreadable=a.unreadable + b.unreadable,
        good_at=_newest(a.good_at, b.good_at),
        failed_at=failed.failed_at,
        failed=failed.failed,
        dates={name: _dates(a.dates.get(name), b.dates.get(name)) for name in {**a.dates, **b.dates}},
        dialects=tuple(dict.fromkeys((*a.dialects, *b.dialects))),
        working=a.working + b.working,
        waiting=a.waiting + b.waiting,
        software=a.software or b.software,
    )


def newer(known: Dates, calculated: date | None, through: date | None) -> Dates:
    """`known` moved on by one more answer."""
    return Dates(_newest(known.calculated, calculated), _newest(known.through, through))


def _dates(a: Dates | None, b: Dates | None) -> Dates:
    return reduce(lambda known, one: newer(known, one.calculated, one.through), filter(None, (a, b)), Dates())


def _newest(a: Any, b: Any) -> Any:
    return max(filter(None, (a, b)), default=None)


def _severity(breaker: str) -> int:
    return _BREAKERS.index(breaker) if breaker in _BREAKERS else 0


def _iso(when: date | datetime | None) -> str | None:
    return when.isoformat() if when else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
