from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from app.store import Store, Tx, audit
from app.store.audit import Audit, Problem, chain
from app.store.purge import purge
from app.store.schema import AUDIT_KEPT, audit_heads, audit_seals
from app.store.schema import audit as table
from tests.store.one_store import START, Clock, at_once

ENTRY = Audit(
    launch="handle-one",
    who="Practitioner/imani",
    role="clinician",
    patient="https://ehr.example/fhir|p1",
    action="read-chart",
    counts=MappingProxyType({"Observation": 12, "Condition": 3}),
    outcome="ok",
    at=START,
)


def entry(n: int, launch: str = "handle-one") -> Audit:
    return replace(ENTRY, launch=launch, outcome=f"entry {n}", at=START + timedelta(seconds=n))


def record(store: Store, *entries: Audit) -> None:
    for one in entries:
        with store.begin() as tx:
            audit.record(tx, one)


def seal(store: Store) -> audit.Seal | None:
    with store.begin() as tx:
        return audit.seal_heads(tx)


def problems(store: Store, witness: audit.Seal | None = None) -> list[Problem]:
    with store.read() as tx:
        return audit.verify(tx, witness)


def test_what_was_recorded_is_read_back_in_order(store: Store) -> None:
    record(store, ENTRY, entry(1), entry(1, "handle-two"), entry(2))
    with store.read() as tx:
        assert audit.trail(tx, "handle-one") == [ENTRY, entry(1), entry(2)]
        assert audit.trail(tx, "handle-two") == [entry(1, "handle-two")]
        assert audit.trail(tx, "nobody") == []
    assert problems(store) == []


