"""A day that goes on: walk-ins, an EHR that goes down, midnight, and the days on which the clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest

from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Morning
from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house


@contextmanager
def house_at(folder: Path, day: str, clock: str) -> Iterator[House]:
    with house(folder, at=datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CLINIC_TZ)) as running:
        yield running


def names(shown: Morning) -> list[str]:
    return [visit.name.partition(",")[0] for visit in shown.visits]


def test_a_walk_in_is_announced_and_stands_in_its_place_after_a_tap(own_home: House) -> None:
    session = browser()
    page = own_home.open_morning(session=session)
    before = morning.watch(session, page.url)
    assert "Penrose" not in before.html
    with own_home.fault("ehr", "walk-in"):
        own_home.clock.ahead += timedelta(minutes=2)
        later = follow(session, urljoin(page.url, before.calm))
        assert "1 visit" in later.text, later.text
        assert names(later) == names(before), "nothing that is drawn moves by itself"
        after = morning.fragment(session, urljoin(page.url, later.added))
    times = [visit.time for visit in after.visits]
    assert times == sorted(times)
    assert "alk-in" in after.of("Penrose").visit


def follow(session: object, url: str) -> Morning:
    """The calm question, asked until it has been answered with news and that news is complete."""
    for _ in range(20):
        answer = session.get(url, headers={"HX-Request": "true"}, timeout=30)  # type: ignore[attr-defined]
        shown = morning.read(answer.text)
        if answer.status_code == 200 and shown.added:
            return shown
        if answer.status_code == 200:
            url = urljoin(url, shown.next or shown.calm)
    raise TimeoutError("no news")


def test_when_the_ehr_is_down_the_last_snapshot_stands_there_and_says_from_when(own_home: House) -> None:
    before = own_home.morning(user="np")
    with own_home.fault("ehr", "down:Appointment"):
        own_home.clock.ahead += timedelta(minutes=2)
        after = own_home.morning(user="np")
    assert names(after) == names(before)
    assert after.snapshot, after.text
    assert not before.snapshot
    other = own_home.morning(user="ma", place="provider=staff-np")
    assert len(other.visits) == 5


def test_a_schedule_that_stays_open_says_when_the_ehr_stops_answering(own_home: House) -> None:
    session = browser()
    page = own_home.open_morning(session=session, user="np")
    before = morning.watch(session, page.url)
    with own_home.fault("ehr", "down"):
        own_home.clock.ahead += timedelta(minutes=2)
        after = morning.watch(session, page.url)
    assert names(after) == names(before)
    assert after.snapshot or any("Sandbox EHR" in trouble for trouble in after.troubles), after.text


def test_a_snapshot_is_nobody_elses(own_home: House) -> None:
    own_home.morning(user="np")
    with own_home.fault("ehr", "down:Appointment"):
        own_home.clock.ahead += timedelta(minutes=2)
        theirs = own_home.morning(user="ma", place="provider=staff-np")
    assert not theirs.visits, "what one user may see is not another's"
    assert not theirs.empty


def test_a_visit_before_midnight_is_todays_and_one_after_it_tomorrows(tmp_path: Path) -> None:
    with house_at(tmp_path, "2026-11-23", "23:50") as running:
        assert names(running.morning(user="dr2")) == ["Mbeki", "Drake", "Kestrel", "Ibarra"]
        assert names(running.morning(user="dr2", place="day=2026-11-24")) == ["Bissett"]
        running.clock.ahead += timedelta(minutes=20)
        assert names(running.morning(user="dr2")) == ["Bissett"]


@pytest.mark.parametrize("day", ["2027-03-14", "2026-11-01"])
def test_days_of_23_and_25_hours_hold_their_visits_and_no_others(tmp_path: Path, day: str) -> None:
    with house_at(tmp_path, day, "07:00") as running:
        today = running.morning(user="dr2")
        assert [(v.time, v.name.partition(",")[0]) for v in today.visits][-1] == ("23:45", "Ibarra")
        assert len(today.visits) == 4
        tomorrow = datetime.fromisoformat(day).date() + timedelta(days=1)
        after = running.morning(user="dr2", place=f"day={tomorrow}")
        assert [(v.time, v.name.partition(",")[0]) for v in after.visits] == [("00:15", "Bissett")]
