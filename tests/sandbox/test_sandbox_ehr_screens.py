"""The sandbox EHR's own pages: the day, the chart with the app beside it, two patients side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from sandbox_config.ehr import chart_view, create_ehr
from sandbox_config.scenario import COMMON, TOPICS, load_all
from tests.sandbox.ehr_client import APP, BASE, Clock, new_ehr, stories

ALL = load_all(date(2026, 11, 23))
SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(2)">'


class Page(HTMLParser):
    """The start tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def browser() -> FlaskClient:
    return new_ehr(Clock()).test_client()


def test_the_front_page_leads_to_the_day_of_the_first_tenant(browser: FlaskClient) -> None:
    answer = browser.get("/")
    assert (answer.status_code, answer.location) == (302, "/main/")
    text = browser.get("/main/").text
    for words in ("Sandbox EHR", "Riverbend Family Medicine", "Monday, 23 Nov 2026", "8:00 AM", "Checked in"):
        assert words in text
    for story in stories().values():
        assert story.title in text
    assert browser.get("/nowhere/").status_code == 404


def test_another_tenant_has_another_name_look_and_time_zone(browser: FlaskClient) -> None:
    text = browser.get("/second/").text
    assert "Harborlight EHR" in text
    assert "7:00 AM" in text
    assert Page(text).all("body")[0]["data-look"] != Page(browser.get("/main/").text).all("body")[0]["data-look"]


def test_opening_a_patient_opens_the_chart_and_launches_the_app_in_its_frame(browser: FlaskClient) -> None:
    text = browser.get("/main/chart/one-open-gap?user=ma").text
    assert "RB-104117" in text
    (frame,) = Page(text).all("iframe")
    launched = browser.get(str(frame["src"]))
    assert launched.status_code == 303
    target = urlsplit(launched.location)
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{APP}/launch"
    asked = parse_qs(target.query)
    assert asked["iss"] == [f"{BASE}/main/fhir"]
    again = parse_qs(urlsplit(browser.get(str(frame["src"])).location).query)
    assert again["launch"] != asked["launch"], "each click is a launch of its own"


def test_a_closed_panel_launches_nothing(browser: FlaskClient) -> None:
    page = Page(browser.get("/main/chart/one-open-gap?app=closed").text)
    assert page.all("iframe") == []
    assert any("data-launch" in link for link in page.all("a"))


def test_only_a_framed_launch_tells_the_app_that_the_banner_is_there(browser: FlaskClient) -> None:
    page = Page(browser.get("/main/chart/one-open-gap").text)
    (window,) = (link for link in page.all("a") if "data-new-window" in link)
    assert "banner=false" in str(page.all("iframe")[0]["src"])
    assert "banner" not in str(window["href"])
    assert (window["target"], window["rel"]) == ("_blank", "noopener")


def test_trouble_is_chosen_on_the_page_and_goes_into_the_launch(browser: FlaskClient) -> None:
    moved = browser.get("/_go?tenant=second&user=ma&scenario=two-payers&fault=html")
    assert moved.location == "/second/chart/two-payers?user=ma&fault=html"
    frame = Page(browser.get(moved.location).text).all("iframe")[0]
    assert {"user=ma", "fault=html"} <= set(urlsplit(str(frame["src"])).query.split("&"))
    assert browser.get("/_go?tenant=nowhere").status_code == 404
    assert browser.get("/_go?tenant=post").location == "/post/"


def test_two_patients_stand_side_by_side_each_in_a_frame_of_its_own(browser: FlaskClient) -> None:
    page = Page(browser.get("/main/compare?left=two-payers&right=one-open-gap").text)
    frames = page.all("iframe")
    assert [frame["name"] for frame in frames] == ["left", "right"]
    for frame, scenario in zip(frames, ("two-payers", "one-open-gap"), strict=True):
        assert parse_qs(urlsplit(str(frame["src"])).query)["scenario"] == [scenario]
    assert browser.get("/main/compare?left=none-such").status_code == 404


