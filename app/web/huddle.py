"""The morning schedule: shell at once, then the one fragment that fills itself. `/l/<handle>/huddle/…`.

Day, provider, filters and order stand in the address as codes of ours. What is searched for is sealed in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import launch
from app.core.asking import EHR
from app.core.roles import NOT_STATED, May, may
from app.core.schedule.ordering import query, wanted
from app.errors import NotAllowed
from app.gather import Reader
from app.huddle import Day
from app.web import gate, present
from app.web.encounter import no_panel, shell_of
from app.web.looking import POLL_SECONDS, Look, day_asked, opening_of
from app.web.parts import Parts, parts
from app.web.present import huddle as words
from app.web.present.views import HuddleLinks, HuddleView, ShellView, ToolsView

PAGE, FRAGMENT = "huddle/page.html", "huddle/_drawn.html"
MAX_FIND = 80  # characters that may be searched for
FIND_SECONDS = 12 * 3600  # a launch lives no longer
_TRIES = 3  # of a page that cannot ask again by itself: who looks, whose day, the first rows

blueprint = Blueprint("huddle", __name__, url_prefix="/l/<handle>/huddle")


@blueprint.get("/")
def page(handle: str) -> ResponseReturnValue:
    """The shell; with `?full=1` (no scripts, or back from something done) the rows as far as they are filled."""
    of = gate.current(handle)
    if request.args.get("full"):
        return _draw(of, PAGE, tries=_TRIES)
    shell = present.shell(of.user_name, None, of.ehr_name, missing_scopes=of.missing_scopes)
    links, waiting = _links(of), words.waiting(_links(of))
    return render_template(PAGE, shell=shell, links=links, tools=_tools(of), huddle=None, waiting=waiting)


@blueprint.get("/rows")
def rows(handle: str) -> ResponseReturnValue:
    """The fragment: the rows of the answers so far. `?seen=` waits for something newer, two seconds at most; with
    `?calm=1` nothing is waited for, and nothing new is an empty answer. What the page asks by itself keeps nobody
    signed in.
    """
    by_itself = "calm" in request.args or "seen" in request.args
    return _draw(gate.current(handle, awake=not by_itself), FRAGMENT)


@blueprint.post("/find")
def find(handle: str) -> ResponseReturnValue:
    """Search the rows for words. They may name a patient: so they are sealed before they come into an address."""
    gate.current(handle)
    said = " ".join(request.form.get("words", "").split())[:MAX_FIND]
    place = {name: value for name, value in _place(request.form).items() if name != "find"}
    if said:
        place["find"] = parts().sealing.encrypt(json.dumps([handle, said]).encode()).decode()
    return redirect(_url("huddle.page", handle, place), 303)


@blueprint.post("/retry")
def retry(handle: str) -> ResponseReturnValue:
    """Ask one source again for everybody whom it did not answer about, and draw."""
    of, here, key = gate.current(handle), parts(), request.form.get("key", "")
    opening = opening_of(of, here)
    ask = day_asked(of, here.gathering.state(opening), here, request.args)
    if not here.huddle.retry(opening, ask, key if key in here.payer_names else EHR):
        raise NotAllowed
    if not gate.is_fragment():
        return redirect(_url("huddle.page", handle, {**_place(), "full": "1"}), 303)
    return _draw(of, FRAGMENT)


def _draw(of: launch.Launch, template: str, *, tries: int = 1) -> ResponseReturnValue:
    """The rows of the answers so far, once it is known who looks. `tries`: how often to wait for the first rows."""
    here, seen = parts(), request.args.get("seen", type=int)
    calm = bool(request.args.get("calm"))
    timeout = 0.0 if calm else POLL_SECONDS
    day = _look(of, here, seen, timeout)
    for _ in range(tries - 1):
        if day.complete or (day.role is not None and day.rows):
            break
        day = _look(of, here, day.version, timeout)
    if calm and seen == day.version and day.complete:
        return "", 204
    opening = opening_of(of, here)
    state = here.gathering.state(replace(opening, patient_id=None, encounter_id=None))
    now = here.clock().astimezone(here.zone(of.ehr))
    shell = shell_of(Look(of, opening, state, day.role, now))
    if day.role is not None and not may(day.role, May.SEE_SCHEDULE):
        return no_panel(of.handle, day.role, shell, fragment=template == FRAGMENT)
    links = _links(of, day)
    shown = words.Shown.parse(*(request.args.get(name, "") for name in ("turn", "drawn", "room")))
    if day.role is None:
        waiting = words.waiting(links, shown, str(day.version))
        return _render(template.replace("_drawn", "_waiting"), of, shell, links, waiting=waiting)
    about = words.About(
        ehr=of.ehr_name,
        payers=here.payer_names,
        now=now,
        links=links,
        ids=here.ids(of.handle),
        url=lambda changes: _changed(of.handle, changes),
        wanted=wanted(request.args.items(multi=True), here.payer_names, here.registry()),
        find=_found(of.handle),
        named=of.appointments,
        unreviewed=frozenset(rule.key for rule in here.registry().rules if not rule.source.reviewer),
    )
    view = words.day_view(day, about, shown)
    return _render(template, of, shell, view.links, huddle=view)


def _render(
    template: str,
    of: launch.Launch,
    shell: ShellView,
    links: HuddleLinks,
    *,
    huddle: HuddleView | None = None,
    waiting: present.WaitingView | None = None,
) -> str:
    tools = _tools(of) if template == PAGE else None
    return render_template(template, shell=shell, links=links, tools=tools, huddle=huddle, waiting=waiting)


def _look(of: launch.Launch, here: Parts, seen: int | None, timeout: float) -> Day:
    """The day that the address asks for; where it names nobody, that of whoever stands first for this user. Who that is
    follows from their role, which may become known while their own day is looked at.
    """
    opening = opening_of(of, here)
    ask = day_asked(of, here.gathering.state(opening), here, request.args)
    reader = Reader(of.fhir_user or of.subject or "not stated")
    day = here.huddle.look(opening, ask, reader, seen=seen, timeout=timeout)
    first = day.providers[0].ref if day.role is not None and day.providers else ask.provider
    if first != ask.provider and not request.args.get("provider"):
        ask = replace(ask, provider=first)
        day = here.huddle.look(opening, ask, reader, seen=seen, timeout=timeout)
    return day


def _tools(of: launch.Launch) -> ToolsView:
    here = parts()
    today = here.clock().astimezone(here.zone(of.ehr)).date()
    ask = day_asked(of, here.gathering.state(opening_of(of, here)), here, request.args)
    registry = here.registry()
    back = here.lists.came_back(of.issuer, of.fhir_user or of.subject or NOT_STATED)
    return words.tools_view(
        ask.first,
        today,
        wanted(request.args.items(multi=True), here.payer_names, registry),
        lambda changes: _changed(of.handle, changes),
        _place(),
        payers=here.payer_names,
        services={rule.key: rule.service for rule in registry.rules},
        find=_found(of.handle),
        back=back,
    )


# --- addresses --------------------------------------------------------------------------------------------------------


def _links(of: launch.Launch, day: Day | None = None) -> HuddleLinks:
    """With the forms of a row where this user may use them, which is known once their role is."""
    handle, place = of.handle, _place()
    role = day.role if day else None

    def to(endpoint: str, query: Mapping[str, str] = place) -> str:
        return _url(endpoint, handle, query)

    may_open = role is not None and may(role, May.SEE_GAPS) and launch.opens_others(of)
    may_tick = role is not None and may(role, May.TICK)
    sheet = {name: value for name, value in place.items() if name in {"day", "provider"}}
    return HuddleLinks(
        page=to("huddle.page"),
        bare=url_for("huddle.page", handle=handle),
        rows=to("huddle.rows"),
        full=to("huddle.page", {**place, "full": "1"}),
        find=url_for("huddle.find", handle=handle),
        retry=to("huddle.retry"),
        end=url_for("encounter.end", handle=handle),
        panel=url_for("encounter.page", handle=handle) if of.patient or of.encounter else "",
        ahead=to("ahead.page", sheet),
        missed=to("ahead.missed", sheet),
        paper=to("paper.page", sheet),
        pdf=to("paper.pdf", sheet),
        open=to("opening.open_row") if may_open else "",
        tick=to("opening.tick") if may_tick else "",
        untick=to("opening.untick") if may_tick else "",
        # Above the rows, which stand there before a role is known: every role with a schedule may go there.
        sent=url_for("sent.page", handle=handle) if role is None or may(role, May.SEE_SENT) else "",
        follow_ups=url_for("follow_ups.page", handle=handle) if role is None or may(role, May.SEE_SCHEDULE) else "",
    )


def _place(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The parts of the address that say what is shown. Nothing else of it is handed on."""
    args = request.args if given is None else given
    here = parts()
    kept = {name: args[name] for name in ("day", "provider") if args.get(name)}
    codes = query(wanted(args.items(), here.payer_names, here.registry()))
    found = {"find": args["find"]} if args.get("find") else {}
    return {**kept, **dict(codes), **found}


def _changed(handle: str, changes: Mapping[str, str]) -> str:
    """The page with some parts of its address changed; an empty one is taken off."""
    place = {name: value for name, value in {**_place(), **changes}.items() if value}
    return _url("huddle.page", handle, place)


def _url(endpoint: str, handle: str, query: Mapping[str, str]) -> str:
    path = url_for(endpoint, handle=handle)
    return f"{path}?{urlencode(query)}" if query else path


def _found(handle: str) -> str:
    """What is searched for: of an address that this launch was given, and of no other."""
    try:
        sealed = parts().sealing.decrypt(request.args.get("find", "").encode(), ttl=FIND_SECONDS)
    except InvalidToken:
        return ""
    of, said = json.loads(sealed)
    return str(said) if of == handle else ""
