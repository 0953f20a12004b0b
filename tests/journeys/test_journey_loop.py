"""What the team records at a panel, through the front door: said, refused, taken back, sent when the visit ends, and
confirmed by the payer's next report.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from app import open_store
from app.core.ledger.outgoing import FollowUp, Judged
from app.store import follow_ups, outbox, recorded
from app.store.audit.read import Wanted, entries
from sandbox_config.scenario import CLINIC_TZ
from tests.house import House, house
from tests.journeys.acting import Seat, said, sit

pytestmark = pytest.mark.xdist_group("loop-clinic")  # one house for all of them

FIVE_MINUTES = timedelta(minutes=6)  # an answer about a visit is not older
CHRONIC, OPEN, TWO = "historic-and-suspected", "one-open-gap", "payers-disagree"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where things are recorded: other tests want their stories untouched."""
    # Far from midnight and from the end of the year, which the clock of these tests would step over.
    morning = datetime.now(CLINIC_TZ).replace(month=6, day=16, hour=10, minute=0, second=0, microsecond=0)
    with house(tmp_path_factory.mktemp("clinic"), at=morning) as running:
        yield running


@pytest.fixture(autouse=True)
def anew(clinic: House) -> None:
    """Every visit and every payer as its story says; what was recorded is another test's patient's."""
    requests.delete(f"{clinic.ehr}/_visit", timeout=10).raise_for_status()


def visit(clinic: House, story: str, **changes: Any) -> None:
    requests.post(f"{clinic.ehr}/_visit", json={"scenario": story, **changes}, timeout=10).raise_for_status()


def audited(clinic: House, action: str) -> list[str]:
    """The outcomes of everything that the audit has under this name."""
    store = open_store(clinic.settings)
    try:
        with store.read() as tx:
            wanted = Wanted(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
            found = [each.entry for each in entries(tx, wanted) if each.entry]
            return [entry.outcome for entry in found if entry.action == action]
    finally:
        store.close()


# --- said, and taken back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_one_tap_is_recorded_where_it_was_tapped_and_taken_back_with_another(clinic: House, script: bool) -> None:
    seat = sit(clinic, OPEN)
    row = seat.row()
    told = seat.tap(row, seat.answers(row)[0], script=script, word="as agreed")
    assert seat.status == 200
    assert "Dr. Ines Valderrama" in told
    assert "“as agreed”" in told
    assert "Leaves for Northwind Health Plan when the visit ends." in told
    assert seat.undo(seat.by_id(str(row["id"])), script=script) == ""
    assert seat.answers(seat.look().row()) == seat.answers(row)


def test_what_was_answered_is_one_line_at_the_next_look_and_one_tap_away(clinic: House) -> None:
    seat = sit(clinic, OPEN)
    row = seat.row()
    seat.tap(row, "patient-declined")
    again = sit(clinic, OPEN)
    assert not again.soup.select(f'#gaps [data-state="{row["data-state"]}"][data-place="expanded"]')
    fold = again.soup.select_one('[data-fold="put-away"]')
    assert fold is not None
    assert "1 put away" in fold.get_text()
    again.undo(again.row(place="put-away"))
    assert seat.look().row()["data-state"] == row["data-state"]


def test_a_double_tap_is_one_action(clinic: House) -> None:
    seat = sit(clinic, TWO)
    row, start = seat.row(), threading.Barrier(4)
    seats = [Seat(clinic, seat.session, seat.url, seat.html) for _ in range(4)]

    def tap(one: Seat) -> None:
        start.wait()
        one.tap(row, "ordered")

    before = len(audited(clinic, "record-action"))
    threads = [threading.Thread(target=tap, args=(one,)) for one in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status for one in seats] == [200] * 4
    assert len(audited(clinic, "record-action")) == before + 1


def test_of_two_who_act_at_once_the_second_sees_what_the_first_said(clinic: House) -> None:
    first, second = sit(clinic, "out-of-range", "np"), sit(clinic, "out-of-range", "dr")
    row = second.row()
    first.tap(first.row(), "patient-declined")
    told = second.tap(row, "done-today")
    assert second.status == 409
    assert "Wren Castellane recorded “patient declined” at" in told
    assert "Declined" in second.by_id(str(row["id"])).get_text()
    assert second.tap(row, "done-today", script=False)
    assert second.status == 409
    assert "<html" in second.html


def test_what_an_item_does_not_take_or_lacks_is_said_on_its_row(clinic: House) -> None:
    seat = sit(clinic, "kidney-evaluation")
    row = seat.row()
    lacks: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("not-appropriate", {}, "choose a reason"),
        ("needs-plan-help", {}, "tick what stands in the way"),
        ("already-done/there", {}, "enter the day"),
        ("already-done/there", {"on": "2020-01-01"}, "enter the place"),
        ("not-now/until", {"until": "2020-01-01"}, "a day after today"),
        ("assessed-present", {}, "cannot be said about this"),
    )
    for say, more, why in lacks:
        assert why in seat.tap(row, say, **more)
        assert seat.status == 422
    assert seat.post("act", {"item": "g0123456789", "version": "", "say": "done-today"}) or seat.status == 409
    assert seat.tap(row, "needs-plan-help", why=["transport", "cost"], agreed="yes").startswith("Needs the plan's help")


