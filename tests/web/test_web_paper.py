"""The day on paper and the time ahead, through the front door: who may, what is recorded before it is made, and that
no address holds a person.
"""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape

import pytest
import requests
from drawing import STATIC, Reader
from pypdf import PdfReader

from app import open_store
from app.store import audit
from app.web.sheet import FILES
from sandbox_config.demo import browser
from tests.house import House

OURS = {"Sec-Fetch-Site": "same-origin"}
PLACE = {"provider": "staff-dr"}
DEADLINE = 60  # seconds that a test waits for a morning to fill

needs_fonts = pytest.mark.skipif(not (STATIC / "vendor" / FILES[0]).exists(), reason="the fonts come by make setup")


@dataclass
class Desk:
    """Somebody who has opened the app from the EHR without a patient."""

    home: House
    user: str = "dr"
    session: requests.Session = field(default_factory=browser)

    def __post_init__(self) -> None:
        self.base = self.home.open_morning(session=self.session, user=self.user).url.partition("?")[0]
        self.handle = self.base.split("/")[4]

    def get(self, to: str, **query: str) -> requests.Response:
        return self.session.get(f"{self.base}{to}", params={**PLACE, **query}, timeout=30)

    def whole(self, to: str, **query: str) -> requests.Response:
        """The page once nothing more is asked for it."""
        end = time.monotonic() + DEADLINE
        while True:
            page = self.get(to, **query)
            if not re.search(r"hx-get|Not complete|still being", page.text):
                return page
            assert time.monotonic() < end, page.text

    def follow(self, href: str) -> requests.Response:
        return self.session.get(f"{self.home.app}{unescape(href)}", timeout=30)

    def trail(self) -> list[tuple[str, str]]:
        """Action and patient of everything that is recorded of this launch."""
        store = open_store(self.home.settings, self.home.clock)
        try:
            with store.read() as tx:
                return [(each.action, each.patient) for each in audit.trail(tx, self.handle)]
        finally:
            store.close()


@pytest.fixture(scope="module")
def desk(home: House) -> Desk:
    return Desk(home)


def visits(html: str) -> int:
    return len(Reader(html).having("data-visit"))


# --- paper ----------------------------------------------------------------------------------------------------------


def test_a_day_is_printed_once_it_is_recorded_for_each_patient_who_takes_it(home: House) -> None:
    desk = Desk(home)
    page = desk.whole("print")
    assert page.status_code == 200
    assert visits(page.text) > 10
    printed = [patient for action, patient in desk.trail() if action == "print-schedule"]
    assert len(set(printed)) >= visits(page.text) - 1  # the same patient may have two visits
    assert all(patient.rpartition("|")[2] for patient in printed)


@needs_fonts
@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_the_sandboxs_full_day_takes_two_pages_at_most(desk: Desk, paper: str) -> None:
    html = desk.whole("print").text
    answer = desk.get("print.pdf", paper=paper)
    found = PdfReader(io.BytesIO(answer.content))
    assert len(found.pages) <= 2
    text = " ".join(" ".join(each.extract_text().split()) for each in found.pages)
    names = [row.split("<")[0] for row in re.findall(r'class="name"><bdi>([^<]+)', html)]
    assert len(names) == visits(html)
    assert all(unescape(name) in text for name in names)


