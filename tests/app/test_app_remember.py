"""What changed since a patient was last opened, across launches and roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.answers import Reason, Unknown
from app.core.asking import Opening
from app.core.flag import Changes, Panel, PayerAnswers
from app.remember import Remembering
from app.store import Store
from app.store.engine import connect
from app.store.migrations import migrate
from app.store.schema import memories
from tests.core.made import PATIENT, TODAY, build, category, chart, gap, hba1c, lakeside, payer
from tests.store.one_store import SEAL, Clock, digest

FIRST = Opening("one", "sandbox", "Sandbox EHR", "https://ehr.example/fhir", "ehr-1", None, None, TODAY)
SECOND = replace(FIRST, handle="two", day=TODAY + timedelta(days=9))
LOW = category("155", "Depression", "F33.1")
OPEN, DONE = chart(), chart(hba1c("7.0", "2026-11-19"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'chartside.sqlite3'}")
    migrate(engine)
    store = Store(engine, seal=SEAL, digest=digest, clock=Clock())
    yield store
    store.close()


def seen(store: Store, of: Opening, panel: Panel, *, may_see_prompts: bool = True) -> Changes:
    return Remembering(store).since(of, panel, may_see_prompts=may_see_prompts)


def labels(found: Changes) -> list[tuple[str, str, str]]:
    return [(each.label, each.was, each.now) for each in found.items]


def rows(store: Store) -> int:
    with store.read() as tx:
        return tx.conn.execute(select(func.count()).select_from(memories)).scalar_one()


def test_the_first_opening_has_nothing_to_compare_with(store: Store) -> None:
    assert seen(store, FIRST, build(OPEN, payer([gap()]))) == Changes()


def test_the_next_launch_is_told_and_the_same_launch_is_not(store: Store) -> None:
    seen(store, FIRST, build(OPEN, payer([gap()])))
    assert seen(store, FIRST, build(DONE, payer([gap()]))) == Changes()
    found = seen(store, SECOND, build(OPEN, payer([gap()], [LOW])))
    assert found.since == TODAY
    assert ("HbA1c test", "done-here", "do-today") in labels(found)
    assert seen(store, SECOND, build(OPEN, payer([gap()], [LOW]))) == found  # however often it is drawn


def test_nothing_is_said_or_remembered_before_the_panel_is_complete(store: Store) -> None:
    seen(store, FIRST, build(OPEN, payer([gap()])))
    before = rows(store)
    assert seen(store, SECOND, build(OPEN, payer(care_gaps=None))) == Changes()
    assert rows(store) == before


def test_of_the_dead_and_of_nobody_nothing_is_remembered(store: Store) -> None:
    dead = build(chart(patient=replace(PATIENT, deceased=True)), payer([gap()]))
    nobody = build(replace(OPEN, patient=Unknown("ehr", Reason.NOT_ALLOWED)), payer([gap()]))
    for panel in (dead, nobody):
        assert seen(store, FIRST, panel) == Changes()
    assert rows(store) == 0


def test_who_may_not_see_prompts_neither_reads_nor_writes_theirs(store: Store) -> None:
    seen(store, FIRST, build(OPEN, payer([], [LOW])))
    for_staff = build(OPEN, payer([], []), may_see_prompts=False)
    assert labels(seen(store, SECOND, for_staff, may_see_prompts=False)) == []
    third = replace(SECOND, handle="three")
    assert [each[0] for each in labels(seen(store, third, build(OPEN, payer([], []))))] == ["Depression"]


def test_another_patient_of_the_same_number_in_another_ehr_is_somebody_else(store: Store) -> None:
    seen(store, FIRST, build(OPEN, payer([gap()])))
    elsewhere = replace(SECOND, issuer="https://other.example/fhir")
    assert seen(store, elsewhere, build(DONE, payer([gap()]))) == Changes()


@pytest.mark.parametrize("reason", [Reason.WRONG_PATIENT, Reason.HELD, Reason.RESTRICTED])
def test_what_may_not_be_seen_any_more_is_forgotten(store: Store, reason: Reason) -> None:
    def hidden() -> PayerAnswers:
        return payer(care_gaps=Unknown("northwind", reason), risk=Unknown("northwind", reason))

    seen(store, FIRST, build(OPEN, payer([gap()])))
    assert labels(seen(store, SECOND, build(OPEN, hidden()))) == []
    third = replace(SECOND, handle="three")
    assert labels(seen(store, third, build(DONE, payer([gap()])))) == []


def test_a_payer_that_was_down_is_only_not_compared(store: Store) -> None:
    down = payer(care_gaps=Unknown("northwind", Reason.DOWN))
    seen(store, FIRST, build(OPEN, payer([gap()])))
    assert labels(seen(store, SECOND, build(OPEN, down))) == []


@pytest.mark.parametrize("reason", [Reason.WRONG_PATIENT, Reason.HELD, Reason.RESTRICTED])
def test_what_changed_is_said_at_every_drawing_while_another_payer_may_not_be_seen(
    store: Store, reason: Reason
) -> None:
    other = lakeside(care_gaps=Unknown("lakeside", reason), risk=Unknown("lakeside", reason))
    seen(store, FIRST, build(OPEN, payer([gap()]), other))
    drawings = [seen(store, SECOND, build(DONE, payer([gap()]), other)) for _ in range(3)]
    assert ("HbA1c test", "do-today", "done-here") in labels(drawings[0])
    assert drawings == [drawings[0]] * 3
