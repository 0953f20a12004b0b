"""The night in the whole house: what the EHR and the payers are asked, and what the morning then asks again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from app.night import create_prefetching
from app.store import audit
from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("app-night")  # one house for all of them

READ = {"Appointment", "Patient", "Coverage", "Consent", "Flag", "Organization", "Encounter"}
BEFORE_DAWN = datetime(2026, 11, 24, 2, 30, tzinfo=CLINIC_TZ)


@pytest.fixture(scope="module")
def night_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("night"), at=BEFORE_DAWN) as running:
        work(running)
        yield running


def work(home: House) -> None:
    """The night's work as `python -m app work` does it, to its end."""
    prefetching, _, close = create_prefetching(home.settings, clock=home.clock)
    try:
        (run,) = prefetching.due()
        assert prefetching.work(run).undone == 0
    finally:
        close()


def test_the_ehr_is_asked_for_nothing_but_what_the_payers_are_asked_by(night_house: House) -> None:
    asked = night_house.calls("ehr")
    types = {path.partition("/fhir/")[2].partition("/")[0].partition("?")[0] for path in asked if "/fhir/" in path}
    assert {"Appointment", "Patient", "Coverage", "Consent", "Flag"} <= types
    assert types - {"metadata", ".well-known"} <= READ, types
    assert sum(count for path, count in asked.items() if path.endswith("/token")) == 1, "one token for the whole night"


def test_the_payers_are_asked_for_care_gaps_and_not_for_risk(night_house: House) -> None:
    paths = [path for payer in night_house.payers for path in night_house.calls(payer)]
    assert any("care-gaps" in path for path in paths)
    assert not [path for path in paths if "MeasureReport" in path], "neither a search nor an operation of RA"


def test_the_morning_asks_no_payer_again_but_for_what_is_not_kept(night_house: House) -> None:
    night_house.clock.ahead += timedelta(hours=5)
    night_house.forget_calls()
    shown = night_house.morning(user="np")
    assert all(visit.state == "filled" for visit in shown.visits)
    assert night_house.calls("ehr"), "the user's own token reads the chart"
    asked = sum(
        count for payer in night_house.payers for path, count in night_house.calls(payer).items() if "care-gaps" in path
    )
    assert asked <= _not_kept(night_house)


def _not_kept(home: House) -> int:
    _, store, close = create_prefetching(home.settings, clock=home.clock)
    try:
        with store.read() as tx:
            trail = audit.trail(tx, f"prefetch main {BEFORE_DAWN.date()}")
    finally:
        close()
    assert trail
    return sum("not-kept" in what for entry in trail for what in entry.counts)
