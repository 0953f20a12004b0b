"""Evidence to a plan and drafts for the EHR, through the front door: once each, or said why not."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.house import House, house
from tests.journeys.acting import OURS, Seat, sit

pytestmark = pytest.mark.xdist_group("sending-clinic")  # one house for all of them

DONE, OPEN, SENSITIVE, STOOL = "closed-in-chart", "one-open-gap", "pregnancy-and-statin", "leap-day"
NORTHWIND = "northwind"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where things are written: other tests want their charts and payers untouched."""
    with house(tmp_path_factory.mktemp("sending")) as running:
        yield running


@pytest.fixture(autouse=True)
def anew(clinic: House) -> None:
    requests.delete(f"{clinic.ehr}/_written", timeout=10).raise_for_status()


def written(clinic: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{clinic.ehr}/_written", timeout=10).json()
    return found


@dataclass(frozen=True)
class Opened:
    """One page of a launch. `press` posts its form, as a browser does."""

    seat: Seat
    url: str
    soup: BeautifulSoup
    status: int

    @classmethod
    def of(cls, seat: Seat, answer: requests.Response) -> Opened:
        return cls(seat, answer.url, BeautifulSoup(answer.text, "html.parser"), answer.status_code)

    def press(self, where: str = "", **form: str) -> Opened:
        """`where`: an address of the launch, where the form has one of its own."""
        url = f"{self.seat.url}{where}" if where else self.url
        return Opened.of(self.seat, self.seat.session.post(url, data=form, headers=OURS, timeout=30))

    @property
    def hidden(self) -> dict[str, str]:
        """What the first form brings along."""
        form = self.soup.select_one("main form")
        return {str(each["name"]): str(each["value"]) for each in form.select('input[type="hidden"]')} if form else {}

    def says(self, what: str) -> str:
        return " ".join(each.get_text(" ", strip=True) for each in self.soup.select(what))


def opened(seat: Seat, where: str, state: str = "") -> Opened:
    """The page (`send` or `orders`) of the first row in a state, or of the first."""
    row = seat.soup.select_one(f'[data-state="{state}"][id^="g"]' if state else '[data-state][id^="g"]')
    assert row is not None, f"no row is {state}"
    return got(seat, f"{where}/{row['id']}")


def got(seat: Seat, place: str) -> Opened:
    return Opened.of(seat, seat.session.get(f"{seat.url}{place}", timeout=30))


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_sent_and_nothing_else(clinic: House) -> None:
    seat = sit(clinic, DONE)
    page = opened(seat, "send", "done-here")
    shown = page.says("[data-exact]")
    assert "Stays here" in page.says("[data-left-out]")
    before = len(clinic.received(NORTHWIND, "submissions"))
    assert "On its way to Northwind" in page.press(**page.hidden).says("[data-sent]")
    page.press(**page.hidden)  # a double tap
    clinic.leave()
    clinic.leave()
    (sent,) = clinic.received(NORTHWIND, "submissions")[before:]
    assert (sent["times"], sent["kind"]) == (1, "care-gaps")
    for resource in sent["resources"]:
        assert resource["id"] in shown
        assert not {"text", "meta", "note", "referenceRange"} & set(resource)
    assert sent["provenance"]
    again = got(seat, page.url.removeprefix(seat.url))
    assert "not confirmed yet" in again.says("[data-sent]")
    assert not again.hidden


def test_each_plan_gets_its_own_in_its_own_standard_and_nothing_of_the_others(clinic: House) -> None:
    page = opened(sit(clinic, "two-dialects"), "send", "done-here")
    forms, exact = page.soup.select("main form"), [each.get_text() for each in page.soup.select("[data-exact]")]
    assert sorted(text.split("\n")[0] for text in exact) == ["POST /", "POST Measure/$deqm-submit-data"]
    members = [set(re.findall(r"Patient/[\w-]+", text)) for text in exact]
    assert [len(each) for each in members] == [1, 1]
    assert members[0] != members[1]
    for form in forms:
        page.press(**{str(each["name"]): str(each["value"]) for each in form.select("input")})
    clinic.leave()
    harbor = requests.get(f"{clinic.payers['harbor']}/_submissions", timeout=10).json()
    assert [(each["how"], each["times"]) for each in harbor] == [("transaction", 1)]


def test_a_condition_that_a_visit_has_settled_is_sent_with_that_visit(clinic: House) -> None:
    seat = sit(clinic, "settled-by-visit")
    link = seat.soup.select_one('a[href*="/why/h"]')
    assert link is not None
    page = got(seat, f"send/{str(link['href']).rpartition('/')[2]}")
    before = len(clinic.received(NORTHWIND, "submissions"))
    page.press(**page.hidden)
    clinic.leave()
    (sent,) = clinic.received(NORTHWIND, "submissions")[before:]
    assert sent["kind"] == "risk"
    assert {resource["resourceType"] for resource in sent["resources"]} == {"Condition", "Encounter"}


def test_a_draft_is_of_one_launch_alone(clinic: House) -> None:
    form = opened(sit(clinic, STOOL), "send", "done-here").hidden
    other = opened(sit(clinic, STOOL), "send", "done-here")
    before = len(clinic.received(NORTHWIND, "submissions"))
    refused = other.press(**form)
    assert "Nothing was sent" in refused.says("[data-problem]")
    assert refused.status == 409
    clinic.leave()
    assert len(clinic.received(NORTHWIND, "submissions")) == before


def test_what_is_sensitive_is_held_back_with_a_reason_and_nothing_of_it_is_shown(clinic: House) -> None:
    page = opened(sit(clinic, SENSITIVE), "send", "excluded")
    assert "Held back" in page.says("[data-held]")
    assert not page.soup.select(".entry, [data-exact], main form")


def test_without_a_visit_nothing_leaves(clinic: House) -> None:
    page = opened(sit(clinic, DONE, encounter="none"), "send", "done-here")
    assert "without a visit" in page.says("[data-held]")
    assert not page.hidden


@pytest.mark.parametrize("fault", ["truncated-json", "down"])
def test_an_entry_that_cannot_be_read_now_is_not_sent(clinic: House, fault: str) -> None:
    seat = sit(clinic, "eye-exam")
    with clinic.fault("ehr", fault):
        page = opened(seat, "send", "done-here")
    assert "Not sent" in page.says("[data-held]")
    assert not page.hidden


def test_another_site_sends_nothing(clinic: House) -> None:
    seat = sit(clinic, STOOL)
    page = opened(seat, "send", "done-here")
    answer = seat.session.post(page.url, data=page.hidden, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30)
    assert answer.status_code == 403


@pytest.mark.parametrize("place", ["send", "orders"])
def test_a_role_that_records_nothing_is_shown_nothing(clinic: House, place: str) -> None:
    page = opened(sit(clinic, STOOL, user="mgr"), place)
    assert f"/{place}/" not in page.url


def test_an_item_that_is_not_there_is_said_to_be_gone(clinic: House) -> None:
    page = got(sit(clinic, OPEN), "send/g0000000000")
    assert "no longer on the panel" in page.says("h1")
    assert page.status == 404


# --- drafts for the EHR -----------------------------------------------------------------------------------------------


def test_each_tap_writes_one_draft_and_a_double_tap_no_second(clinic: House) -> None:
    page = opened(sit(clinic, OPEN), "orders", "do-today")
    for button in page.soup.select('button[name="what"]'):
        for _ in range(2):
            last = page.press(what=str(button["value"]))
    order, task, line = written(clinic)
    assert (order["resourceType"], order["status"]) == ("ServiceRequest", "draft")
    assert order["encounter"] == {"reference": f"Encounter/{clinic.scenarios[OPEN].encounter_id}"}
    assert task["focus"] == {"reference": f"ServiceRequest/{order['id']}"}
    text = base64.b64decode(line["content"][0]["attachment"]["data"]).decode()
    assert "blood test" in text
    assert not any(word in text.casefold() for word in ("northwind", "plan", "measure", "gap", "insur"))
    assert last.says("[data-drafted]").count("In the chart since") == 3
    assert not last.soup.select('button[name="what"]')


@pytest.mark.parametrize(
    ("story", "faults"),
    [("two-payers", ["create-no-answer"]), ("eye-exam", ["create-no-answer", "create-ignores-condition"])],
)
def test_a_write_without_an_answer_is_looked_for_before_it_is_tried_again(
    clinic: House, story: str, faults: list[str]
) -> None:
    page = opened(sit(clinic, story), "orders")
    with clinic.fault("ehr", *faults):
        page = page.press(what="Task")
        assert "Not written yet" in page.says("[data-drafted]")
        page = page.press("orders/again", do="again", **page.hidden)
    assert "In the chart since" in page.says("[data-drafted]")
    assert len(written(clinic)) == 1


def test_what_the_ehr_refuses_is_said_and_can_be_tried_again_by_a_later_launch(clinic: House) -> None:
    page = opened(sit(clinic, STOOL), "orders", "done-here")
    with clinic.fault("ehr", "create-refused"):
        page = page.press(what="Task")
    assert "Not written yet" in page.says("[data-drafted]")
    assert not written(clinic)
    page = opened(sit(clinic, STOOL), "orders", "done-here")
    page = page.press("orders/again", do="again", **page.hidden)
    assert "In the chart since" in page.says("[data-drafted]")
    assert len(written(clinic)) == 1


def test_an_ehr_that_grants_no_write_gets_none_and_the_text_can_be_copied(clinic: House) -> None:
    page = opened(sit(clinic, OPEN, tenant="readonly"), "orders", "do-today")
    assert not page.soup.select("main form")
    assert len(page.soup.select("textarea[readonly]")) == 3
    assert page.press(what="Task").status == 404  # forged
    assert not written(clinic)


def test_without_a_visit_nothing_is_written(clinic: House) -> None:
    page = opened(sit(clinic, "pneumococcal", encounter="none"), "orders", "do-today")
    assert page.soup.select("textarea[readonly]")
    assert not page.soup.select('main button[name="what"]')
    assert "without a visit" in page.press(what="Task").says("[data-problem]")  # forged
    assert not written(clinic)
