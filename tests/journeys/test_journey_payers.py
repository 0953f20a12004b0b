"""Payers as they differ: dialects and servers, answers that change, and payers that may not be asked."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
import requests

from sandbox_config.demo import browser
from sandbox_config.screen import Screen, watch
from tests.house import House

STORY = "one-open-gap"


def calls(home: House, payer: str) -> Counter[str]:
    """What this payer was asked, by path."""
    return Counter(requests.get(f"{home.payers[payer]}/_calls", timeout=10).json()["paths"])


def states(screen: Screen) -> dict[str, str]:
    return {row.fields["service"]: row.state for row in screen.gaps()}


def reasons(screen: Screen) -> dict[str, str]:
    return {source.key: source.reason for source in screen.sources if source.reason}


def test_three_dialects_fill_one_card(own_home: House) -> None:
    screen = own_home.panel("three-contracts")
    (card,) = screen.gaps()
    assert set(card.payer.split()) == {"northwind", "harbor", "meridian"}
    for contract in ("Northwind Quality Partnership", "Harbor Shared Savings", "Meridian Family Care"):
        assert contract in screen.text
    harbor, meridian = calls(own_home, "harbor"), calls(own_home, "meridian")
    assert harbor["POST /fhir/MeasureReport/$risk-gap"] + harbor["POST /fhir/MeasureReport/_search"]
    assert any("/fhir/_later/" in path for path in harbor), "a 202 was followed"
    assert any("MeasureReport/$report" in path for path in meridian)


@pytest.mark.parametrize("server", ["fqm-execution", "deqm-test-server", "hapi"])
def test_a_server_that_deviates_is_read_all_the_same(own_home: House, server: str) -> None:
    with own_home.fault("northwind", f"{server}:care-gaps"):
        screen = own_home.panel(STORY)
    assert states(screen) == {"HbA1c test": "do-today"}, screen.text
    assert not reasons(screen)


def test_an_answer_that_is_prepared_as_ndjson_is_fetched(own_home: House) -> None:
    with own_home.fault("harbor", "bulk-output"):
        screen = own_home.panel("pneumococcal")
    assert list(states(screen).values()) == ["do-today"], screen.text


def test_an_answer_that_is_never_ready_is_slow_and_never_no_gaps(own_home: House) -> None:
    with own_home.fault("harbor", "forever-202"):
        screen = own_home.panel("pneumococcal")
    assert reasons(screen)["harbor/care-gaps"] == "slow", screen.text
    assert not screen.clear


def test_a_report_under_another_context_is_not_taken_for_ours(own_home: House) -> None:
    with own_home.fault("harbor", "other-context"):
        screen = own_home.panel("both-models")
    taken = any("harbor" in row.payer for row in screen.prompts())
    assert not taken or calls(own_home, "harbor")["POST /fhir/MeasureReport/_search"], screen.text


def test_what_changed_since_the_patient_was_last_opened_is_said(own_home: House) -> None:
    before = own_home.panel("changed-since")
    assert list(states(before).values()) == ["do-today"]
    own_home.clock.ahead = timedelta(hours=13)
    with own_home.fault("northwind", "a-month-later"):
        after = own_home.panel("changed-since")
    assert states(after) != states(before)
    assert "2 changes Mammogram: new, do today Diabetic eye exam: met" in after.text, after.text


@pytest.mark.parametrize("story", ["consent-deny", "flag-restriction", "consent-unreadable"])
def test_a_payer_that_may_not_be_told_hears_nothing(own_home: House, story: str) -> None:
    screen = own_home.panel(story)
    assert reasons(screen)["northwind/care-gaps"] in ("restricted", "restriction-unknown")
    assert not any("/fhir/Patient" in path or "Measure" in path for path in calls(own_home, "northwind"))
    assert not screen.clear


def test_a_restriction_that_could_not_be_read_is_read_again_on_a_retry(own_home: House) -> None:
    session = browser()
    with own_home.fault("ehr", "down:Consent"):
        page = own_home.launch(STORY, session=session)
        screen = watch(session, page.url)
    assert reasons(screen)["northwind/care-gaps"] == "restriction-unknown"
    (key,) = re.findall(r'name="key" value="(northwind/[^"]+)"', screen.html)
    own_home.clock.ahead = timedelta(minutes=2)  # the EHR rests no longer
    session.post(f"{page.url}retry", data={"key": key}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=20)
    assert states(watch(session, page.url)) == {"HbA1c test": "do-today"}


def test_what_is_in_doubt_can_be_read_again_and_stays_in_doubt_until_it_is_clear(own_home: House) -> None:
    session = browser()
    page = own_home.launch("consent-unreadable", session=session)
    screen = watch(session, page.url)
    (key,) = re.findall(r'name="key" value="(northwind/[^"]+)"', screen.html)
    session.post(f"{page.url}retry", data={"key": key}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=20)
    assert reasons(watch(session, page.url))["northwind/care-gaps"] == "restriction-unknown"
    assert not any("/fhir/Patient" in path or "Measure" in path for path in calls(own_home, "northwind"))


@pytest.mark.parametrize("user", ["privacy", "it"])
def test_privacy_officer_and_operator_see_nothing_of_a_chart(home: House, user: str) -> None:
    screen = home.panel(STORY, user=user)
    assert not screen.rows
    assert "HbA1c" not in screen.html


def test_a_payer_that_lists_no_measures_is_asked_for_those_that_its_entry_names(own_home: House) -> None:
    with own_home.fault("harbor", "down:read"):
        screen = own_home.panel("pneumococcal")
    assert list(states(screen).values()) == ["do-today"], screen.text
    assert "asked only for the measures that we have a rule for" in screen.text
