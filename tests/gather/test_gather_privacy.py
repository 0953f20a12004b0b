"""Whom a payer hears of, and what becomes of an answer about somebody else: through the front door, over real HTTP."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url

from app import open_store
from app.store import audit
from app.store.audit.chain import Audit
from sandbox_config.demo import browser
from sandbox_config.screen import Screen, read, watch
from tests.gather.counting import PAYER, Counted, counted
from tests.house import House


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with counted(tmp_path_factory.mktemp("counted")) as running:
        yield running


@pytest.fixture(autouse=True)
def _from_zero(here: Counted) -> None:
    """Nothing asked yet, nothing kept of an earlier test's payers."""
    with sqlite3.connect(database(here.home), timeout=10) as db:
        for table in ("answers", "held_reports", "restrictions", "memories"):
            db.execute(f"DELETE FROM {table}")
    here.paths.clear()


def database(home: House) -> Path:
    return Path(make_url(home.settings.database).database or "")


class Desk:
    """One user's browser with one launch open."""

    def __init__(self, home: House, scenario: str, **options: str) -> None:
        self.home, self.session = home, browser()
        self.url = home.launch(scenario, "main", self.session, **options).url
        self.handle = re.search(r"/l/([^/]+)/", self.url)[1]  # type: ignore[index] # every launch has one

    def panel(self) -> Screen:
        return watch(self.session, self.url)

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.home.app}/l/{self.handle}/{path}", timeout=30)

    def post(self, path: str, **form: str) -> requests.Response:
        at = f"{self.home.app}/l/{self.handle}/{path}"
        return self.session.post(at, data=form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)

    def trail(self) -> list[Audit]:
        store = open_store(self.home.settings)
        with store.read() as tx:
            return audit.trail(tx, self.handle)


def reasons(screen: Screen, payer: str = PAYER) -> set[str]:
    return {source.reason for source in screen.sources if source.key.startswith(f"{payer}/")}


# --- restrictions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("consent-deny", "restricted"),
        ("flag-restriction", "restricted"),
        ("consent-unreadable", "restriction-unknown"),
    ],
)
def test_a_restricted_patient_is_never_named_to_the_payer(here: Counted, scenario: str, reason: str) -> None:
    desk = Desk(here.home, scenario)
    screen = desk.panel()
    assert reasons(screen) == {reason}
    assert here.asked() == 0
    assert not screen.clear
    assert [entry.counts.get(f"{PAYER}/not-asked/{reason}") for entry in desk.trail()][-1:] == [1]
    desk.post("retry", key=f"{PAYER}/care-gaps")
    desk.panel()
    assert here.asked() == 0


def test_a_consent_against_one_payer_keeps_no_other_from_being_asked(here: Counted) -> None:
    assert "" in reasons(Desk(here.home, "consent-deny").panel(), "lakeside")


def test_a_payer_is_asked_where_nothing_restricts_it(here: Counted) -> None:
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {""}
    assert here.asked() > 0


def test_a_restriction_of_the_practice_holds_until_it_is_lifted(here: Counted) -> None:
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {""}
    privacy = Desk(here.home, "one-open-gap", user="privacy")
    assert "None was entered here" in privacy.get("privacy").text
    refused = privacy.post("privacy/restrictions", payer=PAYER, why="  ")
    assert refused.status_code == 422
    assert "Write a reason first" in refused.text
    page = privacy.post("privacy/restrictions", payer=PAYER, why="Asked on 2 March in writing")
    assert "Asked on 2 March in writing" in page.text
    assert "Noor Aldridge, privacy officer" in page.text
    privacy.post("privacy/restrictions", payer=PAYER, why="twice")
    entered = re.findall(r'data-restriction="([^"]+)"', privacy.get("privacy").text)
    assert len(entered) == 1

    here.paths.clear()
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {"restricted"}
    assert here.asked() == 0

    privacy.post(f"privacy/restrictions/{entered[0]}", why="Withdrawn")
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {""}
    actions = [entry.action for entry in privacy.trail() if entry.action.endswith(("restrict", "restriction"))]
    assert actions == ["restrict", "lift-restriction"]


def test_a_restriction_to_every_payer_means_all_of_them(here: Counted) -> None:
    Desk(here.home, "two-payers", user="privacy").post("privacy/restrictions", payer="*", why="All of them")
    screen = Desk(here.home, "two-payers").panel()
    assert reasons(screen) | reasons(screen, "lakeside") == {"restricted"}
    assert here.asked() == 0


