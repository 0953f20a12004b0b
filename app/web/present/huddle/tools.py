"""What stands above the rows: the days, filters, order and search. Nothing of it waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from app.core.schedule.appointment import Mode
from app.core.schedule.ordering import Kind, Sort, Wanted, query
from app.core.schedule.row import MarkKind, Owner
from app.web.present.dates import plain_day
from app.web.present.huddle.words import KINDS, MARKS, MODE_CHOICES, OWNERS, SORTS, weekday
from app.web.present.text import listed, plain
from app.web.present.views.huddle import FieldView, FilterView, LinkView, ToolsView

DAYS_AHEAD = 7
FIND, DAY, SORT, STEPS = "find", "day", "sort", "steps"

Url = Callable[[Mapping[str, str]], str]


def tools_view(
    day: date,
    today: date,
    wanted: Wanted,
    url: Url,
    place: Mapping[str, str],
    *,
    payers: Mapping[str, str],
    services: Mapping[str, str],
    find: str = "",
    back: int = 0,
) -> ToolsView:
    """`url` makes the address of the page with some parts changed (empty: without); `place` is the query that it has
    now. `services`: what the acts that may be filtered by are called; `back`: how much came back to this user.
    """
    on = [*_on(wanted, payers, services), *([f"“{plain(find)}”"] if find else [])]
    off = {name: "" for name, _ in query(wanted)} | {FIND: ""}
    return ToolsView(
        title=f"{weekday(day)} {plain_day(day)}",
        days=tuple(_days(day, today, url)),
        day=day.isoformat(),
        filters=tuple(_filters(wanted, url, payers)),
        filtered=f"Only: {listed(on)}" if on else "",
        clear_url=url(off) if on else "",
        find=find,
        keep=tuple(FieldView(name, value) for name, value in place.items() if name != FIND),
        keep_day=tuple(FieldView(name, value) for name, value in place.items() if name != DAY),
        came_back=f"{back} came back to you" if back else "",
    )


def _days(day: date, today: date, url: Url) -> list[LinkView]:
    """Yesterday, today and the week ahead; a day beyond them is typed."""
    known = [today + timedelta(days=n) for n in range(-1, DAYS_AHEAD + 1)]
    return [_day(each, each == day, today, url) for each in known]


def _day(day: date, here: bool, today: date, url: Url) -> LinkView:
    words = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}.get((day - today).days, f"{weekday(day)[:3]} {day.day}")
    to = url({DAY: "" if day == today else day.isoformat()})
    return LinkView(words, to, here, f"{weekday(day)} {plain_day(day)}")


def _filters(wanted: Wanted, url: Url, payers: Mapping[str, str]) -> list[FilterView]:
    """Each choice is an address that holds codes of ours and nothing of a patient."""
    modes = {mode.value: words for mode, words in MODE_CHOICES.items()}
    groups: list[tuple[str, str, Mapping[str, str], Sequence[str]]] = [
        ("Who does it", "owner", {each.value: OWNERS[each] for each in Owner}, wanted.owner),
        ("What there is", "kind", {each.value: KINDS[each] for each in Kind}, wanted.kind),
        ("Look first", "mark", {each.value: MARKS[each] for each in MarkKind}, wanted.mark),
        ("Visit", "mode", modes, wanted.mode),
        ("Payer", "payer", {id_: plain(name) for id_, name in payers.items()}, wanted.payer),
    ]
    filters = [_filter(title, name, choices, on, url) for title, name, choices, on in groups if choices]
    steps = {"": "all visits", "1": "with something to do"}
    order = {"" if each is Sort.TIME else each.value: SORTS[each] for each in Sort}
    sort = "" if wanted.sort is Sort.TIME else wanted.sort.value
    return [
        _choice("Show", STEPS, steps, "1" if wanted.steps else "", url),
        *filters,
        _choice("Order", SORT, order, sort, url),
    ]


def _choice(title: str, name: str, choices: Mapping[str, str], here: str, url: Url) -> FilterView:
    return FilterView(title, tuple(LinkView(words, url({name: c}), c == here) for c, words in choices.items()))


def _filter(title: str, name: str, choices: Mapping[str, str], on: Sequence[str], url: Url) -> FilterView:
    every = LinkView("any", url({name: ""}), not on, f"{title}: any")
    return FilterView(title, (every, *(LinkView(words, url({name: c}), c in on) for c, words in choices.items())))


def _on(wanted: Wanted, payers: Mapping[str, str], services: Mapping[str, str]) -> list[str]:
    """The filters that are on, in words."""
    modes: Mapping[Mode, str] = MODE_CHOICES
    return [
        *(OWNERS[each] for each in wanted.owner),
        *(KINDS[each] for each in wanted.kind),
        *(MARKS[each] for each in wanted.mark),
        *(modes[each] for each in wanted.mode),
        *(plain(payers.get(each, each)) for each in wanted.payer),
        *(plain(services.get(each.partition("/")[0], each)) for each in wanted.act),
        *(["with something to do"] if wanted.steps else []),
    ]
