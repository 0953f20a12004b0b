"""Follow-ups over all patients of an EHR: overdue first, by owner, done with one tap, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from ledger_house import Desk, issuer, promise, trail, words

from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("follow-ups")  # one house for all of them


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("follow-ups")) as running:
        today = running.clock().astimezone(CLINIC_TZ).date()
        promise(running, label="HbA1c test", due=today - timedelta(days=1))
        promise(running, label="Mammogram", due=today, owner="front-desk", what="record")
        promise(running, label="Depression screening", due=today + timedelta(days=30), owner="care-coordinator")
        promise(running, label="Another EHR's", due=today, tenant="second")
        yield running


def listed(desk: Desk, **query: str) -> dict[str, list[str]]:
    found = desk.soup("follow-ups", **query).select("[data-section]")
    return {
        str(each["data-section"]): [words(row) for row in each.select('[data-follow-up] [data-field="what"]')]
        for each in found
    }


def test_what_is_overdue_stands_first_and_another_ehrs_nowhere(home: House) -> None:
    desk = Desk(home, "ma")
    assert listed(desk) == {"overdue": ["HbA1c test"], "soon": ["Mammogram"], "later": ["Depression screening"]}
    seen = [each for each in trail(home, desk.handle) if each.action == "read-follow-ups"]
    assert {(each.patient, each.counts["follow-up"]) for each in seen} == {(f"{issuer(home)}|pat-1", 3)}
    row = words(desk.soup("follow-ups").select_one("[data-follow-up]"))
    assert "yesterday. Clinician." in row
    assert "Okonkwo-Reyes, Adaeze · born" not in row  # the dot between is drawn, never said
    assert "record RB-104117" in row
    assert "3 open, 1 overdue." in desk.get("follow-ups").text


def test_one_owners_list(home: House) -> None:
    desk = Desk(home, "ma")
    assert listed(desk, owner="front-desk") == {"soon": ["Mammogram"]}
    assert "1 open for the front desk, none overdue." in desk.get("follow-ups", owner="front-desk").text
    assert len(listed(desk, owner="nobody")) == 3


def test_what_is_sensitive_is_for_the_screen_alone(home: House) -> None:
    page = Desk(home, "ma").soup("follow-ups")
    [row] = page.select("li.off-paper")
    assert "Depression screening" in row.text
    assert words(page.select_one("[data-off-paper]")).startswith("1 line is for the screen only")


def test_done_is_one_tap_and_once(home: House) -> None:
    name = promise(home, label="Retinal exam", due=date(2026, 1, 2))
    desk = Desk(home, "ma")
    assert "Marked as done." in desk.post(f"follow-ups/{name}/done").text
    assert "it was done already" in desk.post(f"follow-ups/{name}/done").text
    assert "Retinal exam" not in desk.get("follow-ups").text
    [entry] = [each for each in trail(home, desk.handle) if each.action == "done-follow-up"]
    assert entry.patient == f"{issuer(home)}|pat-1"


def test_a_manager_looks_and_closes_nothing_and_another_ehrs_stays(home: House) -> None:
    name = promise(home, label="Foot exam", due=date(2026, 1, 2))
    other = promise(home, label="Not ours", due=date(2026, 1, 2), tenant="second")
    manager = Desk(home, "mgr")
    assert "Foot exam" in manager.get("follow-ups").text
    assert not manager.soup("follow-ups").select("form[action*=done]")
    assert manager.post(f"follow-ups/{name}/done").status_code == 403
    assert "it was done already" in Desk(home, "ma").post(f"follow-ups/{other}/done").text
    assert Desk(home, "privacy", story="one-open-gap").get("follow-ups").status_code == 403


def test_the_schedule_leads_to_the_lists(home: House) -> None:
    desk = Desk(home, "dr")
    ways = {words(a): str(a["href"]) for a in desk.soup("huddle").select("nav a")}
    for name, to in (("Sent to payers", "/sent"), ("Follow-ups", "/follow-ups")):
        assert ways[name].endswith(to)
        assert desk.session.get(f"{home.app}{ways[name]}", timeout=30).status_code == 200
