"""Who may record what, and when. The same answers draw the buttons and refuse the write."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.core.ledger import machine, permission
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.verb import Kind, Stage, Verb, Why
from app.core.roles import Role
from tests.core.made import NOW, TODAY
from tests.core.recorded import VISIT, action, item

SITTING = Sitting(VISIT, "in-progress", TODAY, TODAY)
NO_VISIT = Sitting(today=TODAY)
PROMPT, GAP, FINDING = item(Kind.PROMPT), item(Kind.GAP), item(Kind.FINDING)
CLINICIAN, STAFF = Role.CLINICIAN, Role.CLINICAL_STAFF


def refused(verb: Verb, *whys: Why, of: Any = GAP, role: Role = CLINICIAN, at: Sitting = SITTING) -> Refusal | None:
    return permission.refused(verb, whys, of, role, at)


@pytest.mark.parametrize("role", sorted(set(Role) - {CLINICIAN, STAFF}))
@pytest.mark.parametrize("verb", Verb)
def test_roles_that_do_not_act_record_nothing(role: Role, verb: Verb) -> None:
    for of in (GAP, PROMPT, FINDING):
        assert refused(verb, of=of, role=role) is Refusal.NO_ROLE


@pytest.mark.parametrize("verb", [*machine.VERBS[Kind.GAP]])
@pytest.mark.parametrize("at", [SITTING, NO_VISIT, replace(SITTING, status="finished")])
def test_staff_record_about_gaps_with_or_without_a_visit(verb: Verb, at: Sitting) -> None:
    assert refused(verb, role=STAFF, at=at) is None


@pytest.mark.parametrize("verb", [Verb.PRESENT, Verb.NOT_PRESENT, Verb.IN_PROGRESS])
def test_a_condition_is_assessed_by_a_clinician_alone(verb: Verb) -> None:
    assert refused(verb, of=PROMPT) is None
    assert refused(verb, of=PROMPT, role=STAFF) is Refusal.NOT_CLINICIAN
    assert refused(verb, of=GAP) is Refusal.NOT_THIS_KIND


@pytest.mark.parametrize("verb", [Verb.NOT_NOW, Verb.NEEDS_HELP, Verb.WRONG_PATIENT])
def test_what_is_no_assessment_of_a_prompt_anybody_who_acts_may_say(verb: Verb) -> None:
    assert refused(verb, of=PROMPT, role=STAFF, at=NO_VISIT) is None


@pytest.mark.parametrize("why", [Why.CLINICAL, Why.LIMITED_LIFE, Why.INTOLERANT])
def test_a_clinical_reason_is_the_clinicians(why: Why) -> None:
    assert refused(Verb.NOT_APPROPRIATE, why) is None
    assert refused(Verb.NOT_APPROPRIATE, why, role=STAFF) is Refusal.NOT_CLINICIAN
    assert refused(Verb.NOT_APPROPRIATE, why, at=NO_VISIT) is Refusal.NO_VISIT


@pytest.mark.parametrize("why", [Why.NOT_IN_POPULATION, Why.OTHER])
def test_a_reason_that_is_not_clinical_is_anybodys(why: Why) -> None:
    assert refused(Verb.NOT_APPROPRIATE, why, role=STAFF, at=NO_VISIT) is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        *((replace(SITTING, status=status), None) for status in ("planned", "arrived", "triaged", "in-progress")),
        (replace(SITTING, status="onleave"), None),
        *((replace(SITTING, status=s), Refusal.VISIT_FINISHED) for s in ("finished", "cancelled", "entered-in-error")),
        (replace(SITTING, status="unknown"), Refusal.VISIT_UNKNOWN),
        (replace(SITTING, status=""), Refusal.VISIT_UNKNOWN),
        (replace(SITTING, started=None), Refusal.VISIT_UNKNOWN),
        (replace(SITTING, started=TODAY - timedelta(days=1)), Refusal.OTHER_DAY),
        (replace(SITTING, started=TODAY + timedelta(days=1)), Refusal.OTHER_DAY),
        (NO_VISIT, Refusal.NO_VISIT),
        (replace(SITTING, withheld="deceased"), Refusal.DECEASED),
        (replace(SITTING, withheld="hospice"), Refusal.HOSPICE),
    ],
)
def test_an_assessment_needs_an_unfinished_visit_of_the_same_clinic_day(at: Sitting, expected: Refusal | None) -> None:
    assert refused(Verb.PRESENT, of=PROMPT, at=at) is expected


def test_of_a_category_that_never_prompts_it_can_only_be_said_that_it_is_not_there() -> None:
    counted = item(Kind.PROMPT, state="counted/net-new")
    assert set(permission.offered(counted, Stage.OPEN, CLINICIAN, SITTING)) == {Verb.NOT_PRESENT, Verb.WRONG_PATIENT}
    assert refused(Verb.PRESENT, of=counted) is Refusal.NOT_THIS_KIND


@pytest.mark.parametrize("state", ["counted/unknown-status", "assess-historic"])
def test_nobody_assesses_what_a_payer_does_not_name(state: str) -> None:
    nameless = item(Kind.PROMPT, label="", state=state)
    for verb in (Verb.PRESENT, Verb.NOT_PRESENT, Verb.IN_PROGRESS):
        assert refused(verb, *machine.whys(verb, Kind.PROMPT)[:1], of=nameless) is Refusal.NOT_THIS_KIND
    assert Verb.WRONG_PATIENT in permission.offered(nameless, Stage.OPEN, CLINICIAN, SITTING)


@pytest.mark.parametrize("withheld", ["deceased", "hospice"])
@pytest.mark.parametrize("verb", Verb)
def test_nothing_is_recorded_about_who_has_died_or_is_in_hospice(withheld: str, verb: Verb) -> None:
    for of in (GAP, PROMPT, FINDING):
        assert refused(verb, of=of, at=replace(SITTING, withheld=withheld)) is not None


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("role", [CLINICIAN, STAFF, Role.MANAGER])
@pytest.mark.parametrize("at", [SITTING, NO_VISIT, replace(SITTING, withheld="deceased")])
def test_a_button_that_would_be_refused_is_not_drawn(kind: Kind, role: Role, at: Sitting) -> None:
    for verb in permission.offered(item(kind), Stage.OPEN, role, at):
        whys = permission.reasons(verb, item(kind), role, at)
        assert whys or not machine.whys(verb, kind)
        assert all(permission.refused(verb, (why,), item(kind), role, at) is None for why in whys)
        assert permission.refused(verb, whys[:1], item(kind), role, at) is None
    drawn = set(permission.offered(item(kind), Stage.OPEN, role, at))
    for verb in set(machine.VERBS[kind]) - drawn:
        every = machine.whys(verb, kind) or (None,)
        assert all(permission.refused(verb, (why,) if why else (), item(kind), role, at) for why in every)


@pytest.mark.parametrize(
    ("verb", "other", "expected"),
    [
        (Verb.DONE, {}, None),
        (Verb.DONE, {"whys": (Why.OTHER,)}, Refusal.NOT_THIS_REASON),
        (Verb.NOT_APPROPRIATE, {"whys": ()}, Refusal.NEEDS_REASON),
        (Verb.NOT_APPROPRIATE, {"whys": (Why.CLINICAL, Why.OTHER)}, Refusal.NEEDS_REASON),
        (Verb.NOT_APPROPRIATE, {"whys": (Why.NEVER_HAD,)}, Refusal.NOT_THIS_REASON),
        (Verb.NEEDS_HELP, {"whys": ()}, Refusal.NEEDS_BARRIER),
        (Verb.NEEDS_HELP, {"whys": (Why.COST, Why.FOOD)}, None),
        (Verb.ALREADY_DONE, {}, None),
        (Verb.ALREADY_DONE, {"on": None, "place": "", "evidence": ("Procedure/1",)}, None),
        (Verb.ALREADY_DONE, {"on": None, "place": ""}, Refusal.NEEDS_PROOF),
        (Verb.ALREADY_DONE, {"on": None}, Refusal.NEEDS_DAY),
        (Verb.ALREADY_DONE, {"place": "  "}, Refusal.NEEDS_PLACE),
        (Verb.ALREADY_DONE, {"on": TODAY + timedelta(days=1)}, Refusal.DAY_AHEAD),
        (Verb.ALREADY_DONE, {"on": TODAY}, None),
        (Verb.NOT_NOW, {}, None),
        (Verb.NOT_NOW, {"until": TODAY + timedelta(days=1)}, None),
        (Verb.NOT_NOW, {"until": TODAY}, Refusal.DAY_PAST),
        (Verb.NOT_NOW, {"until": date(9999, 12, 31)}, Refusal.DAY_FAR),
        (Verb.DECLINED, {"word": "x" * 200}, None),
        (Verb.DECLINED, {"word": "x" * 201}, Refusal.TOO_LONG),
    ],
)
def test_what_must_come_along(verb: Verb, other: dict[str, Any], expected: Refusal | None) -> None:
    assert permission.incomplete(action(verb, **other), TODAY) is expected


def test_not_present_takes_exactly_one_of_three_reasons() -> None:
    said = action(Verb.NOT_PRESENT, PROMPT)
    assert permission.incomplete(said, TODAY) is None
    assert permission.incomplete(replace(said, whys=()), TODAY) is Refusal.NEEDS_REASON
    assert permission.incomplete(replace(said, whys=(Why.OTHER,)), TODAY) is Refusal.NOT_THIS_REASON


def test_what_stands_there_already_is_said_once() -> None:
    first = action(Verb.DECLINED)
    assert permission.out_of_turn(first, ()) is None
    assert permission.out_of_turn(action(Verb.DECLINED, number=2), (first,)) is Refusal.NOTHING_NEW
    assert permission.out_of_turn(action(Verb.DONE, number=2), (first,)) is None
    put_off = action(Verb.NOT_NOW, until=TODAY + timedelta(days=9))
    assert permission.out_of_turn(replace(put_off, number=2), (put_off,)) is Refusal.NOTHING_NEW
    assert permission.out_of_turn(replace(put_off, until=TODAY + timedelta(days=5)), (put_off,)) is None
    assert permission.out_of_turn(put_off, (action(Verb.WRONG_PATIENT),)) is None  # seen again: it was released


@pytest.mark.parametrize(
    ("changed", "role", "at", "day", "expected"),
    [
        ({}, STAFF, SITTING, TODAY, None),
        ({}, Role.MANAGER, SITTING, TODAY, Refusal.NO_ROLE),
        ({"undone_at": NOW}, STAFF, SITTING, TODAY, Refusal.UNDONE),
        ({"verb": Verb.WRONG_PATIENT}, STAFF, SITTING, TODAY, Refusal.HELD),
        ({"verb": Verb.PRESENT, "item": PROMPT}, STAFF, SITTING, TODAY, Refusal.NOT_CLINICIAN),
        ({"verb": Verb.PRESENT, "item": PROMPT}, CLINICIAN, SITTING, TODAY, None),
        ({}, STAFF, replace(SITTING, status="finished"), TODAY, Refusal.VISIT_OVER),
        ({}, STAFF, replace(SITTING, encounter="Encounter/next"), TODAY, Refusal.VISIT_OVER),
        ({}, STAFF, SITTING, TODAY - timedelta(days=1), Refusal.VISIT_OVER),  # the clinic's midnight has ended it
        ({"encounter": ""}, STAFF, NO_VISIT, TODAY, None),
        ({"encounter": ""}, STAFF, NO_VISIT, TODAY - timedelta(days=1), Refusal.VISIT_OVER),
    ],
)
def test_what_was_said_is_taken_back_within_its_visit(
    changed: dict[str, Any], role: Role, at: Sitting, day: Any, expected: Refusal | None
) -> None:
    said = replace(action(Verb.DECLINED), **changed)
    assert permission.undo_refused(said, (said,), role, at, day) is expected


def test_only_the_newest_word_is_taken_back() -> None:
    first, second = action(Verb.ORDERED), action(Verb.DONE, id="a2", number=2)
    assert permission.undo_refused(first, (first, second), STAFF, SITTING, TODAY) is Refusal.NOT_NEWEST
    gone = replace(second, undone_at=NOW)
    assert permission.undo_refused(first, (first, gone), STAFF, SITTING, TODAY) is None
