"""From a row of the morning schedule to its patient's panel, and what the team ticks: through the front door."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app import open_store
from app.core.schedule.appointment import DayAsk
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick
from app.gather import Reader
from app.store import audit
from app.web.looking import opening_of
from sandbox_config.demo import browser
from sandbox_config.screen import watch
from tests.house import House

STORY = "one-open-gap"
DOCTOR = "Practitioner/staff-dr"
OURS = {"Sec-Fetch-Site": "same-origin"}
APART = "Opened from the schedule, not from the chart in Sandbox EHR"


@dataclass
class Desk:
    """Somebody who has opened the app from the EHR, and the rows of a day as the app has them."""

    home: House
    options: dict[str, Any] = field(default_factory=dict)
    tenant: str = "main"
    session: requests.Session = field(default_factory=browser)

    def __post_init__(self) -> None:
        chosen = {"patient": "none", "encounter": "none", **self.options}
        self.landed = self.home.launch(STORY, self.tenant, session=self.session, **chosen)
        self.handle = urlsplit(self.landed.url).path.split("/")[2]
        self.here = self.home.flask.extensions["chartside"]

    def ticks(self) -> tuple[Tick, ...]:
        with self.home.flask.app_context():
            opening = opening_of(self.home.flask.extensions["launch"].read(self.handle), self.here)
            return tuple(self.here.huddle.look(opening, DayAsk.of(DOCTOR, opening.day), Reader("test")).ticks)

    def rows(self, provider: str = DOCTOR) -> tuple[Row, ...]:
        with self.home.flask.app_context():
            of = self.home.flask.extensions["launch"].read(self.handle)
            opening, end, day = opening_of(of, self.here), time.monotonic() + 60, None
            while day is None or not day.complete:
                assert time.monotonic() < end
                seen = day.version if day else None
                day = self.here.huddle.look(
                    opening, DayAsk.of(provider, opening.day), Reader("test"), seen=seen, timeout=1.0
                )
        return tuple(day.rows)

    def row(self, patient: str, provider: str = DOCTOR) -> Row:
        return next(row for row in self.rows(provider) if row.patient_ref == f"Patient/{patient}")

    def id(self, row: Row) -> str:
        return str(self.here.ids(self.handle).visit(row.appointment.ref, row.patient_ref))

    def step(self, row: Row, key: str) -> str:
        return str(self.here.ids(self.handle).step(row.appointment.ref, row.patient_ref, key))

    def post(self, to: str, headers: dict[str, str] = OURS, query: str = "", **form: str) -> requests.Response:
        url = f"{self.home.app}/l/{self.handle}/huddle/{to}?provider=staff-dr{query}"
        return self.session.post(url, data=form, headers=headers, timeout=30, allow_redirects=False)

    def open(self, row: Row, **more: Any) -> str:
        answer = self.post("open", row=self.id(row), **more)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])


@pytest.fixture(scope="module")
def desk(home: House) -> Desk:
    return Desk(home)


@pytest.fixture(scope="module")
def nurse(home: House) -> Desk:
    return Desk(home, {"user": "ma"})


def home_of(desk: Desk) -> str:
    """Who may frame a page of this launch."""
    return f"frame-ancestors {desk.home.ehr}"


def trail(home: House, handle: str) -> list[tuple[str, str]]:
    store = open_store(home.settings, home.clock)
    try:
        with store.read() as tx:
            return [(each.action, each.patient.rpartition("|")[2]) for each in audit.trail(tx, handle)]
    finally:
        store.close()


def test_without_a_patient_the_app_opens_on_the_schedule(desk: Desk) -> None:
    assert desk.landed.url == f"{desk.home.app}/l/{desk.handle}/huddle/"
    plain = desk.session.get(f"{desk.home.app}/l/{desk.handle}/", timeout=30)
    assert plain.url == desk.landed.url


@pytest.mark.parametrize(
    ("intent", "lands"),
    [
        ("huddle", True), ("Morning Huddle", True), ("schedule", True), ("worklist", True),
        ("schedule-appointment", False), ("reconcile-medications", False), ("", False),
    ],
)  # fmt: skip
def test_in_a_chart_only_an_intent_that_means_the_schedule_lands_there(home: House, intent: str, lands: bool) -> None:
    options = {"intent": intent} if intent else {}
    page = home.launch(STORY, **options)
    assert page.url.endswith("/huddle/") is lands


def test_a_row_opens_its_patient_as_a_launch_of_its_own_and_says_that_it_is_not_the_open_chart(desk: Desk) -> None:
    row = desk.row("p-1002")
    url = desk.open(row, query="&owner=clinician")
    child = urlsplit(url).path.split("/")[2]
    assert child != desk.handle
    assert "p-1002" not in url
    assert row.patient is not None
    shell = desk.session.get(url, timeout=30)
    assert APART in shell.text
    back = re.search(r'href="([^"]+)">Back to the schedule', shell.text)
    assert back is not None
    parts = urlsplit(back[1].replace("&amp;", "&"))
    assert parts.path == f"/l/{desk.handle}/huddle/"
    assert parse_qs(parts.query) == {"provider": ["staff-dr"], "owner": ["clinician"]}
    assert shell.headers["Cache-Control"] == "no-store"
    assert home_of(desk) in shell.headers["Content-Security-Policy"]
    screen = watch(desk.session, url)
    assert row.patient.names[0].family in screen.patient  # the banner stands, whatever the EHR shows around us
    assert screen.gaps()
    read = trail(desk.home, child)
    assert {patient for _, patient in read} == {"p-1002"}
    assert "read-chart" in {action for action, _ in read}


def test_an_in_chart_launch_does_not_say_so_and_links_to_the_schedule(home: House) -> None:
    session = browser()
    page = home.launch(STORY, session=session)
    assert APART not in page.text
    assert "Back to the schedule" not in page.text
    watch(session, page.url)
    whole = session.get(page.url, params={"full": "1"}, timeout=30)
    assert re.search(r'href="/l/[^"]+/huddle/" data-schedule>Schedule', whole.text)


def test_the_patient_whose_chart_is_open_is_that_chart(home: House) -> None:
    desk = Desk(home, {"patient": "p-1001"})
    assert desk.landed.url.endswith(f"/l/{desk.handle}/")
    assert desk.open(desk.row("p-1001")) == f"/l/{desk.handle}/"


def test_where_the_ehr_lets_us_read_only_its_own_chart_a_row_opens_nothing_and_says_how(home: House) -> None:
    desk = Desk(home, {"user": "np"}, tenant="onechart")
    row = desk.rows("Practitioner/staff-np")[0]
    url = f"{home.app}/l/{desk.handle}/huddle/open"
    refused = desk.session.post(url, data={"row": desk.id(row)}, headers=OURS, timeout=30)
    assert refused.status_code == 403
    assert "Open the patient's chart in the EHR" in unescape(refused.text)
    whole = desk.session.get(desk.landed.url, params={"full": "1"}, timeout=30)
    assert f'action="/l/{desk.handle}/huddle/open' not in whole.text  # and no row offers it


@pytest.mark.parametrize("named", ["", "v0000000000", "p-1002", "Patient/p-1002", "Appointment/1"])
def test_what_is_not_on_the_schedule_is_not_opened(desk: Desk, named: str) -> None:
    desk.rows()
    refused = desk.post("open", row=named)
    assert refused.status_code == 409
    assert "Nothing was changed or opened" in refused.text


def test_a_row_of_another_launch_or_another_providers_day_is_not_on_this_one(
    home: House, desk: Desk, nurse: Desk
) -> None:
    other = nurse
    assert desk.post("open", row=other.id(other.row("p-1002"))).status_code == 409
    elsewhere = desk.row("p-1002")
    url = f"{home.app}/l/{desk.handle}/huddle/open"
    for provider, status in (("staff-np", 409), ("staff-nobody", 403)):
        refused = desk.session.post(
            url, params={"provider": provider}, data={"row": desk.id(elsewhere)}, headers=OURS, timeout=30
        )
        assert refused.status_code == status


def test_a_write_from_elsewhere_opens_and_ticks_nothing(desk: Desk) -> None:
    row = desk.row("p-1002")
    for to in ("open", "tick", "untick"):
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert desk.post(to, headers, row=desk.id(row), what="prepped").status_code == 403


def test_a_stranger_opens_nothing(home: House, desk: Desk) -> None:
    row, stranger = desk.row("p-1002"), browser()
    for what in ("open", "tick", "untick"):
        url = f"{home.app}/l/{desk.handle}/huddle/{what}"
        assert stranger.post(url, data={"row": desk.id(row)}, headers=OURS, timeout=30).status_code in (403, 404)


def test_signing_out_in_an_opened_chart_signs_out(home: House) -> None:
    desk = Desk(home)
    url, other = desk.open(desk.row("p-1001")), desk.open(desk.row("p-1002"))
    closed = desk.session.post(f"{url}end", headers=OURS, timeout=30)
    assert "signed out" in closed.text
    for page in (url, other, f"{home.app}/l/{desk.handle}/"):
        assert desk.session.get(page, timeout=30).status_code == 410


# --- ticks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unticked(nurse: Desk) -> Iterator[Desk]:
    """A medical assistant at the doctor's schedule; what they tick is taken back."""
    yield nurse
    rows = {row.patient_ref: row for row in nurse.rows()}
    for tick in nurse.ticks():
        row = rows[tick.patient]
        nurse.post("untick", row=nurse.id(row), step=nurse.step(row, tick.step), what=str(tick.what))
    assert nurse.ticks() == ()


