"""Send to the plan: what would leave is shown, and exactly that leaves. `/l/<handle>/send/<id>`; ids tell nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.actions.sending import Confirmed, Leaving
from app.core.answers import Known
from app.core.asking import MEMBER, Ask, chart_of
from app.core.flag import Card, Hidden, Panel
from app.core.ledger.action import Item
from app.core.ledger.item import of_card
from app.core.ledger.offer import Offer, of_condition, of_gaps
from app.core.ledger.permission import Refusal
from app.core.ledger.practice import Practice
from app.core.reading import read
from app.core.report import Member, Report
from app.core.roles import May
from app.core.sensitive import age_of
from app.web import gate
from app.web.acting import under_of
from app.web.encounter import links_of, shell_of
from app.web.looking import Look, actor_of, look
from app.web.parts import parts
from app.web.present import people
from app.web.present import sending as present
from app.web.present.names import Payers
from app.web.present.prompts import condition_label

blueprint = Blueprint("sending", __name__, url_prefix="/l/<handle>/send")


@blueprint.get("/<id_>")
def page(handle: str, id_: str) -> ResponseReturnValue:
    """What would leave of one item, for each payer by itself; reading it is audited before it is drawn."""
    seen = _seen(handle)
    if seen is None:
        return redirect(url_for("encounter.page", handle=handle, full=1), 303)
    return _page(seen, id_)


@blueprint.post("/<id_>")
def confirm(handle: str, id_: str) -> ResponseReturnValue:
    """Let the draft that was shown leave. What cannot leave (any more) is said on the page as it is now."""
    seen = _seen(handle)
    if seen is None:
        return redirect(url_for("encounter.page", handle=handle, full=1), 303)
    about = _find(seen, seen.panel(), id_)
    draft, message = request.form.get("draft", ""), request.form.get("message", "")
    if about is None:
        return _page(seen, id_, Confirmed(gone=True))
    actor = actor_of(seen.of, seen.state)
    came = parts().sending.confirm(actor, under_of(seen), about.item, draft, message, id_)
    if came.message:
        parts().nudge()
        return redirect(url_for(".page", handle=handle, id_=id_), 303)
    return _page(seen, id_, came)


@dataclass(frozen=True, slots=True)
class _About:
    """What the page is about: `item` None for a condition that is only counted."""

    label: str
    offers: tuple[Offer, ...]
    item: Item | None


def _seen(handle: str) -> Look | None:
    """A look that may show something to send; None: the panel says why not."""
    seen = look(gate.current(handle), until_known=True)
    return seen if seen.patient_known and seen.may(May.SEE_GAPS) and seen.may(May.ACT) else None


def _page(seen: Look, id_: str, came: Confirmed | None = None) -> ResponseReturnValue:
    found, handle = seen.panel(), seen.of.handle
    about, payers = _find(seen, found, id_), Payers.of(found.sources, found.identity)
    under, actor = under_of(seen), actor_of(seen.of, seen.state)
    made: tuple[Leaving, ...] = ()
    if about:
        made = parts().sending.prepare(
            actor,
            seen.opening,
            under,
            about.offers,
            members=_members(seen),
            dialects=_dialects(seen),
            policy=parts().sensitive[seen.of.ehr],
            age=age_of(found.patient, seen.opening.day),
            now=seen.now,
            page=id_,
        )
    views = [_view(each, payers.full(each.offer.payer), seen.now, actor.name, under.practice) for each in made]
    if made:
        restricted = seen.state.plan.restricted
        views += [
            present.told_nothing(payers.full(row.id)) for row, _ in seen.state.plan.payers if row.id in restricted
        ]
    back = f"{links_of(handle).full}#{id_}" if about else links_of(handle).full
    view = present.view(
        about.label if about else present.GONE_TITLE,
        views,
        back,
        refused=_refused(came),
        problem=_problem(came),
    )
    banner = seen.of.need_patient_banner or not seen.of.framed
    header = people.header(found.patient, today=seen.opening.day, on_screen=banner) if found.patient else None
    status = 409 if came else 200 if about else 404
    return render_template("sending/page.html", shell=shell_of(seen), view=view, header=header), status


def _view(each: Leaving, payer: str, now: datetime, author: str, practice: Practice) -> present.LeavingView:
    return present.leaving(
        each.offer,
        payer,
        now,
        at=each.at,
        draft=each.draft,
        message=each.message,
        entries=each.entries,
        envelope=each.envelope,
        held=each.held,
        unfit=each.unfit,
        already=each.already,
        practice=practice,
        author=author,
    )


def _refused(came: Confirmed | None) -> Refusal | None:
    return came.refused if came else None


def _problem(came: Confirmed | None) -> str:
    if came is None:
        return ""
    return present.HELD_WORDS[came.held] if came.held else present.GONE


def _find(seen: Look, found: Panel, id_: str) -> _About | None:
    """The card or the settled condition of this id, with what could be sent of it."""
    ids, registry = parts().ids(seen.of.handle), parts().registry()
    age = age_of(found.patient, seen.opening.day)
    card = next((each for each in _cards(found) if ids.card(each) == id_), None)
    if card is not None:
        item = of_card(card, seen.opening.day)
        return _About(item.label, () if found.withheld else of_gaps(card, registry, age), item)
    hidden = next((each for each in found.hidden if ids.hidden(each) == id_), None)
    if hidden is None:
        return None
    return _About(condition_label(hidden.category), _of_hidden(seen, hidden, age), None)


def _of_hidden(seen: Look, hidden: Hidden, age: int | None) -> tuple[Offer, ...]:
    reading = read(chart_of(seen.state.answers))
    return of_condition(hidden, reading, seen.opening.day, parts().models, age)


def _cards(found: Panel) -> tuple[Card, ...]:
    return (*found.gaps, *found.more_gaps, *found.staff, *found.excluded, *found.put_away, *found.settled)


def _members(seen: Look) -> dict[str, Member]:
    answers = seen.state.answers
    found = {row.id: answers.get(Ask(row.id, MEMBER)) for row, _ in seen.state.plan.payers}
    return {
        payer: answer.value
        for payer, answer in found.items()
        if isinstance(answer, Known) and isinstance(answer.value, Member) and answer.value.patient_id
    }


def _dialects(seen: Look) -> dict[tuple[str, str], str]:
    return {
        (ask.source, ask.name): answer.value.dialect
        for ask, answer in seen.state.answers.items()
        if isinstance(answer, Known) and isinstance(answer.value, Report)
    }
