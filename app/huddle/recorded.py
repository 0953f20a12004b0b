"""What was recorded here about the patients of a day: looked at by one statement, read only where it changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.core.ledger.outgoing import Ledger
from app.core.schedule.earlier import without_answered
from app.gather import Filled, patient_key
from app.store import Store, ledgers
from app.store.snapshots import Snapshot

LEDGERS_KNOWN = 5000
_EMPTY = Ledger()


@dataclass(frozen=True, slots=True)
class Read:
    """The ledger of one patient as last read. `version` names its content; empty: nothing is recorded."""

    version: str = ""
    ledger: Ledger = _EMPTY


NOTHING = Read()
NOTHING_READ: Mapping[str, Read] = {}


class Ledgers:
    """One per process. Reads, and writes nothing; whose rows are shown is audited as any look at a row."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Read] = {}  # by patient key
        self._lock = threading.Lock()

    def of(self, filled: Filled) -> dict[str, Read]:
        """What is recorded about the patients of a day, by reference; of whom nothing is recorded is not in it."""
        return self._read({
            ref: patient_key(opening, state.plan)
            for ref, state in filled.patients.items()
            if (opening := filled.openings.get(ref)) is not None and state.plan.patient_id
        })  # fmt: skip

    def of_before(self, issuer: str, kept: Snapshot) -> tuple[Snapshot, dict[str, Read]]:
        """A morning of before without what was answered since, and what is recorded about its patients."""
        refs = {row.patient_ref for row in (*kept.rows, *kept.missed)} - {""}
        found = self._read({ref: f"{issuer}|{ref.removeprefix('Patient/')}" for ref in refs})
        rows, missed = (
            tuple(without_answered(row, found.get(row.patient_ref, NOTHING).ledger, kept.at) for row in of)
            for of in (kept.rows, kept.missed)
        )
        return replace(kept, rows=rows, missed=missed), found

    def _read(self, keys: Mapping[str, str]) -> dict[str, Read]:
        if not keys:
            return {}
        with self._store.read() as tx:
            versions = ledgers.versions(tx, keys.values())
            with self._lock:
                known = {key: self._known[key] for key in versions if key in self._known}
            news = [key for key, version in versions.items() if key not in known or known[key].version != version]
            found = ledgers.of_patients(tx, news) if news else {}
        known |= {key: Read(versions[key], found.get(key, _EMPTY)) for key in news}
        self._keep({key: known[key] for key in news})
        return {ref: known[key] for ref, key in keys.items() if key in known}

    def _keep(self, read: Mapping[str, Read]) -> None:
        with self._lock:
            for key in read:
                self._known.pop(key, None)
            self._known |= read  # the newest last
            for old in list(self._known)[:-LEDGERS_KNOWN]:
                del self._known[old]