# --- who may say what -------------------------------------------------------------------------------------------------


def test_only_a_clinician_assesses_and_a_forged_form_is_refused_with_what_to_do(clinic: House) -> None:
    seat = sit(clinic, CHRONIC, "ma")
    row = seat.row("prompt")
    assert not [say for say in seat.answers(row) if say.startswith("assessed")]
    told = seat.tap(row, "assessed-present")
    assert (seat.status, "Ask the clinician of this visit" in told) == (403, True)
    gap = seat.row()
    assert "Ask the clinician" in seat.tap(gap, "not-appropriate/clinically-not-indicated")
    assert seat.tap(gap, "not-appropriate/other").startswith("Not appropriate")
    assert "refused: not-clinician" in audited(clinic, "record-action")


@pytest.mark.parametrize(
    ("changes", "options", "why"),
    [
        ({"status": "finished"}, {}, "the visit is finished"),
        ({"days_ago": 1}, {}, "of another day"),
        ({}, {"encounter": "none"}, "opened without a visit"),
    ],
)
def test_a_condition_is_assessed_under_todays_unfinished_visit_alone(
    clinic: House, changes: dict[str, Any], options: dict[str, str], why: str
) -> None:
    if changes:
        visit(clinic, CHRONIC, **changes)
    seat = sit(clinic, CHRONIC, **options)
    row = seat.row("prompt")
    assert not [say for say in seat.answers(row) if say.startswith("assessed")]
    assert "data-assess" in seat.html
    assert why in seat.tap(row, "assessed-not-present/never-had-condition")
    assert seat.status == 403


def test_a_visit_that_has_ended_since_the_panel_was_drawn_is_not_assessed_in(clinic: House) -> None:
    seat = sit(clinic, "removal-candidate")
    row = seat.row("prompt")
    assert "assessed-present" in seat.answers(row)
    visit(clinic, "removal-candidate", status="finished")
    assert "the visit is finished" in seat.tap(row, "assessed-present")
    assert seat.status == 403


def test_who_may_not_act_or_see_finds_no_button_and_no_word_of_conditions(clinic: House) -> None:
    doctor = sit(clinic, "both-models")
    doctor.tap(doctor.row("prompt"), "assessed-present")
    manager = sit(clinic, "both-models", "mgr")
    assert not manager.soup.select('button[name="say"]')
    assert "Assessed" not in manager.text
    nobody = sit(clinic, "both-models", "privacy")
    assert nobody.post("act", {"item": "g0123456789", "say": "done-today"}) == ""
    assert nobody.status == 403


def test_a_launch_without_a_visit_records_and_sends_nothing(clinic: House) -> None:
    seat = sit(clinic, "abnormal-cervical", encounter="none")
    assert "nothing is sent to a payer" in seat.text
    assert "Not sent: no visit." in seat.tap(seat.row(), "patient-declined") or "data-unsent" in seat.html
    store = open_store(clinic.settings)
    try:
        with store.read() as tx:
            patient = f"{clinic.ehr}/main/fhir|{clinic.scenarios['abnormal-cervical'].patient_id}"
            assert recorded.of_patient(tx, patient)
            assert not outbox.of_patient(tx, patient)
    finally:
        store.close()


