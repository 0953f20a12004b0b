"""What somebody says about an item with a tap, and takes back: `POST /l/<handle>/act` and `/undo`.

A form names an item by an id that only this launch can have been shown, and the version that it was shown in. What it
names is looked up among what this user may see now. The answer is the panel as it is now, with what came of the tap on
its row: also where it was refused, because somebody else was faster or the role does not allow it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.actions.recording import Reading
from app.actions.tap import Outcome, Under
from app.core.answers import Known
from app.core.asking import MEMBER, Ask, user_of
from app.core.chart import Fact
from app.core.flag import Card, Hidden, Panel, PromptRow
from app.core.ledger import permission
from app.core.ledger.action import Item
from app.core.ledger.item import of_card, of_hidden, of_prompt
from app.core.ledger.permission import Refusal
from app.core.ledger.verb import Verb
from app.core.nightly import over
from app.core.report import ConditionCategory, Member
from app.core.roles import May
from app.errors import NotAllowed, NotFound
from app.gather import patient_key, shown
from app.web import gate, tapping
from app.web.encounter import FRAGMENT, PAGE, Said, draw, drawn_again
from app.web.looking import Look, actor_of, known, look, reader_of, visible
from app.web.parts import parts
from app.web.present.privacy import person
from app.web.present.refusals import GONE, changed_words, refused_words
from app.web.tapping import Row

_NPI = re.compile(r"(?:http://hl7\.org/fhir/sid/us-npi|urn:oid:2\.16\.840\.1\.113883\.4\.6)")

blueprint = Blueprint("acting", __name__, url_prefix="/l/<handle>")


@blueprint.post("/act")
def act(handle: str) -> ResponseReturnValue:
    """Record what the form says of its item. Raises NotAllowed for a role without the panel."""
    of = gate.current(handle)
    seen = known(of)
    if not seen.may(May.SEE_GAPS):
        raise NotAllowed
    verb, extra = tapping.said()
    name, panel = tapping.named(), seen.earlier(frozenset())
    row = find(panel, name, handle)
    if row is None:
        return _answer(of, Said(name, GONE, 409))
    if verb is Verb.WRONG_PATIENT:
        return _hold(seen, row, extra)
    tap = tapping.tap_of(verb, extra, row)
    if tap is None:
        return _answer(of, Said(name, refused_words(Refusal.NEEDS_DAY), 422))
    encounter = None
    if permission.assesses(verb, tap.whys) and seen.of.encounter:
        encounter = _read_now(seen)  # outside of any transaction: a visit that has ended is not assessed in
    under = under_of(seen, encounter, row)
    reading = None if encounter else _reading(seen)  # what was read just now has changed the state
    actor, item = actor_of(of, seen.state), item_of(row, seen.opening.day)
    came = parts().recording.record(actor, under, item, tap, reading=reading)
    if came.waiting:
        parts().nudge()
    said = _told(name, came, seen)
    if isinstance(row, Hidden) and said.status == 200:  # it has no row on the panel
        return redirect(url_for("why.page", handle=handle, id_=name), 303)
    return _answer(of, said, _after(seen, came))


@blueprint.post("/undo")
def undo(handle: str) -> ResponseReturnValue:
    """Take back what was recorded in this visit. Raises NotAllowed, NotFound for what is nobody's here."""
    of = gate.current(handle)
    seen = known(of)
    if not seen.may(May.SEE_GAPS):
        raise NotAllowed
    name = tapping.named()
    action = request.form.get("action", "")
    came = parts().recording.undo(actor_of(of, seen.state), under_of(seen), action, reading=_reading(seen))
    if came.action is None and came.refused is None:
        raise NotFound
    return _answer(of, _told(name, came, seen), _after(seen, came))


def item_of(row: Row, day: date) -> Item:
    match row:
        case Card():
            return of_card(row, day)
        case PromptRow():
            return of_prompt(row, day)
        case Hidden():
            return of_hidden(row, day)


def find(panel: Panel, name: str, handle: str) -> Row | None:
    """What this launch has drawn, or may have, under an id."""
    ids = parts().ids(handle)
    cards = (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded, *panel.put_away, *panel.settled)
    rows = (*panel.prompts, *panel.more_prompts, *panel.put_away_prompts, *panel.settled_prompts)
    card = next((card for card in cards if ids.card(card) == name), None)
    prompt = next((row for row in rows if name in ids.prompts(row)), None)
    return card or prompt or next((hidden for hidden in panel.hidden if ids.hidden(hidden) == name), None)


