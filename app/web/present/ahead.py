"""The time ahead in words: how many of the gaps that payers list are booked, and whom to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from app.ahead import Horizon
from app.core.answers import Reason, Unknown
from app.core.chart import Patient
from app.core.report import Gap
from app.core.schedule.ahead import ActCount, Listed, Outreach
from app.web.present.dates import distance, plain_day
from app.web.present.ids import Ids
from app.web.present.leaving import About, destroy_words, printed_words, weekday, who
from app.web.present.text import by_payer, counted, listed, plain
from app.web.present.views.ahead import ActView, AheadView, DayLink, NumberView, PeopleView, PersonView, WhoseLink

#: The lists that an act falls into, by their code in the address.
ALL, BOOKED, UNBOOKED, UNCLEAR = "all", "1", "0", "unclear"

PAYERS_WORD = "Who is not booked is named as the payer names them: nobody on this schedule is known to be that member."
NO_SCHEDULE = "The schedule could not be read. These are not empty days."
NO_PHONE = "no telephone on file"
WAITING = "Asking the EHR and the payers…"

_WHY: Mapping[Reason, str] = {
    Reason.NOT_CONNECTED: "cannot be asked for this provider",
    Reason.NOT_ALLOWED: "cannot be asked for its open gaps",
    Reason.CANNOT_LIST: "cannot list its open gaps",
    Reason.NOT_READABLE: "sent a list that could not be read",
    Reason.NOT_IDENTIFIED: "does not know this provider",
    Reason.DOWN: "is not available now",
    Reason.SLOW: "did not answer in time",
    Reason.BUSY: "is busy",
}

_NOBODY: Mapping[str, str] = {}

ListUrl = Callable[[str, str], str]  # act id, code of the list -> address


# --- the overview -----------------------------------------------------------------------------------------------------


def ahead(
    found: Horizon,
    about: About,
    ids: Ids,
    *,
    list_url: ListUrl,
    day_links: Mapping[date, tuple[str, str]],
    next_url: str,
    others: Mapping[str, str] = _NOBODY,
) -> AheadView:
    """`day_links`: for each day the addresses of its schedule and of its laboratory list; `others`: other providers'
    pages by name.
    """
    today, until = found.ask.first, found.until or found.ask.last
    counts = found.outreach if found.complete else None  # half a match would count people as not booked
    return AheadView(
        provider=plain(about.provider),
        others=tuple(WhoseLink(plain(name), url) for name, url in others.items()),
        month=f"This month means visits from today, {plain_day(today)}, to {plain_day(until)}.",
        acts=tuple(_act(count, ids, list_url) for count in counts.acts) if counts else (),
        none=_no_acts(found),
        notes=tuple(_notes(counts, about.payers)) if counts else (),
        days=tuple(
            DayLink(f"{weekday(day)}, {distance(day, today)}", counted(number, "visit"), *day_links[day])
            for day, number in sorted(found.visits.items())
        ),
        no_days=_no_days(found),
        waiting="" if found.complete else WAITING,
        next_url="" if found.complete else next_url,
    )


def lists_of(count: ActCount) -> Mapping[str, tuple[Listed, ...]]:
    """Every list of an act by its code: what a number counts and what it opens are the same."""
    return {
        ALL: (*count.booked, *count.unbooked, *count.unclear),
        BOOKED: count.booked,
        UNBOOKED: count.unbooked,
        UNCLEAR: count.unclear,
    }


_WORDS = {ALL: "open", BOOKED: "booked this month", UNBOOKED: "not booked", UNCLEAR: "not certain who it is"}


def _act(count: ActCount, ids: Ids, list_url: ListUrl) -> ActView:
    id_ = ids.act(count.act)
    numbers = {
        code: NumberView(len(people), _WORDS[code], list_url(id_, code) if people else "")
        for code, people in lists_of(count).items()
    }
    parts = [numbers[BOOKED], numbers[UNBOOKED], *([numbers[UNCLEAR]] if count.unclear else [])]
    return ActView(id_, service_words(count), numbers[ALL], tuple(parts))


def service_words(count: ActCount) -> str:
    return f"“{by_payer(count.service, 'measure')}”" if count.quoted else plain(count.service)


def _no_acts(found: Horizon) -> str:
    """None only where every payer has answered in full."""
    if isinstance(found.schedule, Unknown):
        return "Without a schedule nobody can be looked for on it."
    counts = found.outreach
    if counts is None or not found.complete or counts.acts:
        return ""
    if counts.uncounted or counts.lacking:
        return "No open gap was listed by the payers that could answer."
    return "No payer lists an open gap for this provider."


def _no_days(found: Horizon) -> str:
    if found.visits:
        return ""
    return NO_SCHEDULE if found.complete else "The schedule is not known yet."


def _notes(counts: Outreach, payers: Mapping[str, str]) -> Iterable[str]:
    """Everything that is in none of the numbers: not counted is not zero."""
    for payer, reason, detail in counts.uncounted:
        because = f": {plain(detail)}" if detail else ""
        yield f"Not counted: {_name(payer, payers)} {_WHY.get(reason, 'gave no list')}{because}."
    for payer in counts.asking:
        yield f"{_name(payer, payers)} is still being asked: not counted yet."
    for payer, what in counts.lacking:
        yield f"The list of {_name(payer, payers)} is not exact: {plain(what)}."
    for payer in counts.stale:
        yield f"{_name(payer, payers)} does not answer now: its earlier list is counted."
    if counts.unread:
        who_ = counted(counts.unread, "booked patient", "booked patients")
        yield f"{who_} could not be looked for on the lists, and may be among those not booked."
    yield from _left_out(counts)
    if len({payer for act in counts.acts for one in act.unbooked for payer in one.payers}) > 1:
        yield "Who is not booked and has two payers may be counted by each of them."


def _left_out(counts: Outreach) -> Iterable[str]:
    """Gaps that are on no list, and why."""
    if counts.unsettled:
        gaps = counted(counts.unsettled, "gap is", "gaps are")
        yield f"{gaps} left out: the member may be a booked patient whose coverage could not be read."
    if counts.restricted:
        yield f"{counted(counts.restricted, 'gap is', 'gaps are')} left out: restriction on disclosure."
    if counts.sensitive:
        yield f"{counted(counts.sensitive, 'gap is', 'gaps are')} left out: confidential, so on no outreach list."
    if counts.deceased:
        yield f"{counted(counts.deceased, 'gap is', 'gaps are')} left out: the person is recorded as deceased."


def _name(payer: str, payers: Mapping[str, str]) -> str:
    return plain(payers.get(payer, payer))


# --- one list ---------------------------------------------------------------------------------------------------------


def people(count: ActCount | None, code: str, about: About, *, complete: bool) -> PeopleView:
    """The list behind one number; `count` None: no payer lists that act now. Nobody is on it before all has answered:
    who a list must not name is not known sooner.
    """
    found = lists_of(count).get(code) if count and complete else None
    provider, today = plain(about.provider), about.now.date()
    if count is None or found is None:
        gone = "The payers' lists have changed. Go back, and look again."
        title = "This list is not there" if complete else "This list is not ready yet"
        return PeopleView(
            title, provider, (), (), gone if complete else f"{WAITING} Open it again in a moment.", "", ""
        )
    notes = [PAYERS_WORD] if any(one.booked is None for one in found) else []
    return PeopleView(
        title=f"{service_words(count)}: {len(found)} {_WORDS[code]}",
        provider=provider,
        notes=tuple(notes),
        people=tuple(_person(one, about) for one in found),
        gone="",
        printed=printed_words(about),
        destroy=destroy_words(today),
    )


def _person(one: Listed, about: About) -> PersonView:
    patient = one.booked.patient if one.booked else one.record
    names, identifiers = who(patient, about.now.date())
    if not one.booked:
        identifiers = (identifiers[0], _member_number(one.record))
    visits = one.booked.visits if one.booked else ()
    phones = (patient.phone if patient else "", one.record.phone if one.record else "")
    return PersonView(
        name=names[0],
        identifiers=identifiers,
        phone=next((plain(phone) for phone in phones if phone), NO_PHONE),
        visit=_moment(visits[0].start, about.now) if visits else "",
        said=tuple(_says(payer, one.gap, about) for payer in one.payers),
    )


def _says(payer: str, gap: Gap, about: About) -> str:
    """Northwind Health Plan: open, calculated on 14 Nov 2026. The date is of the payer whose gap this is."""
    name = _name(payer, about.payers)
    if payer != gap.payer:
        return f"{name}: open"
    return f"{name}: open, " + (f"calculated on {plain_day(gap.calculated)}" if gap.calculated else "date not stated")


def _member_number(record: Patient | None) -> str:
    numbers = [plain(each.value) for each in record.identifiers if each.type_code in {"MB", "UMB"}] if record else []
    return f"member {listed(numbers)}" if numbers else "member number not stated"


def _moment(when: datetime, now: datetime) -> str:
    """Monday 23 Nov 2026, 09:20"""
    local = when.astimezone(now.tzinfo)
    return f"{weekday(local.date())}, {local:%H:%M}"
