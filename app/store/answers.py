"""The answer row: what a source last said, whether that still counts, and who is asking it now (README, Decisions).

`claim` makes one asker of many, across threads and processes: whoever gets ASK holds a lease and must settle. A lease
that runs out (its process died) can be claimed again, and its old holder's late answer is then refused. A failed try
never destroys the last good answer, unless it says that the answer may not be shown (`STAYS_GOOD`). Time is `tx.now`.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from app.core.answers import Answer, Known, Reason, Unknown
from app.store import codec
from app.store.audit.chain import patient_hash
from app.store.errors import CodecError, SealBroken
from app.store.schema import STALE_FOR, answers
from app.store.tx import Digest, Tx, keyed

#: Reasons that say nothing about the last good answer. After the others (another patient's data, not a member any more,
#: no longer allowed, restricted, not connected) it is deleted: it would be showing what the source has taken back.
STAYS_GOOD = frozenset(
    {Reason.DOWN, Reason.SLOW, Reason.BUSY, Reason.NOT_READABLE, Reason.NOT_AHEAD, Reason.SIGNED_OUT}
)

#: Names in one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
AT_ONCE = 5000

_t = answers.c

# Statements are made once: putting one together costs several times what the database takes to answer it.
_OF_THESE = _t.question_hash.in_(bindparam("keys", expanding=True))
_AT = type_coerce(_t.fresh_until, NullType())  # the moment as the database has it: nobody reads it as a time
_HELD = select(_t.question_hash, _t.asked_by, _t.good_at, _t.version).where(_OF_THESE)
_STATED = select(
    _t.question_hash, _t.version, _t.fresh_until, _AT.label("at"), _t.asking_until, _t.failure, _t.good, _t.good_at
).where(_OF_THESE)
_IS_ASKED = case((_t.asking_until > bindparam("now", type_=_t.asking_until.type), 1), else_=0)
_PULSES = select(_t.question_hash, _t.version, _AT, _IS_ASKED).where(_OF_THESE)
_PULSE = select(func.coalesce(func.sum(_t.version), 0), func.coalesce(func.sum(_IS_ASKED), 0)).where(_OF_THESE)
_NAMES_KNOWN = 20_000  # questions whose names are remembered: a morning looks at hundreds again and again


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one source. `scope` is the launch handle where only that launch may see the answer, else empty.

    `patient` is the patient's key, issuer and id; two EHRs' patients never share an answer. `member`: by which member
    ids a payer is asked, because two memberships of one patient share none either.
    """

    source: str
    name: str
    scope: str
    patient: str
    member: str = ""


class Claim(StrEnum):
    ASK = "ask"  # the caller holds the lease now, and must settle
    FRESH = "fresh"  # `snapshot` has the answer
    WAIT = "wait"  # somebody else is asking


@dataclass(frozen=True, slots=True)
class Stored:
    """One question as stored. `answer` is None until somebody has answered, and again when that is no longer fresh.

    `version` grows with every settled try, and starts again where an answer was deleted; `mark` never comes back.
    `counts_until`: from then on the newest try is no longer fresh; `asked_until`: until then somebody asks.
    """

    answer: Answer[Any] | None
    asking: bool
    version: int
    mark: str = field(default="", compare=False)
    counts_until: datetime | None = field(default=None, compare=False)
    asked_until: datetime | None = field(default=None, compare=False)
    pulse: tuple[object, ...] = field(default=(), compare=False)  # the mark of its `Pulse`


@dataclass(slots=True)
class Pulse:
    """Of one question, without opening anything: which try it is at, and whether somebody asks."""

    mark: tuple[object, ...]
    asking: bool


def alone(tx: Tx) -> None:
    """Nobody else claims, settles or deletes until this transaction ends. Whoever takes further locks takes this first:
    one order for everybody.
    """
    tx.serialise("answers")


def claim(
    tx: Tx, questions: Collection[Question], lease: timedelta, who: str, *, anew: bool = False
) -> dict[Question, Claim]:
    """Whether the caller, process `who`, shall ask each of `questions` now. Give back each lease by `settle_all`.

    `anew`: ask also where there is a fresh answer, which stands until the new one is in.
    """
    if not questions:
        return {}
    alone(tx)
    keys = {question: _key(tx, question) for question in questions}
    rows: dict[str, Any] = {
        row.question_hash: row
        for some in batched(list(keys.values()), AT_ONCE)
        for row in tx.conn.execute(_STATED, {"keys": some}).all()
    }
    claims = {question: _claim(tx, rows.get(key), anew) for question, key in keys.items()}
    ours = {keys[question]: question for question, given in claims.items() if given is Claim.ASK}
    taken = {"asking_until": tx.now + lease, "asked_by": who}
    if new := [{**_new(tx, question, key), **taken} for key, question in ours.items() if key not in rows]:
        tx.conn.execute(insert(answers), new)
    if old := [key for key in ours if key in rows]:
        tx.conn.execute(update(answers).where(_OF_THESE).values(**taken), {"keys": old})
    return claims


