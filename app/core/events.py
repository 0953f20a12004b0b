"""Windows that open with an event: each discharge from a hospital opens one of its own."""

from __future__ import annotations

from datetime import date, timedelta

from app.core.dates import Within, within
from app.core.measures.rule import Event, MeasureRule
from app.core.placing import coded, placed
from app.core.reading import Reading
from app.core.report import Period


def due_event(rule: MeasureRule, period: Period, reading: Reading, today: date) -> Period | None:
    """The window that decides: of the newest event without evidence, else of the newest one; None: no event is known.

    An event whose window still runs comes before one whose window has passed.
    """
    assert rule.event is not None, "asked for rules with an event only"
    windows = _windows(rule.event, period, reading, today)
    if not windows:
        return None
    open_ = [window for window in windows if not _done(rule, window, reading, today)]
    running = [window for window in open_ if window.end >= today]
    return max(running or open_ or windows, key=lambda window: window.start)


def _windows(event: Event, period: Period, reading: Reading, today: date) -> list[Period]:
    ends = Period(period.start, date(period.end.year, *event.until_month_day))
    found = []
    for stay in reading.of("Encounter").facts:
        if stay.setting.upper() not in event.settings or stay.status != "finished" or stay.until is None:
            continue
        # A day that is not certain gives no window: it would end on a day that nobody can name.
        if stay.until.start == stay.until.end and within(stay.until, ends, today) is Within.YES:
            found.append(Period(stay.until.end, stay.until.end + timedelta(days=event.days)))
    return found


def _done(rule: MeasureRule, window: Period, reading: Reading, today: date) -> bool:
    return any(
        placed(fact, kind, window, reading, today).place is Within.YES
        for kind in rule.evidence
        for fact in coded(kind, reading)
    )
