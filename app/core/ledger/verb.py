"""What a person can say about an item with one tap, and the coded reasons that go with it."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """One action. A gap takes all but the last three; a prompt takes those, and what is marked with * (`machine`)."""

    DONE = "done-today"
    ORDERED = "ordered"
    ALREADY_DONE = "already-done"  # with evidence from the chart, or a date and a place
    DECLINED = "patient-declined"
    NOT_APPROPRIATE = "not-appropriate"  # with a coded reason
    NOT_NOW = "not-now"  # * until a date, or the next visit
    WRONG_PATIENT = "wrong-patient"  # * hides the report for everyone (`Actions.hold`)
    NEEDS_HELP = "needs-plan-help"  # * with coded barriers
    PRESENT = "assessed-present"
    NOT_PRESENT = "assessed-not-present"  # with one of three reasons
    IN_PROGRESS = "in-progress"  # assessed or begun, not finished


#: Says nothing against the word before it: what was ordered stays ordered, and what was assessed assessed.
BESIDE = frozenset({Verb.NEEDS_HELP})


class Why(StrEnum):
    """A coded reason. Which verb takes which stands in `machine`."""

    # not appropriate (clinical exclusions are the clinician's to state)
    CLINICAL = "clinically-not-indicated"
    LIMITED_LIFE = "limited-life-expectancy"
    INTOLERANT = "contraindicated-or-intolerant"
    NOT_IN_POPULATION = "measure-does-not-apply"
    OTHER = "other"
    # assessed not present (RA remark-reason, the same words)
    NEVER_HAD = "never-had-condition"
    INACTIVE = "inactive-condition"
    DOES_NOT_APPLY = "inapplicable-gap"
    # needs the plan's help: barriers
    TRANSPORT = "transport"
    COST = "cost"
    CANNOT_REACH = "cannot-reach"
    LANGUAGE = "language"
    HOUSING = "housing"
    FOOD = "food"


class Kind(StrEnum):
    """What an item is."""

    GAP = "gap"
    FINDING = "finding"  # an abnormal result without follow-up that no payer asks about
    PROMPT = "prompt"


class Stage(StrEnum):
    """Where an item stands for us. The arrows between them are `machine`'s."""

    OPEN = "open"
    DONE = "done"
    ORDERED = "ordered"
    ALREADY_DONE = "already-done"
    DECLINED = "declined"
    NOT_APPROPRIATE = "not-appropriate"
    PUT_OFF = "put-off"
    IN_PROGRESS = "in-progress"
    NEEDS_HELP = "needs-help"
    PRESENT = "assessed-present"
    NOT_PRESENT = "assessed-not-present"
    WRONG_PATIENT = "wrong-patient"  # the report is hidden until the privacy role has decided


class Leg(StrEnum):
    """How far what was done has come: three states, and what can keep it from the next (B13: done, sent, confirmed)."""

    HERE = "done-here"  # recorded; nothing has left (yet), or nothing leaves: `Standing.not_sent`
    SENT = "sent"
    CONFIRMED = "confirmed"
    LATE = "not-confirmed-in-time"  # sent, and still open after the days that were agreed
    CONFLICT = "conflict"  # the payer rejected it, or has opened it again
    STUCK = "could-not-be-sent"  # dead letter
