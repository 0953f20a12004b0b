"""The night before: a day is asked for with the practice's own token, and its morning asks the payers nothing again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from app import open_store
from app.night import create_prefetching
from app.store import audit, prefetch
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


def about_gaps(home: House, payer: str) -> int:
    return sum(count for path, count in home.calls(payer).items() if "Measure/$care-gaps" in path)


def test_the_morning_finds_what_the_night_asked_and_reads_the_chart_as_its_user(own_home: House) -> None:
    run, left = the_night(own_home, today(own_home))
    assert left == 0
    read = {path.split("/fhir/")[1].partition("/")[0] for path in own_home.calls("ehr") if "/fhir/" in path}
    assert read <= LISTED, read
    asked = {payer: about_gaps(own_home, payer) for payer in own_home.payers}
    assert asked["northwind"] > 0
    own_home.forget_calls()
    shown = own_home.morning(user="np")
    assert any("pneumococcal" in step for step in shown.of("Vance").steps)
    assert {payer: about_gaps(own_home, payer) for payer in own_home.payers} == dict.fromkeys(own_home.payers, 0)
    assert own_home.calls("ehr")["GET /main/fhir/Condition"] > 0, "the chart is the user's to read"
    store = open_store(own_home.settings, own_home.clock)
    with store.read() as tx:
        entries = audit.trail(tx, prefetch.handle(run))
        assert not audit.verify(tx)
    assert entries, "the run has a chain of its own"
    assert {entry.who for entry in entries} == {"system"}


def test_a_second_run_asks_nothing_that_is_here(own_home: House) -> None:
    the_night(own_home, today(own_home))
    own_home.forget_calls()
    _, left = the_night(own_home, today(own_home))
    assert left == 0
    assert {payer: about_gaps(own_home, payer) for payer in own_home.payers} == dict.fromkeys(own_home.payers, 0)


def test_the_night_tells_no_payer_about_a_patient_who_forbade_it(own_home: House) -> None:
    the_night(own_home, today(own_home))
    own_home.forget_calls()
    shown = own_home.morning()
    assert "not everything is known" in shown.of("Rensselaer").counts


def test_what_was_asked_about_tomorrow_is_there_in_the_morning(tmp_path: Path) -> None:
    evening = datetime(2026, 11, 23, 23, tzinfo=CLINIC_TZ)
    with house(tmp_path, at=evening) as home:
        _, left = the_night(home, evening.date() + timedelta(days=1))
        assert left == 0
        assert about_gaps(home, "northwind") > 0
        home.forget_calls()
        home.clock.ahead += timedelta(hours=8)
        shown = home.morning()
        assert {visit.name.partition(",")[0] for visit in shown.visits} >= {"Salazar", "Trask", "Strand"}
        assert {payer: about_gaps(home, payer) for payer in home.payers} == dict.fromkeys(home.payers, 0)
