"""Use case: code lists that a practice is licensed for (CPT, SNOMED CT, value sets) are imported, and rules use them.

`PracticeCodes` gives the running processes a registry with what is stored. Whoever imports a list answers for its
licence; nothing of it leaves the practice's own database.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from app.core.measures import REGISTRY, Registry
from app.core.measures.imported import targets
from app.core.terminology import CPT, SNOMED
from app.store import Store, StoreUnavailable, code_lists, in_transaction

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=30)  # a running process sees an imported list within a minute
#: Whose licence a list needs. The others are in the public domain, or free under a licence that the app states.
LICENSED: Mapping[str, str] = {CPT: "CPT (American Medical Association)", SNOMED: "SNOMED CT (SNOMED International)"}


class NoSuchTarget(ValueError):
    """No rule has such a part. The message names what there is."""


def check_target(target: str, registry: Registry = REGISTRY) -> None:
    """Raises NoSuchTarget."""
    known = targets(registry.rules)
    if target not in known:
        raise NoSuchTarget(f"no rule has {target!r}; there are:\n  " + "\n  ".join(known))


class PracticeCodes:
    """The registry with the practice's own lists, for any thread. Looks for new lists twice a minute."""

    def __init__(self, store: Store, clock: Callable[[], datetime], base: Registry = REGISTRY) -> None:
        self._store, self._clock, self._base = store, clock, base
        self._lock = threading.Lock()
        self._registry = base
        self._stamp: tuple[int, datetime | None] = (0, None)
        self._looked: datetime | None = None

    def registry(self) -> Registry:
        """The rules with what has been imported. Without the database, or inside a transaction: as it was last."""
        now = self._clock()
        with self._lock:
            if (self._looked and now - self._looked < LOOK_AGAIN) or in_transaction():
                return self._registry
            self._looked = now
            try:
                with self._store.read() as tx:
                    stamp = code_lists.stamp(tx)
                    stored = code_lists.everything(tx) if stamp != self._stamp else None
            except StoreUnavailable:
                log.warning("the practice's code lists could not be read from the store")
                return self._registry
            if stored is not None:
                self._registry, self._stamp = self._with(stored), stamp
            return self._registry

    def _with(self, stored: Iterable[code_lists.Stored]) -> Registry:
        """The base with the lists that still have a place; a list of an older release that has none is said."""
        known = set(targets(self._base.rules))
        stored = tuple(stored)
        for each in stored:
            if each.target not in known:
                log.warning("an imported code list has no place: no rule has %s", each.target)
        return self._base.with_codes(each.list() for each in stored if each.target in known)
