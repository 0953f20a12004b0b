"""What can go wrong between us and a source. Internal: none of these leaves an adapter, which answers `Unknown`.

    SourceError             reason          the source is
    ├── NotAllowed          not-allowed     up      403, or no token is given to this client
    ├── SignedOut           signed-out      -       401 twice, or there is no token any more
    ├── NotFound            not-readable    up      404, 410
    ├── Refused             not-readable    up      any other 4xx: it does not take the question
    ├── Unreadable          not-readable    up      HTML, broken JSON, too large, an OperationOutcome instead of data
    │   ├── ForeignLink     not-readable    up      a link or redirect that leads to another origin
    │   └── Later           not-readable    up      202: the answer is being made
    ├── NotIdentified       not-identified  up      the payer does not know this member
    ├── CannotList          cannot-list     up      there is no way to ask it for a schedule
    ├── WrongPatient        wrong-patient   up      the answer is about somebody else
    ├── Busy                busy            up      429 to the end
    │   └── Waiting         busy            -       our own limit for it: it was not asked
    ├── Down                down            down    no connection, 5xx
    │   └── Resting         down            -       the breaker is open: it was not asked
    └── Slow                slow            down    the deadline passed

Details are our own words: never payload text, never PHI.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from app.core.answers import Reason, Unknown


class SourceError(Exception):
    """Base. `alive` says what the error proves of the source: True up, False down, None nothing."""

    reason: ClassVar[Reason] = Reason.NOT_READABLE
    alive: ClassVar[bool | None] = True

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after

    def unknown(self, source: str) -> Unknown:
        """The answer that this trouble becomes."""
        return Unknown(source, self.reason, self.detail, self.retry_after)


class NotAllowed(SourceError):
    reason = Reason.NOT_ALLOWED


class SignedOut(SourceError):
    reason = Reason.SIGNED_OUT
    alive = None


class NotFound(SourceError):
    pass


class Refused(SourceError):
    """`status` is the HTTP status; `codes` are those of its OperationOutcome or OAuth error, as far as well formed.

    `words` are the server's own, and may be about a person: to be sealed and quoted to people, never logged.
    """

    def __init__(self, detail: str, *, status: int, codes: tuple[str, ...] = (), words: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.codes = codes
        self.words = words


class Unreadable(SourceError):
    """`groups`: of RA reports that came and could not be read: report id, group id, dialect."""

    def __init__(
        self, detail: str, *, retry_after: float | None = None, groups: tuple[tuple[str, str, str], ...] = ()
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.groups = groups

    def unknown(self, source: str) -> Unknown:
        return replace(super().unknown(source), groups=self.groups)


class ForeignLink(Unreadable):
    pass


class Later(Unreadable):
    """`location` is where to ask again (Content-Location), or "" when the reply does not say."""

    def __init__(self, detail: str, *, location: str, retry_after: float | None = None) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.location = location


class NotIdentified(SourceError):
    reason = Reason.NOT_IDENTIFIED


class CannotList(SourceError):
    reason = Reason.CANNOT_LIST


class WrongPatient(SourceError):
    reason = Reason.WRONG_PATIENT


class Busy(SourceError):
    reason = Reason.BUSY


class Waiting(Busy):
    """Proves nothing of the source: its turn did not come."""

    alive = None


class Down(SourceError):
    """`again`: whether a second try within the same question may help."""

    reason = Reason.DOWN
    alive: ClassVar[bool | None] = False

    def __init__(self, detail: str, *, retry_after: float | None = None, again: bool = True) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.again = again


class Resting(Down):
    """Proves nothing of the source: nobody asked it."""

    alive = None

    def __init__(self, retry_after: float) -> None:
        super().__init__("not asked: it failed just before", retry_after=retry_after, again=False)


class Slow(SourceError):
    reason = Reason.SLOW
    alive = False
