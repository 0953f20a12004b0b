"""How an item stands, what was promised about it, and when that is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.flag import Panel
from app.core.ledger import keeping, machine, promises, standing
from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back
from app.core.ledger.item import of_card
from app.core.ledger.outgoing import FollowUp, Judged, Ledger, Message, Post, Sends
from app.core.ledger.standing import Standing
from app.core.ledger.verb import Kind, Leg, Stage, Verb
from app.core.report import GapStatus
from tests.core.made import (
    HBA1C,
    NOW,
    OTHER,
    TODAY,
    build,
    chart,
    colonoscopy,
    gap,
    hba1c,
    lakeside,
    payer,
    steady,
    stool,
)
from tests.core.recorded import TARGET, VISIT, action, at, follow_up, item, ledger, message

OLD = replace(TARGET, dialect="deqm-us-3.1.0")
words = st.tuples(
    st.sampled_from(machine.VERBS[Kind.GAP]), st.booleans(), st.sampled_from(Post), st.sampled_from(Judged)
)


def of(*actions: Action, messages: tuple[Message, ...] = (), days: int = 0, **other: Any) -> Standing:
    about = actions[-1].item if actions else item()
    return standing.of(about, ledger(*actions, messages=messages), TODAY + timedelta(days=days), **other)


def test_nothing_was_said() -> None:
    assert of() == Standing()


def test_from_done_here_to_confirmed_with_the_day_of_each() -> None:
    made = action(Verb.ALREADY_DONE, evidence=("Observation/1",))
    held = message(made, post=Post.HELD, sent_at=None)
    sent = message(made, sent_at=at(TODAY + timedelta(days=1)))
    confirmed = replace(sent, judged=Judged.CONFIRMED, judged_at=at(TODAY + timedelta(days=20)))
    found = of(made, messages=(held,), encounter=VISIT)
    assert (found.stage, found.leg, found.since, found.this_visit) == (Stage.ALREADY_DONE, Leg.HERE, made.at, True)
    found = of(made, messages=(sent,), days=24)
    assert (found.leg, found.since, found.this_visit) == (Leg.SENT, sent.sent_at, False)
    found = of(made, messages=(confirmed,), days=24)
    assert (found.leg, found.since) == (Leg.CONFIRMED, confirmed.judged_at)
    found = of(made, messages=(sent,), days=60)
    assert (found.leg, found.since, found.back) == (Leg.LATE, sent.sent_at, Back.LATE)
    assert of(made, messages=(sent,), days=60, confirm_days={"northwind": 60}).leg is Leg.SENT


def test_a_conflict_names_the_message_and_comes_first() -> None:
    made = action(Verb.ALREADY_DONE, evidence=("Observation/1",))
    good = message(made, id="m1", to="lakeside", judged=Judged.CONFIRMED)
    bad = message(made, id="m2", judged=Judged.REOPENED, judged_at=at(TODAY))
    found = of(made, messages=(good, bad))
    assert found.leg is Leg.CONFLICT
    assert found.conflicts == (bad,)
    assert (found.put_away, found.settled) == (False, False)
    assert [leg for _, leg in found.legs] == [Leg.CONFIRMED, Leg.CONFLICT]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (action(Verb.ORDERED, encounter=""), (("", "no-visit"),)),
        (action(Verb.ORDERED, item(Kind.FINDING, targets=())), (("", "no-payer"),)),
        (action(Verb.DONE), (("northwind", "no-code"),)),
        (
            action(Verb.ORDERED, item(targets=(replace(TARGET, dialect="deqm-us-3.1.0"),))),
            (("northwind", "no-remarks"),),
        ),
        (action(Verb.ORDERED), ()),
    ],
)
def test_why_nothing_leaves(made: Action, expected: tuple[tuple[str, str], ...]) -> None:
    found = of(made)
    assert found.not_sent == expected
    assert found.leg is Leg.HERE


def test_what_was_kept_back_says_why() -> None:
    made = action(Verb.ORDERED)
    kept_back = message(made, post=Post.WITHDRAWN, trouble="restriction", sent_at=None)
    found = of(made, messages=(kept_back,))
    assert found.not_sent == (("northwind", "restriction"),)
    assert found.messages == ()


def test_the_newest_word_stands_and_the_others_are_named() -> None:
    first, second = action(Verb.ORDERED), action(Verb.DONE, id="a2", number=2)
    third = action(Verb.DECLINED, id="a3", number=3, undone_at=NOW)
    before = action(Verb.NOT_NOW, id="a0", number=0)
    old = message(first, code="order-placed", judged=Judged.STILL_OPEN)
    found = of(before, first, second, third, messages=(old,))
    assert (found.stage, found.action, found.others) == (Stage.DONE, second, (first, before))
    assert found.messages == ()  # what the earlier word has sent is no word of this one
    evidence = replace(old, id="m2", kind=Sends.EVIDENCE, code="")
    assert of(first, second, messages=(old, evidence)).messages == (evidence,)


@steady
@given(st.lists(words, max_size=6), st.integers(0, 200))
def test_each_message_of_an_item_is_counted_in_exactly_one_leg(said: list[Any], days: int) -> None:
    actions, out = [], []
    for n, (verb, gone, post, judged) in enumerate(said, 1):
        actions.append(action(verb, id=f"a{n}", number=n, undone_at=NOW if gone else None))
        out.append(message(actions[-1], id=f"m{n}", post=post, judged=judged))
    found = standing.of(item(), Ledger(tuple(actions), tuple(out)), TODAY + timedelta(days=days))
    assert [each for each, _ in found.legs] == list(found.messages)
    assert len({each.id for each in found.messages}) == len(found.messages)
    assert (found.leg is None) == (found.stage is Stage.OPEN)
    assert not (found.put_away and found.settled)


# --- promises ---------------------------------------------------------------------------------------------------------


def promised(made: Action) -> FollowUp | None:
    found = promises.follow_ups(made, made.item, TODAY)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("made", "what", "owner", "days"),
    [
        (action(Verb.ORDERED), "result", "clinician", 30),  # the rule's own order days
        (action(Verb.ORDERED, item(keys=("breast-screening@2026",))), "result", "clinician", 90),
        (action(Verb.ORDERED, item(keys=("colorectal-screening/follow-up@2026",))), "result", "clinician", 120),
        (action(Verb.ORDERED, item(keys=("measure/x|y@2026",))), "result", "clinician", 30),
        (action(Verb.ALREADY_DONE), "record", "front-desk", 14),
        (action(Verb.DONE), "evidence", "medical-assistant", 7),
        (action(Verb.NEEDS_HELP), "help", "care-coordinator", 7),
        (action(Verb.NOT_NOW, until=TODAY + timedelta(days=50)), "visit", "front-desk", 50),
    ],
)
def test_what_was_promised_has_an_owner_and_a_day(made: Action, what: str, owner: str, days: int) -> None:
    found = promised(made)
    assert found is not None
    assert (found.what, found.owner, found.due) == (what, owner, TODAY + timedelta(days=days))
    assert (found.keys, found.action, found.by) == (made.item.keys, made.id, made.by)


@pytest.mark.parametrize(
    "made",
    [
        action(Verb.DECLINED),
        action(Verb.NOT_NOW),
        action(Verb.NOT_APPROPRIATE),
        action(Verb.PRESENT, item(Kind.PROMPT)),
        action(Verb.ALREADY_DONE, evidence=("Procedure/1",)),
        action(Verb.DONE, item(state="done-here")),
    ],
)
def test_what_promises_nothing_leaves_nothing_open(made: Action) -> None:
    assert promised(made) is None


def test_it_is_overdue_the_day_after() -> None:
    made = follow_up(due=TODAY)
    assert not promises.is_overdue(made, TODAY)
    assert promises.is_overdue(made, TODAY + timedelta(days=1))
    assert not promises.is_overdue(replace(made, done_at=NOW), TODAY + timedelta(days=9))


def test_a_later_word_takes_the_place_of_what_the_earlier_one_promised() -> None:
    other = follow_up(id="f2", keys=("breast-screening@2026",))
    done = follow_up(id="f3", done_at=NOW)
    second = action(Verb.DONE, id="a2", number=2)
    own = follow_up(id="f4", action="a2")
    assert promises.replaced(second, (follow_up(), other, done, own)) == ("f1",)


# --- kept -------------------------------------------------------------------------------------------------------------


def kept(made: FollowUp, panel: Panel) -> str:
    return keeping.kept(made, panel)


def panel_of(*facts: Any, gaps: Any = None, follow: FollowUp | None = None, **other: Any) -> Panel:
    open_ones = (follow or follow_up(),)
    asked = [gap()] if gaps is None else gaps
    return build(chart(*facts, **other), payer(asked), ledger=Ledger(follow_ups=open_ones))


def test_a_result_in_the_chart_keeps_it_also_one_that_misses_the_target() -> None:
    made = follow_up(at=at(TODAY - timedelta(days=20)))
    assert kept(made, panel_of(follow=made)) == ""
    assert kept(made, panel_of(hba1c("6.8", "2026-11-10"), follow=made)) == "evidence"
    assert kept(made, panel_of(hba1c("10.2", "2026-11-10"), follow=made)) == "evidence"
    assert kept(made, panel_of(hba1c("10.2", "2026-03-01"), follow=made)) == ""  # that was why it was ordered


def test_what_was_ordered_in_december_may_come_in_january() -> None:
    made = follow_up(keys=("colorectal-screening/follow-up@2026",), at=at(date(2026, 12, 20)))
    known = chart(stool("Positive", "2026-09-01"), colonoscopy("2027-01-12"))
    later = build(known, payer([]), today=date(2027, 1, 19), ledger=Ledger(follow_ups=(made,)))
    assert kept(made, later) == "evidence"


def test_the_payers_own_word_keeps_it() -> None:
    made = follow_up()
    assert kept(made, panel_of(gaps=[gap(status=GapStatus.CLOSED)])) == "closed"
    both = (payer([gap(status=GapStatus.CLOSED)]), lakeside(gap(payer="lakeside", report_id="lk")))
    assert kept(made, build(chart(), *both, ledger=Ledger(follow_ups=(made,)))) == ""  # another payer waits for it
    assert kept(made, panel_of(gaps=[])) == ""  # it lists nothing: that says nothing
    assert kept(made, panel_of(gaps=[gap(OTHER, GapStatus.CLOSED)])) == ""


def test_the_follow_up_of_an_abnormal_result_is_kept_by_its_entry_and_by_nothing_that_is_missing() -> None:
    made = follow_up(keys=("colorectal-screening/follow-up@2026",), at=at(TODAY - timedelta(days=30)))
    fit = stool("Positive", "2026-09-01")
    assert kept(made, panel_of(fit, gaps=[], follow=made)) == ""
    assert kept(made, panel_of(fit, colonoscopy("2017-01-15"), gaps=[], follow=made)) == ""  # long before
    assert kept(made, panel_of(fit, colonoscopy("2026-11-15"), gaps=[], follow=made)) == "evidence"
    assert kept(made, panel_of(gaps=[], follow=made)) == ""  # the result itself is not to be seen any more
    assert kept(made, panel_of(gaps=[], unread=("Procedure",), follow=made)) == ""


def test_one_that_is_done_says_how() -> None:
    made = follow_up(done_at=NOW, done_how="person")
    assert kept(made, panel_of(follow=made)) == "person"


def test_what_was_ordered_about_a_card_is_found_by_its_item() -> None:
    plain = build(chart(), payer([gap(HBA1C)]))
    (card,) = plain.gaps
    made = action(Verb.ORDERED, of_card(card, TODAY))
    (open_one,) = promises.follow_ups(made, made.item, TODAY)
    open_one = replace(open_one, id="f1")
    later = build(chart(hba1c("7.1", "2026-11-20")), payer([gap(HBA1C)]), ledger=Ledger((made,), (), (open_one,)))
    assert kept(open_one, later) == "evidence"
