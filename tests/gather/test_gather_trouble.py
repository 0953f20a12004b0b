"""What goes wrong inside: no launch waits for ever, and no log holds what could not be stored."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.answers import Known, Reason, Unknown
from app.core.asking import CHART_PREFIX, EHR, Ask
from app.store import Store
from app.store.migrations import migrate
from tests.gather.made import Chart, Payer, finished, gathering, opening
from tests.store.one_store import Clock, open_store

OF = opening()
#: What an operator's mishap does to a database, what undoes it, and what is logged when none of it can be stored:
#: of each answer, or of all together.
BROKEN = {
    "every write is refused": (
        "CREATE TRIGGER broken BEFORE UPDATE OF version ON answers BEGIN SELECT RAISE(ABORT, 'p1'); END",
        "DROP TRIGGER broken",
        "saying so failed",
    ),
    "the table is gone": (
        "ALTER TABLE answers RENAME TO gone",
        "ALTER TABLE gone RENAME TO answers",
        "answers failed: StoreUnavailable",
    ),
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trouble.sqlite3"


@pytest.fixture
def store(file: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{file}", clock)
    migrate(opened.engine)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Vaccine:
    """Nothing that is stored: a bug of an adapter."""

    of: str = "Marisol Rivera"


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_answer_that_cannot_be_stored_is_said_and_spoils_no_other(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    chart, payer = Chart(clock, facts_of={"Immunization": (Vaccine(),)}), Payer("northwind", clock)
    with gathering(store, chart, {"northwind": payer}) as made:
        state = finished(made, OF)
    told = {ask: answer for ask, answer in state.answers.items() if not isinstance(answer, Known)}
    assert list(told) == [Ask(EHR, f"{CHART_PREFIX}Immunization")]
    [why] = told.values()
    assert isinstance(why, Unknown)
    assert why.reason is Reason.NOT_READABLE
    assert "CodecError" in caplog.text
    assert "Marisol" not in caplog.text


@pytest.mark.parametrize("how", BROKEN)
def test_a_launch_goes_on_after_a_database_that_failed_for_a_while(
    store: Store, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    chart, payer = Chart(clock), Payer("northwind", clock)
    broken, mended, logged = BROKEN[how]
    with gathering(store, chart, {"northwind": payer}) as made, closing(sqlite3.connect(file)) as beside:
        chart.open_.clear()
        made.advance(OF)
        asked = beside.execute("SELECT count(*) FROM answers").fetchone()[0]
        times = asked if "saying" in logged else 1
        beside.execute(broken)
        chart.open_.set()
        until(lambda: caplog.text.count(logged) >= times)
        beside.execute(mended)
        clock.advance(seconds=21)  # until then somebody holds the leases
        state = finished(made, OF)
    assert all(isinstance(answer, Known) for answer in state.answers.values())
    assert set(payer.asked) == {"member", "care-gaps", "risk"}
    assert "p1" not in caplog.text
