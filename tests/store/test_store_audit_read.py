"""Reading the audit in parts, and as FHIR: what is exported is what `verify` saw, whatever somebody did to the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from app.store import Store, Tx, audit
from app.store.audit import event, read
from app.store.audit.chain import chain_of
from app.store.audit.read import Wanted
from app.store.migrations import migrate
from app.store.schema import audit as table
from app.store.schema import audit_heads
from tests.store.one_store import START, Clock, open_store
from tests.store.test_store_audit import ENTRY, IDS, TAMPERING, entry, problems, record, seal

SINCE, UNTIL = START - timedelta(hours=1), START + timedelta(days=1)
EVERYTHING = Wanted(SINCE, UNTIL)
ISSUER = "https://ehr.example/fhir"
OBSERVER = "https://chartside.example"


class Undone(Exception):
    """Takes what a test did to the rows back."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two chains, sealed twice; each test takes back what it does."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('audit')}/audit.sqlite3", Clock())
    migrate(opened.engine)
    record(opened, *[entry(n) for n in (1, 2)], *[entry(n, "handle-two") for n in (1, 2)])
    seal(opened)
    record(opened, *[entry(n) for n in (3, 4)])
    seal(opened)
    yield opened
    opened.close()


def tampered(store: Store, tamper: Callable[[Tx], None], look: Callable[[Tx], None]) -> None:
    with suppress(Undone), store.begin() as tx:
        tamper(tx)
        look(tx)
        raise Undone
    assert problems(store) == []


def told(events: list[dict[str, Any]]) -> tuple[dict[tuple[str, int], str], list[str]]:
    """Of an export: each entry's place with its outcome, and what the alerts say."""
    rows, alerts = {}, []
    for each in events:
        chain, _, seq = each["entity"][-1]["what"]["identifier"]["value"].rpartition("/")
        if each["type"]["code"] == "110113":
            alerts.append(each["outcomeDesc"])
        else:
            rows[chain, int(seq)] = each["outcomeDesc"]
    return rows, alerts


def exports_what_verify_sees(tx: Tx) -> None:
    """The entries that verify finds nothing wrong with, as they were written; its problems, each as an alert."""
    found = audit.verify(tx)
    assert set(map(str, audit.verify(tx, since=SINCE))) == set(map(str, found))
    broken = {(each.chain, each.seq) for each in found}
    written = {(chain_of(tx, "handle-one"), n): f"entry {n}" for n in (1, 2, 3, 4)}
    written |= {(chain_of(tx, "handle-two"), n): f"entry {n}" for n in (1, 2)}
    rows, alerts = told(list(event.exported(tx, EVERYTHING, OBSERVER)))
    assert sorted(alerts) == sorted(str(each) for each in found)
    assert rows.items() <= written.items()
    assert not rows.keys() & broken


@pytest.mark.parametrize("tamper", TAMPERING, ids=IDS)
def test_what_is_exported_is_what_verify_saw(kept: Store, tamper: Callable[[Tx], None]) -> None:
    tampered(kept, tamper, exports_what_verify_sees)