def under_of(seen: Look, encounter: Fact | None = None, row: Row | None = None) -> Under:
    """The launch that something is recorded under. `encounter`: as the EHR has it now, where it was asked."""
    here, of, opening = parts(), seen.of, seen.opening
    zone, user = here.zone(of.ehr), user_of(seen.state.answers)
    npi = next((each.value for each in (user.identifiers if user else ()) if _NPI.fullmatch(each.system)), "")
    return Under(
        patient=patient_key(opening, seen.state.plan),
        person=person(seen.patient()),
        sitting=seen.sitting(encounter),
        ehr=of.ehr,
        launch=of.handle,
        zone=zone,
        ends_at=over(opening.day, zone),
        npi=npi,
        practice=here.practices[of.ehr],
        members=_members(seen),
        restricted=frozenset(seen.state.plan.restricted),
        silent=here.silent,
        categories=_categories(row),
    )


def _members(seen: Look) -> dict[str, dict[str, Any]]:
    """Who the patient is at each payer, for asking later what became of what was sent."""
    found = {}
    for payer, _ in seen.state.plan.payers:
        answer = seen.state.answers.get(Ask(payer.id, MEMBER))
        if isinstance(answer, Known) and isinstance(answer.value, Member):
            found[payer.id] = asdict(replace(answer.value, patient=None))
    return found


def _categories(row: Row | None) -> tuple[ConditionCategory, ...]:
    if isinstance(row, Hidden):
        return (row.category,)
    return (*row.categories, *row.also) if isinstance(row, PromptRow) else ()


def _read_now(seen: Look) -> Fact | None:
    """The visit as the EHR has it now; one that could not be read is not known to be going on."""
    answer = parts().gathering.encounter_now(seen.opening)
    if isinstance(answer, Known):
        return answer.value
    stored = seen.encounter()
    return replace(stored, status="") if stored else None


def _hold(seen: Look, row: Row, payer: str) -> ResponseReturnValue:
    """ "Not this patient": as from the page that says why an item is shown. Raises NotFound for a payer of others."""
    if payer not in {target.payer for target in item_of(row, seen.opening.day).targets}:
        raise NotFound
    key = patient_key(seen.opening, seen.state.plan)
    parts().actions.hold(actor_of(seen.of, seen.state), key, payer, person(seen.patient()))
    return drawn_again(seen.of)


# --- the answer -------------------------------------------------------------------------------------------------------


def _told(name: str, came: Outcome, seen: Look) -> Said:
    if came.refused is not None:
        status = 422 if came.refused in _INCOMPLETE else 409 if came.refused in _LATE else 403
        return Said(name, refused_words(came.refused), status)
    if came.changed:
        return Said(name, changed_words(came.changed, seen.now), 409)
    return Said(name)


#: What the form lacks, and what somebody else was faster with: the others the role or the visit does not allow.
_INCOMPLETE = frozenset(
    {
        Refusal.NEEDS_REASON,
        Refusal.NOT_THIS_REASON,
        Refusal.NEEDS_BARRIER,
        Refusal.NEEDS_PROOF,
        Refusal.NEEDS_DAY,
        Refusal.NEEDS_PLACE,
        Refusal.DAY_AHEAD,
        Refusal.DAY_PAST,
        Refusal.DAY_FAR,
        Refusal.TOO_LONG,
        Refusal.NOT_THIS_KIND,
    }
)
_LATE = frozenset({Refusal.NOTHING_NEW, Refusal.NOT_NEWEST, Refusal.UNDONE, Refusal.VISIT_OVER, Refusal.HELD})


def _reading(seen: Look) -> Reading | None:
    """The audit record of the panel that the answer draws from what is known already. None: it has to look again,
    because something is to be asked, or it draws nothing.
    """
    if seen.state.idle or not gate.is_fragment():
        return None
    return partial(shown, seen.opening, reader_of(seen.of), seen.state)


def _after(seen: Look, came: Outcome) -> Look | None:
    """The same answers with what is recorded by now, where that was read, and audited, with the tap."""
    if came.ledger is None or seen.role is None:
        return None
    return replace(seen, ledger=visible(came.ledger, seen.role), after_tap=True)


def _answer(of: launch.Launch, said: Said, seen: Look | None = None) -> ResponseReturnValue:
    """The panel as it is now: a fragment for htmx; without script a redirect to the row, or the page that says why."""
    if not gate.is_fragment():
        if said.status == 200:
            return redirect(f"{url_for('encounter.page', handle=of.handle, full=1, kept=said.item)}#{said.item}", 303)
        return draw(look(of, until_known=True), PAGE, said)
    return draw(seen or look(of), FRAGMENT, said)
