"""What is in the outbox, for the ledger and for the lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, or_, select

from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.store.audit.chain import patient_hash
from app.store.outbox.parcel import Listed
from app.store.outbox.parcel import listed as as_listed
from app.store.schema import outbox
from app.store.tx import Tx

_t = outbox.c
_CHUNK = 500

# Made once: putting a statement together costs several times what the database takes to answer it.
_ALL = select(outbox).order_by(_t.at, _t.id)
_OF_ACTION = _ALL.where(_t.action == bindparam("action"))
_OF_PATIENT = _ALL.where(_t.patient_hash == bindparam("here"))


def of_action(tx: Tx, action: str) -> tuple[Message, ...]:
    """What one action has put in, the oldest first."""
    return _messages(tx, tx.conn.execute(_OF_ACTION, {"action": action}).all()) if action else ()


def of_patient(tx: Tx, patient: str) -> tuple[Message, ...]:
    """Everything about a patient, the oldest first; also what was withdrawn."""
    return _messages(tx, tx.conn.execute(_OF_PATIENT, {"here": patient_hash(tx, patient)}).all())


def of_patients(tx: Tx, patients: Iterable[str]) -> dict[str, tuple[Message, ...]]:
    """What people's actions have put in about the patients of a day, in one statement, by patient key; of whom there
    is none is not in it, nor what was withdrawn.
    """
    whose = {patient_hash(tx, each): each for each in patients}
    found: dict[str, list[Message]] = {}
    for each in rows(tx, _t.patient_hash.in_(whose), _t.action != "", _t.post != Post.WITHDRAWN):
        found.setdefault(whose[each.patient_hash], []).append(each.message)
    return {patient: tuple(each) for patient, each in found.items()}


def of_visit(tx: Tx, visit: str) -> tuple[Message, ...]:
    """What was put in for the end of a visit (`visits.key`), the oldest first; also what was withdrawn."""
    return tuple(each.message for each in rows(tx, _t.visit_hash == visit)) if visit else ()


def find(tx: Tx, name: str) -> Listed | None:
    return next(iter(rows(tx, _t.id == name)), None)


def listed(
    tx: Tx, issuer: str, posts: Iterable[Post], *, since: datetime | None = None, of_people: bool = False
) -> tuple[Listed, ...]:
    """What people of one EHR may see of these states, the oldest first. `since`: when it was put in. `of_people`:
    without what needs nobody any more: what the software sent of its own, and what was confirmed.
    """
    here = [_t.issuer_hash == tx.hash("issuer", issuer), _t.post.in_([str(post) for post in posts])]
    if since is not None:
        here.append(_t.at >= since)
    if of_people:
        by_people = or_(_t.action != "", _t.kind == Sends.EVIDENCE)  # evidence of a settled condition has no action
        here.append(or_(_t.post != Post.SENT, and_(by_people, _t.judged != Judged.CONFIRMED)))
    return rows(tx, *here)


def contradicted(tx: Tx, issuer: str, since: datetime) -> tuple[Listed, ...]:
    """What a payer has rejected or opened again of what was put in since then, the oldest first."""
    judged = _t.judged.in_([str(Judged.REJECTED), str(Judged.REOPENED)])
    return rows(tx, _t.issuer_hash == tx.hash("issuer", issuer), _t.post == Post.SENT, _t.at >= since, judged)


def counted_own(tx: Tx, issuer: str, since: datetime) -> int:
    """How many remarks of its own the software has sent for one EHR of those put in since then."""
    own = (_t.action == "", _t.kind == Sends.REMARK, _t.post == Post.SENT, _t.at >= since)
    counted = select(func.count()).select_from(outbox).where(_t.issuer_hash == tx.hash("issuer", issuer), *own)
    return tx.conn.execute(counted).scalar_one()


def rows(tx: Tx, *which: ColumnElement[bool]) -> tuple[Listed, ...]:
    """The rows of which all of that is true, the oldest first."""
    found = tx.conn.execute(_ALL.where(*which)).all()
    return tuple(as_listed(tx, row) for row in found)


def _messages(tx: Tx, found: Iterable[Row[Any]]) -> tuple[Message, ...]:
    return tuple(as_listed(tx, row).message for row in found)


def ids_in(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids, each once, in parts that a statement takes."""
    wanted = list(dict.fromkeys(ids))
    return (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
