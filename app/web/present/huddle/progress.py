"""How far the rows are filled, per source and truly; and what does not answer, named once for the whole day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import EHR
from app.core.flag import SourceState
from app.core.schedule.appointment import Schedule
from app.huddle import Day, Progress
from app.web.present.dates import clock_words
from app.web.present.facts import types_words
from app.web.present.ids import Ids
from app.web.present.names import short_names
from app.web.present.text import counted, distinct, listed, plain
from app.web.present.troubles import REASONS, RETRYABLE
from app.web.present.views import TroubleView
from app.web.present.views.huddle import MeterView, ProgressView
from app.web.present.words import IN_PART, SOURCE_MARKS

_QUARTERS = (
    "",
    "A quarter of the answers is in.",
    "Half of the answers are in.",
    "Three quarters of the answers are in.",
)


@dataclass(frozen=True, slots=True)
class Names:
    """The sources as they are called. `payers` by id."""

    ehr: str
    payers: Mapping[str, str]

    def of(self, source: str) -> str:
        return plain(self.ehr) if source == EHR else plain(self.payers.get(source, source))

    def short(self, source: str) -> str:
        name = self.of(source)
        return name if source == EHR else short_names([*self.payers.values(), name])[name]


def progress_view(day: Day, names: Names) -> ProgressView:
    """True at every moment: asked is what has been asked so far, and may grow; answered never says more than came."""
    asked, answered = sum(each.asked for each in day.progress), sum(each.answered for each in day.progress)
    asking = not day.complete
    return ProgressView(
        line=_asking_line(day.progress, names, answered, asked) if asking else _settled_line(day.progress, names),
        asking=asking and asked > 0,
        answered=answered,
        asked=asked,
        heard=_heard(day, names, answered, asked),
        meters=tuple(_meter(each, names) for each in day.progress),
    )


def _asking_line(sources: Sequence[Progress], names: Names, answered: int, asked: int) -> str:
    out = [names.short(each.source) for each in sources if each.answered < each.asked]
    who = listed(distinct(out))
    return f"{answered} of {asked} answered, asking {who}…" if who else "Asking…"


def _settled_line(sources: Sequence[Progress], names: Names) -> str:
    """Short: it must not be longer than the line that stood there while it was being asked."""
    silent = [names.short(each.source) for each in sources if each.trouble]
    if silent:
        return f"{len(sources) - len(silent)} of {counted(len(sources), 'source')} answered, not {listed(silent)}"
    return f"{counted(len(sources), 'source')} answered" if sources else "No source asked"


def _meter(each: Progress, names: Names) -> MeterView:
    words = f"{each.answered} of {each.asked} answered" if each.asked else "nothing asked"
    if each.trouble:
        words += ", no answer now"
    return MeterView(each.source, names.of(each.source), words, max(each.asked, 1), each.answered)


def _heard(day: Day, names: Names, answered: int, asked: int) -> str:
    """Changes five times at most while a day fills, so that a screen reader may be left to read it out."""
    if day.complete:
        silent = [names.of(each.source) for each in day.progress if each.trouble]
        return f"All answers are in, but for {listed(silent)}." if silent else "All answers are in."
    return _QUARTERS[min(4 * answered // asked, 3)] if asked else ""


# --- what does not answer ---------------------------------------------------------------------------------------------


def troubles(day: Day, names: Names, ids: Ids) -> tuple[TroubleView, ...]:
    """Each source that does not answer once, whatever number of patients it was asked about."""
    found = [_silent(each, names, ids) for each in day.progress if each.trouble and not _is_schedule(day, each)]
    return tuple([*_of_schedule(day.schedule, names, ids), *found])


def _is_schedule(day: Day, each: Progress) -> bool:
    """Whether the schedule itself says already that the EHR does not answer."""
    return each.source == EHR and isinstance(day.schedule, Unknown)


def _silent(each: Progress, names: Names, ids: Ids) -> TroubleView:
    assert each.trouble is not None
    name = names.of(each.source)
    what = "chart" if each.source == EHR else "care gaps"
    happened, advice = REASONS[each.trouble]
    meaning = "What needs the chart says “cannot tell”." if each.source == EHR else "There may be more to do."
    retry = each.source if each.trouble in RETRYABLE else ""
    return TroubleView(
        id=ids.trouble(each.source, each.trouble.value),
        mark=SOURCE_MARKS[SourceState.NO_ANSWER],
        words=happened.format(name=name, what=what),
        advice=f"{meaning} {advice}",
        retry_key=retry,
        retry_label=f"Retry {name}" if retry else "",
    )


def _of_schedule(schedule: Answer[Schedule] | None, names: Names, ids: Ids) -> list[TroubleView]:
    """A list of visits that is not whole must not be taken for one that is."""
    if not isinstance(schedule, Known) or not schedule.incomplete:
        return []
    words = f"The schedule of {names.of(EHR)} is not whole. Not read: {types_words(schedule.incomplete)}."
    advice = "There may be more visits than stand here; compare it with the EHR."
    return [TroubleView(ids.trouble(EHR, "schedule"), IN_PART, words, advice, EHR, f"Retry {names.of(EHR)}")]


def schedule_problem(reason: Reason, names: Names) -> tuple[str, str]:
    """Why there is no list of visits, and what to do. It is never shown as an empty day."""
    happened, advice = REASONS[reason]
    return happened.format(name=names.of(EHR), what="schedule"), advice


def snapshot_words(day: Day, names: Names, now: datetime) -> str:
    """From when the rows are, where a source does not answer now."""
    if day.snapshot is None:
        return ""
    silent = [names.of(each.source) for each in day.progress if each.trouble]
    if isinstance(day.schedule, Unknown) and names.of(EHR) not in silent:
        silent.insert(0, names.of(EHR))
    who = f"{listed(silent)} {'does' if len(silent) == 1 else 'do'} not answer now. " if silent else ""
    return f"As of {clock_words(day.snapshot, now)}. {who}What was added or changed since is not here: look in the EHR."


def visits_words(day: Day, shown: int, *, filtered: bool = False) -> str:
    """20 visits, 3 seen already, 2 no-shows, 1 cancelled"""
    total = len(day.rows)
    visits = f"{shown} of {counted(total, 'visit')}" if filtered else counted(total, "visit")
    parts = [
        visits,
        f"{day.over} seen already" if day.over else "",
        counted(len(day.missed), "no-show") if day.missed else "",
        f"{day.cancelled} cancelled" if day.cancelled else "",
    ]
    return ", ".join(filter(None, parts))
