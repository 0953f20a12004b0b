"""What a morning never lets out: through the front door, with everything that the app writes down beside it."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import requests
from drawing import STATIC, Reader
from pypdf import PdfReader
from sqlalchemy import make_url

from app import open_store
from app.store import audit
from app.web.sheet import FILES
from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Morning
from sandbox_config.screen import watch
from tests.house import House

OURS = {"Sec-Fetch-Site": "same-origin"}
#: Loggers of the app and of what it is made of; the sandbox speaks of its own patients as it likes.
NOT_OURS = ("werkzeug", "sandbox_config", "asyncio")
ADDRESSES = re.compile(r'(?:href|action|hx-get|hx-post|src)="([^"]*)"')


@dataclass
class Team:
    """Somebody at a schedule; `seen` is every address that a request went to, was sent to or was offered."""

    home: House
    user: str = "dr"
    session: requests.Session = field(default_factory=browser)
    seen: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session.hooks["response"].append(self._note)
        self.url = self.home.open_morning(session=self.session, user=self.user).url.partition("?")[0]
        self.handle = self.url.split("/")[4]

    def _note(self, answer: requests.Response, *_: object, **__: object) -> None:
        if not answer.url.startswith(self.home.app):
            return
        self.seen += [answer.url, *(value for name, value in answer.headers.items() if name != "Set-Cookie")]
        if "html" in answer.headers.get("Content-Type", ""):
            self.seen += [unescape(each) for each in ADDRESSES.findall(answer.text)]
            self.titles += re.findall(r"<title>(.*?)</title>", answer.text, re.S)

    def morning(self, place: str = "") -> Morning:
        return morning.watch(self.session, f"{self.url}?{place}" if place else self.url)

    def post(self, to: str, place: str = "provider=staff-dr", **form: str) -> requests.Response:
        return self.session.post(f"{self.url}{to}?{place}", data=form, headers=OURS, timeout=30)

    def get(self, to: str, **query: str) -> requests.Response:
        return self.session.get(f"{self.url}{to}", params={"provider": "staff-dr", **query}, timeout=60)

    def trail(self) -> list[audit.Audit]:
        store = open_store(self.home.settings, self.home.clock)
        try:
            with store.read() as tx:
                assert audit.verify(tx) == []
                return audit.trail(tx, self.handle)
        finally:
            store.close()


def told_of(home: House) -> set[str]:
    """What names a patient of the sandbox: ids, family names, birth dates, record and member numbers."""
    found: set[str] = set()
    for story in home.scenarios.values():
        patients = [each for each in story.chart if each["resourceType"] == "Patient"]
        for one in (*patients, *(side.patient for side in story.payers.values())):
            found |= {str(one["id"]), one.get("birthDate", "")}
            found |= {name.get("family", "") for name in one.get("name", ())}
            found |= {number.get("value", "") for number in one.get("identifier", ())}
        found |= {side.member_id for side in story.payers.values()}
    return {word for word in found if len(word) > 4}


def test_a_whole_morning_leaves_nobody_in_an_address_a_title_a_log_or_the_queue(
    own_home: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("app.web").debug("somebody listens")
    team = Team(own_home)
    seen = team.morning()
    visit = seen.of("Okonkwo")
    assert morning.post(team.session, team.url, visit.form("tick", step="", what="prepped")).status_code == 200
    assert team.post("find", words="Okonkwo-Reyes RB-104117").status_code == 200
    assert team.post("untick", row=dict(visit.form("tick", step="")[1])["row"], what="prepped").status_code == 200
    for to in ("print", "print.pdf", "ahead", "ahead/laboratory", "missed"):
        assert team.get(to).status_code == 200, to
    lists = [each["href"] for each in Reader(team.get("ahead").text).having("data-number") if "href" in each]
    for href in lists[:2]:
        team.session.get(own_home.app + unescape(href), timeout=60)
    with own_home.fault("northwind", "down"):
        assert team.post("retry", key="northwind").status_code == 200
        team.morning()
    child = morning.post(team.session, team.url, visit.form("open"))
    assert "Okonkwo" in watch(team.session, child.url).patient
    for to, form in (("open", {"row": "v0000000000"}), ("tick", {"row": "Okonkwo", "what": "prepped"})):
        refused = team.post(to, **form)
        assert refused.status_code == 409
        assert "Okonkwo" not in refused.text
    words = told_of(own_home)
    assert len(words) > 100
    ours = [each for each in caplog.records if not each.name.startswith(NOT_OURS)]
    log = "\n".join(f"{each.name} {each.getMessage()} {each.exc_text or ''}" for each in ours)
    assert "somebody listens" in log
    assert {word for word in words if word in log} == set()
    told = "\n".join(unquote(each) for each in team.seen)
    assert {word for word in words if word in told} == set()
    assert {word for word in words if word in "\n".join(team.titles)} == set()
    database = Path(str(make_url(own_home.settings.database).database))
    for file in database.parent.glob(f"{database.name.partition('.')[0]}*sqlite3*"):
        kept = file.read_bytes()
        assert {word for word in words if word.encode() in kept} == set(), file.name


@pytest.mark.skipif(not (STATIC / "vendor" / FILES[0]).exists(), reason="the fonts come by make setup")
def test_a_pdf_says_of_itself_nothing_of_anybody(home: House) -> None:
    team = Team(home)
    team.morning()
    found = PdfReader(io.BytesIO(team.get("print.pdf").content))
    told = " ".join(f"{name} {value}" for name, value in (found.metadata or {}).items())
    assert "Morning schedule" in told
    assert {word for word in told_of(home) if word in told} == set()


# --- whose day ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["open", "tick", "untick"])
def test_a_form_for_a_day_that_is_not_open_asks_nobody(own_home: House, to: str) -> None:
    team = Team(own_home, "np")
    team.morning()
    own_home.forget_calls()
    refused = team.post(to, "provider=staff-dr2", key="ehr", row="v0000000000", what="prepped")
    assert refused.status_code == 403
    assert not [call for call in own_home.calls("ehr") if "Appointment" in call]


@pytest.mark.parametrize(
    "provider", ["staff-dr2/", "../staff-dr2", "staff dr", "%00", "Practitioner/staff-np", "x" * 200]
)
def test_a_provider_that_cannot_be_meant_is_never_somebody_else(home: House, provider: str) -> None:
    team = Team(home, "np")
    for to in ("rows", "print", "ahead", "missed"):
        answer = team.get(to, provider=provider, full="1")
        assert answer.status_code in (403, 404), to
        assert "Strand" not in answer.text


def test_odd_addresses_are_refused_or_mean_nothing(home: House) -> None:
    team = Team(home, "np")
    team.morning()
    odd = {
        "seen": "9" * 400, "turn": "x" * 3000, "drawn": "v" * 3000, "room": "-1", "find": "gAAAAA" + "x" * 3000,
        "mode": "\x00", "sort": "'; DROP TABLE ticks", "owner": "\u202e", "calm": "x" * 50,
    }  # fmt: skip
    for name, value in odd.items():
        answer = team.session.get(f"{team.url}rows", params={name: value}, headers={"HX-Request": "true"}, timeout=30)
        assert answer.status_code == (400 if "\0" in value else 200), name
    for day in ("9999-99-99", "2026-13-01", "-1", "0001-01-01", "2026-11-22T00:00:00"):
        assert team.get("print", day=day).status_code == 404


def test_words_that_were_searched_for_in_one_launch_mean_nothing_in_another(home: House) -> None:
    one, other = Team(home, "np"), Team(home, "np")
    one.morning()
    found = one.post("find", "", words="Strand")
    query = urlsplit(found.url).query
    assert "Strand" in found.text
    assert "Strand" not in query
    assert [visit.name.partition(",")[0] for visit in one.morning(query).visits] == ["Strand"]
    assert len(other.morning(query).visits) == 5


def test_a_row_that_is_not_on_the_schedule_any_more_is_neither_opened_nor_ticked(own_home: House) -> None:
    """The page that shows it may be hours old: a lid was closed over it."""
    with own_home.fault("ehr", "walk-in"):
        team = Team(own_home)
        visit = team.morning().of("Penrose")
    own_home.clock.ahead += timedelta(minutes=10)
    for action, fields in (("tick", {"step": ""}), ("open", {})):
        refused = morning.post(team.session, team.url, visit.form(action, **fields))
        assert refused.status_code == 409, action
        assert "This has changed since it was shown" in refused.text
    assert "tick" not in {each.action for each in team.trail()}


# --- what was decided meanwhile -------------------------------------------------------------------------------------


def test_what_is_marked_as_not_this_patient_is_gone_from_schedule_paper_lists_and_the_last_snapshot(
    own_home: House,
) -> None:
    team = Team(own_home, "np")
    visit = team.morning().of("Strand")
    assert visit.steps
    page = morning.post(team.session, team.url, visit.form("open"))
    payer = next(row.payer for row in watch(team.session, page.url).gaps())
    held = team.session.post(urljoin(page.url, "wrong-patient"), data={"payer": payer}, headers=OURS, timeout=30)
    assert held.status_code == 200, held.text
    after = team.morning().of("Strand")
    assert not after.steps
    assert visit.steps[0] not in team.get("print", provider="staff-np").text
    with own_home.fault("ehr", "down:Appointment"):
        down = Team(own_home, "np").morning()
        assert down.snapshot
        assert not down.of("Strand").steps


def test_a_role_that_was_changed_meanwhile_sees_no_snapshot_of_before(own_home: House) -> None:
    dr = Team(own_home, "dr")
    dr.morning()
    with own_home.fault("ehr", "down:Appointment"):
        other = Team(own_home, "ma").morning("provider=staff-dr")
    assert not other.visits
    assert not other.snapshot


# --- who is still there ---------------------------------------------------------------------------------------------


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(own_home: House) -> None:
    team = Team(own_home, "np")
    calm = urljoin(team.url, team.morning().calm)
    ours = {"HX-Request": "true"}
    for _ in range(5):
        own_home.clock.ahead += timedelta(minutes=5)
        for url in (calm, f"{team.url}ahead"):
            last = team.session.get(url, headers=ours, timeout=30)
    assert last.status_code == 410
    assert "Strand" not in last.text


def test_no_page_names_a_patient_or_a_visit_by_the_ehrs_ids(home: House) -> None:
    team = Team(home)
    team.morning()
    ids = {story.patient_id for story in home.scenarios.values()}
    ids |= {
        each["id"] for story in home.scenarios.values() for each in story.chart if each["resourceType"] == "Appointment"
    }
    for to in ("", "print", "missed", "ahead/laboratory"):
        html = team.get(to, full="1").text
        assert not re.search(r"Patient/|Appointment/", html), to
        assert {one for one in ids if re.search(rf"\b{re.escape(one)}\b", html)} == set(), to


def test_every_row_that_was_shown_printed_or_listed_has_its_record(home: House) -> None:
    team = Team(home, "np")
    shown = team.morning()
    recorded = {each.patient.rpartition("|")[2] for each in team.trail() if each.action == "read-schedule-row"}
    assert len(recorded) == len(shown.visits)
    team.get("print", provider="staff-np")
    printed = {each.patient.rpartition("|")[2] for each in team.trail() if each.action == "print-schedule"}
    assert printed == recorded
