"""How long something waits before it is tried again, and when a person must look instead. Pure."""

from __future__ import annotations

from datetime import timedelta

FIRST = 4.0  # seconds
CAP = 3600.0
MOST_ASKED = 86_400.0  # of the wait that a payer asks for
MOST_TRIES = 100  # some four days: a payer that is down over a weekend makes no dead letters
#: A scope that is missing is mended by somebody at the payer; a refusal for good is not waited for so long.
MOST_NOT_ALLOWED = 5
NOT_ALLOWED = "not-allowed"
#: Troubles with which nothing has been tried: the breaker is open, our own limit for the payer was used up; and what
#: has to do with this process alone.
RESTING = frozenset({"resting", "waiting"})
NOT_TRIED = RESTING | {"ending", "lease-over"}


def pause(tries: int, draw: float, asked: float | None = None) -> timedelta:
    """After so many tries. `draw`: from 0 to 1, by chance, so that many rows do not come back at one moment; `asked`:
    the seconds that the payer asks us to wait.
    """
    full = min(CAP, FIRST * 2.0 ** (min(max(tries, 1), 20) - 1))
    return timedelta(seconds=max(full * (0.5 + draw / 2), min(asked or 0.0, MOST_ASKED)))


def given_up(tries: int, trouble: str) -> bool:
    """Whether it is not tried again by itself."""
    return tries >= (MOST_NOT_ALLOWED if trouble == NOT_ALLOWED else MOST_TRIES)
