"""The morning schedule in the hands of a team: whose day, marks that all see, a patient opened from a row."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
import requests

from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Morning, Visit
from sandbox_config.screen import watch
from tests.house import House

NP = "provider=staff-np"


def handle_of(url: str) -> str:
    found = re.search(r"/l/([^/]+)/", url)
    assert found, url
    return found[1]


def tap(home: House, session: requests.Session, url: str, visit: Visit) -> requests.Response:
    """Open the patient of a row."""
    return morning.post(session, url, visit.form("open"))


# --- whose day --------------------------------------------------------------------------------------------------------


def test_staff_open_the_day_of_a_provider_who_is_open_to_them_and_no_other(home: House) -> None:
    session, url, seen = opened(home, "ma", NP)
    assert [visit.name.partition(",")[0] for visit in seen.visits] == ["Arkwright", "Strand", "Moreau", "Vance", "Osei"]
    refused = morning.watch(session, f"{url.partition('?')[0]}?provider=staff-dr2")
    assert not refused.visits
    assert "Drake" not in refused.html


def test_staff_who_see_no_patients_find_the_days_that_are_open_to_them(home: House) -> None:
    _, _, seen = opened(home, "ma")
    assert len(seen.visits) == 20 or {"Dr. Ines Valderrama", "Wren Castellane"} <= set(seen.providers)
    assert "Dr. Halvard Oyelaran" not in seen.providers


@pytest.mark.parametrize("user", ["privacy", "it"])
def test_who_has_no_schedule_right_sees_nothing_of_it(home: House, user: str) -> None:
    session = browser()
    page = home.open_morning(session=session, user=user)
    shown = morning.watch(session, page.url)
    assert not shown.visits
    assert "Okonkwo" not in shown.html


def test_a_manager_sees_the_day_without_conditions_and_marks_nothing(home: House) -> None:
    _, _, seen = opened(home, "mgr", NP)
    assert len(seen.visits) == 5
    assert not any("tick" in action for visit in seen.visits for action, _ in visit.forms)
    assert "condition" not in " ".join(visit.counts for visit in seen.visits)


def test_a_schedule_is_worth_nothing_in_another_browser(home: House) -> None:
    _, url, _ = opened(home, "np")
    stranger = browser().get(url, timeout=10)
    assert stranger.status_code in (401, 403)
    for place in ("rows", "print", "print.pdf", "ahead", "missed"):
        answer = browser().get(urljoin(url, place), timeout=10)
        assert answer.status_code in (401, 403), place
        assert "Strand" not in answer.text


# --- marks ------------------------------------------------------------------------------------------------------------


def test_a_mark_is_seen_at_once_by_the_others_and_in_the_panel_of_the_patient(own_home: House) -> None:
    theirs, their_url, _ = opened(own_home, "np")
    mine, my_url, seen = opened(own_home, "ma", NP)
    strand = seen.of("Strand")
    answer = morning.post(mine, my_url, strand.form("tick", step="", what="prepped"))
    assert answer.status_code == 200, answer.text
    shown = morning.watch(theirs, their_url).of("Strand")
    assert "Tobias Achterberg" in shown.text
    panel = own_home.panel("eye-exam", user="np")
    assert "Prepared by" in panel.text, panel.text
    assert "Tobias Achterberg" in panel.text
    undone = morning.post(mine, my_url, morning.watch(mine, my_url).of("Strand").form("untick", what="prepped"))
    assert undone.status_code == 200, undone.text
    assert "Tobias Achterberg" not in morning.watch(theirs, their_url).of("Strand").text


def test_others_hear_of_a_mark_by_the_calm_question_and_of_nothing_when_nothing_is_new(own_home: House) -> None:
    theirs, their_url, complete = opened(own_home, "np")
    calm = urljoin(their_url, complete.calm)
    quiet = theirs.get(calm, headers={"HX-Request": "true"}, timeout=20)
    assert (quiet.status_code, quiet.text) == (204, "")
    mine, my_url, seen = opened(own_home, "ma", NP)
    morning.post(mine, my_url, seen.of("Osei").form("tick", step="", what="prepped"))
    news = morning.fragment(theirs, calm)
    assert "Tobias Achterberg" in news.of("Osei").text


def test_an_order_is_marked_with_its_number(own_home: House) -> None:
    mine, my_url, seen = opened(own_home, "np")
    visit, action, fields = next(
        (visit, action, dict(pairs))
        for visit in seen.visits
        for action, pairs in visit.forms
        if dict(pairs).get("what") == "ordered" and "/tick" in action
    )
    answer = morning.post(mine, my_url, (action, fields), order="SR-4711")
    assert answer.status_code == 200, answer.text
    assert "SR-4711" in morning.watch(mine, my_url).of(visit.name).text
    again = morning.post(mine, my_url, (action, fields), order="<script>alert(1)</script>")
    assert again.status_code in (400, 409, 422)


def test_a_mark_from_elsewhere_is_refused(home: House) -> None:
    session, url, seen = opened(home, "np")
    action, fields = seen.of("Osei").form("tick", step="", what="prepped")
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert session.post(urljoin(url, action), data=fields, headers=headers, timeout=10).status_code == 403
    made_up = morning.post(session, url, (action, {**fields, "row": "v0000000000"}))
    assert made_up.status_code in (404, 409)


# --- a patient from a row ---------------------------------------------------------------------------------------------


def test_a_row_opens_the_panel_of_its_patient_as_a_launch_of_its_own(home: House) -> None:
    session, url, seen = opened(home, "np")
    page = tap(home, session, url, seen.of("Strand"))
    assert page.status_code == 200, page.text
    assert handle_of(page.url) != handle_of(url)
    panel = watch(session, page.url)
    assert "Strand" in panel.patient
    assert [row.state for row in panel.gaps()]
    assert "data-apart" in page.text, "it says that another chart may be open in the EHR"
    assert not any(one.patient_id in page.url for one in home.scenarios.values())
    again = morning.watch(session, url)
    assert len(again.visits) == 5, "the schedule is still there"
    assert browser().get(page.url, timeout=10).status_code in (401, 403)


def test_two_patients_from_one_schedule_never_mix(home: House) -> None:
    session, url, seen = opened(home, "np")
    pages = {name: tap(home, session, url, seen.of(name)).url for name in ("Strand", "Osei")}
    for _ in range(2):
        for name, page in pages.items():
            panel = watch(session, page)
            assert name in panel.patient
            assert all(other not in panel.html for other in pages if other != name)


def test_a_panel_ends_with_the_schedule_that_it_was_opened_from(own_home: House) -> None:
    session, url, seen = opened(own_home, "np")
    page = tap(own_home, session, url, seen.of("Strand")).url
    assert watch(session, page).patient
    ended = session.post(
        f"{own_home.app}/l/{handle_of(url)}/end", headers={"Sec-Fetch-Site": "same-origin"}, timeout=10
    )
    assert ended.status_code == 200
    assert session.get(page, timeout=10).status_code == 410


def test_a_panel_from_the_chart_leads_to_the_schedule_and_its_own_row_leads_back(home: House) -> None:
    session = browser()
    page = home.launch("eye-exam", session=session, user="np")
    panel = watch(session, page.url)
    assert "data-schedule" in panel.html
    seen = morning.watch(session, f"{page.url}huddle/")
    assert len(seen.visits) == 5
    back = tap(home, session, f"{page.url}huddle/", seen.of("Strand"))
    assert handle_of(back.url) == handle_of(page.url), "the chart that is open in the EHR is this launch's own"
    assert "data-apart" not in back.text


def test_where_only_one_chart_was_granted_a_row_says_how_to_open_it(home: House) -> None:
    shown = home.morning("onechart", user="np")
    assert len(shown.visits) == 5
    assert not any(action.partition("?")[0].endswith("/open") for visit in shown.visits for action, _ in visit.forms)
    assert "Sandbox EHR" in shown.how, shown.text
    assert "Reading the patient" not in shown.text
