"""What was recorded about an item, in words: what, by whom, when, and how far it has come at each payer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back
from app.core.ledger.legs import expects
from app.core.ledger.outgoing import FollowUp, Judged, Message, Post, Sends
from app.core.ledger.standing import NO_VISIT, Standing
from app.core.ledger.verb import Leg, Stage, Verb, Why
from app.web.present.dates import clock_words, day_words, distance, plain_day
from app.web.present.names import Payers
from app.web.present.text import by_payer, distinct, listed, plain, sentence
from app.web.present.views import Mark
from app.web.present.views.acting import ToldView

STAGE_MARKS: Mapping[Stage, Mark] = {
    Stage.OPEN: Mark("Open", "disc", "act"),
    Stage.DONE: Mark("Done here", "check", "done"),
    Stage.ORDERED: Mark("Ordered", "half", "wait"),
    Stage.ALREADY_DONE: Mark("Done already", "check", "done"),
    Stage.DECLINED: Mark("Declined", "bar", "quiet"),
    Stage.NOT_APPROPRIATE: Mark("Not appropriate", "bar", "quiet"),
    Stage.PUT_OFF: Mark("Not now", "ring", "quiet"),
    Stage.IN_PROGRESS: Mark("Begun", "half", "wait"),
    Stage.NEEDS_HELP: Mark("Needs the plan's help", "half", "wait"),
    Stage.WRONG_PATIENT: Mark("Not this patient", "bar", "quiet"),
    Stage.PRESENT: Mark("Assessed", "check", "done"),
    Stage.NOT_PRESENT: Mark("Assessed", "check", "done"),
}
LEG_MARKS: Mapping[Leg, Mark] = {
    Leg.HERE: Mark("Here", "ring", "wait"),
    Leg.SENT: Mark("Sent", "half", "wait"),
    Leg.CONFIRMED: Mark("Confirmed", "check", "done"),
    Leg.LATE: Mark("Not confirmed in time", "query", "unsure"),
    Leg.CONFLICT: Mark("Contradicted", "clash", "urgent"),
    Leg.STUCK: Mark("Could not be sent", "diamond", "urgent"),
}

VERB_WORDS: Mapping[Verb, str] = {
    Verb.DONE: "Done today",
    Verb.ORDERED: "Ordered",
    Verb.ALREADY_DONE: "Already done",
    Verb.DECLINED: "Patient declined",
    Verb.NOT_APPROPRIATE: "Not appropriate",
    Verb.NOT_NOW: "Not now",
    Verb.WRONG_PATIENT: "Not this patient",
    Verb.NEEDS_HELP: "Needs the plan's help",
    Verb.PRESENT: "Assessed, present",
    Verb.NOT_PRESENT: "Assessed, not present",
    Verb.IN_PROGRESS: "Begun, not finished",
}
WHY_WORDS: Mapping[Why, str] = {
    Why.CLINICAL: "Clinically not indicated",
    Why.LIMITED_LIFE: "Limited life expectancy",
    Why.INTOLERANT: "Not tolerated, or contraindicated",
    Why.NOT_IN_POPULATION: "The measure does not apply",
    Why.OTHER: "Something else",
    Why.NEVER_HAD: "Never had it",
    Why.INACTIVE: "No longer active",
    Why.DOES_NOT_APPLY: "Does not apply to this patient",
    Why.TRANSPORT: "Transport",
    Why.COST: "Cost",
    Why.CANNOT_REACH: "Cannot be reached",
    Why.LANGUAGE: "Language",
    Why.HOUSING: "Housing",
    Why.FOOD: "Food",
}

#: Why nothing goes to a payer (`Standing.not_sent`, `Message.trouble`). Nobody speaks of codes on this screen.
NOT_SENT_WORDS: Mapping[str, str] = {
    "no-code": "there is no reply that says this",
    "no-remarks": "this plan takes no replies",
    "unknown-dialect": "which replies it takes is not known",
    "no-group": "the report has no place for a reply",
    "no-transport": "this plan takes no replies",
    "restriction": "restriction",
    "held": "the report is hidden as not this patient's",
    "later-word": "a later answer has replaced it",
    "taken-back": "taken back",
    "deceased": "the chart records that the patient died",
}
TROUBLE_WORDS: Mapping[str, str] = {
    "down": "no answer", "slow": "no answer in time", "busy": "too many requests", "waiting": "too many requests",
    "resting": "left alone for a moment", "conflict": "somebody else keeps changing the report",
    "not-allowed": "we are not allowed to write", "no-such-report": "the report is not there any more",
    "no-such-group": "the report does not list it any more", "no-transport": "it takes no replies",
    "not-taken": "it does not accept the reply", "not-complete": "the plan keeps only a part of the reply",
    "no-token": "no permission to sign in", "not-readable": "its answer could not be read",
}  # fmt: skip
BACK_WORDS: Mapping[Back, str] = {
    Back.NEW_EVIDENCE: "Here again: something is new since then.",
    Back.DATE: "Here again: the day that it was put off until has come.",
    Back.NEXT_VISIT: "Here again: this is another visit.",
    Back.OVERDUE: "Here again: nothing has come of it in time.",
    Back.CONFLICT: "",  # the payer's contradiction says it
    Back.LATE: "",
    Back.HELD: "Here again: the report was released.",
}
_PROMISED: Mapping[str, str] = {
    "result": "ordered {day}, nothing has come",
    "record": "its record was to be asked for {day}, nothing has come",
    "help": "the plan's help was asked for {day}",
    "visit": "put off on {day}, to be taken up again",
    "evidence": "its record was to be sent {day}",
}


def said_words(action: Action, today: date) -> str:
    """What somebody said, without who and when: "Not appropriate: clinically not indicated"."""
    reasons = listed([WHY_WORDS[why].lower() for why in action.whys])
    match action.verb:
        case Verb.DONE:
            return "Done here"
        case Verb.ALREADY_DONE:
            where = ", ".join(filter(None, [plain_day(action.on) if action.on else "", plain(action.place)]))
            return f"Done already: {where}" if where else "Done already, as this chart shows"
        case Verb.NOT_NOW:
            return f"Not now: until {day_words(action.until, today)}" if action.until else "Not now: at the next visit"
        case Verb.NEEDS_HELP:
            agreed = "the patient agreed to telling the plan" if action.agreed else "the plan is not to be told"
            return f"Needs the plan's help: {reasons}; {agreed}"
    return f"{VERB_WORDS[action.verb]}{f': {reasons}' if reasons else ''}"


def by_words(action: Action, now: datetime) -> str:
    """Who and when: "10:02, Mara Ellison, MD"."""
    when = clock_words(action.at, now) if action.at else ""
    return ", ".join(filter(None, [when, plain(action.by)]))


def told_lines(found: Standing, payers: Payers, now: datetime, user: str) -> tuple[ToldView, ...]:
    """Everything that a row says of what was recorded."""
    action = found.action
    if action is None:
        return ()
    others = {each.id for each in found.beside}
    lines = _said(action, [(one, leg) for one, leg in found.legs if one.action not in others], payers, now, user)
    lines += [ToldView(words, "not-sent") for words in _not_sent(found.not_sent, payers)]
    for each in found.beside:  # what counts beside the newest word, with what became of it
        lines += _said(each, [(one, leg) for one, leg in found.legs if one.action == each.id], payers, now, user)
    lines = list(dict.fromkeys(lines))  # one condition may stand in two lists of one payer
    if back := BACK_WORDS.get(found.back, ""):
        lines.append(ToldView(back, "back"))
    return tuple(lines)


def _said(
    action: Action, legs: Sequence[tuple[Message, Leg]], payers: Payers, now: datetime, user: str
) -> list[ToldView]:
    """One word, and how far it has come at each payer."""
    mine = " You recorded it." if action.who == user and any(leg is Leg.CONFLICT for _, leg in legs) else ""
    lines = [ToldView(f"{said_words(action, now.date())}, {by_words(action, now)}.{mine}")]
    if action.word:
        lines.append(ToldView(f"“{plain(action.word)}”"))
    held = [message for message, leg in legs if leg is Leg.HERE and message.post is Post.HELD]
    if held:
        to = listed(distinct([payers.full(each.to) for each in held]))
        lines.append(ToldView(f"Leaves for {to} when the visit ends.", Leg.HERE.value))
    lines += [
        ToldView(_leg_words(message, leg, payers, now), leg.value, None if leg is Leg.HERE else LEG_MARKS[leg])
        for message, leg in legs
        if message not in held
    ]
    return lines


def _leg_words(message: Message, leg: Leg, payers: Payers, now: datetime) -> str:
    to, today = payers.full(message.to), now.date()
    record = message.kind is Sends.EVIDENCE
    what, did = ("The record", f"Record sent to {to}") if record else ("It", f"Sent to {to}")
    sent = distance(message.sent_at.astimezone(now.tzinfo).date(), today) if message.sent_at else ""
    quoted = f" It writes: “{words}”" if (words := by_payer(message.payer_words)) else ""
    match leg:
        case Leg.HERE:
            trouble = TROUBLE_WORDS.get(message.trouble, "")
            return f"{what} is on its way to {to}{f' ({trouble}; it is tried again)' if trouble else ''}."
        case Leg.SENT:
            if not expects(message):  # an order or a refusal changes nothing there: sent is all that becomes of it
                return f"{did} {sent}."
            rest = "not confirmed" if message.confirmable else "this plan does not show what it keeps"
            return f"{did} {sent}, {rest}."
        case Leg.CONFIRMED:
            when = f", {plain_day(message.judged_at.astimezone(now.tzinfo).date())}" if message.judged_at else ""
            return f"Confirmed by {to}{when}."
        case Leg.LATE:
            return f"{did} {sent}, still not confirmed after the agreed time."
        case Leg.CONFLICT:
            against = "has opened it again" if message.judged is Judged.REOPENED else "has rejected it"
            return f"{to} {against}.{quoted}"
        case Leg.STUCK:
            why = TROUBLE_WORDS.get(message.trouble, "it was tried too often")
            return f"{what} could not be sent to {to}: {why}.{quoted}"


def _not_sent(found: Sequence[tuple[str, str]], payers: Payers) -> list[str]:
    """One line for each reason; nobody has to be told that a finding of this chart goes to no payer."""
    by: dict[str, list[str]] = {}
    for payer, why in found:
        if payer or why == NO_VISIT:
            by.setdefault("no visit" if why == NO_VISIT else NOT_SENT_WORDS.get(why, "withdrawn"), []).append(payer)
    return [
        f"Not sent{f' to {to}' if (to := listed([payers.full(each) for each in whom if each])) else ''}: {why}."
        for why, whom in by.items()
    ]


def overdue_lines(follow_ups: Sequence[FollowUp], now: datetime) -> tuple[str, ...]:
    """What was promised about this patient and has not come in time."""
    late = [each for each in follow_ups if each.done_at is None and each.due < now.date()]
    return tuple(
        sentence(
            f"Overdue: {plain(each.label)} {_PROMISED.get(each.what, 'promised {day}').format(day=_on(each, now))}"
        )
        for each in sorted(late, key=lambda each: each.due)
    )


def _on(follow_up: FollowUp, now: datetime) -> str:
    return plain_day(follow_up.at.astimezone(now.tzinfo).date())