@pytest.mark.parametrize("form", [{}, {"payer": ""}, {"payer": "nobody"}])
def test_a_restriction_that_names_no_payer_is_none(here: Counted, form: dict[str, str]) -> None:
    privacy = Desk(here.home, "two-payers", user="privacy")
    assert privacy.post("privacy/restrictions", why="All of them", **form).status_code == 404
    assert "None was entered here" in privacy.get("privacy").text


# --- who may cause a question ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["privacy", "it"])
def test_a_role_without_the_panel_asks_no_payer_and_reads_little_of_the_chart(here: Counted, user: str) -> None:
    desk = Desk(here.home, "one-open-gap", user=user)
    desk.panel()
    assert here.asked() == 0
    with sqlite3.connect(database(here.home)) as db:
        asked = db.execute("SELECT count(*) FROM answers WHERE source = 'main'").fetchone()[0]
    assert asked <= 7  # patient, coverage, restrictions, visit and user, and nothing else of the chart


def test_the_audit_says_what_of_a_chart_each_role_was_shown(here: Counted) -> None:
    shown: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for user, place in (("dr", ""), ("privacy", "privacy"), ("it", "operator")):
        desk = Desk(here.home, "one-open-gap", user=user)
        desk.panel()
        page = desk.get(place).text
        assert ("data-patient" in page) is (user == "privacy")  # the head of the chart, on its own page
        shown[user] = {(entry.action, tuple(sorted(entry.counts))) for entry in desk.trail()}
        patients = {entry.patient for entry in desk.trail()}
        assert len(patients) == 1  # whoever opened it, it is known about whom
    assert "read-chart" in {action for action, _ in shown["dr"]}
    assert shown["privacy"] - {("open-without-chart", ())} == {
        ("read-patient-header", ("ehr/patient",)), ("read-held", ("held",)),
    }  # fmt: skip
    assert shown["it"] == {("open-without-chart", ())}


def test_a_user_without_a_role_asks_no_payer(here: Counted) -> None:
    session = browser()
    page = here.home.launch("one-open-gap", "nofhiruser", session)
    assert "does not know your role" in watch(session, page.url).text
    assert here.asked() == 0


def test_a_role_that_sees_no_prompts_does_not_ask_for_them(here: Counted) -> None:
    assert Desk(here.home, "one-open-gap", user="mgr").panel().gaps()
    assert here.asked("care-gaps") > 0
    assert here.asked("MeasureReport") == 0


# --- the identity gate ----------------------------------------------------------------------------------------------


