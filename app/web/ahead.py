"""Before and after the visits: `/l/<handle>/huddle/ahead` and below it, `/l/<handle>/huddle/missed`.

No address holds a person: lists are named by the act that they are about, as an id of this launch.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.ahead import LISTED
from app.core.roles import May, may
from app.core.schedule.ahead import labs
from app.core.schedule.row import Row
from app.core.schedule.rows import printable
from app.huddle import Day
from app.web import gate
from app.web.asked import Asked, asked, whole_day
from app.web.looking import POLL_SECONDS
from app.web.present import ahead as words
from app.web.present import calls

DECEASED = "deceased"  # Row.withheld

blueprint = Blueprint("ahead", __name__, url_prefix="/l/<handle>/huddle")


@blueprint.get("/ahead")
def page(handle: str) -> ResponseReturnValue:
    """The overview: numbers, each of which opens its list. Asks on by itself until all is in."""
    it = asked(handle)
    found = it.here.ahead.look(it.opening, it.provider.ref, it.known_as, it.here.zone(it.of.ehr), timeout=POLL_SECONDS)
    it.here.ahead.counted(it.opening, it.reader, found)
    view = words.ahead(
        found,
        it.about,
        it.here.ids(handle),
        list_url=lambda act, code: it.url("ahead.people", act=act, booked=code),
        day_links={
            day: (it.url("huddle.page", day=day.isoformat()), it.url("ahead.laboratory", day=day.isoformat()))
            for day in found.visits
        },
        next_url=it.url("ahead.page"),
        others={
            row.name: it.url("ahead.page", provider=row.ref.removeprefix("Practitioner/"))
            for row in it.providers
            if row.ref != it.provider.ref
        },
    )
    return _drawn("ahead/page.html", "ahead/_overview.html", it, view=view)


@blueprint.get("/ahead/people")
def people(handle: str) -> ResponseReturnValue:
    """The list behind one number: `?act=<id>&booked=1`, `0`, `unclear` or `all`."""
    it, code = asked(handle), request.args.get("booked", words.ALL)
    found = it.here.ahead.look(it.opening, it.provider.ref, it.known_as, it.here.zone(it.of.ehr), timeout=POLL_SECONDS)
    ids, named = it.here.ids(handle), request.args.get("act", "")
    acts = found.outreach.acts if found.outreach and found.complete else ()
    count = next((each for each in acts if ids.act(each.act) == named), None)
    shown = words.lists_of(count).get(code, ()) if count else ()
    it.here.ahead.listed(it.opening, it.reader, it.role, shown)
    view = words.people(count, code, it.about, complete=found.complete)
    return _drawn("ahead/people.html", "", it, view=view), 404 if view.gone and found.complete else 200


@blueprint.get("/ahead/laboratory")
def laboratory(handle: str) -> ResponseReturnValue:
    """What a laboratory can prepare for one day."""
    it = asked(handle)
    day = whole_day(it)
    settled = _settled(day, day.rows)
    kept = [row for row in settled if not row.restricted]
    left_out = len(settled) - len(kept)
    it.here.ahead.taken(it.opening, it.reader, it.role, {row.patient_ref for row in kept}, LISTED)
    found = labs([printable(row)[0] for row in kept])
    view = calls.laboratory(day, found, it.about, left_out=left_out, next_url=it.url("ahead.laboratory"))
    return _drawn("ahead/laboratory.html", "ahead/_labs.html", it, view=view)


@blueprint.get("/missed")
def missed(handle: str) -> ResponseReturnValue:
    """Who did not come, with a telephone number and what the visit was to do."""
    it = asked(handle)
    day = whole_day(it)
    settled = _settled(day, day.missed)
    alive = [row for row in settled if row.withheld != DECEASED]
    kept = [row for row in alive if not row.restricted]
    it.here.ahead.taken(it.opening, it.reader, it.role, {row.patient_ref for row in kept}, LISTED)
    view = calls.missed(
        day,
        [printable(row) for row in kept],
        it.about,
        it.here.ids(handle),
        restricted=len(alive) - len(kept),
        deceased=len(settled) - len(alive),
        out=len(day.missed) - len(settled),
        may_tick=may(it.role, May.TICK),
    )
    return _drawn("ahead/missed.html", "", it, view=view)


def _settled(day: Day, rows: Sequence[Row]) -> list[Row]:
    """Those of whom everything has answered: who has died, and whom a restriction keeps off a list, is not known
    sooner.
    """
    return [row for row in rows if row.complete or day.complete]


def _drawn(page: str, part: str, it: Asked, **context: object) -> str:
    """The page, or for htmx the part of it that asks on."""
    template = part if part and gate.is_fragment() else page
    links = {name: it.url(to) for name, to in _LINKS.items()}
    return render_template(template, shell=it.shell, links=links, handle=it.of.handle, **context)


_LINKS = {
    "ahead": "ahead.page",
    "huddle": "huddle.page",
    "missed": "ahead.missed",
    "tick": "opening.tick",
    "untick": "opening.untick",
}