def test_not_this_patient_hides_the_payers_report_for_everyone(clinic: House) -> None:
    seat = sit(clinic, "two-payers")
    (say,) = [say for say in seat.answers(seat.row(number=1)) if say.startswith("wrong-patient/")]
    seat.tap(seat.row(number=1), say)
    assert seat.status == 200
    assert "lakeside" not in {str(row["data-payer"]) for row in sit(clinic, "two-payers").soup.select("[data-kind]")}


def test_a_write_from_elsewhere_is_refused(clinic: House) -> None:
    seat = sit(clinic, OPEN)
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for where in ("act", "undo"):
            assert seat.session.post(f"{seat.url}{where}", headers=headers, timeout=20).status_code == 403


# --- sent, and confirmed ----------------------------------------------------------------------------------------------


def test_what_was_said_leaves_when_the_visit_ends_and_the_row_says_how_far_it_has_come(clinic: House) -> None:
    story = "three-contracts"
    seat = sit(clinic, story)
    told = seat.tap(seat.row(), "ordered")
    assert "Leaves for" in told
    assert "takes no replies" in told, "one of the three plans speaks a guide without replies"
    clinic.leave()
    assert not ordered(clinic)
    visit(clinic, story, status="finished")
    clinic.clock.ahead += FIVE_MINUTES
    seat.look()
    clinic.leave()
    assert len(ordered(clinic)) == 1
    assert "Sent to Northwind Health Plan today." in said(sit(clinic, story).html, "")
    clinic.leave()
    assert len(ordered(clinic)) == 1


def test_undone_within_the_visit_nothing_leaves(clinic: House) -> None:
    story = "kidney-evaluation"
    seat = sit(clinic, story)
    row = seat.soup.select('[data-kind="gap"]')[0]
    seat.tap(row, "patient-declined")
    seat.undo(seat.by_id(str(row["id"])))
    visit(clinic, story, status="finished")
    clinic.clock.ahead += FIVE_MINUTES
    seat.look()
    clinic.leave()
    assert not [each for each in clinic.received("northwind") if each["code"] == "patient-refused"]


def test_never_had_can_be_said_of_what_a_payer_only_counts_and_stands_on_the_compliance_list(clinic: House) -> None:
    seat = sit(clinic, "superseded-category")
    paths = {a["href"] for a in seat.soup.select('[data-fold="nothing-to-do"] .lines a.why-link')}
    said_it = []
    for path in sorted(paths):
        page = Seat(clinic, seat.session, seat.url, seat.session.get(f"{clinic.app}{path}", timeout=20).text)
        never = "assessed-not-present/never-had-condition"
        if never in {each["value"] for each in page.soup.select('button[name="say"]')}:
            said_it.append(page.tap(page.soup.select(".counted")[0], never, script=False))
    assert said_it
    assert all(words.startswith("Assessed, not present: never had it") for words in said_it)
    assert audited(clinic, "compliance-line")


def test_what_a_later_answer_replaced_leaves_after_all_once_that_is_undone(clinic: House) -> None:
    story = "vendor-field"
    seat = sit(clinic, story)
    row = str(seat.row("prompt")["id"])
    seat.tap(seat.by_id(row), "assessed-present")
    seat.tap(seat.by_id(row), "assessed-not-present/inactive-condition")
    seat.undo(seat.by_id(row))
    assert "needs the plan" in seat.tap(seat.by_id(row), "needs-plan-help", why=["cost"]).lower()
    before = len(clinic.received("northwind"))
    clinic.visit(story, "finished")
    clinic.clock.ahead += FIVE_MINUTES
    seat.look()
    clinic.leave()
    codes = [each["code"] for each in clinic.received("northwind")[before:]]
    assert "assessed-present" in codes
    assert "assessed-not-present" not in codes


def test_of_what_a_payer_does_not_name_nobody_says_anything(clinic: House) -> None:
    """Every group of a report is answered once at the end of the visit: by a person, or by what the software did."""
    story = "every-category"
    seat = sit(clinic, story)
    for link in seat.soup.select('a[href*="/why/h"]'):
        page = seat.session.get(f"{clinic.app}{link['href']}", timeout=20).text
        assert ("data-assess" in page or 'name="say"' in page) != ("does not name" in link.get_text())
    seat.tap(seat.row("prompt"), "assessed-not-present/never-had-condition")
    assert seat.status == 200
    before = len(clinic.received("northwind"))
    clinic.visit(story, "finished")
    clinic.clock.ahead += FIVE_MINUTES
    seat.look()
    clinic.leave()
    came = clinic.received("northwind")[before:]
    assert sorted(each["code"] for each in came) == [
        "assessed-not-present", "not-assessed", "not-ingested", "not-presented", "not-presented", "not-presented",
    ]  # fmt: skip
    assert {each["times"] for each in came} == {1}
    assert len({each["group"] for each in came}) == len(came)