def test_nothing_of_a_report_about_somebody_else_is_kept_shown_or_logged(
    here: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = Desk(here.home, "wrong-patient")
    screen = desk.panel()
    assert reasons(screen) == {"wrong-patient"}
    assert here.asked() > 0

    store = open_store(here.home.settings)
    with sqlite3.connect(database(here.home)) as db:
        rows = db.execute("SELECT source, reason, good FROM answers WHERE source = ?", (PAYER,)).fetchall()
    blocked = [row for row in rows if row[1] == "wrong-patient"]
    assert blocked
    assert all(good is None for _, _, good in blocked)
    with store.read() as tx:
        entries = [entry for entry in audit.trail(tx, desk.handle) if entry.action == "identity-blocked"]
        assert audit.verify(tx) == []
    assert entries
    assert {part for entry in entries for part in entry.outcome.split(", ")} <= {
        "birth-date", "given-name", "member-id", "subject",
    }  # fmt: skip
    assert all(set(entry.counts) <= {f"{PAYER}/{q}" for q in ("member", "care-gaps", "risk")} for entry in entries)
    for word in ("Farside", "stay-steady"):  # what that report speaks of
        assert word not in screen.html
        assert word not in caplog.text


# --- wrong patient --------------------------------------------------------------------------------------------------


def test_wrong_patient_hides_the_report_for_everyone_until_the_privacy_role_releases_it(here: Counted) -> None:
    doctor, colleague = Desk(here.home, "one-open-gap"), Desk(here.home, "one-open-gap", user="ma")
    assert doctor.panel().gaps()
    assert colleague.panel().gaps()
    for _ in range(2):  # a double click
        assert doctor.post("wrong-patient", payer=PAYER).status_code == 200
    assert reasons(doctor.panel()) == reasons(colleague.panel()) == {"held"}
    assert not colleague.panel().gaps()
    here.paths.clear()
    assert reasons(Desk(here.home, "one-open-gap", user="mgr").panel()) == {"held"}
    assert here.asked() == 0
    with sqlite3.connect(database(here.home)) as db:
        assert db.execute("SELECT count(*) FROM answers WHERE source = ?", (PAYER,)).fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM held_reports").fetchone() == (1,)

    privacy = Desk(here.home, "two-payers", user="privacy")
    page = privacy.get("privacy").text
    patient = here.home.scenarios["one-open-gap"].chart[0]
    assert patient["name"][0]["family"] in page
    assert "1 report waits" in page
    held = re.findall(r'data-held="([^"]+)"', page)
    assert len(held) == 1
    assert "Write a reason first" in decided(privacy, held[0], "keep", "").text
    assert "Kept hidden: 1" in decided(privacy, held[0], "keep", "Not ours").text
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {"held"}
    decided(privacy, held[0], "release", "The payer has mended it")
    assert held[0] not in privacy.get("privacy").text
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {""}
    assert here.asked() > 0

    trail = (*doctor.trail(), *privacy.trail())
    assert [(e.action, e.outcome) for e in trail if not e.action.startswith(("read-", "open-"))] == [
        ("hold-report", "ok"), ("decide-held", "keep"), ("decide-held", "release"),
    ]  # fmt: skip


def decided(privacy: Desk, held: str, decision: str, why: str, page: str = "") -> requests.Response:
    """What a click on `page` (empty: the newest) does."""
    page = page or privacy.get("privacy").text
    shown = re.findall(rf'data-held="{held}".*?name="shown" value="([^"]+)"', page, re.DOTALL)
    return privacy.post(f"privacy/{held}", decision=decision, why=why, shown=shown[0])


def test_a_page_older_than_a_colleagues_decision_decides_nothing_and_says_what_changed(here: Counted) -> None:
    doctor = Desk(here.home, "one-open-gap")
    doctor.panel()
    doctor.post("wrong-patient", payer=PAYER)
    privacy, colleague = (Desk(here.home, "one-open-gap", user="privacy") for _ in range(2))
    old = privacy.get("privacy").text
    [held] = re.findall(r'data-held="([^"]+)"', old)
    decided(colleague, held, "keep", "It is somebody of the same name")

    refused = decided(privacy, held, "release", "Looks right to me", old)
    assert refused.status_code == 409
    notice = re.findall(r"<p[^>]*data-refused>(.*?)</p>", refused.text, re.DOTALL)[0]
    assert "Nothing was changed" in notice
    assert "kept hidden by Noor Aldridge" in notice
    assert "It is somebody of the same name" in notice
    assert privacy.post(f"privacy/{held}", decision="release", why="No version at all").status_code == 409
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {"held"}

    kept = refused.text  # shows it as it is now: from here it may be decided
    assert decided(privacy, held, "release", "They called", kept).status_code == 200
    gone = decided(colleague, held, "keep", "No", kept)
    assert gone.status_code == 409
    assert "was shown again by Noor Aldridge" in gone.text
    assert reasons(Desk(here.home, "one-open-gap").panel()) == {""}
    assert privacy.post("privacy/0123", decision="release", why="x", shown="waiting").status_code == 404
    done = [entry.outcome for desk in (colleague, privacy) for entry in desk.trail() if entry.action == "decide-held"]
    assert done == ["keep", "release"]


def test_only_who_sees_the_panel_may_hold_and_only_the_privacy_role_decides(here: Counted) -> None:
    doctor, privacy, operator = (Desk(here.home, "one-open-gap", user=user) for user in ("dr", "privacy", "it"))
    doctor.panel()
    assert doctor.get("privacy").status_code == 403
    assert doctor.post("privacy/restrictions", payer=PAYER, why="x").status_code == 403
    for other in (privacy, operator):
        other.panel()
        assert other.post("wrong-patient", payer=PAYER).status_code in (403, 404)
    assert doctor.post("wrong-patient", payer="nobody").status_code == 404
    assert doctor.post("privacy/0123", decision="release", why="x").status_code == 403
    with sqlite3.connect(database(here.home)) as db:
        assert db.execute("SELECT count(*) FROM held_reports").fetchone() == (0,)


def test_another_sites_page_can_hold_nothing(here: Counted) -> None:
    doctor = Desk(here.home, "one-open-gap")
    doctor.panel()
    at = f"{here.home.app}/l/{doctor.handle}/wrong-patient"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {}):
        assert doctor.session.post(at, data={"payer": PAYER}, headers=headers, timeout=30).status_code == 403
    assert reasons(doctor.panel()) == {""}


def test_the_fragment_comes_back_to_htmx(here: Counted) -> None:
    doctor = Desk(here.home, "one-open-gap")
    doctor.panel()
    at = f"{here.home.app}/l/{doctor.handle}/wrong-patient"
    headers = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    answer = doctor.session.post(at, data={"payer": PAYER}, headers=headers, timeout=30)
    assert '<section id="flags"' in answer.text
    assert reasons(read(answer.text)) == {"held"}
