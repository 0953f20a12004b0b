"""The state machine: total, within its kind, and a way back from everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ledger import machine
from app.core.ledger.action import Action
from app.core.ledger.machine import Need
from app.core.ledger.verb import Kind, Leg, Stage, Verb, Why
from tests.core.made import NOW, steady
from tests.core.recorded import action, item

ASSESSMENTS = {Verb.PRESENT, Verb.NOT_PRESENT, Verb.IN_PROGRESS}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("verb", Verb)
def test_every_verb_from_every_stage_leads_somewhere_or_is_not_offered(kind: Kind, stage: Stage, verb: Verb) -> None:
    leads = machine.step(kind, stage, verb)
    assert (leads is not None) == (verb in machine.verbs(kind, stage))
    assert leads in (None, machine.LEADS[verb])
    if verb not in machine.VERBS[kind]:
        assert leads is None


def test_a_gap_is_never_assessed_and_a_prompt_never_done() -> None:
    assert not ASSESSMENTS & set(machine.VERBS[Kind.GAP])
    assert not ASSESSMENTS & set(machine.VERBS[Kind.FINDING])
    assert set(machine.VERBS[Kind.PROMPT]) == ASSESSMENTS | {Verb.NOT_NOW, Verb.NEEDS_HELP, Verb.WRONG_PATIENT}
    assert set(machine.VERBS[Kind.GAP]) == set(Verb) - ASSESSMENTS
    assert Verb.WRONG_PATIENT not in machine.VERBS[Kind.FINDING]  # no payer's report is behind it


def test_every_stage_is_reached_and_each_verb_has_one_of_its_own() -> None:
    assert set(machine.LEADS) == set(Verb)
    assert {Stage.OPEN, *machine.LEADS.values()} == set(Stage)
    assert len(set(machine.LEADS.values())) == len(Verb)


def test_the_same_word_again_only_where_it_can_say_something_else() -> None:
    assert machine.step(Kind.GAP, Stage.DONE, Verb.DONE) is None
    assert machine.step(Kind.GAP, Stage.PUT_OFF, Verb.NOT_NOW) is Stage.PUT_OFF  # another date
    assert machine.step(Kind.GAP, Stage.ORDERED, Verb.DONE) is Stage.DONE
    assert machine.step(Kind.PROMPT, Stage.NOT_PRESENT, Verb.PRESENT) is Stage.PRESENT  # a correction


@pytest.mark.parametrize("kind", [Kind.GAP, Kind.PROMPT])
def test_a_report_that_was_hidden_and_is_seen_again_takes_every_word(kind: Kind) -> None:
    assert machine.verbs(kind, Stage.WRONG_PATIENT) == machine.VERBS[kind]


@steady
@given(st.sampled_from(Kind), st.data())
def test_whatever_was_said_taking_it_back_leads_to_the_stage_before(kind: Kind, data: st.DataObject) -> None:
    said: list[Action] = []
    stages = [Stage.OPEN]
    for number in range(1, data.draw(st.integers(1, 6)) + 1):
        verb = data.draw(st.sampled_from(machine.verbs(kind, stages[-1])))
        said.append(action(verb, item(kind), id=f"a{number}", number=number))
        stages.append(machine.stage(said))
        assert stages[-1] is machine.LEADS[verb]
    while said:
        assert machine.stage(said) is stages.pop()
        said[-1] = replace(said[-1], undone_at=NOW)
        said = [each for each in said if each.undone_at is None]
    assert machine.stage(said) is Stage.OPEN


def test_reasons_belong_to_their_verb() -> None:
    assert machine.whys(Verb.NOT_PRESENT, Kind.PROMPT) == (Why.NEVER_HAD, Why.INACTIVE, Why.DOES_NOT_APPLY)
    assert machine.whys(Verb.NOT_PRESENT, Kind.GAP) == ()
    assert len(machine.whys(Verb.NOT_APPROPRIATE, Kind.GAP)) <= 5
    assert {Why.TRANSPORT, Why.COST, Why.CANNOT_REACH, Why.LANGUAGE, Why.HOUSING, Why.FOOD, Why.OTHER} == set(
        machine.whys(Verb.NEEDS_HELP, Kind.GAP)
    )
    assert machine.whys(Verb.DONE, Kind.GAP) == ()


def test_what_must_come_along() -> None:
    assert machine.needs(Verb.DONE) == machine.needs(Verb.DECLINED) == machine.needs(Verb.PRESENT) == ()
    assert machine.needs(Verb.NOT_PRESENT) == (Need.REASON,)
    assert machine.needs(Verb.ALREADY_DONE) == (Need.PROOF,)
    for verb in Verb:
        takes = {Need.REASON, Need.BARRIERS} & set(machine.needs(verb))
        assert bool(takes) == any(machine.whys(verb, kind) for kind in Kind), verb


def test_the_drawing_shows_every_stage_verb_and_leg() -> None:
    drawn, legs = machine.diagram(), machine.legs_diagram()
    assert drawn.startswith("stateDiagram-v2\n")
    for verb, stage in machine.LEADS.items():
        assert f"open --> {stage.value.replace('-', '_')}: {verb.value}" in drawn
    for leg in Leg:
        assert leg.value.replace("-", "_") in legs
    assert "done_here --> sent" in legs
    assert "sent --> confirmed" in legs