def _claim(tx: Tx, row: Row[Any] | None, anew: bool) -> Claim:
    if row is None:
        return Claim.ASK
    if _asking(row, tx.now):
        return Claim.WAIT
    return Claim.ASK if anew or _answer(tx, row, STALE_FOR, timedelta()) is None else Claim.FRESH


@dataclass(frozen=True, slots=True)
class Settled:
    """One question and what it came to."""

    question: Question
    answer: Answer[Any]
    fresh_for: timedelta


def settle_all(tx: Tx, items: Sequence[Settled], who: str) -> list[Settled]:
    """Store the answers of the lease holder `who`, and end the leases: one look and at most three statements.

    Gives back what was stored: not where another process has claimed the question since, or a newer answer stands.
    """
    alone(tx)
    keys = [_key(tx, item.question) for item in items]
    rows = {row.question_hash: row for row in tx.conn.execute(_HELD, {"keys": keys}).all()}
    stored: dict[str, Settled] = {}  # by key: of two answers to one question the later counts
    for key, item in zip(keys, items, strict=True):
        row = rows.get(key)
        if row is not None and row.asked_by == who and not _outrun(row, item.answer):
            stored[key] = item
    statements: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, item in stored.items():
        known = isinstance(item.answer, Known)
        changed = _known(tx, key, item.answer) if known else _unknown(tx, key, item.answer)  # type: ignore[arg-type] # by known
        ended = {"asking_until": None, "fresh_until": tx.now + item.fresh_for, "version": rows[key].version + 1}
        statements.setdefault(tuple(changed), []).append({"of": key, **changed, **ended})
    for values in statements.values():
        tx.conn.execute(update(answers).where(_t.question_hash == bindparam("of")), values)
    return list(stored.values())


def snapshot(
    tx: Tx,
    questions: Iterable[Question],
    stale_for: timedelta = STALE_FOR,
    *,
    failures_stand: timedelta = timedelta(),
) -> dict[Question, Stored]:
    """What is stored of each question; one that nobody has asked is absent.

    When the newest try failed, the last good answer stands in with `stale_because`, if it is younger than `stale_for`
    (never more than `STALE_FOR`: older ones are purged). A failure counts for `failures_stand` longer than it is fresh.
    """
    keys = {_key(tx, question): question for question in questions}
    rows = [row for some in batched(keys, AT_ONCE) for row in tx.conn.execute(_STATED, {"keys": some}).all()]
    return {
        keys[row.question_hash]: Stored(
            _answer(tx, row, stale_for, failures_stand),
            _asking(row, tx.now),
            row.version,
            _mark(row),
            row.fresh_until,
            row.asking_until,
            (row.question_hash, row.version, row.at),
        )
        for row in rows
    }


def names(tx: Tx, questions: Iterable[Question]) -> tuple[str, ...]:
    """The names under which questions are kept, for who looks often (`pulses`)."""
    return tuple(_key(tx, question) for question in questions)


def pulses(tx: Tx, asked: Collection[str]) -> dict[str, Pulse]:
    """At which try the questions of these `names` are, in one statement. What nobody has asked is absent."""
    found: dict[str, Pulse] = {}
    for some in batched(asked, AT_ONCE):
        # All at once: row by row, each would let another thread in between.
        for name, version, end, out in tx.conn.execute(_PULSES, {"keys": some, "now": tx.now}).all():
            found[name] = Pulse((name, version, end), bool(out))
    return found


def given(tx: Tx, items: Sequence[Settled], who: str) -> None:
    """Keep answers that came with another one, each where nobody has or asks one already."""
    lease = timedelta(seconds=1)  # ended in the same transaction
    claims = claim(tx, [item.question for item in items], lease, who)
    if ours := [item for item in items if claims[item.question] is Claim.ASK]:
        settle_all(tx, ours, who)


def pulse(tx: Tx, questions: Iterable[Question]) -> tuple[int, int]:
    """The sum of the questions' versions, and how many are being asked: for a long poll that looks often, and opens
    nothing.
    """
    keys = [_key(tx, question) for question in questions]
    version, out = tx.conn.execute(_PULSE, {"keys": keys, "now": tx.now}).one()
    return int(version), int(out)


