"""A visit ends while it is looked at: its encounter is asked again, and for an assessment at that very moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR, ENCOUNTER, Ask
from app.core.chart import Concept, Fact
from app.store import Store
from tests.gather.made import Chart, finished, gathering, opening
from tests.store.one_store import Clock

OF = opening(encounter_id="e1")
VISIT = Ask(EHR, ENCOUNTER)


@dataclass
class Visited(Chart):
    """An EHR with an encounter."""

    status: str = "in-progress"
    fails: Reason | None = None
    times: list[str] = field(default_factory=list)

    def encounter(self, encounter_id: str) -> Answer[Any]:
        self.times.append(encounter_id)
        if self.fails:
            return Unknown("main", self.fails)
        fact = Fact("Encounter", f"Encounter/{encounter_id}", Concept(), self.status, subject="Patient/p1")
        return Known(fact, "main", self.now())


@pytest.fixture
def chart(clock: Clock) -> Visited:
    return Visited(clock)


def status(answer: Answer[Any] | None) -> str:
    return answer.value.status if isinstance(answer, Known) else ""


def test_it_is_asked_again_after_five_minutes_and_only_while_somebody_looks(
    store: Store, clock: Clock, chart: Visited
) -> None:
    with gathering(store, chart, {}) as made:
        finished(made, OF)
        clock.advance(minutes=4)
        finished(made, OF)
        assert len(chart.times) == 1
        clock.advance(hours=1)
        assert len(chart.times) == 1, "nobody has looked"
        chart.status = "finished"
        assert status(finished(made, OF).answers[VISIT]) == "finished"
        assert len(chart.times) == 2
        assert chart.asked["patient"] == 1, "and nothing else of the chart"
        clock.advance(hours=1)
        finished(made, OF)
        assert len(chart.times) == 2, "no visit comes back from that"


def test_a_new_try_that_fails_does_not_forget_what_was_known(store: Store, clock: Clock, chart: Visited) -> None:
    with gathering(store, chart, {}) as made:
        finished(made, OF)
        clock.advance(minutes=6)
        chart.fails = Reason.DOWN
        answer = finished(made, OF).answers[VISIT]
        assert status(answer) == "in-progress"
        assert isinstance(answer, Known)
        assert answer.stale_because is Reason.DOWN


def test_for_an_assessment_it_is_asked_at_once(store: Store, chart: Visited) -> None:
    with gathering(store, chart, {}) as made:
        finished(made, OF)
        chart.status = "finished"
        assert status(made.encounter_now(OF)) == "finished"
        assert len(chart.times) == 2
        assert status(made.state(OF).answers[VISIT]) == "finished", "kept, for everybody who looks"


def test_an_older_answer_is_none_for_that(store: Store, chart: Visited) -> None:
    with gathering(store, chart, {}) as made:
        finished(made, OF)
        chart.fails = Reason.SLOW
        assert made.encounter_now(OF) == Unknown("main", Reason.SLOW)


def test_it_may_be_the_first_to_ask_and_does_not_wait_for_ever(store: Store, chart: Visited) -> None:
    with gathering(store, chart, {}) as made:
        assert status(made.encounter_now(OF)) == "in-progress"
        chart.open_.clear()
        try:
            chart.encounter = lambda _: chart._known("encounter", None)  # type: ignore[method-assign] # it hangs
            assert made.encounter_now(OF, timeout=0.1) == Unknown("main", Reason.SLOW)
        finally:
            chart.open_.set()
