"""The page that drafts something for the EHR: an order, a task, a line for the patient; or gives it as text to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.actions.ordering import Drafted
from app.core.flag import Card
from app.core.ledger.ordering import LINE, ORDER, TASK, Orderable, Possible
from app.core.ledger.outgoing import Post
from app.core.ledger.permission import Refusal
from app.core.ledger.practice import Practice
from app.core.schedule.row import Owner
from app.web.present.dates import clock_words, plain_day
from app.web.present.facts import fact_line
from app.web.present.gaps import action
from app.web.present.huddle.words import ABOUT, OWNERS
from app.web.present.text import plain, sentence

TITLE = "Order or pass on"
THERE = "Ordered or booked already"
OVERDUE = "An earlier order came to nothing"
WRITES = "Each button writes one entry into the chart. An order is a draft there until somebody signs it."
COPIES = "This EHR does not let Chartside write here: copy the text."
NO_VISIT = "Opened without a visit, so nothing is written into the chart: copy the text."
NOT_YET = "Not written yet"
AGAIN, TAKE_BACK = "Try again", "Take it back"
RECORD = "A draft is no order yet: when it is ordered, record “Ordered” on the panel."

#: For the patient, in plain words: no names of plans, no measures, nothing that they could not know from us. An act
#: that is not here has no line.
_LINES: Mapping[str, str] = {
    "order-hba1c": "Please have a blood test (HbA1c){by}. It shows your blood sugar of the last three months.",
    "order-kidney-tests": "Please have a blood test and a urine test{by}. They show how well your kidneys work.",
    "order-egfr": "Please have a blood test{by}. It shows how well your kidneys work.",
    "order-urine-albumin": "Please have a urine test{by}. It shows how well your kidneys work.",
    "refer-eye-exam": "Please see an eye doctor{by}. Diabetes can harm the eyes before you notice it.",
    "order-mammogram": "Please have a mammogram (an X-ray of the breasts){by}.",
    "order-breast-work-up": "Your breast X-ray needs a closer look. Please have the further pictures taken{by}.",
    "offer-colorectal-screening": "You are due for a check for bowel cancer: a stool test that you do at home, or a "
    "colonoscopy. Please do one of them{by}, or tell us which you would like.",
    "order-follow-up-colonoscopy": "Your stool test needs a follow-up. Please have a colonoscopy{by}.",
    "measure-blood-pressure": "Please have your blood pressure measured again{by}.",
    "offer-influenza-vaccine": "Please get your flu shot{by}.",
    "offer-pneumococcal-vaccine": "Please get the vaccine against pneumonia{by}.",
}
_CALL = " Questions? Call us at {phone}."

_TROUBLES: Mapping[str, str] = {
    "signed-out": "the EHR has signed you out: open Chartside again",
    "down": "the EHR did not answer; it may have been written, which is looked up before the next try",
    "slow": "the EHR did not answer in time; it may have been written, which is looked up before the next try",
    "busy": "the EHR was busy",
    "not-allowed": "the EHR does not allow it",
    "no-scope": "the EHR does not let Chartside write it here",
    "not-taken": "the EHR did not take it",
    "several-there": "the EHR has it more than once: look in the chart",
    "cannot-look": "it may have been written, and the EHR does not let us look: see the chart, else copy the text",
}
_REFUSED: Mapping[Refusal, str] = {
    Refusal.NO_ROLE: "Nothing was written: your role records nothing. Ask a clinician or the clinical staff.",
    Refusal.NO_VISIT: "Nothing was written: Chartside was opened without a visit. Open it from today's visit.",
    Refusal.DECEASED: "Nothing was written: the patient has died.",
    Refusal.HOSPICE: "Nothing was written: the patient is in hospice care.",
}
_REFUSED_ANYWAY = "Nothing was written: your role or this visit does not allow it."
_LABELS: Mapping[str, str] = {ORDER: "Draft this order", TASK: "Make this task", LINE: "Put it into the summary"}
_KINDS: Mapping[str, str] = {ORDER: "Draft order", TASK: "Task", LINE: "Line for the visit summary"}


@dataclass(frozen=True, slots=True)
class DraftView:
    """Something drafted before: in the chart, or not yet. `again` and `back`: which buttons it has."""

    id: str
    words: str
    state: str
    again: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class OfferView:
    """One thing to draft. `label` empty: only as text. `what` comes back with the button."""

    what: str
    title: str
    text: str
    label: str = ""
    rows: int = 3
    note: str = ""  # the code; of a task whom it is for


@dataclass(frozen=True, slots=True)
class OrdersView:
    title: str
    lead: tuple[str, ...]
    there_title: str
    there: tuple[str, ...]
    drafted_title: str
    drafted: tuple[DraftView, ...]
    offers: tuple[OfferView, ...]
    problem: str
    back_url: str
    again: str = AGAIN
    take_back: str = TAKE_BACK
    record: str = ""


def view(
    card: Card,
    what: Possible,
    drafted: Sequence[Drafted],
    *,
    writes: Mapping[str, bool],
    visit: bool,
    practice: Practice,
    now: datetime,
    back_url: str,
    refused: Refusal | None = None,
) -> OrdersView:
    """The page. `writes`: which kinds this launch may write."""
    today = now.date()
    done = {(each.kind, each.words) for each in drafted if each.message.post is not Post.WITHDRAWN}
    offers = [each for each in offered(card, what, practice) if (each[0], each[1]) not in done]
    shown = tuple(_offer(each, what, visit and writes[each[0]]) for each in offers)
    lead = [WRITES] if any(each.label for each in shown) else [COPIES if visit else NO_VISIT] if shown else []
    if any(each.label for each in shown) and not all(each.label for each in shown):
        lead.append("What has no button, this EHR does not let Chartside write: copy the text.")
    there = [f"{sentence(fact_line(what.there, today))}"] if what.there else []
    late = [f"{OVERDUE}: {fact_line(what.overdue, today)}."] if what.overdue else []
    return OrdersView(
        title=f"{TITLE}: {plain(card.main.service) or action(card.main)}",
        lead=tuple(lead),
        there_title=THERE if there else "",
        there=(*there, *late),
        drafted_title="Drafted here",
        drafted=tuple(_drafted(each, now) for each in drafted),
        offers=shown,
        problem=_REFUSED.get(refused, _REFUSED_ANYWAY) if refused else "",
        back_url=back_url,
        record=RECORD if any(each.kind == ORDER for each in drafted) else "",
    )


def offered(card: Card, what: Possible, practice: Practice) -> tuple[tuple[str, str, str], ...]:
    """Kind, text and a name for the form, of everything that can be drafted: orders, the task, the line."""
    orders = [(ORDER, order_text(one), f"{ORDER}-{n}") for n, one in enumerate(what.orders)]
    task = [(TASK, task_text(card), TASK)]
    text = line_text(card, what, practice)
    return (*orders, *task, *([(LINE, text, LINE)] if text else []))


def order_text(one: Orderable) -> str:
    return plain(one.words)


def reason_text(card: Card) -> str:
    """Why, in words for the chart: never a plan's."""
    return f"{plain(card.main.service)} is due" if card.main.service else "Due"


