from __future__ import annotations

import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from app import store as stores
from app.store import NestedTransaction, NetworkInTransaction, SealBroken, Store, StoreUnavailable, engine
from app.store.schema import payer_tokens
from tests.store.one_store import KEY, SEAL, START, Clock, at_once, digest, open_store

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000, "query_only": 1}

on_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)

ROW = {"key_hash": "a", "body": b"0", "expires": START}


def _rows(store: Store) -> list[bytes]:
    with store.read() as tx:
        return list(tx.conn.execute(select(payer_tokens.c.body)).scalars())


def test_a_transaction_is_kept_whole(store: Store) -> None:
    with store.begin() as tx:
        tx.conn.execute(insert(payer_tokens).values(ROW))
    assert _rows(store) == [b"0"]


def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    def fail() -> None:
        with store.begin() as tx:
            tx.conn.execute(insert(payer_tokens).values(ROW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _rows(store) == []
    with store.begin():  # and the next one may begin
        pass


def test_a_read_transaction_cannot_write(store: Store) -> None:
    with pytest.raises((DBAPIError, StoreUnavailable)), store.read() as tx:
        tx.conn.execute(insert(payer_tokens).values(ROW))
    assert _rows(store) == []


def test_a_read_transaction_sees_one_snapshot(store: Store) -> None:
    def write() -> None:
        with store.begin() as tx:
            tx.conn.execute(insert(payer_tokens).values(ROW))

    with store.read() as tx:
        before = tx.conn.execute(select(payer_tokens.c.body)).all()
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        assert tx.conn.execute(select(payer_tokens.c.body)).all() == before == []
    assert _rows(store) == [b"0"]


@pytest.mark.parametrize("stores_", [1, 8], ids=["of one store", "with a store each, as processes have"])
def test_what_is_read_and_then_written_by_eight_threads_is_never_lost(store: Store, clock: Clock, stores_: int) -> None:
    shared = [Store(store.engine, seal=SEAL, digest=digest, clock=clock) for _ in range(stores_)]
    with store.begin() as tx:
        tx.conn.execute(insert(payer_tokens).values(ROW))

    def count(n: int) -> None:
        for _ in range(10):
            with shared[n % stores_].begin() as tx:
                body: bytes = tx.conn.execute(select(payer_tokens.c.body).with_for_update()).scalar_one()
                tx.conn.execute(update(payer_tokens).values(body=str(int(body) + 1).encode()))

    at_once(8, count)
    assert _rows(store) == [b"80"]


@pytest.mark.parametrize("inner", ["begin", "read"])
@pytest.mark.parametrize("outer", ["begin", "read"])
def test_a_transaction_inside_a_transaction_is_refused(store: Store, outer: str, inner: str) -> None:
    with getattr(store, outer)(), pytest.raises(NestedTransaction), getattr(store, inner)():
        pass
    with store.begin():  # the mark is gone with the outer one
        pass


def test_whoever_opens_sockets_can_tell_that_a_transaction_is_open(store: Store) -> None:
    elsewhere: list[bool] = []
    assert not stores.in_transaction()
    stores.refuse_in_transaction()
    for opened in (store.begin, store.read):
        with opened():
            assert stores.in_transaction()
            with pytest.raises(NetworkInTransaction):
                stores.refuse_in_transaction()
            other = threading.Thread(target=lambda: elsewhere.append(stores.in_transaction()))
            other.start()
            other.join()
        assert not stores.in_transaction()
    assert elsewhere == [False, False]


def test_the_time_of_a_transaction_is_the_clocks(store: Store, clock: Clock) -> None:
    clock.advance(hours=1)
    with store.begin() as tx:
        assert tx.now == START + timedelta(hours=1)


def test_instants_come_back_in_utc(store: Store) -> None:
    written = datetime(2026, 3, 2, 9, 30, 1, 250, tzinfo=timezone(timedelta(hours=-5)))
    with store.begin() as tx:
        tx.conn.execute(insert(payer_tokens).values(ROW | {"expires": written}))
    with store.read() as tx:
        found = tx.conn.execute(select(payer_tokens.c.expires)).scalar_one()
    assert found == written
    assert found.tzinfo is UTC


def test_a_naive_datetime_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"), store.begin() as tx:
        tx.conn.execute(insert(payer_tokens).values(ROW | {"expires": datetime(2026, 3, 2)}))


def test_an_error_message_holds_no_parameters(store: Store) -> None:
    row = ROW | {"body": b"Marisol"}
    with pytest.raises(DBAPIError) as caught, store.begin() as tx:
        tx.conn.execute(insert(payer_tokens), [row, row])
    assert "Marisol" not in str(caught.value)


def test_a_value_opens_only_in_the_row_it_was_sealed_for(store: Store) -> None:
    with store.read() as tx:
        sealed = tx.seal(b"\0a body\0", "answers/1")
        assert b"a body" not in sealed
        assert tx.unseal(sealed, "answers/1") == b"\0a body\0"
        for other in ("answers/2", "answers/1\0a body", "answers/", ""):
            with pytest.raises(SealBroken):
                tx.unseal(sealed, other)


def test_a_new_sealing_key_is_put_first_and_the_old_one_opens_until_it_is_retired(url: str, clock: Clock) -> None:
    new = Fernet(Fernet.generate_key())
    sealed = {}
    for name, keys in {"old": [KEY], "both": [new, KEY], "new": [new]}.items():
        store = open_store(url, clock, MultiFernet(keys))
        with store.read() as tx:
            sealed[name] = tx.seal(b"body", "row")
            opens = {n for n, value in sealed.items() if _opens(tx, value)}
        store.close()
        assert opens == {"old": {"old"}, "both": {"old", "both"}, "new": {"both", "new"}}[name]


def _opens(tx: stores.Tx, sealed: bytes) -> bool:
    try:
        return tx.unseal(sealed, "row") == b"body"
    except SealBroken:
        return False


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b"), ("a,b",)), (("a", "b"), ("a", "", "b")), (("a", ""), ("", "a")), (('a","b',), ("a", "b"))],
)
def test_no_two_lists_have_the_same_hash(store: Store, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    with store.read() as tx:
        assert tx.hash(*one) != tx.hash(*other)
        assert tx.hash(*one) == tx.hash(*one)


@on_sqlite
def test_every_connection_keeps_the_rules(store: Store) -> None:
    with store.begin(), store._reader.connect() as second, store._reader.connect() as third:
        for connection in (second, third):
            found = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in PRAGMAS}
            assert found == PRAGMAS


def test_the_file_is_readable_by_us_alone(tmp_path: Path) -> None:
    engine.connect(f"sqlite:///{tmp_path / 'new.sqlite3'}").dispose()
    assert stat.S_IMODE((tmp_path / "new.sqlite3").stat().st_mode) == 0o600


def test_a_database_in_memory_is_refused() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ValueError, match="file"):
            engine.connect(url)


