"""The audit for the privacy role: through the front door, by days, user and patient, checked, and as FHIR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from bs4 import BeautifulSoup, Tag
from ledger_house import Desk, issuer, store_of, trail, words
from sqlalchemy import update

from app.store import audit
from app.store.audit.read import launch_chain
from app.store.schema import audit as table
from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("audit")  # one house for all of them


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("audit")) as running:
        running.panel("two-payers")
        record(running, "second", "p-of-second", 1)
        yield running


def record(home: House, tenant: str, patient: str, number: int, at: datetime | None = None, who: str = "") -> None:
    """So many reads of one chart under one launch."""
    with store_of(home, at) as store, store.begin() as tx:
        one = audit.Audit(
            launch=f"launch of {patient}", who=who or "Practitioner/staff-np", role="clinician",
            patient=f"{issuer(home, tenant)}|{patient}", action="read-chart", counts={"Condition": 2}, outcome="ok",
            at=tx.now,
        )  # fmt: skip
        audit.record_all(tx, [one] * number)


def privacy(home: House) -> Desk:
    return Desk(home, "privacy", story="two-payers")


def entries(page: BeautifulSoup) -> list[Tag]:
    return page.select("[data-entry]")


def cell(entry: Tag, name: str) -> str:
    return words(entry.select_one(f'[data-field="{name}"]'))


def test_who_saw_what_when_under_which_launch(home: House) -> None:
    desk = privacy(home)
    page = desk.soup("audit")
    opened = [each for each in entries(page) if "Opened the chart" in cell(each, "what")]
    assert opened
    patient = home.scenarios["two-payers"].patient_id
    assert {cell(each, "who") for each in opened} == {"staff-dr, clinician"}
    assert {cell(each, "patient") for each in opened} == {f"Patient {patient}, in this chart"}
    assert "Condition" in cell(opened[0], "what")
    [launch] = {cell(each, "launch").split()[1] for each in opened}
    assert len(launch) == 8
    assert desk.handle not in page.text.replace(f"/l/{desk.handle}/", "")
    assert "p-of-second" not in page.text  # another EHR's


def test_reading_it_is_itself_in_it(home: House) -> None:
    desk = privacy(home)
    desk.get("audit")
    newest = entries(desk.soup("audit"))[0]
    assert cell(newest, "what").startswith("Read the audit")
    assert cell(newest, "who") == "staff-privacy, privacy officer"
    assert cell(newest, "launch").endswith("this one")


@pytest.mark.parametrize("user", ["dr", "ma", "mgr", "it"])
def test_nobody_else_reads_it(home: House, user: str) -> None:
    desk = Desk(home, user, story="one-open-gap")
    for to in ("audit", "audit/audit.ndjson"):
        assert desk.get(to).status_code == 403


def test_by_user_by_patient_and_by_days(home: House) -> None:
    record(home, "main", "p-other", 2)
    desk = privacy(home)
    assert {cell(each, "who") for each in entries(desk.soup("audit", who="staff-np"))} == {"staff-np, clinician"}
    record(home, "main", "p-other", 1, who="system")
    assert {cell(each, "who") for each in entries(desk.soup("audit", who="chartside"))} == {"Chartside"}
    for each in entries(desk.soup("audit", patient="1")):
        assert "in this chart" in cell(each, "patient")
    assert any("p-other" in each.text for each in entries(desk.soup("audit")))
    today = home.clock().astimezone(CLINIC_TZ).date()
    before = str(today - timedelta(days=1))
    assert "No entries." in desk.get("audit", since=before, until=before).text
    refused = [
        {"since": "2026-13-01"},
        {"since": str(today), "until": before},
        {"since": "1970-01-01", "until": str(today)},
        {"until": "2999-01-01"},
        {"until": "0001-01-01"},
        {"until": "9999-12-31"},
        {"after": f"2026-03-02T10:00:00+00:00_{'a' * 64}_{'9' * 40}"},
        {"after": f"0001-01-01T00:00:00+14:00_{'a' * 64}_1"},
    ]
    for query in refused:
        assert desk.get("audit", **query).status_code == 404, query
    assert desk.get("audit", after="nonsense").status_code == 404


def test_pages_lead_to_every_entry_once(home: House) -> None:
    long_ago = home.clock() - timedelta(days=400)
    for launch in range(3):
        record(home, "main", f"paged-{launch}", 41, at=long_ago)
    record(home, "second", "paged-elsewhere", 70, at=long_ago)
    day = str(long_ago.astimezone(CLINIC_TZ).date())
    desk = privacy(home)
    page, seen = desk.soup("audit", since=day, until=day), list[str]()
    for _ in range(4):
        seen += [cell(each, "launch") for each in entries(page)]
        older = page.find("a", string="Older entries")
        if older is None:
            break
        page = BeautifulSoup(desk.session.get(f"{home.app}{older['href']}", timeout=30).text, "html.parser")
    assert len(seen) == len(set(seen)) == 123


def test_as_fhir_with_what_checking_found_and_no_clinical_content(home: House) -> None:
    desk = privacy(home)
    page = desk.get("audit/audit.ndjson", who="staff-dr")
    assert page.headers["Content-Type"].startswith("application/fhir+ndjson")
    assert page.headers["Content-Disposition"].startswith("attachment")
    events = [json.loads(line) for line in page.text.splitlines()]
    assert events
    assert {each["resourceType"] for each in events} == {"AuditEvent"}
    assert {each["agent"][0]["who"]["identifier"]["value"] for each in events} == {"Practitioner/staff-dr"}
    assert {each["source"]["observer"]["identifier"]["value"] for each in events} == {home.app}
    patient = home.scenarios["two-payers"].patient_id
    assert {"system": issuer(home), "value": patient} in [each["entity"][0]["what"]["identifier"] for each in events]
    (person,) = home.scenarios["two-payers"].of("Patient")
    for word in (person["name"][0]["family"], person["birthDate"]):
        assert word not in page.text
    assert [each.action for each in trail(home, desk.handle)].count("export-audit") == 1


def test_checking_says_whole_or_loudly_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    with house(tmp_path_factory.mktemp("tampered")) as own:
        record(own, "main", "p1", 3)
        desk = privacy(own)
        whole = desk.soup("audit", check="1").select_one('[role="status"][data-chain]')
        assert words(whole).startswith("Whole:")
        with store_of(own) as store, store.begin() as tx:
            own_chain = launch_chain(tx, "launch of p1")
            tx.conn.execute(update(table).where(table.c.chain == own_chain, table.c.seq == 2).values(action="nothing"))
        page = desk.soup("audit", check="1")
        assert "not what was written" in words(page.select_one('[role="alert"][data-chain]'))
        assert any("edited" in words(each) for each in page.select("[data-broken]"))
        [wrong] = [each for each in entries(page) if "not what was written" in each.text]
        assert "staff-np" not in wrong.text
        alerts = [json.loads(line) for line in desk.get("audit/audit.ndjson").text.splitlines()]
        assert [each["type"]["code"] for each in alerts].count("110113") == len(page.select("[data-broken]"))


def test_the_privacy_role_finds_its_pages_from_the_launch(home: House) -> None:
    desk = privacy(home)
    doors = BeautifulSoup(desk.get("", full="1").text, "html.parser").select(".doors a")
    assert [str(a["href"]).rpartition("/")[2] for a in doors] == ["privacy", "audit", "compliance"]
    for door in doors:
        assert desk.session.get(f"{home.app}{door['href']}", timeout=30).status_code == 200
