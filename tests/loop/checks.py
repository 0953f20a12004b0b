"""What must be true when everything has come to rest: looked up in the ledger and at the payers, which know nothing of
each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import requests
from sqlalchemy import select

from app import open_store
from app.core.ledger.action import Action
from app.core.ledger.outgoing import Post, Sends
from app.store import Tx, audit, compliance, recorded, visits
from app.store.outbox.parcel import Listed, listed
from app.store.schema import actions, outbox
from tests.loop.people import Taps
from tests.loop.stage import Stage

OURS = "chartside-"


def problems(here: Stage, taps: Taps) -> list[str]:
    """Everything that is not as it must be; empty: nothing is lost, nothing doubled."""
    with closing(open_store(here.settings)) as store, store.read() as tx:
        found = [f"an answer that nobody should get: {each}" for each in taps.trouble[:5]]
        found += of_ledger(_recorded(tx), taps)
        rows = [listed(tx, row) for row in tx.conn.execute(select(outbox)).all()]
        found += of_outbox(rows)
        found += [f"the audit: {each}" for each in audit.verify(tx)]
        found += [f"line {number} of the compliance list" for number in compliance.broken(tx)]
        found += [f"a visit that has ended is not closed: {each.encounter}" for each in visits.over(tx)]
    for payer, url in here.payers.items():
        found += of_payer(payer, requests.get(f"{url}/_remarks", timeout=30).json(), rows)
    return found


def waiting(here: Stage) -> Counter[str]:
    """How many rows of the outbox are in each state."""
    with closing(open_store(here.settings)) as store, store.read() as tx:
        return Counter(tx.conn.execute(select(outbox.c.post)).scalars())


def of_ledger(every: Sequence[Action], taps: Taps) -> Iterator[str]:
    """Every acknowledged tap is there once, every other one at most once, and nothing that was refused stands. One that
    got no answer, was taken back by somebody who saw it, and is tapped again is refused: it is out of date.
    """
    often = Counter(action.word for action in every)
    stands = {action.word for action in every if not action.undone_at}
    yield from (f"lost: {word}" for word in taps.kept if often[word] == 0)
    yield from (f"recorded {times} times: {word}" for word, times in often.items() if times > 1)
    yield from (f"refused, and recorded: {word}" for word in taps.refused & stands)
    yield from (f"from nowhere: {word}" for word in often.keys() - taps.kept - taps.unknown - taps.refused)
    undone = {action.id for action in every if action.undone_at}
    yield from (f"taken back, and stands: {name}" for name in taps.undone - undone)


def of_outbox(rows: Sequence[Listed]) -> Iterator[str]:
    """Nothing waits or is held any more, and nothing needs a person; one visit has one word for one group."""
    for row in rows:
        message = row.message
        if message.post not in (Post.SENT, Post.WITHDRAWN):
            yield f"{message.post} to {message.to}: {message.group} {message.code}, {message.trouble}"
    words = Counter((row.parcel.visit, row.message.to, row.message.group) for row in _sent(rows) if row.parcel)
    yield from (f"{times} words of one visit for {group}" for (_, _, group), times in words.items() if times > 1)


def of_payer(payer: str, received: Sequence[Mapping[str, Any]], rows: Sequence[Listed]) -> Iterator[str]:
    """What is due is at its payer exactly once, with its code, and nothing else of ours is."""
    there = {each["id"].removeprefix(OURS): each for each in received}
    due = {row.message.id: row.message for row in _sent(rows) if row.message.to == payer}
    lost = (due[name] for name in due.keys() - there.keys())
    yield from (f"{payer} has never got {each.code} for {each.group}" for each in lost)
    yield from (f"{payer} has got what was not due: {there[name]}" for name in there.keys() - due.keys())
    for name in due.keys() & there.keys():
        each, message = there[name], due[name]
        if (each["times"], f"{each['report']}/{each['group']}", each["code"]) != (1, message.group, message.code):
            yield f"{payer} has got {each}, and not {message.code} for {message.group} once"
    if len(received) != len(there):
        yield f"{payer} has got {len(received) - len(there)} remarks under an id that it had already"


def _recorded(tx: Tx) -> list[Action]:
    ids = tx.conn.execute(select(actions.c.id)).scalars().all()
    found = recorded.of_ids(tx, ids)
    assert len(found) == len(ids), "an action cannot be read"
    return list(found.values())


def _sent(rows: Sequence[Listed]) -> list[Listed]:
    return [row for row in rows if row.message.post is Post.SENT and row.message.kind is Sends.REMARK]
