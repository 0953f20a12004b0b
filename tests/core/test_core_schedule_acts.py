"""Who does what, and where: a row of data for every act that the rules can suggest."""

from dataclasses import replace

import pytest

from app.core.flag import State
from app.core.gaps import ACTS as STATE_ACTS
from app.core.measures import REGISTRY
from app.core.schedule.acts import (
    ACTS,
    ASK_PLAN,
    BOOK_AGAIN,
    CHECK_APPOINTMENT,
    LOOK_AGAIN,
    SEE_TO_CONDITION,
    TRANSITION,
    UNKNOWN,
    act_of,
    owner_of,
)
from app.core.schedule.appointment import Mode
from app.core.schedule.row import Owner, Where
from tests.core.made import OTHER, TODAY, build, chart, gap, payer


def suggested() -> set[str]:
    """Every act key that the core can put on a row."""
    found = {*STATE_ACTS.values(), CHECK_APPOINTMENT, TRANSITION, ASK_PLAN, BOOK_AGAIN, SEE_TO_CONDITION, LOOK_AGAIN}
    for rule in REGISTRY.rules:
        found |= {rule.act, rule.act_out_of_range, *(kind.act for kind in rule.evidence)}
        found |= {rule.follow_up.act} if rule.follow_up else set()
    return found - {""}


def test_every_act_of_the_rules_has_an_owner_and_a_place_and_no_row_is_left_over() -> None:
    assert set(ACTS) == suggested()


@pytest.mark.parametrize("rule", REGISTRY.rules, ids=lambda rule: rule.key)
def test_what_a_rule_says_of_the_room_and_what_the_act_says_agree(rule) -> None:  # type: ignore[no-untyped-def]
    needs_room = ACTS[rule.act].at(Mode.VIDEO) is Where.IN_ROOM
    assert needs_room is rule.in_person


@pytest.mark.parametrize(
    ("act", "owner", "where", "lab"),
    [
        ("offer-influenza-vaccine", Owner.MEDICAL_ASSISTANT, Where.IN_ROOM, False),
        ("offer-pneumococcal-vaccine", Owner.MEDICAL_ASSISTANT, Where.IN_ROOM, False),
        ("order-hba1c", Owner.CLINICIAN, Where.ORDER, True),
        ("order-urine-albumin", Owner.CLINICIAN, Where.ORDER, True),
        ("order-egfr", Owner.CLINICIAN, Where.ORDER, True),
        ("offer-colorectal-screening", Owner.CLINICIAN, Where.HOME, False),
        ("order-follow-up-colonoscopy", Owner.CLINICIAN, Where.ORDER, False),
        ("order-mammogram", Owner.CLINICIAN, Where.ORDER, False),
        ("refer-eye-exam", Owner.CLINICIAN, Where.ORDER, False),
        ("reconcile-medications", Owner.CLINICIAN, Where.ORDER, False),
        ("request-record", Owner.FRONT_DESK, Where.ORDER, False),
        ("await-result", Owner.CARE_COORDINATOR, Where.ORDER, False),
    ],
)
def test_who_does_what_where(act: str, owner: Owner, where: Where, lab: bool) -> None:
    row = ACTS[act]
    assert (row.owner, row.where, row.lab) == (owner, where, lab)


def test_an_act_that_nobody_knows_is_read_by_a_clinician_and_needs_no_room() -> None:
    (card,) = build(chart(), payer([gap(OTHER)])).gaps
    unknown = replace(card.main, act="something-new")
    assert act_of(unknown) == UNKNOWN
    assert (owner_of(unknown, eligible=True), UNKNOWN.where) == (Owner.CLINICIAN, Where.ORDER)


@pytest.mark.parametrize(
    ("because", "owner"),
    [
        ("code-not-known", Owner.MEDICAL_ASSISTANT),
        ("unread-types", Owner.MEDICAL_ASSISTANT),
        ("date-not-certain", Owner.MEDICAL_ASSISTANT),
        ("value-not-certain", Owner.CLINICIAN),
        ("told-not-to", Owner.CLINICIAN),
        ("exclusion-not-certain", Owner.CLINICIAN),
    ],
)
def test_looking_something_up_needs_no_licence_and_judging_it_does(because: str, owner: Owner) -> None:
    (card,) = build(chart(), payer([gap()]), today=TODAY).gaps
    row = replace(card.main, state=State.CANNOT_TELL, because=because, act="check-chart")
    assert owner_of(row, eligible=False) is owner
