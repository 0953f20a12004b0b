"""What a process sees of a source: counts, times and ages, bounded, and nothing of a payload."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_wire import NOW, Clock, Reply, Wire, connections

from app.core.answers import Known, Reason, Unknown
from app.core.health import Dates, SourceHealth, latency_class, merged, percentile
from app.core.report import Gap, GapStatus, Measure, Period, Report
from app.sources.connections import Connections
from app.sources.errors import SourceError
from app.sources.health import Watch

PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))


def asked(host: Any, times: int = 1, clock: Clock | None = None) -> tuple[SourceHealth, Connections]:
    clock = clock or Clock()
    held = connections(Wire(ehr=host), clock)
    http = held.http("ehr", "https://ehr.example/fhir")
    for _ in range(times):
        with suppress(SourceError):
            http.get("Patient/1")
    (seen,) = held.seen()
    return seen, held


@pytest.mark.parametrize(
    ("reply", "outcome", "failed"),
    [
        (Reply({"resourceType": "Patient"}), "ok", ""),
        (Reply(b"", 403), "not-allowed", "answered 403"),
        (Reply(b"", 404), "refused", ""),
        (Reply(b"", 422), "refused", ""),
        (Reply(b"", 202), "later", ""),
        (Reply(b"<html>", 200), "unreadable", "web page"),
        (Reply(b"", 429, Retry_After="60"), "busy", "answered 429"),
        (Reply(b"", 503), "down", "answered 503"),
    ],
)
def test_a_call_is_counted_by_its_outcome(reply: Reply, outcome: str, failed: str) -> None:
    seen, _ = asked(lambda call: reply)
    assert dict(seen.calls) == {outcome: 1}
    assert failed in seen.failed
    assert bool(seen.failed_at) is bool(failed)
    assert (seen.good_at == NOW) is (outcome == "ok")
    assert seen.failing_now() is bool(failed)


def test_an_open_breaker_is_told_and_its_refusals_are_no_failures() -> None:
    seen, _ = asked(lambda call: Reply(b"", 500), times=5)
    assert seen.breaker == "open"
    assert dict(seen.calls) == {"down": 3, "not-asked": 2}
    assert seen.failures == 3
    assert seen.failed == "answered 500"


def test_a_slow_answer_is_timed_by_the_clock_of_the_process() -> None:
    clock = Clock()

    def slow(call: Any) -> Reply:
        clock.seconds += 2.0
        return Reply({"resourceType": "Patient"})

    seen, _ = asked(slow, times=4, clock=clock)
    half = percentile(seen.latencies, 0.5)
    assert half is not None
    assert 2.0 <= half <= 2.5


def test_what_is_older_than_an_hour_is_forgotten_but_for_the_newest() -> None:
    clock = Clock()
    _, held = asked(lambda call: Reply(b"", 503), clock=clock)
    clock.seconds += 59 * 60
    assert held.seen()[0].calls["down"] == 1
    assert not held.seen()[0].latencies
    clock.seconds += 61
    assert not held.seen()[0].calls
    assert held.seen()[0].failed == "answered 503"


def test_it_holds_an_hour_of_minutes_at_most() -> None:
    clock = Clock()
    watch = Watch(clock.now, clock.monotonic)
    for _ in range(500):
        clock.seconds += 60
        watch.of("ehr").took(0.1)
    assert len(watch.of("ehr")._minutes) == 60


def gap(through: date | None) -> Gap:
    measure = Measure("https://payer.example/Measure/x")
    return Gap("payer", "r", "g", measure, GapStatus.OPEN, "open", False, date(2026, 11, 1), through, PERIOD)


def test_answers_tell_dates_dialect_and_what_could_not_be_read_and_nothing_else() -> None:
    watch = Watch(lambda: NOW, lambda: 0.0)
    report = Report(
        "payer", "care-gaps", "Maria-Sandoval", None,
        gaps=(gap(date(2026, 9, 30)), gap(date(2026, 10, 15)), gap(None)),
        calculated=date(2026, 11, 1), unreadable=("Observation/secret: no id",) * 2, dialect="deqm-us-5.0.0",
    )  # fmt: skip
    watch.heard("payer", Known(report, "payer", NOW))
    watch.heard("payer", Known(report, "payer", NOW, incomplete=("MeasureReport/secret",)))
    watch.heard("payer", Unknown("payer", Reason.NOT_IDENTIFIED, "does not know this member"))
    watch.heard("payer", Unknown("payer", Reason.SLOW, "no complete answer in time"))
    seen = watch.of("payer").seen()
    assert dict(seen.answers) == {"known": 1, "incomplete": 1, "not-identified": 1, "slow": 1}
    assert seen.unreadable == 4
    assert seen.dates == {"care-gaps": Dates(date(2026, 11, 1), date(2026, 10, 15))}
    assert seen.dialects == ("deqm-us-5.0.0",)
    assert seen.failed == "no complete answer in time"
    assert not any(word in json.dumps(seen.plain()) for word in ("secret", "Sandoval", "Measure"))


def test_many_threads_lose_no_call() -> None:
    watch = Watch()

    def work() -> None:
        for _ in range(200):
            with watch.of("ehr").call():
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watch.of("ehr").seen().calls["ok"] == 1600


# --- adding up ------------------------------------------------------------------------------------------------------

COUNTS = st.dictionaries(st.sampled_from(["ok", "down", "slow"]), st.integers(1, 50))
WHEN = st.none() | st.datetimes(timezones=st.just(NOW.tzinfo))
DAY = st.none() | st.dates()
HEALTH = st.builds(
    SourceHealth,
    source=st.sampled_from(["a", "b"]),
    breaker=st.sampled_from(["closed", "half-open", "open"]),
    calls=COUNTS,
    answers=COUNTS,
    latencies=st.dictionaries(st.integers(0, 39), st.integers(1, 50)),
    unreadable=st.integers(0, 9),
    good_at=WHEN,
    failed_at=WHEN,
    failed=st.text(max_size=20),
    dates=st.dictionaries(st.sampled_from(["care-gaps", "risk"]), st.builds(Dates, DAY, DAY)),
    working=st.integers(0, 9),
    waiting=st.integers(0, 9),
    software=st.text(max_size=9),
)


@given(HEALTH)
def test_a_row_survives_json(row: SourceHealth) -> None:
    assert SourceHealth.read(json.loads(json.dumps(row.plain()))) == row


@pytest.mark.parametrize("plain", [{}, {"source": "a"}, {**SourceHealth("a").plain(), "calls": [1]}])
def test_what_another_release_wrote_is_a_value_error(plain: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not the health"):
        SourceHealth.read(plain)


@given(st.lists(HEALTH, max_size=5))
def test_adding_up_loses_nothing_and_tells_the_worst(rows: list[SourceHealth]) -> None:
    for source, whole in merged(rows).items():
        parts = [row for row in rows if row.source == source]
        assert sum(whole.calls.values()) == sum(sum(row.calls.values()) for row in parts)
        assert sum(whole.latencies.values()) == sum(sum(row.latencies.values()) for row in parts)
        assert whole.unreadable == sum(row.unreadable for row in parts)
        assert whole.failed_at == max((row.failed_at for row in parts if row.failed_at), default=None)
        assert whole.good_at == max((row.good_at for row in parts if row.good_at), default=None)
        assert whole.software in {row.software for row in parts}
        assert bool(whole.software) is any(row.software for row in parts)
        assert (whole.breaker == "open") is any(row.breaker == "open" for row in parts)


@given(st.lists(st.floats(0.001, 29), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_percentile_is_right_to_a_quarter(seconds: list[float], share: float) -> None:
    latencies: dict[int, int] = {}
    for each in seconds:
        latencies[latency_class(each)] = latencies.get(latency_class(each), 0) + 1
    ranked = sorted(seconds)
    exact = next(value for n, value in enumerate(ranked, 1) if n >= share * len(ranked))
    found = percentile(latencies, share)
    assert found is not None
    assert exact <= found <= max(0.005, exact * 1.26)
