"""The findings of the status gate: who must not be asked for anything, and what other states change here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.core.flag import Card, PatientStatus, State, StatusKind
from app.web.present.dates import NOT_STATED, day_words
from app.web.present.facts import type_words, types_words
from app.web.present.text import counted, plain, sentence
from app.web.present.views import StatusView
from app.web.present.words import STATUS_MARKS

#: Findings that change measures and not the panel: one line each.
QUIET = frozenset({StatusKind.PALLIATIVE, StatusKind.PREGNANCY, StatusKind.NURSING_HOME, StatusKind.FRAILTY})


def status_views(found: Sequence[PatientStatus], excluded: Sequence[Card], today: date) -> tuple[StatusView, ...]:
    """The findings, gravest first; whatever could not be read is one of them."""
    unread = [status.source_ref for status in found if status.kind is StatusKind.UNREADABLE]
    views = [_view(status, excluded, today) for status in found if status.kind is not StatusKind.UNREADABLE]
    if unread:
        words = f"Not read: {types_words(unread)}. Hospice care or death may be missed here."
        kind = StatusKind.UNREADABLE
        views.append(StatusView(kind.value, STATUS_MARKS[kind], words, source=""))
    return tuple(views)


def _view(status: PatientStatus, excluded: Sequence[Card], today: date) -> StatusView:
    """Death is said once, plainly, and nothing is asked of the reader. The others change measures, not the panel."""
    when = day_words(status.when, today) if status.when else ""
    quiet = status.kind in QUIET
    if not status.sure:
        what = ", ".join(filter(None, [plain(status.what), when]))
        words = f"This entry may mean hospice care: {what or NOT_STATED}. Nothing is left out because of it."
        return StatusView(f"{status.kind.value}-asked", STATUS_MARKS[StatusKind.UNREADABLE], words, _source(status))
    if status.kind is StatusKind.DECEASED:
        words = f"The chart records that this patient died{' on ' + when if when else ''}. Nothing is suggested."
    elif status.kind is StatusKind.HOSPICE:
        words = f"In hospice care{', since ' + when if when else ''}. Nothing is suggested."
    else:
        words = _changes(status, excluded)
    source = _source(status)
    what = plain(status.what)
    if quiet:
        said = f"{sentence(what or source).rstrip('.')}, {when or f'date {NOT_STATED}'}"
        said += f" ({source})." if what else "."
    else:
        said = f"Source: {', '.join(filter(None, [source, what]))}"
    return StatusView(status.kind.value, STATUS_MARKS[status.kind], words, said, quiet)


def _source(status: PatientStatus) -> str:
    return type_words(status.source_ref.partition("/")[0])


def _changes(status: PatientStatus, excluded: Sequence[Card]) -> str:
    """What it changes, and only where it changes something."""
    taken = sum(_because_of(card, status) for card in excluded)
    return f"{counted(taken, 'measure')} {'does' if taken == 1 else 'do'} not apply because of it." if taken else ""


def _because_of(card: Card, status: PatientStatus) -> bool:
    row = card.main
    return row.state is State.EXCLUDED and row.settled_by is not None and row.settled_by.ref == status.source_ref
