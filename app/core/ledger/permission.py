"""Who may record what, and when (docs/rules.md). The same question draws the buttons and guards the write.

A condition is assessed, and a clinical exclusion stated, by a clinician alone and under a launch with an unfinished
encounter of the same clinic day. Everything else is recorded by whoever may act.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.core.ledger import machine
from app.core.ledger.action import Action, Item
from app.core.ledger.item import COUNTED
from app.core.ledger.machine import CLINICAL, Need
from app.core.ledger.verb import Kind, Stage, Verb, Why
from app.core.roles import May, Role, may

FARTHEST = timedelta(days=366)  # from today, until which something is put off
MOST_WORDS = 200  # characters of what somebody writes
#: Encounter.status (FHIR R4 encounter-status) of a visit that is going on or about to. `onleave` comes back.
UNFINISHED = frozenset({"planned", "arrived", "triaged", "in-progress", "onleave"})
FINISHED = frozenset({"finished", "cancelled", "entered-in-error"})
#: What may be said of a category that never prompts: that it is not there, or not this patient's.
_OF_COUNTED = frozenset({Verb.NOT_PRESENT, Verb.WRONG_PATIENT})
_ASSESSES = frozenset({Verb.PRESENT, Verb.NOT_PRESENT, Verb.IN_PROGRESS})


class Refusal(StrEnum):
    """Why something cannot be recorded. `present` says what to do about each."""

    NO_ROLE = "no-role"  # the role records nothing
    NOT_SEEN = "not-seen"  # the role does not see prompts at all
    NOT_CLINICIAN = "not-clinician"
    NO_VISIT = "no-visit"  # the launch has no encounter
    VISIT_UNKNOWN = "visit-unknown"  # its status or day could not be read
    VISIT_FINISHED = "visit-finished"
    OTHER_DAY = "other-day"
    DECEASED = "deceased"
    HOSPICE = "hospice"
    NOT_THIS_KIND = "not-this-kind"  # the item does not take this verb
    NOTHING_NEW = "nothing-new"  # it stands there already
    HELD = "held"  # "not this patient" is not taken back: the privacy role decides
    NEEDS_REASON = "needs-reason"
    NOT_THIS_REASON = "not-this-reason"
    NEEDS_BARRIER = "needs-barrier"
    NEEDS_PROOF = "needs-proof"  # entries of the chart, or a day and a place
    NEEDS_DAY = "needs-day"  # a place without a day
    NEEDS_PLACE = "needs-place"  # a day without a place
    DAY_AHEAD = "day-ahead"  # done already, on a day to come
    DAY_PAST = "day-past"  # put off until a day that is not to come
    DAY_FAR = "day-far"  # put off for longer than anybody plans: said once, it would never come back
    TOO_LONG = "too-long"
    NOT_NEWEST = "not-newest"  # somebody has said something since: that is taken back first
    UNDONE = "undone-already"
    VISIT_OVER = "visit-over"  # an undo belongs to its own visit; afterwards a correction is an action


@dataclass(frozen=True, slots=True)
class Sitting:
    """Under what somebody acts: the encounter of the launch and the clinic's day.

    `started` is the day on which the encounter began, or is planned to, in the clinic's zone; `withheld` the panel's.
    """

    encounter: str = ""  # Encounter/…; empty: the launch has none
    status: str = ""  # Encounter.status; empty: not known
    started: date | None = None
    today: date = date.min
    withheld: str = ""  # deceased | hospice


def refused(verb: Verb, whys: Iterable[Why], item: Item, role: Role, sitting: Sitting) -> Refusal | None:
    """Why `role` may not say this of an item now. What must come along is `incomplete`'s."""
    if not may(role, May.ACT):
        return Refusal.NO_ROLE
    if sitting.withheld:
        return Refusal.DECEASED if sitting.withheld == "deceased" else Refusal.HOSPICE
    if item.kind is Kind.PROMPT and not may(role, May.SEE_PROMPTS):
        return Refusal.NOT_SEEN
    if verb not in machine.VERBS[item.kind] or (item.state.startswith(COUNTED) and verb not in _OF_COUNTED):
        return Refusal.NOT_THIS_KIND
    if verb in _ASSESSES and not item.label:  # a payer's group without a code or a word: nobody knows what it is about
        return Refusal.NOT_THIS_KIND
    return not_assessing(role, sitting) if assesses(verb, whys) else None


def assesses(verb: Verb, whys: Iterable[Why] = ()) -> bool:
    """Whether this is for a clinician to say: an assessment, or a clinical reason not to do something."""
    return verb in _ASSESSES or (verb is Verb.NOT_APPROPRIATE and not CLINICAL.isdisjoint(whys))


