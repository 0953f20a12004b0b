"""What a payer's later report says of what was sent, in which leg a message is, and what is said at a visit's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.changes import key_of
from app.core.ledger import judging, legs, visit_end
from app.core.ledger.action import Target
from app.core.ledger.item import named
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.verb import Leg
from app.core.report import GapReason, GapStatus, Report
from tests.core.made import BREAST, HBA1C, TODAY, category, gap, report, steady
from tests.core.recorded import at, message

SENT_ON = TODAY
BEFORE, AFTER = SENT_ON - timedelta(days=1), SENT_ON + timedelta(days=1)
GAP_TARGET = Target("northwind", "r1", "g1", "care-gaps", "deqm-us-5.0.0", "open-gap", named(HBA1C), "glycaemic-status")
HEART = category("226", "Heart failure", "I50.9", report_id="ra1", group_id="h")
RISK_TARGET = Target("northwind", "ra1", "h", "risk", "ra-2.1.0", "open-gap", named(HEART.model), key_of(HEART))


def sent(**other: Any) -> Message:
    return message(**({"sent_at": at(SENT_ON)} | other))


def of_gap(status: GapStatus, calculated: date | None, of: Message | None = None, **other: Any) -> Judged:
    listed = gap(status=status, calculated=calculated, **({"data_through": None} | other))
    return judging.judge(of or sent(), GAP_TARGET, report("care-gaps", [listed]))


def of_risk(code: str, status: str, calculated: date | None = AFTER, was: str = "open-gap", **other: Any) -> Judged:
    listed = replace(HEART, evidence_status=status, calculated=calculated, **other)
    return judging.judge(sent(code=code), replace(RISK_TARGET, status=was), report("risk", [listed]))


@pytest.mark.parametrize(
    ("status", "calculated", "expected"),
    [
        (GapStatus.CLOSED, AFTER, Judged.CONFIRMED),
        (GapStatus.CLOSED, SENT_ON, Judged.CONFIRMED),  # it was open when it was answered
        (GapStatus.CLOSED, BEFORE, Judged.NOTHING),
        (GapStatus.CLOSED, None, Judged.CONFIRMED),
        (GapStatus.OPEN, AFTER, Judged.STILL_OPEN),
        (GapStatus.OPEN, SENT_ON, Judged.NOTHING),
        (GapStatus.OPEN, BEFORE, Judged.NOTHING),
        (GapStatus.OPEN, None, Judged.NOTHING),
        (GapStatus.PROSPECTIVE, AFTER, Judged.STILL_OPEN),
        (GapStatus.NOT_APPLICABLE, AFTER, Judged.NOTHING),
        (GapStatus.UNKNOWN, AFTER, Judged.NOTHING),
    ],
)
def test_a_care_gap_by_what_was_worked_out_since(status: GapStatus, calculated: date | None, expected: Judged) -> None:
    assert of_gap(status, calculated) is expected


def test_data_that_reaches_past_the_sending_tells_as_well() -> None:
    assert of_gap(GapStatus.OPEN, BEFORE, data_through=AFTER) is Judged.STILL_OPEN
    assert of_gap(GapStatus.OPEN, None, data_through=SENT_ON) is Judged.NOTHING


def test_a_measure_that_was_said_not_to_apply_is_confirmed_when_it_does_not() -> None:
    assert of_gap(GapStatus.NOT_APPLICABLE, AFTER, sent(code="rejected")) is Judged.CONFIRMED


def test_what_was_confirmed_and_is_open_again_is_reopened_until_it_is_closed() -> None:
    confirmed = sent(judged=Judged.CONFIRMED, judged_at=at(AFTER))
    later = AFTER + timedelta(days=9)
    assert of_gap(GapStatus.OPEN, later, confirmed) is Judged.REOPENED
    assert of_gap(GapStatus.OPEN, SENT_ON, confirmed) is Judged.CONFIRMED  # an older copy
    reopened = replace(confirmed, judged=Judged.REOPENED, judged_at=at(later))
    assert of_gap(GapStatus.OPEN, later, reopened) is Judged.REOPENED
    assert of_gap(GapStatus.CLOSED, later + timedelta(days=1), reopened) is Judged.CONFIRMED


@pytest.mark.parametrize(
    ("reasons", "before", "calculated", "expected"),
    [
        (("InvalidAttribute",), (), AFTER, Judged.REJECTED),
        (("DateOutOfRange", "NotFound"), ("NotFound",), AFTER, Judged.REJECTED),
        (("ValueOutOfRange",), ("NotFound",), SENT_ON, Judged.REJECTED),  # that day, and it said something else before
        (("InvalidAttribute",), (), None, Judged.REJECTED),
        (("InvalidAttribute",), (), BEFORE, Judged.NOTHING),
        (("ValueOutOfRange",), ("ValueOutOfRange",), AFTER, Judged.STILL_OPEN),  # it spoke of another entry before
        (("NotFound",), (), AFTER, Judged.STILL_OPEN),  # the run has not come to it yet
        (("CountOutOfRange",), (), AFTER, Judged.STILL_OPEN),
        ((), (), AFTER, Judged.STILL_OPEN),
    ],
)
@pytest.mark.parametrize("what", [{}, {"code": "documented-elsewhere"}, {"code": "", "kind": Sends.EVIDENCE}])
def test_a_new_reason_that_speaks_of_what_was_sent_is_a_rejection(
    what: dict[str, Any],
    reasons: tuple[str, ...],
    before: tuple[str, ...],
    calculated: date | None,
    expected: Judged,
) -> None:
    listed = gap(calculated=calculated, data_through=None, reasons=tuple(GapReason(each) for each in reasons))
    target = replace(GAP_TARGET, reasons=before)
    assert judging.judge(sent(**what), target, report("care-gaps", [listed])) is expected


def test_a_reason_is_no_rejection_of_what_named_no_data_and_none_of_what_was_confirmed() -> None:
    refused = (GapReason("InvalidAttribute"),)
    for code in ("order-placed", "patient-refused", "rejected"):
        assert of_gap(GapStatus.OPEN, AFTER, sent(code=code), reasons=refused) is Judged.STILL_OPEN
    confirmed = sent(judged=Judged.CONFIRMED, judged_at=at(SENT_ON))
    assert of_gap(GapStatus.OPEN, AFTER, confirmed, reasons=refused) is Judged.REOPENED
    assert of_gap(GapStatus.CLOSED, AFTER, reasons=refused) is Judged.CONFIRMED


def test_a_rejection_stands_until_the_payer_has_closed_it() -> None:
    rejected = sent(judged=Judged.REJECTED, judged_at=at(AFTER))
    later = AFTER + timedelta(days=9)
    assert of_gap(GapStatus.OPEN, later, rejected) is Judged.REJECTED
    assert of_gap(GapStatus.CLOSED, later, rejected) is Judged.CONFIRMED


def test_why_a_gap_is_open_is_told_in_the_payers_own_words() -> None:
    reasons = (GapReason("InvalidAttribute", "Attribute is Invalid", "Observation/1 value"), GapReason("NotFound"))
    told = gap(payer_words="HbA1c", reasons=reasons)
    assert judging.words(GAP_TARGET, report("care-gaps", [told])) == "Attribute is Invalid: Observation/1 value"
    bare = replace(told, reasons=(GapReason("InvalidAttribute"),))
    assert judging.words(GAP_TARGET, report("care-gaps", [bare])) == "HbA1c"
    assert judging.words(GAP_TARGET, report("care-gaps", [replace(told, status=GapStatus.CLOSED)])) == ""
    assert judging.words(GAP_TARGET, replace(report("care-gaps", [told]), payer="lakeside")) == ""


@pytest.mark.parametrize(
    ("code", "status", "was", "expected"),
    [
        ("assessed-present", "closed-gap", "open-gap", Judged.CONFIRMED),
        ("assessed-present", "invalid-gap", "open-gap", Judged.REJECTED),
        ("assessed-present", "open-gap", "open-gap", Judged.STILL_OPEN),
        ("assessed-present", "pending", "open-gap", Judged.NOTHING),
        ("assessed-not-present", "invalid-gap", "open-gap", Judged.CONFIRMED),
        ("assessed-not-present", "closed-gap", "open-gap", Judged.REJECTED),  # counted although nobody has it
        ("assessed-not-present", "closed-gap", "closed-gap", Judged.STILL_OPEN),  # a removal that was not made yet
        ("assessed-not-present", "invalid-gap", "closed-gap", Judged.CONFIRMED),
        ("assessed-not-present", "open-gap", "open-gap", Judged.STILL_OPEN),
    ],
)
def test_a_condition_by_the_payers_own_status(code: str, status: str, was: str, expected: Judged) -> None:
    assert of_risk(code, status, was=was) is expected


def test_the_day_of_a_status_counts_where_the_report_is_older() -> None:
    assert of_risk("assessed-present", "closed-gap", BEFORE) is Judged.NOTHING
    assert of_risk("assessed-present", "closed-gap", BEFORE, status_date=AFTER) is Judged.CONFIRMED


def test_a_report_issued_again_is_recognised_by_measure_or_condition() -> None:
    again = gap(status=GapStatus.CLOSED, calculated=AFTER, report_id="r9", group_id="g9")
    assert judging.judge(sent(), GAP_TARGET, report("care-gaps", [again])) is Judged.CONFIRMED
    newer = replace(again, measure=replace(HBA1C, version="0.6.000"))
    assert judging.judge(sent(), GAP_TARGET, report("care-gaps", [newer])) is Judged.CONFIRMED
    heart = replace(HEART, evidence_status="closed-gap", calculated=AFTER, report_id="ra9", group_id="x")
    assert judging.judge(sent(code="assessed-present"), RISK_TARGET, report("risk", [heart])) is Judged.CONFIRMED


def test_nothing_is_read_from_another_payer_measure_or_condition_or_from_two_that_fit() -> None:
    closed = gap(status=GapStatus.CLOSED, calculated=AFTER)
    judge = judging.judge
    assert judge(sent(), GAP_TARGET, replace(report("care-gaps", [closed]), payer="lakeside")) is Judged.NOTHING
    assert judge(sent(), GAP_TARGET, report("care-gaps", [replace(closed, measure=BREAST)])) is Judged.NOTHING
    two = [replace(closed, report_id=each, group_id=each) for each in ("a", "b")]
    assert judge(sent(), GAP_TARGET, report("care-gaps", two)) is Judged.NOTHING
    other = category("38", "Diabetes", "E11.9", evidence_status="closed-gap", calculated=AFTER, group_id="h")
    assert judge(sent(code="assessed-present"), RISK_TARGET, report("risk", [other])) is Judged.NOTHING
    assert judge(sent(), GAP_TARGET, report("care-gaps", [])) is Judged.NOTHING


def test_a_target_of_ids_alone_is_judged_by_them() -> None:
    bare = Target("northwind", "r1", "g1", "care-gaps")
    assert judging.judge(sent(), bare, report("care-gaps", [gap(status=GapStatus.CLOSED, calculated=SENT_ON)])) is (
        Judged.CONFIRMED
    )


@pytest.mark.parametrize("post", sorted(set(Post) - {Post.SENT}))
def test_what_has_not_left_is_confirmed_by_nobody(post: Post) -> None:
    closed: Report = report("care-gaps", [gap(status=GapStatus.CLOSED, calculated=AFTER)])
    assert judging.judge(sent(post=post), GAP_TARGET, closed) is Judged.NOTHING


# --- legs -------------------------------------------------------------------------------------------------------------

messages = st.builds(
    Message,
    id=st.just("m"),
    kind=st.sampled_from(Sends),
    to=st.sampled_from(["northwind", "lakeside"]),
    post=st.sampled_from(Post),
    at=st.just(at(SENT_ON)),
    code=st.sampled_from(["", "satisfied-in-EHR", "order-placed", "assessed-present", "not-assessed"]),
    sent_at=st.one_of(st.none(), st.just(at(SENT_ON))),
    judged=st.sampled_from(Judged),
    confirmable=st.booleans(),
)


@steady
@given(messages, st.integers(0, 400), st.dictionaries(st.sampled_from(["northwind", "lakeside"]), st.integers(1, 90)))
def test_every_message_is_in_exactly_one_leg_but_what_was_withdrawn(
    each: Message, days: int, agreed: dict[str, int]
) -> None:
    leg = legs.of(each, SENT_ON + timedelta(days=days), agreed)
    assert (leg is None) == (each.post is Post.WITHDRAWN)
    if leg is Leg.LATE:
        assert legs.expects(each)
        assert days > agreed.get(each.to, legs.CONFIRM_DAYS)
        assert each.judged in (Judged.NOTHING, Judged.STILL_OPEN)
    if leg is Leg.CONFIRMED:
        assert each.judged is Judged.CONFIRMED


@pytest.mark.parametrize(
    ("changed", "days", "expected"),
    [
        ({"post": Post.HELD, "sent_at": None}, 0, Leg.HERE),
        ({"post": Post.WAITING, "sent_at": None}, 90, Leg.HERE),
        ({"post": Post.DEAD}, 0, Leg.STUCK),
        ({}, 45, Leg.SENT),
        ({}, 46, Leg.LATE),
        ({"judged": Judged.STILL_OPEN}, 45, Leg.SENT),
        ({"judged": Judged.STILL_OPEN}, 46, Leg.LATE),
        ({"judged": Judged.CONFIRMED}, 400, Leg.CONFIRMED),
        ({"judged": Judged.REJECTED}, 1, Leg.CONFLICT),
        ({"judged": Judged.REOPENED}, 400, Leg.CONFLICT),
        ({"code": "order-placed"}, 400, Leg.SENT),
        ({"code": "not-presented"}, 400, Leg.SENT),
        ({"code": "", "kind": Sends.EVIDENCE}, 46, Leg.LATE),
        ({"confirmable": False}, 46, Leg.LATE),  # not to be seen that it arrived, and the gap is open all the same
    ],
)
def test_done_sent_confirmed_and_what_keeps_it(changed: dict[str, Any], days: int, expected: Leg) -> None:
    assert legs.of(sent(**changed), SENT_ON + timedelta(days=days), {}) is expected


def test_the_gravest_leg_names_the_whole_and_every_leg_has_a_place() -> None:
    assert set(legs.GRAVEST) == set(Leg)
    assert legs.gravest([Leg.CONFIRMED, Leg.STUCK, Leg.SENT]) is Leg.STUCK
    assert legs.gravest([]) is None


# --- the end of a visit -----------------------------------------------------------------------------------------------

groups = st.lists(
    st.tuples(
        st.sampled_from(["northwind", "lakeside"]),
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["ra-2.1.0", "ra-3.0.0-ballot"]),
        st.booleans(),
        st.booleans(),
    )
)


@steady
@given(groups, st.data())
def test_every_group_received_has_exactly_one_remark(received: list[visit_end.Received], data: st.DataObject) -> None:
    distinct = sorted({each[:3] for each in received})
    by_people = set(data.draw(st.lists(st.sampled_from(distinct), unique=True))) if distinct else set()
    ours = [each[:3] for each in visit_end.software(received, by_people)]
    assert sorted([*ours, *by_people]) == distinct


@pytest.mark.parametrize(
    ("ingested", "presented", "code"),
    [(True, True, "not-assessed"), (True, False, "not-presented"), (False, False, "not-ingested")],
)
def test_the_software_says_what_was_shown(ingested: bool, presented: bool, code: str) -> None:
    received = [("northwind", "r1", "a", "ra-2.1.0", ingested, presented)]
    assert visit_end.software(received, ()) == (("northwind", "r1", "a", code),)


def test_what_was_shown_once_in_the_visit_was_shown() -> None:
    early, late = ("northwind", "r1", "a", "ra-2.1.0", True, True), ("northwind", "r1", "a", "ra-2.1.0", True, False)
    for received in ([early, late], [late, early]):
        assert visit_end.software(received, ()) == (("northwind", "r1", "a", "not-assessed"),)


@pytest.mark.parametrize("dialect", ["ra-1.0.0", "deqm-us-5.0.0", ""])
def test_a_dialect_without_these_codes_is_told_nothing(dialect: str) -> None:
    assert visit_end.software([("northwind", "r1", "a", dialect, True, True)], ()) == ()
