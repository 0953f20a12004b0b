"""What was sent, over all patients of an EHR: through the front door, with each role, and the file for the meeting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_house import LATE, Desk, Told, issuer, store_of, tell, trail, words
from sqlalchemy import text

from app.actions.sent import Row, Section, Sent, section
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.verb import Kind, Verb
from app.core.restrictions import EVERY_PAYER
from app.store import audit, outbox, restrictions
from app.store.engine import for_writing
from app.store.said import Note, Person
from app.web.listing import harmless
from app.web.present.sent import About, page
from sandbox_config.demo import browser
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("sent")  # one house for all of them

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = Person('=HYPERLINK("http://x.example","you")', "born 4 Mar 1950", "record -1+1")
ROWS = (
    Told("dead", "Mammogram", post="dead", trouble="not-taken", said="Unknown code", ago=timedelta(days=2)),
    Told("held", "Eye exam", post="held", ago=timedelta(hours=1)),
    Told("later", "Statin therapy", post="later", trouble="down", ago=timedelta(minutes=5)),
    Told("sent", "HbA1c test"),
    Told("late", ago=LATE, judged=Judged.STILL_OPEN),
    Told("late at lakeside", "Influenza vaccine", to="lakeside", ago=LATE),
    Told("hostile", "Blood pressure check", ago=LATE, person=HOSTILE, patient="pat-2"),
    Told("sensitive", "Depression screening", ago=LATE, patient="pat-3"),
    Told(
        "prompt", "Heart failure", Verb.NOT_PRESENT, Kind.PROMPT, code="assessed-not-present", ago=LATE, patient="pat-3"
    ),
    Told("restricted", "Kidney tests", ago=LATE, patient="pat-4"),
    Told("rejected", "Pneumococcal vaccine", judged=Judged.REJECTED, said="Not our member's chart"),
    Told("reopened", "Cervical cancer screening", judged=Judged.REOPENED, who="Practitioner/staff-ma", by="Ma Ellison"),
    Told("declined", "Declined screening", Verb.DECLINED, code="patient-refused", ago=LATE),
    Told("silent", "Silent screening", to="lakeside", confirmable=False),
    Told("confirmed", "Confirmed screening", ago=LATE, judged=Judged.CONFIRMED),
    Told("software", "Software's own", None, code="not-assessed", ago=LATE),
    Told("elsewhere", "Another EHR's screening", ago=LATE, tenant="second"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("sent")) as running:
        tell(running, *ROWS)
        with store_of(running) as store, store.begin() as tx:
            entry = audit.Audit(
                launch="seed", who="Practitioner/staff-privacy", role="privacy", patient=f"{issuer(running)}|pat-4",
                action="restrict", counts={}, outcome="ok", at=tx.now,
            )  # fmt: skip
            restrictions.enter(tx, entry, EVERY_PAYER, Note("Imani", Person(), "asked for"))
        yield running


def sections(desk: Desk) -> dict[str, list[str]]:
    """What stands in each section, by what it is about."""
    found = desk.soup("sent").select("[data-section]")
    return {
        str(each["data-section"]): [words(row) for row in each.select('[data-message] [data-field="what"]')]
        for each in found
    }


def test_each_message_stands_in_one_section_and_other_ehrs_in_none(home: House) -> None:
    found = sections(Desk(home, "dr"))
    assert found["could-not-be-sent"] == ["Mammogram"]
    assert sorted(found["conflict"]) == ["Cervical cancer screening", "Pneumococcal vaccine"]
    assert sorted(found["late"]) == [
        "Blood pressure check", "Colorectal cancer screening", "Depression screening", "Heart failure",
        "Influenza vaccine", "Kidney tests",
    ]  # fmt: skip
    assert found["sent-not-confirmed"] == ["HbA1c test"]
    assert sorted(found["waiting"]) == ["Eye exam", "Statin therapy"]


def test_what_came_of_each_is_said(home: House) -> None:
    page = Desk(home, "dr").soup("sent")
    rows = {words(row.select_one('[data-field="what"]')): words(row) for row in page.select("[data-message]")}
    assert "Northwind Health Plan did not accept it." in rows["Mammogram"]
    assert "Unknown code" in rows["Mammogram"]
    assert "Leaves for Northwind Health Plan when the visit has ended." in rows["Eye exam"]
    assert "Tried 1 time. Northwind Health Plan does not answer. Next try at" in rows["Statin therapy"]
    assert "3 days ago" in rows["HbA1c test"]
    assert "Its newer report still shows it as open." in rows["Colorectal cancer screening"]
    assert "The plan rejected it" in rows["Pneumococcal vaccine"]
    assert "The plan opened it again" in rows["Cervical cancer screening"]
    assert "do not take it to the plan" in rows["Kidney tests"]
    assert "born 3 Feb 1961" in rows["HbA1c test"]
    assert "record RB-104117" in rows["HbA1c test"]
    counts = [words(each) for each in page.select("[data-count]")]
    assert counts == [
        "1 message to Northwind Health Plan arrived; no answer is expected.",
        "1 message to Lakeside Community Health left; the plan does not show what it keeps.",
        "Chartside itself told plans of 1 item that nobody assessed or that could not be shown.",
    ]


def test_a_conflict_comes_back_to_who_acted_first(home: House) -> None:
    assert sections(Desk(home, "dr"))["conflict"] == ["Pneumococcal vaccine", "Cervical cancer screening"]
    assert sections(Desk(home, "ma"))["conflict"] == ["Cervical cancer screening", "Pneumococcal vaccine"]


def test_a_manager_sees_gaps_and_never_which_condition(home: House) -> None:
    page = Desk(home, "mgr").get("sent")
    assert "Mammogram" in page.text
    assert "Heart failure" not in page.text
    assert "your role does not include prompts" in page.text


@pytest.mark.parametrize("user", ["privacy", "it"])
def test_nobody_else_sees_the_list(home: House, user: str) -> None:
    desk = Desk(home, user, story="one-open-gap")
    for to in ("sent", "sent/meeting.csv?payer=northwind"):
        refused = desk.get(to)
        assert refused.status_code == 403
        assert "Mammogram" not in refused.text


def test_reading_it_is_audited_for_each_patient_who_is_shown(home: House) -> None:
    desk = Desk(home, "mgr")
    desk.get("sent")
    seen = [each for each in trail(home, desk.handle) if each.action == "read-sent"]
    assert {each.patient for each in seen} == {f"{issuer(home)}|pat-{n}" for n in (1, 2, 3, 4)}
    assert sum(each.counts["message"] for each in seen) == 12


def test_the_file_holds_one_payers_rows_and_nothing_that_may_not_be_on_paper(home: House) -> None:
    desk = Desk(home, "mgr")
    [link] = [a["href"] for a in desk.soup("sent").select("a[download]") if "northwind" in str(a["href"])]
    page = desk.session.get(f"{home.app}{link}", timeout=30)
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(page.content.decode("utf-8-sig"))))
    assert [row["What"] for row in rows] == ["Colorectal cancer screening", "Blood pressure check"]
    assert rows[0]["Member"] == "Okonkwo-Reyes, Adaeze"
    assert rows[0]["Member id"] == "NW-77"
    assert rows[0]["Days ago"] == "60"
    [agreed] = [entry["confirm_days"] for entry in home.settings.payers if entry["id"] == "northwind"]
    assert rows[0]["Days agreed"] == str(agreed)
    assert rows[0]["Plan's report"] == "recalculated since, still open"
    assert rows[1]["Member"].startswith("'=HYPERLINK")
    for word in ("Depression", "Heart failure", "Kidney", "Influenza", "RB-104117"):
        assert word not in page.text
    told = [each for each in trail(home, desk.handle) if each.action == "export-sent"]
    assert {each.patient for each in told} == {f"{issuer(home)}|pat-1", f"{issuer(home)}|pat-2"}
    late = desk.soup("sent").select_one('[data-section="late"]')
    assert "3 items are left out of the file and of print." in words(late)


def test_no_file_of_a_payer_that_is_not_ours(home: House) -> None:
    assert Desk(home, "mgr").get("sent/meeting.csv", payer="../x").status_code == 404


def test_a_dead_letter_is_let_go_once_and_by_nobody_of_another_ehr(home: House) -> None:
    ids = tell(
        home,
        Told("again", "Retinal exam", post="dead", trouble="not-allowed"),
        Told("not ours", "Another EHR's", post="dead", trouble="not-allowed", tenant="second"),
    )
    desk = Desk(home, "mgr")
    said = [words_of(desk.post(f"sent/{ids['again']}/resend").text) for _ in range(2)]
    assert "It will be tried again." in said[0]
    assert "Nothing was changed" in said[1]
    assert desk.post(f"sent/{ids['not ours']}/resend").status_code == 404
    assert desk.post("sent/nobody/resend").status_code == 404
    with store_of(home) as store, store.read() as tx:
        now = outbox.find(tx, ids["again"])
        other = outbox.find(tx, ids["not ours"])
    assert now is not None
    assert other is not None
    assert (now.message.post, other.message.post) == (Post.WAITING, Post.DEAD)
    assert [each.action for each in trail(home, desk.handle)].count("resend") == 1


def test_what_may_not_leave_is_not_sent_again_whoever_presses(home: House) -> None:
    ids = tell(
        home,
        Told("barred", "Eye exam", post="dead", trouble="restriction", patient="pat-r"),
        Told("of the dead", "Eye exam", post="dead", trouble="deceased", patient="pat-d"),
        Told("barred since", "Eye exam", post="dead", trouble="not-allowed", patient="pat-s"),
    )
    with store_of(home) as store, store.begin() as tx:
        entry = audit.Audit(
            launch="a launch", who="Practitioner/staff-privacy", role="privacy", patient=f"{issuer(home)}|pat-s",
            action="restrict", counts={}, outcome="ok", at=tx.now,
        )  # fmt: skip
        assert restrictions.enter(tx, entry, "northwind", Note())
    desk = Desk(home, "mgr")
    drawn = desk.soup("sent")
    for name in ids.values():
        assert not drawn.select(f'form[action$="/{name}/resend"]')
        assert "Nothing was changed" in words_of(desk.post(f"sent/{name}/resend").text)
    with store_of(home) as store, store.read() as tx:
        found = [outbox.find(tx, name) for name in ids.values()]
    assert {one.message.post for one in found if one} == {Post.DEAD}


def test_a_database_that_does_not_answer_is_no_fault_of_the_page(home: House) -> None:
    desk = Desk(home, "mgr")
    with store_of(home) as store, for_writing(store.engine).begin() as connection:
        connection.execute(text("ALTER TABLE launch_records RENAME TO away"))
    try:
        page = desk.get("sent")
    finally:
        with store_of(home) as store, for_writing(store.engine).begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO launch_records"))
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "database does not answer" in page.text
    assert "away" not in page.text
    assert "launch_records" not in page.text


def test_a_character_that_no_database_takes_is_refused_and_never_asked_for(home: House) -> None:
    desk = Desk(home, "mgr")
    assert desk.post("sent/a%00b/resend").status_code == 400
    assert desk.post("sent/ab/resend", word="a\0b").status_code == 400
    assert desk.get("sent", owner="a\0b").status_code == 400


def test_each_ehr_has_a_list_of_its_own(home: House) -> None:
    minted = home.mint("one-open-gap", "second", user="mgr")["launch_url"]
    session = browser()
    base = "/".join(session.get(minted, timeout=30).url.split("/")[:5])
    page = session.get(f"{base}/sent", timeout=30).text
    assert "Another EHR" in page
    assert "Colorectal" not in page


def test_a_write_from_another_site_is_refused(home: House) -> None:
    desk = Desk(home, "mgr")
    refused = desk.session.post(f"{desk.url}sent/x/resend", headers={"Sec-Fetch-Site": "cross-site"}, timeout=30)
    assert refused.status_code == 403


def words_of(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ([], "Nothing was refused, and nothing is late."),
        (["waiting"], "Nothing was refused, and nothing is late; 1 message waits to leave."),
        (["could-not-be-sent", "late", "late"], "1 message could not be sent and 2 are late."),
        (["conflict"], "1 is contradicted by the plan."),
    ],
)
def test_the_page_begins_with_what_needs_somebody(sections: list[str], said: str) -> None:
    message = Message("m", Sends.REMARK, "northwind", Post.SENT, NOW)
    about = About(NOW, {}, {}, "EHR", may_see_prompts=True, file_url=lambda payer: payer)
    assert page(Sent(tuple(Row(Section(each), message) for each in sections)), about).summary == said


# --- where a message stands -------------------------------------------------------------------------------------------

MESSAGES = st.builds(
    Message,
    id=st.just("m"),
    kind=st.sampled_from(Sends),
    to=st.just("northwind"),
    post=st.sampled_from(Post),
    at=st.just(NOW - timedelta(days=100)),
    action=st.just("a"),
    code=st.sampled_from(["satisfied-in-EHR", "patient-refused", "assessed-present", ""]),
    sent_at=st.integers(0, 100).map(lambda days: NOW - timedelta(days=days)),
    confirmable=st.booleans(),
    judged=st.sampled_from(Judged),
)


@given(MESSAGES)
def test_what_a_person_must_see_is_never_left_out(message: Message) -> None:
    place = section(message, NOW.date(), {})
    assert (place is Section.STUCK) == (message.post is Post.DEAD)
    assert (place is Section.WAITING) == (message.post in (Post.HELD, Post.WAITING))
    if message.post is Post.SENT and message.judged in (Judged.REJECTED, Judged.REOPENED):
        assert place is Section.CONFLICT
    if message.judged is Judged.CONFIRMED or message.post is Post.WITHDRAWN:
        assert place in (None, Section.STUCK, Section.WAITING)


@pytest.mark.parametrize(("days", "place"), [(30, Section.SENT), (31, Section.LATE)])
def test_late_begins_the_day_after_the_days_that_were_agreed(days: int, place: Section) -> None:
    message = Message("m", Sends.EVIDENCE, "p", Post.SENT, NOW, sent_at=NOW - timedelta(days=days))
    assert section(message, NOW.date(), {"p": 30}) is place


@given(st.text())
def test_no_cell_begins_like_a_formula_and_no_word_is_lost(cell: str) -> None:
    made = harmless(cell)
    assert made in (cell, f"'{cell}")
    assert not made.lstrip(" \u00a0\u3000").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