def ticks_of(desk: Desk, row: Row) -> list[tuple[str, str, str]]:
    return [(tick.step, str(tick.what), tick.order) for tick in desk.ticks() if tick.patient == row.patient_ref]


def test_a_tick_is_seen_at_once_by_the_doctor_in_schedule_and_panel(home: House, desk: Desk, unticked: Desk) -> None:
    nurse, doctor = unticked, desk
    row = nurse.row("p-1001")
    step = row.steps[0]
    tap = {"row": nurse.id(row), "step": nurse.step(row, step.key), "what": "ordered", "order": " A-17 "}
    for _ in range(2):
        answer = nurse.post("tick", **tap)
        assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (303, f"/l/{nurse.handle}/huddle/")
    assert ticks_of(doctor, row) == [(step.key, "ordered", "A-17")]
    session = browser()
    page = home.launch(STORY, session=session)  # the same patient, from the chart
    watch(session, page.url)
    text = session.get(page.url, params={"full": "1"}, timeout=30).text
    assert re.search(rf"data-prepared>Prepared by [^<]+: {step.service} ordered, order A-17 \(\d\d:\d\d\)\.<", text)
    assert [action for action, _ in trail(home, nurse.handle)].count("tick") == 1
    nurse.post("untick", **tap)
    assert ticks_of(doctor, row) == []
    assert "data-prepared" not in session.get(page.url, params={"full": "1"}, timeout=30).text
    assert ("untick", "p-1001") in trail(home, nurse.handle)