def test_a_record_goes_with_the_transaction_it_speaks_of(store: Store) -> None:
    def fail() -> None:
        with store.begin() as tx:
            audit.record(tx, ENTRY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    record(store, entry(1))
    with store.read() as tx:
        assert audit.trail(tx, "handle-one") == [entry(1)]
    assert problems(store) == []


def test_every_part_of_an_entry_must_be_given() -> None:
    given: dict[str, Any] = {"launch": "handle-one", "action": "read-chart"}
    with pytest.raises(TypeError, match="missing 6 required keyword-only arguments"):
        Audit(**given)


def test_recording_by_many_threads_makes_one_whole_chain(store: Store) -> None:
    at_once(12, lambda n: record(store, entry(n), entry(n, f"handle {n % 3}")))
    assert problems(store) == []
    with store.read() as tx:
        assert len(audit.trail(tx, "handle-one")) == 12


def test_sealing_takes_only_what_has_grown(store: Store) -> None:
    assert seal(store) is None
    record(store, entry(1), entry(1, "handle-two"))
    first = seal(store)
    assert first is not None
    assert first.seq == 1
    assert seal(store) is None
    record(store, entry(2))
    second = seal(store)
    assert second is not None
    assert second.seq == 2
    with store.read() as tx:
        sealed = list(tx.conn.execute(select(audit_seals.c.heads).order_by(audit_seals.c.seq)).scalars())
        assert [heads.count("[") - 1 for heads in sealed] == [2, 1]
    assert problems(store, first) == problems(store, second) == []


def test_sealing_while_others_record_loses_nothing(store: Store) -> None:
    def work(n: int) -> None:
        for i in range(4):
            seal(store) if n % 3 == 0 else record(store, entry(i, f"handle {n}"))

    at_once(9, work)
    seal(store)
    assert problems(store) == []
    with store.read() as tx:
        unsealed = select(audit_heads).where(audit_heads.c.seq > audit_heads.c.sealed_seq)
        assert tx.conn.execute(unsealed).all() == []


# --- tampering: each is what somebody with the database, but without the keys, could do ---------------------------


def _at(tx: Tx, seq: int, launch: str = "handle-one") -> Any:
    return (table.c.chain == chain.chain_of(tx, launch)) & (table.c.seq == seq)


def edit(column: str, value: Any) -> Callable[[Tx], None]:
    def tamper(tx: Tx) -> None:
        tx.conn.execute(update(table).where(_at(tx, 2)).values({column: value}))

    return tamper


def delete_one(tx: Tx) -> None:
    tx.conn.execute(delete(table).where(_at(tx, 2)))


def delete_the_first(tx: Tx) -> None:
    tx.conn.execute(delete(table).where(_at(tx, 1)))


def delete_the_last(tx: Tx) -> None:
    tx.conn.execute(delete(table).where(_at(tx, 4)))


def delete_one_and_close_the_gap(tx: Tx) -> None:
    delete_one(tx)
    for seq in (3, 4):
        tx.conn.execute(update(table).where(_at(tx, seq)).values(seq=seq - 1))
    tx.conn.execute(update(audit_heads).where(audit_heads.c.seq == 4).values(seq=3))


def delete_the_last_and_set_the_head_back(tx: Tx) -> None:
    delete_the_last(tx)
    before = tx.conn.execute(select(table.c.hash).where(_at(tx, 3))).scalar_one()
    tx.conn.execute(update(audit_heads).where(audit_heads.c.seq == 4).values(seq=3, hash=before, sealed_seq=3))


def delete_the_chain(tx: Tx) -> None:
    tx.conn.execute(delete(table).where(table.c.chain == chain.chain_of(tx, "handle-one")))


def delete_the_chain_and_its_head(tx: Tx) -> None:
    delete_the_chain(tx)
    tx.conn.execute(delete(audit_heads).where(audit_heads.c.seq == 4))


def swap_two(tx: Tx) -> None:
    for seq, to in ((2, 99), (3, 2), (99, 3)):
        tx.conn.execute(update(table).where(_at(tx, seq)).values(seq=to))


def swap_two_bodies(tx: Tx) -> None:
    bodies = {seq: tx.conn.execute(select(table.c.body).where(_at(tx, seq))).scalar_one() for seq in (2, 3)}
    for seq in (2, 3):
        tx.conn.execute(update(table).where(_at(tx, seq)).values(body=bodies[5 - seq]))


def copy_from_another_chain(tx: Tx) -> None:
    other = tx.conn.execute(select(table.c.body, table.c.hash).where(_at(tx, 1, "handle-two"))).one()
    tx.conn.execute(update(table).where(_at(tx, 2)).values(body=other.body, hash=other.hash))


def seal_another_body_with_a_stolen_sealing_key(tx: Tx) -> None:
    where = chain.place(chain.chain_of(tx, "handle-one"), 2)
    body = chain.canonical(replace(entry(2), who="Practitioner/somebody-else"))
    tx.conn.execute(update(table).where(_at(tx, 2)).values(body=tx.seal(body.encode(), where)))


def edit_a_seal(tx: Tx) -> None:
    tx.conn.execute(update(audit_seals).where(audit_seals.c.seq == 1).values(heads="[]"))


def delete_a_seal(tx: Tx) -> None:
    tx.conn.execute(delete(audit_seals).where(audit_seals.c.seq == 1))


TAMPERING = [
    edit("at", START - timedelta(days=1)),
    edit("action", "read-nothing"),
    edit("patient_hash", "somebody else's"),
    edit("body", b"nonsense"),
    edit("hash", "0" * 64),
    edit("prev_hash", "0" * 64),
    delete_one,
    delete_the_first,
    delete_the_last,
    delete_one_and_close_the_gap,
    delete_the_last_and_set_the_head_back,
    delete_the_chain,
    delete_the_chain_and_its_head,
    swap_two,
    swap_two_bodies,
    copy_from_another_chain,
    seal_another_body_with_a_stolen_sealing_key,
    edit_a_seal,
    delete_a_seal,
]
IDS = [f"edit {i}" if f.__name__ == "tamper" else f.__name__.replace("_", " ") for i, f in enumerate(TAMPERING)]


@pytest.fixture
def sealed(store: Store) -> Store:
    record(store, *[entry(n) for n in (1, 2)], *[entry(n, "handle-two") for n in (1, 2)])
    seal(store)
    record(store, *[entry(n) for n in (3, 4)])
    seal(store)
    assert problems(store) == []
    return store


@pytest.mark.parametrize("tamper", TAMPERING, ids=IDS)
def test_tampering_shows(sealed: Store, tamper: Callable[[Tx], None]) -> None:
    with sealed.begin() as tx:
        tamper(tx)
    found = problems(sealed)
    assert found
    with sealed.read() as tx:
        untouched = chain.chain_of(tx, "handle-two")
    assert untouched not in {problem.chain for problem in found}


def test_a_problem_says_where_and_what_and_nothing_of_anybody(sealed: Store) -> None:
    with sealed.begin() as tx:
        delete_one(tx)
        of = chain.chain_of(tx, "handle-one")
    assert [str(problem) for problem in problems(sealed)] == [
        f"{of} entry 2: missing",
        f"{of} entry 2: sealed, and missing now",
    ]


def test_taking_the_newest_seal_away_with_what_it_sealed_shows_to_a_witness(store: Store) -> None:
    record(store, entry(1), entry(2))
    seal(store)
    record(store, entry(3), entry(4))
    witness = seal(store)
    with store.begin() as tx:
        delete_the_last_and_set_the_head_back(tx)
        tx.conn.execute(delete(audit_seals).where(audit_seals.c.seq == 2))
        tx.conn.execute(update(audit_heads).values(sealed_seq=2))
    assert problems(store) == []
    assert [str(problem) for problem in problems(store, witness)] == ["site entry 2: not what was witnessed"]


def test_a_chain_that_was_purged_in_its_time_is_not_missed(sealed: Store, clock: Clock) -> None:
    clock.now = START + AUDIT_KEPT + timedelta(minutes=1)
    with sealed.begin() as tx:
        assert purge(tx)["audit"] == 6
    assert problems(sealed) == []
    record(sealed, replace(entry(1, "handle-three"), at=clock.now))
    seal(sealed)
    assert problems(sealed) == []
    with sealed.begin() as tx:
        tx.conn.execute(delete(table))
        tx.conn.execute(delete(audit_heads))
    assert len(problems(sealed)) == 1
