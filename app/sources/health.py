"""What this process sees of each source: every call is timed and counted, every answer is looked at once. Thread-safe.

Bounded: a minute is a handful of counters, and only the minutes of the window are kept. Nothing of a payload is kept
but dates, counts and the name of a dialect; `SourceError.detail` is our own sentence (`errors.py`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.core.answers import Answer, Reason, Unknown
from app.core.health import (
    INCOMPLETE,
    KNOWN,
    LATENCY_MINUTES,
    LATER,
    NOT_ASKED,
    OK,
    WINDOW_MINUTES,
    Dates,
    SourceHealth,
    latency_class,
    newer,
)
from app.core.report import Report
from app.sources.errors import Later, NotFound, Refused, Resting, SignedOut, Slow, SourceError, Unreadable, Waiting

#: A refusal of one question is often met by asking otherwise (GET for POST, a search for an operation): no failure yet.
_MILD = (Refused, NotFound, Later, Resting, SignedOut, Waiting)
#: Answers that say nothing against the source.
_NOT_ITS_FAULT = frozenset(
    {
        Reason.NOT_CONNECTED, Reason.NOT_IDENTIFIED, Reason.WRONG_PATIENT, Reason.RESTRICTED,
        Reason.RESTRICTION_UNKNOWN, Reason.HELD, Reason.NOT_AHEAD, Reason.SIGNED_OUT,
    }
)  # fmt: skip


@dataclass(slots=True)
class _Minute:
    minute: int
    calls: Counter[str] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0


class Health:
    """One source."""

    def __init__(self, source: str, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._minutes: deque[_Minute] = deque(maxlen=WINDOW_MINUTES)
        self._known = SourceHealth(source)

    @contextmanager
    def call(self) -> Iterator[None]:
        """One question over HTTP, with its retries."""
        start, outcome, trouble = self._monotonic(), OK, None
        try:
            yield
        except SourceError as error:
            outcome, trouble = _outcome(error), error
            raise
        except BaseException:
            outcome = "error"  # of our own
            raise
        finally:
            self._called(outcome, trouble, self._monotonic() - start)

    def took(self, seconds: float) -> None:
        """One exchange was answered, well or not, after `seconds`."""
        with self._lock:
            self._now().latencies[latency_class(seconds)] += 1

    def heard(self, answer: Answer[object]) -> None:
        """An adapter has answered."""
        with self._lock:
            minute = self._now()
            if isinstance(answer, Unknown):
                minute.answers[answer.reason.value] += 1
                if answer.reason not in _NOT_ITS_FAULT:
                    self._failed(answer.detail)
                return
            minute.answers[INCOMPLETE if answer.incomplete else KNOWN] += 1
            if isinstance(answer.value, Report):
                minute.unreadable += len(answer.value.unreadable)
                self._known = _with_report(self._known, answer.value)
            elif isinstance(answer.value, tuple):
                minute.unreadable += len(answer.incomplete)

    def calls_itself(self, software: str) -> None:
        """What its CapabilityStatement says that it runs."""
        with self._lock:
            self._known = replace(self._known, software=software)

    def seen(self, breaker: str = "closed", working: int = 0, waiting: int = 0) -> SourceHealth:
        """Everything of the window added up."""
        with self._lock:
            oldest = self._now().minute - WINDOW_MINUTES
            minutes = [minute for minute in self._minutes if minute.minute > oldest]
            recent = [minute for minute in minutes if minute.minute > oldest + WINDOW_MINUTES - LATENCY_MINUTES]
            return replace(
                self._known,
                breaker=breaker,
                calls=sum((minute.calls for minute in minutes), Counter()),
                latencies=sum((minute.latencies for minute in recent), Counter()),
                answers=sum((minute.answers for minute in minutes), Counter()),
                unreadable=sum(minute.unreadable for minute in minutes),
                working=working,
                waiting=waiting,
            )

    def _called(self, outcome: str, trouble: SourceError | None, seconds: float) -> None:
        with self._lock:
            minute = self._now()
            minute.calls[outcome] += 1
            if outcome == OK:
                self._known = replace(self._known, good_at=self._clock())
            elif trouble is not None and not isinstance(trouble, _MILD):
                self._failed(trouble.detail)
            if isinstance(trouble, Slow):
                minute.latencies[latency_class(seconds)] += 1

    def _failed(self, why: str) -> None:
        self._known = replace(self._known, failed_at=self._clock(), failed=why)

    def _now(self) -> _Minute:
        minute = int(self._monotonic() // 60)
        if not self._minutes or self._minutes[-1].minute != minute:
            self._minutes.append(_Minute(minute))
        return self._minutes[-1]


class Watch:
    """All sources of this process."""

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._all: dict[str, Health] = {}

    def of(self, source: str) -> Health:
        """The health of `source`, from its first mention on."""
        with self._lock:
            if source not in self._all:
                self._all[source] = Health(source, self._clock, self._monotonic)
            return self._all[source]

    def heard(self, source: str, answer: Answer[object]) -> None:
        """An answer of `source` has been settled."""
        self.of(source).heard(answer)

    def sources(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._all)


def _outcome(error: SourceError) -> str:
    if isinstance(error, Resting | Waiting):
        return NOT_ASKED
    if isinstance(error, Later):
        return LATER
    if isinstance(error, Refused | NotFound):
        return "refused"
    return "unreadable" if isinstance(error, Unreadable) else error.reason.value


def _with_report(known: SourceHealth, report: Report) -> SourceHealth:
    through = max((gap.data_through for gap in report.gaps if gap.data_through), default=None)
    dates = {**known.dates, report.kind: newer(known.dates.get(report.kind, Dates()), report.calculated, through)}
    spoken = (report.dialect,) if report.dialect and report.dialect not in known.dialects else ()
    return replace(known, dates=dates, dialects=(*known.dialects, *spoken)[-4:])
