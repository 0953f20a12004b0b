"""What launch asks of whoever keeps its records: opaque bytes under a key. launch seals before it puts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class LaunchStore(Protocol):
    """Shared by all processes of one installation. A row that has expired is as good as gone."""

    def put(self, kind: str, key: str, body: bytes, *, expires: datetime, group: str = "") -> None: ...

    def get(self, kind: str, key: str) -> tuple[bytes, int] | None:
        """Body and version."""

    def take(self, kind: str, key: str) -> bytes | None:
        """Read and remove in one step: of two at the same time, one gets None."""

    def replace(self, kind: str, key: str, body: bytes, *, version: int, expires: datetime | None = None) -> bool:
        """Write only if `version` is still current; False if it is not, or the row is gone."""

    def keys(self, kind: str, group: str) -> list[str]:
        """The keys of a group."""

    def drop(self, kind: str, key: str) -> None:
        """Remove; nothing happens if it is not there."""
