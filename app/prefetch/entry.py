"""What the night must know of an EHR, and what it needs of the gathering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from app.core.asking import Opening
from app.core.schedule.entry import Prefetch
from app.gather import State


@dataclass(frozen=True, slots=True)
class Entry:
    """An EHR entry that has `prefetch`. `providers`: Practitioner/…"""

    id: str
    name: str
    issuer: str
    timezone: str
    prefetch: Prefetch
    providers: tuple[str, ...]
    restrictions: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def scopes(self) -> frozenset[str]:
        """What its token is used for, whatever it would allow."""
        return frozenset(f"system/{kind}.rs" for kind in self.prefetch.types)


class Gathers(Protocol):
    """What the night needs of `app.gather.Gathering`; its EHR answers to the system's token."""

    def advance(self, opening: Opening) -> None: ...
    def state(self, opening: Opening) -> State: ...
    def forget(self, handle: str) -> None: ...
