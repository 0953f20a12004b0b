"""What somebody recorded, in a row of the morning schedule: answered items are no steps, broken promises are."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Fact
from app.core.flag import Card, Panel, PayerAnswers
from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back, Now
from app.core.ledger.item import of_panel
from app.core.ledger.outgoing import FollowUp, Judged, Ledger
from app.core.ledger.verb import Kind, Verb
from app.core.ledger.visible import without_prompts
from app.core.schedule.paper import printable
from app.core.schedule.row import RECORDED, Owner, Row
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    OTHER,
    TODAY,
    category,
    chart,
    fact,
    few,
    gap,
    hba1c,
    loinc,
    payer,
)
from tests.core.recorded import action, at, follow_up, item, ledger, message
from tests.core.scheduled import RECONCILED, every, keys, panel_of, row, visited

ORDER = fact("ServiceRequest", loinc("4548-4", "HbA1c"), "2026-11-10", intent="order")
LATE = TODAY - timedelta(days=3)
NOW = Now(TODAY)
GAPS = (HBA1C, BREAST, COLORECTAL, RECONCILED, OTHER)


def said(verb: Verb, answers: PayerAnswers, *facts: Fact, n: int = 0, **other: Any) -> Action:
    """An action of today about the n-th item of what was drawn before."""
    return action(verb, of_panel(panel_of(chart(*facts), answers), TODAY)[n], **(other | {"encounter": ""}))


def seen(of: Ledger, *payers: PayerAnswers, facts: tuple[Fact, ...] = (), **other: Any) -> tuple[Row, Panel]:
    """The row and the panel that it is made of."""
    made = chart(*facts)
    panel = panel_of(made, *payers, ledger=of, now=NOW)
    return row(*payers, made=made, panel=panel, ledger=of, now=NOW, **other), panel


# --- what is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [Verb.DECLINED, Verb.NOT_NOW, Verb.ALREADY_DONE, Verb.NOT_APPROPRIATE, Verb.ORDERED])
def test_what_somebody_has_answered_is_no_step_and_counted_as_answered_alone(verb: Verb) -> None:
    asked = payer([gap(HBA1C), gap(BREAST)])
    made, _ = seen(ledger(said(verb, asked)), asked)
    assert len(every(made)) == 1
    assert (made.counts.today, made.counts.answered) == (1, 1)
    assert printable(made)[0].counts.answered == 0


def test_what_was_put_off_is_a_step_again_on_the_next_day() -> None:
    asked = payer([gap(HBA1C)])
    put_off = said(Verb.NOT_NOW, asked, at=at(TODAY - timedelta(days=1)))
    (step,) = every(seen(ledger(put_off), asked)[0])
    assert (step.key, step.act, step.back) == ("glycaemic-status", "order-hba1c", Back.NEXT_VISIT)


def test_a_reconciliation_that_was_declined_does_not_come_back_as_a_step_of_ours() -> None:
    stay, asked = visited("2026-10-28", "IMP", until="2026-11-08"), payer([gap(RECONCILED)])
    assert keys(seen(ledger(), asked, facts=(stay,))[0]) == ["medication-reconciliation"]
    declined = said(Verb.DECLINED, asked, stay)
    assert keys(seen(ledger(declined), asked, facts=(stay,))[0]) == []


# --- promises that are overdue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "what", "owner", "act"),
    [
        (Verb.ORDERED, "result", Owner.CLINICIAN, "await-result"),
        (Verb.ALREADY_DONE, "record", Owner.FRONT_DESK, "request-record"),
        (Verb.DONE, "evidence", Owner.MEDICAL_ASSISTANT, "check-chart"),
        (Verb.NOT_NOW, "visit", Owner.CLINICIAN, "order-hba1c"),  # whose day has come: it is done, and not booked
    ],
)
def test_a_promise_that_is_overdue_is_the_step_of_its_card(verb: Verb, what: str, owner: Owner, act: str) -> None:
    asked = payer([gap(HBA1C)])
    told = said(verb, asked, at=at(LATE - timedelta(days=30)), until=LATE if verb is Verb.NOT_NOW else None)
    promised = follow_up(what=what, due=LATE, owner="front-desk" if what == "visit" else owner.value)
    made, _ = seen(ledger(told, follow_ups=(promised,)), asked)
    (step,) = every(made)
    assert (step.key, step.act, step.owner) == ("glycaemic-status", act, owner)
    assert (step.promise, step.due, step.back) == (what, LATE, Back.OVERDUE)
    assert (made.counts.today, made.counts.answered) == (1, 0)
    assert bool(made.labs) is (act == "order-hba1c")
    on_time, _ = seen(ledger(told, follow_ups=(replace(promised, due=TODAY),)), asked)
    assert [s.promise for s in every(on_time)] == ([] if what != "visit" else [""])


def test_an_order_in_the_chart_is_a_step_once_its_promise_is_overdue() -> None:
    asked = payer([gap(HBA1C)])
    told = said(Verb.ORDERED, asked, ORDER, at=at(LATE - timedelta(days=30)))
    made, _ = seen(ledger(told, follow_ups=(follow_up(due=LATE),)), asked, facts=(ORDER,))
    assert [(step.act, step.promise) for step in every(made)] == [("await-result", "result")]
    assert (made.counts.ordered, made.counts.staff) == (0, 1)


def test_the_plans_help_is_asked_about_beside_what_is_still_to_do() -> None:
    asked = payer([gap(HBA1C)])
    told = said(Verb.NEEDS_HELP, asked, at=at(LATE - timedelta(days=7)))
    promised = follow_up(what="help", due=LATE, owner="care-coordinator")
    made, _ = seen(ledger(told, follow_ups=(promised,)), asked)
    assert [(s.key, s.act, s.owner, s.due) for s in every(made) if not s.of_card] == [
        (f"{RECORDED}f1", "ask-plan-help", Owner.CARE_COORDINATOR, LATE)
    ]
    assert [s.act for s in every(made) if s.of_card] == ["order-hba1c"]
    assert made.counts.today == 1


def test_a_promise_without_its_card_is_a_step_of_its_own_when_everything_has_answered() -> None:
    promised = ledger(action(Verb.ORDERED), follow_ups=(follow_up(due=LATE),))
    made, _ = seen(promised, payer([]))
    (step,) = every(made)
    assert (step.act, step.service, step.quoted, step.owner) == ("await-result", "HbA1c test", False, Owner.CLINICIAN)
    assert (step.promise, step.due, made.counts.today, made.counts.staff) == ("result", LATE, 0, 0)
    assert every(seen(promised, payer([]), complete=False)[0]) == ()


def test_what_has_come_since_is_promised_no_more() -> None:
    promised = ledger(action(Verb.ORDERED), follow_ups=(follow_up(due=LATE, at=at(LATE - timedelta(days=30))),))
    came = hba1c("7.0", str(LATE))
    made, panel = seen(promised, payer([gap(HBA1C)]), facts=(came,))
    assert dict(panel.kept) == {"f1": "evidence"}
    assert [step.promise for step in every(made)] == [""]


# --- conditions -------------------------------------------------------------------------------------------------------


def test_a_promise_about_a_condition_is_a_step_that_does_not_name_it_and_is_never_on_paper() -> None:
    told = action(Verb.NEEDS_HELP, item(Kind.PROMPT, label="Heart failure", keys=("hcc/226@2026",)))
    promised = follow_up(what="help", label="Heart failure", keys=("hcc/226@2026",), due=LATE, owner="clinician")
    whole = ledger(told, follow_ups=(promised,))
    made, _ = seen(whole, payer([]))
    (step,) = every(made)
    assert (step.act, step.service, step.owner, step.sensitive) == ("see-to-condition", "", Owner.CLINICIAN, True)
    paper, left_out = printable(made)
    assert (every(paper), left_out) == ((), 1)
    assert every(seen(without_prompts(whole), payer([]), may_see_prompts=False)[0]) == ()


def test_a_condition_that_a_payer_contradicts_is_a_step_of_the_clinician() -> None:
    asked = payer([], [category("226", "Heart failure", "I50.9")])
    told = said(Verb.NOT_PRESENT, asked)
    assert seen(ledger(told), asked)[0].counts.prompts == 0
    rejected = message(told, code="assessed-not-present", judged=Judged.REJECTED)
    made, _ = seen(ledger(told, messages=(rejected,)), asked)
    assert made.counts.prompts == 1
    assert [(s.act, s.owner, s.sensitive) for s in every(made)] == [("look-again-condition", Owner.CLINICIAN, True)]


# --- conflicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [(), (ORDER,)])
def test_what_a_payer_contradicts_is_a_step_again(facts: tuple[Fact, ...]) -> None:
    asked = payer([gap(HBA1C)])
    told = said(Verb.ALREADY_DONE, asked, *facts)
    made, _ = seen(ledger(told, messages=(message(told, judged=Judged.REJECTED),)), asked, facts=facts)
    assert [(step.key, step.back) for step in every(made)] == [("glycaemic-status", Back.CONFLICT)]
    assert (made.counts.ordered, made.counts.answered) == (0, 0)


# --- counts -----------------------------------------------------------------------------------------------------------

VERBS = (Verb.DECLINED, Verb.NOT_NOW, Verb.ORDERED, Verb.DONE, Verb.NEEDS_HELP)


@given(
    st.lists(st.sampled_from(GAPS), unique=True, min_size=1),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(VERBS), st.integers(0, 40)), max_size=4),
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["result", "help", "visit"]), st.integers(-3, 3)), max_size=3
    ),
)
@few
def test_every_card_is_in_one_count_whatever_was_recorded(
    asked: list[Any], told: list[tuple[int, Verb, int]], promised: list[tuple[int, str, int]]
) -> None:
    answers = payer([replace(gap(each), group_id=f"g{n}") for n, each in enumerate(asked)])
    items = of_panel(panel_of(chart(ORDER), answers), TODAY)
    actions = [
        action(verb, items[n % len(items)], id=f"a{at_}", number=at_ + 1, encounter="", at=at(TODAY - timedelta(days)))
        for at_, (n, verb, days) in enumerate(told)
    ]
    follow_ups: list[FollowUp] = [
        follow_up(id=f"f{at_}", what=what, keys=items[n % len(items)].keys, due=TODAY + timedelta(days), action="a0")
        for at_, (n, what, days) in enumerate(promised)
    ]
    made, panel = seen(ledger(*actions, follow_ups=tuple(follow_ups)), answers, facts=(ORDER,))
    counts = made.counts
    shown: tuple[Card, ...] = (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded)
    to_do = counts.today + counts.next_visit + counts.staff + counts.unclear
    assert to_do + counts.ordered + counts.excluded == len(shown)
    assert counts.answered == len(panel.put_away) + len(panel.settled)
    assert to_do == sum(step.of_card for step in every(made))
    assert {step.key for step in every(made) if step.of_card} <= {card.act for card in shown}
    late = [each for each in follow_ups if each.due < TODAY and each.id not in dict(panel.kept)]
    assert len(late) == sum(bool(step.promise) for step in every(made))
    assert all(step.due is not None and step.due < date(2026, 11, 21) for step in every(made) if step.promise)
    assert len(set(keys(made))) == len(keys(made))