def task_text(card: Card) -> str:
    """Send the result to the plan: colorectal cancer screening; Order a mammogram (Breast cancer screening)"""
    row = card.main
    about = ABOUT.get(row.act)
    if about:
        return f"{about}: {plain(row.service)}"
    words, service = action(row), plain(row.service)
    return f"{words} ({service})" if service and service.casefold() not in words.casefold() else words


def owner_words(owner: Owner) -> str:
    return OWNERS[owner]


def line_text(card: Card, what: Possible, practice: Practice) -> str:
    """What the patient reads; empty where there is no line, or nothing of it may stand on paper."""
    template = _LINES.get(card.main.act, "") if what.line else ""
    if not template:
        return ""
    call = _CALL.format(phone=plain(practice.phone)) if practice.phone else ""
    return template.format(by=f" by {plain_day(what.due)}") + call


def _offer(one: tuple[str, str, str], what: Possible, may: bool) -> OfferView:
    kind, text, name = one
    label = _LABELS[kind] if may else ""
    note = f"For the {owner_words(what.owner)}, until {plain_day(what.due)}." if kind == TASK else ""
    coding = what.orders[int(name.rpartition("-")[2])].coding if kind == ORDER else None
    if coding:
        note = f"LOINC {coding.code}: {coding.display}."
    copied = text if may or not note else f"{sentence(text)} {note}"
    return OfferView(name, _KINDS[kind], copied, label, 1 + len(copied) // 40, note if may else "")


def _drafted(each: Drafted, now: datetime) -> DraftView:
    message = each.message
    words = f"{_KINDS.get(each.kind, 'Draft')}: {sentence(plain(each.words))}"
    by = f", {plain(each.by)}" if each.by else ""
    match message.post:
        case Post.SENT:
            at = clock_words(message.sent_at or message.at, now)
            return DraftView(message.id, words, f"In the chart since {at}{by}.")
        case Post.WITHDRAWN:
            return DraftView(message.id, words, "Taken back.")
        case _:
            why = _TROUBLES.get(message.trouble, "")
            said = f" The EHR says: “{plain(message.payer_words)}”." if message.payer_words else ""
            state = f"{NOT_YET}{': ' + why if why else ''}.{said}"
            return DraftView(message.id, words, state, again=True, back=message.post is Post.WAITING)