# From here on the clock goes on to other days: what is recorded under today's visit stands above.


def test_the_payer_confirms_and_what_it_opens_again_comes_back_to_who_said_it(clinic: House) -> None:
    story = CHRONIC
    seat = sit(clinic, story)
    seat.tap(seat.row("prompt"), "assessed-not-present/inactive-condition")
    visit(clinic, story, status="finished")
    clinic.clock.ahead += FIVE_MINUTES
    seat.look()
    clinic.leave()
    assert "not confirmed" in said(sit(clinic, story).html, "")
    clinic.clock.ahead += timedelta(days=1)
    clinic.run("northwind", "accept")
    assert judged(clinic, story) == {Judged.CONFIRMED}
    clinic.clock.ahead += timedelta(days=1)
    clinic.run("northwind", "reopen")
    assert judged(clinic, story) == {Judged.REOPENED}
    told = said(sit(clinic, story).html, "")
    assert "You recorded it." in told
    assert "Northwind Health Plan has opened it again." in told


def test_what_a_payer_finds_wrong_with_what_it_was_sent_comes_back_with_its_words(clinic: House) -> None:
    story, before = "payer-rejects", came_back(clinic)
    seat = sit(clinic, story)
    seat.send(seat.soup.select('[data-kind="gap"][data-state="done-here"]')[0])
    clinic.leave()
    clinic.clock.ahead += timedelta(days=1)
    clinic.run("northwind")
    again = sit(clinic, story)
    told = said(again.html, "")
    assert "You recorded it. Northwind Health Plan has rejected it." in told
    assert "It writes: “Attribute is Invalid: What was sent does not satisfy the measure”" in told
    assert (came_back(clinic), came_back(clinic, "np")) == (before + 1, 0)
    again.tap(again.soup.select('[data-kind="gap"]')[0], "patient-declined")
    assert came_back(clinic) == before, "somebody has answered it"


def came_back(clinic: House, user: str = "dr") -> int:
    """How much the schedule says has come back to whoever opens it."""
    mark = BeautifulSoup(clinic.open_morning(user=user).text, "html.parser").select_one("[data-came-back]")
    return int(mark.get_text().split()[1]) if mark else 0


def test_what_was_ordered_is_overdue_the_day_after_and_seen_at_the_next_launch(clinic: House) -> None:
    story, ahead = "due-later", clinic.clock.ahead
    seat = sit(clinic, story)
    seat.tap(seat.soup.select('[data-kind="gap"]')[0], "ordered")
    due = next(iter(followed(clinic, story))).due
    here = (clinic.clock().astimezone(CLINIC_TZ)).date()
    try:
        clinic.clock.ahead = ahead + (due - here)
        assert not sit(clinic, story).soup.select("[data-overdue]")
        clinic.clock.ahead += timedelta(days=1)
        late = sit(clinic, story).soup.select("[data-overdue]")
        assert "nothing has come" in " ".join(each.get_text() for each in late)
    finally:
        clinic.clock.ahead = ahead


def followed(clinic: House, story: str) -> tuple[FollowUp, ...]:
    store = open_store(clinic.settings, clock=clinic.clock)
    try:
        with store.read() as tx:
            return follow_ups.of_patient(tx, f"{clinic.ehr}/main/fhir|{clinic.scenarios[story].patient_id}")
    finally:
        store.close()


def judged(clinic: House, story: str) -> set[Judged]:
    """What a look at the patient finds of what was sent about gaps."""
    sit(clinic, story)
    store = open_store(clinic.settings)
    try:
        with store.read() as tx:
            patient = f"{clinic.ehr}/main/fhir|{clinic.scenarios[story].patient_id}"
            return {each.judged for each in outbox.of_patient(tx, patient) if each.code == "assessed-not-present"}
    finally:
        store.close()


def ordered(clinic: House) -> list[dict[str, Any]]:
    return [each for each in clinic.received("northwind") if each["code"] == "order-placed"]
