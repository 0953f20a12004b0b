"""What a row carries, sealed for that row; and what people see of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.store.errors import SealBroken
from app.store.said import Person
from app.store.tx import Tx

SMALL = 8_000  # bytes, sealed: a remark; evidence is more
#: Fields of a parcel that stand in columns, as they are or hashed, and are not sealed once more.
_IN_COLUMNS = {"kind", "to", "id", "action", "visit", "due"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is put in. `body` is plain JSON: for a remark `core.ledger.outgoing.Remark` as a dict, for evidence
    {"bundle" | "parameters": …, "report": …}, for the EHR {"resource": …}; whoever sends it reads it.
    """

    kind: Sends
    to: str  # payer or EHR entry id
    together: str  # names what leaves in one write: "payer|report id"; else its own id
    patient: str  # patient key
    body: Mapping[str, Any]
    id: str = ""  # empty: a new one
    action: str = ""
    visit: str = ""  # key of the visit whose end it waits for (`visits.key`); empty: none
    launch: str = ""  # handle; kept as a hash, and sealed
    due: datetime | None = None  # None: at once, or at the end of the visit
    person: Person = field(default_factory=Person)  # for lists: whom it is about
    member: Mapping[str, Any] = field(default_factory=dict)  # for asking the payer what became of it
    label: str = ""  # what it is about, in our words
    by: str = ""  # whose word it is, as shown
    who: str = ""  # fhirUser


@dataclass(frozen=True, slots=True)
class Taken:
    """One row that the caller has until its lease is over. `against`: the version that an earlier try was put on."""

    id: str
    parcel: Parcel
    tries: int
    against: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One row for the lists. `parcel` None: sealed with a key that is gone."""

    message: Message
    parcel: Parcel | None
    patient_hash: str


def close(tx: Tx, name: str, parcel: Parcel) -> bytes:
    """The sealed part of a parcel, for the row `name`. Raises TypeError where `body` or `member` is no plain JSON."""
    said = {key: value for key, value in asdict(parcel).items() if key not in _IN_COLUMNS}
    return tx.seal(json.dumps(said, separators=(",", ":")).encode(), _place(name))


def open_(tx: Tx, row: Row[Any]) -> Parcel | None:
    """None where its sealing key was retired, or its form is one that this release cannot read."""
    try:
        said = _said(tx, row)
        columns = {"id": row.id, "to": row.to, "action": row.action, "visit": row.visit_hash, "due": row.due_at}
        return Parcel(kind=Sends(row.kind), **columns, **said)
    except (SealBroken, ValueError, KeyError, TypeError):
        return None


def _said(tx: Tx, row: Row[Any]) -> Mapping[str, Any]:
    """What is sealed of a row. Small ones are kept at hand: every draw of a panel reads its patient's."""

    def opening(sealed: bytes, place: str) -> Mapping[str, Any]:
        said: dict[str, Any] = json.loads(tx.unseal(sealed, place))
        return said | {"person": Person(**said["person"])}

    if len(row.body) > SMALL:
        return opening(row.body, _place(row.id))
    found: Mapping[str, Any] = tx.opened.get(_place(row.id), row.body, opening)
    return found


def close_words(tx: Tx, name: str, words: str) -> bytes | None:
    """What the receiver said about a row."""
    return tx.seal(words.encode(), _place(name, "words")) if words else None


def listed(tx: Tx, row: Row[Any]) -> Listed:
    """A row as people see it."""
    parcel = open_(tx, row)
    body = parcel.body if parcel and parcel.kind is Sends.REMARK else {}
    message = Message(
        id=row.id,
        kind=Sends(row.kind),
        to=row.to,
        post=Post(row.post),
        at=row.at,
        action=row.action,
        code=body.get("code", ""),
        group=f"{body.get('report_id', '')}/{body.get('group_id', '')}".strip("/"),
        due=row.due_at,
        tries=row.tries,
        sent_at=row.sent_at,
        confirmable=bool(row.confirmable),
        judged=Judged(row.judged),
        judged_at=row.judged_at,
        trouble=row.trouble,
        payer_words=_words(tx, row),
    )
    return Listed(message, parcel, row.patient_hash)


def _words(tx: Tx, row: Row[Any]) -> str:
    try:
        return tx.unseal(row.outcome, _place(row.id, "words")).decode() if row.outcome else ""
    except (SealBroken, ValueError):
        return ""


def _place(name: str, part: str = "") -> str:
    return f"outbox/{name}/{part}" if part else f"outbox/{name}"
