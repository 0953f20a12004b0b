"""The fragment of the schedule: a provider's day row by row, and what is said when there are no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from app.core.answers import Known, Unknown
from app.core.schedule.ordering import EVERYTHING, Wanted, arranged
from app.core.schedule.row import Row
from app.huddle import Day
from app.web.present.dates import NOT_STATED, plain_day
from app.web.present.huddle.place import Placed, Shown, placed
from app.web.present.huddle.progress import (
    Names,
    progress_view,
    schedule_problem,
    snapshot_words,
    troubles,
    visits_words,
)
from app.web.present.huddle.steps import Desk
from app.web.present.huddle.visit import gone_view, missed_view, visit_view
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.text import counted, plain
from app.web.present.views import VisitView, WaitingView
from app.web.present.views.huddle import HuddleLinks, HuddleView, LinkView

NO_VISITS = "No visits booked."
NO_MATCH = "No visit matches."
NOT_OPEN = (
    "This provider's schedule is not open to you.",
    "Choose another provider, or ask the person who runs Chartside at your practice to open it.",
)
NOBODY = (
    "Whose schedule to show is not known.",
    "Your sign-in is not that of a provider, and no provider's schedule is open to you. Ask the person who runs "
    "Chartside at your practice to open one.",
)
HOW = "To see a patient's panel, open the chart in {ehr}: it did not let Chartside open other patients from here."


@dataclass(frozen=True, slots=True)
class About:
    """What the words of a day need beside it. `now` is aware and in the clinic's zone."""

    ehr: str
    payers: Mapping[str, str]
    now: datetime
    links: HuddleLinks
    ids: Ids
    url: Callable[[Mapping[str, str]], str]  # of the page, with these parts of its address changed
    wanted: Wanted = EVERYTHING
    find: str = ""  # what is searched for
    named: tuple[str, ...] = ()  # appointments that the launch itself names
    unreviewed: frozenset[str] = frozenset()  # keys of our rules that nobody has reviewed

    @property
    def names(self) -> Names:
        return Names(self.ehr, self.payers)

    @property
    def filtered(self) -> bool:
        return self.wanted.filters or bool(self.find)


def day_view(day: Day, about: About, shown: Shown | None = None) -> HuddleView:
    """The view of a day for a role that may see it."""
    if _refused(day):
        day = replace(day, rows=(), missed=(), over=0, cancelled=0, ticks=(), progress=(), snapshot=None)
    before, found = shown or Shown(), arranged(day.rows, about.wanted, about.find)
    place = placed(_ids(found, about.ids), _ids(day.rows, about.ids), before)
    room = before.room if before.ids else frozenset(_ids([row for row in found if not row.complete], about.ids))
    drawn = Shown(ids=place.ids, room=room).query()
    links = _staying(about.links, drawn)
    desk = Desk(about.now, Payers(dict(about.payers)), links, about.ids)
    rows = tuple(replace(row, room=row.id in room) for row in _rows(day, place, desk, about))
    problem, advice = _problem(day, about)
    progress = progress_view(day, about.names)
    version, calm = str(day.version), day.complete and not problem
    return HuddleView(
        provider=_provider(day),
        providers=_providers(day, about),
        choose=len(day.providers) > 1 and not day.rows and (bool(problem) or isinstance(day.schedule, Known)),
        progress=progress,
        snapshot=snapshot_words(day, about.names, about.now),
        troubles=troubles(day, about.names, about.ids),
        problem=problem,
        advice=advice,
        empty="" if rows or problem else _empty(day),
        summary=visits_words(day, len(found), filtered=about.filtered) if _is_listed(day) and not problem else "",
        rows=rows,
        caption=f"Visits of {plain_day(day.ask.first)}",
        added=_added(place, filtered=about.filtered),
        added_url=about.links.rows,
        added_full=about.links.full,
        missed=tuple(missed_view(row, day.ticks, desk) for row in day.missed),
        missed_title=f"{counted(len(day.missed), 'patient')} did not come" if day.missed else "",
        how=HOW.format(ehr=plain(about.ehr)) if rows and not about.links.open else "",
        next_url="" if day.complete or _refused(day) else _next(about, version, before, drawn),
        calm_url=_next(about, version, before, {**drawn, "calm": "1"}) if calm else "",
        calm_id=f"calm-{before.turn}",
        shown=f"As of {plain_day(about.now.date())}, {about.now:%H:%M}",
        unreviewed=_unreviewed(found, about),
        links=links,
    )


