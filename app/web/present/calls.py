"""Who did not come today and is to be called, and what a laboratory can prepare for a day, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.answers import Known
from app.core.schedule.ahead import LabCount
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick, Ticked
from app.huddle import Day
from app.web.present.ahead import NO_PHONE
from app.web.present.dates import day_words, short_day
from app.web.present.huddle.steps import step_words, tick_words
from app.web.present.ids import Ids
from app.web.present.leaving import About, destroy_words, printed_words, weekday, who
from app.web.present.text import counted, listed, plain
from app.web.present.views.ahead import CallView, LabsView, LabView, MissedView, PersonView

RESTRICTED = "left out: restriction on disclosure."

# --- the laboratory ---------------------------------------------------------------------------------------------------


def laboratory(day: Day, counts: Sequence[LabCount], about: About, *, left_out: int, next_url: str) -> LabsView:
    """What the laboratory can prepare for a day. `left_out`: visits of which nothing may be on a list."""
    first = day.ask.first
    out = sum(not row.complete for row in day.rows)
    notes = [
        f"{counted(left_out, 'visit is', 'visits are')} {RESTRICTED}" if left_out else "",
        _snapshot(day, about),
        _silent(day.rows),
    ]
    return LabsView(
        title=f"Laboratory, {weekday(first)}",
        provider=plain(about.provider),
        labs=tuple(
            LabView(f"{plain(count.service)}: {counted(len(count.rows), 'patient')}", _of_rows(count.rows, about))
            for count in counts
        ),
        none=_no_labs(day) if not counts and day.complete else "",
        notes=tuple(filter(None, notes)),
        waiting=f"{counted(out, 'visit is', 'visits are')} still being filled…" if out and not day.complete else "",
        next_url="" if day.complete else next_url,
        printed=printed_words(about),
        destroy=destroy_words(max(first, about.now.date())),
    )


def _of_rows(rows: Sequence[Row], about: About) -> tuple[PersonView, ...]:
    found = []
    for row in rows:
        names, identifiers = who(row.patient, about.now.date())
        time = row.appointment.start.astimezone(about.now.tzinfo)
        found.append(PersonView(names[0], identifiers, "", f"{time:%H:%M}", ()))
    return tuple(found)


def _no_labs(day: Day) -> str:
    if not isinstance(day.schedule, Known) and day.snapshot is None:
        return "The schedule could not be read. This is not an empty day."
    return "Nothing for a laboratory to prepare is known." if day.rows else "No visits booked."


def _snapshot(day: Day, about: About) -> str:
    if day.snapshot is None:
        return ""
    then = day.snapshot.astimezone(about.now.tzinfo)
    return f"Not up to date: as of {short_day(then.date(), about.now.date())}, {then:%H:%M}."


def _silent(rows: Sequence[Row]) -> str:
    """Rows that lack somebody's answer may need more than stands here."""
    short = sum(bool(row.silent or row.unread) for row in rows)
    return f"Of {counted(short, 'visit', 'visits')} not everything could be read: there may be more." if short else ""


# --- who did not come -------------------------------------------------------------------------------------------------


def missed(
    day: Day,
    rows: Sequence[tuple[Row, int]],
    about: About,
    ids: Ids,
    *,
    restricted: int,
    deceased: int,
    may_tick: bool,
    out: int = 0,
) -> MissedView:
    """`rows`: the no-shows as they may be on a list, with how many of their items were left out. `out`: of how many not
    everything has answered yet, so that they are on no list.
    """
    first, left_out = day.ask.first, sum(number for _, number in rows)
    notes = [
        _snapshot(day, about),
        f"{counted(out, 'patient is', 'patients are')} still being looked up: open this page again in a moment."
        if out
        else "",
        f"{counted(restricted, 'patient is', 'patients are')} left out: restriction on disclosure."
        if restricted
        else "",
        f"{counted(deceased, 'patient is', 'patients are')} left out: recorded as deceased." if deceased else "",
        f"{counted(left_out, 'item is', 'items are')} on the screen of the patient only." if left_out else "",
    ]
    return MissedView(
        title=f"Did not come, {weekday(first)}",
        provider=plain(about.provider),
        calls=tuple(_call(row, day.ticks, about, ids, may_tick=may_tick) for row, _ in rows),
        none=_nobody(day) if not rows and not out else "",
        notes=tuple(filter(None, notes)),
        printed=printed_words(about),
        destroy=destroy_words(max(first, about.now.date())),
    )


def _nobody(day: Day) -> str:
    if isinstance(day.schedule, Known) or day.snapshot is not None:
        return "Nobody to call: the EHR lists no no-show that may be on this list."
    return "The schedule could not be read: whether somebody did not come is not known."


def _call(row: Row, ticks: Sequence[Tick], about: About, ids: Ids, *, may_tick: bool) -> CallView:
    names, identifiers = who(row.patient, about.now.date())
    time = row.appointment.start.astimezone(about.now.tzinfo)
    language = f"Interpreter: {plain(row.language) or 'yes'}" if row.interpreter else plain(row.language)
    visit, patient = row.appointment.ref, row.patient_ref
    own = [t for t in ticks if (t.appointment, t.patient, t.what) == (visit, patient, Ticked.CALLED)]
    return CallView(
        row_id=ids.visit(visit, patient),
        time=f"{time:%H:%M}",
        name=names[0],
        identifiers=identifiers,
        phone=plain(row.patient.phone) if row.patient and row.patient.phone else NO_PHONE,
        notes=tuple(filter(None, [plain(row.appointment.kind.label), language])),
        todo=tuple(_todo(row, about)),
        called=listed([tick_words(tick, about.now) for tick in own]),
        button=("Take back" if own else "Mark as called") if may_tick else "",
    )


def _todo(row: Row, about: About) -> Iterable[str]:
    """What the visit was to do; a due date is said where there is one."""
    for step in row.steps:
        due = f", due {day_words(step.due, about.now.date())}" if step.due else ""
        yield f"{step_words(step)}{due}"
    if not row.steps:
        yield "Nothing was planned, as far as is known." if row.complete else "What was planned is not known."
