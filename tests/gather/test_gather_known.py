"""What is read of a complete launch is at hand for the next look, and for no look after anything has changed."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.answers import Known
from app.core.asking import EHR, PATIENT, Ask
from app.store import Store, answers, barred
from app.store.audit import Audit
from app.store.said import Note
from tests.gather.made import Chart, Payer, finished, gathering, opening
from tests.store.one_store import Clock, open_store

OF = opening()


def test_a_complete_launch_is_read_once_until_anything_is_different(store: Store, clock: Clock, tmp_path: Path) -> None:
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        finished(made, OF)
        first = made.state(OF)
        assert made.state(OF) is first
        assert made.state(opening(user_ref="Practitioner/2")) is not first
        first = made.state(OF)
        with closing(open_store(f"sqlite:///{tmp_path}/one.sqlite3", clock)) as other, other.begin() as tx:
            answers.forget(tx, first.asked[Ask(EHR, PATIENT)])  # by another process
        now = made.state(OF)
        assert now is not first
        assert now.version != first.version
        assert not now.complete


@pytest.mark.parametrize("kind", [barred.HELD, barred.RESTRICTED], ids=["held", "restricted"])
def test_a_payer_that_is_barred_elsewhere_is_not_in_the_next_look(
    store: Store, clock: Clock, tmp_path: Path, kind: barred.Kind
) -> None:
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        finished(made, OF)
        first = made.state(OF)
        assert any(ask.source == "northwind" and isinstance(each, Known) for ask, each in first.answers.items())
        entry = Audit(
            launch="other", who="Practitioner/2", role="privacy", patient=f"{OF.issuer}|{OF.patient_id}",
            action="hold", counts={}, outcome="ok", at=clock(),
        )  # fmt: skip
        with closing(open_store(f"sqlite:///{tmp_path}/one.sqlite3", clock)) as other, other.begin() as tx:
            assert barred.begin(tx, kind, entry, "northwind", Note())
        now = made.state(OF)
        assert "northwind" in now.plan.restricted or not any(ask.source == "northwind" for ask in now.plan.asks)
        assert now.version != first.version


def test_time_alone_makes_it_another_reading(store: Store, clock: Clock) -> None:
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        finished(made, OF)
        first = made.state(OF)
        clock.now += timedelta(days=2)
        assert made.state(OF) is not first


def test_an_ended_launch_leaves_nothing_at_hand(store: Store, clock: Clock) -> None:
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        finished(made, OF)
        first = made.state(OF)
        made.forget(OF.handle)
        assert made.state(OF) is not first
        assert not made.state(OF).answers
