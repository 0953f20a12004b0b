"""What EHR and payers do wrong while the chart is read: each fault is named on the panel, and the rest works."""

from __future__ import annotations

import threading

import pytest
import requests

from app import open_store
from app.store import audit
from sandbox_config.demo import browser
from sandbox_config.screen import Screen, read, watch
from tests.house import House

STORY = "one-open-gap"  # its gap needs Observation and Condition


def reasons(screen: Screen) -> dict[str, str]:
    return {source.key: source.reason for source in screen.sources if source.reason}


# --- the chart ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    ["html", "truncated-json", "outcome-200", "big", "down", "type-403", "trickle", "hostile-next", "duplicate-pages"],
)
def test_a_chart_type_that_cannot_be_read_is_named_and_never_becomes_do_today(home: House, fault: str) -> None:
    screen = home.panel(STORY, "smallpages", fault=f"{fault}:Observation")
    assert screen.patient
    assert [row.state for row in screen.gaps()] == ["cannot-tell"], screen.text
    assert "result" in screen.text
    assert not screen.clear


@pytest.mark.parametrize("fault", ["vendor-field", "outcome-entry", "rate-limited", "broken-entry"])
def test_what_can_be_read_in_spite_of_a_fault_is_read(home: House, fault: str) -> None:
    screen = home.panel(STORY, fault=f"{fault}:Observation")
    assert screen.gaps()[0].state in ("do-today", "cannot-tell")
    assert "HbA1c" in screen.gaps()[0].fields["last"], screen.text


def test_the_token_never_follows_a_hostile_next_link(home: House) -> None:
    home.panel(STORY, "smallpages", fault="hostile-next")
    strayed = requests.get(f"{home.ehr}/_strayed", timeout=10).json()
    assert not strayed


def test_a_token_that_ends_mid_visit_is_renewed_unseen(home: House) -> None:
    screen = home.panel(STORY, fault="expired-token")
    assert [row.state for row in screen.gaps()] == ["do-today"]
    assert not reasons(screen)


def test_a_sign_in_that_ends_and_cannot_be_renewed_says_so(own_home: House) -> None:
    session = browser()
    page = own_home.launch(STORY, "main", session, fault=["expired-token", "refresh-refused"])
    screen = watch(session, page.url)
    assert "chart" in screen.text
    assert not screen.clear


def test_an_ehr_that_gives_nothing_gives_a_panel_that_says_so(own_home: House) -> None:
    screen = own_home.panel(STORY, fault="down")
    assert not screen.rows
    assert not screen.clear


# --- the payers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("down", "down"),
        ("html", "not-readable"),
        ("truncated-json", "not-readable"),
        ("outcome-200", "not-readable"),
        ("big", "not-readable"),
        ("hang", "slow"),
        ("trickle", "slow"),
        ("token-refused", "not-allowed"),
        ("member-unknown", "not-identified"),
    ],
)
def test_a_payer_that_fails_is_named_with_its_reason_and_never_reads_as_no_gaps(
    own_home: House, fault: str, reason: str
) -> None:
    with own_home.fault("northwind", fault):
        screen = own_home.panel(STORY)
    assert reasons(screen)["northwind/care-gaps"] == reason, screen.text
    assert not screen.gaps()
    assert not screen.clear
    assert "Retry" in screen.text or "ask" in screen.text.casefold()


def test_another_members_data_reaches_no_page_and_no_stored_answer(own_home: House) -> None:
    with own_home.fault("northwind", "wrong-patient"):
        screen = own_home.panel(STORY)
    assert reasons(screen)["northwind/care-gaps"] == "wrong-patient", screen.text
    assert "Quillfeather" not in screen.html


def test_a_retry_asks_again_and_shows_what_came(own_home: House) -> None:
    session = browser()
    page = own_home.launch(STORY, session=session)
    with own_home.fault("northwind", "html"):
        assert not watch(session, page.url).gaps()
    again = session.post(
        f"{page.url}retry",
        data={"key": "northwind/care-gaps"},
        headers={"Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
        timeout=20,
    )
    assert read(again.text).next
    assert [row.state for row in watch(session, page.url).gaps()] == ["do-today"]


def test_a_payer_is_asked_once_for_two_users_of_one_patient(own_home: House) -> None:
    calls = f"{own_home.payers['northwind']}/_calls"
    requests.delete(calls, timeout=10)
    for user in ("dr", "ma"):
        assert own_home.panel(STORY, user=user).gaps()
    asked = [call["path"] for call in requests.get(calls, timeout=10).json()["calls"]]
    assert asked.count("/fhir/Measure/$care-gaps") == 1, asked


def test_with_every_payer_hanging_launch_shell_and_health_answer_while_they_hang(own_home: House) -> None:
    with own_home.fault("northwind", "hang"), own_home.fault("lakeside", "hang"):
        waiting = [threading.Thread(target=own_home.panel, args=("two-payers",)) for _ in range(6)]
        for thread in waiting:
            thread.start()
        page = own_home.launch(STORY)
        assert page.ok
        assert requests.get(f"{own_home.app}/healthz", timeout=10).json() == {"ok": True}
        assert any(thread.is_alive() for thread in waiting), "the payers hung for longer than we took"
        for thread in waiting:
            thread.join()


# --- the audit ----------------------------------------------------------------------------------------------------


def test_what_was_shown_is_in_the_audit_before_it_was_shown(own_home: House) -> None:
    session = browser()
    page = own_home.launch(STORY, session=session)
    screen = watch(session, page.url)
    handle = page.url.rstrip("/").rpartition("/")[2]
    store = open_store(own_home.settings, own_home.clock)
    with store.read() as tx:
        entries = audit.trail(tx, handle)
        problems = audit.verify(tx)
    assert not problems
    assert screen.gaps()
    assert entries[-1].who == "Practitioner/staff-dr"
    assert entries[-1].role == "clinician"
    assert entries[-1].counts["ehr/chart/Observation"] > 0
    assert "northwind/care-gaps" in entries[-1].counts


def test_a_manager_sees_gaps_and_no_prompts(home: House) -> None:
    screen = home.panel("historic-and-suspected", user="mgr")
    assert screen.patient
    assert not screen.prompts()


def test_every_page_says_whose_launch_it_is(home: House) -> None:
    session = browser()
    page = home.launch(STORY, session=session, user="ma")
    watch(session, page.url)
    whole = session.get(page.url, params={"full": "1"}, timeout=20)
    assert "Tobias Achterberg , clinical staff" in read(whole.text).text
