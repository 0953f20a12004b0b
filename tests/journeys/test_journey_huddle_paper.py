"""The morning on paper, and what is prepared before and after it, from the front door."""

from __future__ import annotations

import io
import re
from datetime import timedelta

from bs4 import BeautifulSoup
from pypdf import PdfReader

from tests.house import House
from tests.journeys.conftest import Desk, sit_down

#: What no paper may hold: of the sensitive items and suspected conditions of this day.
NEVER = ("epression", "ervical", "Pap test", "uspected", "Condition to assess", "HCC")


def said(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- paper ------------------------------------------------------------------------------------------------------------


def test_the_scripted_day_of_twenty_is_on_two_pages(desk: Desk) -> None:
    answer = desk.get("print.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    pages = [said(page.extract_text()) for page in PdfReader(io.BytesIO(answer.content)).pages]
    assert len(pages) <= 2
    for text in pages:
        assert "Destroy" in text or "destroy" in text
    whole = " ".join(pages)
    for visit in desk.seen.visits:
        assert visit.name.partition(",")[0] in whole, visit.name
        record = re.search(r"RB-\d+", visit.ids)
        assert record
        assert record[0] in whole
    assert not [words for words in NEVER if words in whole], whole


def test_neither_the_name_of_the_file_nor_the_address_says_who(desk: Desk, home: House) -> None:
    disposition = desk.get("print.pdf").headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    for story in home.scenarios.values():
        family = story.chart[0].get("name", [{}])[0].get("family", "")
        assert not family or family not in disposition
    assert "Valderrama" not in disposition


def test_the_page_to_print_says_the_same_and_how_many_were_left_out(desk: Desk) -> None:
    answer = desk.get("print")
    assert answer.headers["Cache-Control"] == "no-store"
    text = said(BeautifulSoup(answer.text, "html.parser").get_text(" "))
    for visit in desk.seen.visits:
        assert visit.name.partition(",")[0] in text
    assert not [words for words in NEVER if words in text], text
    assert re.search(r"left out|not on paper", text), text
    assert "Northwind" in text, "from whom, and from when"


def test_paper_does_not_say_that_a_patient_restricted_a_payer(desk: Desk) -> None:
    text = said(BeautifulSoup(desk.get("print").text, "html.parser").get_text(" "))
    row = text[text.index("Rensselaer") : text.index("Ashgrove")]
    assert "restrict" not in row.casefold()
    assert "not everything is known" in row


def test_paper_works_from_the_last_snapshot_and_says_so(own_home: House) -> None:
    sit_down(own_home, "np")
    with own_home.fault("ehr", "down:Appointment"):
        own_home.clock.ahead += timedelta(minutes=2)
        later = sit_down(own_home, "np")
        text = said(BeautifulSoup(later.get("print").text, "html.parser").get_text(" "))
    assert later.seen.snapshot
    assert "Strand" in text, text
    assert re.search(r"does not answer|not available|could not be read|saved", text), text


# --- before and after -------------------------------------------------------------------------------------------------


def test_each_number_opens_exactly_that_list(desk: Desk) -> None:
    soup = desk.settled("ahead")
    links = [link for link in soup.select("a[data-number]") if "people" in str(link["href"])]
    assert len(links) >= 3, soup.get_text(" ")
    assert any("HbA1c" in heading.get_text() for heading in soup.select("[data-act] h3"))
    for link in links:
        url = str(link["href"])
        assert not re.search(r"p-1\d\d\d|RB-|staff-(?!dr)", url)
        listed = BeautifulSoup(desk.get(url).text, "html.parser")
        assert len(listed.select("[data-person]")) == int(str(link["data-number"])), url


def test_booked_and_not_booked_add_up_to_the_open_gaps(desk: Desk) -> None:
    for act in desk.settled("ahead").select("[data-act]"):
        total, *parts = [int(str(number["data-number"])) for number in act.select("[data-number]")]
        assert total == sum(parts), act.get_text(" ")


def test_a_payer_that_cannot_list_its_open_gaps_is_named(desk: Desk) -> None:
    text = said(desk.settled("ahead").get_text(" "))
    assert "Harbor" in text, text


def test_todays_no_shows_are_a_list_to_call(desk: Desk) -> None:
    soup = BeautifulSoup(desk.get("missed").text, "html.parser")
    calls = [said(call.get_text(" ")) for call in soup.select("[data-call]")]
    assert len(calls) == 2
    (arkwright,) = [call for call in calls if "Arkwright" in call]
    assert "(555) 555-0151" in arkwright
    assert "RB-120663" in arkwright
    assert "urine test" in arkwright, "what the visit was to do"


def test_the_laboratory_list_names_who_needs_what(desk: Desk) -> None:
    soup = desk.settled("ahead/laboratory")
    labs = {said(lab.get_text(" ")) for lab in soup.select("[data-lab]")}
    assert any("HbA1c" in lab and "Okonkwo" in lab for lab in labs), labs


def test_what_leaves_the_screen_is_in_the_audit(home: House, desk: Desk) -> None:
    from app import open_store
    from app.store import audit

    desk.get("print")
    handle = desk.url.split("/l/")[1].partition("/")[0]
    store = open_store(home.settings, home.clock)
    with store.read() as tx:
        entries = audit.trail(tx, handle)
        assert not audit.verify(tx)
    actions = {entry.action for entry in entries}
    assert any("print" in action for action in actions), actions
