"""The schedule through the front door: who may see which day, what stands in an address, and what is asked calmly."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from sandbox_config import morning
from sandbox_config.morning import Morning
from tests.house import House, browser

WRITE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def opened(home: House) -> tuple[requests.Session, str, Morning]:
    """The filled schedule of the sandbox's physician."""
    session = browser()
    page = home.open_morning(session=session)
    return session, page.url, morning.watch(session, page.url)


Opened = tuple[requests.Session, str, Morning]


def search(session: requests.Session, url: str, words: str, **fields: str) -> requests.Response:
    return session.post(urljoin(url, "find"), data={"words": words, **fields}, headers=WRITE, timeout=30)


def names(found: Morning) -> list[str]:
    return [visit.name for visit in found.visits]


def test_the_shell_is_there_before_anything_is_asked(home: House) -> None:
    page = home.open_morning(session=browser())
    assert page.status_code == 200
    assert urlsplit(page.url).path.endswith("/huddle/")
    assert page.headers["Cache-Control"] == "no-store"
    assert morning.read(page.text).next.endswith("/huddle/rows")


def test_who_has_no_patients_lands_on_the_first_day_open_to_them_however_late_their_role_is_told(home: House) -> None:
    found = home.morning(user="ma", fault="slow:Practitioner")
    assert "Dr. Ines Valderrama" in found.text
    assert found.visits


def test_the_rows_come_in_time_order_with_two_identifiers(opened: Opened) -> None:
    found = opened[2]
    times = [visit.time for visit in found.visits]
    assert len(times) > 10
    assert times == sorted(times)
    assert all("born" in visit.ids and "record" in visit.ids for visit in found.visits)
    assert all(asked == answered > 0 for answered, asked in found.sources.values())


def test_a_search_stands_sealed_in_the_address_and_finds(opened: Opened) -> None:
    session, url, found = opened
    whom = names(found)[0]
    page = search(session, url, whom.split(",")[0], owner="", sort="name")
    assert whom.split(",")[0].casefold() not in page.url.casefold()
    assert parse_qs(urlsplit(page.url).query).keys() == {"find", "sort"}
    assert names(morning.watch(session, page.url))[0] == whom
    assert f'value="{whom.split(",")[0]}"' in page.text


def test_a_search_of_another_launch_is_no_search(home: House, opened: Opened) -> None:
    session, url, found = opened
    token = parse_qs(urlsplit(search(session, url, "lindqvist").url).query)["find"][0]
    other = browser()
    page = home.open_morning(session=other)
    seen = morning.watch(other, f"{page.url}?find={token}")
    assert len(seen.visits) == len(found.visits)
    assert "lindqvist" not in other.get(f"{page.url}?find={token}", timeout=30).text.casefold().split("<table")[0]


def test_nothing_typed_takes_the_search_off(opened: Opened) -> None:
    session, url, _ = opened
    assert "find" not in search(session, url, "   ", find="x").url


def test_filters_are_codes_and_unknown_ones_are_ignored(opened: Opened) -> None:
    session, url, found = opened
    some = morning.watch(session, f"{url}?mode=video")
    assert 0 < len(some.visits) < len(found.visits)
    assert f"of {len(found.visits)} visits" in some.summary
    assert len(morning.watch(session, f"{url}?mode=carrier-pigeon&nonsense=1").visits) == len(found.visits)
    by_name = morning.watch(session, f"{url}?sort=name")
    assert names(by_name) != names(found)
    assert sorted(names(by_name)) == sorted(names(found))


def test_nothing_of_a_patient_stands_in_any_address(opened: Opened) -> None:
    session, url, found = opened
    page = session.get(f"{url}?full=1", timeout=30).text
    said = " ".join(re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', page))
    for visit in found.visits:
        assert visit.name.split(",")[0] not in said
    assert "Patient" not in said
    assert "Appointment" not in said


def test_once_filled_nothing_new_is_an_empty_answer(opened: Opened) -> None:
    session, url, _ = opened
    found = morning.watch(session, url)
    assert found.calm
    answer = session.get(urljoin(url, found.calm), headers={"HX-Request": "true"}, timeout=30)
    assert (answer.status_code, answer.text) == (204, "")
    older = re.sub(r"seen=\d+", "seen=1", found.calm)
    answer = session.get(urljoin(url, older), headers={"HX-Request": "true"}, timeout=30)
    assert answer.status_code == 200
    assert 'id="huddle"' in answer.text


def test_a_day_that_is_not_open_to_the_user_is_not_shown(opened: Opened) -> None:
    session, url, found = opened
    seen = morning.watch(session, f"{url}?provider=somebody-else")
    assert seen.visits == ()
    assert "not open to you" in seen.problem
    assert not any(name in seen.text for name in names(found))


def test_another_day_is_another_schedule_and_a_bad_one_is_none(opened: Opened) -> None:
    session, url, found = opened
    for nonsense in ("2026-13-45", "1900-01-01", "soon"):
        answer = session.get(f"{url}?day={nonsense}", timeout=30)
        assert answer.status_code >= 400
        assert "no schedule for that day" in answer.text
    page = session.get(url, timeout=30).text
    tomorrow = re.findall(r'href="([^"]*\?day=[\d-]+)"', page)[1]
    other = morning.watch(session, urljoin(url, tomorrow))
    assert names(other) != names(found)


def test_the_whole_page_without_scripts_has_the_rows(opened: Opened) -> None:
    session, url, found = opened
    page = session.get(f"{url}?full=1", timeout=30)
    assert len(morning.read(page.text).visits) == len(found.visits)


def test_a_role_without_a_schedule_is_told_so(home: House) -> None:
    session = browser()
    page = home.open_morning(session=session, user="privacy")
    answer = session.get(urljoin(page.url, "rows"), headers={"HX-Request": "true"}, timeout=30)
    for _ in range(5):
        if "data-visit" in answer.text or "does not include" in answer.text:
            break
        answer = session.get(urljoin(page.url, "rows?seen=0"), headers={"HX-Request": "true"}, timeout=30)
    assert "does not include" in answer.text
    assert "data-visit" not in answer.text


def test_a_stranger_sees_nothing_and_a_foreign_page_searches_nothing(opened: Opened) -> None:
    session, url, _ = opened
    assert browser().get(url, timeout=30).status_code >= 400
    answer = session.post(
        urljoin(url, "find"), data={"words": "x"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30
    )
    assert answer.status_code == 403


def test_a_source_can_be_asked_again(opened: Opened) -> None:
    session, url, found = opened
    answer = session.post(urljoin(url, "retry"), data={"key": "lakeside"}, headers=WRITE, timeout=30)
    assert answer.status_code == 200
    assert len(morning.watch(session, url).visits) == len(found.visits)
