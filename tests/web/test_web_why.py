"""The page of one item through the front door: the panel's gate and roles, its audit, and nothing in its address.

Also the whole page without scripts, and where a role without the panel may go.
"""

from __future__ import annotations

import hashlib
import re

import pytest
import requests

from app import open_store
from app.store import audit
from sandbox_config.screen import read, watch
from tests.house import House, browser

STORY = "historic-and-suspected"


def opened(home: House, **options: str) -> tuple[requests.Session, str, str]:
    """A session, the address of its panel, and the finished panel's HTML."""
    session = browser()
    page = home.launch(STORY, session=session, **options)
    return session, page.url, watch(session, page.url).html


def whys(html: str, kind: str = "") -> list[str]:
    return sorted(set(re.findall(rf"/l/[^/\"]+/why/{kind}[a-z0-9]+", html)))


def test_every_item_has_its_page_and_its_address_tells_nothing(home: House) -> None:
    session, _, html = opened(home)
    screen = read(html)
    found = whys(html)
    assert len(found) >= len(screen.rows) > 2
    for path in found:
        answer = session.get(f"{home.app}{path}", timeout=20)
        assert answer.status_code == 200
        assert "Why it stands where it stands" in answer.text or "othing is asked of you" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r"/l/[\w-]+/why/[gpch][0-9a-f]{10}", path)


def test_two_launches_of_one_patient_share_no_address_and_nobody_can_compute_one(home: House) -> None:
    seen = []
    for _ in range(2):
        session, url, html = opened(home)
        paths = whys(html)
        assert {session.get(f"{home.app}{path}", timeout=20).status_code for path in paths} == {200}
        handle = url.rstrip("/").rpartition("/")[2]
        names = {path.rpartition("/")[2] for path in paths}
        for about in ("glycemic", f"{handle}|glycemic", f'["screen-id","{handle}","g|glycemic"]'):
            assert "g" + hashlib.sha256(about.encode()).hexdigest()[:10] not in names
        seen.append((session, url, names))
    (_, _, one), (session, url, two) = seen
    assert len(one) == len(two) > 2
    assert not one & two
    assert session.get(f"{url}why/{min(one)}", timeout=20).status_code == 404


def test_a_stranger_reads_no_page(home: House) -> None:
    _, _, html = opened(home)
    answer = browser().get(f"{home.app}{whys(html)[0]}", timeout=20)
    assert answer.status_code >= 400
    assert "Why it stands" not in answer.text


def test_who_may_not_see_prompts_reads_no_page_of_one(home: House) -> None:
    _, _, full = opened(home)
    (prompt, *_) = [path.rpartition("/")[2] for path in whys(full, "p")]
    session, url, html = opened(home, user="mgr")
    assert not whys(html, "p")
    answer = session.get(f"{url}why/{prompt}", timeout=20)
    assert answer.status_code == 404
    assert "no longer on the panel" in answer.text
    assert "Assess" not in answer.text


def test_who_may_not_see_the_panel_is_sent_to_where_that_is_said(home: House) -> None:
    session = browser()
    page = home.launch(STORY, session=session, user="privacy")
    answer = session.get(f"{page.url}why/g0123456789", timeout=20)
    assert answer.url.startswith(page.url)
    assert "why/" not in answer.url
    assert "Your role does not include this panel" in answer.text


@pytest.mark.parametrize(("user", "place"), [("privacy", "privacy"), ("it", "operator")])
def test_a_launch_that_names_nobody_shows_who_may_not_see_a_chart_the_way_to_their_page(
    home: House, user: str, place: str
) -> None:
    session = browser()
    page = home.launch(STORY, session=session, user=user, patient="none", encounter="none")
    whole = session.get(page.url, params={"full": "1"}, timeout=20)  # lands on the schedule, which is not theirs either
    assert whole.status_code == 200
    (link,) = re.findall(rf'href="(/l/[^"]+/{place})"', whole.text)
    found = session.get(f"{home.app}{link}", timeout=20)
    assert found.status_code == 200
    assert "data-patient" not in found.text


@pytest.mark.parametrize(
    ("tenant", "status", "says"), [("main", 200, "schedule – Chartside"), ("nofhiruser", 403, "your role")]
)
def test_a_launch_that_names_nobody_opens_the_schedule_of_who_may_see_one_and_tells_the_others_what_to_do(
    home: House, tenant: str, status: int, says: str
) -> None:
    session = browser()
    page = home.launch(STORY, tenant, session=session, patient="none", encounter="none")
    for place in (page.url, page.url.removesuffix("huddle/")):
        whole = session.get(place, params={"full": "1"}, timeout=20)
        assert whole.status_code == status
        assert says in whole.text


@pytest.mark.parametrize(("user", "place"), [("privacy", "privacy"), ("it", "operator")])
def test_a_role_without_the_panel_finds_its_own_page(home: House, user: str, place: str) -> None:
    session = browser()
    page = home.launch(STORY, session=session, user=user)
    whole = session.get(page.url, params={"full": "1"}, timeout=20)
    assert whole.status_code == 200
    (link,) = re.findall(rf'href="(/l/[^"]+/{place})"', whole.text)
    assert session.get(f"{home.app}{link}", timeout=20).status_code == 200


def test_reading_why_is_audited_as_a_read_of_the_chart(own_home: House) -> None:
    session, url, html = opened(own_home)
    handle = url.rstrip("/").rpartition("/")[2]
    store = open_store(own_home.settings, own_home.clock)

    def reads() -> int:
        with store.read() as tx:
            return sum(entry.action == "read-chart" for entry in audit.trail(tx, handle))

    before = reads()
    assert session.get(f"{own_home.app}{whys(html)[0]}", timeout=20).status_code == 200
    assert reads() == before + 1
    store.close()


def test_the_whole_page_waits_until_it_is_known_who_looks_and_at_whom(own_home: House) -> None:
    session = browser()
    page = own_home.launch(STORY, session=session)
    whole = session.get(page.url, params={"full": "1"}, timeout=20)
    assert read(whole.text).patient
    assert "Opening the chart" not in whole.text


def test_what_changed_since_is_said_the_second_time_and_not_the_first(own_home: House) -> None:
    _, _, first = opened(own_home)
    assert 'data-fold="changes"' not in first
    session, _, html = opened(own_home)
    told = session.get(f"{own_home.app}{whys(html, 'g')[0]}", timeout=20).text
    assert "What changed last" in told
    assert "Nothing is remembered" not in told
