"""What somebody said about a patient's answers, sealed: the body of a hold, of a restriction, and of their endings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from app.store.audit import Audit
from app.store.errors import SealBroken
from app.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about, by this chart's own words at that time; never by a payer's."""

    name: str = ""
    born: str = ""  # as written
    record: str = ""  # medical record number


@dataclass(frozen=True, slots=True)
class Note:
    """What no audit record holds: the name of who says it, of whom, and why."""

    by: str = ""
    person: Person = Person()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A note with who made it, in which role, about which patient, as the audit has it."""

    who: str
    role: str
    patient: str  # patient key
    note: Note


def close(tx: Tx, entry: Audit, note: Note, row: str) -> bytes:
    """Sealed for one row."""
    content = {"who": entry.who, "role": entry.role, "patient": entry.patient, "note": asdict(note)}
    return tx.seal(json.dumps(content, separators=(",", ":")).encode(), row)


def read(tx: Tx, sealed: bytes | None, row: str) -> Said | None:
    """None where there is nothing, or its sealing key was retired: what it keeps hidden stays hidden."""
    try:
        return _said(json.loads(tx.unseal(sealed, row))) if sealed else None
    except (SealBroken, ValueError, KeyError, TypeError):
        return None


def _said(content: dict[str, Any]) -> Said:
    note = content.pop("note")
    return Said(**content, note=Note(note["by"], Person(**note["person"]), note["why"]))
