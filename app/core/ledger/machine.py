"""The state machine of an item: which verb leads where, what must come along, and the drawing of it in the README.

What people say last stands: from every stage each verb of the kind leads to its own stage, so that a correction is one
tap like the first word. Taking the newest action back leads to the stage before it. What is left out: a payer's word
moves no item; it moves the messages about it (`legs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from app.core.ledger.action import Action
from app.core.ledger.verb import Kind, Leg, Stage, Verb, Why

#: Where each verb leads.
LEADS: Mapping[Verb, Stage] = {
    Verb.DONE: Stage.DONE,
    Verb.ORDERED: Stage.ORDERED,
    Verb.ALREADY_DONE: Stage.ALREADY_DONE,
    Verb.DECLINED: Stage.DECLINED,
    Verb.NOT_APPROPRIATE: Stage.NOT_APPROPRIATE,
    Verb.NOT_NOW: Stage.PUT_OFF,
    Verb.NEEDS_HELP: Stage.NEEDS_HELP,
    Verb.WRONG_PATIENT: Stage.WRONG_PATIENT,
    Verb.PRESENT: Stage.PRESENT,
    Verb.NOT_PRESENT: Stage.NOT_PRESENT,
    Verb.IN_PROGRESS: Stage.IN_PROGRESS,
}

_OF_ACT = (
    Verb.DONE,
    Verb.ORDERED,
    Verb.ALREADY_DONE,
    Verb.DECLINED,
    Verb.NOT_APPROPRIATE,
    Verb.NOT_NOW,
    Verb.NEEDS_HELP,
)
#: The verbs of a kind, in the order in which they are offered. A finding has no payer: nobody's report is hidden.
VERBS: Mapping[Kind, tuple[Verb, ...]] = {
    Kind.GAP: (*_OF_ACT, Verb.WRONG_PATIENT),
    Kind.FINDING: _OF_ACT,
    Kind.PROMPT: (
        Verb.PRESENT,
        Verb.NOT_PRESENT,
        Verb.IN_PROGRESS,
        Verb.NOT_NOW,
        Verb.NEEDS_HELP,
        Verb.WRONG_PATIENT,
    ),
}
#: Verbs that can be said again in their own stage: with another reason, day or barrier they say something else.
AGAIN = frozenset(
    {Verb.NOT_APPROPRIATE, Verb.NOT_NOW, Verb.NEEDS_HELP, Verb.ALREADY_DONE, Verb.NOT_PRESENT, Verb.WRONG_PATIENT}
)

_BARRIERS = (Why.TRANSPORT, Why.COST, Why.CANNOT_REACH, Why.LANGUAGE, Why.HOUSING, Why.FOOD, Why.OTHER)
_WHYS: Mapping[Verb, tuple[Why, ...]] = {
    Verb.NOT_APPROPRIATE: (Why.CLINICAL, Why.LIMITED_LIFE, Why.INTOLERANT, Why.NOT_IN_POPULATION, Why.OTHER),
    Verb.NOT_PRESENT: (Why.NEVER_HAD, Why.INACTIVE, Why.DOES_NOT_APPLY),
    Verb.NEEDS_HELP: _BARRIERS,
}
#: Reasons that only a clinician can state.
CLINICAL = frozenset({Why.CLINICAL, Why.LIMITED_LIFE, Why.INTOLERANT})


class Need(StrEnum):
    """What comes along with a verb."""

    REASON = "reason"  # exactly one
    BARRIERS = "barriers"  # one or more
    PROOF = "proof"  # entries of the chart, or a day and a place
    DATE = "date"  # may be left out: then it is the next visit
    AGREED = "agreed"  # may be left out: then the plan is not told


_NEEDS: Mapping[Verb, tuple[Need, ...]] = {
    Verb.ALREADY_DONE: (Need.PROOF,),
    Verb.NOT_APPROPRIATE: (Need.REASON,),
    Verb.NOT_PRESENT: (Need.REASON,),
    Verb.NOT_NOW: (Need.DATE,),
    Verb.NEEDS_HELP: (Need.BARRIERS, Need.AGREED),
}


def verbs(kind: Kind, stage: Stage) -> tuple[Verb, ...]:
    """What can be said about an item that stands there. One that was hidden and is seen again has been released."""
    return tuple(verb for verb in VERBS[kind] if LEADS[verb] is not stage or verb in AGAIN)


def step(kind: Kind, stage: Stage, verb: Verb) -> Stage | None:
    """Where a verb leads; None where it cannot be said."""
    return LEADS[verb] if verb in verbs(kind, stage) else None


def whys(verb: Verb, kind: Kind) -> tuple[Why, ...]:
    """The coded reasons of a verb. None of them: it takes no reason."""
    return _WHYS.get(verb, ()) if verb in VERBS[kind] else ()


def needs(verb: Verb) -> tuple[Need, ...]:
    return _NEEDS.get(verb, ())


def stage(standing: Iterable[Action]) -> Stage:
    """The stage of an item by the actions about it that stand, in whatever order they come."""
    newest = max(standing, key=lambda each: each.number, default=None)
    return LEADS[newest.verb] if newest else Stage.OPEN


#: How what was done comes to its end (B13), as arrows: from, to, by what.
LEGS: tuple[tuple[Leg, Leg, str], ...] = (
    (Leg.HERE, Leg.SENT, "the visit has ended, and the payer has taken it"),
    (Leg.HERE, Leg.STUCK, "refused, or tried too often"),
    (Leg.STUCK, Leg.HERE, "sent again by a person"),
    (Leg.SENT, Leg.CONFIRMED, "a later report says so"),
    (Leg.SENT, Leg.LATE, "still not confirmed after the agreed days"),
    (Leg.LATE, Leg.CONFIRMED, "a later report says so"),
    (Leg.SENT, Leg.CONFLICT, "rejected by the payer"),
    (Leg.LATE, Leg.CONFLICT, "rejected by the payer"),
    (Leg.CONFIRMED, Leg.CONFLICT, "opened again by the payer"),
    (Leg.CONFLICT, Leg.CONFIRMED, "a later report says so"),
)


def diagram() -> str:
    """The machine as a Mermaid stateDiagram, for the README."""
    lines = ["stateDiagram-v2", "    [*] --> open"]
    for verb, kinds in _by_verb().items():
        who = "" if len(kinds) == len(Kind) else f" ({', '.join(kinds)})"
        lines.append(f"    open --> {_id(LEADS[verb])}: {verb.value}{who}")
    again = ", ".join(verb.value for verb in LEADS if verb in AGAIN)
    lines += [
        "    note left of open",
        "        From every stage a later word leads to its own.",
        f"        Said again with other particulars: {again}.",
        "        Undo takes the newest word back: the one before it stands again.",
        "    end note",
    ]
    lines += [f"    {_id(LEADS[verb])} --> open: undo" for verb in LEADS if LEADS[verb] is not Stage.WRONG_PATIENT]
    lines.append(f"    {_id(Stage.WRONG_PATIENT)} --> open: the privacy role releases the report")
    return "\n".join(lines) + "\n"


def legs_diagram() -> str:
    """The three states of what was done, and what keeps it from the next, as a Mermaid stateDiagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_id(Leg.HERE)}: recorded"]
    lines += [f"    {_id(before)} --> {_id(after)}: {by}" for before, after, by in LEGS]
    lines.append(f"    {_id(Leg.CONFIRMED)} --> [*]")
    return "\n".join(lines) + "\n"


def _by_verb() -> dict[Verb, list[str]]:
    return {verb: [kind.value for kind in Kind if verb in VERBS[kind]] for verb in LEADS}


def _id(of: Stage | Leg) -> str:
    return of.value.replace("-", "_")
