"""The words around what leaves: everything that can happen has words, and a patient's line speaks of no plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.actions.ordering import Drafted
from app.core.flag import Card
from app.core.ledger.minimum import Least, Unfit
from app.core.ledger.minimum_rows import ROWS
from app.core.ledger.offer import NEVER, Held, Offer, Why
from app.core.ledger.ordering import ORDER, ORDERABLES, Possible, possible
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.practice import Practice
from app.core.report import Measure
from app.core.schedule.acts import ACTS
from app.core.sensitive import Topic
from app.web.present.orders import line_text, offered, task_text, view
from app.web.present.sending import element_words, leaving, state_words, told_nothing
from tests.core.made import BREAST, COLORECTAL, HBA1C, TODAY, YEAR, build, chart, gap, payer

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=ZoneInfo("America/New_York"))
AT = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)  # 09:02 there
OFFER = Offer("northwind", "care-gaps", "r1", ("g1",), HBA1C, YEAR, Why.SETTLES, ())
RESULT = Least(
    {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"code": "4548-4", "display": "HbA1c"}]},
        "effectiveDateTime": "2026-09-14T08:45:00-05:00",
        "valueQuantity": {"value": 7.1, "unit": "%"},
    },
    ("meta", "note", "referenceRange", "somethingNew"),
)
ENVELOPE = {"path": "Measure/$submit-data", "headers": {"X-Provenance": "{}"}, "content": '{\n  "a": 1\n}'}
MESSAGE = Message("m1", Sends.EVIDENCE, "northwind", Post.WAITING, AT)
PRACTICE = Practice("Alder Street Clinic", "1982345678", "555-0100")


def test_what_leaves_is_in_words_and_as_it_is() -> None:
    shown = leaving(
        OFFER, "Northwind", NOW, at=AT, draft="d", message="m", entries=(RESULT,), envelope=ENVELOPE,
        practice=PRACTICE, author="Dr. Wren Castellane",
    )  # fmt: skip
    (entry,) = shown.entries
    assert [(line.label, line.words) for line in entry.lines] == [
        ("What", "HbA1c (4548-4)"),
        ("When", "14 Sep 2026, 08:45"),
        ("Result", "7.1 %"),
        ("Status", "final"),
    ]
    assert entry.left_out == "Stays here: tags and labels, notes, reference range and something new."
    assert shown.exact == 'POST Measure/$submit-data\nX-Provenance: {}\n\n{\n  "a": 1\n}'
    assert shown.about[-1] == "In the name of Dr. Wren Castellane, Alder Street Clinic (NPI 1982345678)."
    assert (shown.label, shown.read) == ("Send to Northwind", "Read from the chart at 09:02.")


@pytest.mark.parametrize("held", Held)
def test_what_is_held_back_has_a_reason_and_nothing_else(held: Held) -> None:
    topic = Topic.BEHAVIOURAL if held is Held.SENSITIVE else None
    shown = leaving(replace(OFFER, topic=topic), "Northwind", NOW, at=AT, held=held, unfit=(Unfit.STATUS,))
    assert shown.held.startswith(("Not sent: ", "Held back: "))
    assert (shown.entries, shown.exact, shown.draft, shown.label) == ((), "", "", "")


def test_a_payer_that_a_restriction_keeps_out_is_named() -> None:
    shown = told_nothing("Lakeside")
    assert (shown.payer, shown.draft, shown.entries) == ("Lakeside", "", ())
    assert "restriction" in shown.held


@pytest.mark.parametrize("topic", Topic)
def test_a_policy_is_named_only_where_it_is_one(topic: Topic) -> None:
    shown = leaving(replace(OFFER, topic=topic), "Northwind", NOW, at=AT, held=Held.SENSITIVE)
    assert ("Your practice" in shown.held) is (topic not in NEVER)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (MESSAGE, "On its way to Northwind since 09:02."),
        (replace(MESSAGE, post=Post.SENT, sent_at=AT), "Sent to Northwind 20 Nov 2026, today; not confirmed yet."),
        (
            replace(MESSAGE, post=Post.SENT, sent_at=AT - timedelta(days=23)),
            "Sent to Northwind 28 Oct 2026, 3 weeks ago; not confirmed yet.",
        ),
        (
            replace(MESSAGE, post=Post.SENT, sent_at=AT, confirmable=False),
            "Sent to Northwind 20 Nov 2026, today; this plan does not confirm.",
        ),
        (
            replace(MESSAGE, post=Post.SENT, sent_at=AT, judged=Judged.CONFIRMED),
            "Sent to Northwind 20 Nov 2026, today; the plan has confirmed it.",
        ),
    ],
)
def test_where_it_is_is_said(message: Message, says: str) -> None:
    assert state_words(message, "Northwind", NOW) == says


def test_every_element_that_may_leave_has_words_of_its_own() -> None:
    for shape in ROWS.values():
        for name in shape:
            assert element_words(name) == element_words(name).lower()
            assert " " in element_words(name) or name.islower() or element_words(name) != name


# --- drafts -----------------------------------------------------------------------------------------------------------

ALL = {"ServiceRequest": True, "Task": True, "DocumentReference": True}


def of(measure: Measure) -> tuple[Card, Possible]:
    found = build(chart(), payer((gap(measure),)))
    card = (*found.gaps, *found.more_gaps)[0]
    return card, possible(card, TODAY, 63)


@pytest.mark.parametrize("measure", [HBA1C, COLORECTAL, BREAST])
def test_a_patients_line_is_plain_and_speaks_of_no_plan(measure: Measure) -> None:
    card, what = of(measure)
    text = line_text(card, what, PRACTICE)
    assert text.startswith(("Please ", "You are due "))
    assert text.endswith("Questions? Call us at 555-0100.")
    assert not {"plan", "payer", "measure", "gap", "insurance", "northwind"} & set(text.casefold().split())


def test_a_task_does_not_say_the_same_thing_twice() -> None:
    card, _ = of(HBA1C)
    assert task_text(card) == "Order an HbA1c test"


def test_where_nothing_may_be_written_all_of_it_is_text() -> None:
    card, what = of(HBA1C)
    for writes, visit in (({kind: False for kind in ALL}, True), (ALL, False)):
        shown = view(card, what, (), writes=writes, visit=visit, practice=PRACTICE, now=NOW, back_url="/")
        assert shown.offers
        assert not any(each.label for each in shown.offers)
        assert "copy the text" in " ".join(shown.lead)
        assert shown.offers[0].text == "HbA1c. LOINC 4548-4: Hemoglobin A1c/Hemoglobin.total in Blood."


def test_what_is_drafted_is_not_offered_again_and_what_was_taken_back_is() -> None:
    card, what = of(HBA1C)
    (_, text, _), *_ = offered(card, what, PRACTICE)
    message = replace(MESSAGE, kind=Sends.EHR, post=Post.SENT, sent_at=AT)
    for post, again in ((Post.SENT, False), (Post.WAITING, False), (Post.DEAD, False), (Post.WITHDRAWN, True)):
        drafted = (Drafted(replace(message, post=post), ORDER, text, "Maria Silva"),)
        shown = view(card, what, drafted, writes=ALL, visit=True, practice=PRACTICE, now=NOW, back_url="/")
        assert any(each.title == "Draft order" for each in shown.offers) is again
        assert shown.drafted[0].again is (post in (Post.WAITING, Post.DEAD))


@pytest.mark.parametrize("trouble", ["slow", "down", "cannot-look", "not-taken", "no-scope", "something-new", ""])
def test_what_is_not_written_yet_says_why(trouble: str) -> None:
    card, what = of(HBA1C)
    message = replace(MESSAGE, kind=Sends.EHR, trouble=trouble, payer_words="no such code")
    drafted = (Drafted(message, ORDER, "HbA1c", ""),)
    shown = view(card, what, drafted, writes=ALL, visit=True, practice=PRACTICE, now=NOW, back_url="/")
    assert shown.drafted[0].state.startswith("Not written yet")
    assert "The EHR says: “no such code”." in shown.drafted[0].state


def test_every_act_that_orders_something_is_known_to_the_team() -> None:
    assert set(ORDERABLES) <= set(ACTS)
