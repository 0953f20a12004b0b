"""What can be said about a row with one tap or two, and what was: the buttons, never one that would be refused.

A condition is a question with two answers of the same weight; an answer of a gap is what its state asks for. Whatever
else can be said stands behind one more tap, with its coded reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.core.flag import Card, GapRow, Hidden, PromptRow, PromptState, State
from app.core.ledger import machine, permission, version
from app.core.ledger.item import of_card, of_hidden, of_prompt, on
from app.core.ledger.outgoing import Post, Sends
from app.core.ledger.verb import Verb, Why
from app.web.present.acts import Acts, Asked, offers
from app.web.present.dates import plain_when
from app.web.present.facts import fact_line
from app.web.present.gaps import row_view
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.prompts import condition_label, prompt_view, row_label
from app.web.present.recorded import STAGE_MARKS, VERB_WORDS, WHY_WORDS, said_words, told_lines
from app.web.present.views import PromptView, RowView
from app.web.present.views.acting import ActingView, DayView, GroupView, HelpView, PickView
from app.web.present.words import NOT_THIS_PATIENT

WORD = "A word for your team (optional, stays here)"
OTHER, CHANGE = "Other answers", "Change the answer"
CONTRADICTED = "Look at what the plan says, then send it again or change the answer"
ASSESSED = "Assessed:"  # today, by the clinician who taps
AGREED = "The patient agreed to telling the plan"
HOLDS = "Report of somebody else? It is hidden for everyone until the privacy officer has looked."
CHARTED, ELSEWHERE = "chart", "elsewhere"  # where the proof of "already done" is taken from

UNTIL, THERE = "until", "there"  # what a verb takes from the form's fields

_PLAIN = (Verb.DONE, Verb.ORDERED, Verb.DECLINED, Verb.PRESENT, Verb.IN_PROGRESS)  # nothing has to come along
_TO_ORDER = ("order-", "refer-")  # acts that begin so are ordered in the room, not done there
#: The natural "not present" of a condition: what was there once is over, what was only suspected never was.
_NOT: Mapping[PromptState, Why] = {
    PromptState.ASSESS_HISTORIC: Why.INACTIVE,
    PromptState.REMOVE: Why.INACTIVE,
    PromptState.ASSESS_SUSPECTED: Why.NEVER_HAD,
}
_CAPTIONS: Mapping[Verb, str] = {
    Verb.NOT_APPROPRIATE: "Not appropriate",
    Verb.NOT_PRESENT: "Not present",
    Verb.NOT_NOW: "Not now",
    Verb.ALREADY_DONE: "Already done",
}


def gap_acting(view: RowView, card: Card, acts: Acts, payers: Payers) -> RowView:
    """The row with what can be said about it and what was."""
    item, offered, found = offers(of_card(card, acts.now.date()), acts)
    if card.main.state is State.EXCLUDED and found.action is None:
        offered = ()
    proofs = _proofs(card.main, payers, acts.now) if Verb.ALREADY_DONE in offered else ()
    of = Asked(view.id, view.service, item, found, offered, proofs)
    send = f"{acts.send}{view.id}" if acts.send and acts.sendable(card) else ""
    orders = f"{acts.orders}{view.id}" if acts.orders and offered else ""
    first = () if of.done else _first_of_gap(card.main, of, acts, sendable=bool(send))
    made = _acting(of, acts, payers, first, send=send, orders=orders)
    told_before = card.main.state is State.DONE_HERE and bool(found.conflicts)
    action = CONTRADICTED if told_before else view.action
    return replace(view, acting=made, mark=made.mark or view.mark, action=action)


def prompt_acting(view: PromptView, row: PromptRow, acts: Acts, payers: Payers) -> PromptView:
    """The same for a condition. What is only counted, or belongs to the history, is not asked about."""
    item, offered, found = offers(of_prompt(row, acts.now.date()), acts)
    asked = row.state in _NOT
    if not asked and found.action is None:  # only counted, or of the history
        offered = tuple(verb for verb in offered if verb is Verb.WRONG_PATIENT)
    of = Asked(view.id, row_label(row), item, found, offered)
    first = _first_of_prompt(row.state, of, acts) if asked and not of.done else ()
    made = _acting(of, acts, payers, first)
    return replace(view, acting=made, mark=made.mark or view.mark, title=of.about if of.done else view.title)


def hidden_acting(hidden: Hidden, acts: Acts, payers: Payers, id_: str) -> ActingView:
    """Of a condition that is only counted: that nobody here has it, also where no payer asks about it."""
    item, offered, found = offers(of_hidden(hidden, acts.now.date()), acts)
    of = Asked(id_, condition_label(hidden.category), item, found, offered)
    return replace(_acting(of, acts, payers, ()), holds=())  # its page has those already


# --- the one answer that the state asks for ---------------------------------------------------------------------------


def _first_of_gap(row: GapRow, of: Asked, acts: Acts, *, sendable: bool) -> tuple[PickView, ...]:
    match row.state:
        case State.DO_TODAY:
            verb = Verb.ORDERED if row.act.startswith(_TO_ORDER) else Verb.DONE
        case State.OUT_OF_RANGE | State.NOT_CHECKED | State.CANNOT_TELL:
            verb = Verb.DONE
        case State.DONE_ELSEWHERE | State.DONE_HERE if of.proofs and not sendable:
            return (replace(of.proofs[0], label=VERB_WORDS[Verb.ALREADY_DONE], heard=of.about),)
        case State.DOES_NOT_APPLY if Why.NOT_IN_POPULATION in acts.reasons(Verb.NOT_APPROPRIATE, of.item):
            return (_pick(Verb.NOT_APPROPRIATE, Why.NOT_IN_POPULATION, "Does not apply", of.about),)
        case _:
            return ()
    return (_pick(verb, None, VERB_WORDS[verb], of.about),) if verb in of.offered else ()


def _first_of_prompt(state: PromptState, of: Asked, acts: Acts) -> tuple[PickView, ...]:
    """Present and not present, alike: one tap each, or neither."""
    why = _NOT[state]
    if Verb.PRESENT not in of.offered or why not in acts.reasons(Verb.NOT_PRESENT, of.item):
        return ()
    return (
        _pick(Verb.PRESENT, None, "Present", of.about),
        _pick(Verb.NOT_PRESENT, why, WHY_WORDS[why], of.about),
    )


# --- all else ---------------------------------------------------------------------------------------------------------


def _acting(
    of: Asked, acts: Acts, payers: Payers, first: tuple[PickView, ...], *, send: str = "", orders: str = ""
) -> ActingView:
    """With what stands behind one more tap, and what was said."""
    said = {pick.say for pick in first}
    groups = tuple(group for group in _groups(of, acts, said) if group.picks)
    days, action = _days(of, acts), of.found.action
    undo = _undo(of, acts)
    return ActingView(
        version=version.of(of.item, acts.ledger.actions),
        lead=ASSESSED if any(pick.say == Verb.PRESENT for pick in first) else "",
        first=first,
        send=send,
        orders=orders,
        other=(CHANGE if action else OTHER) if groups or days else "",
        groups=groups,
        days=days,
        help=_help(of),
        word=WORD if groups or days else "",
        holds=_holds(of, payers),
        holds_words=HOLDS,
        told=told_lines(of.found, payers, acts.now, acts.user),
        undo=undo,
        undo_heard=f"{said_words(action, acts.now.date())}, {of.about}" if undo and action else "",
        done=of.done,
        mark=STAGE_MARKS[of.found.stage] if of.done else None,
        notice=acts.refused[1] if acts.refused[0] == of.id else "",
    )


def _groups(of: Asked, acts: Acts, said: set[str]) -> list[GroupView]:
    """Answers that take one tap more. What stands on the row already is not said twice."""
    plainly = [verb for verb in _PLAIN if verb in of.offered]
    found = [GroupView("Otherwise", tuple(_pick(verb, None, VERB_WORDS[verb]) for verb in plainly))]
    found.append(GroupView(_CAPTIONS[Verb.ALREADY_DONE], of.proofs))
    for verb in (Verb.NOT_PRESENT, Verb.NOT_APPROPRIATE):
        if verb in of.offered:
            reasons = acts.reasons(verb, of.item)
            found.append(GroupView(_CAPTIONS[verb], tuple(_pick(verb, why, WHY_WORDS[why]) for why in reasons)))
    return [GroupView(each.caption, tuple(pick for pick in each.picks if pick.say not in said)) for each in found]


def _days(of: Asked, acts: Acts) -> tuple[DayView, ...]:
    today = acts.now.date()
    found = []
    if Verb.NOT_NOW in of.offered:
        until = PickView(f"{Verb.NOT_NOW}/{UNTIL}", "On that day")
        visit = _pick(Verb.NOT_NOW, None, "At the next visit")
        tomorrow = (today + timedelta(days=1)).isoformat()
        found.append(DayView(_CAPTIONS[Verb.NOT_NOW], "until", "or until", until, (visit,), least=tomorrow))
    if Verb.ALREADY_DONE in of.offered:
        there = PickView(f"{Verb.ALREADY_DONE}/{THERE}", VERB_WORDS[Verb.ALREADY_DONE])
        found.append(DayView("Done somewhere else", "on", "On", there, most=today.isoformat(), place="Where"))
    return tuple(found)


def _help(of: Asked) -> HelpView | None:
    if Verb.NEEDS_HELP not in of.offered:
        return None
    barriers = tuple(PickView(why, WHY_WORDS[why]) for why in machine.whys(Verb.NEEDS_HELP, of.item.kind))
    return HelpView(VERB_WORDS[Verb.NEEDS_HELP], barriers, AGREED, PickView(Verb.NEEDS_HELP, "Ask for help"))


def _holds(of: Asked, payers: Payers) -> tuple[PickView, ...]:
    """One button for each payer whose report it stands in."""
    if Verb.WRONG_PATIENT not in of.offered:
        return ()
    whose = dict.fromkeys(target.payer for target in of.item.targets)
    return tuple(
        PickView(f"{Verb.WRONG_PATIENT}/{payer}", f"{NOT_THIS_PATIENT}: {payers.short(payer)}") for payer in whose
    )


def _proofs(row: GapRow, payers: Payers, now: datetime) -> tuple[PickView, ...]:
    """What is known to show that it was done already: an entry that settles it, or what another payer has seen."""
    verb = Verb.ALREADY_DONE
    if row.state is State.DONE_HERE and row.settled_by:
        return (PickView(f"{verb}/{CHARTED}", f"As charted: {fact_line(row.settled_by, now.date())}"),)
    if row.elsewhere and row.elsewhere.when:
        return (
            PickView(f"{verb}/{ELSEWHERE}", f"As {payers.short(row.seen_by)} has it: {plain_when(row.elsewhere.when)}"),
        )
    return ()


def _undo(of: Asked, acts: Acts) -> str:
    """The action that can be taken back, while nothing of it has left."""
    action = of.found.action
    if action is None or not of.found.this_visit:
        return ""
    own = [each for each in of.found.messages if each.action == action.id and each.kind is not Sends.EHR]
    if any(each.post is not Post.HELD for each in own):
        return ""
    mine, said_on = on(of.item, acts.ledger.actions), (action.at or acts.now).astimezone(acts.now.tzinfo).date()
    refused = permission.undo_refused(action, mine, acts.role, acts.sitting, said_on)
    return action.id if refused is None else ""


def _pick(verb: Verb, why: Why | None, label: str, heard: str = "") -> PickView:
    return PickView(f"{verb}/{why}" if why else str(verb), label, heard)


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one screen are drawn. `acts` None: nothing is recorded there."""

    payers: Payers
    today: date
    ids: Ids
    acts: Acts | None = None

    def gap(self, card: Card) -> RowView:
        view = row_view(card, self.payers, self.today, self.ids)
        return gap_acting(view, card, self.acts, self.payers) if self.acts else view

    def prompt(self, row: PromptRow) -> PromptView:
        view = prompt_view(row, self.payers, self.today, self.ids)
        return prompt_acting(view, row, self.acts, self.payers) if self.acts else view
