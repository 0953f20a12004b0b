"""How many calls a source allows, and how the processes of a site share them. Pure: `app/sources/limits.py` keeps it,
`app/store/allowances.py` writes it down.

Two limits, each 0 where there is none: calls out at the same moment, and calls within any minute. A share is leased:
a process that says nothing any more loses it, and then asks nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

LEASE = timedelta(seconds=20)  # a share counts so long without being renewed
GRACE = timedelta(seconds=2)  # clocks of two machines
GOOD_FOR = timedelta(seconds=3)  # a call that was given out leaves within this, or goes back
SLICE = timedelta(seconds=5)  # calls are counted by such spans
#: A call of the past is forgotten after this: in no minute, on nobody's clock, are more calls made than are allowed.
MINUTE = timedelta(minutes=1) + GOOD_FOR + GRACE


class Rank(IntEnum):
    """Who goes first where calls are limited: somebody looks at one patient, at a day, or nobody looks."""

    LAUNCH = 0
    HUDDLE = 1
    PREFETCH = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """What an EHR or payer entry allows. 0: not limited."""

    in_flight: int = 0
    per_minute: int = 0

    def __bool__(self) -> bool:
        return self.in_flight > 0 or self.per_minute > 0

    def minute_for(self, rank: Rank) -> int:
        """How many calls of a minute may be made for this rank: the last ones are left to launches."""
        kept = {Rank.LAUNCH: 0, Rank.HUDDLE: self.per_minute // 20, Rank.PREFETCH: self.per_minute // 5}
        return self.per_minute - kept[rank]


@dataclass(frozen=True, slots=True)
class Need:
    """What one process has and would have: calls out now, calls that could be out now, calls of the minute to take.

    `unused` are calls of earlier takings that were not made, by the slice that they were counted in.
    """

    out: int = 0
    wanted: int = 0
    calls: int = 0
    rank: Rank = Rank.LAUNCH
    unused: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What one process may do from now on. `contended`: others want what it has, so that it asks again soon."""

    in_flight: int = 0
    calls: int = 0
    slice: str = ""
    contended: bool = False


def fair(most: int, wants: Sequence[int]) -> list[int]:
    """`most` shared among those who want so many each: nobody gets more than they want, nothing that is wanted is left
    over, and who gets less than they want gets no less than anybody else, but for what cannot be divided: that goes to
    those who stand first.
    """
    given, left = [0] * len(wants), max(0, most)
    hungry = [i for i, want in enumerate(wants) if want > 0]
    while hungry and left:
        each = left // len(hungry)
        if not each:
            for i in hungry[:left]:
                given[i] += 1
            break
        for i in hungry:
            more = min(each, wants[i] - given[i])
            given[i] += more
            left -= more
        hungry = [i for i in hungry if given[i] < wants[i]]
    return given
