"""Named faults and their switches: what the EHR's table (`faults.py`) and the payers' (`payer/faults.py`) share.

A name may be confined to one part of a server, as in `html:Observation` or `html:care-gaps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

Checked = Callable[[Iterable[str]], frozenset[str]]


class UnknownFault(ValueError):
    """A name that is not in the table, or one that is confined to what does not exist."""


def is_on(active: frozenset[str], name: str, where: str = "") -> bool:
    """Whether the fault is on, everywhere or there."""
    return name in active or f"{name}:{where}" in active


class Switches:
    """The faults that were switched on at run time, for everybody."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._on: frozenset[str] = frozenset()
        self.lock = Lock()

    @property
    def on(self) -> frozenset[str]:
        """The faults that are on for everybody."""
        return self._on

    def change(self, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> frozenset[str]:
        """Switch faults on and off for everybody and return what is on now. Raises UnknownFault."""
        adding, removing = self._checked(add), self._checked(remove)
        with self.lock:
            self._on = (self._on | adding) - removing
            self.changed()
            return self._on

    def changed(self) -> None:
        """Called under the lock after each change."""