@on_sqlite
def test_a_database_locked_by_another_process_is_said_to_be_unavailable(
    url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE_S", 0.2)
    store = open_store(url, clock)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable), store.begin():
        pass
    assert _rows(store) == []  # readers are not held up
    other.execute("COMMIT")
    with store.begin():
        pass
    other.close()
    store.close()


def test_a_database_that_is_not_there_is_said_to_be_unavailable(clock: Clock) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/none"
    with pytest.raises(StoreUnavailable):
        open_store(nowhere, clock)
    assert not Store(engine.connect(nowhere), seal=SEAL, digest=digest, clock=clock).alive()


def test_a_database_that_answers_is_alive(store: Store) -> None:
    assert store.alive()


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_connection_that_was_lost_in_the_middle_is_said_and_the_next_one_works(store: Store) -> None:
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(StoreUnavailable), store.begin() as tx:
        tx.conn.execute(end)
    assert store.alive()


def test_a_forked_process_takes_no_connection_along(store: Store) -> None:
    with store.read() as tx:
        tx.conn.execute(text("SELECT 1"))
    pool = store.engine.pool
    before = pool.checkedin()  # type: ignore[attr-defined] # QueuePool has it
    child = os.fork()
    if child == 0:
        os._exit(store.engine.pool.checkedin())  # type: ignore[attr-defined] # as above
    _, status = os.waitpid(child, 0)
    assert before >= 1
    assert os.waitstatus_to_exitcode(status) == 0
    assert _rows(store) == []


def test_the_digest_is_the_one_given(store: Store) -> None:
    with store.read() as tx:
        assert tx.hash("x") == digest('["x"]')
