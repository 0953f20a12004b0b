"""The printed schedule: what a team takes to its huddle, in words. It is read in black and white, says how old it is
and when it must be destroyed. What may not be on paper has been taken out before (`app.core.schedule.paper`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.core.answers import Known, Unknown
from app.core.flag import PatientStatus, StatusKind
from app.core.schedule.row import Counts, Row, Standing, Step
from app.core.schedule.tick import Tick
from app.huddle import Day
from app.web.present.dates import NOT_STATED, clock_words, plain_day, short_day, time_words
from app.web.present.huddle.marks import mark_words
from app.web.present.huddle.progress import visits_words
from app.web.present.huddle.steps import back_words, step_words, tick_words
from app.web.present.huddle.visit import NO_PAYER, counts_words, visit_words
from app.web.present.huddle.words import OWNERS, WITHHELD
from app.web.present.leaving import About, destroy_words, printed_words, weekday, who
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.troubles import REASONS
from app.web.present.views.paper import PaperRow, PaperStep, SheetView
from app.web.present.words import STATUS_MARKS

_STANDING: Mapping[Standing, str] = {Standing.EXPIRED: "protocol expired", Standing.CONTRAINDICATED: "ask first"}


def sheet(day: Day, rows: Sequence[tuple[Row, int]], about: About) -> SheetView:
    """`rows`: each visit as it may be on paper, with how many of its items were left out."""
    first, today = day.ask.first, about.now.date()
    places = distinct([plain(name) for row, _ in rows for name in row.appointment.location_names])
    return SheetView(
        title="Morning schedule",
        clinic=" · ".join([*(places if len(places) == 1 else ()), plain(about.clinic)]),
        provider=plain(about.provider) or f"provider {NOT_STATED}",
        day=weekday(first),
        printed=printed_words(about),
        warnings=tuple(_warnings(day, rows, about)),
        summary=visits_words(day, len(rows)),
        sources=_sources(day, rows, about),
        left_out=left_out_words(sum(number for _, number in rows)),
        rows=tuple(_row(row, number, day.ticks, about, places=len(places) > 1) for row, number in rows),
        empty=_empty(day) if not rows else "",
        destroy=destroy_words(max(first, today)),
        file_name=f"schedule-{first.isoformat()}.pdf",
    )


def left_out_words(number: int) -> str:
    if not number:
        return ""
    items = counted(number, "item is", "items are")
    return f"{items} left out of this sheet: conditions to assess and what is confidential are on the screen only."


# --- the head ---------------------------------------------------------------------------------------------------------


def _warnings(day: Day, rows: Sequence[tuple[Row, int]], about: About) -> Iterable[str]:
    if day.snapshot is not None:
        then = day.snapshot.astimezone(about.now.tzinfo)
        yield (
            f"Not up to date: this is the schedule as it was on {plain_day(then.date())} at {then:%H:%M}. "
            "A source does not answer now; check changes in the EHR."
        )
    elif isinstance(day.schedule, Known) and day.schedule.stale_because:
        yield "Not up to date: the EHR does not answer now. Check changes in the EHR."
    if isinstance(day.schedule, Known) and day.schedule.incomplete:
        yield "The schedule could not be read whole: a visit may be missing here."
    out = sum(not row.complete for row, _ in rows)
    if out and day.snapshot is None:
        yield f"Not complete: {counted(out, 'visit was', 'visits were')} still being filled. Print again in a minute."
    for each in day.progress:
        if each.trouble is not None:
            name = plain(about.payers.get(each.source, about.clinic))
            happened, _ = REASONS[each.trouble]
            yield happened.format(name=name, what="schedule" if each.source not in about.payers else "care gaps")


def _sources(day: Day, rows: Sequence[tuple[Row, int]], about: About) -> str:
    """Read 07:38; the oldest answer behind a row, with its day where it is another."""
    read = day.schedule.received if isinstance(day.schedule, Known) else None
    oldest = min((row.as_of for row, _ in rows if row.as_of), default="")
    parts = [
        f"Schedule read {clock_words(read, about.now)}" if read else "",
        f"oldest answer of {clock_words(datetime.fromisoformat(oldest), about.now)}" if oldest else "",
    ]
    words = ", ".join(filter(None, parts))
    return words[:1].upper() + words[1:]


def _empty(day: Day) -> str:
    """An empty day only where the EHR has said so."""
    if isinstance(day.schedule, Unknown):
        return "The schedule could not be read. This is not an empty day."
    if day.schedule is None:
        return "The schedule is still being read. Print again in a minute."
    if day.schedule.incomplete:
        return "No visit could be read. The answer of the EHR was not whole."
    return "No visits booked."


# --- one visit --------------------------------------------------------------------------------------------------------


def _row(row: Row, left_out: int, ticks: Sequence[Tick], about: About, *, places: bool) -> PaperRow:
    own = [tick for tick in ticks if tick.appointment == row.appointment.ref and tick.patient == row.patient_ref]
    names, identifiers = who(row.patient, about.now.date())
    return PaperRow(
        time=time_words(row.appointment.start.isoformat(), about.now.tzinfo),
        names=names,
        identifiers=identifiers,
        visit=" · ".join(visit_words(row, places=places)),
        reason=plain(row.appointment.reason),
        notes=". ".join(distinct([words.rstrip(".") for words in _notes(row, about)])),
        marks=tuple(mark_words(mark, about.now.date()) for mark in row.marks),
        counts=counted_words(row, left_out),
        steps=tuple(_step(step, own, about) for step in row.steps),
        more=f"{left_out} on the screen only" if left_out else "",
    )


def _notes(row: Row, about: About) -> Iterable[str]:
    yield from _of_patient(row)
    yield from _of_visit(row)
    yield from _unknown(row, about)


def _of_patient(row: Row) -> Iterable[str]:
    if row.withheld:
        yield WITHHELD[row.withheld]
    else:
        yield from (status_words(status) for status in row.status)
    if row.similar:
        yield "Similar name today: check both identifiers"
    if row.interpreter or row.language:
        yield ("Interpreter" if row.interpreter else "Language") + (f": {plain(row.language)}" if row.language else "")
    if row.new_patient or row.first_here:
        yield "New patient" if row.new_patient else "No earlier visit here on file"


def status_words(status: PatientStatus) -> str:
    """Palliative care; what only reads like it must be looked at by a person."""
    if status.kind is StatusKind.UNREADABLE:
        return "Status not read: hospice care or death may be missed"
    word = STATUS_MARKS[status.kind].word
    return word if status.sure else f"{word}? See the screen"


def _of_visit(row: Row) -> Iterable[str]:
    if row.orders_pending:
        yield counted(row.orders_pending, "order pending", "orders pending")
    if row.results_since:
        yield counted(row.results_since, "result since the last visit", "results since the last visit")


def _unknown(row: Row, about: About) -> Iterable[str]:
    if silent := [plain(about.payers.get(each, each)) for each in row.silent if each != NO_PAYER]:
        yield f"Without a full answer: {listed(silent)}"
    if NO_PAYER in row.silent:
        yield "No payer on file"
    if row.unconnected:
        yield f"Not connected: {listed([plain(each) for each in row.unconnected])}"
    if row.unread:
        yield "Chart read in part"


def counted_words(row: Row, left_out: int) -> str:
    """By kind, and only what is there. Nothing is called nothing where something is on the screen only."""
    nothing = row.withheld or (left_out and row.complete and row.counts == Counts())
    kept = "" if nothing else counts_words(row)
    more = f"{len(row.more_steps)} more on the screen" if row.more_steps else ""
    return ", ".join(filter(None, [kept, more]))


def _step(step: Step, ticks: Sequence[Tick], about: About) -> PaperStep:
    today = about.now.date()
    notes = [
        back_words(step),
        "next in-person visit" if step.next_visit else "",
        f"due {short_day(step.due, today)}" if step.due else "",
        _covered(step),
    ]
    done = [tick_words(tick, about.now) for tick in ticks if tick.step == step.key]
    return PaperStep(step_words(step), OWNERS[step.owner], ", ".join(filter(None, notes)), listed(done))


def _covered(step: Step) -> str:
    covering = step.covering
    if covering is None:
        return ""
    if covering.standing is Standing.ELIGIBLE:
        return f"standing order {plain(covering.protocol)}"
    return _STANDING.get(covering.standing, "")