@pytest.mark.parametrize("path", ["/main/", "/main/chart/one-open-gap", "/main/compare", "/second/chart/two-payers"])
def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_script(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"frame-src 'self' {APP}" in policy
    page = Page(answer.text)
    assets = [t.get("src") or t.get("href") for name in ("script", "link", "img") for t in page.all(name)]
    assert assets
    assert all(str(asset).startswith("/_static/") for asset in assets)
    for asset in assets:
        with browser.get(str(asset)) as served:
            assert served.status_code == 200
    assert not [attrs for _, attrs in page.tags if any(name.startswith(("on", "style")) for name in attrs)]


def test_every_page_works_for_every_user_of_every_tenant(browser: FlaskClient) -> None:
    for tenant in ("main", "v1", "second"):
        for user in ("dr", "ma", "mgr", "nobody"):
            assert browser.get(f"/{tenant}/?user={user}").status_code == 200
            assert browser.get(f"/{tenant}/chart/two-payers?user={user}&w=99").status_code == 200


def test_every_story_has_a_chart_page() -> None:
    client = create_ehr(ALL, base_url=BASE, app_url=APP, clock=Clock()).test_client()
    for scenario in ALL.values():
        answer = client.get(f"/main/chart/{scenario.id}")
        assert answer.status_code == 200, scenario.id
        assert "<h2>" in answer.text
        assert escape(scenario.story) in answer.text


def hostile(value: Any) -> Any:
    """Every free text of a resource replaced by script-like text."""
    if isinstance(value, dict):
        kept = {"resourceType", "id", "reference", "status", "code", "system", "start", "use", "birthDate"}
        return {name: one if name in kept and isinstance(one, str) else hostile(one) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return SCRIPT if isinstance(value, str) else value


def test_script_like_text_stays_text() -> None:
    story = stories()["one-open-gap"]
    bad = replace(story, title=SCRIPT, story=SCRIPT, chart=tuple(hostile(resource) for resource in story.chart))
    client = create_ehr({bad.id: bad}, base_url=BASE, app_url=APP, clock=Clock()).test_client()
    asked = f"/main/auth/authorize?client_id=chartside&redirect_uri={APP}/callback&response_type=code"
    for path in ("/main/", f"/main/chart/{bad.id}?fault={SCRIPT}", "/main/compare", asked):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in client.get(f"/main/chart/{bad.id}").text


@pytest.mark.parametrize(
    ("patient", "name"),
    [
        ({}, "(no name on file)"),
        ({"name": [{}]}, "(no name on file)"),
        ({"name": [{"family": "", "given": ["", " "]}]}, "(no name on file)"),
        ({"name": [{"family": "Sato"}]}, "Sato"),
        ({"name": [{"given": ["Kit"]}, {"use": "official", "family": "Sato", "given": ["Ken"]}]}, "Ken Sato"),
        ({"name": [{"text": "佐藤 健"}]}, "佐藤 健"),
        ({"name": ["broken", {"given": ["Ann"]}]}, "Ann"),
    ],
)
def test_a_patient_is_called_by_what_is_on_file(patient: dict[str, Any], name: str) -> None:
    assert chart_view.name_of(patient) == name


@pytest.mark.parametrize(
    ("born", "years"),
    [("1963-11-23", "63"), ("1963-11-24", "62"), ("1963", ""), ("", ""), ("2026-11-23", "0")],
)
def test_the_age_is_in_full_years(born: str, years: str) -> None:
    assert chart_view.age(born, date(2026, 11, 23)) == years


@pytest.mark.parametrize(
    ("observation", "shown"),
    [
        ({"valueQuantity": {"value": 7.6, "unit": "%"}}, "7.6 %"),
        ({"valueQuantity": {"value": 0}}, "0"),
        ({"valueString": "Trace"}, "Trace"),
        ({"valueCodeableConcept": {"coding": [{"display": "Negative"}]}}, "Negative"),
        ({"component": [{"valueQuantity": {"value": n, "unit": "mmHg"}} for n in (128, 76)]}, "128/76 mmHg"),
        ({}, ""),
    ],
)
def test_a_result_is_shown_with_its_unit(observation: dict[str, Any], shown: str) -> None:
    assert chart_view.value(observation) == shown


def test_the_list_of_scenarios_is_there_for_scripts(browser: FlaskClient) -> None:
    listed = browser.get("/_scenarios").json
    assert [one["id"] for one in listed] == list(stories())
    assert {"title", "story", "user", "patient", "encounter", "expect", "faults"} <= set(listed[0])
    assert re.fullmatch(r"p-\d+", listed[0]["patient"])


def test_faults_are_switched_with_boxes_in_a_browser() -> None:
    browser = new_ehr(Clock()).test_client()
    html = {"Accept": "text/html"}
    boxes = Page(browser.get("/_faults", headers=html).text).all("input")
    assert {box["value"] for box in boxes} >= {"down", "hostile-next"}
    browser.post("/_faults", data={"on": ["down"]})
    assert browser.get("/_faults").json["on"] == ["down"]
    assert [box["value"] for box in Page(browser.get("/_faults", headers=html).text).all("input") if "checked" in box]
    browser.post("/_faults", data={"none": ""})
    assert browser.get("/_faults").json["on"] == []


def test_the_front_page_groups_the_stories_and_leads_to_the_payers_faults() -> None:
    ehr = create_ehr(ALL, base_url=BASE, app_url=APP, payers={"Harbor Mutual": "http://localhost:8603"})
    text = ehr.test_client().get("/main/").text
    places = [text.index(f"<h3>{title}</h3>") for title in TOPICS.values()]
    assert places == sorted(places)
    assert 'href="http://localhost:8603/_faults"' in text


def test_a_refusal_to_disclose_stands_in_the_chart() -> None:
    browser = create_ehr(ALL, base_url=BASE, app_url=APP).test_client()
    assert "No disclosure to Northwind Health Plan" in browser.get("/main/chart/consent-deny").text
    assert "No disclosure" not in browser.get("/main/chart/one-open-gap").text


def test_every_member_of_staff_can_be_chosen(browser: FlaskClient) -> None:
    text = browser.get("/main/").text
    for person in COMMON.users.values():
        assert f'<option value="{person.key}"' in text
