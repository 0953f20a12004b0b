"""`python -m app export-audit`: what it writes, what it records of itself, and that tampering ends it with 1."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from app import export_audit
from app.store import Store, audit
from app.store.migrations import migrate
from app.store.schema import audit as table
from tests.store.one_store import START, Clock, open_store
from tests.store.test_store_audit import ENTRY, record

ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/audit.sqlite3", Clock())
    migrate(opened.engine)
    record(opened, ENTRY, replace(ENTRY, at=START + timedelta(days=1), action="read-sent"))
    yield opened
    opened.close()


def exported(store: Store, *arguments: str) -> tuple[int, list[str], list[str]]:
    """The exit code, what was written, and what was complained of."""
    parser = argparse.ArgumentParser()
    export_audit.arguments(parser)
    out, complaints = list[str](), list[str]()
    given = parser.parse_args(arguments)
    code = export_audit.run(store, ZONE, "https://chartside.example", given, out.append, complaints.append)
    return code, out, complaints


def test_one_day_or_more_as_lines_or_as_one_bundle(store: Store) -> None:
    first, second = str(START.date()), str(START.date() + timedelta(days=1))
    code, lines, complaints = exported(store, "--from", second)
    assert (code, complaints) == (0, [])
    assert [json.loads(line)["subtype"][-1]["code"] for line in lines] == ["read-sent"]
    _, both, _ = exported(store, "--from", first, "--to", second)
    assert len(both) == 4  # this one and the one before are entries of the first day as well
    _, [bundle], _ = exported(store, "--from", first, "--to", second, "--bundle")
    assert len(json.loads(bundle)["entry"]) == 5
    with store.read() as tx:
        assert [each.action for each in audit.trail(tx, export_audit.NAME)] == ["export-audit"] * 3


def test_a_tampered_entry_becomes_an_alert_and_ends_it_with_1(store: Store) -> None:
    with store.begin() as tx:
        tx.conn.execute(update(table).where(table.c.seq == 1).values(action="read-nothing"))
    code, lines, complaints = exported(store, "--from", str(START.date()))
    codes = [json.loads(line)["type"]["code"] for line in lines]
    assert (code, len(complaints)) == (1, 1)
    assert codes.count("110113") == 1
    assert "read-nothing" not in "".join(lines)


def test_days_that_run_backwards_are_refused(store: Store) -> None:
    assert exported(store, "--from", "2026-03-02", "--to", "2026-03-01")[0] == 2
