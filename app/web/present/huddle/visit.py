"""One visit as a row: who comes and why, what is to be done, and what must be known before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from app.core.flag import PatientStatus, StatusKind
from app.core.schedule.ordering import Kind
from app.core.schedule.row import Counts, MarkKind, Row
from app.core.schedule.tick import Tick, Ticked, may_be_ticked
from app.web.present.dates import day_words, plain_day, time_words
from app.web.present.facts import type_words, types_words
from app.web.present.huddle.marks import mark_short, mark_words
from app.web.present.huddle.steps import Desk, step_view, tick_view, tick_words
from app.web.present.huddle.words import KINDS, MODES, NEW, RISK, SIMILAR, STATUSES, WITHHELD
from app.web.present.people import header
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.views import VisitView
from app.web.present.views.huddle import NoteView
from app.web.present.words import STATUS_MARKS

NO_PAYER = "no-payer"  # Row.silent, where no coverage is on file
ASKING = "Asking…"
READING, UNREAD = "Reading the patient…", "Name, birth date and record number not read: look in the EHR"


def visit_view(row: Row, ticks: Sequence[Tick], desk: Desk, *, places: bool, named: Sequence[str] = ()) -> VisitView:
    """`places`: this day has several, so that each row says its own. `ticks`: those of the day."""
    visit = row.appointment
    own = [tick for tick in ticks if tick.appointment == visit.ref and tick.patient == row.patient_ref]
    who = header(row.patient, today=desk.today, on_screen=True) if row.patient else None
    can_open = bool(desk.links.open) and who is not None and row.patient_ref.startswith("Patient/")
    of_row = [tick for tick in own if not tick.step]
    return VisitView(
        id=desk.ids.visit(visit.ref, row.patient_ref),
        state=row.withheld or ("filled" if row.complete else "asking"),
        time=time_words(visit.start.isoformat(), desk.now.tzinfo),
        name=who.name if who else None,
        others=who.others if who else (),
        unnamed="" if who else UNREAD if row.complete else READING,
        ids=(who.born, who.record) if who else (),
        visit=visit_words(row, places=places),
        reason=plain(visit.reason),
        notes=tuple(_notes(row, desk)),
        steps=tuple(step_view(step, row, own, desk) for step in row.steps),
        more_steps=tuple(step_view(step, row, own, desk) for step in row.more_steps),
        counts=counts_words(row),
        lines=tuple(_lines(row, desk)),
        tick=tick_view(Ticked.PREPPED, None, row, of_row, desk) if _may_tick(row, of_row, desk) else None,
        can_open=can_open,
        open_words=open_words(can_open, who is not None),
        named=visit.ref in named,
    )


def gone_view(id_: str) -> VisitView:
    """A row that was drawn and is on the schedule no more. It keeps its place until the reader draws it anew."""
    words = "No longer on the schedule."
    return VisitView(
        id_, "gone", "", None, "", (), (), (), "", (), (), (), "", (), None, can_open=False, open_words="", gone=words
    )


def missed_view(row: Row, ticks: Sequence[Tick], desk: Desk) -> VisitView:
    """Somebody who did not come: who, and when they were expected."""
    own = [t for t in ticks if t.appointment == row.appointment.ref and t.patient == row.patient_ref]
    view = visit_view(replace(row, steps=(), more_steps=()), (), desk, places=False)
    return replace(view, lines=tuple(tick_words(tick, desk.now) for tick in own), tick=None)


def visit_words(row: Row, *, places: bool) -> tuple[str, ...]:
    """Annual wellness visit, Video, Checked in, Room 3. What is in person is not said."""
    visit = row.appointment
    return distinct([
        plain(visit.kind.label) or plain(visit.service.label),
        MODES[visit.mode],
        STATUSES.get(visit.status, plain(visit.status)),
        "Walk-in" if visit.walk_in else "",
        f"Group of {row.group}" if row.group > 1 else "",
        "Double-booked" if row.double_booked else "",
        *(plain(name) for name in visit.location_names if places),
    ])  # fmt: skip


def open_words(can_open: bool, known: bool) -> str:
    if can_open or not known:
        return ""
    return "To see the panel, open this patient's chart in the EHR."


def counts_words(row: Row) -> str:
    """By kind. Nothing is called nothing before everything has answered, and in full."""
    words = ", ".join(_counts(row.counts))
    if row.withheld:
        return words or "Details"
    if not row.complete:
        return f"{words} so far" if words else ASKING
    if row.silent or row.restricted or row.unconnected or row.unread:
        return f"{words}; not everything is known" if words else "Nothing found in what is known"
    return words or "Nothing to do"


def _counts(counts: Counts) -> list[str]:
    found = [(kind, getattr(counts, kind.value.replace("-", "_"))) for kind in Kind]
    said = [_count(kind, number) for kind, number in found if number]
    excluded = counted(counts.excluded, "measure does", "measures do")
    return [
        *said,
        *([f"{excluded} not apply"] if counts.excluded else []),
        *([f"{counts.answered} answered already"] if counts.answered else []),
    ]


def _count(kind: Kind, number: int) -> str:
    return counted(number, "condition to assess", KINDS[kind]) if kind is Kind.PROMPTS else f"{number} {KINDS[kind]}"


def _may_tick(row: Row, ticks: Sequence[Tick], desk: Desk) -> bool:
    return bool(desk.links.tick) and (bool(ticks) or may_be_ticked(row, "", Ticked.PREPPED))


# --- what to know before it begins ------------------------------------------------------------------------------------


def _notes(row: Row, desk: Desk) -> Iterable[NoteView]:
    """The gravest first: whom not to mistake, who must not be asked, who needs somebody beside the team."""
    if row.similar:
        yield NoteView("Similar name today: check both identifiers", SIMILAR, strong=True)
    for status in row.status:
        if status.kind.value == row.withheld:
            yield NoteView(_status_words(status, desk.today), STATUS_MARKS[status.kind], strong=True)
    if row.withheld and row.withheld not in {status.kind.value for status in row.status}:
        yield NoteView(WITHHELD[row.withheld], STATUS_MARKS[StatusKind(row.withheld)], strong=True)
    for mark in row.marks:
        yield NoteView(mark_short(mark), RISK if mark.kind is MarkKind.HIGH_RISK else None, strong=True)
    if row.interpreter or row.language:
        about = "Interpreter" if row.interpreter else "Speaks"
        yield NoteView(f"{about}: {plain(row.language)}" if row.language else about, strong=row.interpreter)
    if row.new_patient or row.first_here:
        yield NoteView(NEW.word if row.new_patient else "No earlier visit here on file")
    if row.orders_pending:
        yield NoteView(counted(row.orders_pending, "order pending", "orders pending"))
    if row.results_since:
        yield NoteView(counted(row.results_since, "result since the last visit", "results since the last visit"))


def _status_words(status: PatientStatus, today: date) -> str:
    when = f", {day_words(status.when, today)}" if status.when else ""
    return f"{STATUS_MARKS[status.kind].word}{when}. Nothing is suggested."


# --- one tap away -----------------------------------------------------------------------------------------------------


def _lines(row: Row, desk: Desk) -> Iterable[str]:
    yield from (f"{mark_words(mark, desk.today)}." for mark in row.marks)
    yield from (_finding(s) for s in row.status if s.kind.value != row.withheld and s.kind is not StatusKind.UNREADABLE)
    if unread := [status.source_ref for status in row.status if status.kind is StatusKind.UNREADABLE]:
        yield f"Not read: {types_words(unread)}. Hospice care or death may be missed here."
    if row.orders_overdue:
        yield f"{counted(row.orders_overdue, 'order waits', 'orders wait')} longer for a result than it should."
    silent = [desk.payers.full(each) for each in row.silent if each != NO_PAYER]
    if silent:
        yield f"Without a full answer: {listed(silent)}. There may be more to do than stands here."
    if NO_PAYER in row.silent:
        yield "No payer on file: nobody can be asked for gaps."
    if row.restricted:
        yield f"Not asked, restriction on disclosure: {listed([desk.payers.full(each) for each in row.restricted])}."
    if row.unconnected:
        yield f"On file and not connected: {listed([plain(each) for each in row.unconnected])}."
    if row.unread:  # the same types may stand above, for what they mean there
        yield f"Not read: {types_words(row.unread)}. What needs them says “cannot tell”."


def _finding(status: PatientStatus) -> str:
    what = plain(status.what) or type_words(status.source_ref.partition("/")[0])
    if not status.sure:
        what = f"this entry may mean it: {what}"
    return f"{STATUS_MARKS[status.kind].word}: {what}{f', {plain_day(status.when)}' if status.when else ''}."
