"""The night before: a day is asked for with the practice's own token, and its morning asks the payers nothing again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import delete

from app import open_store
from app.night import create_prefetching
from app.store import audit, prefetch
from app.store.schema import prefetch as work_rows
from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house

#: All that the night may read of the EHR.
LISTED = {
    "Appointment",
    "Patient",
    "Coverage",
    "Consent",
    "Flag",
    "Encounter",
    "Organization",
    "metadata",
    ".well-known",
}


@dataclass(frozen=True)
class Night:
    """A house in which the night has asked about today. `payers`: the calls that each of them got."""

    home: House
    run: str
    ehr: Counter[str]
    payers: dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with house(tmp_path_factory.mktemp("night")) as home:
        run, left = the_night(home, today(home))
        assert left == 0
        heard = {name: requests.get(f"{url}/_calls", timeout=10).json()["calls"] for name, url in home.payers.items()}
        yield Night(home, run, home.calls("ehr"), heard)


def the_night(home: House, day: date) -> tuple[str, int]:
    """One run about this day: its name, and how many patients are left to ask about."""
    prefetching, _, close = create_prefetching(home.settings, clock=home.clock)
    try:
        run = prefetching.begin("main", day)
        return run, prefetching.work(run).undone
    finally:
        close()


def today(home: House) -> date:
    return home.clock().astimezone(CLINIC_TZ).date()


def about_gaps(home: House) -> int:
    """How often any payer was asked for care gaps since the calls were last forgotten."""
    return sum(count for payer in home.payers for path, count in home.calls(payer).items() if "care-gaps" in path)


pytestmark = pytest.mark.xdist_group("night")


def test_the_night_reads_what_is_listed_and_nothing_else(night: Night) -> None:
    read = {path.split("/fhir/")[1].partition("/")[0] for path in night.ehr if "/fhir/" in path}
    assert "Coverage" in read
    assert read <= LISTED, read
    assert any("Measure/$care-gaps" in call["path"] for call in night.payers["northwind"])


def test_the_night_has_a_chain_of_its_own_in_the_audit(night: Night) -> None:
    store = open_store(night.home.settings, night.home.clock)
    with store.read() as tx:
        entries = audit.trail(tx, prefetch.handle(night.run))
        assert not audit.verify(tx)
    assert entries, "the run has a chain of its own"
    assert {entry.who for entry in entries} == {"system"}


def test_the_night_tells_a_payer_nothing_about_a_patient_who_forbade_it(night: Night) -> None:
    scenarios = night.home.scenarios
    number = {story: scenarios[story].payers["northwind"].member_id for story in ("consent-deny", "one-open-gap")}
    told = Counter(call["about"] for call in night.payers["northwind"])
    assert told[number["one-open-gap"]] > 0, "on the same schedule, and forbade nothing"
    assert told[number["consent-deny"]] == 0
    screen = night.home.panel("consent-deny")
    reasons = {source.key: source.reason for source in screen.sources if source.reason}
    assert reasons["northwind/care-gaps"] == "restricted"


def test_the_morning_finds_what_the_night_asked_and_reads_the_chart_as_its_user(night: Night) -> None:
    night.home.forget_calls()
    shown = night.home.morning(user="np")
    assert any("pneumococcal" in step for step in shown.of("Vance").steps)
    assert about_gaps(night.home) == 0
    assert night.home.calls("ehr")["GET /main/fhir/Condition"] > 0, "the chart is the user's to read"


def test_a_run_that_is_done_is_not_done_again(night: Night) -> None:
    night.home.forget_calls()
    _, left = the_night(night.home, today(night.home))
    assert left == 0
    assert not night.home.calls("ehr")
    assert about_gaps(night.home) == 0


def test_a_new_run_for_the_same_day_asks_no_payer_for_what_is_here(night: Night) -> None:
    store = open_store(night.home.settings, night.home.clock)
    with store.begin() as tx:
        tx.conn.execute(delete(work_rows))  # nothing is known any more of the first one
    night.home.forget_calls()
    run, left = the_night(night.home, today(night.home))
    assert (run, left) == (night.run, 0)
    assert night.home.calls("ehr")["GET /main/fhir/Coverage"] > 0, "whom they are asked about"
    assert about_gaps(night.home) == 0


def test_what_was_asked_about_tomorrow_is_there_in_the_morning(tmp_path: Path) -> None:
    evening = datetime(2026, 11, 23, 23, tzinfo=CLINIC_TZ)
    with house(tmp_path, at=evening) as home:
        _, left = the_night(home, evening.date() + timedelta(days=1))
        assert left == 0
        assert about_gaps(home) > 0
        home.forget_calls()
        home.clock.ahead += timedelta(hours=8)
        shown = home.morning()
        assert {visit.name.partition(",")[0] for visit in shown.visits} >= {"Salazar", "Trask", "Strand"}
        assert about_gaps(home) == 0
