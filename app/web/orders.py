"""Order or pass on: a draft order, a task, a line for the patient, written into the chart after a tap, or as text to
copy. `/l/<handle>/orders/<id>`; ids tell nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.actions.tap import Under
from app.core.asking import user_of
from app.core.flag import Card
from app.core.ledger.action import Item
from app.core.ledger.item import of_card
from app.core.ledger.ordering import LINE, ORDER, TASK, Possible, Write, possible
from app.core.ledger.outgoing import Post
from app.core.ledger.permission import Refusal
from app.core.roles import May
from app.core.sensitive import age_of
from app.deliver.ehr import By
from app.errors import NotFound
from app.web import gate
from app.web.acting import under_of
from app.web.encounter import links_of, shell_of
from app.web.looking import Look, actor_of, look
from app.web.parts import parts
from app.web.present import orders as present
from app.web.present import people

blueprint = Blueprint("orders", __name__, url_prefix="/l/<handle>/orders")


@dataclass(frozen=True, slots=True)
class _About:
    """One card, and what can be drafted of it."""

    seen: Look
    card: Card
    item: Item
    what: Possible
    under: Under


@blueprint.get("/<id_>")
def page(handle: str, id_: str) -> ResponseReturnValue:
    """What can be drafted for one card, and what has been."""
    about = _about(handle, id_)
    return _page(about, id_) if about else _away(handle)


@blueprint.post("/<id_>")
def write(handle: str, id_: str) -> ResponseReturnValue:
    """Draft one thing, and write it with this launch's token. Twice the same tap: one resource."""
    about = _about(handle, id_)
    if about is None:
        return _away(handle)
    draft = _draft(about, request.form.get("what", ""))
    if not _writes(about.seen)[draft.kind]:
        raise NotFound
    came = parts().ordering.put(actor_of(about.seen.of, about.seen.state), about.under, about.item, [draft])
    if came.refused:
        return _page(about, id_, came.refused)
    _run(about, came.ids)
    return redirect(url_for(".page", handle=handle, id_=id_), 303)


@blueprint.post("/again")
def again(handle: str) -> ResponseReturnValue:
    """Try what is not written yet once more, or take it back (`do`)."""
    id_, name = request.form.get("item", ""), request.form.get("draft", "")
    about = _about(handle, id_)
    if about is None:
        return _away(handle)
    actor = actor_of(about.seen.of, about.seen.state)
    if request.form.get("do") == "back":
        parts().ordering.withdraw(actor, about.under, name)
    else:
        parts().ordering.again(actor, about.under, name)
        waiting = parts().ordering.waiting(about.under.patient, about.under.ehr)
        _run(about, [each for each in waiting if each == name])
    return redirect(url_for(".page", handle=handle, id_=id_), 303)


def _about(handle: str, id_: str) -> _About | None:
    """None: there is no such card (any more), or nothing may be drafted; the panel says why."""
    seen = look(gate.current(handle), until_known=True)
    if not (seen.patient_known and seen.may(May.SEE_GAPS) and seen.may(May.ACT)):
        return None
    found, today, ids = seen.panel(), seen.opening.day, parts().ids(handle)
    cards = (*found.gaps, *found.more_gaps, *found.staff, *found.put_away, *found.settled)
    card = next((each for each in cards if ids.card(each) == id_), None)
    if card is None or found.withheld:
        return None
    what = possible(card, today, age_of(found.patient, today))
    return _About(seen, card, of_card(card, today), what, under_of(seen))


def _away(handle: str) -> ResponseReturnValue:
    return redirect(url_for("encounter.page", handle=handle, full=1), 303)


def _writes(seen: Look) -> dict[str, bool]:
    """Which kinds this launch may write: by the EHR's entry, and by the scopes that were granted."""
    entry = launch.registry().get(seen.of.ehr)
    named = entry.writes if entry else ()
    return {kind: kind in named and launch.covers(seen.of.scopes, f"patient/{kind}.c") for kind in (ORDER, TASK, LINE)}


def _page(about: _About, id_: str, refused: Refusal | None = None) -> ResponseReturnValue:
    seen, handle = about.seen, about.seen.of.handle
    view = present.view(
        about.card,
        about.what,
        parts().ordering.drafted(about.under.patient, about.item),
        writes=_writes(seen),
        visit=bool(about.under.sitting.encounter),
        practice=about.under.practice,
        now=seen.now,
        back_url=f"{links_of(handle).full}#{id_}",
        refused=refused,
    )
    patient, banner = seen.panel().patient, seen.of.need_patient_banner or not seen.of.framed
    header = people.header(patient, today=seen.opening.day, on_screen=banner) if patient else None
    again_url = url_for(".again", handle=handle)
    drawn = render_template(
        "orders/page.html", shell=shell_of(seen), view=view, header=header, id=id_, again_url=again_url
    )
    return drawn, 403 if refused else 200


def _draft(about: _About, name: str) -> Write:
    """The draft that a button names. Raises NotFound for what this card does not offer (any more)."""
    offered = present.offered(about.card, about.what, about.under.practice)
    found = next(((kind, text) for kind, text, each in offered if each == name), None)
    if found is None:
        raise NotFound
    kind, text = found
    seen, one = about.seen, None
    if kind == ORDER:
        one = about.what.orders[int(name.rpartition("-")[2])]
    user = user_of(seen.state.answers)
    author = user.ref if user and user.ref.startswith("Practitioner/") else ""
    return Write(
        kind=kind,
        id="",
        patient=f"Patient/{seen.state.plan.patient_id}",
        encounter=about.under.sitting.encounter,
        author=author,
        author_name=seen.user_name,
        at=seen.now,
        words=text,
        coding=one.coding if one else None,
        reason=present.reason_text(about.card),
        owner=present.owner_words(about.what.owner) if kind == TASK else "",
        due=about.what.due if kind == TASK else None,
        focus=_order_there(about) if kind == TASK else "",
    )


def _order_there(about: _About) -> str:
    """The draft order in the chart that a task is about."""
    drafted = parts().ordering.drafted(about.under.patient, about.item)
    there = [each.message.payer_words for each in drafted if each.kind == ORDER and each.message.post is Post.SENT]
    return next((ref for ref in reversed(there) if ref.startswith(f"{ORDER}/")), "")


def _run(about: _About, ids: list[str] | tuple[str, ...]) -> None:
    by = By(actor_of(about.seen.of, about.seen.state).user, str(about.seen.role))
    parts().ehr_writing.run(about.seen.opening, about.under.patient, by, ids)
