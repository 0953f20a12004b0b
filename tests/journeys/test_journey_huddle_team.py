"""The morning schedule in the hands of a team: whose day, marks that all see, a patient opened from a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import requests

from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Visit
from sandbox_config.screen import watch
from tests.house import House, house
from tests.journeys.conftest import Desk, sit_down

NP = "provider=staff-np"
#: Tests that mark rows: each those of other patients, in one house.
MARKING = pytest.mark.xdist_group("marks")


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Where marks are made: of a patient they would be seen in every other test's panel."""
    with house(tmp_path_factory.mktemp("practice")) as running:
        yield running


def handle_of(url: str) -> str:
    found = re.search(r"/l/([^/]+)/", url)
    assert found, url
    return found[1]


def tap(desk: Desk, visit: Visit) -> requests.Response:
    """Open the patient of a row."""
    return morning.post(desk.session, desk.url, visit.form("open"))


def now_on(desk: Desk) -> morning.Morning:
    """What stands there when the schedule is loaded again."""
    return morning.watch(desk.session, desk.url)


# --- whose day --------------------------------------------------------------------------------------------------------


def test_staff_open_the_day_of_a_provider_who_is_open_to_them_and_no_other(home: House) -> None:
    ma = sit_down(home, "ma", NP)
    names = [visit.name.partition(",")[0] for visit in ma.seen.visits]
    assert names == ["Arkwright", "Strand", "Moreau", "Vance", "Osei"]
    refused = morning.watch(ma.session, f"{ma.url.partition('?')[0]}?provider=staff-dr2")
    assert not refused.visits
    assert "Drake" not in refused.html


def test_staff_who_see_no_patients_find_the_days_that_are_open_to_them(home: House) -> None:
    session = browser()
    page = home.open_morning(session=session, user="ma")
    seen = morning.fragment(session, urljoin(page.url, morning.read(page.text).next))
    assert {"Dr. Ines Valderrama", "Wren Castellane"} <= set(seen.providers), seen.text
    assert "Dr. Halvard Oyelaran" not in seen.providers


@pytest.mark.parametrize("user", ["privacy", "it"])
def test_who_has_no_schedule_right_sees_nothing_of_it(home: House, user: str) -> None:
    session = browser()
    page = home.open_morning(session=session, user=user)
    shown = morning.watch(session, page.url)
    assert not shown.visits
    assert "Okonkwo" not in shown.html


def test_a_manager_sees_the_day_without_conditions_and_marks_nothing(home: House) -> None:
    seen = sit_down(home, "mgr", NP).seen
    assert len(seen.visits) == 5
    assert not any("tick" in action for visit in seen.visits for action, _ in visit.forms)
    assert "condition" not in " ".join(visit.counts for visit in seen.visits)


def test_a_schedule_is_worth_nothing_in_another_browser(small_desk: Desk) -> None:
    stranger = browser().get(small_desk.url, timeout=10)
    assert stranger.status_code in (401, 403)
    for place in ("rows", "print", "print.pdf", "ahead", "missed"):
        answer = browser().get(urljoin(small_desk.url, place), timeout=10)
        assert answer.status_code in (401, 403), place
        assert "Strand" not in answer.text


# --- marks ------------------------------------------------------------------------------------------------------------


@MARKING
def test_a_mark_is_seen_at_once_by_the_others_and_in_the_panel_of_the_patient(practice: House) -> None:
    theirs, mine = sit_down(practice, "np"), sit_down(practice, "ma", NP)
    answer = morning.post(mine.session, mine.url, mine.seen.of("Strand").form("tick", step="", what="prepped"))
    assert answer.status_code == 200, answer.text
    assert "Tobias Achterberg" in now_on(theirs).of("Strand").text
    panel = practice.panel("eye-exam", user="np")
    assert "Prepared by" in panel.text, panel.text
    assert "Tobias Achterberg" in panel.text
    undone = morning.post(mine.session, mine.url, now_on(mine).of("Strand").form("untick", what="prepped"))
    assert undone.status_code == 200, undone.text
    assert "Tobias Achterberg" not in now_on(theirs).of("Strand").text