COLUMNS = {
    "at": st.integers(1, 10**6).map(lambda seconds: START - timedelta(seconds=seconds)),
    "action": st.text("abc-", max_size=5),
    "patient_hash": st.text("0123", max_size=5),
    "body": st.binary(max_size=20),
    "prev_hash": st.text("0123", min_size=1, max_size=5),
    "hash": st.text("0123", max_size=5),
    "seq": st.integers(7, 99),
}
EDITS = st.sampled_from(sorted(COLUMNS)).flatmap(lambda name: st.tuples(st.just(name), COLUMNS[name]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(launch=st.sampled_from(["handle-one", "handle-two"]), seq=st.integers(1, 2), change=st.none() | EDITS)
def test_any_edit_of_any_row_is_found_and_not_exported(
    kept: Store, launch: str, seq: int, change: tuple[str, Any] | None
) -> None:
    def tamper(tx: Tx) -> None:
        here = (table.c.chain == chain_of(tx, launch)) & (table.c.seq == seq)
        tx.conn.execute(
            delete(table).where(here) if change is None else update(table).where(here).values(dict([change]))
        )

    def look(tx: Tx) -> None:
        exports_what_verify_sees(tx)
        assert audit.verify(tx, since=SINCE)
        rows, alerts = told(list(event.exported(tx, EVERYTHING, OBSERVER)))
        assert alerts
        assert (chain_of(tx, launch), seq) not in rows

    tampered(kept, tamper, look)


def test_only_what_has_grown_since_is_checked_and_what_was_sealed_since(store: Store, clock: Clock) -> None:
    record(store, entry(1, "old"), entry(2, "old"))
    seal(store)
    clock.now = START + timedelta(days=3)
    record(store, replace(entry(1), at=clock.now))
    seal(store)
    with store.begin() as tx:
        tx.conn.execute(update(table).where(table.c.chain == chain_of(tx, "old"), table.c.seq == 1).values(action="x"))
    with store.read() as tx:
        assert audit.verify(tx, since=START + timedelta(days=2)) == []
        assert len(audit.verify(tx, since=START)) == len(audit.verify(tx)) == 1
    with store.begin() as tx:  # the new chain, without a trace but the seal
        tx.conn.execute(delete(table).where(table.c.chain == chain_of(tx, ENTRY.launch)))
        tx.conn.execute(delete(audit_heads).where(audit_heads.c.chain == chain_of(tx, ENTRY.launch)))
    with store.read() as tx:
        assert [each.what for each in audit.verify(tx, since=START + timedelta(days=2))] == ["sealed, and missing now"]


def test_pages_hold_every_entry_once_the_newest_first(store: Store) -> None:
    record(store, *[entry(n % 5, f"handle {n % 3}") for n in range(17)])
    seen: list[read.Where] = []
    after = None
    with store.read() as tx:
        for _ in range(9):
            page = read.page(tx, EVERYTHING, after, size=4)
            seen += [each.where for each in page.found]
            if (after := page.after) is None:
                break
        assert after is None
        assert len(seen) == len(set(seen)) == 17
        assert [each.at for each in seen] == sorted((each.at for each in seen), reverse=True)
        assert [each.where for each in read.entries(tx, EVERYTHING)] == sorted(
            seen, key=lambda each: (each.at, each.chain, each.seq)
        )
        assert read.count(tx, EVERYTHING) == 17


def test_a_search_that_finds_little_ends_and_says_where_to_go_on(store: Store) -> None:
    record(store, replace(entry(0, "other"), who="Practitioner/other"), *[entry(n) for n in range(1, 230)])
    with store.read() as tx:
        wanted = replace(EVERYTHING, who="Practitioner/other")
        first = read.page(tx, wanted, size=5, most=200)
        assert (first.found, first.full) == ((), False)
        second = read.page(tx, wanted, first.after, size=5, most=200)
        assert [each.entry.who for each in second.found if each.entry] == ["Practitioner/other"]
        assert second.after is None


def test_an_ehr_sees_its_own_and_what_names_nobody_goes_with_its_chain(store: Store) -> None:
    nobody = replace(entry(5), patient="")
    member = replace(entry(6), patient="northwind|M1")
    foreign = replace(entry(7, "foreign"), patient="https://other.example/fhir|p1")
    record(store, entry(1), nobody, member, foreign, replace(nobody, launch="foreign"), replace(nobody, launch="job"))
    with store.read() as tx:
        own = list(read.entries(tx, replace(EVERYTHING, issuer=ISSUER)))
        assert [each.entry.patient for each in own if each.entry] == [ENTRY.patient, "", "northwind|M1"]
        one = list(read.entries(tx, replace(EVERYTHING, patient=ENTRY.patient)))
        assert [each.entry.outcome for each in one if each.entry] == ["entry 1"]
        assert len(list(read.entries(tx, EVERYTHING))) == 6


@pytest.mark.parametrize(
    ("action", "kind", "letter"),
    [
        ("read-chart", "rest", "R"),
        ("record-action", "rest", "C"),
        ("undo-action", "rest", "U"),
        ("print-schedule", "110106", "R"),
        ("sent", "110106", "E"),
        ("read-audit", "110101", "R"),
        ("prefetch", "rest", "E"),
    ],
)
def test_an_entry_as_an_audit_event(store: Store, action: str, kind: str, letter: str) -> None:
    record(store, replace(ENTRY, action=action))
    with store.read() as tx:
        [made] = event.exported(tx, EVERYTHING, OBSERVER)
    assert (made["type"]["code"], made["action"]) == (kind, letter)
    assert made["recorded"].startswith(str(START.date()))
    assert (made["outcome"], made["agent"][0]["role"]) == ("0", [{"text": "clinician"}])
    patient = made["entity"][0]["what"]["identifier"]
    assert patient == {"system": ISSUER, "value": "p1"}
    details = {each["type"]: each["valueString"] for each in made["entity"][1]["detail"]}
    assert details["count: Observation"] == "12"
    assert len(made["id"]) <= 64
    assert "handle-one" not in json.dumps(made)
    assert event.bundle([made])["entry"] == [{"resource": made}]


def test_a_page_is_found_by_its_index(kept: Store) -> None:
    """Days and patients are what the table is indexed by: no page reads all of it."""
    with kept.read() as tx:
        query = select(table).where(table.c.at >= SINCE, table.c.at < UNTIL).order_by(table.c.at.desc())
        compiled = query.compile(tx.conn, compile_kwargs={"literal_binds": False})
        plan = tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", ("2026-01-01", "2026-12-31")).all()
        assert "ix_audit_at" in str(plan)
