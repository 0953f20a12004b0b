from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.answers import Known, Reason, Unknown
from app.store import Store, Tx, answers, audit, drafts, follow_ups, outbox, recorded, tokens, visits
from app.store.answers import Question
from app.store.launches import SqlLaunchStore
from app.store.purge import purge
from app.store.schema import (
    AUDIT_KEPT,
    DRAFT_KEPT,
    FOLLOW_UP_KEPT,
    STALE_FOR,
    VISIT_KEPT,
    WITHDRAWN_KEPT,
    Retention,
    metadata,
)
from tests.store import ledger_rows
from tests.store.one_store import START, Clock
from tests.store.test_store_audit import ENTRY, entry

Q = Question("northwind", "care-gaps", "handle-one", "https://ehr.example/fhir|p1")
WHO = "one"


def purged(store: Store) -> dict[str, int]:
    with store.begin() as tx:
        return {table: rows for table, rows in purge(tx).items() if rows}


def asked(tx: Tx) -> None:
    answers.claim(tx, [Q], timedelta(seconds=20), WHO)


def settled(answer: Any, fresh_for: timedelta) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        asked(tx)
        assert answers.settle_all(tx, [answers.Settled(Q, answer, fresh_for)], WHO)

    return work


def token(tx: Tx) -> None:
    tokens.put(tx, "northwind", "token", START + timedelta(minutes=5))


def audited(tx: Tx) -> None:
    audit.record(tx, ENTRY)


def recorded_at(tx: Tx) -> None:
    recorded.add(tx, ENTRY, ledger_rows.ACTION, "tap-1")


def put_in(tx: Tx) -> None:
    outbox.put(tx, ENTRY, [ledger_rows.parcel()])


def withdrawn(tx: Tx) -> None:
    outbox.withdraw(tx, ENTRY, outbox.put(tx, ENTRY, [ledger_rows.parcel()]), "undone")


def visited(tx: Tx) -> None:
    name = visits.key(tx, ledger_rows.ISSUER, "Encounter/e1")
    visits.see(tx, visits.Visited(name, "main", ledger_rows.ISSUER, "Encounter/e1", "", "", START), ())


def followed_up(tx: Tx) -> None:
    follow_ups.done(
        tx, ENTRY, follow_ups.add(tx, ENTRY, ledger_rows.ISSUER, ledger_rows.PERSON, [ledger_rows.FOLLOW_UP]), "closed"
    )


def drafted(tx: Tx) -> None:
    drafts.put(tx, "handle-one", ENTRY.patient, {})


AUDITED = {"audit": 1, "audit_heads": 1}
GOOD, DOWN = Known("text", "northwind", START), Unknown("northwind", Reason.DOWN)


@pytest.mark.parametrize(
    ("work", "kept", "gone"),
    [
        (asked, timedelta(seconds=20), {"answers": 1}),
        (settled(DOWN, timedelta(seconds=30)), timedelta(seconds=30), {"answers": 1}),
        (settled(GOOD, timedelta(minutes=15)), STALE_FOR, {"answers": 1}),
        (settled(GOOD, STALE_FOR * 2), STALE_FOR * 2, {"answers": 1}),
        (token, timedelta(minutes=5), {"payer_tokens": 1}),
        (audited, AUDIT_KEPT, AUDITED),
        (recorded_at, AUDIT_KEPT, {"actions": 1, **AUDITED}),
        (put_in, AUDIT_KEPT, {"outbox": 1, **AUDITED}),
        (withdrawn, WITHDRAWN_KEPT, {"outbox": 1}),
        (visited, VISIT_KEPT, {"visits": 1}),
        (followed_up, FOLLOW_UP_KEPT, {"follow_ups": 1}),
        (drafted, DRAFT_KEPT, {"drafts": 1}),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_row_is_kept_as_long_as_its_table_says(
    store: Store, clock: Clock, work: Callable[[Tx], None], kept: timedelta, gone: dict[str, int]
) -> None:
    with store.begin() as tx:
        work(tx)
    clock.now = START + kept - timedelta(microseconds=1)
    assert purged(store) == {}
    clock.now = START + kept
    found = purged(store)
    found |= {table: found.get(table, 0) + more for table, more in purged(store).items()}
    assert found == gone


def test_a_launch_record_is_kept_until_it_expires(store: Store, clock: Clock) -> None:
    launches = SqlLaunchStore(store)
    launches.put("state", "short", b"", expires=START + timedelta(minutes=10))
    launches.put("launch", "long", b"", expires=START + timedelta(hours=12))
    assert purged(store) == {}
    clock.advance(minutes=10)
    assert purged(store) == {"launch_records": 1}
    assert launches.get("launch", "long") is not None


def test_an_audit_chain_goes_as_a_whole_or_not_at_all(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        for n in (0, 60):
            audit.record(tx, entry(n))
        audit.record(tx, entry(0, "handle-two"))
        audit.seal_heads(tx)
    clock.now = START + AUDIT_KEPT
    assert purged(store)["audit"] == 1
    with store.read() as tx:
        assert len(audit.trail(tx, "handle-one")) == 2
        assert audit.verify(tx) == []


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_says_what_it_is_for_and_how_long_it_keeps_a_row(table: Any) -> None:
    assert table.info["what"]
    assert isinstance(table.info["retention"], Retention)
    assert table.info["retention"].words


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_in_a_hundred_years_only_hashes_are_left(store: Store, clock: Clock) -> None:
    SqlLaunchStore(store).put("launch", "h", b"", expires=START + timedelta(hours=12))
    with store.begin() as tx:
        settled(GOOD, timedelta(hours=1))(tx)
        token(tx)
        audited(tx)
        audit.seal_heads(tx)
    clock.advance(days=36_500)
    purged(store)
    purged(store)
    with store.read() as tx:
        rows = {t.name: tx.conn.execute(select(func.count()).select_from(t)).scalar() for t in metadata.sorted_tables}
    assert {name for name, count in rows.items() if count} == {"audit_seals"}