def test_htmx_gets_the_rows_again_where_they_stood(unticked: Desk) -> None:
    row = unticked.row("p-1002")
    headers = {**OURS, "HX-Request": "true"}
    answer = unticked.post("tick", headers, "&mode=video", row=unticked.id(row), what="prepped")
    to = urlsplit(answer.headers["Location"])
    assert (answer.status_code, to.path) == (303, f"/l/{unticked.handle}/huddle/rows")
    assert parse_qs(to.query) == {"provider": ["staff-dr"], "mode": ["video"]}


def test_who_calls_no_shows_stays_on_their_list(unticked: Desk) -> None:
    row = unticked.row("p-1002")
    answer = unticked.post("tick", row=unticked.id(row), what="called", back="missed")
    assert urlsplit(answer.headers["Location"]).path == f"/l/{unticked.handle}/huddle/missed"


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "0202-11-23", "9999-12-31"])
def test_another_day_than_the_one_that_was_asked_for_is_never_shown(desk: Desk, day: str) -> None:
    for place in ("", "rows"):
        url = f"{desk.home.app}/l/{desk.handle}/huddle/{place}"
        refused = desk.session.get(url, params={"day": day, "full": "1"}, timeout=30)
        assert refused.status_code == 404
        assert "no schedule for that day" in refused.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"what": "prepped", "step": "w0000000000"}, 409),
        ({"what": "ordered"}, 409),  # an order is of a step
        ({"what": "eaten"}, 404),
        ({}, 404),
        ({"what": "ordered", "order": "ask the doctor"}, 422),
        ({"what": "prepped", "row": "v0000000000"}, 409),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(unticked: Desk, form: dict[str, str], status: int) -> None:
    row = unticked.row("p-1002")
    assert unticked.post("tick", **{"row": unticked.id(row), **form}).status_code == status
    assert ticks_of(unticked, row) == []


def test_of_the_dead_only_what_the_front_desk_checks_is_ticked(unticked: Desk) -> None:
    row = next(row for row in unticked.rows() if row.withheld == "deceased")
    whole = {"row": unticked.id(row), "what": "prepped"}
    assert unticked.post("tick", **whole).status_code == 409
    told = {"row": unticked.id(row), "step": unticked.step(row, "visit-check"), "what": "told-front-desk"}
    assert unticked.post("tick", **told).status_code == 303
    assert ticks_of(unticked, row) == [("visit-check", "told-front-desk", "")]


@pytest.mark.parametrize(("user", "opens"), [("mgr", 303), ("privacy", 403), ("it", 403)])
def test_who_may_open_and_who_may_not_tick(home: House, desk: Desk, user: str, opens: int) -> None:
    other = Desk(home, {"user": user})
    row = desk.row("p-1002")
    assert other.post("tick", row=other.id(row), what="prepped").status_code == 403
    if opens == 303:
        other.rows()
    assert other.post("open", row=other.id(row)).status_code == opens