@needs_fonts
def test_a_pdf_is_kept_by_nobody_and_its_name_holds_nobody(desk: Desk) -> None:
    answer = desk.get("print.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"attachment; filename=schedule-\d{4}-\d\d-\d\d\.pdf", answer.headers["Content-Disposition"])


@pytest.mark.parametrize("to", ["print", "print.pdf", "ahead", "ahead/people", "ahead/laboratory", "missed"])
@pytest.mark.parametrize("user", ["privacy", "it"])
def test_a_role_without_schedules_gets_nothing(home: House, user: str, to: str) -> None:
    session = browser()
    page = home.launch("one-open-gap", session=session, user=user)
    answer = session.get(f"{home.app}/l/{page.url.split('/')[4]}/huddle/{to}", params=PLACE, timeout=30)
    assert answer.status_code == 403
    assert not Reader(answer.text).having("data-visit")


@pytest.mark.parametrize("to", ["print", "print.pdf", "ahead", "missed"])
def test_a_day_that_is_not_open_to_the_user_is_refused(desk: Desk, to: str) -> None:
    assert desk.get(to, provider="somebody-else").status_code == 403


def test_another_browser_gets_nothing(desk: Desk) -> None:
    assert browser().get(f"{desk.base}print", timeout=30).status_code in (401, 403, 404, 410)


def test_the_last_snapshot_is_printed_when_the_ehr_is_down_and_says_so(own_home: House) -> None:
    first = Desk(own_home)
    whole = first.whole("print")
    with own_home.fault("ehr", "down:Appointment"):
        again = Desk(own_home).whole("print")
    assert visits(again.text) == visits(whole.text) > 10
    assert "Not up to date: this is the schedule as it was on" in again.text


def test_an_ehr_that_has_gone_silent_since_is_said_on_paper(own_home: House) -> None:
    desk = Desk(own_home)
    whole = desk.whole("print")
    assert "Not up to date" not in whole.text
    with own_home.fault("ehr", "down"):
        own_home.clock.ahead += timedelta(minutes=3)
        again = desk.whole("print")
    assert visits(again.text) == visits(whole.text)
    assert "Not up to date" in again.text


# --- the time ahead -------------------------------------------------------------------------------------------------


def test_every_number_opens_exactly_its_list_and_each_person_is_recorded(home: House) -> None:
    desk = Desk(home)
    seen = Reader(desk.whole("ahead").text)
    links = [each for each in seen.having("data-number") if "href" in each]
    assert len(links) > 4
    for each in links:
        before = Counter(desk.trail())
        answer = desk.follow(each["href"])
        assert answer.status_code == 200
        assert len(Reader(answer.text).having("data-person")) == int(each["data-number"])
        now = Counter(desk.trail()) - before
        people = {patient for action, patient in now if action == "read-outreach"}
        assert len(people) == int(each["data-number"])
    assert "HbA1c test" in seen.text


def test_what_payers_list_is_asked_once_for_everybody(own_home: House) -> None:
    Desk(own_home).whole("ahead")
    own_home.forget_calls()
    Desk(own_home, user="ma").whole("ahead")
    asked = {call for payer in own_home.payers for call in own_home.calls(payer) if "care-gaps" in call}
    assert not asked


def test_addresses_hold_no_person(desk: Desk) -> None:
    html = desk.whole("ahead").text
    asked = {name for href in Reader(html).values("href") for name in re.findall(r"[?&](?:amp;)?(\w+)=", href)}
    assert asked <= {"day", "provider", "act", "booked", "full"}


def test_a_manager_sees_the_time_ahead_of_the_providers_that_are_open(home: House) -> None:
    page = Desk(home, user="mgr").whole("ahead")
    assert "practice manager" in page.text
    assert Reader(page.text).having("data-number")


def test_a_list_that_nobody_was_offered_is_not_there(desk: Desk) -> None:
    desk.whole("ahead")
    for act in ("g0000000000", "", "glycaemic-status"):
        answer = desk.get("ahead/people", act=act, booked="1")
        assert answer.status_code == 404
        assert not Reader(answer.text).having("data-person")


def test_a_laboratory_list_names_who_needs_what(desk: Desk) -> None:
    page = desk.whole("ahead/laboratory")
    assert re.search(r"HbA1c test: \d+ patient", page.text)
    assert len(Reader(page.text).having("data-person")) > 1


# --- who did not come -----------------------------------------------------------------------------------------------


def test_who_did_not_come_can_be_marked_as_called_and_the_mark_taken_back(home: House) -> None:
    desk = Desk(home)
    page = desk.whole("missed")
    (call, *_) = Reader(page.text).values("data-call")

    def mark(page: requests.Response) -> requests.Response:
        form = re.search(rf'data-call="{call}".*?<form method="post" action="([^"]+)"', page.text, re.S)
        assert form is not None
        said = {"row": call, "step": "", "what": "called", "back": "missed"}
        return desk.session.post(f"{home.app}{unescape(form[1])}", data=said, headers=OURS, timeout=30)

    assert mark(page).status_code == 200
    called = desk.whole("missed")
    assert "Take back" in called.text
    assert mark(called).status_code == 200
    assert "Take back" not in desk.whole("missed").text