def not_assessing(role: Role, sitting: Sitting) -> Refusal | None:
    """Why nobody of this role assesses anything here."""
    if not may(role, May.ASSESS):
        return Refusal.NOT_CLINICIAN
    if not sitting.encounter:
        return Refusal.NO_VISIT
    if sitting.status in FINISHED:
        return Refusal.VISIT_FINISHED
    if sitting.status not in UNFINISHED or sitting.started is None:
        return Refusal.VISIT_UNKNOWN
    return None if sitting.started == sitting.today else Refusal.OTHER_DAY


def offered(item: Item, stage: Stage, role: Role, sitting: Sitting) -> tuple[Verb, ...]:
    """The verbs whose buttons are drawn: none that would be refused. One that takes a reason is offered where one of
    its reasons may be given (`reasons`).
    """
    return tuple(
        verb
        for verb in machine.verbs(item.kind, stage)
        if refused(verb, reasons(verb, item, role, sitting)[:1], item, role, sitting) is None
    )


def reasons(verb: Verb, item: Item, role: Role, sitting: Sitting) -> tuple[Why, ...]:
    """The reasons that somebody may give with a verb, those that are refused left out."""
    every = machine.whys(verb, item.kind)
    return tuple(why for why in every if refused(verb, (why,), item, role, sitting) is None)


def incomplete(action: Action, today: date) -> Refusal | None:
    """What is missing of an action, or does not belong to it."""
    needs, known = machine.needs(action.verb), machine.whys(action.verb, action.item.kind)
    if any(why not in known for why in action.whys):
        return Refusal.NOT_THIS_REASON
    if Need.REASON in needs and len(set(action.whys)) != 1:
        return Refusal.NEEDS_REASON
    if Need.BARRIERS in needs and not action.whys:
        return Refusal.NEEDS_BARRIER
    if Need.PROOF in needs and (lack := _proof(action, today)):
        return lack
    if Need.DATE in needs and action.until is not None and action.until <= today:
        return Refusal.DAY_PAST
    if action.until is not None and action.until > today + FARTHEST:
        return Refusal.DAY_FAR
    return Refusal.TOO_LONG if len(action.word) > MOST_WORDS or len(action.place) > MOST_WORDS else None


def _proof(action: Action, today: date) -> Refusal | None:
    if action.on is not None and action.on > today:
        return Refusal.DAY_AHEAD
    if action.evidence or (action.on and action.place.strip()):
        return None
    if action.on:
        return Refusal.NEEDS_PLACE
    return Refusal.NEEDS_DAY if action.place.strip() else Refusal.NEEDS_PROOF


def out_of_turn(action: Action, standing: Iterable[Action]) -> Refusal | None:
    """Why an action cannot follow those that stand on its item: it says what stands there already. The same verb with
    other particulars is another word.
    """
    newest = max(standing, key=lambda each: each.number, default=None)
    if newest is None:
        return None
    if machine.step(action.item.kind, machine.LEADS[newest.verb], action.verb) is None:
        return Refusal.NOTHING_NEW
    return Refusal.NOTHING_NEW if _particulars(action) == _particulars(newest) else None


def _particulars(action: Action) -> tuple[object, ...]:
    said = action.verb, frozenset(action.whys), action.word, action.until, action.on, action.place
    return (*said, action.evidence, action.agreed, action.item.facts, action.encounter)


def undo_refused(action: Action, mine: Iterable[Action], role: Role, sitting: Sitting, said_on: date) -> Refusal | None:
    """Why an action cannot be taken back now. `mine`: all actions about its item; `said_on`: the clinic's day on which
    it was recorded.
    """
    if not may(role, May.ACT) or (action.item.kind is Kind.PROMPT and not may(role, May.SEE_PROMPTS)):
        return Refusal.NO_ROLE
    if action.undone_at is not None:
        return Refusal.UNDONE
    if action.verb is Verb.WRONG_PATIENT:
        return Refusal.HELD
    if any(each.undone_at is None and each.number > action.number for each in mine):
        return Refusal.NOT_NEWEST
    if assesses(action.verb, action.whys) and not may(role, May.ASSESS):
        return Refusal.NOT_CLINICIAN
    return None if within_visit(action, sitting, said_on) else Refusal.VISIT_OVER


def within_visit(action: Action, sitting: Sitting, said_on: date) -> bool:
    """Whether the visit in which something was recorded is going on: it ends with the EHR's word, or the clinic's day.
    Under a launch without an encounter the day is the visit.
    """
    return action.encounter == sitting.encounter and sitting.status not in FINISHED and said_on == sitting.today
