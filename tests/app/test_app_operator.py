"""The operator's page: front door to table, who may see it, and that nothing of a patient is on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from bs4 import BeautifulSoup, Tag

from sandbox_config.demo import browser
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("operator")  # one house for all of them


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("operator")) as running:
        running.panel("two-payers")
        yield running


def opened(home: House, user: str = "it", path: str = "operator") -> requests.Response:
    """The page as one user of the EHR gets it."""
    session = browser()
    panel = home.launch("two-payers", session=session, user=user)
    return session.get(panel.url.partition("?")[0] + path, timeout=20)


def rows(page: requests.Response) -> dict[str, Tag]:
    return {str(row["data-source"]): row for row in BeautifulSoup(page.text, "html.parser").select("[data-source]")}


def cell(row: Tag, name: str) -> str:
    found = row.select_one(f'[data-field="{name}"]')
    assert found is not None
    return " ".join(found.text.split())


def lines(row: Tag) -> dict[str, str]:
    """What is folded away in a row."""
    return {term.text: words.text for term, words in zip(row.select("dt"), row.select("dd"), strict=True)}


def facts(page: requests.Response) -> dict[str, str]:
    listed = BeautifulSoup(page.text, "html.parser").select_one("[data-site]")
    assert listed is not None
    terms = zip(listed.select("dt"), listed.select("dd"), strict=True)
    return {term.text: words.text for term, words in terms}


def test_every_source_that_was_asked_has_a_row_and_the_rest_is_named(home: House) -> None:
    page = opened(home)
    assert page.status_code == 200
    assert {"main", "northwind", "lakeside"} <= set(rows(page))
    for source in ("main", "northwind", "lakeside"):
        row = rows(page)[source]
        assert "Well" in cell(row, "state")
        assert row.select_one("[data-field=state] svg") is not None
        answered, asked = cell(row, "calls").removeprefix("Answered ").split(" of ")
        assert int(answered) == int(asked) > 1
        assert "ms" in cell(row, "latency")
    assert "Harborlight EHR" in page.text  # listed, but nobody has asked it


def test_a_payers_row_tells_dialect_dates_and_token(home: House) -> None:
    words = " ".join(rows(opened(home))["northwind"].text.split())
    assert "deqm-us-5.0.0" in words
    assert "ra-2.1.0" in words
    assert "newest calculated" in words
    assert "limit" in words
    assert "Token" in words
    assert lines(rows(opened(home))["northwind"])["Software"].endswith("report server (sandbox)")


def test_what_is_asked_beside_the_questions_is_told_in_its_payers_row(home: House) -> None:
    page = opened(home)
    entries = {str(table["id"]) for table in (*home.settings.ehrs, *home.settings.payers)}
    assert set(rows(page)) <= entries
    for payer in ("northwind", "lakeside"):
        told = lines(rows(page)[payer])
        for part in ("Token", "Metadata"):
            assert re.fullmatch(r"well, (\d+) of \1 answered", told[part]), told
    assert not {"Token", "Metadata", "Software"} & set(lines(rows(page)["main"]))


def test_the_installation_is_told(home: House) -> None:
    told = facts(opened(home))
    assert told["Processes"] == "1"
    assert "MB on disk" in told["SQLite"]
    assert "revision 0" in told["Database"]
    assert told["Audit"]


def test_nothing_of_a_patient_is_on_it(home: House) -> None:
    text = opened(home).text
    scenario = home.scenarios["two-payers"]
    (person,) = scenario.of("Patient")
    (name, *_) = person["name"]
    members = [side.member_id for side in scenario.payers.values()]
    identifiers = [each["value"] for each in person["identifier"]]
    for word in (name["family"], *name["given"], person["birthDate"], *identifiers, *members, scenario.patient_id):
        assert word not in text


@pytest.mark.parametrize("user", ["dr", "ma", "mgr", "privacy"])
def test_nobody_else_may_see_it(home: House, user: str) -> None:
    page = opened(home, user)
    assert page.status_code == 403
    assert not rows(page)


def test_the_operator_finds_the_page_from_the_launch(home: House) -> None:
    session = browser()
    shell = home.launch("two-payers", session=session, user="it")
    page = session.get(shell.url.partition("?")[0] + "?full=1", timeout=20)
    assert "/operator" in page.text


def test_a_payer_that_fails_is_told_with_what_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    with house(tmp_path_factory.mktemp("failing")) as own:
        with own.fault("northwind", "down"):
            own.panel("two-payers")
        page = opened(own)
        row = rows(page)["northwind"]
        assert cell(row, "state") in ("Failing", "Paused", "Trying again", "In part")
        assert cell(row, "advice").startswith("To do:")
        assert "answered 5" in row.text  # the newest failure, in our words
        assert "Well" in cell(rows(page)["lakeside"], "state")
        summary = BeautifulSoup(page.text, "html.parser").select_one("[data-summary]")
        assert summary is not None
        assert "Northwind" in summary.text
