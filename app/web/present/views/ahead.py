"""What the pages of the time ahead receive: numbers that open lists, lists of people, what a laboratory prepares."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.rows import NameView


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number that opens exactly the list that it counts. `url` empty: nobody is on it."""

    number: int
    words: str  # "booked this month"
    url: str


@dataclass(frozen=True, slots=True)
class ActView:
    """One clinical act that payers list as open, with the numbers that it falls into."""

    id: str
    service: str
    open: NumberView
    parts: tuple[NumberView, ...]


@dataclass(frozen=True, slots=True)
class DayLink:
    """A day ahead: how many visits it has, and where it is prepared."""

    words: str
    visits: str
    url: str
    labs_url: str


@dataclass(frozen=True, slots=True)
class WhoseLink:
    """Another provider whose time ahead this user may see."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class AheadView:
    """The overview. `next_url`: something is still being asked; empty when all is in."""

    provider: str
    others: tuple[WhoseLink, ...]
    month: str
    acts: tuple[ActView, ...]
    none: str  # instead of acts
    notes: tuple[str, ...]  # what is in none of the numbers
    days: tuple[DayLink, ...]
    no_days: str  # instead of days
    waiting: str
    next_url: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person of a list, with two identifiers. `said`: who says so, and as of when."""

    name: NameView
    identifiers: tuple[str, ...]
    phone: str
    visit: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeopleView:
    """One list behind a number. `gone`: the list is not there (any more)."""

    title: str
    provider: str
    notes: tuple[str, ...]
    people: tuple[PersonView, ...]
    gone: str
    printed: str
    destroy: str


@dataclass(frozen=True, slots=True)
class LabView:
    """One step that a laboratory can prepare, and the visits that need it."""

    title: str
    people: tuple[PersonView, ...]


@dataclass(frozen=True, slots=True)
class LabsView:
    """The laboratory's list of a day."""

    title: str
    provider: str
    labs: tuple[LabView, ...]
    none: str
    notes: tuple[str, ...]
    waiting: str
    next_url: str
    printed: str
    destroy: str


@dataclass(frozen=True, slots=True)
class CallView:
    """Somebody who did not come, and what the visit was to do. `row_id` names the row in a form; `called`: who has."""

    row_id: str
    time: str
    name: NameView
    identifiers: tuple[str, ...]
    phone: str
    notes: tuple[str, ...]
    todo: tuple[str, ...]
    called: str
    button: str  # empty: this role may not mark it


@dataclass(frozen=True, slots=True)
class MissedView:
    """The no-shows of a day."""

    title: str
    provider: str
    calls: tuple[CallView, ...]
    none: str
    notes: tuple[str, ...]
    printed: str
    destroy: str
