"""The compliance list: cannot be emptied, and what is done to it by force is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, delete, text, update
from sqlalchemy.exc import DBAPIError

from app.store import Store, StoreUnavailable, compliance
from app.store.compliance import Direction, Line
from app.store.engine import for_writing, transaction
from app.store.purge import purge
from app.store.schema import compliance as table
from tests.store.append_only import unguarded
from tests.store.ledger_rows import ISSUER, LINE, PATIENT, entry, trail
from tests.store.one_store import START, Clock, at_once


def add(store: Store, line: Line = LINE, issuer: str = ISSUER) -> int:
    about = entry(store, "record-action")
    with store.begin() as tx:
        return compliance.add(tx, about, issuer, line)


def broken(store: Store) -> tuple[int, ...]:
    with store.read() as tx:
        return compliance.broken(tx)


def test_lines_are_numbered_and_listed_for_their_ehr_in_order(store: Store) -> None:
    added = replace(LINE, direction=Direction.ADDED, condition="Asthma")
    assert [add(store), add(store, added), add(store, issuer="https://other.example")] == [1, 2, 3]
    with store.read() as tx:
        assert compliance.lines(tx, ISSUER) == (
            replace(LINE, number=1, at=START, patient=PATIENT),
            replace(added, number=2, at=START, patient=PATIENT),
        )
    assert broken(store) == ()
    assert trail(store) == ["compliance-line"] * 3


def test_many_at_once_make_one_whole_list(store: Store) -> None:
    assert sorted(at_once(6, lambda _: add(store))) == [1, 2, 3, 4, 5, 6]
    assert broken(store) == ()


@pytest.mark.parametrize(
    "statement",
    [
        delete(table),
        update(table).values(direction="added"),
        text("TRUNCATE compliance"),
        text("INSERT OR REPLACE INTO compliance SELECT * FROM compliance"),  # SQLite: no trigger on DELETE sees it
    ],
)
def test_the_database_refuses_to_change_or_empty_it(store: Store, statement: object) -> None:
    add(store)
    with pytest.raises((DBAPIError, StoreUnavailable)), store.begin() as tx:
        tx.conn.execute(statement)  # type: ignore[call-overload]
    assert broken(store) == ()
    with store.read() as tx:
        assert len(compliance.lines(tx, ISSUER)) == 1


def test_no_purge_takes_a_line(store: Store, clock: Clock) -> None:
    add(store)
    clock.advance(days=36_500)
    with store.begin() as tx:
        purge(tx)
    with store.read() as tx:
        assert len(compliance.lines(tx, ISSUER)) == 1
        assert compliance.broken(tx) == ()


def _swap_bodies(connection: Connection) -> None:
    bodies = dict(connection.execute(table.select().with_only_columns(table.c.seq, table.c.body)).all())
    for seq, other in ((1, 2), (2, 1)):
        connection.execute(update(table).where(table.c.seq == seq).values(body=bodies[other]))


@pytest.mark.parametrize(
    ("force", "found"),
    [
        (lambda c: c.execute(update(table).where(table.c.seq == 2).values(direction="added")), {2}),
        (lambda c: c.execute(delete(table).where(table.c.seq == 2)), {2, 3}),
        (lambda c: c.execute(delete(table).where(table.c.seq == 3)), {3}),
        (lambda c: c.execute(delete(table)), {1, 2, 3}),
        (_swap_bodies, {1, 2}),
    ],
    ids=["edited", "one taken out", "the end cut off", "emptied", "moved"],
)
def test_whoever_drops_the_triggers_still_leaves_a_trace(
    store: Store, force: Callable[[Connection], object], found: set[int]
) -> None:
    for _ in range(3):
        add(store)
    with transaction(for_writing(store.engine)) as connection, unguarded(connection):
        force(connection)
    assert set(broken(store)) == found
