"""What this process has learned of an EHR's schedule: what it declares, for some hours, and how asking it worked.

Kept with the connections of the process, one for each FHIR base, because every launch has an adapter of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from app.core.schedule.appointment import Plan
from app.sources.connections import Connections
from app.sources.errors import NotAllowed, NotFound, Refused, SignedOut, SourceError, Unreadable
from app.sources.fhir.offers import Offers, offers
from app.sources.http import Http, Limits

FRESH = timedelta(hours=4)
AGAIN = timedelta(minutes=5)  # after a reading that found no statement, or failed where there was one before
_SECONDS = 5.0

_lock = threading.Lock()
_known: WeakKeyDictionary[Connections, dict[tuple[str, str], Learned]] = WeakKeyDictionary()


class Learned:
    """One EHR. `worked`: for each plan, the place of the variant that last found appointments."""

    def __init__(self) -> None:
        self.worked: dict[Plan, int] = {}
        self._offers: Offers | None = None
        self._until: datetime | None = None

    def offers(self, without_token: Http, with_token: Http, clock: Callable[[], datetime]) -> Offers | None:
        """What it declares; None when it has no statement that can be read.

        Raises SourceError when it cannot be asked now and never was: which plan there is would be a guess.
        """
        now = clock()
        if self._until is not None and now < self._until:
            return self._offers
        try:
            found = _statement(without_token, with_token)
        except SourceError:
            if self._until is None:
                raise
            self._until = now + AGAIN
            return self._offers
        self._offers, self._until = found, now + (FRESH if found else AGAIN)
        return found


def learned(connections: Connections, source: str, base: str) -> Learned:
    """The one of this process for an EHR entry and FHIR base."""
    with _lock:
        return _known.setdefault(connections, {}).setdefault((source, base), Learned())


def metadata_client(connections: Connections, source: str, base: str) -> Http:
    """Asks without a token: a CapabilityStatement is public by FHIR (R4 http.html 3.1.0.1)."""
    return connections.http(source, base, limits=Limits(total=_SECONDS, attempts=1))


def _statement(without_token: Http, with_token: Http) -> Offers | None:
    try:
        for http in (without_token, with_token):
            try:
                with http.within(_SECONDS):
                    found = http.get("metadata")
            except (NotAllowed, SignedOut, Refused):
                if http is with_token:
                    raise
                continue
            return offers(found) if found.get("resourceType") == "CapabilityStatement" else None
    except (NotAllowed, NotFound, Refused, Unreadable):
        pass
    return None