def waiting(links: HuddleLinks, shown: Shown | None = None, version: str = "") -> WaitingView:
    """Before the first fragment, and while it is not known yet who looks."""
    turn = {"turn": str((shown or Shown()).turn + 1), "seen": version}
    return WaitingView(_with(links.rows, turn) if version else links.rows, "Opening the schedule…")


def _rows(day: Day, place: Placed, desk: Desk, about: About) -> tuple[VisitView, ...]:
    rows = dict(zip(_ids(day.rows, about.ids), day.rows, strict=True))
    places = len({name for row in day.rows for name in row.appointment.location_names}) > 1
    return tuple(
        visit_view(rows[id_], day.ticks, desk, places=places, named=about.named) if id_ in rows else gone_view(id_)
        for id_ in place.ids
    )


def _ids(rows: Sequence[Row], ids: Ids) -> list[str]:
    return [ids.visit(row.appointment.ref, row.patient_ref) for row in rows]


def _is_listed(day: Day) -> bool:
    return bool(day.rows) or isinstance(day.schedule, Known)


def _problem(day: Day, about: About) -> tuple[str, str]:
    """Why there is no list of visits. Rows of an earlier look are shown all the same."""
    if _refused(day):
        return NOT_OPEN if day.ask.provider and day.providers else NOBODY
    if isinstance(day.schedule, Unknown) and not day.rows:
        return schedule_problem(day.schedule.reason, about.names)
    return "", ""


def _refused(day: Day) -> bool:
    """Whether this day is not for this user."""
    return day.role is not None and day.ask.provider not in {each.ref for each in day.providers}


def _empty(day: Day) -> str:
    """Said only of a schedule that has answered in full."""
    if not isinstance(day.schedule, Known):
        return ""
    if day.rows:
        return NO_MATCH
    return "" if day.schedule.incomplete else NO_VISITS


def _added(place: Placed, *, filtered: bool) -> str:
    """What a tap would change: who was added, who is gone, or that the order is another by now."""
    if place.added:
        number = len(place.added)
        verb = "matches now" if filtered and number == 1 else "match now" if filtered else None
        return f"{counted(number, 'more visit')} {verb}" if verb else f"{counted(number, 'visit')} {_was(number)} added"
    if place.gone:
        return "Show the schedule as it is now"
    return "Show in the order asked for" if place.moved else ""


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _provider(day: Day) -> str:
    """Whose day it is: as the practice calls them, else as the schedule does."""
    row = next((each for each in day.providers if each.ref == day.ask.provider), None)
    if row and row.name:
        return plain(row.name)
    for each in day.rows:
        visit = each.appointment
        if day.ask.provider in visit.practitioners and len(visit.practitioners) == len(visit.practitioner_names):
            return plain(visit.practitioner_names[visit.practitioners.index(day.ask.provider)])
    return f"Provider {NOT_STATED}" if day.ask.provider else ""


def _providers(day: Day, about: About) -> tuple[LinkView, ...]:
    if len(day.providers) < 2 and day.ask.provider in {each.ref for each in day.providers}:
        return ()
    known = [(each.ref, plain(each.name) or f"Name {NOT_STATED}") for each in day.providers]
    return tuple(LinkView(name, about.url({"provider": _id(ref)}), ref == day.ask.provider) for ref, name in known)


def _id(reference: str) -> str:
    return reference.rpartition("/")[2]


def _unreviewed(rows: Sequence[Row], about: About) -> str:
    keys = {step.key.partition("/")[0] for row in rows for step in (*row.steps, *row.more_steps)}
    number = len(keys & about.unreviewed)
    rules = counted(number, "rule of ours used here is", "rules of ours used here are")
    return f"{rules} not yet reviewed by a clinician." if number else ""


def _staying(links: HuddleLinks, drawn: Mapping[str, str]) -> HuddleLinks:
    """With what is drawn in the address of every form that draws the rows again, so that they stay where they are."""
    tick, untick = (_with(each, drawn) if each else "" for each in (links.tick, links.untick))
    return replace(links, retry=_with(links.retry, drawn), tick=tick, untick=untick)


def _next(about: About, version: str, before: Shown, drawn: Mapping[str, str]) -> str:
    """The fragment's own next request. `turn` makes it differ from the last one: htmx loads a changed address only."""
    return _with(about.links.rows, {"seen": version, "turn": str(before.turn + 1), **drawn})


def _with(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