@MARKING
def test_others_hear_of_a_mark_by_the_calm_question_and_of_nothing_when_nothing_is_new(practice: House) -> None:
    theirs = sit_down(practice, "np")
    assert "Tobias Achterberg" not in theirs.seen.of("Osei").text
    calm = urljoin(theirs.url, theirs.seen.calm)
    quiet = theirs.session.get(calm, headers={"HX-Request": "true"}, timeout=20)
    assert (quiet.status_code, quiet.text) == (204, "")
    mine = sit_down(practice, "ma", NP)
    morning.post(mine.session, mine.url, mine.seen.of("Osei").form("tick", step="", what="prepped"))
    news = morning.fragment(theirs.session, calm)
    assert "Tobias Achterberg" in news.of("Osei").text


@MARKING
def test_an_order_is_marked_with_its_number(practice: House) -> None:
    mine = sit_down(practice, "np")
    visit, action, fields = next(
        (visit, action, dict(pairs))
        for visit in mine.seen.visits
        for action, pairs in visit.forms
        if dict(pairs).get("what") == "ordered" and "/tick" in action
    )
    answer = morning.post(mine.session, mine.url, (action, fields), order="SR-4711")
    assert answer.status_code == 200, answer.text
    assert "SR-4711" in now_on(mine).of(visit.name).text
    again = morning.post(mine.session, mine.url, (action, fields), order="<script>alert(1)</script>")
    assert again.status_code in (400, 409, 422)


def test_a_mark_from_elsewhere_is_refused(small_desk: Desk) -> None:
    session, url = small_desk.session, small_desk.url
    action, fields = small_desk.seen.of("Osei").form("tick", step="", what="prepped")
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert session.post(urljoin(url, action), data=fields, headers=headers, timeout=10).status_code == 403
    made_up = morning.post(session, url, (action, {**fields, "row": "v0000000000"}))
    assert made_up.status_code in (404, 409)


# --- a patient from a row ---------------------------------------------------------------------------------------------


def test_a_row_opens_the_panel_of_its_patient_as_a_launch_of_its_own(small_desk: Desk) -> None:
    page = tap(small_desk, small_desk.seen.of("Strand"))
    assert page.status_code == 200, page.text
    assert handle_of(page.url) != handle_of(small_desk.url)
    panel = watch(small_desk.session, page.url)
    assert "Strand" in panel.patient
    assert [row.state for row in panel.gaps()]
    assert "data-apart" in page.text, "it says that another chart may be open in the EHR"
    assert not any(one.patient_id in page.url for one in small_desk.home.scenarios.values())
    assert len(now_on(small_desk).visits) == 5, "the schedule is still there"
    assert browser().get(page.url, timeout=10).status_code in (401, 403)


def test_two_patients_from_one_schedule_never_mix(small_desk: Desk) -> None:
    pages = {name: tap(small_desk, small_desk.seen.of(name)).url for name in ("Strand", "Osei")}
    for _ in range(2):
        for name, page in pages.items():
            panel = watch(small_desk.session, page)
            assert name in panel.patient
            assert all(other not in panel.html for other in pages if other != name)


def test_a_panel_ends_with_the_schedule_that_it_was_opened_from(home: House) -> None:
    desk = sit_down(home, "np")
    page = tap(desk, desk.seen.of("Strand")).url
    assert watch(desk.session, page).patient
    ended = desk.session.post(
        f"{home.app}/l/{handle_of(desk.url)}/end", headers={"Sec-Fetch-Site": "same-origin"}, timeout=10
    )
    assert ended.status_code == 200
    assert desk.session.get(page, timeout=10).status_code == 410


def test_a_panel_from_the_chart_leads_to_the_schedule_and_its_own_row_leads_back(home: House) -> None:
    session = browser()
    page = home.launch("eye-exam", session=session, user="np")
    panel = watch(session, page.url)
    assert "data-schedule" in panel.html
    desk = Desk(home, session, f"{page.url}huddle/", (morning.watch(session, f"{page.url}huddle/"),))
    assert len(desk.seen.visits) == 5
    back = tap(desk, desk.seen.of("Strand"))
    assert handle_of(back.url) == handle_of(page.url), "the chart that is open in the EHR is this launch's own"
    assert "data-apart" not in back.text


def test_where_only_one_chart_was_granted_a_row_says_how_to_open_it(home: House) -> None:
    shown = home.morning("onechart", user="np")
    assert len(shown.visits) == 5
    assert not any(action.partition("?")[0].endswith("/open") for visit in shown.visits for action, _ in visit.forms)
    assert "Sandbox EHR" in shown.how, shown.text
    assert "Reading the patient" not in shown.text
