"""The page that shows what would leave for a payer, before it leaves: what, to whom, what for, and what stays here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.core.ledger.minimum import Least, Unfit, said
from app.core.ledger.offer import NEVER, Held, Offer, Why
from app.core.ledger.outgoing import Judged, Message, Post
from app.core.ledger.permission import Refusal
from app.core.ledger.practice import Practice
from app.core.sensitive import Topic
from app.web.present.dates import clock_words, day_words, plain_day
from app.web.present.facts import type_words
from app.web.present.text import by_payer, distinct, listed, plain
from app.web.present.views import Labelled

TITLE = "Send to the plan"
SHOWN = (
    "This is everything that would leave. Nothing is sent until you press the button; then it is this and nothing else."
)
NOTHING = "Nothing in this chart settles it by our rule, so there is nothing to send."
GONE_TITLE = "This is no longer on the panel"
CLOSES_NOTHING = (
    "The plan decides whether this closes the gap. Until it says so, the panel keeps showing where it stands."
)
EXACT_TITLE = "Exactly as it would leave"

HELD_WORDS: Mapping[Held, str] = {
    Held.NO_VISIT: "Not sent: Chartside was opened without a visit. Open it from the visit to send to a plan.",
    Held.RESTRICTED: "Not sent: a restriction on disclosure keeps this plan from hearing of this patient.",
    Held.NOT_IDENTIFIED: "Not sent: the plan has not said which of its members this is. Ask it again on the panel.",
    Held.NOT_TAKEN: "Not sent: this plan takes no evidence over this connection. Send it the way you did before.",
    Held.NO_ANSWER: "Not sent: the EHR or the plan did not answer just now. Try again in a minute.",
    Held.CHANGED: "Not sent: an entry in the chart is not as it was when the panel was drawn. Look at the panel again.",
}
#: What holds an entry back, in words that do not say what it is about.
TOPIC_WORDS: Mapping[Topic, str] = {
    Topic.RESTRICTED: "the EHR marks it as restricted",
    Topic.SUBSTANCE_USE: "it may be under 42 CFR Part 2, which needs the patient's consent for each disclosure",
    Topic.BEHAVIOURAL: "it is about behavioral health",
    Topic.REPRODUCTIVE: "it is about reproductive health",
    Topic.SEXUAL: "it is about sexual health",
    Topic.HIV: "it is about HIV",
    Topic.VIOLENCE: "it is about violence",
    Topic.GENETIC: "it is about a genetic finding",
    Topic.MINOR: "it may be what a minor keeps confidential",
}
_UNFIT_WORDS: Mapping[Unfit, str] = {
    Unfit.TYPE: "an entry of a kind that is not sent",
    Unfit.MODIFIED: "an entry with a modifier that we do not know",
    Unfit.NOBODY: "an entry that names no patient",
    Unfit.ANOTHER: "an entry that names another patient",
    Unfit.STATUS: "an entry that was cancelled, corrected or is not final",
}
_FOR: Mapping[Why, str] = {
    Why.SETTLES: "shows that it was done",
    Why.EXCLUDES: "shows why the measure does not apply",
    Why.ASSESSED: "shows the visit at which it was assessed",
}
#: FHIR's elements in words, where the name does not say it.
_ELEMENTS: Mapping[str, str] = {
    "class": "kind of visit", "vaccineCode": "vaccine", "code": "what", "subject": "patient", "encounter": "visit",
    "effectiveDateTime": "when", "effectivePeriod": "when", "effectiveInstant": "when", "performedDateTime": "when",
    "performedPeriod": "when", "occurrenceDateTime": "when", "onsetDateTime": "began", "onsetPeriod": "began",
    "abatementDateTime": "ended", "abatementPeriod": "ended", "authoredOn": "written", "recordedDate": "recorded",
    "performer": "by", "asserter": "by", "recorder": "by", "requester": "by", "participant": "with",
    "serviceProvider": "at", "valueQuantity": "result", "valueCodeableConcept": "result", "valueString": "result",
    "component": "parts", "medicationCodeableConcept": "medication", "medicationReference": "medication",
    "conclusionCode": "result", "primarySource": "recorded where it was given", "text": "the text of the entry",
    "note": "notes", "meta": "tags and labels", "identifier": "record numbers", "extension": "additions of the EHR",
    "contained": "entries inside the entry", "referenceRange": "reference range", "conclusion": "the conclusion",
    "presentedForm": "the document", "content": "the document", "basedOn": "the order", "issued": "when reported",
    "specimen": "the specimen", "device": "the device", "reasonCode": "the reason", "lotNumber": "the lot number",
}  # fmt: skip
_FIRST = ("what", "vaccine", "medication", "kind of visit", "when", "began", "ended", "written", "result", "parts")
_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})[\d:.]*(?:Z|[+-]\d{2}:\d{2})?)?")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of the chart at its least."""

    title: str
    lines: tuple[Labelled, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class LeavingView:
    """One payer: what would leave, or why it does not. `draft` empty: there is no button."""

    payer: str
    about: tuple[str, ...]
    entries: tuple[EntryView, ...] = ()
    draft: str = ""
    message: str = ""
    label: str = ""
    read: str = ""
    exact: str = ""  # the request as it would leave: address, headers and body
    held: str = ""
    state: str = ""  # it has been let go before: where it is


@dataclass(frozen=True, slots=True)
class SendingView:
    title: str
    lead: tuple[str, ...]
    payers: tuple[LeavingView, ...]
    problem: str = ""
    back_url: str = ""
    exact_title: str = EXACT_TITLE


def leaving(
    offer: Offer,
    payer: str,
    now: datetime,
    *,
    at: datetime,
    draft: str = "",
    message: str = "",
    entries: Sequence[Least] = (),
    envelope: Mapping[str, Any] | None = None,
    held: Held | None = None,
    unfit: Sequence[Unfit] = (),
    already: Message | None = None,
    practice: Practice | None = None,
    author: str = "",
) -> LeavingView:
    """One payer's part of the page. Where it is held back, nothing of the entries is shown."""
    if held is not None:
        return LeavingView(payer, about=(_about(offer),), held=_held(held, offer, unfit))
    return LeavingView(
        payer=payer,
        about=(_about(offer), _by(author, practice)),
        entries=tuple(_entry(each) for each in entries),
        draft=draft,
        message=message,
        label=f"Send to {payer}" if draft else "",
        read=f"Read from the chart at {clock_words(at, now)}." if draft else "",
        exact=_exact(envelope) if envelope else "",
        state=state_words(already, payer, now) if already else "",
    )


def told_nothing(payer: str) -> LeavingView:
    """A payer of this patient that a restriction keeps from hearing anything."""
    return LeavingView(payer, about=(), held=HELD_WORDS[Held.RESTRICTED])


def view(
    label: str, payers: Sequence[LeavingView], back_url: str, *, refused: Refusal | None = None, problem: str = ""
) -> SendingView:
    """The whole page."""
    ready = any(each.draft for each in payers)
    lead: tuple[str, ...] = (SHOWN, CLOSES_NOTHING) if ready else () if payers else (NOTHING,)
    said_why = REFUSED.get(refused, REFUSED_ANYWAY) if refused else problem
    return SendingView(f"{TITLE}: {plain(label)}", lead, tuple(payers), said_why, back_url)


GONE = (
    "Nothing was sent: what this page showed is more than an hour old, or was sent already. This is how it stands now."
)
REFUSED_ANYWAY = "Nothing was sent: your role or this visit does not allow it."
REFUSED: Mapping[Refusal, str] = {
    Refusal.NO_ROLE: "Nothing was sent: your role records nothing. Ask a clinician or the clinical staff.",
    Refusal.DECEASED: "Nothing was sent: the patient has died.",
    Refusal.HOSPICE: "Nothing was sent: the patient is in hospice care.",
    Refusal.NO_VISIT: "Nothing was sent: Chartside was opened without a visit. Open it from today's visit.",
}


def state_words(message: Message, payer: str, now: datetime) -> str:
    """Where something is that was let go: on its way, sent, confirmed, or stuck."""
    when = message.sent_at or message.at
    day = _clinic_day(when, now)
    if message.post is Post.DEAD:
        return (
            f"Could not be sent to {payer}. It waits under “Sent to payers”, where somebody can let it be tried again."
        )
    if message.post in (Post.WAITING, Post.HELD):
        return f"On its way to {payer} since {clock_words(message.at, now)}."
    if message.judged is Judged.CONFIRMED:
        return f"Sent to {payer} {day_words(day, now.date())}; the plan has confirmed it."
    tail = "not confirmed yet" if message.confirmable else "this plan does not confirm"
    return f"Sent to {payer} {day_words(day, now.date())}; {tail}."


def _exact(envelope: Mapping[str, Any]) -> str:
    """The whole request but for our token."""
    headers = envelope.get("headers") or {}
    head = [f"POST {envelope.get('path') or '/'}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join([*head, "", str(envelope.get("content", ""))])


def _clinic_day(when: datetime, now: datetime) -> date:
    return when.astimezone(now.tzinfo).date()


def _about(offer: Offer) -> str:
    title = by_payer(offer.measure.title) or plain(offer.measure.url.rstrip("/").rpartition("/")[2])
    version = f", version {plain(offer.measure.version)}" if offer.measure.version else ""
    start, end = plain_day(offer.period.start), plain_day(offer.period.end)
    return f"{_FOR[offer.why].capitalize()}: {title}{version}, {start} to {end}."


def _by(author: str, practice: Practice | None) -> str:
    name = plain(author) or "whoever is signed in"
    where = f", {plain(practice.name)}" if practice and practice.name else ""
    number = f" (NPI {practice.npi})" if practice and practice.npi else ""
    return f"In the name of {name}{where}{number}."


def _held(held: Held, offer: Offer, unfit: Sequence[Unfit]) -> str:
    if held is Held.SENSITIVE and offer.topic:
        whose = "No setting lets such entries" if offer.topic in NEVER else "Your practice does not let such entries"
        return f"Held back: {TOPIC_WORDS[offer.topic]}. {whose} leave here."
    if unfit:
        return (
            f"{HELD_WORDS[Held.CHANGED]} ({_first_capital(listed(distinct([_UNFIT_WORDS[each] for each in unfit])))}.)"
        )
    return HELD_WORDS[held]


def _entry(entry: Least) -> EntryView:
    kind = str(entry.resource["resourceType"])
    told = sorted(said(entry.resource), key=lambda each: _place(element_words(each.element)))
    lines = [
        Labelled(_first_capital(element_words(each.element)), _day_in(plain(each.words)))
        for each in told
        if each.element not in ("subject", "patient", "encounter")
    ]
    left = distinct([element_words(name) for name in entry.left_out])
    out = f"Stays here: {listed(left)}." if left else ""
    return EntryView(_first_capital(type_words(kind)), tuple(lines), out)


def _place(words: str) -> int:
    """What it is, when, and what came of it; then the rest."""
    return _FIRST.index(words) if words in _FIRST else len(_FIRST)


def _day_in(words: str) -> str:
    """10 Nov 2026, 08:45 for a FHIR date or time, in the zone that it was written in."""
    return _DATE.sub(_day, words)


def _day(found: re.Match[str]) -> str:
    try:
        day = plain_day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
    return f"{day}, {found[2]}" if found[2] else day


def _first_capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def element_words(name: str) -> str:
    """What an element of FHIR is called here; one without words of ours by its own name, taken apart."""
    return _ELEMENTS.get(name) or _HUMP.sub(" ", plain(name)).lower()