def forget(tx: Tx, question: Question) -> None:
    """Let the stored answer count no longer, so that the next claim asks again. The last good one stays in reserve."""
    alone(tx)
    changed = {"fresh_until": None, "version": _t.version + 1}
    tx.conn.execute(update(answers).where(_t.question_hash == _key(tx, question)).values(**changed))


def drop(tx: Tx, scope: str) -> int:
    """Delete every answer of one launch (it has ended); how many."""
    alone(tx)
    return tx.conn.execute(delete(answers).where(_t.scope_hash == _scope(tx, scope))).rowcount


def drop_of(tx: Tx, source: str, patient: str) -> int:
    """Delete whatever one payer has said of one patient, for all launches; how many. Who is asking is refused later.

    `source` empty: every payer.
    """
    alone(tx)
    which = _t.source == source if source else _t.scope_hash == ""  # only an EHR's answers belong to one launch
    return tx.conn.execute(delete(answers).where(which, _t.patient_hash == patient_hash(tx, patient))).rowcount


def batched(values: Collection[str], size: int) -> Iterator[list[str]]:
    """`values` in pieces that one statement takes."""
    whole = list(values)
    return (whole[at : at + size] for at in range(0, len(whole), size))


def _key(tx: Tx, question: Question) -> str:
    return _named(tx.digest, question)


@lru_cache(_NAMES_KNOWN)
def _named(digest: Digest, q: Question) -> str:
    whom = f"{q.patient}|{q.member}" if q.member else q.patient
    return keyed(digest, "question", q.source, q.name, q.scope, whom)


def _scope(tx: Tx, scope: str) -> str:
    return tx.hash("scope", scope) if scope else ""


def _new(tx: Tx, q: Question, key: str) -> dict[str, Any]:
    return {
        "question_hash": key,
        "source": q.source,
        "scope_hash": _scope(tx, q.scope),
        "patient_hash": patient_hash(tx, q.patient),
        "version": 0,
    }


def _known(tx: Tx, key: str, answer: Known[Any]) -> dict[str, Any]:
    good = _close(tx, answer, _good(key))
    return {"good": good, "good_at": answer.received, "failure": None, "reason": None}


def _unknown(tx: Tx, key: str, answer: Unknown) -> dict[str, Any]:
    taken_back = {} if answer.reason in STAYS_GOOD else {"good": None, "good_at": None}
    return {"failure": _close(tx, answer, _failure(key)), "reason": str(answer.reason), **taken_back}


def _good(key: str) -> str:
    return f"{key}/good"


def _failure(key: str) -> str:
    return f"{key}/failure"


def _asking(row: Any, now: datetime) -> bool:
    return row.asking_until is not None and row.asking_until > now


def _mark(row: Any) -> str:
    """Says which try this is, also where the row was deleted and the count began again: no two end at one instant."""
    return f"{row.question_hash}/{row.version}/{row.at or ''}"


def _outrun(row: Any, answer: Answer[Any]) -> bool:
    """A process can outlive its own lease and ask twice; the older of its answers may come in last."""
    return isinstance(answer, Known) and row.good_at is not None and answer.received < row.good_at


def _answer(tx: Tx, row: Row[Any], stale_for: timedelta, failures_stand: timedelta) -> Answer[Any] | None:
    """The answer that counts, None where none does: not answered, no longer fresh, or not readable any more."""
    longer = timedelta() if row.failure is None else failures_stand
    if row.fresh_until is None or row.fresh_until + longer <= tx.now:
        return None
    key = row.question_hash
    if row.failure is None:
        good = _open(tx, row.good, _good(key))
        return good if isinstance(good, Known) else None
    failure = _open(tx, row.failure, _failure(key))
    if not isinstance(failure, Unknown):
        return None
    if row.good is None or row.good_at <= tx.now - stale_for:
        return failure
    good = _open(tx, row.good, _good(key))
    return replace(good, stale_because=failure.reason) if isinstance(good, Known) else failure


def _close(tx: Tx, answer: Answer[Any], row: str) -> bytes:
    sealed = tx.seal(zlib.compress(codec.encode(answer), 1), row)  # a chart shrinks to a tenth, for less than it saves
    tx.opened.get(row, sealed, lambda *_: answer)  # who has just sealed it will be the first to read it
    return sealed


def _open(tx: Tx, sealed: bytes | None, row: str) -> object:
    """None where a sealing key was retired or a type has changed since: then the source is asked again."""

    def opening(sealed: bytes, row: str) -> object:
        return codec.decode(zlib.decompress(tx.unseal(sealed, row)))

    try:
        return None if sealed is None else tx.opened.get(row, sealed, opening)
    except (SealBroken, zlib.error, CodecError):
        return None
