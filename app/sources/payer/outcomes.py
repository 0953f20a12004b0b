"""What became of one try to send: trouble of the wire as a `Written`."""

from __future__ import annotations

from app.core.ledger.outgoing import Came, Written
from app.sources.errors import (
    Busy,
    Down,
    NotAllowed,
    NotFound,
    Refused,
    Resting,
    SignedOut,
    Slow,
    SourceError,
    Waiting,
)

CONFLICTS = frozenset({409, 412})  # 2026-11, HAPI says 409 for a version that has moved on
_NO_SUCH_WAY = frozenset({405, 415, 501})
#: Trouble after which nothing can have arrived. Whatever is not here may have.
_BEFORE = (NotAllowed, NotFound, Refused, Busy, SignedOut, Resting)


def may_have_arrived(trouble: SourceError) -> bool:
    return not isinstance(trouble, _BEFORE)


def unread(trouble: SourceError) -> Written:
    """The report could not be read, so that nothing was sent this time."""
    if isinstance(trouble, NotFound):
        return Written(Came.GONE, trouble="no-such-report")
    if isinstance(trouble, NotAllowed):
        return Written(Came.REFUSED, trouble="not-allowed")
    if isinstance(trouble, Refused):
        return Written(Came.REFUSED, trouble="not-readable", words=trouble.words)
    return _put_off(trouble)


def unsent(trouble: SourceError, *, to_report: bool) -> Written:
    """The write was not accepted, or nobody knows. `to_report`: it was addressed to the report, which may be gone."""
    if isinstance(trouble, NotAllowed):
        return Written(Came.REFUSED, trouble="not-allowed")
    if isinstance(trouble, NotFound):
        return Written(Came.GONE, trouble="no-such-report") if to_report else _no_way("")
    if isinstance(trouble, Refused):
        if trouble.status in _NO_SUCH_WAY:
            return _no_way(trouble.words)
        return Written(Came.REFUSED, trouble="not-taken", words=trouble.words)
    if may_have_arrived(trouble) and trouble.retry_after is None:
        return Written(Came.UNKNOWN, trouble=_name(trouble))
    return _put_off(trouble)


def _no_way(words: str) -> Written:
    return Written(Came.REFUSED, trouble="no-transport", words=words)


def _put_off(trouble: SourceError) -> Written:
    return Written(Came.LATER, trouble=_name(trouble), wait=trouble.retry_after)


def _name(trouble: SourceError) -> str:
    names: tuple[tuple[type[SourceError], str], ...] = (
        (Waiting, "waiting"), (Resting, "resting"), (Busy, "busy"), (Down, "down"), (Slow, "slow"),
        (SignedOut, "no-token"),
    )  # fmt: skip
    return next((name for kind, name in names if isinstance(trouble, kind)), "not-readable")
